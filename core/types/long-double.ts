// Numbers of INCRBYFLOAT: the 80-bit extended doubles of x87 (64-bit mantissa, round half to even), because
// redis-server computes with them on x86-64 and a result must be the same to its last digit.
// Format: https://en.wikipedia.org/wiki/Extended_precision#x86_extended_precision_format

import { latin1 } from '../args.ts'

/** `±mantissa × 2^exponent`; the mantissa has at most 64 bits. */
export type LongDouble = { negative: boolean; mantissa: bigint; exponent: number; infinite: boolean }

const mantissaBits = 64
const exponentMin = -16445
/** Values reach 2^this. */
const bitsMax = 16384
/** Longest text that is tried. */
const textBytesMax = 5 * 1024
/** Decimal places that are printed. */
const places = 17
const placesFactor = 10n ** BigInt(places)
const infinity: LongDouble = { negative: false, mantissa: 0n, exponent: 0, infinite: true }

function bitLength(n: bigint): number {
  if (n === 0n) return 0
  const hex = n.toString(16)
  return (hex.length - 1) * 4 + (32 - Math.clz32(parseInt(hex[0]!, 16)))
}

/** The nearest long double to numerator / denominator × 2^exponent. */
function nearest(negative: boolean, numerator: bigint, denominator: bigint, exponent: number): LongDouble {
  if (numerator === 0n) return { negative, mantissa: 0n, exponent: 0, infinite: false }
  // First a shift that gives a quotient of 64 or 65 bits; subnormals get fewer.
  let shift = mantissaBits - (bitLength(numerator) - bitLength(denominator))
  let quotient = divide(numerator, denominator, shift).quotient
  if (bitLength(quotient) > mantissaBits) shift--
  if (exponent - shift < exponentMin) shift = exponent - exponentMin
  const exact = divide(numerator, denominator, shift)
  quotient = exact.quotient
  const twice = exact.remainder * 2n
  if (twice > exact.divisor || (twice === exact.divisor && (quotient & 1n) === 1n)) quotient++
  if (bitLength(quotient) + exponent - shift > bitsMax) return { ...infinity, negative }
  return { negative, mantissa: quotient, exponent: exponent - shift, infinite: false }
}

function divide(
  numerator: bigint, denominator: bigint, shift: number,
): { quotient: bigint; remainder: bigint; divisor: bigint } {
  const dividend = shift > 0 ? numerator << BigInt(shift) : numerator
  const divisor = shift < 0 ? denominator << BigInt(-shift) : denominator
  return { quotient: dividend / divisor, remainder: dividend % divisor, divisor }
}

/** As `parseLongDouble`, of the bytes `buf[from..to)`. */
export function longDoubleAt(buf: Uint8Array, from: number, to: number): LongDouble | undefined {
  return to - from < textBytesMax ? parseLongDouble(latin1(buf, from, to)) : undefined
}

/**
 * What C's strtold makes of the whole text: decimal, hexadecimal or infinity. Undefined when it isn't a number, is too
 * large, or vanishes to zero.
 */
export function parseLongDouble(text: string): LongDouble | undefined {
  if (text.length === 0 || text.length >= textBytesMax) return undefined
  const decimal = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text)
  if (decimal !== null && decimal[2]!.length + decimal[3]!.length > 0) {
    return parseDigits(decimal, 10n)
  }
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?$/.exec(text)
  if (hex !== null && hex[2]!.length + hex[3]!.length > 0) return parseDigits(hex, 16n)
  const word = /^([+-]?)(?:inf|infinity)$/i.exec(text)
  return word === null ? undefined : { ...infinity, negative: word[1] === '-' }
}

function parseDigits(match: RegExpExecArray, base: 10n | 16n): LongDouble | undefined {
  const negative = match[1] === '-'
  const fraction = match[3]!
  const digits = `${match[2]!}${fraction}`.replace(/^0+/, '')
  if (digits === '') return { negative, mantissa: 0n, exponent: 0, infinite: false }
  const written = Number(match[4] ?? '0')
  let value: LongDouble
  if (base === 16n) {
    const exponent = written - fraction.length * 4
    if (Math.abs(exponent) > 100_000) return undefined
    value = nearest(negative, BigInt(`0x${digits}`), 1n, exponent)
  } else {
    const exponent = written - fraction.length
    // Far outside of the range the powers of ten would only cost time.
    if (digits.length + exponent > 4950 || digits.length + exponent < -5000) return undefined
    const power = 10n ** BigInt(Math.abs(exponent))
    if (exponent >= 0) value = nearest(negative, BigInt(digits) * power, 1n, 0)
    else value = nearest(negative, BigInt(digits), power, 0)
  }
  return value.infinite || value.mantissa === 0n ? undefined : value
}

/** The rounded sum; infinite when a part or the sum is. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble {
  if (a.infinite || b.infinite) return infinity
  const exponent = Math.min(a.exponent, b.exponent)
  const left = a.mantissa << BigInt(a.exponent - exponent)
  const right = b.mantissa << BigInt(b.exponent - exponent)
  const sum = (a.negative ? -left : left) + (b.negative ? -right : right)
  return nearest(sum < 0n, sum < 0n ? -sum : sum, 1n, exponent)
}

/** As C prints `%.17Lf`, without the zeros at its end. */
export function formatLongDouble(value: LongDouble): string {
  let scaled = value.mantissa * placesFactor
  if (value.exponent >= 0) scaled <<= BigInt(value.exponent)
  else {
    const bits = BigInt(-value.exponent)
    const whole = scaled >> bits
    const twice = (scaled - (whole << bits)) * 2n
    const one = 1n << bits
    scaled = twice > one || (twice === one && (whole & 1n) === 1n) ? whole + 1n : whole
  }
  const digits = scaled.toString().padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  const text = fraction === '' ? digits.slice(0, -places) : `${digits.slice(0, -places)}.${fraction}`
  return value.negative && text !== '0' ? `-${text}` : text
}
