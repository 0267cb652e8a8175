// A small sorted set: a pack of member, score, member, score … in order. Redis calls this encoding `listpack`.

import type { Arena } from '../arena/arena.ts'
import { Pack } from '../arena/pack.ts'
import { insertScore, readScore, replaceScore } from './zset-score.ts'

export class ZsetPack {
  readonly pack: Pack
  /** Score of the current item. */
  score: number
  /** The current item's member, 0 when there is none. */
  private at: number

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
    const fits = (before === 0 || readScore(pack, before) < score)
      && (after === 0 || readScore(pack, pack.next(after)) > score)
    if (fits) replaceScore(pack, pack.next(at), score)
    else {
      pack.remove(at, 2)
      this.insert(score, buf, from, to)
    }
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
    return this.turnTo(this.pack.at(rank * 2))
  }

  /** Rank of the current item. */
  rank(): number {
    const { pack, at } = this
    let rank = 0
    for (let other = pack.first(); other !== at; other = pack.next(pack.next(other))) rank++
    return rank
  }

  /** Points the pack's `buf`, `from` and `to` at the current member. */
  read(): void {
    this.pack.read(this.at)
  }

  /** The member before which such an item belongs, 0 for the end. From the end, as scores grow as a rule. */
  private placeOf(score: number, buf: Uint8Array, from: number, to: number): number {
    const { pack } = this
    let place = 0
    for (let at = pack.last(); at !== 0; at = pack.prev(place)) {
      const other = readScore(pack, at)
      if (other < score) break
      const member = pack.prev(at)
      if (other === score && this.isBelow(member, buf, from, to)) break
      place = member
    }
    return place
  }

  private isBelow(member: number, buf: Uint8Array, from: number, to: number): boolean {
    this.pack.read(member)
    return compareBytes(this.pack.buf, this.pack.from, this.pack.to, buf, from, to) < 0
  }

  private turnTo(at: number): boolean {
    this.at = at
    if (at === 0) return false
    this.score = readScore(this.pack, this.pack.next(at))
    return true
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
