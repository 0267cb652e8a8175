// How long one unpipelined GET takes while another client writes: at a moderate pace, or as fast as it can.
//
//   node latency.ts <port> <gets>     prints the sorted microseconds' p50, p99, p99.9 and maximum as JSON

import { execFile, spawn } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { connect } from './wire.ts'

const fullSpeed = ['-c', '8', '-P', '8', '-r', '1000000', '-n', '100000000', '-d', '32', '-q', '-t', 'set']

export type Latency = { p50: number; p99: number; p999: number; max: number }

async function gets(port: number, count: number): Promise<Latency> {
  const wire = await connect(port)
  const took = new Float64Array(count)
  for (let i = -200; i < count; i++) {
    const key = `key:${String(Math.floor(Math.random() * 1_000_000)).padStart(12, '0')}`
    const since = performance.now()
    await wire.send(`*2\r\n$3\r\nGET\r\n$16\r\n${key}\r\n`, 1)
    if (i >= 0) took[i] = (performance.now() - since) * 1000
  }
  wire.close()
  took.sort()
  const at = (share: number): number => took[Math.min(count - 1, Math.floor(count * share))]!
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: took[count - 1]! }
}

/** Latencies in µs of `count` GETs, while others write: `paced` about 5,000 SETs a second, otherwise at full speed. */
export async function latencyUnderWrites(port: number, count: number, paced: boolean): Promise<Latency> {
  const writer = paced
    ? spawn(process.execPath, [path.join(import.meta.dirname, 'paced-writer.ts'), String(port)], { stdio: 'ignore' })
    : spawn('redis-benchmark', ['-p', String(port), ...fullSpeed], { stdio: 'ignore' })
  await new Promise((resolve) => setTimeout(resolve, 500))
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename, String(port), String(count)])
    return JSON.parse(stdout) as Latency
  } finally {
    writer.kill()
  }
}

if (import.meta.main) console.log(JSON.stringify(await gets(Number(process.argv[2]), Number(process.argv[3]))))
