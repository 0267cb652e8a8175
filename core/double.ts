// Doubles as text: read as C's strtod reads them, printed as Redis 7.4 prints them. Scores, weights, coordinates.
//
// Printed: a whole number of at most 2^62 as an integer, in all its digits, anything else with the fewest digits that
// read back as the same double, in the notation of the fpconv library (https://github.com/night-shift/fpconv).
// Integers and short decimals, which is nearly all there is, go without a string both ways.

import { latin1 } from './args.ts'
import { writeDigits } from './digits.ts'

/** Powers of ten that a double holds exactly. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))
/** A whole number of so many digits is exact. */
const exactDigits = 15
/** Whole numbers of at most this size are printed as integers. */
const wholeMax = 2 ** 62

/** Room for the longest text of a double. */
const textBytes = 40
/** What `writeDouble` wrote stands at the end of these bytes. */
export const doubleText = Buffer.alloc(textBytes)

/**
 * The double that is all of `buf[from..to)`: decimal, hexadecimal or infinity. NaN when there is none: empty, blanks,
 * `nan`, anything left over, a number that is too large or that vanishes to zero.
 */
export function parseDouble(buf: Uint8Array, from: number, to: number): number {
  const quick = parseDecimal(buf, from, to)
  if (!Number.isNaN(quick)) return quick
  if (from === to || isBlank(buf[from]!)) return NaN
  const text = latin1(buf, from, to)
  const value = readNumber(text)
  // The C library reports these two as out of range.
  if (Math.abs(value) === Infinity && !/inf/i.test(text)) return NaN
  return value === 0 && namesMore(text) ? NaN : value
}

/** True when a digit before the exponent is not zero. */
function namesMore(text: string): boolean {
  if (/^[+-]?0x/i.test(text)) return /[1-9a-f]/i.test(text.slice(2).replace(/p.*$/i, ''))
  return /[1-9]/.test(text.replace(/e.*$/i, ''))
}

/**
 * A bound of a range: as `parseDouble`, but blanks may stand before it, nothing at all is zero, a NUL ends it, and what
 * is out of range is infinite or zero. Redis takes these as they come.
 */
export function parseBound(buf: Uint8Array, from: number, to: number): number {
  const quick = parseDecimal(buf, from, to)
  if (!Number.isNaN(quick)) return quick
  if (to - from === 4 && buf[from + 1] === 105 && buf[from + 2] === 110 && buf[from + 3] === 102) {
    if (buf[from] === 43) return Infinity
    if (buf[from] === 45) return -Infinity
  }
  let end = from
  while (end < to && buf[end] !== 0) end++
  if (end === from) return 0
  let start = from
  while (start < end && isBlank(buf[start]!)) start++
  return readNumber(latin1(buf, start, end))
}

/** Digits with at most one point among them, so few that their quotient by a power of ten is exact; else NaN. */
function parseDecimal(buf: Uint8Array, from: number, to: number): number {
  let at = from
  const negative = at < to && buf[at] === 45
  if (negative) at++
  if (at === to || to - at > exactDigits + 1) return NaN
  let value = 0
  let point = -1
  for (; at < to; at++) {
    const digit = buf[at]! - 48
    if (digit >= 0 && digit <= 9) value = value * 10 + digit
    else if (digit === -2 && point < 0) point = at
    else return NaN
  }
  if (point >= 0) {
    const places = to - point - 1
    if (to - from < (negative ? 3 : 2)) return NaN
    if (places > 0) value /= powersOfTen[places]!
  } else if (to - from > exactDigits) return NaN
  return negative ? -value : value
}

/** What C's strtod makes of the whole text, NaN when it leaves something. */
function readNumber(text: string): number {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Number(text)
  const word = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (word !== null) return word[1] === '-' ? -Infinity : Infinity
  const hex = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i.exec(text)
  if (hex === null || hex[2]!.length + hex[3]!.length === 0) return NaN
  const mantissa = Number(BigInt(`0x${hex[2]!}${hex[3]!}`))
  const exponent = Number(hex[4] ?? 0) - hex[3]!.length * 4
  // In two steps, as the power alone may be out of range.
  const half = Math.trunc(exponent / 2)
  const value = mantissa === 0 ? 0 : mantissa * 2 ** half * 2 ** (exponent - half)
  return hex[1] === '-' ? -value : value
}

function isBlank(c: number): boolean {
  return c === 32 || (c >= 9 && c <= 13)
}

/** Writes the double to the end of `doubleText`; returns where it begins there. */
export function writeDouble(value: number): number {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return writeDigits(doubleText, textBytes, value)
  const text = formatDouble(value)
  const from = textBytes - text.length
  for (let i = 0; i < text.length; i++) doubleText[from + i] = text.charCodeAt(i)
  return from
}

/** The double as Redis 7.4 prints it; NaN is `nan`. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (value === Infinity) return 'inf'
  if (value === -Infinity) return '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  if (isWhole(value)) return Number.isSafeInteger(value) ? String(value) : String(BigInt(value))
  const plain = plainDecimal(value)
  if (plain !== '') return plain
  const [mantissa, power] = Math.abs(value).toExponential().split('e') as [string, string]
  const sign = value < 0 ? '-' : ''
  return sign + notation(mantissa.replace('.', ''), Number(power), value < 0)
}

/** True for what Redis takes for an integer when it prints a double, stores a score, or gets a number of a script. */
export function isWhole(value: number): boolean {
  return value <= wholeMax && value >= -wholeMax && Number.isInteger(value)
}

/** What JavaScript prints, where that is the notation of `notation`, too: all usual fractions. Else ''. */
function plainDecimal(value: number): string {
  const size = Math.abs(value)
  if (size < 1e-6 || size >= 1e15) return ''
  const text = String(value)
  const places = text.length - 1 - text.indexOf('.')
  return places <= 6 || (size >= 1e-3 && size < 1e4) ? text : ''
}

/** `digits` × 10^(power − the digits behind the first) as fpconv writes it. */
function notation(digits: string, power: number, negative: boolean): string {
  const count = digits.length
  const scale = power - count + 1
  const size = Math.abs(power)
  if (scale >= 0 && size < count + 7) return digits + '0'.repeat(scale)
  if (scale < 0 && (scale > -7 || size < 4)) {
    const whole = count + scale
    if (whole <= 0) return `0.${'0'.repeat(-whole)}${digits}`
    return `${digits.slice(0, whole)}.${digits.slice(whole)}`
  }
  const kept = digits.slice(0, negative ? 17 : 18)
  const fraction = kept.length > 1 ? `.${kept.slice(1)}` : ''
  return `${kept[0]!}${fraction}e${power < 0 ? '-' : '+'}${size}`
}

/** As C's `printf("%.17g")`: how redis-server 7.0 prints doubles, and what its DEBUG DIGEST reads of scores. */
export function formatDouble17(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatDouble(value)
  const [mantissa, power] = Math.abs(value).toExponential(16).split('e') as [string, string]
  const exponent = Number(power)
  const sign = value < 0 ? '-' : ''
  if (exponent < -4 || exponent >= 17) {
    const digits = String(Math.abs(exponent)).padStart(2, '0')
    return `${sign}${mantissa.replace(/\.?0+$/, '')}e${exponent < 0 ? '-' : '+'}${digits}`
  }
  const fixed = fixedOf(mantissa.replace('.', ''), exponent)
  return sign + (fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed)
}

/** Seventeen digits with the point behind the one of 10^0. */
function fixedOf(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  if (exponent + 1 === digits.length) return digits
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`
}
