// Signed 64-bit integers as two 32-bit words, parsed and printed without BigInt: members of sets often are such ids.
// In `int64` the high word stands before the low one, both as int32 bits.

/** What `parseInt64Words` read: high word, low word. */
export const int64 = new Int32Array(2)

const two32 = 0x100000000
/** So many digits are exact in a double. */
const exactDigits = 15
const digitsMax = 19
/** Longer decimals are handled as two halves: below and from 10^9. */
const billion = 1_000_000_000
/** Digits are written from the right into this. */
const digits = Buffer.alloc(24)

/**
 * Reads the decimal `buf[from..to)` into `int64`; false when it isn't one in the form in which it would be printed
 * (no blanks, no plus, no leading zeros) or is out of range.
 */
export function parseInt64Words(buf: Uint8Array, from: number, to: number): boolean {
  const negative = from < to && buf[from] === 45
  let at = negative ? from + 1 : from
  const size = to - at
  if (size <= 0 || size > digitsMax) return false
  if (buf[at] === 48) {
    int64[0] = 0
    int64[1] = 0
    return size === 1 && !negative
  }
  const split = size <= exactDigits ? to : to - 9
  let value = 0
  for (; at < split; at++) {
    const digit = buf[at]! - 48
    if (digit < 0 || digit > 9) return false
    value = value * 10 + digit
  }
  if (split === to) {
    setNumber(negative ? -value : value)
    return true
  }
  let rest = 0
  for (; at < to; at++) {
    const digit = buf[at]! - 48
    if (digit < 0 || digit > 9) return false
    rest = rest * 10 + digit
  }
  // value × 10^9 + rest, in parts that a double holds: value < 10^10.
  const top = Math.floor(value / 65536) * billion
  const low = (top % 65536) * 65536 + (value % 65536) * billion + rest
  const high = Math.floor(top / 65536) + Math.floor(low / two32)
  if (high > 0x7fffffff) {
    // Only −2^63 has the top bit set.
    if (!negative || high !== 0x80000000 || low % two32 !== 0) return false
  }
  setWords(high, low % two32, negative)
  return true
}

function setNumber(value: number): void {
  int64[0] = Math.floor(value / two32)
  int64[1] = value
}

function setWords(high: number, low: number, negative: boolean): void {
  int64[0] = negative ? (low === 0 ? -high : ~high) : high
  int64[1] = negative ? -low : low
}

/** Negative, 0 or positive as the first number is below, equal to or above the second. */
export function compareInt64(high: number, low: number, otherHigh: number, otherLow: number): number {
  return high - otherHigh || (low >>> 0) - (otherLow >>> 0)
}

/** Writes the number's decimal to the end of `int64Digits`; returns where it begins. */
export function formatInt64(high: number, low: number): number {
  let at = digits.length
  const negative = high < 0
  let value = high * two32 + (low >>> 0)
  if (Number.isSafeInteger(value)) {
    if (negative) value = -value
    if (value < two32) at = writeDigits(value, at)
    else {
      const upper = Math.floor(value / billion)
      at = writeDigits(upper, writeNine(value - upper * billion, at))
    }
  } else at = writeLong(high, low, negative, at)
  if (negative) digits[--at] = 45
  return at
}

/** Where `formatInt64` writes. */
export const int64Digits = digits

/** Beyond 2^53: the magnitude is divided by 10^9, sixteen bits at a time. */
function writeLong(high: number, low: number, negative: boolean, at: number): number {
  const magnitudeHigh = (negative ? ((low | 0) === 0 ? -high : ~high) : high) >>> 0
  const magnitudeLow = (negative ? -low : low) >>> 0
  let rest = magnitudeHigh % billion
  let quotient = Math.floor(magnitudeHigh / billion)
  for (let shift = 16; shift >= 0; shift -= 16) {
    const part = rest * 65536 + ((magnitudeLow >>> shift) & 0xffff)
    const whole = Math.floor(part / billion)
    quotient = quotient * 65536 + whole
    rest = part - whole * billion
  }
  const middle = writeNine(rest, at)
  if (quotient < two32) return writeDigits(quotient, middle)
  const upper = Math.floor(quotient / billion)
  return writeDigits(upper, writeNine(quotient - upper * billion, middle))
}

/** Writes a u32 that ends before `at`; returns where it begins. */
function writeDigits(value: number, at: number): number {
  let rest = value >>> 0
  do {
    const tenth = Math.floor(rest / 10)
    digits[--at] = 48 + rest - tenth * 10
    rest = tenth
  } while (rest > 0)
  return at
}

/** As `writeDigits`, with zeros in front to nine digits. */
function writeNine(value: number, at: number): number {
  digits.fill(48, at - 9, writeDigits(value, at))
  return at - 9
}
