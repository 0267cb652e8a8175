// Elements of a pack as bulk strings of a reply, straight from the pack's bytes.

import { elementBytes, integerAt, longHead, middleHead, stringSmallMax } from '../arena/pack-element.ts'
import { digitsMax, writeDigits } from '../digits.ts'
import type { Reply } from '../reply.ts'

const digits = Buffer.alloc(digitsMax)
/** More bytes than its own that a short string or an integer takes in a reply. */
const framingBytesMax = 40
/** Longer copies are cheaper as a call than as a loop. */
const shortCopyBytes = 48

/** Writes the element at `u8[at]`; returns where the next one begins. */
export function replyElement(r: Reply, u8: Uint8Array, at: number): number {
  const head = u8[at]!
  if (head < stringSmallMax) {
    if (r.at + head + framingBytesMax > r.buf.length) r.reserve(head + framingBytesMax)
    r.at = writeShort(r.buf, r.at, u8, at, head)
    return at + head + 2
  }
  if (head === stringSmallMax) r.bulk(u8, at + 1, at + 1 + head)
  else if (head < middleHead) r.bulk(digits, writeDigits(digits, digitsMax, integerAt(u8, at)), digitsMax)
  else if (head < longHead) r.bulk(u8, at + 2, at + 2 + (((head & 15) << 8) | u8[at + 1]!))
  else {
    const size = u8[at + 1]! | (u8[at + 2]! << 8) | (u8[at + 3]! << 16) | (u8[at + 4]! << 24)
    r.bulk(u8, at + 5, at + 5 + size)
  }
  return at + elementBytes(u8, at)
}

/** Writes the `count` elements in `u8[at..end)`, all of them. */
export function replyElements(r: Reply, u8: Uint8Array, at: number, end: number, count: number): void {
  r.reserve(end - at + count * framingBytesMax)
  while (at < end) {
    const head = u8[at]!
    if (head < stringSmallMax) {
      r.at = writeShort(r.buf, r.at, u8, at, head)
      at += head + 2
    } else at = replyElement(r, u8, at)
  }
}

/** Writes the string of `size` bytes, at most 126, whose head stands at `u8[at]`, to `buf[out …]`; returns its end. */
function writeShort(buf: Buffer, out: number, u8: Uint8Array, at: number, size: number): number {
  buf[out++] = 36
  if (size >= 10) {
    const tens = (size / 10) | 0
    if (size >= 100) buf[out++] = 49
    buf[out++] = 48 + (tens % 10)
    buf[out++] = 48 + size - tens * 10
  } else buf[out++] = 48 + size
  buf[out] = 13
  buf[out + 1] = 10
  out += 2
  if (size < shortCopyBytes) for (let i = at + 1, to = i + size; i < to; i++) buf[out++] = u8[i]!
  else {
    buf.set(u8.subarray(at + 1, at + 1 + size), out)
    out += size
  }
  buf[out] = 13
  buf[out + 1] = 10
  return out + 2
}
