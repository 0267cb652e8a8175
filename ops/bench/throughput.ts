// Requests a second, as redis-benchmark measures them.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

export type Test = 'ping' | 'set' | 'get' | 'incr' | 'xadd' | 'mset'

export const tests: readonly Test[] = ['ping', 'set', 'get', 'incr', 'xadd', 'mset']

const keys = 1_000_000

function commandOf(test: Test): string[] {
  if (test === 'ping') return ['-t', 'ping_mbulk']
  if (test === 'xadd') return ['XADD', 'stream', '*', 'field', 'value']
  return ['-t', test]
}

/** Runs `requests` of a test, `pipeline` deep over 50 connections and 1 M random keys; requests a second. */
export async function throughput(port: number, test: Test, pipeline: number, requests: number): Promise<number> {
  return benchmark(port, commandOf(test), pipeline, requests, keys)
}

/** As `throughput`, of what redis-benchmark's own arguments say; `range` is that of its random numbers. */
export async function benchmark(
  port: number, args: readonly string[], pipeline: number, requests: number, range?: number,
): Promise<number> {
  const random = range === undefined ? [] : ['-r', String(range)]
  const options = ['-p', String(port), '-P', String(pipeline), ...random, '-n', String(requests), '--csv']
  const { stdout } = await run('redis-benchmark', [...options, ...args], { maxBuffer: 1 << 24 })
  const line = stdout.trim().split('\n').at(-1)!
  // The command, which may hold quotes of its own, then numbers in quotes.
  const rps = Number(/","([\d.]+)"/.exec(line)?.[1])
  if (!(rps > 0)) throw new Error(`redis-benchmark said: ${line}`)
  return rps
}

/** Writes `count` keys of 16 bytes with values of `valueBytes`. */
export async function fill(port: number, count: number, valueBytes: number): Promise<void> {
  // The sequential keys of `-r` would leave holes; DEBUG POPULATE isn't everybody's: so, plain SETs of our own.
  const { connect } = await import('./wire.ts')
  const wire = await connect(port)
  const value = 'x'.repeat(valueBytes)
  for (let from = 0; from < count; from += 1000) {
    const parts: string[] = []
    const to = Math.min(count, from + 1000)
    for (let i = from; i < to; i++) {
      parts.push(`*3\r\n$3\r\nSET\r\n$16\r\nkey:${String(i).padStart(12, '0')}\r\n$${valueBytes}\r\n${value}\r\n`)
    }
    await wire.send(parts.join(''), to - from)
  }
  wire.close()
}
