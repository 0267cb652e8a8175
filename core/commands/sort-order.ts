// The order of SORT: by numbers, with equal ones in order of their bytes, or by bytes. Results are indexes, so that
// elements stay where they are.

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

/** Indexes from 0, unordered. */
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
  return indexes(elements.count).toSorted((i, j) => {
    const one = weights[i]!
    const other = weights[j]!
    if (one < other) return -sign
    return one > other ? sign : sign * compareElements(elements, i, j)
  })
}

/** By texts that may be absent: these come first. Equal ones stay in the order in which they came. */
export function orderByText(texts: ByteList, descending: boolean): Uint32Array {
  const sign = descending ? -1 : 1
  return indexes(texts.count).toSorted((i, j) => {
    if (texts.has(i) && texts.has(j)) return sign * compareElements(texts, i, j)
    return sign * (Number(texts.has(i)) - Number(texts.has(j)))
  })
}

/** The order in which the elements came, or its reverse. */
export function orderAsIs(count: number, reversed: boolean): Uint32Array {
  const order = indexes(count)
  return reversed ? order.toReversed() : order
}
