// CRC-64 as RDB files and dumped values carry it: polynomial 0xad93d23594c935a9 (Jones), reflected, from 0.
// Kept in two halves of 32 bits, because a double holds no 64.

const polyLow = 0xac4bc9b5
const polyHigh = 0x95ac9329

const tableLow = new Uint32Array(256)
const tableHigh = new Uint32Array(256)
for (let byte = 0; byte < 256; byte++) {
  let [low, high] = [byte, 0]
  for (let bit = 0; bit < 8; bit++) {
    const odd = (low & 1) !== 0
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (odd) {
      low ^= polyLow
      high ^= polyHigh
    }
  }
  tableLow[byte] = low
  tableHigh[byte] = high
}

/** The checksum of `bytes[from..to)`. */
export function crc64(bytes: Uint8Array, from = 0, to = bytes.length): bigint {
  let low = 0
  let high = 0
  for (let i = from; i < to; i++) {
    const at = (low ^ bytes[i]!) & 255
    low = ((low >>> 8) | (high << 24)) ^ tableLow[at]!
    high = (high >>> 8) ^ tableHigh[at]!
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}
