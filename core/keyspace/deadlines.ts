// The deadlines of one database's keys, in order: a key expires when it is due, not when it is sampled.

import { Tree } from '../arena/tree.ts'
import type { Arena } from '../arena/arena.ts'

export class DeadlineIndex {
  private readonly tree: Tree
  /** The earliest deadline as last read, or -1 when it must be read anew. */
  private earliest: number

  constructor(arena: Arena) {
    this.tree = new Tree(arena, 'deadline')
    this.earliest = -1
  }

  get count(): number {
    return this.tree.count
  }

  /** `ms`: unix time at which the entry is due. */
  insert(ms: number, entry: number): void {
    this.tree.probeDeadline(ms, entry).insert(entry)
    if (ms < this.earliest) this.earliest = ms
  }

  remove(ms: number, entry: number): void {
    if (!this.tree.probeDeadline(ms, entry).remove()) throw new Error('a deadline is not in its index')
    if (ms === this.earliest) this.earliest = -1
  }

  has(ms: number, entry: number): boolean {
    return this.tree.probeDeadline(ms, entry).find()
  }

  /** Earliest deadline in unix ms, Infinity when there is none. */
  first(): number {
    if (this.earliest >= 0) return this.earliest
    if (!this.tree.first()) this.earliest = Infinity
    else this.earliest = this.tree.key(0) * 0x100000000 + this.tree.key(1)
    return this.earliest
  }

  /** The entry that is due first, 0 when there is none. */
  firstEntry(): number {
    return this.tree.first() ? this.tree.value : 0
  }

  /** The entry at a place in the order of deadlines: for volatile-ttl and for random volatile keys. */
  at(rank: number): number {
    return this.tree.at(rank) ? this.tree.value : 0
  }

  clear(): void {
    this.tree.clear()
    this.earliest = -1
  }

  memoryBytes(): number {
    return this.tree.memoryBytes()
  }

  check(): void {
    this.tree.check()
  }
}
