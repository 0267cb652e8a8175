// The stretches of an old checkpoint that go into the new one as they are: from byte to byte, one after the other;
// those of neighbouring records are one.

const runsFirst = 64

export class KeptRuns {
  count: number
  bytes: number
  /** Keys in them, and those with a deadline. */
  keys: number
  dated: number
  private starts: Float64Array
  private ends: Float64Array

  constructor() {
    this.count = 0
    this.bytes = 0
    this.keys = 0
    this.dated = 0
    this.starts = new Float64Array(runsFirst)
    this.ends = new Float64Array(runsFirst)
  }

  add(from: number, to: number, dated: boolean): void {
    this.keys++
    if (dated) this.dated++
    this.bytes += to - from
    if (this.count > 0 && this.ends[this.count - 1] === from) {
      this.ends[this.count - 1] = to
      return
    }
    if (this.count === this.starts.length) {
      this.starts = doubled(this.starts)
      this.ends = doubled(this.ends)
    }
    this.starts[this.count] = from
    this.ends[this.count] = to
    this.count++
  }

  start(i: number): number {
    return this.starts[i]!
  }

  end(i: number): number {
    return this.ends[i]!
  }
}

function doubled(values: Float64Array): Float64Array {
  const grown = new Float64Array(values.length * 2)
  grown.set(values)
  return grown
}
