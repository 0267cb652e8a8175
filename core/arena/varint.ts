// Unsigned 64-bit numbers as 1 to 10 bytes, seven bits a byte, the lowest first; as two u32 words, without BigInt.

/** What `readVarint` read last: high word, low word. */
export const varint = new Uint32Array(2)

/** Reads the number at `u8[at]` into `varint`; returns the offset behind it. */
export function readVarint(u8: Uint8Array, at: number): number {
  let byte = u8[at++]!
  if (byte < 0x80) {
    varint[0] = 0
    varint[1] = byte
    return at
  }
  let low = byte & 0x7f
  let high = 0
  let shift = 7
  do {
    byte = u8[at++]!
    const bits = byte & 0x7f
    if (shift < 28) low |= bits << shift
    else if (shift === 28) {
      low |= bits << 28
      high = bits >>> 4
    } else high |= bits << (shift - 32)
    shift += 7
  } while (byte >= 0x80)
  varint[0] = high
  varint[1] = low
  return at
}

/** As `readVarint`, for a number known to be below 2^32: returns it, and leaves the offset in `varintEnd[0]`. */
export function readSmallVarint(u8: Uint8Array, at: number): number {
  let byte = u8[at++]!
  let value = byte & 0x7f
  for (let shift = 7; byte >= 0x80; shift += 7) {
    byte = u8[at++]!
    value |= (byte & 0x7f) << shift
  }
  varintEnd[0] = at
  return value >>> 0
}

export const varintEnd = new Float64Array(1)

/** Writes the number at `u8[at]`; returns the offset behind it. */
export function writeVarint(u8: Uint8Array, at: number, high: number, low: number): number {
  while (high !== 0 || low > 0x7f) {
    u8[at++] = (low & 0x7f) | 0x80
    low = ((low >>> 7) | (high << 25)) >>> 0
    high >>>= 7
  }
  u8[at++] = low
  return at
}

/** Bytes that `writeVarint` takes. */
export function varintBytes(high: number, low: number): number {
  if (high === 0) return low < 0x80 ? 1 : low < 0x4000 ? 2 : low < 0x200000 ? 3 : low < 0x10000000 ? 4 : 5
  const bits = 64 - Math.clz32(high)
  return Math.ceil(bits / 7)
}
