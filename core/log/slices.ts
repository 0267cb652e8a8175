// Long work beside clients: how much of a turn of the event loop it has had.

export class Slices {
  private readonly monotonicMs: () => number
  private readonly sliceMs: number
  private end: number

  constructor(monotonicMs: () => number, sliceMs: number) {
    this.monotonicMs = monotonicMs
    this.sliceMs = sliceMs
    this.end = monotonicMs() + sliceMs
  }

  get isOver(): boolean {
    return this.monotonicMs() >= this.end
  }

  /** The next slice begins now: the loop has turned. */
  begin(): void {
    this.end = this.monotonicMs() + this.sliceMs
  }

  /** Resolves in a later turn. */
  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.begin()
  }
}
