// Fields of a large hash: a Dict of entries that hold field and value, and a Tree of the deadlines that some have.
//
//   root    ┌ the dict's root: 4 words │ root of the tree of deadlines u32, 0 for none │ spare ┐
//   entry   as that of a string key (keyspace/entry.ts): field for key, of the first word
//           no more than the deadline bit
//
// A FieldTable is opened on one root after another; the root never moves.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { createDict } from '../arena/dict-create.ts'
import { Dict } from '../arena/dict.ts'
import type { DictSeed } from '../arena/dict.ts'
import { Tree } from '../arena/tree.ts'
import {
  blockBytes, deadlineOf, hasDeadline, headerBytes, initEntry, keyLength, rootOf, setRoot, types, valueStart,
  writeDeadline,
} from '../keyspace/entry.ts'
import { copyBytes } from './string.ts'

const rootBytes = 24
const treeWord = 4

export class FieldTable {
  readonly dict: Dict
  private readonly arena: Arena
  private readonly tree: Tree

  constructor(arena: Arena, seed: DictSeed) {
    this.arena = arena
    this.dict = new Dict(arena, seed, 0)
    this.tree = new Tree(arena, 'deadline')
  }

  /** An empty table for so many fields; it is open then. Returns its root. */
  create(fields = 0): number {
    const root = createDict(this.arena, fields, rootBytes)
    this.arena.u32[chunkOf(root)]![wordOf(root) + treeWord] = 0
    this.dict.open(root)
    return root
  }

  open(root: number): this {
    this.dict.open(root)
    return this
  }

  /** Adds a field that is absent. Returns its entry. */
  add(
    hash: number, field: Uint8Array, from: number, to: number, value: Uint8Array, start: number, end: number,
  ): number {
    const arena = this.arena
    const entry = arena.alloc(blockBytes(to - from, end - start, false))
    initEntry(arena, entry, types.string, to - from, 0)
    setRoot(arena, entry, end - start)
    const u8 = arena.u8[chunkOf(entry)]!
    const at = byteOf(entry) + headerBytes
    copyBytes(u8, at, field, from, to)
    copyBytes(u8, at + to - from, value, start, end)
    this.dict.insert(hash, entry)
    return entry
  }

  /** Gives the entry another value. Returns the entry, which may have moved. */
  setValue(entry: number, hash: number, value: Uint8Array, start: number, end: number): number {
    const arena = this.arena
    const need = blockBytes(keyLength(arena, entry), end - start, hasDeadline(arena, entry))
    const usable = arena.usableBytes(entry)
    const target = need > usable || need < usable >>> 1 ? this.resize(entry, hash, need) : entry
    setRoot(arena, target, end - start)
    copyBytes(arena.u8[chunkOf(target)]!, valueStart(arena, target), value, start, end)
    return target
  }

  /** Takes the field out and frees its entry. */
  remove(entry: number, hash: number): void {
    const ms = deadlineOf(this.arena, entry)
    if (ms >= 0) this.forget(ms, entry)
    this.dict.remove(hash, entry)
    this.arena.free(entry)
  }

  /** Gives the field a deadline (unix ms) or, with -1, takes it away. Returns the entry, which may have moved. */
  setDeadline(entry: number, hash: number, ms: number): number {
    const arena = this.arena
    const before = deadlineOf(arena, entry)
    if (before === ms) return entry
    if (before >= 0) this.forget(before, entry)
    let target = entry
    if (ms >= 0 && before < 0) {
      const need = blockBytes(keyLength(arena, entry), rootOf(arena, entry), true)
      if (need > arena.usableBytes(entry)) {
        target = arena.realloc(entry, need)
        this.dict.replace(hash, entry, target)
      }
    }
    writeDeadline(arena, target, ms)
    if (ms >= 0) this.remember(ms, target)
    return target
  }

  /** Earliest deadline, -1 when no field has one. Of another table when its root is given. */
  earliest(root = this.dict.root): number {
    const tree = this.treeRootOf(root)
    if (tree === 0 || !this.tree.open(tree).first()) return -1
    return this.tree.key(0) * 0x100000000 + this.tree.key(1)
  }

  /** The entry that is due first; there must be one. */
  firstDue(): number {
    this.tree.open(this.treeRoot).first()
    return this.tree.value
  }

  /** Number of fields whose deadline is at or before `ms`. */
  dueCount(ms: number): number {
    const root = this.treeRoot
    return root === 0 ? 0 : this.tree.open(root).probeDeadline(ms + 1, 0).rank()
  }

  /** A deep copy; it is open then. Returns its root. */
  copy(): number {
    const arena = this.arena
    const source = this.dict.root
    const root = this.create(this.dict.count)
    this.dict.open(source).each((entry) => {
      const at = byteOf(entry) + headerBytes
      const end = valueStart(arena, entry)
      const u8 = arena.u8[chunkOf(entry)]!
      this.dict.open(root)
      const hash = this.dict.hashOf(entry)
      const twin = this.add(hash, u8, at, end, u8, end, end + rootOf(arena, entry))
      const ms = deadlineOf(arena, entry)
      if (ms >= 0) this.setDeadline(twin, hash, ms)
    })
    this.dict.open(root)
    return root
  }

  /** Frees everything. */
  free(): void {
    this.freeTree()
    this.dict.destroy((entry) => this.arena.free(entry))
  }

  /** Frees about `entries` fields, or as many nodes; true when all is gone. Nothing else may be called meanwhile. */
  freeSome(entries: number): boolean {
    const tree = this.treeRoot
    if (tree !== 0) {
      this.tree.open(tree).clearSome(entries)
      this.setTreeRoot(this.tree.root)
      return false
    }
    return this.dict.destroySome(entries, (entry) => this.arena.free(entry))
  }

  memoryBytes(): number {
    let bytes = this.dict.memoryBytes()
    this.dict.each((entry) => {
      bytes += this.arena.usableBytes(entry)
    })
    return bytes + this.tree.open(this.treeRoot).memoryBytes()
  }

  /** Walks everything and throws where the books disagree. */
  check(): void {
    this.dict.check()
    this.tree.open(this.treeRoot).check()
    let dated = 0
    this.dict.each((entry) => {
      const ms = deadlineOf(this.arena, entry)
      if (ms < 0) return
      dated++
      const root = this.treeRoot
      const found = root !== 0 && this.tree.open(root).probeDeadline(ms, entry).find()
      if (!found) throw new Error('hash: a deadline is not in the tree')
    })
    if (dated !== this.tree.open(this.treeRoot).count) throw new Error('hash: the tree names fields without a deadline')
  }

  private get treeRoot(): number {
    return this.treeRootOf(this.dict.root)
  }

  private treeRootOf(root: number): number {
    return this.arena.u32[chunkOf(root)]![wordOf(root) + treeWord]!
  }

  private setTreeRoot(tree: number): void {
    const root = this.dict.root
    this.arena.u32[chunkOf(root)]![wordOf(root) + treeWord] = tree
  }

  private freeTree(): void {
    this.tree.open(this.treeRoot).clear()
    this.setTreeRoot(0)
  }

  private remember(ms: number, entry: number): void {
    this.tree.open(this.treeRoot).probeDeadline(ms, entry).insert(entry)
    this.setTreeRoot(this.tree.root)
  }

  private forget(ms: number, entry: number): void {
    if (!this.tree.open(this.treeRoot).probeDeadline(ms, entry).remove()) throw new Error('hash: a deadline is missing')
    this.setTreeRoot(this.tree.root)
  }

  /** Gives the entry a block of at least `bytes`; field, deadline and what fits of the value are kept. */
  private resize(entry: number, hash: number, bytes: number): number {
    const arena = this.arena
    const ms = deadlineOf(arena, entry)
    const target = arena.realloc(entry, bytes)
    if (ms >= 0) writeDeadline(arena, target, ms)
    if (target === entry) return target
    if (ms >= 0) {
      this.forget(ms, entry)
      this.remember(ms, target)
    }
    this.dict.replace(hash, entry, target)
    return target
  }
}
