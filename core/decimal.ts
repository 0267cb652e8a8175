// Integers as decimal digits, to and from bytes, without strings and BigInts. 64-bit ones are two words: the high one
// signed, the low one unsigned.

/** What `parseDecimal64` read last: high word (signed), low word. */
export const parsed = { high: 0, low: 0 }

const billion = 1_000_000_000
const word = 0x100000000
/** Digits that a double holds exactly, whatever they are. */
const exactDigits = 15
const digitsMax = 19
/** Most bytes that a 64-bit integer takes. */
export const decimalBytesMax = 20

function digitsOf(n: number): number {
  if (n < 10) return 1
  if (n < 100) return 2
  if (n < 1000) return 3
  if (n < 10_000) return 4
  if (n < 100_000) return 5
  if (n < 1_000_000) return 6
  if (n < 10_000_000) return 7
  if (n < 100_000_000) return 8
  return n < billion ? 9 : 10
}

/** Writes a whole number within ±2^53; returns the offset behind it. */
export function writeDecimal(buf: Uint8Array, at: number, n: number): number {
  if (n < 0) {
    buf[at++] = 45
    n = -n
  }
  if (n >= 0x80000000) {
    const high = Math.floor(n / billion)
    at = writeDecimal(buf, at, high)
    return writePadded(buf, at, n - high * billion)
  }
  const end = at + digitsOf(n)
  let rest = n | 0
  let i = end
  do {
    const tenth = (rest / 10) | 0
    buf[--i] = 48 + rest - tenth * 10
    rest = tenth
  } while (rest > 0)
  return end
}

/** Nine digits, with zeros in front. */
function writePadded(buf: Uint8Array, at: number, n: number): number {
  const end = at + 9
  let rest = n | 0
  for (let i = end; i > at;) {
    const tenth = (rest / 10) | 0
    buf[--i] = 48 + rest - tenth * 10
    rest = tenth
  }
  return end
}

/** Writes the 64-bit integer high × 2^32 + low; returns the offset behind it. */
export function writeDecimal64(buf: Uint8Array, at: number, high: number, low: number): number {
  if (high >= -0x200000 && high < 0x200000) return writeDecimal(buf, at, high * word + low)
  if (high < 0) {
    buf[at++] = 45
    // Two's complement of both words; the magnitude of the smallest one has its high word 0x80000000.
    high = low === 0 ? -high : -high - 1
    low = low === 0 ? 0 : word - low
  }
  // Long division by a billion in 16-bit steps keeps every intermediate below 2^46.
  let rest = 0
  let quotient = 0
  for (let step = 0; step < 4; step++) {
    const part = step < 2 ? high : low
    const current = rest * 0x10000 + (step % 2 === 0 ? Math.floor(part / 0x10000) : part % 0x10000)
    const digit = Math.floor(current / billion)
    rest = current - digit * billion
    quotient = quotient * 0x10000 + digit
  }
  return writePadded(buf, writeDecimal(buf, at, quotient), rest)
}

/**
 * Reads `buf[from..to)` into `parsed` where it is a signed 64-bit integer as it would be printed (no plus, no leading
 * zeros); false when it isn't.
 */
export function parseDecimal64(buf: Uint8Array, from: number, to: number): boolean {
  const negative = from < to && buf[from] === 45
  const start = negative ? from + 1 : from
  const digits = to - start
  if (digits < 1 || digits > digitsMax) return false
  if (buf[start] === 48) {
    parsed.high = 0
    parsed.low = 0
    return digits === 1 && !negative
  }
  const split = digits > exactDigits ? to - 9 : to
  let head = 0
  for (let i = start; i < split; i++) {
    const digit = buf[i]! - 48
    if (digit < 0 || digit > 9) return false
    head = head * 10 + digit
  }
  if (split === to) {
    const value = negative ? -head : head
    parsed.high = Math.floor(value / word)
    parsed.low = value - parsed.high * word
    return true
  }
  let tail = 0
  for (let i = split; i < to; i++) {
    const digit = buf[i]! - 48
    if (digit < 0 || digit > 9) return false
    tail = tail * 10 + digit
  }
  return multiply(head, tail, negative)
}

/** head × 10^9 + tail (head < 10^10), negated when asked, into `parsed`; false beyond 64 bits. */
function multiply(head: number, tail: number, negative: boolean): boolean {
  const upper = Math.floor(head / 0x10000) * billion
  const lower = (head % 0x10000) * billion + tail
  const low = (upper % 0x10000) * 0x10000 + (lower % word)
  const carry = low >= word ? 1 : 0
  const magnitudeLow = low - carry * word
  const magnitudeHigh = Math.floor(upper / 0x10000) + Math.floor(lower / word) + carry
  if (!negative) {
    parsed.high = magnitudeHigh
    parsed.low = magnitudeLow
    return magnitudeHigh < 0x80000000
  }
  if (magnitudeHigh > 0x80000000 || (magnitudeHigh === 0x80000000 && magnitudeLow > 0)) return false
  parsed.high = magnitudeLow === 0 ? -magnitudeHigh : -magnitudeHigh - 1
  parsed.low = magnitudeLow === 0 ? 0 : word - magnitudeLow
  return true
}
