// BullMQ, unchanged, as a queue and its worker: jobs a second that are added, and that are processed. Driven from a
// process of its own.
//
//   node bullmq.ts <port> <jobs>     prints both figures as JSON

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const concurrency = 50
const payload = { image: 'a'.repeat(60), width: 640, height: 480 }

export type QueueFigures = { added: number; processed: number }

async function queueAndWork(port: number, jobs: number): Promise<QueueFigures> {
  const { Queue, Worker } = await import('bullmq')
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }
  const queue = new Queue('bench', { connection, defaultJobOptions: { removeOnComplete: true } })
  await queue.waitUntilReady()
  await queue.add('warm up', payload)
  const since = performance.now()
  for (let from = 0; from < jobs; from += concurrency) {
    await Promise.all(Array.from({ length: concurrency }, (_, i) => queue.add('resize', { ...payload, i: from + i })))
  }
  const added = performance.now()
  let done = 0
  const worker = new Worker('bench', async () => ++done, { connection, concurrency })
  await new Promise<void>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('completed', () => {
      if (done > jobs) resolve()
    })
  })
  const processed = performance.now()
  await worker.close(true)
  await queue.close()
  return { added: jobs / (added - since) * 1000, processed: jobs / (processed - added) * 1000 }
}

/** As `queueAndWork`, in a process of its own. */
export async function bullmq(port: number, jobs: number): Promise<QueueFigures> {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename, String(port), String(jobs)])
  return JSON.parse(stdout) as QueueFigures
}

if (import.meta.main) {
  console.log(JSON.stringify(await queueAndWork(Number(process.argv[2]), Number(process.argv[3]))))
  process.exit()
}
