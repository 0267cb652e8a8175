// A small sorted set: a pack of member, score, member, score … in order. Redis calls this encoding `listpack`.
//
// Most sorted sets of a queue are as small as that, and each command walks: so the loops read the bytes themselves.

import { byteOf, chunkOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { elementBytes } from '../arena/pack-element.ts'
import { Pack } from '../arena/pack.ts'
import type { Reply } from '../reply.ts'
import { insertScore, replaceScore, scoreAt, scoreBytesMax } from './zset-score.ts'

/** Head and back length of a usual member. */
const memberFrameBytes = 2

export class ZsetPack {
  readonly pack: Pack
  /** Score of the current item. */
  score: number
  /** The current item's member, 0 when there is none. */
  at: number

  constructor(arena: Arena) {
    this.pack = new Pack(arena)
    this.score = 0
    this.at = 0
  }

  open(root: number): void {
    this.pack.open(root)
    this.at = 0
  }

  get count(): number {
    return this.pack.count >>> 1
  }

  find(buf: Uint8Array, from: number, to: number): boolean {
    return this.turnTo(this.pack.find(this.pack.first(), 1, buf, from, to))
  }

  /** Puts a member that is absent; none is current then. */
  insert(score: number, buf: Uint8Array, from: number, to: number): void {
    const { pack } = this
    // A first member and its score get their block at once.
    if (pack.root === 0) pack.reserve(to - from + memberFrameBytes + scoreBytesMax(score))
    const at = pack.insert(this.placeOf(score, buf, from, to), buf, from, to)
    insertScore(pack, pack.next(at), score)
    this.at = 0
  }

  /** Gives the current item, whose member is `buf[from..to)`, another score; none is current then. */
  change(score: number, buf: Uint8Array, from: number, to: number): void {
    const { pack, at } = this
    // It stays where it stands between neighbours that allow it.
    const before = pack.prev(at)
    const after = pack.next(pack.next(at))
    const fits = (before === 0 || this.scoreOf(before) < score) && (after === 0 || this.scoreBehind(after) > score)
    const moved = fits ? at : pack.move(at, 2, this.placeOf(score, buf, from, to))
    replaceScore(pack, pack.next(moved), score)
    this.at = 0
  }

  /** Takes the current item out; the next one is current then, if there is one. */
  remove(): boolean {
    return this.turnTo(this.pack.remove(this.at, 2))
  }

  first(): boolean {
    return this.turnTo(this.pack.first())
  }

  last(): boolean {
    const score = this.pack.last()
    return this.turnTo(score === 0 ? 0 : this.pack.prev(score))
  }

  next(): boolean {
    return this.turnTo(this.pack.next(this.pack.next(this.at)))
  }

  prev(): boolean {
    const score = this.pack.prev(this.at)
    return this.turnTo(score === 0 ? 0 : this.pack.prev(score))
  }

  item(rank: number): boolean {
    // To a pack a negative index is one from the end.
    return this.turnTo(rank < 0 ? 0 : this.pack.at(rank * 2))
  }

  /** Goes to the first item with a score of at least `score`, or above it. */
  seek(score: number, above: boolean): boolean {
    const { pack } = this
    if (pack.root === 0) return false
    const u8 = pack.arena.u8[chunkOf(pack.root)]!
    const base = byteOf(pack.root)
    const end = base + pack.bytes
    for (let at = base + pack.first(); at < end;) {
      const place = at
      at += elementBytes(u8, at)
      const other = scoreAt(u8, at)
      if (above ? other > score : other >= score) {
        this.at = place - base
        this.score = other
        return true
      }
      at += elementBytes(u8, at)
    }
    this.at = 0
    return false
  }

  /** Number of items with a score below `score`, or also of just that score. */
  countBelow(score: number, included: boolean): number {
    return this.seek(score, included) ? this.rank() : this.count
  }

  /** Rank of the current item. */
  rank(): number {
    const { pack } = this
    const u8 = pack.arena.u8[chunkOf(pack.root)]!
    const base = byteOf(pack.root)
    // The shorter way: up to it, or from it to the end.
    const isLate = this.at > pack.bytes >>> 1
    const stop = base + (isLate ? pack.bytes : this.at)
    let passed = 0
    for (let at = base + (isLate ? this.at : pack.first()); at < stop; passed++) {
      at += elementBytes(u8, at)
      at += elementBytes(u8, at)
    }
    return isLate ? this.count - passed : passed
  }

  /** Points the pack's `buf`, `from` and `to` at the current member. */
  read(): void {
    this.pack.read(this.at)
  }

  /** Answers with `count` items from the current one on, forward or backward; none is current then. */
  reply(r: Reply, count: number, backward: boolean, withScores: boolean): void {
    const { pack } = this
    const pairs = withScores && r.resp === 3
    let { at } = this
    for (let left = count; left > 0; left--) {
      if (pairs) r.array(2)
      pack.read(at)
      r.bulk(pack.buf, pack.from, pack.to)
      if (withScores) r.number(this.scoreBehind(at))
      if (left > 1) at = backward ? pack.prev(pack.prev(at)) : pack.next(pack.next(at))
    }
    this.at = 0
  }

  /** The member before which such an item belongs, 0 for the end. From the end, as scores grow as a rule. */
  private placeOf(score: number, buf: Uint8Array, from: number, to: number): number {
    const { pack } = this
    if (pack.root === 0) return 0
    const u8 = pack.arena.u8[chunkOf(pack.root)]!
    const base = byteOf(pack.root)
    const first = base + pack.first()
    const end = base + pack.bytes
    let place = end
    while (place > first) {
      // Before the place stands a score, whose head and payload take less than 128 bytes, and before that its member.
      const at = place - 1 - u8[place - 1]!
      const other = scoreAt(u8, at)
      if (other < score) break
      const body = u8[at - 1]!
      const member = body < 0x80 ? at - 1 - body : base + pack.prev(at - base)
      if (other === score && this.isBelow(member - base, buf, from, to)) break
      place = member
    }
    return place === end ? 0 : place - base
  }

  private isBelow(member: number, buf: Uint8Array, from: number, to: number): boolean {
    this.pack.read(member)
    return compareBytes(this.pack.buf, this.pack.from, this.pack.to, buf, from, to) < 0
  }

  private scoreOf(at: number): number {
    return scoreAt(this.pack.arena.u8[chunkOf(this.pack.root)]!, byteOf(this.pack.root) + at)
  }

  private turnTo(at: number): boolean {
    this.at = at
    if (at === 0) return false
    this.score = this.scoreBehind(at)
    return true
  }

  /** The score that belongs to a member. */
  private scoreBehind(member: number): number {
    const { pack } = this
    const u8 = pack.arena.u8[chunkOf(pack.root)]!
    const start = byteOf(pack.root) + member
    return scoreAt(u8, start + elementBytes(u8, start))
  }
}

/** Sign of a − b, as memcmp, the shorter one first. */
export function compareBytes(
  a: Uint8Array, from: number, to: number, b: Uint8Array, start: number, end: number,
): number {
  const length = Math.min(to - from, end - start)
  for (let i = 0; i < length; i++) {
    const difference = a[from + i]! - b[start + i]!
    if (difference !== 0) return difference
  }
  return to - from - (end - start)
}
