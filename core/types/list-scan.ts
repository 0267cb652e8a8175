// Loops over the elements of one node, on its bytes: `u8[at..end)`. No objects, no closures: LRANGE, LPOS and LREM live
// in here.

import { writeDigits } from '../digits.ts'
import type { Reply } from '../reply.ts'
import { bodyBytes, elementBefore, elementBytes, integerDigits, printInteger, stringHeadBytes } from './list-element.ts'
import type { ElementWriter } from './list-element.ts'

/** Most bytes by which an element's bulk string is longer than the element: of a 64-bit integer. */
const replyOverheadBytes = 20
/** Shorter copies are cheaper as a loop than as a call. */
const shortCopyBytes = 40

/** Writes `count` elements from `u8[at]` on as bulk strings; `bytes` is what they take at most in the node. */
export function replyElements(r: Reply, u8: Uint8Array, at: number, count: number, bytes: number): void {
  r.reserve(bytes + count * replyOverheadBytes)
  const out = r.buf
  let to = r.at
  for (let i = 0; i < count; i++) {
    const head = u8[at]!
    if (head >= 0x80 && head < 0xc0) {
      // By far the most common: a string of up to 63 bytes.
      const size = head & 63
      out[to++] = 36
      if (size < 10) out[to++] = 48 + size
      else {
        const tens = (size / 10) | 0
        out[to++] = 48 + tens
        out[to++] = 48 + size - tens * 10
      }
      out[to++] = 13
      out[to++] = 10
      const end = at + 1 + size
      if (size < shortCopyBytes) for (let from = at + 1; from < end; from++) out[to++] = u8[from]!
      else {
        out.set(u8.subarray(at + 1, end), to)
        to += size
      }
      at = end + 1
    } else {
      to = replyOther(out, to, u8, at)
      at += elementBytes(u8, at)
    }
    out[to++] = 13
    out[to++] = 10
  }
  r.at = to
}

/** A longer string, or an integer, without the line's end. */
function replyOther(out: Uint8Array, to: number, u8: Uint8Array, at: number): number {
  out[to++] = 36
  const skip = stringHeadBytes(u8[at]!)
  if (skip === 0) {
    const first = printInteger(u8, at)
    const end = integerDigits.length
    if (end - first < 10) out[to++] = 48 + end - first
    else {
      const tens = (end - first) >= 20 ? 2 : 1
      out[to++] = 48 + tens
      out[to++] = 48 + end - first - tens * 10
    }
    out[to++] = 13
    out[to++] = 10
    for (let i = first; i < end; i++) out[to++] = integerDigits[i]!
    return to
  }
  const from = at + skip
  const end = at + bodyBytes(u8, at)
  const size = end - from
  to = writeHead(out, to, size)
  if (size >= shortCopyBytes) out.set(u8.subarray(from, end), to)
  else for (let i = 0; i < size; i++) out[to + i] = u8[from + i]!
  return to + size
}

/** `size\r\n` */
function writeHead(out: Uint8Array, to: number, size: number): number {
  let digits = 1
  for (let bound = 10; size >= bound; bound *= 10) digits++
  writeDigits(out, to + digits, size)
  out[to + digits] = 13
  out[to + digits + 1] = 10
  return to + digits + 2
}

/** What `findForward` and `findBackward` came to: the element's place, and how many were looked at. */
export const found = { at: 0, looked: 0 }

/** Looks for an element from `u8[at]` on, at most at `limit` of them; true when it is at `found.at`. */
export function findForward(u8: Uint8Array, at: number, end: number, limit: number, element: ElementWriter): boolean {
  let looked = 0
  while (at < end && looked < limit) {
    looked++
    if (element.equals(u8, at)) {
      found.at = at
      found.looked = looked
      return true
    }
    at += elementBytes(u8, at)
  }
  found.at = at
  found.looked = looked
  return false
}

/** As `findForward`, from the element that ends at `u8[end]` back to the one at `u8[start]`. */
export function findBackward(
  u8: Uint8Array, start: number, end: number, limit: number, element: ElementWriter,
): boolean {
  let looked = 0
  while (end > start && looked < limit) {
    end = elementBefore(u8, end)
    looked++
    if (element.equals(u8, end)) {
      found.at = end
      found.looked = looked
      return true
    }
  }
  found.at = end
  found.looked = looked
  return false
}

export function countEqual(u8: Uint8Array, at: number, end: number, element: ElementWriter): number {
  let count = 0
  for (; at < end; at += elementBytes(u8, at)) if (element.equals(u8, at)) count++
  return count
}

/**
 * Takes out up to `limit` equal elements, after leaving the first `spared` of them; what is kept moves up to `at`.
 * Returns the new end; `found.looked` is how many were taken out.
 */
export function removeEqual(
  u8: Uint8Array, at: number, end: number, element: ElementWriter, spared: number, limit: number,
): number {
  let removed = 0
  let to = at
  let run = at
  while (at < end && removed < limit) {
    const after = at + elementBytes(u8, at)
    if (element.equals(u8, at)) {
      if (spared > 0) spared--
      else {
        if (to !== run) u8.copyWithin(to, run, at)
        to += at - run
        run = after
        removed++
      }
    }
    at = after
  }
  if (to !== run) u8.copyWithin(to, run, end)
  found.looked = removed
  return to + end - run
}
