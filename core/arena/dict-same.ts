// Finds in one dict of members what another has. Both hash with one seed and lay members out alike, so that neither is
// hashed nor read byte by byte: its hash stands beside it, and blocks are compared as words.

import { chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'
import { directoryIndex } from './dict-directory.ts'
import { memberLength, memberStart, sameMember } from './dict-key.ts'
import { headerWords, place } from './dict-segment.ts'

/** The member of the dict at `root` that equals `member`, a member of another dict with that hash; 0 when none does. */
export function findSame(arena: Arena, root: number, member: number, hash: number): number {
  const rootWords = arena.u32[chunkOf(root)]!
  const directory = rootWords[wordOf(root)]!
  const index = wordOf(directory) + directoryIndex(hash, rootWords[wordOf(root) + 1]!)
  const named = arena.u32[chunkOf(directory)]!
  return findIn(arena, named[index]!, named[index + 1]!, member, hash)
}

/** Looks into one segment, which begins with the word `head`. */
function findIn(arena: Arena, segment: number, head: number, member: number, hash: number): number {
  const words = arena.u32[chunkOf(segment)]!
  const capacity = head >>> 8
  const base = wordOf(segment) + headerWords
  let slot = place(hash, head & 0xff, capacity)
  for (;;) {
    const at = base + slot * 2
    const found = words[at + 1]!
    if (found === 0) return 0
    if (words[at] === hash && sameBlock(arena, found, member)) return found
    if (++slot === capacity) slot = 0
  }
}

/**
 * Of `count` members with their hashes, leaves those that the dict at `root` has, or with `wanted` false those that it
 * lacks; returns how many are left, at the beginning of both arrays. Hashes in order are quickest: they share segments.
 */
export function filterSame(
  arena: Arena, root: number, members: Uint32Array, hashes: Uint32Array, count: number, wanted: boolean,
): number {
  const rootWords = arena.u32[chunkOf(root)]!
  const directory = rootWords[wordOf(root)]!
  const depth = rootWords[wordOf(root) + 1]!
  const named = arena.u32[chunkOf(directory)]!
  const first = wordOf(directory)
  let left = 0
  for (let i = 0; i < count; i++) {
    const member = members[i]!
    const hash = hashes[i]!
    const index = first + directoryIndex(hash, depth)
    const found = findIn(arena, named[index]!, named[index + 1]!, member, hash)
    if ((found !== 0) !== wanted) continue
    members[left] = member
    hashes[left++] = hash
  }
  return left
}

/** A length that takes one byte stands in the lowest of the first word; 255 marks a longer one. */
function sameBlock(arena: Arena, one: number, other: number): boolean {
  const a = arena.u32[chunkOf(one)]!
  const b = arena.u32[chunkOf(other)]!
  let i = wordOf(one)
  let j = wordOf(other)
  const size = a[i]! & 0xff
  if (size === 0xff) return sameLong(arena, one, other)
  const bytes = size + 1
  for (const end = i + (bytes >>> 2); i < end; i++, j++) if (a[i] !== b[j]) return false
  const rest = bytes & 3
  return rest === 0 || (a[i]! ^ b[j]!) << (32 - rest * 8) === 0
}

function sameLong(arena: Arena, one: number, other: number): boolean {
  const from = memberStart(arena, other)
  return sameMember(arena, one, arena.u8[chunkOf(other)]!, from, from + memberLength(arena, other))
}
