// How far a load has come: INFO loading_*, and lines in the log of the server.

import type { Broker } from '../broker.ts'
import { brokerGates } from '../gates.ts'
import { loadReportMs, loadSliceMsMax } from '../limits.ts'

/** What the steps of a load tell, wherever they read from. */
export type LoadStep = { bytesRead: number, bytesTotal: number, keys?: number, position?: number }

export class Loading {
  private readonly broker: Broker
  /** Unix ms. */
  startedMs: number
  bytesTotal: number
  bytesRead: number
  /** What is loaded comes in beside what is served: no client hears of it. */
  isBeside: boolean
  private beganMs: number
  private reportedMs: number

  constructor(broker: Broker) {
    this.broker = broker
    this.startedMs = 0
    this.bytesTotal = 0
    this.bytesRead = 0
    this.isBeside = false
    this.beganMs = 0
    this.reportedMs = 0
  }

  get active(): boolean {
    return (this.broker.gates & brokerGates.loading) !== 0
  }

  /** `beside`: clients are served meanwhile. */
  begin(beside = false): void {
    const { clock } = this.broker.engine
    this.isBeside = beside
    if (!beside) this.close()
    this.startedMs = clock.nowMs()
    this.beganMs = clock.monotonicMs()
    this.reportedMs = this.beganMs
    this.bytesRead = 0
    this.bytesTotal = 0
  }

  /** Clients hear LOADING from now on. */
  close(): void {
    this.isBeside = false
    this.broker.gates |= brokerGates.loading
    this.broker.holds.breakAll()
    this.broker.replicas.abandonSync()
  }

  end(): void {
    this.isBeside = false
    this.broker.gates &= ~brokerGates.loading
  }

  /** Seconds since `begin`. */
  get seconds(): number {
    return (this.broker.engine.clock.monotonicMs() - this.beganMs) / 1000
  }

  get percent(): number {
    return this.bytesTotal === 0 ? 0 : (this.bytesRead * 100) / this.bytesTotal
  }

  /** Seconds that are left at the speed so far; -1 while that is unknown. */
  get etaSeconds(): number {
    if (this.bytesRead === 0) return 1
    return Math.floor((this.seconds * (this.bytesTotal - this.bytesRead)) / this.bytesRead)
  }

  /** Runs the steps a slice at a time, so that clients hear LOADING and INFO meanwhile. */
  async inSlices<T>(steps: Generator<LoadStep, T, void>): Promise<T> {
    const { clock } = this.broker.engine
    let done = 0
    let owedMs = 0
    for (;;) {
      const until = clock.monotonicMs() + loadSliceMsMax
      do {
        const step = steps.next()
        if (step.done === true) return step.value
        this.bytesRead = step.value.bytesRead
        this.bytesTotal = step.value.bytesTotal
        const { keys = 0, position = 0 } = step.value
        owedMs += this.delayMs(keys + position - done)
        done = keys + position
      } while (clock.monotonicMs() < until && owedMs < 1)
      this.reportProgress(clock.monotonicMs())
      this.broker.persistence.readyLauncher()
      if (owedMs < 1) await new Promise((resolve) => setImmediate(resolve))
      else {
        const ms = owedMs
        await new Promise((resolve) => setTimeout(resolve, ms))
        owedMs = 0
      }
    }
  }

  /** `key-load-delay`: microseconds for each key or command; -n: one for each n of them. */
  private delayMs(count: number): number {
    const { keyLoadDelay } = this.broker.config.values
    return (Math.max(0, count) * (keyLoadDelay < 0 ? -1 / keyLoadDelay : keyLoadDelay)) / 1000
  }

  private reportProgress(monotonicMs: number): void {
    if (monotonicMs - this.reportedMs < loadReportMs) return
    this.reportedMs = monotonicMs
    this.broker.report('notice', `loading: ${this.percent.toFixed(0)} % of ${this.bytesTotal} bytes, `
      + `${this.etaSeconds} seconds to go`)
  }
}
