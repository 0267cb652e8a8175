// Walks a whole Dict and throws where its books disagree: for tests.

import { chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'
import { directoryIndex, eachSegment } from './dict-directory.ts'
import { headerWords, place, stepByCapacity } from './dict-segment.ts'

export function checkDict(arena: Arena, root: number, hashOf: (entry: number) => number): void {
  const words = arena.u32[chunkOf(root)]!
  const at = wordOf(root)
  let count = 0
  let segments = 0
  eachSegment(arena, root, (segment, prefix, local) => {
    segments++
    const own = arena.u32[chunkOf(segment)]!
    const head = wordOf(segment)
    const capacity = own[head]! >>> 8
    const named = arena.u32[chunkOf(words[at]!)]!
    const place0 = wordOf(words[at]!) + directoryIndex((prefix << (31 - local)) << 1, words[at + 1]!)
    for (let i = 0; i < 1 << (words[at + 1]! - local); i++) {
      const same = named[place0 + i * 2] === segment && named[place0 + i * 2 + 1] === own[head]
      if (!same) throw new Error('dict: directory disagrees with a segment')
    }
    if ((own[head]! & 0xff) !== local) throw new Error('dict: local depth disagrees with the directory')
    if (!stepByCapacity.has(capacity)) throw new Error(`dict: segment of ${capacity} slots`)
    let live = 0
    for (let slot = 0; slot < capacity; slot++) {
      const entry = own[head + headerWords + slot * 2 + 1]!
      if (entry === 0) continue
      live++
      const hash = own[head + headerWords + slot * 2]!
      if (hash !== hashOf(entry)) throw new Error('dict: stored hash is not the key\'s')
      if (local > 0 && hash >>> (32 - local) !== prefix) throw new Error('dict: entry in the wrong segment')
      for (let s = place(hash, local, capacity); s !== slot; s = s + 1 === capacity ? 0 : s + 1) {
        if (own[head + headerWords + s * 2 + 1] === 0) throw new Error('dict: gap in a probe path')
      }
    }
    if (live !== own[head + 1]) throw new Error('dict: segment count')
    count += live
  })
  if (count !== words[at + 2]) throw new Error(`dict: ${count} entries, counted ${words[at + 2]}`)
  if (segments !== words[at + 3]) throw new Error(`dict: ${segments} segments, counted ${words[at + 3]}`)
}
