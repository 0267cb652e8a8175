// Rates per second of what only ever grows: commands and bytes, over the last second and a half.

const samplesMax = 16

export class Rate {
  private readonly perSecond: Float64Array
  private next: number
  private lastTotal: number
  private lastMs: number

  constructor() {
    this.perSecond = new Float64Array(samplesMax)
    this.next = 0
    this.lastTotal = 0
    this.lastMs = -1
  }

  /** Takes the total at a monotonic time in ms; ten times a second or so. */
  sample(total: number, ms: number): void {
    if (this.lastMs >= 0 && ms > this.lastMs) {
      // A total that was set back (CONFIG RESETSTAT) counts from zero.
      const grown = total >= this.lastTotal ? total - this.lastTotal : total
      this.perSecond[this.next] = (grown * 1000) / (ms - this.lastMs)
      this.next = (this.next + 1) % samplesMax
    }
    this.lastTotal = total
    this.lastMs = ms
  }

  get value(): number {
    return this.perSecond.reduce((sum, rate) => sum + rate, 0) / samplesMax
  }
}

export type Rates = { commands: Rate, netIn: Rate, netOut: Rate, replicationIn: Rate, replicationOut: Rate }

export function newRates(): Rates {
  return {
    commands: new Rate(), netIn: new Rate(), netOut: new Rate(), replicationIn: new Rate(), replicationOut: new Rate(),
  }
}
