// The main job: producers append, a group of consumers reads and acknowledges, and the broker is
// killed at random moments. Nothing that was acknowledged may be lost, under `always` and under
// `everysec` alike: a killed process loses nothing that it has handed to the system.
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { Redis } from 'ioredis'
import { seededRandom } from '../compat/random.ts'
import { readState, stateDifferences } from '../compat/state.ts'
import { startMillrace, type ServerProcess } from '../process.ts'
import { scale } from '../scale.ts'
import { until } from '../until.ts'
import { JobModel, type Entry } from './job-model.ts'
import { connectOnce, consume, group, isPoison, produce, stream, type Yard } from './job-workers.ts'

const workers = 8
const patienceMs = 5 * 60_000

/** Real payloads: package.json files, cut to 200 to 2,000 characters (so not all parse as JSON). */
function realBodies(): string[] {
  const root = path.resolve(import.meta.dirname, '../..')
  return globSync('node_modules/*/package.json', { cwd: root })
    .toSorted().slice(0, 200)
    .map((name, i) => readFileSync(path.join(root, name), 'utf8').slice(0, 200 + (i * 97) % 1800))
}

for (const appendfsync of ['everysec', 'always'] as const) {
  test.serial(`no acknowledged job or XACK is lost to kill -9 under ${appendfsync}`, async (t) => {
    t.timeout(8 * 60_000)
    const broker = await startMillrace(t, { appendfsync })
    const admin = await connectOnce(broker.port)
    await admin.xgroup('CREATE', stream, group, '0', 'MKSTREAM')
    admin.disconnect()

    const yard: Yard = {
      port: broker.port, model: new JobModel(), bodies: realBodies(), seed: scale.seed,
      left: scale.jobs, closing: false, unanswered: 0,
    }
    t.teardown(() => { yard.closing = true })
    const producers = Array.from({ length: workers }, (_, i) => produce(yard, i))
    const consumers = Array.from({ length: workers }, (_, i) => consume(yard, i))
    await killAtRandomMoments(broker, yard)
    await Promise.all(producers)
    await drained(broker)
    yard.closing = true
    await Promise.all(consumers)

    await checkModel(t, broker, yard)
    const before = await readState(broker.port)
    await broker.restart()
    t.deepEqual(stateDifferences(before, await readState(broker.port), 'restart'), [])
  })
}

/** Spreads the kills over the jobs still to be sent, each at a moment of its own within a turn. */
async function killAtRandomMoments(broker: ServerProcess, yard: Yard): Promise<void> {
  const r = seededRandom(yard.seed)
  const moments = Array.from({ length: scale.brokerKills }, () => r.below(scale.jobs))
  for (const left of moments.toSorted((a, b) => b - a)) {
    await until(`${left} jobs are left`, () => yard.left <= left, patienceMs)
    await sleep(r.below(40))
    await broker.kill9()
    await broker.start()
  }
}

/** Waits until only poisoned jobs are left for the group. */
async function drained(broker: ServerProcess): Promise<void> {
  const redis = await connectOnce(broker.port)
  const entries = await entriesOf(redis)
  const last = entries.at(-1)?.id
  const poison = new Set(entries.filter(isPoison).map((entry) => entry.id))
  await until('only poisoned jobs are left', async () => {
    await sleep(200)
    const pending = await pendingOf(redis)
    const [info] = await redis.xinfo('GROUPS', stream) as unknown[][]
    return fieldOf(info!, 'last-delivered-id') === last && [...pending.keys()].every((id) => poison.has(id))
  }, patienceMs)
  redis.disconnect()
}

async function checkModel(t: ExecutionContext, broker: ServerProcess, yard: Yard): Promise<void> {
  const { model } = yard
  const redis = await connectOnce(broker.port)
  const entries = await entriesOf(redis)
  const pending = await pendingOf(redis)
  model.checkStream(entries)
  model.checkPending(entries, pending, yard.unanswered)
  t.deepEqual(model.broken.slice(0, 10), [], `${model.broken.length} promises broken`)

  const poison = new Set(entries.filter(isPoison).map((entry) => entry.id))
  t.deepEqual([...pending.keys()].filter((id) => !poison.has(id)).slice(0, 5), [], 'drained')
  t.is(pending.size, poison.size)
  t.is(await redis.xlen(stream), entries.length)
  const info = await redis.xinfo('STREAM', stream) as unknown[]
  t.is(fieldOf(info, 'entries-added'), entries.length)
  const [groupInfo] = await redis.xinfo('GROUPS', stream) as unknown[][]
  t.is(fieldOf(groupInfo!, 'pending'), pending.size)
  t.is(fieldOf(groupInfo!, 'entries-read'), entries.length)
  t.is(fieldOf(groupInfo!, 'lag'), 0)
  const consumers = await redis.xinfo('CONSUMERS', stream, group) as unknown[][]
  const held = consumers.reduce((sum, consumer) => sum + Number(fieldOf(consumer, 'pending')), 0)
  t.is(held, pending.size)

  const acknowledged = [...model.sent.values()].filter((job) => job.id !== null).length
  t.log(`${model.sent.size} jobs sent, ${acknowledged} acknowledged, ${entries.length} there, `
    + `${model.acked.size} XACKs acknowledged, ${model.ackUnknown.size} unknown, `
    + `${pending.size} pending, ${consumers.length} consumers`)
  t.true(acknowledged > scale.jobs / 2)
  redis.disconnect()
}

function fieldOf(pairs: readonly unknown[], name: string): unknown {
  return pairs[pairs.indexOf(name) + 1]
}

async function entriesOf(redis: Redis): Promise<Entry[]> {
  const entries: Entry[] = []
  let from = '-'
  for (;;) {
    const page = await redis.xrange(stream, from, '+', 'COUNT', 5_000)
    if (page.length === 0) return entries
    for (const [id, fields] of page) entries.push({ id, fields })
    from = `(${page.at(-1)![0]}`
  }
}

type PendingEntry = [id: string, consumer: string, idleMs: number, deliveries: number]

/** Delivery counts of all pending entries, in the order of their ids. */
async function pendingOf(redis: Redis): Promise<Map<string, number>> {
  const pending = new Map<string, number>()
  let from = '-'
  for (;;) {
    const page = await redis.xpending(stream, group, from, '+', 5_000) as PendingEntry[]
    if (page.length === 0) return pending
    for (const [id, , , count] of page) pending.set(id, count)
    from = `(${page.at(-1)![0]}`
  }
}
