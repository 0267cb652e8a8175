// The latency monitor: for each kind of event the last samples that reached `latency-monitor-threshold`, one a second.

const samplesMax = 160

/** What was slow: a command, the log's fsync, expiry … */
export type LatencyEvent =
  | 'command' | 'fast-command' | 'aof-fsync-always' | 'aof-write' | 'expire-cycle' | 'eviction-cycle'

export type LatencySample = { seconds: number, ms: number }

type Series = { samples: LatencySample[], worstMs: number, total: number, sumMs: number }

export class LatencyMonitor {
  private readonly series: Map<string, Series>

  constructor() {
    this.series = new Map()
  }

  /** Notes that an event took `ms` at `seconds` (Unix). Of several within one second the worst is kept. */
  add(event: LatencyEvent, seconds: number, ms: number): void {
    let series = this.series.get(event)
    if (series === undefined) {
      series = { samples: [], worstMs: 0, total: 0, sumMs: 0 }
      this.series.set(event, series)
    }
    series.worstMs = Math.max(series.worstMs, ms)
    series.total++
    series.sumMs += ms
    const last = series.samples.at(-1)
    if (last !== undefined && last.seconds === seconds) {
      last.ms = Math.max(last.ms, ms)
      return
    }
    series.samples.push({ seconds, ms })
    if (series.samples.length > samplesMax) series.samples.shift()
  }

  get events(): string[] {
    return [...this.series.keys()]
  }

  /** Oldest first. */
  history(event: string): readonly LatencySample[] {
    return this.series.get(event)?.samples ?? []
  }

  worstMs(event: string): number {
    return this.series.get(event)?.worstMs ?? 0
  }

  meanMs(event: string): number {
    const series = this.series.get(event)
    return series === undefined ? 0 : series.sumMs / series.total
  }

  /** Forgets an event, or all of them; returns how many were forgotten. */
  reset(event?: string): number {
    if (event !== undefined) return this.series.delete(event) ? 1 : 0
    const count = this.series.size
    this.series.clear()
    return count
  }
}
