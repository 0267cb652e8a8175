// A large sorted set: a dict of its members, and over the same entries an order-statistic tree by score and member.
// Redis calls this encoding `skiplist`.
//
//   root      ┌ dict u32 │ tree u32 ┐
//   entry     ┌ score, low word │ member's length u32 │ score, high word │ member's bytes … ┐
//
// The two words of a Dict's entry that are its owner's hold the score, so a member costs twelve bytes and its own, a
// slot of the dict and an item of the tree.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { Dict, keyOffset } from '../arena/dict.ts'
import type { DictSeed } from '../arena/dict.ts'
import { Tree } from '../arena/tree.ts'
import type { Reply } from '../reply.ts'

const f64 = new Float64Array(1)
const bits = new Uint32Array(f64.buffer)
const noBytes = new Uint8Array(0)
/** Entries that are read from a leaf at once. */
const run = new Uint32Array(128)

export class ZsetTree {
  readonly arena: Arena
  readonly dict: Dict
  readonly tree: Tree
  root: number
  /** The current item: its entry, and its score. */
  entry: number
  score: number
  /** Member bytes that `read` found. */
  buf: Uint8Array
  from: number
  to: number
  private readonly seed: DictSeed
  private hash: number

  constructor(arena: Arena, seed: DictSeed) {
    this.arena = arena
    this.seed = seed
    // Opened before each use, so any root will do here but none at all.
    this.dict = new Dict(arena, seed, 1)
    this.tree = new Tree(arena, 'score')
    this.root = 0
    this.entry = 0
    this.score = 0
    this.buf = noBytes
    this.from = 0
    this.to = 0
    this.hash = 0
  }

  create(): void {
    const dict = new Dict(this.arena, this.seed).root
    const root = this.arena.alloc(8)
    const words = this.arena.u32[chunkOf(root)]!
    words[wordOf(root)] = dict
    words[wordOf(root) + 1] = 0
    this.open(root)
  }

  open(root: number): void {
    const words = this.arena.u32[chunkOf(root)]!
    this.root = root
    this.dict.root = words[wordOf(root)]!
    this.tree.open(words[wordOf(root) + 1]!)
    this.entry = 0
  }

  get count(): number {
    return this.dict.count
  }

  find(buf: Uint8Array, from: number, to: number): boolean {
    this.hash = this.dict.hash(buf, from, to)
    const entry = this.dict.find(buf, from, to, this.hash)
    this.entry = entry
    if (entry === 0) return false
    this.score = scoreOfEntry(this.arena, entry)
    return true
  }

  /** Puts the member that `find` was just called for in vain. */
  insertSought(score: number, buf: Uint8Array, from: number, to: number): void {
    const entry = this.gatherSought(score, buf, from, to)
    this.tree.probeScore(score, buf, from, to).insert(entry)
    this.storeTree()
  }

  /** As `insertSought`, but the member has no place in the order until `order` is called; it is then current. */
  gatherSought(score: number, buf: Uint8Array, from: number, to: number): number {
    const { arena } = this
    const size = to - from
    const entry = arena.alloc(keyOffset + size)
    const words = arena.u32[chunkOf(entry)]!
    words[wordOf(entry) + 1] = size
    writeScore(arena, entry, score)
    const u8 = arena.u8[chunkOf(entry)]!
    let at = byteOf(entry) + keyOffset
    if (size < 64) for (let i = from; i < to; i++) u8[at++] = buf[i]!
    else u8.set(buf.subarray(from, to), at)
    this.dict.insert(this.hash, entry)
    this.entry = entry
    this.score = score
    return entry
  }

  /** Gives the gathered member that is current another score. */
  regather(score: number): void {
    writeScore(this.arena, this.entry, score)
  }

  /** Puts all gathered members in their order. */
  order(): void {
    this.dict.each((entry) => this.tree.probeMember(scoreOfEntry(this.arena, entry), entry).insert(entry))
    this.storeTree()
  }

  /** Gives the current item another score; none is current then. */
  change(score: number): void {
    const { entry, tree } = this
    tree.probeMember(this.score, entry)
    if (tree.find()) tree.removeCurrent()
    writeScore(this.arena, entry, score)
    tree.probeMember(score, entry).insert(entry)
    this.storeTree()
    this.entry = 0
  }

  /** Takes the member out that `find` found; none is current then. */
  removeFound(): void {
    const { entry, tree } = this
    tree.probeMember(this.score, entry)
    if (tree.find()) tree.removeCurrent()
    this.drop(entry, this.hash)
  }

  /** Takes the item out that a walk stopped at; the next one is current then, if there is one. */
  remove(): boolean {
    const { entry } = this
    const hash = this.dict.hashOf(entry)
    const more = this.tree.removeAndNext()
    this.drop(entry, hash)
    return this.settle(more)
  }

  first(): boolean {
    return this.settle(this.tree.first())
  }

  last(): boolean {
    return this.settle(this.tree.last())
  }

  next(): boolean {
    return this.settle(this.tree.next())
  }

  prev(): boolean {
    return this.settle(this.tree.prev())
  }

  item(rank: number): boolean {
    return this.settle(this.tree.at(rank))
  }

  /** Rank of the current item. */
  rank(): number {
    return this.tree.probeMember(this.score, this.entry).rank()
  }

  /** The first item that is not below (score, member). */
  seek(score: number, buf: Uint8Array = noBytes, from = 0, to = 0): boolean {
    return this.settle(this.tree.probeScore(score, buf, from, to).seek())
  }

  /** Number of items below (score, ''). */
  rankOf(score: number): number {
    return this.tree.probeScore(score, noBytes, 0, 0).rank()
  }

  /** Points `buf`, `from` and `to` at the current member. */
  read(): void {
    this.readEntry(this.entry)
  }

  readEntry(entry: number): void {
    this.buf = this.arena.u8[chunkOf(entry)]!
    this.from = byteOf(entry) + keyOffset
    this.to = this.from + this.arena.u32[chunkOf(entry)]![wordOf(entry) + 1]!
  }

  /** Answers with `count` items from the current one on, forward or backward; none is current then. */
  reply(r: Reply, count: number, backward: boolean, withScores: boolean): void {
    const { arena, tree } = this
    const pairs = withScores && r.resp === 3
    const { u8, u32 } = arena
    for (let left = count; left > 0;) {
      const taken = tree.take(run, left, backward)
      for (let i = 0; i < taken; i++) {
        const entry = run[i]!
        const chunk = chunkOf(entry)
        const from = byteOf(entry) + keyOffset
        if (pairs) r.array(2)
        r.bulk(u8[chunk]!, from, from + u32[chunk]![wordOf(entry) + 1]!)
        if (withScores) r.number(scoreOfEntry(arena, entry))
      }
      left -= taken
      if (left > 0) {
        if (backward) tree.prev()
        else tree.next()
      }
    }
    this.entry = 0
  }

  free(): void {
    const { arena } = this
    this.tree.clear()
    this.dict.destroy((entry) => arena.free(entry))
    arena.free(this.root)
  }

  /** Frees about `entries` members, or as many nodes; true when all is gone. Nothing else may be called meanwhile. */
  freeSome(entries: number): boolean {
    const { arena } = this
    if (this.tree.root !== 0) {
      this.tree.clearSome(entries)
      this.storeTree()
      if (this.tree.root !== 0) return false
    }
    if (!this.dict.destroySome(entries, (entry) => arena.free(entry))) return false
    arena.free(this.root)
    return true
  }

  memoryBytes(): number {
    const { arena } = this
    let bytes = arena.usableBytes(this.root) + this.dict.memoryBytes() + this.tree.memoryBytes()
    this.dict.each((entry) => {
      bytes += arena.usableBytes(entry)
    })
    return bytes
  }

  check(): void {
    this.dict.check()
    this.tree.check()
    let items = 0
    for (let more = this.first(); more; more = this.next()) {
      items++
      this.read()
      const { buf, from, to, entry } = this
      if (this.dict.find(buf, from, to, this.dict.hash(buf, from, to)) !== entry) {
        throw new Error('zset: an item of the tree is no member')
      }
    }
    if (items !== this.dict.count) throw new Error(`zset: ${this.dict.count} members, ${items} in order`)
  }

  private drop(entry: number, hash: number): void {
    this.storeTree()
    this.dict.remove(hash, entry)
    this.arena.free(entry)
    this.entry = 0
  }

  private settle(found: boolean): boolean {
    if (!found) {
      this.entry = 0
      return false
    }
    const entry = this.tree.value
    this.entry = entry
    this.score = scoreOfEntry(this.arena, entry)
    return true
  }

  private storeTree(): void {
    this.arena.u32[chunkOf(this.root)]![wordOf(this.root) + 1] = this.tree.root
  }
}

export function scoreOfEntry(arena: Arena, entry: number): number {
  const words = arena.u32[chunkOf(entry)]!
  bits[0] = words[wordOf(entry)]!
  bits[1] = words[wordOf(entry) + 2]!
  return f64[0]!
}

function writeScore(arena: Arena, entry: number, score: number): void {
  f64[0] = score
  const words = arena.u32[chunkOf(entry)]!
  words[wordOf(entry)] = bits[0]!
  words[wordOf(entry) + 2] = bits[1]!
}
