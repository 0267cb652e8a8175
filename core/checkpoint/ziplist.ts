// The packed encodings of Redis before 7.0, which old files and payloads hold: ziplists and zipmaps. Only read.
// https://rdb.fnordig.de/file_format.html has both layouts.
//
//   ziplist   ┌ bytes u32 │ offset of the last u32 │ entries u16 │ entry │ … │ 0xff ┐
//   entry     ┌ bytes of the one before: u8, or 0xfe and u32 │ encoding │ payload ┐
//   zipmap    ┌ pairs u8 │ size │ key │ size │ spare u8 │ value │ spare bytes │ … │ 0xff ┐   size: u8, or 0xfe and u32

import { formatInt64, int64Digits } from '../types/int64.ts'
import { RdbError } from './rdb-format.ts'

/** Gets each element in turn: `buf[from..to)`, good until it returns. */
export type ElementVisitor = (buf: Uint8Array, from: number, to: number) => void

const headerBytes = 10
const endMark = 0xff
const wideMark = 0xfe
const damaged = 'a ziplist or zipmap is damaged'

export function eachOfZiplist(bytes: Buffer, visit: ElementVisitor): void {
  if (bytes.length < headerBytes + 1 || bytes.readUInt32LE(0) !== bytes.length) throw new RdbError(damaged)
  const end = bytes.length - 1
  let at = headerBytes
  while (at < end) {
    at += bytes[at] === wideMark ? 5 : 1
    at = visitEntry(bytes, at, end, visit)
  }
  if (at !== end || bytes[end] !== endMark) throw new RdbError(damaged)
}

function visitEntry(bytes: Buffer, at: number, end: number, visit: ElementVisitor): number {
  const head = bytes[at]
  if (head === undefined || at >= end) throw new RdbError(damaged)
  if (head < 0xc0) {
    const kind = head >>> 6
    const wide = kind === 2
    const from = at + (kind === 0 ? 1 : wide ? 5 : 2)
    if (from > end) throw new RdbError(damaged)
    const size = kind === 0 ? head : wide ? bytes.readUInt32BE(at + 1) : ((head & 63) << 8) | bytes[at + 1]!
    if (from + size > end) throw new RdbError(damaged)
    visit(bytes, from, from + size)
    return from + size
  }
  const size = integerBytes(head)
  if (size < 0 || at + 1 + size > end) throw new RdbError(damaged)
  if (size === 8) visitInteger(bytes.readInt32LE(at + 5), bytes.readInt32LE(at + 1), visit)
  else {
    const value = size === 0 ? head - 0xf1 : bytes.readIntLE(at + 1, size)
    visitInteger(value >> 31, value, visit)
  }
  return at + 1 + size
}

/** Bytes of payload behind the encoding byte of an integer, -1 when it is none. */
function integerBytes(head: number): number {
  if (head === 0xc0) return 2
  if (head === 0xd0) return 4
  if (head === 0xe0) return 8
  if (head === 0xf0) return 3
  if (head === 0xfe) return 1
  return head >= 0xf1 && head <= 0xfd ? 0 : -1
}

function visitInteger(high: number, low: number, visit: ElementVisitor): void {
  visit(int64Digits, formatInt64(high, low), int64Digits.length)
}

/** Key, value, key, value … */
export function eachOfZipmap(bytes: Buffer, visit: ElementVisitor): void {
  let at = 1
  for (let isValue = false; bytes[at] !== endMark; isValue = !isValue) {
    const wide = bytes[at] === wideMark
    if (at + 5 > bytes.length) throw new RdbError(damaged)
    const size = wide ? bytes.readUInt32LE(at + 1) : bytes[at]!
    at += wide ? 5 : 1
    const spare = isValue ? bytes[at++]! : 0
    if (at + size + spare >= bytes.length) throw new RdbError(damaged)
    visit(bytes, at, at + size)
    at += size + spare
    if (bytes[at] === endMark && !isValue) throw new RdbError(damaged)
  }
  if (at !== bytes.length - 1) throw new RdbError(damaged)
}
