// The digests: as redis-server's for the same data, and independent of order, addresses and seeds.
import fc from 'fast-check'
import test from 'ava'
import { datasetDigest, stateDigest, valueDigest } from '../../core/digest.ts'
import { requireRedis, startRedis } from '../process.ts'
import { RespClient } from '../resp-client.ts'
import { driver, fold, type Word } from './commands/driver.ts'

const farAway = 4_000_000_000_000

const commandArb = fc.oneof(
  fc.tuple(fc.constant('SET'), fc.constantFrom('a', 'b', '', 'key\0', 'x'.repeat(70)),
    fc.oneof(fc.string({ maxLength: 60, unit: 'binary-ascii' }), fc.integer().map(String))),
  fc.tuple(fc.constant('SET'), fc.constantFrom('a', 'c', 'd'), fc.string(), fc.constant('PXAT'),
    fc.integer({ min: 0, max: 9 }).map((n) => String(farAway + n))),
  fc.tuple(fc.constant('APPEND'), fc.constantFrom('a', 'b', 'c'), fc.constantFrom('', '1', 'xyz')),
  fc.tuple(fc.constantFrom('DEL', 'PERSIST'), fc.constantFrom('a', 'b', 'c')),
  fc.tuple(fc.constant('XADD'), fc.constantFrom('s', 'c'), fc.integer({ min: 1, max: 9 }).map((n) => `${n}-1`),
    fc.constantFrom('f', 'g', ''), fc.string({ maxLength: 9 })),
  fc.tuple(fc.constantFrom('RPUSH', 'LPUSH'), fc.constantFrom('l', 'c'), fc.string({ maxLength: 9 }), fc.integer().map(String)),
  fc.tuple(fc.constantFrom('LPOP', 'RPOP'), fc.constantFrom('l', 'c'), fc.constantFrom('1', '2')),
  fc.tuple(fc.constant('XDEL'), fc.constant('s'), fc.integer({ min: 1, max: 9 }).map((n) => `${n}-1`)),
)
const stepArb = fc.tuple(fc.constantFrom(0, 0, 3, 15), commandArb)

function digestAfter(...commands: Word[][]): string {
  const d = driver()
  for (const command of commands) d.run(...command)
  return stateDigest(d.engine)
}

test('DEBUG DIGEST and DIGEST-VALUE agree with redis-server over several databases', async (t) => {
  if (!requireRedis(t)) return
  const server = await startRedis(t, { args: ['--enable-debug-command', 'yes'] })
  const client = await RespClient.connect(server.port)
  t.teardown(() => client.socket.destroy())
  await fc.assert(fc.asyncProperty(fc.array(stepArb, { maxLength: 25 }), async (steps) => {
    const { engine, run, session } = driver()
    await client.call('FLUSHALL')
    for (const [db, command] of steps) {
      session.db = db
      run(...command)
      await client.pipeline([['SELECT', db], command.map((word) => Buffer.from(word, 'latin1'))])
    }
    t.is(`+${datasetDigest(engine)}\r\n`, await client.text('DEBUG', 'DIGEST'))
    await client.call('SELECT', 0)
    for (const name of ['a', 'c', 'absent']) {
      const key = Buffer.from(name)
      const db = engine.dbs[0]!
      const digest = valueDigest(engine, db.find(key, 0, key.length, db.hash(key, 0, key.length)))
      t.true((await client.text('DEBUG', 'DIGEST-VALUE', name)).includes(digest))
    }
  }), { numRuns: 40 })
})

test('equal states have equal digests whatever the order, the seed and what was there before', (t) => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.tuple(fc.string({ maxLength: 5 }), fc.string({ maxLength: 80 })), { selector: ([key]) => key }),
    fc.integer(), (pairs, seed) => {
      const one = driver(1)
      const other = driver(seed)
      for (const [key, value] of pairs) one.run('SET', key, value)
      for (const [key] of pairs) other.run('SET', key, 'else', 'EX', '10')
      for (const [key, value] of pairs.toReversed()) other.run('SET', key, value)
      t.is(stateDigest(one.engine), stateDigest(other.engine))
      t.is(stateDigest(fold(other.effects)), stateDigest(one.engine))
    }), { numRuns: 60 })
})

test('each part of a state counts for its digest', (t) => {
  const digests = [
    digestAfter(), digestAfter(['SET', 'k', 'v']), digestAfter(['SET', 'k', 'w']), digestAfter(['SET', 'kv', '']),
    digestAfter(['SET', 'k', 'v', 'PXAT', farAway]), digestAfter(['SET', 'k', 'v', 'PXAT', farAway + 1]),
    digestAfter(['SET', 'k', 'v', 'PXAT', '9223372036854775807']),
    digestAfter(['SET', 'k', 'v', 'PXAT', '9223372036854775806']),
    digestAfter(['SET', 'k', 'v'], ['MOVE', 'k', '1']), digestAfter(['SET', 'k', 'v'], ['SWAPDB', '0', '2']),
  ]
  t.is(new Set(digests).size, digests.length)
})
