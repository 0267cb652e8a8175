// The worker SDK as a queue and its worker: jobs a second that are added, and that are processed, as bullmq.ts measures
// BullMQ: lots of 50, 50 at a time. Driven from a process of its own.
//
//   node worker.ts <port> <jobs>     prints the figures as JSON

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Producer, Worker } from '../../consumers/worker/index.ts'
import type { QueueFigures } from './bullmq.ts'

const concurrency = 50
const payload = { image: 'a'.repeat(60), width: 640, height: 480 }

type Jobs = { resize: typeof payload & { i: number } }

async function addAndWork(port: number, jobs: number): Promise<QueueFigures> {
  const connection = { host: '127.0.0.1', port }
  const producer = new Producer<Jobs>({ connection })
  await producer.add('resize', { ...payload, i: -1 })
  const since = performance.now()
  for (let from = 0; from < jobs; from += concurrency) {
    const lot = Array.from({ length: concurrency }, (_, i) => producer.add('resize', { ...payload, i: from + i }))
    await Promise.all(lot)
  }
  const added = performance.now()
  let done = 0
  const worker = new Worker<Jobs>({ connection, concurrency, remove: true }, { resize: async () => ++done })
  const processed = new Promise<number>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('completed', () => {
      if (done > jobs) resolve(performance.now())
    })
  })
  await worker.start()
  const end = await processed
  await worker.close()
  await producer.close()
  return { added: jobs / (added - since) * 1000, processed: jobs / (end - added) * 1000 }
}

/** As `addAndWork`, in a process of its own. */
export async function workerSdk(port: number, jobs: number): Promise<QueueFigures> {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename, String(port), String(jobs)])
  return JSON.parse(stdout) as QueueFigures
}

if (import.meta.main) {
  console.log(JSON.stringify(await addAndWork(Number(process.argv[2]), Number(process.argv[3]))))
  process.exit()
}
