// Which keys of an old checkpoint a stretch of the log may have read or written. What it says no of is copied as it is;
// a yes too many only costs a key's load and rewrite. So 32 bits of a keyed hash a key are enough: with a million
// touched keys one in four thousand of the others is folded without need, and ten million take some 80 MB.
//
// Databases are followed by what they held at first: SWAPDB exchanges numbers, a flush lets all go that isn't touched
// yet. Keys that were touched before the flush are still needed, for the entries up to there.

import type { DictSeed } from '../arena/dict.ts'
import { hashBytes } from '../arena/hash.ts'
import type { KeyNotes } from './effect-keys.ts'

const shards = 256
const slotsFirst = 64
/** Of a shard without keys. */
const noSlots = new Uint32Array(1)
/** Slots per key at least: 4/3. */
const fullShare = 0.75

export class TouchedKeys implements KeyNotes {
  /** Keys that were named, about: two of one hash count once. */
  count: number
  private readonly seed: DictSeed
  /** By the hash's top byte: open addressing over hashes, 0 for a free slot. */
  private readonly slots: Uint32Array[]
  private readonly used: Uint32Array
  /** By number of database: which one of the old checkpoint stands there now. */
  private readonly sources: number[]
  private readonly flushed: boolean[]
  private readonly whole: boolean[]

  constructor(databases: number, seed: DictSeed) {
    this.count = 0
    this.seed = seed
    this.slots = Array.from({ length: shards }, () => noSlots)
    this.used = new Uint32Array(shards)
    this.sources = Array.from({ length: databases }, (_, db) => db)
    this.flushed = this.sources.map(() => false)
    this.whole = this.sources.map(() => false)
  }

  /** A command names the key in database `db`. */
  add(db: number, buf: Uint8Array, from: number, to: number): void {
    const source = this.sources[db]
    if (source === undefined || this.flushed[source]! || this.whole[source]!) return
    this.put(this.hash(source, buf, from, to))
  }

  /** A command may need any key. */
  addAll(): void {
    for (let source = 0; source < this.whole.length; source++) if (!this.flushed[source]!) this.whole[source] = true
  }

  swap(one: number, other: number): void {
    const source = this.sources[one]!
    this.sources[one] = this.sources[other]!
    this.sources[other] = source
  }

  flush(db: number): void {
    this.flushed[this.sources[db]!] = true
  }

  flushAll(): void {
    this.flushed.fill(true)
  }

  /** A key of what was database `source` at first is needed by the log. */
  has(source: number, buf: Uint8Array, from: number, to: number): boolean {
    if (this.whole[source]!) return true
    const hash = this.hash(source, buf, from, to)
    const slots = this.slots[hash >>> 24]!
    const mask = slots.length - 1
    for (let at = hash & mask;; at = (at + 1) & mask) {
      const found = slots[at]!
      if (found === hash) return true
      if (found === 0) return false
    }
  }

  /** All that isn't touched of what was database `source` at first is gone. */
  isFlushed(source: number): boolean {
    return this.flushed[source]!
  }

  /** Which database of the old checkpoint is number `db` in the end, and the other way round. */
  sourceOf(db: number): number {
    return this.sources[db]!
  }

  numberOf(source: number): number {
    return this.sources.indexOf(source)
  }

  get bytes(): number {
    return this.slots.reduce((sum, slots) => sum + slots.byteLength, 0)
  }

  private hash(source: number, buf: Uint8Array, from: number, to: number): number {
    const hash = hashBytes(buf, from, to, this.seed.k0 ^ source, this.seed.k1)
    return hash === 0 ? 1 : hash
  }

  private put(hash: number): void {
    const shard = hash >>> 24
    let slots = this.slots[shard]!
    if (slots === noSlots || this.used[shard]! >= slots.length * fullShare) slots = this.grow(shard)
    if (!insert(slots, hash)) return
    this.used[shard] = this.used[shard]! + 1
    this.count++
  }

  private grow(shard: number): Uint32Array {
    const before = this.slots[shard]!
    const grown = new Uint32Array(Math.max(slotsFirst, before.length * 2))
    for (const hash of before) if (hash !== 0) insert(grown, hash)
    this.slots[shard] = grown
    return grown
  }
}

/** False when it was there. */
function insert(slots: Uint32Array, hash: number): boolean {
  const mask = slots.length - 1
  let at = hash & mask
  while (slots[at] !== 0) {
    if (slots[at] === hash) return false
    at = (at + 1) & mask
  }
  slots[at] = hash
  return true
}
