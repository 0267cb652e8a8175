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

const added = Buffer.from(command('XADD', 'jobs', '*', 'data', payload).repeat(batch))
const acknowledge = Buffer.from(command('XACK', 'jobs', 'workers', '').replace('$0\r\n\r\n', ''))
/** What follows an entry's id in the reply to XREADGROUP: always the same, so the ids are found without parsing. */
const entryTail = command('data', payload).length

/** XACK for each entry of an XREADGROUP reply, and how many there are. */
function acknowledgements(reply: Buffer, into: Buffer): { bytes: Buffer; count: number } {
  let end = 0
  let count = 0
  // The entries begin behind the head: *1, *2, $4 jobs, *<count>.
  let at = reply.indexOf('*2\r\n$', reply.indexOf('jobs\r\n'))
  while (at >= 0 && at < reply.length) {
    // *2, then the id as a bulk string: $15 <id>
    const id = at + 4
    const idEnd = reply.indexOf('\r\n', id + 5) + 2
    end += acknowledge.copy(into, end)
    end += reply.copy(into, end, id, idEnd)
    count++
    at = idEnd + entryTail
  }
  return { bytes: into.subarray(0, end), count }
}

/** Appends a batch, reads as many as a consumer, acknowledges each; until its share is done. */
async function work(wire: Wire, consumer: string, jobs: number): Promise<void> {
  const words = ['XREADGROUP', 'GROUP', 'workers', consumer, 'COUNT', String(batch), 'STREAMS', 'jobs', '>']
  const read = Buffer.from(command(...words))
  const into = Buffer.alloc(batch * 128)
  for (let done = 0; done < jobs; done += batch) {
    await wire.send(added, batch)
    const { bytes, count } = acknowledgements(await wire.send(read, 1), into)
    const replies = await wire.send(bytes, count)
    if (count !== batch || replies.length !== count * 4) throw new Error('a job was not read and acknowledged once')
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
