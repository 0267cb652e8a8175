// The directory of a Dict: which segment has which stretch of hash space.
//
//   directory ┌ segment u32, local depth u8 + capacity u24 │ … ┐      2^depth places, by the top bits of the hash
//
// A segment of a smaller (local) depth stands at several places in a row. Each place repeats what heads the segment, so
// that a look-up reads two cold cache lines only: the slot's and the entry's.

import { chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'

export function segmentOf(arena: Arena, root: number, hash: number): number {
  const words = arena.u32[chunkOf(root)]!
  const at = wordOf(root)
  const directory = words[at]!
  return arena.u32[chunkOf(directory)]![wordOf(directory) + directoryIndex(hash, words[at + 1]!)]!
}

/** Word, within a directory of that depth, where the place of `hash` begins. */
export function directoryIndex(hash: number, depth: number): number {
  // Two shifts, as one by 32 would shift by nothing.
  return ((hash >>> 1) >>> (31 - depth)) * 2
}

export function doubleDirectory(arena: Arena, root: number): void {
  const words = arena.u32[chunkOf(root)]!
  const at = wordOf(root)
  const before = words[at]!
  const size = 1 << words[at + 1]!
  const after = arena.alloc(size * 16)
  const source = arena.u32[chunkOf(before)]!
  const target = arena.u32[chunkOf(after)]!
  let from = wordOf(before)
  let to = wordOf(after)
  for (let i = 0; i < size; i++, from += 2, to += 4) {
    target[to] = target[to + 2] = source[from]!
    target[to + 1] = target[to + 3] = source[from + 1]!
  }
  words[at] = after
  words[at + 1] = words[at + 1]! + 1
  arena.free(before)
}

/** Halves the directory if no segment needs its last bit. */
export function halveDirectory(arena: Arena, root: number): void {
  const words = arena.u32[chunkOf(root)]!
  const at = wordOf(root)
  const before = words[at]!
  const last = wordOf(before) + (2 << words[at + 1]!)
  const source = arena.u32[chunkOf(before)]!
  for (let from = wordOf(before); from < last; from += 4) if (source[from] !== source[from + 2]) return
  const after = arena.alloc(4 << words[at + 1]!)
  const target = arena.u32[chunkOf(after)]!
  let to = wordOf(after)
  for (let from = wordOf(before); from < last; from += 4, to += 2) {
    target[to] = source[from]!
    target[to + 1] = source[from + 1]!
  }
  words[at] = after
  words[at + 1] = words[at + 1]! - 1
  arena.free(before)
}

export function eachSegment(
  arena: Arena, root: number, visit: (segment: number, prefix: number, local: number) => void,
): void {
  const depth = arena.u32[chunkOf(root)]![wordOf(root) + 1]!
  for (let index = 0; index < 1 << depth;) {
    const directory = arena.u32[chunkOf(root)]![wordOf(root)]!
    const segment = arena.u32[chunkOf(directory)]![wordOf(directory) + index * 2]!
    const local = arena.u32[chunkOf(segment)]![wordOf(segment)]! & 0xff
    visit(segment, index >>> (depth - local), local)
    index += 1 << (depth - local)
  }
}

export function freeSegments(arena: Arena, root: number): void {
  const segments: number[] = []
  eachSegment(arena, root, (segment) => segments.push(segment))
  for (const segment of segments) arena.free(segment)
  arena.free(arena.u32[chunkOf(root)]![wordOf(root)]!)
}
