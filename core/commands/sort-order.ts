// The order of SORT: by numbers, with equal ones in order of their bytes, or by bytes. Results are indexes, so that
// elements stay where they are.
//
//   item      ┌ index u24 │ the 40 highest bits of what is ordered by ┐    one little-endian u64 an element
//
// The items are sorted as numbers, by native code. Only where all 40 bits are equal are the elements themselves
// compared. Texts give the five bytes behind what they all begin with.

import { scoreHigh, scoreLow } from '../arena/score.ts'
import { parseDouble } from '../double.ts'
import type { ByteList } from '../types/byte-list.ts'
import { compareBytes } from '../types/zset-pack.ts'

/** Below this doubles lose digits, which C's strtod calls out of range. */
const normalMin = 2.2250738585072014e-308

/**
 * The number that all of `buf[from..to)` is to C's strtod, NaN when it is none: blanks may stand before it, nothing at
 * all is zero, a NUL ends it.
 */
export function parseWeight(buf: Uint8Array, from: number, to: number): number {
  let end = from
  while (end < to && buf[end] !== 0) end++
  if (end === from) return 0
  let start = from
  while (start < end && (buf[start] === 32 || (buf[start]! >= 9 && buf[start]! <= 13))) start++
  const value = parseDouble(buf, start, end)
  return value !== 0 && Math.abs(value) < normalMin ? NaN : value
}

const indexBits = 24
const indexMask = 2 ** indexBits - 1

type Compare = (i: number, j: number) => number

/** Indexes from 0 in the order of 40 bits each and, where these are equal, of `compare`; equal ones as they came. */
class Items {
  private readonly count: number
  private readonly words: Uint32Array<ArrayBuffer>
  private readonly flip: number

  constructor(count: number, descending: boolean) {
    this.count = count
    this.words = new Uint32Array(count * 2)
    this.flip = descending ? 0xffffffff : 0
  }

  /** `high`: the upper 32 of the bits, `low`: the lower eight. */
  set(i: number, high: number, low: number): void {
    this.words[i * 2] = ((low ^ this.flip) << indexBits) | i
    this.words[i * 2 + 1] = high ^ this.flip
  }

  order(compare: Compare): Uint32Array {
    const { count, words } = this
    new BigUint64Array(words.buffer).sort()
    const order = new Uint32Array(count)
    for (let n = 0; n < count; n++) order[n] = words[n * 2]! & indexMask
    for (let from = 0, to = 1; to <= count; to++) {
      if (to < count && this.sameBits(from, to)) continue
      if (to - from > 1) order.set(order.subarray(from, to).toSorted(compare), from)
      from = to
    }
    return order
  }

  private sameBits(m: number, n: number): boolean {
    const { words } = this
    return words[m * 2 + 1] === words[n * 2 + 1] && words[m * 2]! >>> indexBits === words[n * 2]! >>> indexBits
  }
}

/** Indexes from 0. */
function indexes(count: number): Uint32Array {
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[i] = i
  return order
}

function compareElements(list: ByteList, i: number, j: number): number {
  const { buf } = list
  return compareBytes(buf, list.start(i), list.end(i), buf, list.start(j), list.end(j))
}

export function orderByNumber(elements: ByteList, weights: Float64Array, descending: boolean): Uint32Array {
  const sign = descending ? -1 : 1
  const compare: Compare = (i, j) => {
    const one = weights[i]!
    const other = weights[j]!
    if (one < other) return -sign
    return one > other ? sign : sign * compareElements(elements, i, j)
  }
  const { count } = elements
  if (count > indexMask) return indexes(count).toSorted(compare)
  const items = new Items(count, descending)
  for (let i = 0; i < count; i++) items.set(i, scoreHigh(weights[i]!), scoreLow(weights[i]!) >>> indexBits)
  return items.order(compare)
}

/** By texts that may be absent: these come first. Equal ones stay in the order in which they came. */
export function orderByText(texts: ByteList, descending: boolean): Uint32Array {
  const sign = descending ? -1 : 1
  const compare: Compare = (i, j) => {
    if (texts.has(i) && texts.has(j)) return sign * compareElements(texts, i, j)
    return sign * (Number(texts.has(i)) - Number(texts.has(j)))
  }
  const { count, buf } = texts
  if (count > indexMask) return indexes(count).toSorted(compare)
  const items = new Items(count, descending)
  const skip = commonBytes(texts)
  for (let i = 0; i < count; i++) {
    const at = texts.start(i) + skip
    const end = texts.has(i) ? texts.end(i) : at
    let high = 0
    for (let j = at; j < at + 4; j++) high = (high << 8) | (j < end ? buf[j]! : 0)
    items.set(i, high, at + 4 < end ? buf[at + 4]! : 0)
  }
  return items.order(compare)
}

/** How many bytes all the texts have in common at their beginning. */
function commonBytes(texts: ByteList): number {
  const { count, buf } = texts
  let first = 0
  while (first < count && !texts.has(first)) first++
  if (first === count) return 0
  const start = texts.start(first)
  let common = texts.end(first) - start
  for (let i = first + 1; i < count && common > 0; i++) {
    if (!texts.has(i)) continue
    const at = texts.start(i)
    common = Math.min(common, texts.end(i) - at)
    let same = 0
    while (same < common && buf[at + same] === buf[start + same]) same++
    common = same
  }
  return common
}

/** The order in which the elements came, or its reverse. */
export function orderAsIs(count: number, reversed: boolean): Uint32Array {
  const order = indexes(count)
  return reversed ? order.toReversed() : order
}
