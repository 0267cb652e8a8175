// Payloads between Millrace and a real redis-server: each restores what the other dumped, with the same contents.
import test from 'ava'
import fc from 'fast-check'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import { RespClient } from '../../resp-client.ts'
import { scale } from '../../scale.ts'
import { valueCommands } from './values.ts'

const latin1 = (words: readonly string[]): Buffer[] => words.map((word) => Buffer.from(word, 'latin1'))

async function payloadOf(client: RespClient, key: string): Promise<Buffer> {
  const reply = await client.call('DUMP', key)
  return reply.subarray(reply.indexOf('\r\n') + 2, -2)
}

/** What both servers must tell alike of the value at a key. */
async function contents(client: RespClient, key: string): Promise<string[]> {
  const reads = [
    ['DEBUG', 'DIGEST-VALUE', key], ['TYPE', key], ['LRANGE', key, '0', '-1'], ['XRANGE', key, '-', '+'],
    ['XINFO', 'GROUPS', key], ['XPENDING', key, 'workers'], ['XLEN', key],
  ]
  const replies = await client.pipeline(reads)
  return replies.map((reply) => reply.toString('latin1').replace(/^-NOGROUP.*/, '-NOGROUP'))
}

test('each server restores what the other dumped', async (t) => {
  if (!requireRedis(t)) return
  const args = ['--enable-debug-command', 'yes']
  const ours = await RespClient.connect((await startMillrace(t, { args })).port)
  const theirs = await RespClient.connect((await startRedis(t, { args })).port)
  t.teardown(() => {
    ours.destroy()
    theirs.destroy()
  })
  const property = fc.asyncProperty(valueCommands('a'), async (commands) => {
    for (const client of [ours, theirs]) await client.pipeline([['FLUSHALL'], ...commands.map(latin1)])
    t.is(await theirs.text('RESTORE', 'b', '0', await payloadOf(ours, 'a')), '+OK\r\n')
    t.is(await ours.text('RESTORE', 'b', '0', await payloadOf(theirs, 'a')), '+OK\r\n')
    // Nobody has looked into that one yet: it goes back as it came.
    t.is(await theirs.text('RESTORE', 'c', '0', await payloadOf(ours, 'b')), '+OK\r\n')
    const expected = await contents(theirs, 'a')
    t.deepEqual(await contents(theirs, 'c'), expected)
    t.deepEqual(await contents(theirs, 'b'), expected)
    t.deepEqual(await contents(ours, 'b'), expected)
  })
  await fc.assert(property, { numRuns: scale.full ? 300 : 60, seed: scale.seed })

  // Uncompressed payloads are the same bytes. Times in nanoseconds are integers to both, though beyond 2^53.
  const scores = ['-0.5', '0', '3', '4503599627370497', '1764457000123456789', '4611686018427387904', '9e18', 'inf']
  for (const client of [ours, theirs]) {
    await client.pipeline([['CONFIG', 'SET', 'rdbcompression', 'no'], ['ZADD', 'z', ...scores.flatMap((score, i) => [score, `m${i}`])]])
  }
  t.deepEqual(await payloadOf(ours, 'z'), await payloadOf(theirs, 'z'))

  // An element that is a node of its own is no listpack.
  for (const client of [ours, theirs]) await client.call('RPUSH', 'l', 'a', 'x'.repeat(9000), '12', 'y'.repeat(20_000))
  t.is(await theirs.text('RESTORE', 'b', '0', await payloadOf(ours, 'l'), 'REPLACE'), '+OK\r\n')
  t.is(await ours.text('RESTORE', 'b', '0', await payloadOf(ours, 'l'), 'REPLACE'), '+OK\r\n')
  t.deepEqual(await contents(theirs, 'b'), await contents(theirs, 'l'))
  t.deepEqual(await contents(ours, 'b'), await contents(theirs, 'l'))
})
