// Elements of a pack as bulk strings of a reply, straight from the pack's bytes.

import {
  elementBytes, integerHead, integerSmallMax, longHead, middleHead, readInteger, wideHead,
} from '../arena/pack-element.ts'
import { digitsMax, writeDigits } from '../digits.ts'
import type { Reply } from '../reply.ts'

const digits = Buffer.alloc(digitsMax)

/** Writes the element at `u8[at]`; returns where the next one begins. */
export function replyElement(r: Reply, u8: Uint8Array, at: number): number {
  const head = u8[at]!
  if (head < integerHead) r.bulk(u8, at + 1, at + 1 + head)
  else if (head < middleHead) {
    const value = head < wideHead ? head & integerSmallMax : readInteger(u8, at + 1, (head & 7) + 1)
    r.bulk(digits, writeDigits(digits, digitsMax, value), digitsMax)
  } else if (head < longHead) r.bulk(u8, at + 2, at + 2 + (((head & 15) << 8) | u8[at + 1]!))
  else {
    const size = u8[at + 1]! | (u8[at + 2]! << 8) | (u8[at + 3]! << 16) | (u8[at + 4]! << 24)
    r.bulk(u8, at + 5, at + 5 + size)
  }
  return at + elementBytes(u8, at)
}
