// Figures of a run, their medians and ratios, and how they stand against the targets.

import type { Name } from './contestants.ts'

/** `more`: a higher figure is better (requests a second); `less`: a lower one is (bytes, milliseconds). */
export type Better = 'more' | 'less'

export type Row = {
  test: string
  unit: string
  better: Better
  figures: Partial<Record<Name, number[]>>
}

export type Target = { test: string; against: Exclude<Name, 'ours'>; atLeast?: number; atMost?: number }

/** What a release must reach, as ratios of ours to theirs in one run. */
export const targets: readonly Target[] = [
  ...['set', 'get', 'incr', 'xadd'].map((test): Target => (
    { test: `${test} P16 everysec`, against: 'peer', atLeast: 1.3 }
  )),
  ...['set', 'get'].map((test): Target => ({ test: `${test} P16 everysec`, against: 'ceiling', atLeast: 0.75 })),
  ...['ping', 'set', 'get', 'incr', 'xadd', 'mset'].flatMap((test): Target[] => [
    { test: `${test} P1 everysec`, against: 'peer', atLeast: 1 },
    { test: `${test} P1 always`, against: 'peer', atLeast: 1.2 },
    { test: `${test} P16 always`, against: 'peer', atLeast: 1.2 },
  ]),
  ...['list', 'hash', 'set', 'zset', 'stream'].flatMap((collection) => ['small', 'large'].map((shape): Target => (
    { test: `bytes per element, ${shape} ${collection}`, against: 'peer', atMost: 1 }
  ))),
  { test: 'BullMQ add', against: 'peer', atLeast: 1 },
  { test: 'BullMQ process', against: 'peer', atLeast: 1 },
  { test: 'worker SDK, and BullMQ there: add', against: 'peer', atLeast: 2 },
  { test: 'worker SDK, and BullMQ there: process', against: 'peer', atLeast: 2 },
  { test: 'group cycle', against: 'peer', atLeast: 2 },
  { test: 'bytes per key', against: 'peer', atMost: 0.75 },
  { test: 'recovery: 5 M keys', against: 'peer', atMost: 0.67 },
  { test: 'recovery: 10 streams of 1 M entries', against: 'peer', atMost: 0.67 },
  { test: 'recovery: 1 M keys, and 1 M entries of log', against: 'peer', atMost: 0.83 },
  ...['set P16', 'get P16', 'set P1'].map((test): Target => (
    { test: `${test}, metrics on or off`, against: 'monitored', atMost: 1.05 }
  )),
  { test: 'GET p99.9, paced writes', against: 'peer', atMost: 1.2 },
  { test: 'GET p99.9, full-speed writes', against: 'peer', atMost: 1.2 },
]

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >>> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function ratio(row: Row, against: Name): number | undefined {
  const ours = row.figures.ours
  const theirs = row.figures[against]
  return ours === undefined || theirs === undefined ? undefined : median(ours) / median(theirs)
}

function shown(figures: readonly number[] | undefined): string {
  if (figures === undefined) return '–'
  const value = median(figures)
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2)
}

/** The table, a line a test. */
export function table(rows: readonly Row[]): string {
  const lines = [['test', 'ours', 'redis-server', 'ceiling', 'unit', 'ours/redis', 'ours/ceiling', 'target']]
  for (const row of rows) {
    const wanted = targets.filter((target) => target.test === row.test)
    const verdicts = wanted.flatMap((target) => {
      const reached = ratio(row, target.against)
      if (reached === undefined) return []
      const holds = reached >= (target.atLeast ?? 0) && reached <= (target.atMost ?? Infinity)
      const bound = target.atLeast === undefined ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`
      const whose = target.against === 'peer' ? '' : ` of ${target.against}, is ${reached.toFixed(2)}`
      return [`${holds ? 'reached' : 'NOT reached'} (${bound}${whose})`]
    })
    const ratios = (['peer', 'ceiling'] as const).map((name) => ratio(row, name)?.toFixed(2) ?? '–')
    const { ours, peer, ceiling } = row.figures
    lines.push([row.test, shown(ours), shown(peer), shown(ceiling), row.unit, ...ratios, verdicts.join(', ')])
  }
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines.map((line) => line.map((cell, i) => cell.padEnd(widths[i]!)).join('  ').trimEnd()).join('\n')
}

export function toJson(rows: readonly Row[]): string {
  const withRatios = rows.map((row) => ({ ...row, ratio: ratio(row, 'peer'), ofCeiling: ratio(row, 'ceiling') }))
  return JSON.stringify({ at: new Date().toISOString(), node: process.version, rows: withRatios }, undefined, 2)
}
