// Wakes for the next deadline, so that keys expire in time also when nobody asks for anything.

import type { Broker } from './broker.ts'
import { timerMsMax } from './limits.ts'

export class ExpiryTimer {
  private readonly broker: Broker
  private timer: NodeJS.Timeout | undefined
  /** Unix ms of the deadline that it waits for, Infinity for none. */
  private atMs: number

  constructor(broker: Broker) {
    this.broker = broker
    this.timer = undefined
    this.atMs = Infinity
  }

  /** To be called when deadlines may have changed: at each turn's end. */
  arm(): void {
    const { broker } = this
    let next = Infinity
    for (const db of broker.engine.dbs) next = Math.min(next, db.nextDeadline())
    // What is due on a replica goes when the master says so.
    if (broker.engine.due !== 'removed') next = Infinity
    if (next === this.atMs) return
    clearTimeout(this.timer)
    this.atMs = next
    if (next === Infinity || broker.stopping) return
    const ms = Math.max(1, Math.min(next - broker.engine.clock.nowMs(), timerMsMax))
    this.timer = setTimeout(() => {
      this.atMs = Infinity
      broker.openTurn()
    }, ms)
  }

  stop(): void {
    clearTimeout(this.timer)
  }
}
