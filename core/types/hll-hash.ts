// What HyperLogLog takes from an element: the register that it falls on, and its rank there, by MurmurHash64A (A.
// Appleby) with Redis's seed. 64-bit products are made of 32-bit halves with Math.imul: no BigInt, no object.
//
//   hash    ┌ 50 bits: trailing zeros + 1 is the rank, 1 … 51 │ register: 14 bits ┐

/** Bits of a hash that name the register. */
export const indexBits = 14
export const registers = 1 << indexBits
export const rankMax = 64 - indexBits + 1

const seed = 0xadc83b19 | 0
const multiplierLow = 0x5bd1e995
const multiplierHigh = 0xc6a4a793 | 0
const lowHalf = multiplierLow & 0xffff
const highHalf = multiplierLow >>> 16
/** The guard bit above the 50 bits, within their high word. */
const guardBit = 1 << (64 - indexBits - 32)

/** High word of the 64-bit product of an unsigned word and the multiplier's low word. */
function carry(low: number): number {
  const a0 = low & 0xffff
  const a1 = low >>> 16
  const middle = (Math.imul(a1, lowHalf) >>> 0) + (Math.imul(a0, lowHalf) >>> 16)
  const other = (Math.imul(a0, highHalf) >>> 0) + (middle & 0xffff)
  return (Math.imul(a1, highHalf) + (middle >>> 16) + (other >>> 16)) | 0
}

/** High word of (high, low) times the multiplier; the low word is `Math.imul(low, multiplierLow)`. */
function highProduct(low: number, high: number): number {
  return (carry(low) + Math.imul(low, multiplierHigh) + Math.imul(high, multiplierLow)) | 0
}

function wordAt(buf: Uint8Array, at: number): number {
  return buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24)
}

/** The element `buf[from..to)`: its register in the low 14 bits, its rank above them. */
export function placeOf(buf: Uint8Array, from: number, to: number): number {
  const size = to - from
  let low = seed ^ Math.imul(size, multiplierLow)
  let high = highProduct(size, 0)
  let at = from
  for (; at + 8 <= to; at += 8) {
    let k = wordAt(buf, at)
    let kHigh = highProduct(k, wordAt(buf, at + 4))
    k = Math.imul(k, multiplierLow)
    // k ^= k >> 47
    k ^= kHigh >>> 15
    kHigh = highProduct(k, kHigh)
    k = Math.imul(k, multiplierLow)
    low ^= k
    high = highProduct(low, high ^ kHigh)
    low = Math.imul(low, multiplierLow)
  }
  if (at < to) {
    for (let i = at; i < to; i++) {
      const shift = (i - at) << 3
      if (shift < 32) low ^= buf[i]! << shift
      else high ^= buf[i]! << (shift - 32)
    }
    high = highProduct(low, high)
    low = Math.imul(low, multiplierLow)
  }
  low ^= high >>> 15
  high = highProduct(low, high)
  low = Math.imul(low, multiplierLow)
  low ^= high >>> 15

  const index = low & (registers - 1)
  const restLow = (low >>> indexBits) | (high << (32 - indexBits))
  const restHigh = (high >>> indexBits) | guardBit
  const zeros = restLow !== 0 ? trailingZeros(restLow) : 32 + trailingZeros(restHigh)
  return index | ((zeros + 1) << indexBits)
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word)
}
