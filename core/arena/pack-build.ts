// A whole pack at once: the bytes that its elements take are counted first, so that its block is made only once.

import { byteOf, chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'
import {
  backBytes, headBytes, integerBytes, integerIn, packHeaderBytes, writeBack, writeHead, writeIntegerElement,
} from './pack-element.ts'

/** Integers that the elements are, NaN for strings. */
let integers = new Float64Array(64)

/** A pack of the strings `buf[start[i]..end[i])`, i from `first` to `last`; returns its root. */
export function buildPack(
  arena: Arena, buf: Uint8Array, start: Int32Array, end: Int32Array, first: number, last: number,
): number {
  const count = last - first + 1
  if (count > integers.length) integers = new Float64Array(count * 2)
  let bytes = packHeaderBytes
  for (let i = 0; i < count; i++) {
    const from = start[first + i]!
    const to = end[first + i]!
    const integer = integerIn(buf, from, to)
    integers[i] = integer
    const body = integer === integer ? 1 + integerBytes(integer) : headBytes(to - from) + to - from
    bytes += body + backBytes(body)
  }

  const root = arena.alloc(bytes)
  const words = arena.u32[chunkOf(root)]!
  words[wordOf(root)] = bytes
  words[wordOf(root) + 1] = count
  const u8 = arena.u8[chunkOf(root)]!
  let at = byteOf(root) + packHeaderBytes
  for (let i = 0; i < count; i++) at = writeElement(u8, at, integers[i]!, buf, start[first + i]!, end[first + i]!)
  return root
}

function writeElement(u8: Uint8Array, at: number, integer: number, buf: Uint8Array, from: number, to: number): number {
  let out = at
  if (integer === integer) {
    const size = integerBytes(integer)
    writeIntegerElement(u8, at, integer, size)
    out += size + 1
  } else {
    out = writeHead(u8, at, to - from)
    if (to - from < 64) for (let i = from; i < to; i++) u8[out++] = buf[i]!
    else {
      u8.set(buf.subarray(from, to), out)
      out += to - from
    }
  }
  const body = out - at
  const back = backBytes(body)
  writeBack(u8, out, body, back)
  return out + back
}
