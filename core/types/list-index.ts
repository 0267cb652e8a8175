// Changes of a list's index; list-index-walk.ts has its layout and all that only reads.
//
// Blocks grow to 512 bytes and then split; one that empties goes. Blocks are not merged: as elements that leave the
// middle of a list leave small nodes there, too, a block shrinks with its children.

import { chunkOf, wordOf } from '../arena/arena.ts'
import { countMask, levelShift, ListIndexWalk } from './list-index-walk.ts'

const blockBytesMax = 512
const firstBlockBytes = 40
const childrenMax = (blockBytesMax - 8) >>> 3

export class ListIndex extends ListIndexWalk {
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

  // Blocks.

  private setSize(block: number, size: number): void {
    const words = this.arena.u32[chunkOf(block)]!
    const head = wordOf(block)
    words[head] = (words[head]! & ~countMask) | size
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
}
