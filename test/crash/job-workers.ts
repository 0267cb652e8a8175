// The producers and consumers of the kill test, as an application would write them with ioredis,
// except that nothing is ever resent by itself: what was sent without an answer is noted as such.
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { seededRandom, type Random } from '../compat/random.ts'
import { digestOf, type Entry, type JobModel } from './job-model.ts'

export const stream = 'jobs'
export const group = 'workers'
const batch = 64
const reconnectMs = 15
const claimIdleMs = 500

export type Yard = {
  port: number
  model: JobModel
  bodies: readonly string[]
  seed: number
  /** Jobs still to be sent, shared by the producers. */
  left: number
  /** Consumers go on until this is set. */
  closing: boolean
  /** Entries of XREADGROUP and XAUTOCLAIM calls without an answer: at most so many deliveries. */
  unanswered: number
}

/** One life of a consumer; its search for left entries goes on in the next life. */
type Worker = { redis: Redis, name: string, cursor: { id: string } }
type Reading = [string, [string, string[]][]][] | null

/** A connection that gives up at the first sign of trouble. Rejects when nobody answers. */
export async function connectOnce(port: number): Promise<Redis> {
  const redis = new Redis({
    port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null,
    enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0,
  })
  redis.on('error', () => {})
  try {
    await redis.connect()
    return redis
  } catch (error) {
    redis.disconnect()
    throw error
  }
}

/** Tries until the broker is there, or until the yard closes. */
async function connect(yard: Yard): Promise<Redis> {
  for (;;) {
    try {
      return await connectOnce(yard.port)
    } catch (error) {
      if (yard.closing) throw error
      await sleep(reconnectMs)
    }
  }
}

/** Sends its share of the jobs in pipelines; a job whose answer was lost is not sent again. */
export async function produce(yard: Yard, producer: number): Promise<void> {
  const r = seededRandom(yard.seed * 100 + producer)
  let number = 0
  while (yard.left > 0 && !yard.closing) {
    const redis = await connect(yard).catch(() => null)
    if (redis === null) return
    let alive = true
    while (alive && yard.left > 0 && !yard.closing) {
      const calls: Promise<void>[] = []
      for (let n = Math.min(1 + r.below(batch), yard.left); n > 0; n--) {
        yard.left--
        calls.push(sendJob(yard, redis, producer, number++, r))
      }
      const outcomes = await Promise.allSettled(calls)
      alive = outcomes.every((outcome) => outcome.status === 'fulfilled')
    }
    redis.disconnect()
  }
}

async function sendJob(
  yard: Yard, redis: Redis, producer: number, number: number, r: Random,
): Promise<void> {
  const body = r.pick(yard.bodies)
  const job = { producer, number, digest: digestOf(body) }
  yard.model.sending(job)
  const id = await redis.xadd(stream, '*', 'producer', producer, 'number', number, 'body', body)
  yard.model.added(job, id!)
}

/** Jobs that no consumer ever acknowledges, so that the pending list ends with known entries. */
export function isPoison(entry: Entry): boolean {
  return Number(entry.fields[3]) % 97 === 0
}

/** Reads, works and acknowledges; now and then it dies and comes back under another name. */
export async function consume(yard: Yard, index: number): Promise<void> {
  const r = seededRandom(yard.seed * 1000 + index)
  const cursor = { id: '0-0' }
  for (let life = 0; !yard.closing; life++) {
    const redis = await connect(yard).catch(() => null)
    if (redis === null) return
    const worker = { redis, name: `consumer-${index}-${life}`, cursor }
    await workUntilDeath(yard, worker, r).catch(() => {})
    redis.disconnect()
  }
}

async function workUntilDeath(yard: Yard, worker: Worker, r: Random): Promise<void> {
  // Some dozen batches make a life; it ends between a delivery and its XACKs.
  let batchesLeft = 5 + r.below(60)
  await work(yard, worker, await claim(yard, worker))
  let idle = false
  while (!yard.closing) {
    const ask = r.chance(idle ? 0.5 : 0.05) ? claim : read
    const entries: Entry[] = await ask(yard, worker)
    if (batchesLeft-- <= 0) return
    idle = entries.length === 0
    await work(yard, worker, entries)
  }
}

async function read(yard: Yard, { redis, name }: Worker): Promise<Entry[]> {
  yard.unanswered += batch
  const reading = await redis.xreadgroup(
    'GROUP', group, name, 'COUNT', batch, 'BLOCK', 100, 'STREAMS', stream, '>',
  ) as Reading
  yard.unanswered -= batch
  const entries = (reading?.[0]?.[1] ?? []).map(([id, fields]) => ({ id, fields }))
  for (const entry of entries) yard.model.deliveredNew(entry)
  return entries
}

/** Takes over what others left; the cursor leads past the entries that nobody acknowledges. */
async function claim(yard: Yard, { redis, name, cursor }: Worker): Promise<Entry[]> {
  const sentAt = performance.now()
  yard.unanswered += batch
  const reply = await redis.xautoclaim(
    stream, group, name, claimIdleMs, cursor.id, 'COUNT', batch,
  ) as [string, [string, string[]][]]
  cursor.id = reply[0]
  yard.unanswered -= batch
  const entries = reply[1].map(([id, fields]) => ({ id, fields }))
  for (const entry of entries) yard.model.claimed(entry, sentAt)
  return entries
}

/** Acknowledges each entry in a call of its own: each answer is a promise of its own. */
async function work(
  yard: Yard, { redis }: Worker, entries: readonly Entry[],
): Promise<void> {
  const acks = entries.filter((entry) => !isPoison(entry)).map(async ({ id }) => {
    try {
      yard.model.ackAnswered(id, await redis.xack(stream, group, id), performance.now())
    } catch (error) {
      yard.model.ackUnknown.add(id)
      throw error
    }
  })
  const outcomes = await Promise.allSettled(acks)
  const lost = outcomes.find((outcome) => outcome.status === 'rejected')
  if (lost !== undefined) throw lost.reason
}
