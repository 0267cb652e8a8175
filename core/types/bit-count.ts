// Counts and finds bits in runs of bytes: short ones a 32-bit word at a time, long ones in vectors (bit-vector.ts).

import { block, blockBytes, strideBytes, vector } from './bit-vector.ts'

/** From here on vectors are quicker. */
const vectorBytesMin = 128

/** Set bits of a 32-bit word: summed within pairs, nibbles and bytes (S. Anderson's bit hacks). */
export function bitsOf(word: number): number {
  let x = (word - ((word >>> 1) & 0x55555555)) | 0
  x = ((x & 0x33333333) + ((x >>> 2) & 0x33333333)) | 0
  x = (x + (x >>> 4)) & 0x0f0f0f0f
  return Math.imul(x, 0x01010101) >>> 24
}

/** Set bits of `bytes[from..to)`; `words` are the same memory. */
export function countBits(bytes: Uint8Array, words: Uint32Array, from: number, to: number): number {
  if (to - from >= vectorBytesMin) return countBlocks(bytes, from, to)
  let total = 0
  let at = from
  for (; at < to && (at & 3) !== 0; at++) total += bitsOf(bytes[at]!)
  for (; at + 4 <= to; at += 4) total += bitsOf(words[at >> 2]! | 0)
  for (; at < to; at++) total += bitsOf(bytes[at]!)
  return total
}

function countBlocks(bytes: Uint8Array, from: number, to: number): number {
  const { result } = block
  let total = 0
  for (let at = from; at < to; at += blockBytes) {
    const count = Math.min(blockBytes, to - at)
    result.set(bytes.subarray(at, at + count))
    // The loop goes on to the end of its round.
    if (count % strideBytes !== 0) result.fill(0, count, count + strideBytes - (count % strideBytes))
    total += vector.count(count)
  }
  return total
}

/** Longer stretches are compared with these by the system's own routine, six times as fast as word by word. */
const compareBytes = 8192
const zeros = Buffer.alloc(compareBytes)
const ones = Buffer.alloc(compareBytes, 0xff)

/** How many whole words of `bytes[from..to)` are all zeros (or all ones) without a break; `from` is a word's begin. */
function equalWords(bytes: Buffer, words: Uint32Array, from: number, to: number, skipOnes: boolean): number {
  const pattern = skipOnes ? ones : zeros
  let at = from
  while (at + compareBytes <= to && bytes.compare(pattern, 0, compareBytes, at, at + compareBytes) === 0) {
    at += compareBytes
  }
  const word = skipOnes ? 0xffffffff : 0
  while (at + 4 <= to && words[at >> 2] === word) at += 4
  return (at - from) >> 2
}

/**
 * The first `bit` (0 or 1) among the bits `first … last` of the run of bytes that begins at `start`, counted from the
 * run's first; -1 when there is none. `words` are the same memory as `bytes`.
 */
export function findBit(
  bytes: Buffer, words: Uint32Array, start: number, first: number, last: number, bit: number,
): number {
  const flip = bit === 1 ? 0 : 0xff
  const firstByte = Math.floor(first / 8)
  const lastByte = Math.floor(last / 8)
  for (let i = firstByte; i <= lastByte; i++) {
    let found = bytes[start + i]! ^ flip
    if (i === firstByte) found &= 0xff >>> first % 8
    if (i === lastByte) found &= 0xff << (7 - (last % 8))
    if (found !== 0) return i * 8 + Math.clz32(found) - 24
    const next = start + i + 1
    if ((next & 3) === 0) i += 4 * equalWords(bytes, words, next, start + lastByte, bit === 0)
  }
  return -1
}
