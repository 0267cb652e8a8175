// How long to wait before something is tried again.

/** Waits that double from `min` to `max` until something goes well. */
export class Backoff {
  private readonly min: number
  private readonly max: number
  private next: number

  constructor(min: number, max: number) {
    this.min = min
    this.max = max
    this.next = min
  }

  /** How long to wait now (ms). */
  wait(): number {
    const ms = this.next
    this.next = Math.min(this.max, ms * 2)
    return ms
  }

  reset(): void {
    this.next = this.min
  }
}
