// Consumer groups on the log's streams: what is delivered to whom, what is logged of it, and what is there after a restart.
import { cpSync } from 'node:fs'
import test from 'ava'
import { readLog } from '../../../consumers/log-stream/read-log.ts'
import type { Plain } from './served.ts'
import { effect, rewrite, shown, startServed, value } from './served.ts'
import { checkAof, requireRedis, startRedis, temporaryDirectory } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { until } from '../../until.ts'

async function read(client: RespClient, consumer: string, id: string, ...options: string[]): Promise<string[] | null> {
  const reply = await value(client, 'XREADGROUP', 'GROUP', 'g', consumer, ...options, 'STREAMS', '$all', id)
  if (!Array.isArray(reply)) return reply === null ? null : [reply]
  return shown((reply as [[string, Plain]])[0][1]).map(effect)
}

async function pending(client: RespClient): Promise<string[]> {
  const reply = (await value(client, 'XPENDING', '$all', 'g', '-', '+', '100')) as string[][]
  return reply.map(([id, owner, , deliveries]) => `${id!.split('-')[1]} ${owner} ${deliveries}`)
}

test('delivery, acknowledgement, claims, and what groups themselves log is not shown', async (t) => {
  const { connect } = await startServed(t)
  const client = await connect()
  for (let i = 1; i <= 6; i++) await client.text('SET', 'k', i)
  t.is(await client.text('XGROUP', 'CREATE', '$all', 'g', '0'), '+OK\r\n')
  t.is(await value(client, 'XGROUP', 'CREATE', '$all', 'g', '0'), '-BUSYGROUP Consumer Group name already exists')
  t.deepEqual(await read(client, 'ann', '>', 'COUNT', '2'), ['SET k 1', 'SET k 2'])
  t.deepEqual(await read(client, 'bob', '>', 'COUNT', '3'), ['SET k 3', 'SET k 4', 'SET k 5'])
  t.deepEqual(await pending(client), ['1 ann 1', '2 ann 1', '3 bob 1', '4 bob 1', '5 bob 1'])
  t.deepEqual(await read(client, 'ann', '0'), ['SET k 1', 'SET k 2'])
  const all = shown(await value(client, 'XRANGE', '$all', '-', '+'))
  t.deepEqual(all.map(effect), ['SET k 1', 'SET k 2', 'SET k 3', 'SET k 4', 'SET k 5', 'SET k 6'])
  const ids = all.map(({ id }) => id)
  t.is(await value(client, 'XACK', '$all', 'g', ids[0]!, ids[4]!), '2')
  t.deepEqual(shown(await value(client, 'XCLAIM', '$all', 'g', 'cid', '0', ids[1]!, ids[0]!)).map(effect), ['SET k 2'])
  t.deepEqual(await value(client, 'XCLAIM', '$all', 'g', 'cid', '0', ids[2]!, 'JUSTID'), [ids[2]!])
  t.deepEqual(await value(client, 'XCLAIM', '$all', 'g', 'cid', '100000', ids[3]!), [])
  t.deepEqual(await pending(client), ['2 cid 3', '3 cid 1', '4 bob 1'])
  const [cursor, entries, gone] = (await value(client, 'XAUTOCLAIM', '$all', 'g', 'ann', '0', '-', 'COUNT', '2')) as [string, Plain, Plain]
  t.deepEqual([cursor, shown(entries).map(effect), gone], [ids[3]!, ['SET k 2', 'SET k 3'], []])
  t.deepEqual(await read(client, 'ann', '>', 'NOACK'), ['SET k 6'])
  t.is(await read(client, 'ann', '>'), null)
  t.deepEqual(await pending(client), ['2 ann 4', '3 ann 2', '4 bob 1'])
  t.is((await value(client, 'XRANGE', '$all', '-', '+') as Plain[]).length, 6)
  t.is(await value(client, 'XLEN', '$all'), '6')
  t.is(await value(client, 'XREADGROUP', 'GROUP', 'none', 'c', 'STREAMS', '$all', '>'),
    "-NOGROUP No such key '$all' or consumer group 'none' in XREADGROUP with GROUP option")
  t.is(await value(client, 'XGROUP', 'DESTROY', '$all', 'g'), '1')
})

test('what a client may not see it can neither claim nor acknowledge by a claim', async (t) => {
  const { connect } = await startServed(t)
  const [admin, client] = [await connect(), await connect()]
  await admin.text('SET', 'app:1', 'a')
  await admin.text('SET', 'other', 'b')
  await admin.text('XGROUP', 'CREATE', '$all', 'g', '0')
  t.deepEqual(await read(admin, 'bob', '>', 'COUNT', '9'), ['SET app:1 a', 'SET other b'])
  await admin.text('ACL', 'SETUSER', 'ann', 'on', '>pw', '~app:*', '~$*', '+@all')
  await client.text('AUTH', 'ann', 'pw')
  const [, entries, gone] = (await value(client, 'XAUTOCLAIM', '$all', 'g', 'ann', '0', '-')) as [string, Plain, Plain]
  t.deepEqual([shown(entries).map(effect), gone], [['SET app:1 a'], []])
  const [, hidden] = shown(await value(admin, 'XRANGE', '$all', '-', '+'))
  t.deepEqual(await value(client, 'XCLAIM', '$all', 'g', 'ann', '0', hidden!.id), [])
  t.deepEqual(await pending(admin), ['1 ann 2', '2 bob 1'])
})

test('pending entries that are too large for one reply come in several', async (t) => {
  const { broker, connect } = await startServed(t)
  const client = await connect()
  const large = Buffer.alloc(22 * 1024 * 1024, 'x')
  for (const key of ['a', 'b', 'c', 'd']) await client.text('SET', key, large)
  await client.text('XGROUP', 'CREATE', '$all', 'g', '$')
  const ids: string[] = []
  for await (const { entries } of readLog(broker, { from: 1, follow: false })) {
    ids.push(...entries.map(({ ms, position }) => `${ms}-${position}`))
  }
  for (const id of ids) t.deepEqual(await value(client, 'XCLAIM', '$all', 'g', 'ann', '0', id, 'FORCE', 'JUSTID'), [id])
  t.deepEqual(await value(client, 'XAUTOCLAIM', '$all', 'g', 'bob', '0', '-', 'JUSTID'), [ids[3]!, ids.slice(0, 3), []])
  t.deepEqual(await value(client, 'XAUTOCLAIM', '$all', 'g', 'bob', '0', ids[3]!, 'JUSTID'), ['0-0', ids.slice(3), []])
  t.is(await value(client, 'XCLAIM', '$all', 'g', 'bob', '0', ...ids),
    '-ERR the reply would have more than 67108864 bytes: ask for fewer')
})

test('lag is exact on $all and on a key, and nil on a pattern', async (t) => {
  const { connect } = await startServed(t)
  const client = await connect()
  const lag = async (stream: string): Promise<Plain> => ((await value(client, 'XINFO', 'GROUPS', stream)) as Plain[][])[0]!.at(-1)!
  for (const stream of ['$all', '$key:a', '$match:a*']) await client.text('XGROUP', 'CREATE', stream, 'g', '0')
  for (let i = 0; i < 10; i++) await client.text('SET', i < 4 ? 'a' : 'b', i)
  t.deepEqual([await lag('$all'), await lag('$key:a'), await lag('$match:a*')], ['10', '4', null])
  for (const stream of ['$all', '$key:a', '$match:a*']) {
    await value(client, 'XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', 3, 'STREAMS', stream, '>')
  }
  t.deepEqual([await lag('$all'), await lag('$key:a')], ['7', '1'])
  await value(client, 'XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', '$all', '>')
  t.is(await lag('$all'), '0')
  const full = (await value(client, 'XINFO', 'STREAM', '$all', 'FULL')) as Plain[]
  t.is(full[full.indexOf('length') + 1], '10')
})

test('readers of a group share the log, each entry to one of them, and wait for more', async (t) => {
  const { connect } = await startServed(t)
  const writer = await connect()
  await writer.text('XGROUP', 'CREATE', '$all', 'g', '$')
  const seen: string[] = []
  const readers = Array.from({ length: 5 }, async (_, i) => {
    const client = await connect()
    for (;;) {
      const entries = await read(client, `c${i}`, '>', 'COUNT', '7', 'BLOCK', '0')
      seen.push(...entries!)
      if (entries!.includes('SET end 1')) break
      if (seen.includes('SET end 1')) break
    }
    client.destroy()
  })
  for (let i = 0; i < 300; i++) await writer.text('SET', 'n', i)
  await writer.text('SET', 'end', 1)
  await until(() => seen.includes('SET end 1'))
  await writer.text('XGROUP', 'DESTROY', '$all', 'g')
  await Promise.all(readers)
  const numbers = seen.filter((line) => line.startsWith('SET n ')).map((line) => Number(line.slice(6)))
  t.deepEqual(numbers.toSorted((a, b) => a - b), Array.from({ length: 300 }, (_, i) => i))
})

test('groups are there after a restart, after a checkpoint, and a redis-server starts from the directory', async (t) => {
  const dir = temporaryDirectory(t)
  const first = await startServed(t, { dir })
  const client = await first.connect()
  for (let i = 1; i <= 5; i++) await client.text('SET', 'k', i)
  await client.text('XGROUP', 'CREATE', '$all', 'g', '0')
  await read(client, 'ann', '>', 'COUNT', '3')
  await read(client, 'ann', '0', 'COUNT', '1')
  await value(client, 'XAUTOCLAIM', '$all', 'g', 'bob', '0', '-', 'COUNT', '1')
  const before = await pending(client)
  const digest = await client.text('DEBUG', 'DIGEST')
  await first.broker.stop()

  const second = await startServed(t, { dir })
  const again = await second.connect()
  t.deepEqual(await pending(again), before)
  t.is(await again.text('DEBUG', 'DIGEST'), digest)
  await rewrite(second.broker)
  t.is(await again.text('DEBUG', 'DIGEST'), digest)
  await again.text('SET', 'k', 6)
  t.deepEqual(await read(again, 'cid', '>', 'COUNT', '2'), ['SET k 4', 'SET k 5'])
  const claimed = await pending(again)
  await second.broker.stop()

  const copy = temporaryDirectory(t)
  cpSync(dir, copy, { recursive: true })
  const third = await startServed(t, { dir })
  const last = await third.connect()
  t.deepEqual(await pending(last), claimed)
  t.deepEqual(await read(last, 'cid', '>'), ['SET k 6'])
  if (!requireRedis(t)) return
  const checked = checkAof(copy)
  t.true(checked.ok, checked.output)
  const redis = await startRedis(t, { dir: copy })
  const other = await redis.connect()
  t.is(await other.text('GET', 'k'), '$1\r\n6\r\n')
  t.regex(await other.text('XINFO', 'GROUPS', '$all'), /last-delivered-id\r\n\$\d+\r\n\d+-5\r\n/)
})
