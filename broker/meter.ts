// How long commands take: INFO commandstats, latency histograms, SLOWLOG, LATENCY.
//
// Reading the clock costs as much as a GET's look-up, so neighbours of one kind that cost about nothing share a
// reading: the interval of up to 16 is booked in one sum, which stays exact. All other commands are timed one by one,
// and so is everything while the slow log wants to see short times.

import type { Args } from '../core/args.ts'
import type { Clock } from '../core/clock.ts'
import { countMicros, newHistogram } from '../core/histogram.ts'
import type { Config } from './config/config.ts'
import type { Command } from './command.ts'
import type { Connection } from './connection.ts'
import { turnCommandMicrosMax } from './limits.ts'

/** Is told of commands that took at least `slowlog-log-slower-than` or `latency-monitor-threshold`. */
export type OnSlow = (command: Command, c: Connection, a: Args, micros: number) => void

const sharedMax = 16
const exactBelowMicros = 1000

export class Meter {
  private readonly clock: Clock
  /** `slowlog-log-slower-than` and `latency-tracking`, read at each command. */
  private slowMicros: number
  private tracking: boolean
  /** From so many microseconds on, somebody wants to know. */
  private noteMicros: number
  private readonly onSlow: OnSlow
  private command: Command | undefined
  private pending: number
  private markMs: number

  constructor(clock: Clock, config: Config, onSlow: OnSlow) {
    this.clock = clock
    this.slowMicros = config.values.slowlogLogSlowerThan
    this.tracking = config.values.latencyTracking
    this.onSlow = onSlow
    this.command = undefined
    this.pending = 0
    this.markMs = 0
    this.noteMicros = leastNoted(config)
    config.onChange(['slowlog-log-slower-than', 'latency-tracking', 'latency-monitor-threshold'], () => {
      this.slowMicros = config.values.slowlogLogSlowerThan
      this.tracking = config.values.latencyTracking
      this.noteMicros = leastNoted(config)
    })
  }

  /** A client's commands begin. */
  start(): void {
    this.markMs = this.clock.monotonicMs()
  }

  /** A client's commands end. */
  stop(): void {
    if (this.pending > 0) this.book(this.clock.monotonicMs())
  }

  before(command: Command): void {
    if (command === this.command) return
    if (this.pending > 0) this.book(this.clock.monotonicMs())
    this.command = command
  }

  after(command: Command, c: Connection, a: Args): void {
    // A command within a command (EXEC) has booked its own time: what is left is this one's.
    this.command = command
    command.calls++
    this.pending++
    const threshold = this.slowMicros
    const exact = threshold >= 0 && threshold < exactBelowMicros
    if (command.cheap && this.pending < sharedMax && !exact) return
    const nowMs = this.clock.monotonicMs()
    const micros = (nowMs - this.markMs) * 1000
    this.book(nowMs)
    if (micros >= this.noteMicros) this.onSlow(command, c, a, micros)
    if (micros > turnCommandMicrosMax) c.share = 0
  }

  /** As `after`, of a command whose client waited: only the time is added, for it counts when the wait ends. */
  again(command: Command, c: Connection, a: Args): void {
    this.command = command
    const nowMs = this.clock.monotonicMs()
    const micros = (nowMs - this.markMs) * 1000
    if (this.pending > 0) this.book(nowMs)
    else {
      command.micros += micros
      this.markMs = nowMs
    }
    if (micros >= this.noteMicros) this.onSlow(command, c, a, micros)
  }

  /**
   * A command that a script ran, of those that may take long, has ended; it began at `beganMs`. Its time is the
   * script's, too. To time the others would cost more than it tells: theirs is only in the script's.
   */
  within(command: Command, c: Connection, a: Args, beganMs: number): void {
    const micros = (this.clock.monotonicMs() - beganMs) * 1000
    this.note(command, micros, 1)
    if (micros >= this.noteMicros) this.onSlow(command, c, a, micros)
  }

  private note(command: Command, micros: number, calls: number): void {
    command.micros += micros
    if (!this.tracking) return
    command.histogram ??= newHistogram()
    countMicros(command.histogram, Math.ceil(micros / calls), calls)
  }

  private book(nowMs: number): void {
    this.note(this.command!, (nowMs - this.markMs) * 1000, this.pending)
    this.pending = 0
    this.markMs = nowMs
  }
}

/** The lower of the slow log's and the latency monitor's thresholds in microseconds; Infinity when both are off. */
function leastNoted(config: Config): number {
  const { slowlogLogSlowerThan, latencyMonitorThreshold } = config.values
  const slow = slowlogLogSlowerThan >= 0 ? slowlogLogSlowerThan : Infinity
  return latencyMonitorThreshold > 0 ? Math.min(slow, latencyMonitorThreshold * 1000) : slow
}
