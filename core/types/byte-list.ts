// Byte strings side by side in one growing buffer: what a command collects before it is done with it, such as the
// elements that SORT sorts. Each may be absent.

const absent = -1

export class ByteList {
  /** Element i is `buf[start(i) .. end(i))`. */
  buf: Buffer
  count: number
  private used: number
  private starts: Float64Array
  private ends: Float64Array

  constructor(capacity = 16) {
    this.buf = Buffer.allocUnsafe(capacity * 16)
    this.count = 0
    this.used = 0
    this.starts = new Float64Array(capacity)
    this.ends = new Float64Array(capacity)
  }

  push(bytes: Uint8Array, from: number, to: number): void {
    const size = to - from
    this.reserve(size)
    const { buf } = this
    let at = this.used
    this.starts[this.count] = at
    if (size < 64) for (let i = from; i < to; i++) buf[at++] = bytes[i]!
    else {
      buf.set(bytes.subarray(from, to), at)
      at += size
    }
    this.ends[this.count++] = at
    this.used = at
  }

  pushAbsent(): void {
    this.reserve(0)
    this.starts[this.count] = absent
    this.ends[this.count++] = absent
  }

  has(i: number): boolean {
    return this.starts[i] !== absent
  }

  start(i: number): number {
    return this.starts[i]!
  }

  end(i: number): number {
    return this.ends[i]!
  }

  /** Bytes of all elements together. */
  get bytes(): number {
    return this.used
  }

  private reserve(bytes: number): void {
    if (this.count === this.starts.length) {
      const capacity = this.count * 2
      this.starts = grown(this.starts, capacity)
      this.ends = grown(this.ends, capacity)
    }
    const need = this.used + bytes
    if (need <= this.buf.length) return
    const larger = Buffer.allocUnsafe(Math.max(need, this.buf.length * 2))
    this.buf.copy(larger, 0, 0, this.used)
    this.buf = larger
  }
}

function grown(before: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const after = new Float64Array(capacity)
  after.set(before)
  return after
}
