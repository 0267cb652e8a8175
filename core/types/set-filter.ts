// The members of one set that other sets have, or lack: the heart of SINTER and SDIFF. Members go through all sets some
// hundreds at a time, so that each step is a small loop over one set, and a LIMIT ends the work early.

import { filterSame } from '../arena/dict-same.ts'
import { setForms } from './set.ts'
import type { MemberSet } from './set.ts'

/** So many members are looked at together. */
const batchMax = 512

export class MemberFilter {
  /** Places, and in a hashtable the hashes, of the members that `next` found. */
  readonly places: Uint32Array
  readonly hashes: Uint32Array
  private set: MemberSet | undefined
  private others: readonly MemberSet[]
  private wanted: boolean
  private more: boolean
  /** Where the next batch begins. */
  private at: number
  private atHash: number

  constructor() {
    this.places = new Uint32Array(batchMax)
    this.hashes = new Uint32Array(batchMax)
    this.set = undefined
    this.others = []
    this.wanted = true
    this.more = false
    this.at = 0
    this.atHash = 0
  }

  /** Begins with the first members of `set`: those are let through that each of the others has, or that each lacks. */
  start(set: MemberSet, others: readonly MemberSet[], wanted: boolean): void {
    this.set = set
    this.others = others
    this.wanted = wanted
    this.more = set.firstPlace()
    this.at = set.place
    this.atHash = set.hash
  }

  /** Finds the next members that pass; returns how many, 0 at the end. */
  next(): number {
    const set = this.set!
    while (this.more) {
      let count = this.take(set)
      for (const other of this.others) {
        if (count > 0) count = this.passed(set, other, count)
      }
      if (count > 0) return count
    }
    return 0
  }

  /** Goes to the i-th member that passed; in a hashtable its bytes are left where they are until `load`. */
  goTo(i: number): void {
    const set = this.set!
    if (set.form === setForms.dict) {
      set.place = this.places[i]!
      set.hash = this.hashes[i]!
    } else set.moveTo(this.places[i]!)
  }

  private take(set: MemberSet): number {
    const { places, hashes } = this
    let count = 0
    if (set.form === setForms.dict) {
      const { walk } = set
      let place = this.at
      let hash = this.atHash
      while (place !== 0 && count < batchMax) {
        places[count] = place
        hashes[count++] = hash
        place = walk.next()
        hash = walk.hash
      }
      this.at = place
      this.atHash = hash
      this.more = place !== 0
      return count
    }
    set.place = this.at
    for (; this.more && count < batchMax; this.more = set.nextPlace()) places[count++] = set.place
    this.at = set.place
    return count
  }

  private passed(set: MemberSet, other: MemberSet, count: number): number {
    const { places, hashes, wanted } = this
    if (set.form === setForms.dict && other.form === setForms.dict) {
      return filterSame(other.dict.arena, other.root, places, hashes, count, wanted)
    }
    let left = 0
    for (let i = 0; i < count; i++) {
      this.goTo(i)
      if (other.hasCurrentOf(set) !== wanted) continue
      places[left] = places[i]!
      hashes[left++] = hashes[i]!
    }
    return left
  }
}
