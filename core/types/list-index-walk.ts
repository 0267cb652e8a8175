// Where the nodes of a long list are: a B+tree over them in their order, that knows how many elements stand below each
// child, so that an index leads to its node in O(log n). This is its layout and all that only reads; list-index.ts adds
// the changes.
//
//   block   ┌ children u16 │ level u16 │ child │ weight │ child │ weight │ … ┐   u32 each but the first two
//
// At level 0 the children are nodes, above they are blocks. A weight is the number of elements below the child, but the
// list's first and last node weigh 0 here: pushing and popping at the ends then changes nothing in the tree, and who
// looks for an index takes those two for himself.

import { chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'

const heightMax = 12
export const countMask = 0xffff
export const levelShift = 16

export class ListIndexWalk {
  readonly arena: Arena
  root: number
  /** The current child of level 0: a node. */
  child: number
  /** After `seek`: how many elements of the child are before the one that was looked for. */
  offset: number
  // The path to it.
  protected height: number
  protected readonly blocks: Uint32Array
  protected readonly slots: Int32Array

  constructor(arena: Arena) {
    this.arena = arena
    this.root = 0
    this.child = 0
    this.offset = 0
    this.height = 0
    this.blocks = new Uint32Array(heightMax)
    this.slots = new Int32Array(heightMax)
  }

  open(root: number): this {
    this.root = root
    this.height = 0
    return this
  }

  /** Number of elements below the current child. */
  get weight(): number {
    const block = this.blocks[this.height - 1]!
    return this.arena.u32[chunkOf(block)]![this.pairAt(block, this.slots[this.height - 1]!) + 1]!
  }

  // Walking. Each makes a child the current one; false when there is none.

  first(): boolean {
    return this.edge(false)
  }

  last(): boolean {
    return this.edge(true)
  }

  next(): boolean {
    let level = this.height - 1
    while (level >= 0 && this.slots[level]! + 1 >= this.size(this.blocks[level]!)) level--
    if (level < 0) return false
    this.slots[level] = this.slots[level]! + 1
    this.descend(level, false)
    return true
  }

  prev(): boolean {
    let level = this.height - 1
    while (level >= 0 && this.slots[level] === 0) level--
    if (level < 0) return false
    this.slots[level] = this.slots[level]! - 1
    this.descend(level, true)
    return true
  }

  /** Goes to the child of element `index`, counted without those of the first and the last node. */
  seek(index: number): void {
    let block = this.root
    let left = index
    this.height = 0
    for (;;) {
      const words = this.arena.u32[chunkOf(block)]!
      const head = wordOf(block)
      const last = head + (words[head]! & countMask) * 2 - 1
      let at = head + 1
      while (at < last && left >= words[at + 1]!) {
        left -= words[at + 1]!
        at += 2
      }
      this.blocks[this.height] = block
      this.slots[this.height] = (at - head - 1) >>> 1
      this.height++
      const child = words[at]!
      if (words[head]! >>> levelShift === 0) {
        this.child = child
        this.offset = left
        return
      }
      block = child
    }
  }

  /** Arena bytes of all blocks; children of level 0 are visited. */
  memoryBytes(visit: (child: number) => void): number {
    return this.root === 0 ? 0 : this.measure(this.root, visit)
  }

  /** Throws where weights or levels disagree; `weigh` gives what a child of level 0 should weigh. */
  check(weigh: (child: number) => number): void {
    if (this.root !== 0) this.checkBlock(this.root, this.level(this.root), weigh)
  }

  // Blocks.

  protected size(block: number): number {
    return this.arena.u32[chunkOf(block)]![wordOf(block)]! & countMask
  }

  protected level(block: number): number {
    return this.arena.u32[chunkOf(block)]![wordOf(block)]! >>> levelShift
  }

  /** Word of a pair within the block's chunk. */
  protected pairAt(block: number, slot: number): number {
    return wordOf(block) + 1 + slot * 2
  }

  // The path.

  private edge(atEnd: boolean): boolean {
    this.height = 0
    if (this.root === 0) return false
    this.blocks[0] = this.root
    this.slots[0] = atEnd ? this.size(this.root) - 1 : 0
    this.descend(0, atEnd)
    return true
  }

  /** Completes the path below the slot at `level`, along the first or last children. */
  protected descend(level: number, atEnd: boolean): void {
    for (;;) {
      const block = this.blocks[level]!
      const child = this.arena.u32[chunkOf(block)]![this.pairAt(block, this.slots[level]!)]!
      if (this.level(block) === 0) {
        this.height = level + 1
        this.child = child
        return
      }
      level++
      this.blocks[level] = child
      this.slots[level] = atEnd ? this.size(child) - 1 : 0
    }
  }

  private measure(block: number, visit: (child: number) => void): number {
    let bytes = this.arena.usableBytes(block)
    const below = this.level(block) > 0
    for (let slot = 0; slot < this.size(block); slot++) {
      const child = this.arena.u32[chunkOf(block)]![this.pairAt(block, slot)]!
      if (below) bytes += this.measure(child, visit)
      else visit(child)
    }
    return bytes
  }

  private checkBlock(block: number, level: number, weigh: (child: number) => number): number {
    if (this.level(block) !== level || this.size(block) === 0) throw new Error('list: a block is empty, or misplaced')
    let sum = 0
    for (let slot = 0; slot < this.size(block); slot++) {
      const words = this.arena.u32[chunkOf(block)]!
      const at = this.pairAt(block, slot)
      const weight = level > 0 ? this.checkBlock(words[at]!, level - 1, weigh) : weigh(words[at]!)
      if (weight !== words[at + 1]) throw new Error(`list: a child weighs ${weight}, counted ${words[at + 1]}`)
      sum += weight
    }
    return sum
  }
}
