// A worker process of the SDK, to be killed: node sdk-worker.ts <port> <lease ms>
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker, type Job } from '../../consumers/worker/index.ts'

/** What a job of the campaign does beside its effect. */
export type Manner = 'well' | 'fails once' | 'slow' | 'blocks' | 'poison' | 'kills'
export type CampaignJobs = { work: { n: number, manner: Manner } }

export const campaign = { effects: 'effects', order: (key: string) => `order:${key}` } as const

async function work(job: Job<'work', CampaignJobs['work']>, leaseMs: number): Promise<void> {
  const { n, manner } = job.data
  if (manner === 'poison') throw new TypeError(`poison ${n}`)
  if (manner === 'kills') process.kill(process.pid, 'SIGKILL')
  if (manner === 'fails once' && job.attempt === 1) throw new Error('once')
  // Longer than its lease, which is renewed meanwhile …
  if (manner === 'slow' && job.attempt <= 2) await sleep(leaseMs * 1.5)
  // … and can't be: another worker takes it, and both complete.
  if (manner === 'blocks' && job.attempt <= 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, leaseMs * 1.5)
  await job.complete((multi) => {
    multi.hincrby(campaign.effects, String(n), 1)
    if (job.key !== '') multi.rpush(campaign.order(job.key), n)
  })
}

if (import.meta.main) {
  const [port, leaseMs] = process.argv.slice(2).map(Number) as [number, number]
  const options = { connection: { port, host: '127.0.0.1' }, leaseMs, concurrency: 20, attempts: 100 }
  const worker = new Worker<CampaignJobs>({ ...options, backoff: { type: 'fixed', delayMs: 50 } }, {
    work: (job) => work(job, leaseMs),
  })
  await worker.start()
}
