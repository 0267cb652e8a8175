// Scores as elements of a pack.
//
//   a whole number within ±(2^53 − 1)    an integer element
//   a short decimal, m × 10^−p           ┌ 0xf0 + p │ m, two's complement, lowest byte first ┐      p: 1 … 9
//   any other double                     ┌ 0xff │ the eight bytes of the double, lowest first ┐
//
// Redis stores them as text; the decimals that people use take less room this way, and no reader parses digits.
// The first byte is no digit, so a pack never takes such a string for an integer. -0 is stored as 0, as in Redis.

import type { Pack } from '../arena/pack.ts'
import { integerBytes, integerHead, integerSmallMax, readInteger, wideHead } from '../arena/pack-element.ts'

const decimalTag = 0xf0
const rawTag = 0xff
const placesMax = 9
const powers = Float64Array.from({ length: placesMax + 1 }, (_, i) => 10 ** i)
/** Decimals of at most so many units are tried. */
const unitsMax = 2 ** 47

const f64 = new Float64Array(1)
const f64Bytes = new Uint8Array(f64.buffer)
const scratch = new Uint8Array(9)

/** Writes what stands for a score that is no whole number to `scratch`; returns its length. */
function encode(score: number): number {
  for (let places = 1; places <= placesMax; places++) {
    const units = Math.round(score * powers[places]!)
    if (units > unitsMax || units < -unitsMax) break
    if (units / powers[places]! !== score) continue
    scratch[0] = decimalTag + places
    let length = 1
    let rest = units
    do {
      const byte = rest & 0xff
      scratch[length++] = byte
      rest = (rest - byte) / 256
    } while (rest !== (scratch[length - 1]! & 0x80 ? -1 : 0))
    return length
  }
  f64[0] = score
  scratch[0] = rawTag
  scratch.set(f64Bytes, 1)
  return 9
}

function decode(u8: Uint8Array, from: number, to: number): number {
  const tag = u8[from]!
  if (tag === rawTag) {
    for (let i = 0; i < 8; i++) f64Bytes[i] = u8[from + 1 + i]!
    return f64[0]!
  }
  let units = (u8[to - 1]! << 24) >> 24
  for (let i = to - 2; i > from; i--) units = units * 256 + u8[i]!
  return units / powers[tag - decimalTag]!
}

/** Bytes that the element of a score takes at most. */
export function scoreBytesMax(score: number): number {
  return Number.isSafeInteger(score) ? integerBytes(score) + 2 : scratch.length + 2
}

/** Puts a score into the pack before the element at `at`, at the end when that is 0. */
export function insertScore(pack: Pack, at: number, score: number): number {
  if (Number.isSafeInteger(score)) return pack.insertInteger(at, score === 0 ? 0 : score)
  return pack.insert(at, scratch, 0, encode(score))
}

export function replaceScore(pack: Pack, at: number, score: number): void {
  if (Number.isSafeInteger(score)) pack.replaceInteger(at, score === 0 ? 0 : score)
  else pack.replace(at, scratch, 0, encode(score))
}

/** The score whose element begins at `u8[at]`. */
export function scoreAt(u8: Uint8Array, at: number): number {
  const head = u8[at]!
  // A string's head is its size.
  if (head < integerHead) return decode(u8, at + 1, at + 1 + head)
  if (head < wideHead) return head & integerSmallMax
  return readInteger(u8, at + 1, (head & 7) + 1)
}
