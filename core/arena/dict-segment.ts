// A segment of a Dict: the entries of one stretch of hash space, in order of their places by linear probing.
//
//   segment   ┌ local depth u8 + capacity u24 │ count u32 │ hash u32, entry u32 │ … ┐   entry 0: a free slot
//
// The whole hash stands beside each pointer: a miss rarely touches an entry, and growth rehashes nothing. These
// functions take the segment's chunk as words and the word where it begins.

import { chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'

/** Slots of a segment, by size step: block sizes of 32 B … 8 KiB, which the arena gives without waste. */
export const capacities = [3, 7, 15, 31, 63, 127, 191, 255, 319, 383, 447, 511, 639, 767, 895, 1023]
export const largest = capacities.length - 1
/** A split leaves halves of this size. */
export const halfStep = capacities.indexOf(511)
export const stepByCapacity = new Map(capacities.map((capacity, step) => [capacity, step]))
/** Words before the first slot. */
export const headerWords = 2

/** Most entries of a segment before it grows: 7/8 of its slots, and one slot always stays free. */
export function fullAt(capacity: number): number {
  return capacity < 16 ? capacity - 1 : capacity - (capacity >>> 3)
}

export function createSegment(arena: Arena, depth: number, capacity: number): number {
  const segment = arena.alloc((headerWords + capacity * 2) * 4)
  const words = arena.u32[chunkOf(segment)]!
  const at = wordOf(segment)
  words.fill(0, at, at + headerWords + capacity * 2)
  words[at] = depth | (capacity << 8)
  return segment
}

/** Home slot: the 16 bits of the hash behind the segment's prefix, scaled to the capacity. */
export function place(hash: number, depth: number, capacity: number): number {
  return (((hash << depth) >>> 16) * capacity) >>> 16
}

export function put(words: Uint32Array, head: number, hash: number, entry: number): void {
  const capacity = words[head]! >>> 8
  let slot = place(hash, words[head]! & 0xff, capacity)
  let at = head + headerWords + slot * 2
  while (words[at + 1] !== 0) {
    if (++slot === capacity) slot = 0
    at = head + headerWords + slot * 2
  }
  words[at] = hash
  words[at + 1] = entry
}

/** Word index of the slot that names `entry`, which must be there. */
export function slotOf(words: Uint32Array, head: number, hash: number, entry: number): number {
  const capacity = words[head]! >>> 8
  let slot = place(hash, words[head]! & 0xff, capacity)
  for (;;) {
    const at = head + headerWords + slot * 2
    const found = words[at + 1]!
    if (found === entry) return at
    if (found === 0) throw new Error('dict: entry is not in its segment')
    if (++slot === capacity) slot = 0
  }
}

/** Empties the slot at word `gap` and moves what probed past it back, so that no probe path has a hole. */
export function closeGap(words: Uint32Array, head: number, gap: number): void {
  const depth = words[head]! & 0xff
  const capacity = words[head]! >>> 8
  const base = head + headerWords
  let hole = (gap - base) >>> 1
  let slot = hole
  for (;;) {
    if (++slot === capacity) slot = 0
    const at = base + slot * 2
    if (words[at + 1] === 0) break
    const home = place(words[at]!, depth, capacity)
    // It may move into the hole unless its home lies cyclically behind the hole.
    const stays = hole <= slot ? home > hole && home <= slot : home > hole || home <= slot
    if (stays) continue
    words[base + hole * 2] = words[at]!
    words[base + hole * 2 + 1] = words[at + 1]!
    hole = slot
  }
  words[base + hole * 2 + 1] = 0
}

export function moveAll(arena: Arena, from: number, to: number): void {
  const source = arena.u32[chunkOf(from)]!
  const target = arena.u32[chunkOf(to)]!
  const head = wordOf(to)
  const first = wordOf(from) + headerWords
  const last = first + (source[wordOf(from)]! >>> 8) * 2
  for (let at = first; at < last; at += 2) {
    if (source[at + 1] !== 0) put(target, head, source[at]!, source[at + 1]!)
  }
  target[head + 1] = target[head + 1]! + source[wordOf(from) + 1]!
}

export function eachEntry(arena: Arena, segment: number, visit: (entry: number) => void): void {
  const words = arena.u32[chunkOf(segment)]!
  const first = wordOf(segment) + headerWords
  const last = first + (words[wordOf(segment)]! >>> 8) * 2
  for (let at = first; at < last; at += 2) if (words[at + 1] !== 0) visit(words[at + 1]!)
}

/** Entries of a segment whose hash is ≥ `from` and < `to`. Linear probing keeps them near their places. */
export function entriesBetween(words: Uint32Array, head: number, from: number, to: number): number[] {
  const depth = words[head]! & 0xff
  const capacity = words[head]! >>> 8
  const first = place(from, depth, capacity)
  const last = place(to - 1, depth, capacity)
  const found: number[] = []
  for (let slot = first, passed = 0; passed < capacity; passed++) {
    const at = head + headerWords + slot * 2
    const entry = words[at + 1]!
    // Behind the last place a free slot ends what may have been pushed on from it.
    if (entry === 0 && passed >= last - first) break
    if (entry !== 0 && words[at]! >= from && words[at]! < to) found.push(entry)
    if (++slot === capacity) slot = 0
  }
  return found
}
