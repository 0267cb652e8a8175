// Extendible hashing in the arena: byte-string keys to entry blocks.
//
// The directory's 2^depth places name segments by the hash's top bits. A segment keeps its slots sorted by place in
// hash space (linear probing from the place that the next 16 bits give), so a SCAN cursor is simply a hash. It grows
// by sizes and then splits in two, one segment at a time: no insert moves more than one segment's 1,023 slots.
//
//   root      ┌ directory u32 │ depth u32 │ count u32 │ segments u32 ┐
//
// dict-directory.ts and dict-segment.ts have the layouts of those two, dict-key.ts that of the key within an entry.

import type { Random } from '../random.ts'
import { byteOf, chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'
import { checkDict } from './dict-check.ts'
import { createDict, initDict } from './dict-create.ts'
import { keyLength, keyOffset, memberLength, memberStart, sameKey, sameMember } from './dict-key.ts'
import type { DictLayout } from './dict-key.ts'
import {
  directoryIndex, doubleDirectory, eachSegment, freeSegments, halveDirectory, segmentOf,
} from './dict-directory.ts'
import {
  capacities, closeGap, createSegment, eachEntry, entriesBetween, fullAt, halfStep, headerWords, largest, moveAll,
  place, put, slotOf, stepByCapacity,
} from './dict-segment.ts'
import { holds, neighbours, randomEntry } from './dict-sample.ts'
import { hashBytes } from './hash.ts'

// Who uses dicts needs nothing of dict-key.ts but this, unless it has members.
export { keyOffset } from './dict-key.ts'

const depthMax = 24
const noWords = new Uint32Array(0)
/** Set in a root's depth while the dict is destroyed slice by slice. */
const dying = 0x100

export class Dict {
  readonly arena: Arena
  private readonly k0: number
  private readonly k1: number
  private readonly members: boolean
  /** The arena block that holds the dict; it may be kept in a value and opened again. */
  root: number
  /** The free slot that `probe` came to: the words of its chunk, where its segment begins, and its own place. */
  private freeWords: Uint32Array
  private freeHead: number
  private freeAt: number

  /**
   * Opens the dict at `root`, or makes an empty one when that is left out; 0: none as yet. `seed` keys the hash: all
   * dicts of an engine share it.
   */
  constructor(arena: Arena, seed: DictSeed, root?: number, layout: DictLayout = 'entry') {
    this.arena = arena
    this.k0 = seed.k0
    this.k1 = seed.k1
    this.members = layout === 'member'
    this.root = root ?? createDict(arena)
    this.freeWords = noWords
    this.freeHead = 0
    this.freeAt = 0
  }

  /** Turns to the dict at `root`. */
  open(root: number): this {
    this.root = root
    return this
  }

  /** Turns to a new empty dict, made for so many entries (see `createDict`). */
  create(entries = 0): this {
    this.root = createDict(this.arena, entries)
    return this
  }

  get count(): number {
    return this.arena.u32[chunkOf(this.root)]![wordOf(this.root) + 2]!
  }

  hash(buf: Uint8Array, from: number, to: number): number {
    return hashBytes(buf, from, to, this.k0, this.k1)
  }

  /** The hash of an entry's key. */
  hashOf(entry: number): number {
    const arena = this.arena
    const from = this.members ? memberStart(arena, entry) : byteOf(entry) + keyOffset
    const size = this.members ? memberLength(arena, entry) : keyLength(arena, entry)
    return hashBytes(arena.u8[chunkOf(entry)]!, from, from + size, this.k0, this.k1)
  }

  /** The entry whose key is `buf[from..to)`, or 0. */
  find(buf: Uint8Array, from: number, to: number, hash: number): number {
    const u32s = this.arena.u32
    const root = wordOf(this.root)
    const rootWords = u32s[chunkOf(this.root)]!
    const directory = rootWords[root]!
    const index = wordOf(directory) + directoryIndex(hash, rootWords[root + 1]!)
    const directoryWords = u32s[chunkOf(directory)]!
    const segment = directoryWords[index]!
    const head = directoryWords[index + 1]!
    const words = u32s[chunkOf(segment)]!
    const capacity = head >>> 8
    const base = wordOf(segment) + headerWords
    let slot = place(hash, head & 0xff, capacity)
    for (;;) {
      const at = base + slot * 2
      const entry = words[at + 1]!
      if (entry === 0) return 0
      if (words[at] === hash) {
        const arena = this.arena
        const same = this.members
          ? sameMember(arena, entry, buf, from, to) : sameKey(arena, entry, buf, from, to)
        if (same) return entry
      }
      if (++slot === capacity) slot = 0
    }
  }

  /** True when the block `entry` is in the dict, under `hash`; it need not be a block any more. */
  has(hash: number, entry: number): boolean {
    return holds(this.arena, this.root, hash, entry)
  }

  /** Adds an entry whose key is absent. */
  insert(hash: number, entry: number): void {
    const arena = this.arena
    const root = wordOf(this.root)
    const rootWords = arena.u32[chunkOf(this.root)]!
    let segment = segmentOf(arena, this.root, hash)
    let words = arena.u32[chunkOf(segment)]!
    let head = wordOf(segment)
    while (words[head + 1]! >= fullAt(words[head]! >>> 8)) {
      this.grow(segment, hash)
      segment = segmentOf(arena, this.root, hash)
      words = arena.u32[chunkOf(segment)]!
      head = wordOf(segment)
    }
    put(words, head, hash, entry)
    words[head + 1] = words[head + 1]! + 1
    rootWords[root + 2] = rootWords[root + 2]! + 1
  }

  /**
   * As `find`; when there is no such entry, `fill` may follow, and nothing between that changes the dict. For who puts
   * in many keys of which hardly one is there: one way along the slots is enough.
   */
  probe(buf: Uint8Array, from: number, to: number, hash: number): number {
    const arena = this.arena
    for (;;) {
      const segment = segmentOf(arena, this.root, hash)
      const words = arena.u32[chunkOf(segment)]!
      const head = wordOf(segment)
      const capacity = words[head]! >>> 8
      let slot = place(hash, words[head]! & 0xff, capacity)
      let at = head + headerWords + slot * 2
      for (let entry = words[at + 1]!; entry !== 0; entry = words[at + 1]!) {
        if (words[at] === hash) {
          const same = this.members
            ? sameMember(arena, entry, buf, from, to) : sameKey(arena, entry, buf, from, to)
          if (same) return entry
        }
        if (++slot === capacity) slot = 0
        at = head + headerWords + slot * 2
      }
      if (words[head + 1]! < fullAt(capacity)) {
        this.freeWords = words
        this.freeHead = head
        this.freeAt = at
        return 0
      }
      this.grow(segment, hash)
    }
  }

  /** Adds an entry whose key `probe` has just found absent. */
  fill(hash: number, entry: number): void {
    const words = this.freeWords
    words[this.freeAt] = hash
    words[this.freeAt + 1] = entry
    words[this.freeHead + 1] = words[this.freeHead + 1]! + 1
    const rootWords = this.arena.u32[chunkOf(this.root)]!
    rootWords[wordOf(this.root) + 2] = rootWords[wordOf(this.root) + 2]! + 1
  }

  /** The entry moved: its slot names the new block. */
  replace(hash: number, before: number, after: number): void {
    const segment = segmentOf(this.arena, this.root, hash)
    const words = this.arena.u32[chunkOf(segment)]!
    words[slotOf(words, wordOf(segment), hash, before) + 1] = after
  }

  /** Takes the entry out; its block is the caller's to free. */
  remove(hash: number, entry: number): void {
    const arena = this.arena
    const segment = segmentOf(arena, this.root, hash)
    const words = arena.u32[chunkOf(segment)]!
    const head = wordOf(segment)
    closeGap(words, head, slotOf(words, head, hash, entry))
    const count = words[head + 1]! - 1
    words[head + 1] = count
    const rootWords = arena.u32[chunkOf(this.root)]!
    rootWords[wordOf(this.root) + 2] = rootWords[wordOf(this.root) + 2]! - 1
    const capacity = words[head]! >>> 8
    if (capacity > 3 && count < capacity >>> 2) this.shrink(segment, hash)
  }

  /**
   * One step of SCAN: visits the entries of the next stretch of hash space, about `count` of them, and returns the
   * next cursor, 0 at the end. An entry that is present all the while is visited; one may be visited twice.
   */
  scan(cursor: number, count: number, visit: (entry: number) => void): number {
    const arena = this.arena
    let from = cursor
    let seen = 0
    for (let steps = 0; seen < count && steps < count + 8; steps++) {
      const segment = segmentOf(arena, this.root, from)
      const words = arena.u32[chunkOf(segment)]!
      const head = wordOf(segment)
      const live = words[head + 1]!
      const span = 2 ** (32 - (words[head]! & 0xff))
      const end = (Math.floor(from / span) + 1) * span
      const width = live === 0 ? span : Math.max(1, Math.ceil((span / live) * (count - seen)))
      const to = Math.min(end, from + width)
      // All are read before the first is visited, as a visit may change the dict.
      const found = entriesBetween(words, head, from, to)
      seen += found.length
      for (const entry of found) visit(entry)
      if (to >= 0x100000000) return 0
      from = to
    }
    return from
  }

  /** Visits every entry; the dict must not change meanwhile. */
  each(visit: (entry: number) => void): void {
    eachSegment(this.arena, this.root, (segment) => eachEntry(this.arena, segment, visit))
  }

  /** Any entry, each as likely as the others; 0 when empty. */
  random(random: Random): number {
    return randomEntry(this.arena, this.root, random)
  }

  /** Up to `count` entries of a random place, into `entries` and `hashes`; returns how many. */
  sample(random: Random, count: number, entries: Uint32Array, hashes: Uint32Array): number {
    const found = neighbours(this.arena, this.root, random, count, entries, hashes)
    if (found > 0 || this.count === 0) return found
    entries[0] = this.random(random)
    hashes[0] = this.hashOf(entries[0])
    return 1
  }

  /** Empties the dict; `drop` gets each entry, whose block it frees. */
  clear(drop: (entry: number) => void): void {
    this.each(drop)
    freeSegments(this.arena, this.root)
    initDict(this.arena, this.root)
  }

  /** Frees the dict itself with all segments; the entries are the caller's. */
  destroy(drop: (entry: number) => void): void {
    this.each(drop)
    freeSegments(this.arena, this.root)
    this.arena.free(this.root)
    this.root = 0
  }

  /**
   * Destroys the dict a slice at a time: frees about `entriesMax` entries (at most a segment's more) with `drop`, and
   * the segments they were in. True when all is gone. Between the slices only this and `count` may be called.
   */
  destroySome(entriesMax: number, drop: (entry: number) => void): boolean {
    const arena = this.arena
    const words = arena.u32[chunkOf(this.root)]!
    const at = wordOf(this.root)
    // The place of the next segment takes the place of the number of segments.
    if ((words[at + 1]! & dying) === 0) {
      words[at + 1] = words[at + 1]! | dying
      words[at + 3] = 0
    }
    const depth = words[at + 1]! & ~dying
    const directory = arena.u32[chunkOf(words[at]!)]!
    for (let budget = entriesMax; words[at + 3]! < 1 << depth && budget > 0;) {
      const index = wordOf(words[at]!) + words[at + 3]! * 2
      const segment = directory[index]!
      const freed = arena.u32[chunkOf(segment)]![wordOf(segment) + 1]!
      words[at + 3] = words[at + 3]! + (1 << (depth - (directory[index + 1]! & 0xff)))
      words[at + 2] = words[at + 2]! - freed
      budget -= freed + 1
      eachEntry(arena, segment, drop)
      arena.free(segment)
    }
    if (words[at + 3]! < 1 << depth) return false
    arena.free(words[at]!)
    arena.free(this.root)
    this.root = 0
    return true
  }

  /** Bytes of the directory and the segments. */
  memoryBytes(): number {
    const arena = this.arena
    const directory = arena.u32[chunkOf(this.root)]![wordOf(this.root)]!
    let bytes = arena.usableBytes(this.root) + arena.usableBytes(directory)
    eachSegment(arena, this.root, (segment) => {
      bytes += arena.usableBytes(segment)
    })
    return bytes
  }

  /** Walks everything and throws where the books disagree. */
  check(): void {
    checkDict(this.arena, this.root, (entry) => this.hashOf(entry))
  }

  /** Makes room in the full segment of `hash`: the next size, or a split. */
  private grow(segment: number, hash: number): void {
    const arena = this.arena
    const words = arena.u32[chunkOf(segment)]!
    const local = words[wordOf(segment)]! & 0xff
    const step = stepByCapacity.get(words[wordOf(segment)]! >>> 8)!
    if (step < largest || local === depthMax) {
      if (step === largest) throw new Error('dict: more keys share a hash prefix than a segment holds')
      const larger = createSegment(arena, local, capacities[step + 1]!)
      moveAll(arena, segment, larger)
      this.point(hash, local, larger)
      arena.free(segment)
      return
    }
    const rootAt = wordOf(this.root)
    const rootWords = arena.u32[chunkOf(this.root)]!
    if (local === rootWords[rootAt + 1]) doubleDirectory(arena, this.root)
    const bit = 1 << (31 - local)
    const low = createSegment(arena, local + 1, capacities[halfStep]!)
    const high = createSegment(arena, local + 1, capacities[halfStep]!)
    this.point((hash & ~bit) >>> 0, local + 1, low)
    this.point((hash | bit) >>> 0, local + 1, high)
    rootWords[rootAt + 3] = rootWords[rootAt + 3]! + 1
    this.redistribute(segment)
    arena.free(segment)
  }

  /** Moves the entries of a segment that the directory no longer names to where they belong now. */
  private redistribute(segment: number): void {
    const words = this.arena.u32[chunkOf(segment)]!
    const head = wordOf(segment)
    const capacity = words[head]! >>> 8
    const rootWords = this.arena.u32[chunkOf(this.root)]!
    const count = words[head + 1]!
    rootWords[wordOf(this.root) + 2] = rootWords[wordOf(this.root) + 2]! - count
    for (let slot = 0; slot < capacity; slot++) {
      const at = head + headerWords + slot * 2
      if (words[at + 1] !== 0) this.insert(words[at]!, words[at + 1]!)
    }
  }

  /** Gives a sparse segment a smaller block, or joins it with its buddy. */
  private shrink(segment: number, hash: number): void {
    const arena = this.arena
    const words = arena.u32[chunkOf(segment)]!
    const head = wordOf(segment)
    const local = words[head]! & 0xff
    const count = words[head + 1]!
    if (local > 0) {
      const buddy = segmentOf(arena, this.root, (hash ^ (1 << (32 - local))) >>> 0)
      const other = arena.u32[chunkOf(buddy)]!
      const joint = count + other[wordOf(buddy) + 1]!
      if ((other[wordOf(buddy)]! & 0xff) === local && joint < capacities[halfStep]! >>> 1) {
        const merged = createSegment(arena, local - 1, capacities[halfStep]!)
        moveAll(arena, segment, merged)
        moveAll(arena, buddy, merged)
        this.point(hash, local - 1, merged)
        arena.free(segment)
        arena.free(buddy)
        const rootWords = arena.u32[chunkOf(this.root)]!
        const segments = rootWords[wordOf(this.root) + 3]! - 1
        rootWords[wordOf(this.root) + 3] = segments
        if (segments < 2 ** (rootWords[wordOf(this.root) + 1]! - 2)) halveDirectory(arena, this.root)
        return
      }
    }
    let step = stepByCapacity.get(words[head]! >>> 8)!
    // Segments of a split dict stay at half size or above, ready for their next entries.
    const floor = local > 0 ? halfStep : 0
    while (step > floor && count < fullAt(capacities[step - 1]!) >>> 1) step--
    if (capacities[step] === words[head]! >>> 8) return
    const smaller = createSegment(arena, local, capacities[step]!)
    moveAll(arena, segment, smaller)
    this.point(hash, local, smaller)
    arena.free(segment)
  }

  /** Lets all directory words of the segment with the top `local` bits of `hash` name `segment`. */
  private point(hash: number, local: number, segment: number): void {
    const words = this.arena.u32[chunkOf(this.root)]!
    const at = wordOf(this.root)
    const directory = words[at]!
    const depth = words[at + 1]!
    const head = this.arena.u32[chunkOf(segment)]![wordOf(segment)]!
    const target = this.arena.u32[chunkOf(directory)]!
    const first = wordOf(directory) + (directoryIndex(hash, local) << (depth - local))
    const last = first + (2 << (depth - local))
    for (let index = first; index < last; index += 2) {
      target[index] = segment
      target[index + 1] = head
    }
  }
}

/** The two words that key the hash. */
export type DictSeed = { readonly k0: number; readonly k1: number }
