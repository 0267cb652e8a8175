// Names below a stream: its groups, a group's consumers, its producers and what they produced.
//
//   names     a Tree of entries by name (kind score, all scores 0), so that lists come sorted as Redis sorts them
//   entry     ┌ – │ name length │ body │ name bytes … ┐        body: a pointer, the owner's own
//
// `root` is the Tree's, a word of whoever owns the names.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { keyOffset } from '../arena/dict.ts'
import { Tree } from '../arena/tree.ts'

export class Names {
  readonly arena: Arena
  private readonly tree: Tree
  /** The entry that `add` made. */
  added: number

  constructor(arena: Arena) {
    this.arena = arena
    this.tree = new Tree(arena, 'score')
    this.added = 0
  }

  /** The body of `buf[from..to)`, 0 when there is none. */
  find(root: number, buf: Uint8Array, from: number, to: number): number {
    return this.tree.open(root).probeScore(0, buf, from, to).find() ? this.bodyOf(this.tree.value) : 0
  }

  /** Bodies in the order of their names. */
  list(root: number): number[] {
    const bodies: number[] = []
    const tree = this.tree.open(root)
    for (let more = tree.first(); more; more = tree.next()) bodies.push(this.bodyOf(tree.value))
    return bodies
  }

  count(root: number): number {
    return this.tree.open(root).count
  }

  /** Adds a name, which must be absent; returns the new root. Its entry is `added`. */
  add(root: number, buf: Uint8Array, from: number, to: number, body: number): number {
    const entry = this.arena.alloc(keyOffset + to - from)
    const words = this.arena.u32[chunkOf(entry)]!
    words[wordOf(entry)] = 0
    words[wordOf(entry) + 1] = to - from
    words[wordOf(entry) + 2] = body
    this.arena.u8[chunkOf(entry)]!.set(buf.subarray(from, to), byteOf(entry) + keyOffset)
    this.tree.open(root).probeMember(0, entry).insert(entry)
    this.added = entry
    return this.tree.root
  }

  /** Takes a name out, and its entry away; returns the new root. */
  drop(root: number, entry: number): number {
    this.tree.open(root).probeMember(0, entry).remove()
    this.arena.free(entry)
    return this.tree.root
  }

  /** Frees all entries; the bodies are the owner's. */
  clear(root: number): void {
    this.tree.open(root).clear((entry) => this.arena.free(entry))
  }

  nameOf(entry: number): Buffer {
    const from = byteOf(entry) + keyOffset
    const size = this.arena.u32[chunkOf(entry)]![wordOf(entry) + 1]!
    return Buffer.from(this.arena.u8[chunkOf(entry)]!.subarray(from, from + size))
  }

  /** Bytes of the Tree and its entries. */
  memoryBytes(root: number): number {
    const tree = this.tree.open(root)
    let bytes = tree.memoryBytes()
    for (let more = tree.first(); more; more = tree.next()) bytes += this.arena.usableBytes(tree.value)
    return bytes
  }

  private bodyOf(entry: number): number {
    return this.arena.u32[chunkOf(entry)]![wordOf(entry) + 2]!
  }
}
