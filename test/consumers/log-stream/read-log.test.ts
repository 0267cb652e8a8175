// The log as an iterator: every entry once, in order, from any position, through rotations, the archive and restarts.
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { Broker } from '../../../broker/broker.ts'
import { readLog } from '../../../consumers/log-stream/read-log.ts'
import type { ReadLogOptions } from '../../../consumers/log-stream/read-log.ts'
import type { LogEntry } from '../../../consumers/log-stream/log-entry.ts'
import { LogGap } from '../../../core/log/log-cursor.ts'
import { seededRandom } from '../../../core/random.ts'
import { startBroker } from '../../broker/in-process.ts'
import { temporaryDirectory } from '../../process.ts'
import { until } from '../../until.ts'
import { rewrite } from './served.ts'

const log = ['--appendonly', 'yes', '--save', '', '--auto-aof-rewrite-percentage', '0']

async function collect(b: Broker, options: ReadLogOptions): Promise<LogEntry[]> {
  const found: LogEntry[] = []
  for await (const { entries } of readLog(b, { follow: false, ...options })) found.push(...entries)
  return found
}

function shown(entry: LogEntry): string {
  return [entry.position, entry.db, entry.command, ...entry.args, entry.user].join(' ')
}

/** Writes `count` entries, as they are to be found; now and then a checkpoint. */
async function work(t: ExecutionContext, seed: number, args: readonly string[] = log) {
  const random = seededRandom(seed)
  const dir = temporaryDirectory(t)
  const first = await startBroker(t, { dir, args })
  const expected: string[] = []
  const write = async (b: Broker, connect: () => ReturnType<typeof first.connect>, count: number): Promise<void> => {
    const client = await connect()
    let db = 0
    for (let i = 0; i < count; i++) {
      const roll = random.u32() % 100
      if (roll === 0) {
        db = random.u32() % 3
        await client.text('SELECT', db)
      }
      if (roll < 3 && i % 7 === 0) await rewrite(b)
      const key = `key:${random.u32() % 20}`
      const value = 'v'.repeat(roll === 5 ? 200_000 : random.u32() % 300)
      await client.text('SET', key, value)
      expected.push(`${expected.length + 1} ${db} SET ${key} ${value} default`)
    }
    client.destroy()
  }
  await write(first.broker, first.connect, 400)
  await first.broker.stop()
  const second = await startBroker(t, { dir, args })
  await write(second.broker, second.connect, 400)
  return { ...second, expected, random }
}

test('each entry once and in order, from any position, across checkpoints, archive and restart', async (t) => {
  const seed = Math.trunc(Math.random() * 2 ** 31)
  t.log(`seed ${seed}`)
  const { broker, expected, random } = await work(t, seed)
  t.deepEqual((await collect(broker, { from: 'start' })).map(shown), expected)
  for (let i = 0; i < 20; i++) {
    const from = 1 + (random.u32() % expected.length)
    t.deepEqual((await collect(broker, { from })).map(shown), expected.slice(from - 1), `from ${from}`)
  }
  const ids = (await collect(broker, { from: 1 })).map((entry) => entry.ms)
  t.deepEqual(ids, ids.toSorted((a, b) => a - b))
})

test('of one key, and of keys that match', async (t) => {
  const seed = Math.trunc(Math.random() * 2 ** 31)
  t.log(`seed ${seed}`)
  const { broker, expected } = await work(t, seed)
  const key = await collect(broker, { from: 1, match: { kind: 'key', db: 0, key: Buffer.from('key:7') } })
  t.deepEqual(key.map(shown), expected.filter((line) => /^\d+ 0 SET key:7 /.test(line)))
  const match = await collect(broker, { from: 1, match: { kind: 'match', db: 1, pattern: Buffer.from('key:1?') } })
  t.deepEqual(match.map(shown), expected.filter((line) => /^\d+ 1 SET key:1\d /.test(line)))
})

test('it goes from the history into what is written from now on, and ends with its signal', async (t) => {
  const { broker, connect } = await startBroker(t, { args: log })
  const client = await connect()
  await client.text('SET', 'before', 1)
  const stop = new AbortController()
  const seen: string[] = []
  const reading = (async () => {
    for await (const { entries } of readLog(broker, { from: 1, signal: stop.signal })) seen.push(...entries.map((e) => String(e.keys[0])))
  })()
  for (let i = 0; i < 100; i++) await client.text('SET', `live:${i}`, i)
  await until(() => seen.length >= 101)
  stop.abort()
  await reading
  t.deepEqual(seen, ['before', ...Array.from({ length: 100 }, (_, i) => `live:${i}`)])
  t.is(broker.logFollowers.size, 0)
})

test('what retention removed is a gap, never skipped', async (t) => {
  const { broker, connect } = await startBroker(t, { args: [...log, '--log-retention-bytes', '0'] })
  const client = await connect()
  for (let i = 0; i < 10; i++) await client.text('SET', 'k', i)
  await rewrite(broker)
  await client.text('SET', 'k', 'kept')
  const error = await t.throwsAsync(collect(broker, { from: 1 }), { instanceOf: LogGap })
  t.is(error?.message, 'position 1 of the log is not kept any more; the next that is kept is 11')
  t.deepEqual((await collect(broker, { from: 'start' })).map(shown), ['11 0 SET k kept default'])
})

test('without a log there is nothing to read', async (t) => {
  const { broker } = await startBroker(t, { args: ['--appendonly', 'no', '--save', ''] })
  await t.throwsAsync(collect(broker, { from: 1 }), { code: 'LOG_NONE' })
})

test('what the system wrote after a restart is nobody\'s', async (t) => {
  const dir = temporaryDirectory(t)
  const first = await startBroker(t, { dir, args: log })
  const client = await first.connect()
  await client.text('SET', 'k', 'v', 'PX', 300)
  await first.broker.stop()
  const second = await startBroker(t, { dir, args: log })
  await until('its time is over', async () => (await collect(second.broker, { from: 1 })).length >= 2)
  t.deepEqual((await collect(second.broker, { from: 1 })).map((entry) => [entry.command, entry.user, entry.client > 0]),
    [['SET', 'default', true], ['DEL', '', false]])
})
