// Sorted sets: one object that is opened on whichever is at hand, and hides which of its two encodings it has.
// Functions here change the view only; logging, events and replies are the commands' part.
//
// `form` and `root` are what the key's entry holds; after a change its owner stores both again. An item can be current:
// the one that `find` found or that a walk stopped at. Changes leave none current unless they say so.

import type { Arena } from '../arena/arena.ts'
import type { DictSeed } from '../arena/dict.ts'
import type { Form } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { compareBytes, ZsetPack } from './zset-pack.ts'
import { scoreOfEntry, ZsetTree } from './zset-tree.ts'

/** The entry's forms. */
export const packed = 0
export const treed = 1

const noBytes = new Uint8Array(0)

export class Zset {
  readonly arena: Arena
  form: Form
  /** Score of the current item. */
  score: number
  /** Member of the current item, after `read` and until the next call. */
  buf: Uint8Array
  from: number
  to: number
  private readonly small: ZsetPack
  private readonly large: ZsetTree

  constructor(arena: Arena, seed: DictSeed) {
    this.arena = arena
    this.form = packed
    this.score = 0
    this.buf = noBytes
    this.from = 0
    this.to = 0
    this.small = new ZsetPack(arena)
    this.large = new ZsetTree(arena, seed)
  }

  /** Turns to a new empty one, which has no memory yet when it is packed. */
  create(form: Form): this {
    this.form = form
    if (form === treed) this.large.create()
    else this.small.open(0)
    return this
  }

  open(root: number, form: Form): this {
    this.form = form
    if (form === treed) this.large.open(root)
    else this.small.open(root)
    return this
  }

  get root(): number {
    return this.form === treed ? this.large.root : this.small.pack.root
  }

  get count(): number {
    return this.form === treed ? this.large.count : this.small.count
  }

  /** True when the member is there, which is then current. */
  find(buf: Uint8Array, from: number, to: number): boolean {
    if (this.form === treed) {
      if (!this.large.find(buf, from, to)) return false
      this.score = this.large.score
      return true
    }
    if (!this.small.find(buf, from, to)) return false
    this.score = this.small.score
    return true
  }

  /** Puts a member in that `find` was just called for in vain; becomes a tree where these bounds say so. */
  insert(
    score: number, buf: Uint8Array, from: number, to: number, packEntriesMax: number, packValueBytesMax: number,
  ): void {
    if (this.form === packed) {
      if (this.small.count < packEntriesMax && to - from <= packValueBytesMax) {
        this.small.insert(score, buf, from, to)
        return
      }
      this.toTree()
      this.large.find(buf, from, to)
    }
    this.large.insertSought(score, buf, from, to)
  }

  /** Gives the member `buf[from..to)`, which `find` just found, another score. */
  change(score: number, buf: Uint8Array, from: number, to: number): void {
    if (this.form === treed) this.large.change(score)
    else this.small.change(score, buf, from, to)
  }

  /** Takes the member out that `find` just found. */
  removeFound(): void {
    if (this.form === treed) this.large.removeFound()
    else this.small.remove()
  }

  // Results that are gathered in no order, as a tree.

  /** As `insert`, but the member has its place in the order only after `order`. */
  gather(score: number, buf: Uint8Array, from: number, to: number): void {
    this.large.gatherSought(score, buf, from, to)
  }

  /** Gives the gathered member that `find` just found another score. */
  regather(score: number): void {
    this.large.regather(score)
  }

  order(): void {
    this.large.order()
  }

  // Walks. Each returns whether there is such an item, which is then current.

  first(): boolean {
    return this.form === treed ? this.took(this.large.first()) : this.gave(this.small.first())
  }

  last(): boolean {
    return this.form === treed ? this.took(this.large.last()) : this.gave(this.small.last())
  }

  next(): boolean {
    return this.form === treed ? this.took(this.large.next()) : this.gave(this.small.next())
  }

  prev(): boolean {
    return this.form === treed ? this.took(this.large.prev()) : this.gave(this.small.prev())
  }

  /** The item of that rank, counted from 0. */
  item(rank: number): boolean {
    return this.form === treed ? this.took(this.large.item(rank)) : this.gave(this.small.item(rank))
  }

  /** Takes the item out that a walk stopped at; the next one is current then. */
  remove(): boolean {
    return this.form === treed ? this.took(this.large.remove()) : this.gave(this.small.remove())
  }

  /** The first item with a score of at least `score`, or above it. */
  seekScore(score: number, above: boolean): boolean {
    if (this.form === treed) {
      if (!above) return this.took(this.large.seek(score))
      return score !== Infinity && this.took(this.large.seek(nextUp(score)))
    }
    return this.gave(this.small.seek(score, above))
  }

  /** The last item with a score of at most `score`, or below it. */
  seekScoreBack(score: number, below: boolean): boolean {
    if (this.form === treed) {
      if (!below && score === Infinity) return this.last()
      return this.large.seek(below ? score : nextUp(score)) ? this.prev() : this.last()
    }
    return this.gave(this.small.seek(score, !below) ? this.small.prev() : this.small.last())
  }

  /** The first item at or above a member, where all have the score of the first. */
  seekMember(buf: Uint8Array, from: number, to: number): boolean {
    if (!this.first()) return false
    if (this.form === treed) return this.took(this.large.seek(this.score, buf, from, to))
    for (;;) {
      this.read()
      if (compareBytes(this.buf, this.from, this.to, buf, from, to) >= 0) return true
      if (!this.next()) return false
    }
  }

  /** Number of items with a score below `score`, or also of just that score. */
  countBelow(score: number, included: boolean): number {
    if (included && score === Infinity) return this.count
    if (this.form === treed) return this.large.rankOf(included ? nextUp(score) : score)
    return this.small.countBelow(score, included)
  }

  /** Rank of the current item. */
  rank(): number {
    return this.form === treed ? this.large.rank() : this.small.rank()
  }

  /** What `turnTo` makes the current item the current one again with, as long as nothing changes. */
  get place(): number {
    return this.form === treed ? this.large.entry : this.small.at
  }

  turnTo(place: number): void {
    if (this.form === treed) this.large.entry = place
    else this.small.at = place
  }

  /** Points `buf`, `from` and `to` at the current member. */
  read(): void {
    if (this.form === treed) {
      this.large.read()
      this.buf = this.large.buf
      this.from = this.large.from
      this.to = this.large.to
      return
    }
    const { small } = this
    small.read()
    this.buf = small.pack.buf
    this.from = small.pack.from
    this.to = small.pack.to
  }

  /** Answers with `count` items from the current one on; in RESP3 those with scores are pairs. */
  reply(r: Reply, count: number, backward: boolean, withScores: boolean): void {
    if (this.form === treed) this.large.reply(r, count, backward, withScores)
    else this.small.reply(r, count, backward, withScores)
  }

  /**
   * A step of ZSCAN: gives `visit` about `count` members that it comes across, all of them when packed, and returns the
   * next cursor, 0 at the end. For a visit, the member is current and read.
   */
  scan(cursor: number, count: number, visit: () => void): number {
    if (this.form === packed) {
      for (let more = this.first(); more; more = this.next()) {
        this.read()
        visit()
      }
      return 0
    }
    const { large } = this
    return large.dict.scan(cursor, count, (entry) => {
      large.readEntry(entry)
      this.score = scoreOfEntry(this.arena, entry)
      this.buf = large.buf
      this.from = large.from
      this.to = large.to
      visit()
    })
  }

  /** Becomes a tree. */
  toTree(): void {
    const { small, large } = this
    large.create()
    for (let more = small.first(); more; more = small.next()) {
      small.read()
      const { buf, from, to } = small.pack
      large.find(buf, from, to)
      large.insertSought(small.score, buf, from, to)
    }
    small.pack.clear()
    this.form = treed
  }

  /** Becomes a pack, when these bounds allow that. */
  toPack(packEntriesMax: number, packValueBytesMax: number): void {
    const { small, large } = this
    if (this.form === packed || large.count > packEntriesMax) return
    for (let more = large.first(); more; more = large.next()) {
      large.read()
      if (large.to - large.from > packValueBytesMax) return
    }
    small.open(0)
    for (let more = large.first(); more; more = large.next()) {
      large.read()
      small.insert(large.score, large.buf, large.from, large.to)
    }
    large.free()
    this.form = packed
  }

  free(): void {
    if (this.form === treed) this.large.free()
    else this.small.pack.clear()
  }

  /** Frees about `entries` members of one that nobody uses any more; true when all is gone. */
  freeSome(entries: number): boolean {
    if (this.form === treed) return this.large.freeSome(entries)
    this.small.pack.clear()
    return true
  }

  memoryBytes(): number {
    return this.form === treed ? this.large.memoryBytes() : this.small.pack.memoryBytes()
  }

  /** Walks everything and throws where the books disagree. */
  check(): void {
    if (this.form === treed) {
      this.large.check()
      return
    }
    this.small.pack.check()
    let before = -Infinity
    for (let more = this.first(); more; more = this.next()) {
      if (this.score < before) throw new Error('zset: items out of order')
      before = this.score
    }
  }

  private took(found: boolean): boolean {
    this.score = this.large.score
    return found
  }

  private gave(found: boolean): boolean {
    this.score = this.small.score
    return found
  }
}

const f64 = new Float64Array(1)
const bits = new Uint32Array(f64.buffer)

/** The next larger double; infinity stays. */
export function nextUp(value: number): number {
  if (value === Infinity) return value
  if (value === 0) return Number.MIN_VALUE
  f64[0] = value
  // Away from zero when positive, towards it when negative; a carry goes to the high word.
  const by = value > 0 ? 1 : -1
  const low = bits[0]! + by
  bits[0] = low
  if (low > 0xffffffff || low < 0) bits[1] = bits[1]! + by
  return f64[0]!
}
