// LATENCY: what was slow, when, and how the times of commands are distributed.

import type { Args } from '../../core/args.ts'
import { byPowerOfTwo } from '../../core/histogram.ts'
import type { Reply } from '../../core/reply.ts'
import { withSubcommands } from '../command.ts'
import type { BrokerSpec, Command } from '../command.ts'
import type { Connection } from '../connection.ts'
import type { LatencySample } from '../latency-monitor.ts'
import { bindSubcommands } from './bind.ts'
import { latencySpec } from './latency-spec.ts'

const graphColumns = 80
const graphRows = ['#', '|', 'o', '_']

function latest(c: Connection, _: Args, r: Reply): void {
  const { latency } = c.broker
  r.array(latency.events.length)
  for (const event of latency.events) {
    const last = latency.history(event).at(-1)!
    r.array(4)
    r.text(event)
    r.int(last.seconds)
    r.int(last.ms)
    r.int(latency.worstMs(event))
  }
}

function history(c: Connection, a: Args, r: Reply): void {
  const samples = c.broker.latency.history(a.text(2))
  r.array(samples.length)
  for (const sample of samples) {
    r.array(2)
    r.int(sample.seconds)
    r.int(sample.ms)
  }
}

function reset(c: Connection, a: Args, r: Reply): void {
  const { latency } = c.broker
  if (a.count === 2) return r.int(latency.reset())
  let count = 0
  for (let i = 2; i < a.count; i++) count += latency.reset(a.text(i))
  r.int(count)
}

function graph(c: Connection, a: Args, r: Reply): void {
  const event = a.text(2)
  const samples = c.broker.latency.history(event)
  if (samples.length === 0) return r.error(`ERR No samples available for event '${event}'`)
  const now = Math.floor(c.broker.engine.clock.nowMs() / 1000)
  r.verbatim('txt', drawGraph(event, samples, c.broker.latency.worstMs(event), now))
}

/** A bar a sample, oldest first; below each bar its age, read downwards. */
export function drawGraph(
  event: string, samples: readonly LatencySample[], worstMs: number, nowSeconds: number,
): string {
  const shown = samples.slice(-graphColumns)
  const high = Math.max(...shown.map((sample) => sample.ms))
  const low = Math.min(...shown.map((sample) => sample.ms))
  const levels = shown.map((sample) => Math.ceil((sample.ms / high) * graphRows.length))
  const ages = shown.map((sample) => ageText(nowSeconds - sample.seconds))
  const lines = [`${event} - high ${high} ms, low ${low} ms (all time high ${worstMs} ms)`, '-'.repeat(graphColumns)]
  for (let row = graphRows.length; row > 0; row--) {
    lines.push(levels.map((level) => (level >= row ? graphRows[Math.min(level, row) - 1]! : ' ')).join('').trimEnd())
  }
  for (let row = 0; row < Math.max(...ages.map((age) => age.length)); row++) {
    lines.push(ages.map((age) => age[row] ?? ' ').join('').trimEnd())
  }
  return `${lines.join('\n')}\n`
}

function ageText(seconds: number): string {
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  return seconds < 86400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86400)}d`
}

function doctor(c: Connection, _: Args, r: Reply): void {
  const { latency, config } = c.broker
  const threshold = config.values.latencyMonitorThreshold
  const lines: string[] = []
  if (latency.events.length === 0) {
    lines.push(threshold === 0
      ? 'Nothing was measured: the latency monitor is off. CONFIG SET latency-monitor-threshold <ms> starts it.'
      : `Nothing took ${threshold} ms or longer so far.`)
  }
  for (const event of latency.events) {
    const samples = latency.history(event)
    lines.push(`${event}: ${samples.length} samples, mean ${latency.meanMs(event).toFixed(1)} ms, `
      + `worst ${latency.worstMs(event)} ms. ${adviceFor(event)}`)
  }
  r.verbatim('txt', `${lines.join('\n')}\n`)
}

function adviceFor(event: string): string {
  if (event === 'command') return 'SLOWLOG GET names the commands; look for those that visit many elements.'
  if (event === 'fast-command') return 'Cheap commands took long: the processor was busy, or memory was swapped.'
  if (event.startsWith('aof')) return 'The disk is slow; appendfsync everysec keeps its waits away from clients.'
  if (event === 'expire-cycle') return 'Many keys were due at once; spread their deadlines.'
  return ''
}

function histogram(c: Connection, a: Args, r: Reply): void {
  const all = withSubcommands(c.broker.commands)
  const asked = new Set(Array.from({ length: a.count - 2 }, (_, i) => a.text(i + 2).toLowerCase()))
  const chosen = all.filter((command) => command.histogram !== undefined && command.calls > 0 && (asked.size === 0
    || asked.has(command.fullName) || (command.parent !== undefined && asked.has(command.parent.name))))
  r.map(chosen.length)
  for (const command of chosen) writeHistogram(r, command)
}

/** Calls that took at most so many microseconds, for each power of two at which the sum grows. */
function writeHistogram(r: Reply, command: Command): void {
  r.text(command.fullName)
  r.map(2)
  r.text('calls')
  r.int(command.calls)
  r.text('histogram_usec')
  const mark = r.deferred()
  let pairs = 0
  let sum = 0
  byPowerOfTwo(command.histogram!, (power, count) => {
    sum += count
    pairs++
    r.int(2 ** power)
    r.int(sum)
  })
  r.setMap(mark, pairs)
}

export const latencyCommands: readonly BrokerSpec[] = [
  bindSubcommands(latencySpec, { doctor, graph, histogram, history, latest, reset }),
]
