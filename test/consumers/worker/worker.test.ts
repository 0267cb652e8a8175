// What the SDK promises, on each server it runs on: every test is run against a broker in this process, one over the
// network, and redis-server 7.
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { Redis } from 'ioredis'
import type { Connection } from '../../../consumers/connection.ts'
import {
  GiveUp, Producer, RetryLater, Worker, type Codec, type Handlers, type WorkerOptions,
} from '../../../consumers/worker/index.ts'
import { endOfFile, serverNames, startServer, type Server, type ServerName } from '../servers.ts'
import { startMillrace } from '../../process.ts'
import { until } from '../../until.ts'

type Jobs = { count: number, text: { text: string } }
type Yard = {
  t: ExecutionContext
  connection: Connection
  redis: Redis
  producer: Producer<Jobs>
  /** Starts a worker that is closed with the test; quick in all but leases, which none of them is to lose unasked. */
  work: (handlers: Partial<Handlers<Jobs>>, options?: Partial<WorkerOptions>) => Promise<Worker<Jobs>>
}

/** A lease that is waited for until it is over. */
const short = { leaseMs: 600 }

const servers = new Map<ServerName, Server>()

test.before('starts the servers', async (t) => {
  for (const name of serverNames) {
    const server = await startServer(t, endOfFile, name)
    if (server !== undefined) servers.set(name, server)
  }
})

function onEachServer(title: string, body: (yard: Yard) => Promise<void>): void {
  for (const name of serverNames) {
    test.serial(`${title} (${name})`, async (t) => {
      const server = servers.get(name)
      if (server === undefined) return t.pass('SKIPPED: it is not installed')
      t.timeout(300_000)
      const { connection, redis } = server
      await redis.flushall()
      const producer = new Producer<Jobs>({ connection })
      const work: Yard['work'] = async (handlers, options = {}) => {
        const quick = { connection, leaseMs: 60_000, backoff: { type: 'fixed', delayMs: 30 }, signals: [] } as const
        const worker = new Worker<Jobs>({ ...quick, ...options }, { count: () => {}, text: () => {}, ...handlers })
        t.teardown(() => worker.close())
        await worker.start()
        return worker
      }
      t.teardown(() => producer.close())
      await body({ t, connection, redis, producer, work })
    })
  }
}

async function nothingPending(redis: Redis): Promise<void> {
  await until(async () => (await redis.xpending('jobs', 'workers') as unknown[])[0] === 0)
}

onEachServer('jobs run once each, no more of them at a time than allowed', async ({ t, redis, producer, work }) => {
  const seen: number[] = []
  let running = 0
  let most = 0
  let release: (() => void) | undefined
  const eight = new Promise<void>((resolve) => { release = resolve })
  const worker = await work({
    count: async (job) => {
      most = Math.max(most, ++running)
      if (running === 8) release!()
      await eight
      await sleep(job.data % 3)
      seen.push(job.data)
      running--
    },
  }, { concurrency: 8, prefetch: 4 })
  const completed: unknown[] = []
  const drainedAt: number[] = []
  worker.on('completed', (job) => completed.push(job.data))
  worker.on('drained', () => drainedAt.push(completed.length))
  const ids = await producer.addMany(Array.from({ length: 500 }, (_, i) => ({ name: 'count', data: i })))
  t.is(new Set(ids).size, 500)
  await until(() => completed.length === 500)
  t.deepEqual(seen.toSorted((a, b) => a - b), Array.from({ length: 500 }, (_, i) => i))
  t.is(most, 8)
  await nothingPending(redis)
  await until('it says that it is drained', () => drainedAt.includes(500))
})

onEachServer('a worker holds no more than it runs and prefetches', async ({ t, redis, producer, work }) => {
  let release: (() => void) | undefined
  const gate = new Promise<void>((resolve) => { release = resolve })
  const worker = await work({ count: () => gate }, { concurrency: 3, prefetch: 2 })
  await producer.addMany(Array.from({ length: 50 }, (_, i) => ({ name: 'count', data: i })))
  await until(() => worker.running === 3)
  await sleep(300)
  const [pending] = await redis.xpending('jobs', 'workers') as [number]
  t.true(pending >= 3 && pending <= 5, `${pending} pending`)
  release!()
  await until(async () => (await redis.xinfo('GROUPS', 'jobs') as unknown[][])[0]!.includes(50) || worker.running === 0)
})

onEachServer('a failing job is tried again, then becomes a dead letter that tells all', async (yard) => {
  const { t, redis, producer, work } = yard
  const attempts: number[] = []
  const told: string[] = []
  const worker = await work({
    text: (job) => {
      attempts.push(job.attempt)
      throw new RangeError(`no ${job.data.text}`)
    },
  }, { attempts: 3 })
  worker.on('failed', () => told.push('failed'))
  worker.on('retried', (_job, _error, delayMs) => told.push(`retried ${delayMs}`))
  const dead = new Promise<string>((resolve) => worker.on('dead', (_job, _error, letter) => resolve(letter)))
  const id = await producer.add('text', { text: 'way' }, { key: 'k', idempotencyKey: 'i' })
  const letter = await dead
  t.deepEqual(attempts, [1, 2, 3])
  t.deepEqual(told, ['failed', 'retried 30', 'failed', 'retried 30', 'failed'])
  const [[letterId, list]] = await redis.xrange('jobs:dead', '-', '+') as [[string, string[]]]
  t.is(letterId, letter)
  const fields = Object.fromEntries(Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i]!, list[2 * i + 1]!]))
  t.like(fields, {
    name: 'text', data: '{"text":"way"}', key: 'k', idem: 'i', 'dead-stream': 'jobs', 'dead-group': 'workers', 'dead-id': id,
    'dead-consumer': worker.consumer, 'dead-deliveries': '3', 'dead-error': 'RangeError: no way',
  })
  t.true(Math.abs(Number(fields['dead-time']) - Date.now()) < 60_000)
  await nothingPending(redis)
})

onEachServer('GiveUp makes no further attempt, RetryLater names its delay, jobs have their own bounds', async (yard) => {
  const { t, producer, work } = yard
  const log: string[] = []
  const worker = await work({
    text: (job) => {
      log.push(`${job.data.text} ${job.attempt}`)
      if (job.data.text === 'give up') throw new GiveUp('never')
      if (job.data.text === 'later' && job.attempt === 1) throw new RetryLater(70)
      if (job.data.text === 'own') throw new Error('again')
    },
  })
  let done = 0
  worker.on('retried', (job, _error, delayMs) => log.push(`${job.data} after ${delayMs}`.replace('[object Object] ', '')))
  worker.on('dead', () => done++)
  worker.on('completed', () => done++)
  await producer.add('text', { text: 'give up' })
  await until(() => done === 1)
  await producer.add('text', { text: 'later' })
  await until(() => done === 2)
  await producer.add('text', { text: 'own' }, { attempts: 2, backoff: { type: 'exponential', delayMs: 40 } })
  await until(() => done === 3)
  t.deepEqual(log, ['give up 1', 'later 1', 'after 70', 'later 2', 'own 1', 'after 40', 'own 2'])
})

onEachServer('jobs of a key run one at a time in their order, over workers and retries', async ({ t, redis, producer, work }) => {
  const seen = new Map<string, number[]>()
  const running = new Set<string>()
  let overlaps = 0
  const failedOnce = new Set<number>()
  const count: Handlers<Jobs>['count'] = async (job) => {
    if (running.has(job.key)) overlaps++
    running.add(job.key)
    await sleep(job.data % 2)
    running.delete(job.key)
    if (job.data % 17 === 0 && !failedOnce.has(job.data)) {
      failedOnce.add(job.data)
      throw new Error('once')
    }
    seen.set(job.key, [...seen.get(job.key) ?? [], job.data])
  }
  for (let i = 0; i < 3; i++) await work({ count }, { concurrency: 6, prefetch: 6 })
  const jobs = Array.from({ length: 300 }, (_, i) => ({ name: 'count', data: i, options: { key: `k${i % 7}` } }) as const)
  await producer.addMany(jobs)
  await until(() => [...seen.values()].flat().length === 300)
  t.is(overlaps, 0)
  for (const [key, numbers] of seen) t.deepEqual(numbers, numbers.toSorted((a, b) => a - b), key)
  await nothingPending(redis)
  t.is(await redis.exists('jobs:workers:waiting', 'jobs:workers:retries'), 0)
})

onEachServer('a job with an idempotency key is added once, and its effects are applied once', async (yard) => {
  const { t, redis, producer, work } = yard
  const ids = await Promise.all(Array.from({ length: 20 }, () => producer.add('count', 1, { idempotencyKey: 'one' })))
  t.is(new Set(ids).size, 1)
  t.is(await redis.xlen('jobs'), 1)
  // The same key once more, past the producer: only the effect's own mark keeps it out.
  await redis.xadd('jobs', '*', 'name', 'count', 'data', '1', 'idem', 'one')
  await redis.xadd('jobs', '*', 'name', 'count', 'data', '2')
  let completed = 0
  const replies: unknown[][] = []
  const worker = await work({
    count: async (job) => { replies.push(await job.complete((multi) => multi.incrby('sum', job.data).rpush('all', job.data))) },
  })
  worker.on('completed', () => completed++)
  await until(() => completed === 3)
  t.is(await redis.get('sum'), '3')
  t.deepEqual((await redis.lrange('all', 0, -1)).toSorted(), ['1', '2'])
  t.is(replies.filter((list) => list.length === 0).length, 1)
  await nothingPending(redis)
})

onEachServer('delayed jobs come when they are due, and can be taken back', async ({ t, redis, producer, work }) => {
  const seen = new Map<number, number>()
  await work({ count: (job) => { seen.set(job.data, Date.now()) } })
  const token = await producer.add('count', 1, { delayMs: 3_600_000 })
  const due = Date.now() + 400
  await producer.add('count', 2, { at: new Date(due) })
  // As it is asked for later, it is due later, however long that takes.
  await producer.add('count', 3, { delayMs: 500, key: 'k' })
  await producer.add('count', 4)
  t.true(await producer.cancel(token))
  t.false(await producer.cancel(token))
  await until(() => seen.size === 3)
  t.deepEqual([...seen.keys()].filter((n) => n !== 4), [2, 3])
  t.true(seen.get(2)! >= due)
  t.is(await redis.exists('jobs:delayed', 'jobs:delayed:jobs'), 0)
})

onEachServer('a lease is renewed while a handler runs longer than it', async ({ t, redis, producer, work }) => {
  let runs = 0
  // Who stands still for so long that a lease ends loses it: then it is tried with a longer one.
  for (const leaseMs of [600, 3_000, 15_000]) {
    runs = 0
    const slow: Handlers<Jobs>['count'] = async () => {
      runs++
      await sleep(2.5 * leaseMs)
    }
    const workers = [await work({ count: slow }, { leaseMs }), await work({ count: slow }, { leaseMs })]
    let completed = 0
    for (const worker of workers) worker.on('completed', () => completed++)
    await producer.add('count', 1)
    await until(() => completed === 1)
    await nothingPending(redis)
    for (const worker of workers) await worker.close()
    if (runs === 1) break
  }
  t.is(runs, 1)
})

onEachServer('a job whose lease was lost is aborted and has no effect; the new owner has one', async (yard) => {
  const { t, redis, producer, work } = yard
  const reasons: unknown[] = []
  let firstFails: unknown
  const first = await work({
    count: async (job) => {
      await new Promise((resolve) => job.signal.addEventListener('abort', resolve))
      reasons.push(job.signal.reason.code)
      await job.complete((multi) => multi.incr('effects')).catch((error: unknown) => { firstFails = error })
    },
  }, short)
  const stalled = new Promise<string>((resolve) => first.on('stalled', (job) => resolve(job.id)))
  const id = await producer.add('count', 1)
  await until(() => first.running === 1)
  // What a reclaiming worker does after the first one was silent for too long.
  await redis.xclaim('jobs', 'workers', 'other', 0, id)
  t.is(await stalled, id)
  await until(() => firstFails !== undefined)
  t.deepEqual(reasons, ['LEASELOST'])
  t.is((firstFails as { code: string }).code, 'LEASELOST')
  await first.close()
  const second = await work({ count: (job) => job.complete((multi) => multi.incr('effects')) }, short)
  await new Promise((resolve) => second.on('completed', resolve))
  t.is(await redis.get('effects'), '1')
})

onEachServer('what a worker left at its end goes to another, and counts as a delivery', async ({ t, redis, producer, work }) => {
  await redis.xgroup('CREATE', 'jobs', 'workers', '0', 'MKSTREAM')
  await producer.add('count', 1)
  await redis.xreadgroup('GROUP', 'workers', 'crashed', 'STREAMS', 'jobs', '>')
  const attempts: number[] = []
  const worker = await work({ count: (job) => { attempts.push(job.attempt) } }, short)
  await new Promise((resolve) => worker.once('completed', resolve))
  t.deepEqual(attempts, [2])

  await worker.close()

  // One that ended every worker that touched it is given up without another try.
  const poison = await producer.add('count', 2)
  await redis.xreadgroup('GROUP', 'workers', 'crashed', 'STREAMS', 'jobs', '>')
  await redis.xclaim('jobs', 'workers', 'crashed', 0, poison, 'RETRYCOUNT', 5)
  const next = await work({ count: (job) => { attempts.push(job.attempt) } }, short)
  const [job, error] = await new Promise<unknown[]>((resolve) => next.on('dead', (...args) => resolve(args)))
  t.is((job as { id: string }).id, poison)
  t.regex(String(error), /5 deliveries ended with the end of their worker/)
  t.deepEqual(attempts, [2])
})

onEachServer('close ends what runs, gives back what has not begun, and leaves no trace', async ({ t, redis, producer, work }) => {
  const begun: number[] = []
  let release: (() => void) | undefined
  const gate = new Promise<void>((resolve) => { release = resolve })
  const first = await work({
    count: (job) => {
      begun.push(job.data)
      return gate
    },
  }, { concurrency: 2, prefetch: 10 })
  await producer.addMany(Array.from({ length: 10 }, (_, i) => ({ name: 'count', data: i })))
  await until('all are delivered', async () => (await redis.xpending('jobs', 'workers') as unknown[])[0] === 10)
  await until(() => begun.length === 2)
  const closing = first.close()
  await until('eight are given back', async () => (
    await redis.xpending('jobs', 'workers', 'IDLE', 60_000, '-', '+', 10) as unknown[]).length === 8)
  release!()
  await closing
  t.deepEqual(begun, [0, 1])
  const [[, owner, , ]] = await redis.xpending('jobs', 'workers', '-', '+', 1) as [string[]]
  t.is(owner, first.consumer)
  t.is((await redis.xpending('jobs', 'workers') as [number])[0], 8)

  const rest: [number, number][] = []
  await work({ count: (job) => { rest.push([job.data, job.attempt]) } })
  await until(() => rest.length === 8)
  t.deepEqual(rest.toSorted((a, b) => a[0] - b[0]), Array.from({ length: 8 }, (_, i) => [i + 2, 1]))
  await nothingPending(redis)
})

onEachServer('close aborts what runs for too long, and gives it back', async ({ t, producer, work }) => {
  let reason: unknown
  const first = await work({
    count: async (job) => {
      await new Promise((resolve) => job.signal.addEventListener('abort', resolve))
      reason = job.signal.reason.code
      throw job.signal.reason
    },
  }, { drainMs: 50 })
  await producer.add('count', 1)
  await until(() => first.running === 1)
  await first.close()
  t.is(reason, 'CLOSED')
  const second = await work({})
  t.is(await new Promise<number>((resolve) => second.on('completed', (job) => resolve(job.attempt))), 1)
})

onEachServer('a codec of bytes, and data that it can not read', async ({ t, connection, redis, work }) => {
  const codec: Codec = {
    binary: true,
    encode: (data) => Buffer.from([0xff, 0x00, Number(data)]),
    decode: (bytes) => {
      if (bytes[0] !== 0xff) throw new TypeError('not of ours')
      return bytes[2]
    },
  }
  const producer = new Producer<Jobs>({ connection, codec })
  t.teardown(() => producer.close())
  const seen: number[] = []
  const worker = await work({ count: (job) => { seen.push(job.data) } }, { codec })
  const dead = new Promise<unknown>((resolve) => worker.on('dead', (_job, error) => resolve(error)))
  await producer.add('count', 7, { key: 'k' })
  await producer.add('count', 8, { key: 'k' })
  await redis.xadd('jobs', '*', 'name', 'count', 'data', 'garbage')
  t.regex(String(await dead), /can't be decoded: TypeError: not of ours/)
  await until(() => seen.length === 2)
  t.deepEqual(seen, [7, 8])
})

onEachServer('remove: entries go when every group has settled them', async ({ t, redis, producer, work }) => {
  let seen = 0
  const count = (): void => { seen++ }
  await work({ count }, { remove: true })
  await work({ count }, { remove: true, group: 'others' })
  await producer.addMany(Array.from({ length: 40 }, (_, i) => (
    { name: 'count', data: i, options: i % 2 === 0 ? {} : { key: `k${i % 3}` } } as const)))
  await until(() => seen === 80)
  await until(async () => await redis.xlen('jobs') === 0)
  await until(async () => await redis.exists('jobs:keys') === 0)
  t.pass()
})

onEachServer('a job without a handler fails like any other', async ({ t, redis, work }) => {
  const worker = await work({}, { attempts: 1 })
  await redis.xgroup('CREATE', 'jobs', 'other', '$', 'MKSTREAM')
  const dead = new Promise<unknown>((resolve) => worker.on('dead', (_job, error) => resolve(error)))
  await redis.xadd('jobs', '*', 'name', 'toString')
  t.regex(String(await dead), /no handler for jobs named "toString"/)
})

test.serial('a worker whose broker is gone can be closed', async (t) => {
  const server = await startMillrace(t)
  const worker = new Worker<Jobs>({ connection: { host: '127.0.0.1', port: server.port }, drainMs: 50 }, () => {})
  await worker.start()
  await server.kill9()
  await worker.close()
  t.is(worker.running, 0)
})
