// The checksum of RDB files and dumped values: CRC-64 with Jones' polynomial 0xad93d23594c935a9, reflected, from 0.
// Kept in two u32 halves, because a double holds no 64 bits.

const polynomialHigh = 0x95ac9329
const polynomialLow = 0xac4bc9b5
const tableHigh = new Uint32Array(256)
const tableLow = new Uint32Array(256)

for (let byte = 0; byte < 256; byte++) {
  let high = 0
  let low = byte
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1
    low = ((low >>> 1) | (high << 31)) >>> 0
    high >>>= 1
    if (odd === 1) {
      high = (high ^ polynomialHigh) >>> 0
      low = (low ^ polynomialLow) >>> 0
    }
  }
  tableHigh[byte] = high
  tableLow[byte] = low
}

/** A checksum in the making; `high` and `low` are its two u32 words. */
export class Crc64 {
  high: number
  low: number

  constructor() {
    this.high = 0
    this.low = 0
  }

  update(buf: Uint8Array, from: number, to: number): this {
    let { high, low } = this
    for (let at = from; at < to; at++) {
      const index = (low ^ buf[at]!) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ tableLow[index]!
      high = (high >>> 8) ^ tableHigh[index]!
    }
    this.high = high >>> 0
    this.low = low >>> 0
    return this
  }
}
