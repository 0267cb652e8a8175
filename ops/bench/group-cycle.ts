// The product's main job: producers append, a group's consumers read and acknowledge. Jobs a second through the whole
// cycle, over pipelined connections, driven from a process of its own.
//
//   node group-cycle.ts <port> <jobs>     prints the jobs a second

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { connect } from './wire.ts'
import type { Wire } from './wire.ts'

const batch = 100
const workers = 4
const payload = JSON.stringify({ task: 'resize', image: 'a'.repeat(60), width: 640, height: 480 })

function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
}

const added = command('XADD', 'jobs', '*', 'data', payload).repeat(batch)

/** Appends a batch, reads as many as a consumer, acknowledges each; until its share is done. */
async function work(wire: Wire, consumer: string, jobs: number): Promise<void> {
  const read = command('XREADGROUP', 'GROUP', 'workers', consumer, 'COUNT', String(batch), 'STREAMS', 'jobs', '>')
  for (let done = 0; done < jobs; done += batch) {
    await wire.send(added, batch)
    const reply = (await wire.send(read, 1)).toString('latin1')
    const ids = reply.match(/\d{13,}-\d+/g) ?? []
    await wire.send(ids.map((id) => command('XACK', 'jobs', 'workers', id)).join(''), ids.length)
  }
}

/** Runs `jobs` jobs against the server on `port`; jobs a second. */
async function cycle(port: number, jobs: number): Promise<number> {
  const first = await connect(port)
  await first.send(command('FLUSHALL'), 1)
  await first.send(command('XGROUP', 'CREATE', 'jobs', 'workers', '0', 'MKSTREAM'), 1)
  first.close()
  const wires = await Promise.all(Array.from({ length: workers }, () => connect(port)))
  const since = performance.now()
  await Promise.all(wires.map((wire, i) => work(wire, `worker-${i}`, jobs / workers)))
  const seconds = (performance.now() - since) / 1000
  for (const wire of wires) wire.close()
  return jobs / seconds
}

/** As `cycle`, in a process of its own. */
export async function groupCycle(port: number, jobs: number): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename, String(port), String(jobs)])
  return Number(stdout)
}

if (import.meta.main) console.log(await cycle(Number(process.argv[2]), Number(process.argv[3])))
