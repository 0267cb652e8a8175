// Entries of a Dict without their keys: random ones, a few of a random place, and whether a block is still one of them.

import type { Random } from '../random.ts'
import { chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'
import { segmentOf } from './dict-directory.ts'
import { capacities, headerWords, largest, place } from './dict-segment.ts'

const triesMax = 128

/** Any entry, each as likely as the others; 0 when the dict at `root` is empty. */
export function randomEntry(arena: Arena, root: number, random: Random): number {
  const rootWords = arena.u32[chunkOf(root)]!
  if (rootWords[wordOf(root) + 2] === 0) return 0
  const depth = rootWords[wordOf(root) + 1]!
  for (let tries = 0; ; tries++) {
    const index = (random.u32() >>> 1) >>> (31 - depth)
    const segment = segmentOf(arena, root, (index << (31 - depth)) << 1)
    const words = arena.u32[chunkOf(segment)]!
    const head = wordOf(segment)
    const capacity = words[head]! >>> 8
    // Each slot of each segment must be as likely: so a segment counts at its first place in the directory only, and as
    // if it had the most slots. Where that hardly ever hits (after skewed removals), nearly fair is good enough.
    const fair = depth > 0 && tries < triesMax
    if (fair && (index & ((1 << (depth - (words[head]! & 0xff))) - 1)) !== 0) continue
    const slot = random.u32() % (fair ? capacities[largest]! : capacity)
    const entry = slot < capacity ? words[head + headerWords + slot * 2 + 1]! : 0
    if (entry !== 0) return entry
  }
}

/**
 * Up to `count` entries that stand side by side at a random place, into `entries` and `hashes`; returns how many. As
 * places are hashes, they are as good as random ones, but for their being neighbours again the next time. 0 where
 * hardly a segment has an entry.
 */
export function neighbours(
  arena: Arena, root: number, random: Random, count: number, entries: Uint32Array, hashes: Uint32Array,
): number {
  for (let tries = 0; tries < triesMax; tries++) {
    const hash = random.u32()
    const segment = segmentOf(arena, root, hash)
    const words = arena.u32[chunkOf(segment)]!
    const head = wordOf(segment)
    const wanted = Math.min(count, words[head + 1]!)
    if (wanted === 0) continue
    const capacity = words[head]! >>> 8
    let slot = place(hash, words[head]! & 0xff, capacity)
    for (let found = 0; found < wanted; slot = slot + 1 === capacity ? 0 : slot + 1) {
      const at = head + headerWords + slot * 2
      if (words[at + 1] === 0) continue
      hashes[found] = words[at]!
      entries[found++] = words[at + 1]!
    }
    return wanted
  }
  return 0
}

/** True when the block `entry` is in the dict under `hash`; it need not be a block any more. */
export function holds(arena: Arena, root: number, hash: number, entry: number): boolean {
  const segment = segmentOf(arena, root, hash)
  const words = arena.u32[chunkOf(segment)]!
  const base = wordOf(segment) + headerWords
  const capacity = words[wordOf(segment)]! >>> 8
  for (let slot = place(hash, words[wordOf(segment)]! & 0xff, capacity); ;) {
    const found = words[base + slot * 2 + 1]!
    if (found === 0) return false
    if (found === entry) return words[base + slot * 2] === hash
    if (++slot === capacity) slot = 0
  }
}
