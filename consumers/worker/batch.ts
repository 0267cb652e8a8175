// Collects what is to be sent and hands it over together, one call at a time; what fails is tried again later.

import { setTimeout as sleep } from 'node:timers/promises'
import { refusedMs } from './limits.ts'

export class Batch<Item> {
  private readonly send: (items: Item[]) => Promise<void>
  private readonly refused: (error: unknown) => void
  private readonly itemsMax: number
  private items: Item[]
  private busy: boolean
  private stopped: boolean
  private whenIdle: (() => void)[]

  /** `send` must be safe to repeat after it rejected; `refused` hears of each rejection. */
  constructor(itemsMax: number, send: (items: Item[]) => Promise<void>, refused: (error: unknown) => void) {
    this.send = send
    this.refused = refused
    this.itemsMax = itemsMax
    this.items = []
    this.busy = false
    this.stopped = false
    this.whenIdle = []
  }

  /** It leaves with all others of this turn of the event loop, or when the call before has been answered. */
  push(item: Item): void {
    this.items.push(item)
    if (this.busy) return
    this.busy = true
    setImmediate(() => void this.flush())
  }

  /** Resolves when everything was sent, or given up by `stop`. */
  idle(): Promise<void> {
    if (!this.busy) return Promise.resolve()
    return new Promise((resolve) => this.whenIdle.push(resolve))
  }

  /** Tries nothing again from now on. */
  stop(): void {
    this.stopped = true
  }

  private async flush(): Promise<void> {
    while (this.items.length > 0) {
      const sent = this.items.splice(0, this.itemsMax)
      try {
        await this.send(sent)
      } catch (error) {
        this.refused(error)
        if (this.stopped) break
        this.items.unshift(...sent)
        await sleep(refusedMs)
      }
    }
    this.busy = false
    for (const resolve of this.whenIdle.splice(0)) resolve()
  }
}
