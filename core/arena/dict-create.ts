// Makes empty dicts: the smallest there is, or one to size.
//
// Who inserts what another dict gives, in the order of hash space, must say how much that is. In fewer segments than
// are needed in the end all would want the same slots at first, and every insert would pass by all that came before.

import { chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'
import { capacities, createSegment, fullAt, halfStep, largest } from './dict-segment.ts'

/** Bytes of a dict's root; its owner may keep more behind them. */
const rootBytes = 16
/** Average entries of a segment in a dict that is made to size: hardly one has so many that it must split. */
const presizedEntriesMax = 700

/** The root of a new dict for `entries` entries, in a block of `bytes` bytes. */
export function createDict(arena: Arena, entries = 0, bytes = rootBytes): number {
  const root = arena.alloc(bytes)
  initDict(arena, root, entries)
  return root
}

/** Makes an empty dict of the root, whatever it named before. */
export function initDict(arena: Arena, root: number, entries = 0): void {
  let depth = 0
  while (entries > 2 ** depth * presizedEntriesMax) depth++
  const capacity = capacityFor(entries / 2 ** depth, depth)
  const directory = arena.alloc(8 << depth)
  for (let i = 0; i < 1 << depth; i++) {
    const segment = createSegment(arena, depth, capacity)
    const place = arena.u32[chunkOf(directory)]!
    place[wordOf(directory) + i * 2] = segment
    place[wordOf(directory) + i * 2 + 1] = arena.u32[chunkOf(segment)]![wordOf(segment)]!
  }
  const words = arena.u32[chunkOf(root)]!
  const at = wordOf(root)
  words[at] = directory
  words[at + 1] = depth
  words[at + 2] = 0
  words[at + 3] = 1 << depth
}

/** Slots for as many entries as nearly every segment gets, if `mean` is what they get on average. */
function capacityFor(mean: number, depth: number): number {
  const most = depth === 0 ? mean : mean + 2 * Math.sqrt(mean)
  let step = depth === 0 ? 0 : halfStep
  while (step < largest && fullAt(capacities[step]!) < most) step++
  return capacities[step]!
}
