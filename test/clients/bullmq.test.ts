// BullMQ, unchanged, as the job queue of services: what its users do with it, on a running broker.
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { FlowProducer, Queue, QueueEvents, UnrecoverableError, Worker } from 'bullmq'
import type { Job, Processor, WorkerOptions } from 'bullmq'
import { startMillrace } from '../process.ts'
import type { ServerProcess } from '../process.ts'
import { until } from '../until.ts'

type Bench = {
  server: ServerProcess
  connection: { host: string; port: number; maxRetriesPerRequest: null }
  queue: (name: string) => Queue
  worker: (name: string, run: Processor, options?: Partial<WorkerOptions>) => Worker
}

async function bench(t: ExecutionContext): Promise<Bench> {
  const server = await startMillrace(t)
  const connection = { host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null }
  const closing: { close: () => Promise<unknown> }[] = []
  // The workers before the queues, and both before the server ends.
  t.teardown(async () => {
    for (const one of closing.toReversed()) await one.close()
  })
  return {
    server, connection,
    queue(name) {
      const queue = new Queue(name, { connection })
      closing.push(queue)
      return queue
    },
    worker(name, run, options = {}) {
      const worker = new Worker(name, run, { connection, ...options })
      worker.on('error', (error) => t.log(error.message))
      closing.push(worker)
      return worker
    },
  }
}

test('jobs are processed once each, in order, with their results and progress', async (t) => {
  const b = await bench(t)
  const queue = b.queue('plain')
  const events = new QueueEvents('plain', { connection: b.connection })
  await events.waitUntilReady()
  const seen: { completed: string[]; progress: unknown[] } = { completed: [], progress: [] }
  events.on('completed', ({ jobId }) => seen.completed.push(jobId))
  events.on('progress', ({ data }) => seen.progress.push(data))
  const jobs = await queue.addBulk(Array.from({ length: 200 }, (_, i) => ({ name: 'square', data: { i } })))
  const order: number[] = []
  b.worker('plain', async (job: Job<{ i: number }>) => {
    order.push(job.data.i)
    if (job.data.i === 7) await job.updateProgress({ half: true })
    return job.data.i ** 2
  })
  t.is(await jobs.at(-1)!.waitUntilFinished(events), 199 ** 2)
  await until(() => seen.completed.length === 200)
  t.deepEqual(order, Array.from({ length: 200 }, (_, i) => i))
  t.deepEqual(seen.completed, jobs.map((job) => job.id!))
  t.deepEqual(seen.progress, [{ half: true }])
  t.like(await queue.getJobCounts(), { completed: 200, waiting: 0, active: 0, failed: 0 })
  t.is((await queue.getJob(jobs[12]!.id!))!.returnvalue, 144)
  await events.close()
})

test('priorities, delays and removals decide what comes when', async (t) => {
  const b = await bench(t)
  const queue = b.queue('order')
  await queue.add('low', {}, { priority: 9 })
  await queue.add('high', {}, { priority: 1 })
  const late = await queue.add('late', {}, { delay: 3_600_000 })
  await queue.add('first', {}, { lifo: true })
  const removed = await queue.add('removed', {})
  await removed.remove()
  t.like(await queue.getJobCounts(), { prioritized: 2, delayed: 1, waiting: 1 })
  const order: string[] = []
  b.worker('order', async (job) => order.push(job.name))
  await until(() => order.length === 3)
  const since = Date.now()
  await late.changeDelay(1500)
  await until(() => order.length === 4)
  t.true(Date.now() - since >= 1500)
  t.deepEqual(order, ['first', 'high', 'low', 'late'])
})

test('failing jobs are tried again with backoff; unrecoverable ones are not', async (t) => {
  const b = await bench(t)
  const queue = b.queue('failing')
  const attempts: Record<string, number> = {}
  b.worker('failing', async (job) => {
    attempts[job.name] = (attempts[job.name] ?? 0) + 1
    if (job.name === 'hopeless') throw new UnrecoverableError('never')
    if (attempts[job.name]! < 3) throw new Error('not yet')
    return 'at last'
  })
  const flaky = await queue.add('flaky', {}, { attempts: 5, backoff: { type: 'exponential', delay: 10 } })
  const hopeless = await queue.add('hopeless', {}, { attempts: 5 })
  await until(async () => await flaky.isCompleted() && await hopeless.isFailed())
  t.deepEqual(attempts, { flaky: 3, hopeless: 1 })
  t.is((await queue.getJob(hopeless.id!))!.failedReason, 'never')
  t.like(await queue.getJobCounts(), { completed: 1, failed: 1 })
})

test('a scheduler repeats a job until it is removed', async (t) => {
  const b = await bench(t)
  const queue = b.queue('repeated')
  let runs = 0
  b.worker('repeated', async () => ++runs)
  await queue.upsertJobScheduler('tick', { every: 50 }, { name: 'tick', data: { of: 'clock' } })
  await until(() => runs >= 3)
  t.is((await queue.getJobSchedulers()).length, 1)
  t.true(await queue.removeJobScheduler('tick'))
  t.is((await queue.getJobSchedulers()).length, 0)
})

test('a rate limit holds workers back', async (t) => {
  const b = await bench(t)
  const queue = b.queue('limited')
  await queue.addBulk(Array.from({ length: 6 }, () => ({ name: 'call', data: {} })))
  const times: { asked: number, begun: number }[] = []
  const run: Processor = async ({ processedOn }) => times.push({ asked: processedOn!, begun: Date.now() })
  b.worker('limited', run, { limiter: { max: 2, duration: 1000 }, concurrency: 6 })
  await until(() => times.length === 6)
  // Two whole windows lie between when the first was asked for and when the last was there, but for parts of a ms.
  const ms = Math.max(...times.map(({ begun }) => begun)) - Math.min(...times.map(({ asked }) => asked))
  t.true(ms >= 1990, `${ms} ms`)
})

test('a flow runs its children before their parent, which gets what they returned', async (t) => {
  const b = await bench(t)
  const flows = new FlowProducer({ connection: b.connection })
  const queue = b.queue('sums')
  b.queue('parts')
  b.worker('parts', async (job: Job<{ n: number }>) => job.data.n)
  b.worker('sums', async (job) => Object.values(await job.getChildrenValues<number>()).reduce((sum, n) => sum + n, 0))
  const children = [1, 2, 3, 4].map((n) => ({ name: 'part', queueName: 'parts', data: { n } }))
  const { job } = await flows.add({ name: 'sum', queueName: 'sums', children })
  await until(() => job.isCompleted())
  t.is((await queue.getJob(job.id!))!.returnvalue, 10)
  await flows.close()
})

test('what a crashed worker left is found stalled and processed by another', async (t) => {
  const b = await bench(t)
  const queue = b.queue('stalled')
  const job = await queue.add('heavy', {})
  // It takes the job, and renews its lock no more: as if its process had died.
  const dead = b.worker('stalled', () => new Promise(() => {}), { lockDuration: 200, lockRenewTime: 10_000_000, skipStalledCheck: true })
  await until(() => job.isActive())
  await dead.close(true)
  const stalled: string[] = []
  const alive = b.worker('stalled', async () => 'rescued', { stalledInterval: 100 })
  alive.on('stalled', (id) => stalled.push(id))
  await until(() => job.isCompleted())
  t.deepEqual(stalled, [job.id!])
  t.is((await queue.getJob(job.id!))!.returnvalue, 'rescued')
})

test('a queue survives the broker: what was added before a kill is processed after the restart', async (t) => {
  const b = await bench(t)
  const queue = b.queue('lasting')
  queue.on('error', () => {})
  const jobs = await queue.addBulk(Array.from({ length: 500 }, (_, i) => ({ name: 'job', data: { i } })))
  await b.server.kill9()
  await b.server.start()
  const done = new Set<string>()
  b.worker('lasting', async (job) => done.add(job.id!), { concurrency: 20 })
  await until(() => done.size === 500)
  t.deepEqual(done, new Set(jobs.map((job) => job.id!)))
  await until(async () => (await queue.getJobCounts())['completed'] === 500)
})
