// The syncs of a log, one at a time: where each runs, and how long they take.
//
// Where they are quick, whoever needs one for each frame has it run on the thread: with 0.2 ms a sync and 50
// unpipelined writers on two cores, handing it to another thread and back cost more than it hid (35 k SET/s against
// 55 k). A slow sync ends that.

import type { Disk } from '../disk.ts'
import { countMicros, newHistogram } from '../histogram.ts'
import { quickSyncMsMax } from '../limits.ts'

export class Syncs {
  /** One is under way, off the thread. */
  running: boolean
  /** Milliseconds that the last one took. */
  lastMs: number
  /** Moving average of that. */
  usualMs: number
  /** How long they took: their sum in milliseconds, and their counts (core/histogram.ts). */
  msSum: number
  readonly times: Float64Array
  /** Called with the milliseconds of each. */
  onTimed: ((ms: number) => void) | undefined
  private readonly disk: Disk
  private readonly monotonicMs: (() => number) | undefined

  /** Without a clock nobody knows how long they take, and none is quick. */
  constructor(disk: Disk, monotonicMs: (() => number) | undefined) {
    this.running = false
    this.lastMs = 0
    this.usualMs = 0
    this.msSum = 0
    this.times = newHistogram()
    this.onTimed = undefined
    this.disk = disk
    this.monotonicMs = monotonicMs
  }

  get areQuick(): boolean {
    return this.monotonicMs !== undefined && this.usualMs < quickSyncMsMax
  }

  /** Syncs the file, on the thread if `here`; none may be running. `ended` is called when it is over, or failed. */
  start(fd: number, here: boolean, ended: (error: Error | undefined) => void): void {
    const began = this.monotonicMs?.() ?? 0
    if (here) {
      let failure: Error | undefined
      try {
        this.disk.sync(fd)
      } catch (error) {
        failure = error as Error
      }
      this.count(began)
      ended(failure)
      return
    }
    this.running = true
    this.disk.syncLater(fd, (error) => {
      this.running = false
      this.count(began)
      ended(error)
    })
  }

  private count(began: number): void {
    this.lastMs = (this.monotonicMs?.() ?? 0) - began
    this.usualMs += (this.lastMs - this.usualMs) / 8
    this.msSum += this.lastMs
    countMicros(this.times, Math.ceil(this.lastMs * 1000))
    this.onTimed?.(this.lastMs)
  }
}
