// Walks over all entries of a Dict in the order of hash space, one call an entry: for loops that would otherwise make a
// closure each, and that want the hash which stands beside an entry. The dict must not change meanwhile.

import { chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'
import { headerWords } from './dict-segment.ts'

export class DictWalk {
  /** Hash of the entry that `next` gave last. */
  hash: number
  private readonly arena: Arena
  private root: number
  /** Place of the next segment in the directory. */
  private place: number
  private words: Uint32Array
  private at: number
  private end: number

  constructor(arena: Arena) {
    this.hash = 0
    this.arena = arena
    this.root = 0
    this.place = 0
    this.words = new Uint32Array(0)
    this.at = 0
    this.end = 0
  }

  /** Begins with the dict at `root`. */
  start(root: number): void {
    this.root = root
    this.place = 0
    this.at = 0
    this.end = 0
  }

  /** The next entry, 0 at the end. */
  next(): number {
    for (;;) {
      const words = this.words
      for (let at = this.at; at < this.end; at += 2) {
        const entry = words[at + 1]!
        if (entry === 0) continue
        this.hash = words[at]!
        this.at = at + 2
        return entry
      }
      if (!this.nextSegment()) return 0
    }
  }

  private nextSegment(): boolean {
    const u32s = this.arena.u32
    const root = u32s[chunkOf(this.root)]!
    const at = wordOf(this.root)
    const depth = root[at + 1]!
    if (this.place >= 1 << depth) return false
    const directory = root[at]!
    const named = u32s[chunkOf(directory)]!
    const index = wordOf(directory) + this.place * 2
    const segment = named[index]!
    const head = named[index + 1]!
    this.place += 1 << (depth - (head & 0xff))
    this.words = u32s[chunkOf(segment)]!
    this.at = wordOf(segment) + headerWords
    this.end = this.at + (head >>> 8) * 2
    return true
  }
}
