// Where the nodes of a long list are: a B+tree over them in their order, that knows how many elements stand below each
// child, so that an index leads to its node in O(log n).
//
//   block   ┌ children u16 │ level u16 │ child │ weight │ child │ weight │ … ┐   u32 each but the first two
//
// At level 0 the children are nodes, above they are blocks. A weight is the number of elements below the child, but the
// list's first and last node weigh 0 here: pushing and popping at the ends then changes nothing in the tree, and who
// looks for an index takes those two for himself.
//
// Blocks grow to 512 bytes and then split; one that empties goes. Blocks are not merged: as elements that leave the
// middle of a list leave small nodes there, too, a block shrinks with its children.

import { chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'

const blockBytesMax = 512
const firstBlockBytes = 40
const childrenMax = (blockBytesMax - 8) >>> 3
const countMask = 0xffff
const levelShift = 16
const heightMax = 12

export class ListIndex {
  readonly arena: Arena
  root: number
  /** The current child of level 0: a node. */
  child: number
  /** After `seek`: how many elements of the child are before the one that was looked for. */
  offset: number
  // The path to it.
  private height: number
  private readonly blocks: Uint32Array
  private readonly slots: Int32Array

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

  /** A tree of one node; it is current. */
  create(child: number): void {
    this.root = this.createBlock(0)
    this.height = 1
    this.blocks[0] = this.root
    this.slots[0] = 0
    this.setSize(this.root, 1)
    this.setPair(this.root, 0, child, 0)
    this.child = child
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

  // Changes of the current child.

  /** Its block moved. */
  setChild(child: number): void {
    const level = this.height - 1
    const block = this.blocks[level]!
    this.arena.u32[chunkOf(block)]![this.pairAt(block, this.slots[level]!)] = child
    this.child = child
  }

  addWeight(difference: number): void {
    if (difference !== 0) for (let level = 0; level < this.height; level++) this.addWeightAt(level, difference)
  }

  get weight(): number {
    const block = this.blocks[this.height - 1]!
    return this.arena.u32[chunkOf(block)]![this.pairAt(block, this.slots[this.height - 1]!) + 1]!
  }

  /** Puts a child before or behind the current one; it is current then. */
  insert(child: number, weight: number, behind: boolean): void {
    this.insertAt(this.height - 1, this.slots[this.height - 1]! + (behind ? 1 : 0), child, weight)
    this.child = child
    for (let level = 0; level < this.height - 1; level++) this.addWeightAt(level, weight)
  }

  /** Takes the current child out. The next one is current then; false when there is none. */
  remove(): boolean {
    const { weight } = this
    let level = this.height - 1
    for (let above = 0; above < level; above++) this.addWeightAt(above, -weight)
    while (level >= 0 && this.size(this.blocks[level]!) === 1) {
      this.arena.free(this.blocks[level]!)
      level--
    }
    if (level < 0) {
      this.root = 0
      this.height = 0
      return false
    }
    this.closeGap(level)
    const more = this.settle(level)
    this.lower()
    return more
  }

  /** Frees the blocks; `free` gets each child of level 0. */
  destroy(free: (child: number) => void): void {
    if (this.root !== 0) this.destroyBlock(this.root, free)
    this.open(0)
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

  private size(block: number): number {
    return this.arena.u32[chunkOf(block)]![wordOf(block)]! & countMask
  }

  private level(block: number): number {
    return this.arena.u32[chunkOf(block)]![wordOf(block)]! >>> levelShift
  }

  private setSize(block: number, size: number): void {
    const words = this.arena.u32[chunkOf(block)]!
    const head = wordOf(block)
    words[head] = (words[head]! & ~countMask) | size
  }

  /** Word of a pair within the block's chunk. */
  private pairAt(block: number, slot: number): number {
    return wordOf(block) + 1 + slot * 2
  }

  private setPair(block: number, slot: number, child: number, weight: number): void {
    const words = this.arena.u32[chunkOf(block)]!
    const at = this.pairAt(block, slot)
    words[at] = child
    words[at + 1] = weight
  }

  private createBlock(level: number, bytes = firstBlockBytes): number {
    const block = this.arena.alloc(bytes)
    this.arena.u32[chunkOf(block)]![wordOf(block)] = level << levelShift
    return block
  }

  private addWeightAt(level: number, difference: number): void {
    const block = this.blocks[level]!
    const words = this.arena.u32[chunkOf(block)]!
    const at = this.pairAt(block, this.slots[level]!) + 1
    words[at] = words[at]! + difference
  }

  private weightOf(block: number): number {
    const words = this.arena.u32[chunkOf(block)]!
    let weight = 0
    for (let slot = this.size(block) - 1; slot >= 0; slot--) weight += words[this.pairAt(block, slot) + 1]!
    return weight
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
  private descend(level: number, atEnd: boolean): void {
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

  /** After a removal at `level`: goes to what stands in the gap's place, or behind it. */
  private settle(level: number): boolean {
    while (level >= 0 && this.slots[level]! >= this.size(this.blocks[level]!)) {
      level--
      if (level >= 0) this.slots[level] = this.slots[level]! + 1
    }
    if (level < 0) {
      this.height = 0
      return false
    }
    this.descend(level, false)
    return true
  }

  /** The block at `level` moved: its parent, or the root, must know. */
  private moved(level: number, block: number): void {
    this.blocks[level] = block
    if (level === 0) this.root = block
    else {
      const parent = this.blocks[level - 1]!
      this.arena.u32[chunkOf(parent)]![this.pairAt(parent, this.slots[level - 1]!)] = block
    }
  }

  /** A root with one child gives way to it. */
  private lower(): void {
    while (this.size(this.root) === 1 && this.level(this.root) > 0) {
      const child = this.arena.u32[chunkOf(this.root)]![this.pairAt(this.root, 0)]!
      this.arena.free(this.root)
      this.root = child
      if (this.height === 0) continue
      this.blocks.copyWithin(0, 1, this.height)
      this.slots.copyWithin(0, 1, this.height)
      this.height--
    }
  }

  private closeGap(level: number): void {
    let block = this.blocks[level]!
    const slot = this.slots[level]!
    const size = this.size(block) - 1
    const words = this.arena.u32[chunkOf(block)]!
    const at = this.pairAt(block, slot)
    words.copyWithin(at, at + 2, this.pairAt(block, size + 1))
    this.setSize(block, size)
    if ((size + 2) * 8 > this.arena.usableBytes(block) >>> 1) return
    block = this.arena.realloc(block, (size + 1) * 8)
    if (block !== this.blocks[level]) this.moved(level, block)
  }

  /** Puts a pair in at a slot of the path's block at `level`; the path leads to it then. Weights above stay. */
  private insertAt(level: number, slot: number, child: number, weight: number): void {
    const size = this.size(this.blocks[level]!)
    if (size === childrenMax) {
      this.split(level, slot, child, weight)
      return
    }
    let block = this.blocks[level]!
    const need = 4 + (size + 1) * 8
    if (need > this.arena.usableBytes(block)) {
      block = this.arena.realloc(block, Math.min(need * 2, blockBytesMax))
      this.moved(level, block)
    }
    const words = this.arena.u32[chunkOf(block)]!
    const at = this.pairAt(block, slot)
    words.copyWithin(at + 2, at, this.pairAt(block, size))
    words[at] = child
    words[at + 1] = weight
    this.setSize(block, size + 1)
    this.slots[level] = slot
  }

  /** As `insertAt` for a full block, which becomes two: at its ends one stays full, as lists grow there. */
  private split(level: number, slot: number, child: number, weight: number): void {
    if (level === 0) {
      this.raise()
      level = 1
    }
    const left = this.blocks[level]!
    const kept = slot === childrenMax ? childrenMax : slot === 0 ? 0 : childrenMax >>> 1
    const right = this.createBlock(this.level(left), kept === childrenMax ? firstBlockBytes : blockBytesMax)
    const moved = childrenMax - kept
    const from = this.pairAt(left, kept)
    const pairs = this.arena.u32[chunkOf(left)]!.subarray(from, from + moved * 2)
    this.arena.u32[chunkOf(right)]!.set(pairs, this.pairAt(right, 0))
    this.setSize(left, kept)
    this.setSize(right, moved)
    const movedWeight = this.weightOf(right)
    for (let above = 0; above < level; above++) this.addWeightAt(above, -movedWeight)
    const height = this.height
    this.insertAt(level - 1, this.slots[level - 1]! + 1, right, movedWeight)
    level += this.height - height
    for (let above = 0; above < level - 1; above++) this.addWeightAt(above, movedWeight)
    // The path follows the half that the new pair belongs to.
    const goesLeft = slot < kept || kept === 0
    if (goesLeft) this.stepLeft(level - 1)
    this.blocks[level] = goesLeft ? left : right
    this.insertAt(level, goesLeft ? slot : slot - kept, child, weight)
  }

  /** Goes one block to the left at `level`, without completing the path below. */
  private stepLeft(level: number): void {
    let up = level
    while (this.slots[up] === 0) up--
    this.slots[up] = this.slots[up]! - 1
    for (; up < level; up++) {
      const block = this.blocks[up]!
      const child = this.arena.u32[chunkOf(block)]![this.pairAt(block, this.slots[up]!)]!
      this.blocks[up + 1] = child
      this.slots[up + 1] = this.size(child) - 1
    }
  }

  /** A new root above the present one. */
  private raise(): void {
    const root = this.createBlock(this.level(this.root) + 1)
    this.setSize(root, 1)
    this.setPair(root, 0, this.root, this.weightOf(this.root))
    this.blocks.copyWithin(1, 0, this.height)
    this.slots.copyWithin(1, 0, this.height)
    this.height++
    this.root = root
    this.blocks[0] = root
    this.slots[0] = 0
  }

  // All of it.

  private destroyBlock(block: number, free: (child: number) => void): void {
    const below = this.level(block) > 0
    for (let slot = this.size(block) - 1; slot >= 0; slot--) {
      const child = this.arena.u32[chunkOf(block)]![this.pairAt(block, slot)]!
      if (below) this.destroyBlock(child, free)
      else free(child)
    }
    this.arena.free(block)
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
