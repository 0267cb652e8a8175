// The checksum of RDB files and dumped values: CRC-64 with Jones' polynomial 0xad93d23594c935a9, reflected, from 0.
// Kept in two u32 halves, because a double holds no 64 bits. Eight bytes at a time, each by a table of its own that
// says what it comes to behind those that follow ("slicing"): measured 3 times as fast as byte by byte, and reading
// words a fifth faster again.

import { WordView } from '../arena/word-view.ts'

const polynomialHigh = 0x95ac9329
const polynomialLow = 0xac4bc9b5
const slices = 8
/** Of slice s and byte b, at s × 256 + b: what b comes to with s bytes of zeros behind it. */
const tableHigh = new Int32Array(slices * 256)
const tableLow = new Int32Array(slices * 256)

for (let byte = 0; byte < 256; byte++) {
  let high = 0
  let low = byte
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (odd === 1) {
      high ^= polynomialHigh
      low ^= polynomialLow
    }
  }
  tableHigh[byte] = high
  tableLow[byte] = low
}
for (let at = 256; at < slices * 256; at++) {
  const high = tableHigh[at - 256]!
  const low = tableLow[at - 256]!
  const byte = low & 0xff
  tableLow[at] = ((low >>> 8) | (high << 24)) ^ tableLow[byte]!
  tableHigh[at] = (high >>> 8) ^ tableHigh[byte]!
}

const words = new WordView()

/** A checksum in the making; `high` and `low` are its two u32 words. */
export class Crc64 {
  high: number
  low: number

  constructor() {
    this.high = 0
    this.low = 0
  }

  update(buf: Uint8Array, from: number, to: number): this {
    let high = this.high | 0
    let low = this.low | 0
    let at = from
    const view = words.over(buf)
    for (const last = to - slices; at <= last; at += slices) {
      low ^= view.getInt32(at, true)
      high ^= view.getInt32(at + 4, true)
      const a = 0x700 | (low & 0xff)
      const b = 0x600 | ((low >>> 8) & 0xff)
      const c = 0x500 | ((low >>> 16) & 0xff)
      const d = 0x400 | (low >>> 24)
      const e = 0x300 | (high & 0xff)
      const f = 0x200 | ((high >>> 8) & 0xff)
      const g = 0x100 | ((high >>> 16) & 0xff)
      const h = high >>> 24
      low = tableLow[a]! ^ tableLow[b]! ^ tableLow[c]! ^ tableLow[d]!
        ^ tableLow[e]! ^ tableLow[f]! ^ tableLow[g]! ^ tableLow[h]!
      high = tableHigh[a]! ^ tableHigh[b]! ^ tableHigh[c]! ^ tableHigh[d]!
        ^ tableHigh[e]! ^ tableHigh[f]! ^ tableHigh[g]! ^ tableHigh[h]!
    }
    for (; at < to; at++) {
      const index = (low ^ buf[at]!) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ tableLow[index]!
      high = (high >>> 8) ^ tableHigh[index]!
    }
    this.high = high >>> 0
    this.low = low >>> 0
    return this
  }
}
