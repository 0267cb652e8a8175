// Encodes what many clients are pushed once, into chunks that they share: the outbox gives each a slice of them, and
// messages that follow each other in a chunk leave as one. A chunk is only ever appended to, so that a socket may hold
// on to a slice; the collector takes a chunk when nobody does.
//
//   RESP2  *3\r\n $7\r\n message\r\n $<n>\r\n <channel>\r\n $<n>\r\n <payload>\r\n
//   RESP3  >3\r\n …                                                             the same but for its first byte

import { fanOutBytes } from './limits.ts'

const CR = 13
const LF = 10

export class FanOut {
  /** The message that was written last is `chunk[from..to)`. */
  chunk: Buffer
  from: number
  to: number
  private readonly sigil: number

  constructor(resp: 2 | 3) {
    this.chunk = Buffer.alloc(0)
    this.from = 0
    this.to = 0
    this.sigil = resp === 3 ? 62 : 42
  }

  /** Begins a push of `count` items that take `bytes` at most. */
  begin(count: number, bytes: number): void {
    const need = bytes + 32
    if (this.to + need > this.chunk.length) {
      this.chunk = Buffer.allocUnsafeSlow(Math.max(fanOutBytes, need))
      this.to = 0
    }
    this.from = this.to
    this.header(this.sigil, count)
  }

  /** `bulkBytes(size)` is what it takes. */
  bulk(bytes: Uint8Array, from: number, to: number): void {
    const size = to - from
    this.header(36, size)
    const { chunk } = this
    let at = this.to
    if (size < 64) for (let i = from; i < to; i++) chunk[at++] = bytes[i]!
    else {
      chunk.set(bytes.subarray(from, to), at)
      at += size
    }
    chunk[at] = CR
    chunk[at + 1] = LF
    this.to = at + 2
  }

  nil(resp: 2 | 3): void {
    this.to += this.chunk.write(resp === 3 ? '_\r\n' : '$-1\r\n', this.to, 'latin1')
  }

  int(n: number): void {
    this.header(58, n)
  }

  array(count: number): void {
    this.header(42, count)
  }

  private header(sigil: number, n: number): void {
    const { chunk } = this
    let at = this.to
    chunk[at++] = sigil
    if (n < 10) chunk[at++] = 48 + n
    else at += chunk.write(String(n), at, 'latin1')
    chunk[at] = CR
    chunk[at + 1] = LF
    this.to = at + 2
  }
}

/** Bytes that a bulk string of `size` bytes takes at most. */
export function bulkBytes(size: number): number {
  return size + 16
}
