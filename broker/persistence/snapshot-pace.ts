// How a snapshot of live memory goes on: a slice a turn. While clients are busy they get most of the time; otherwise
// all of it is the snapshot's.

import type { Broker } from '../broker.ts'
import { snapshotPauseMs, snapshotSliceMsMax } from '../limits.ts'

export class SnapshotPace {
  private readonly broker: Broker
  /** Reads of sockets when the last slice began. */
  private reads: number

  constructor(broker: Broker) {
    this.broker = broker
    this.reads = broker.stats.reads
  }

  /** Monotonic ms at which a slice that begins now ends. */
  get sliceEndMs(): number {
    return this.broker.engine.clock.monotonicMs() + snapshotSliceMsMax
  }

  /** Lets others run; resolves when the next slice may begin. */
  async rest(): Promise<void> {
    const { stats } = this.broker
    const busy = stats.reads !== this.reads
    this.reads = stats.reads
    await new Promise((resolve) => void (busy ? setTimeout(resolve, snapshotPauseMs) : setImmediate(resolve)))
  }
}
