// Elements of a pack as bulk strings of a reply, straight from the pack's bytes.

import {
  elementBytes, integerAt, integerHead, longHead, middleHead, stringSmallMax,
} from '../arena/pack-element.ts'
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
  if (head < integerHead) r.bulk(u8, at + 1, at + 1 + head)
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
  let { buf, at: out } = r
  while (at < end) {
    const head = u8[at]!
    if (head >= stringSmallMax) {
      r.at = out
      at = replyElement(r, u8, at)
      buf = r.buf
      out = r.at
      continue
    }
    buf[out++] = 36
    if (head >= 10) {
      const tens = (head / 10) | 0
      if (head >= 100) buf[out++] = 49
      buf[out++] = 48 + (tens % 10)
      buf[out++] = 48 + head - tens * 10
    } else buf[out++] = 48 + head
    buf[out] = 13
    buf[out + 1] = 10
    out += 2
    if (head < shortCopyBytes) for (let i = at + 1, to = i + head; i < to; i++) buf[out++] = u8[i]!
    else {
      buf.set(u8.subarray(at + 1, at + 1 + head), out)
      out += head
    }
    buf[out] = 13
    buf[out + 1] = 10
    out += 2
    at += head + 2
  }
  r.at = out
}
