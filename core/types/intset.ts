// A small set of integers: sorted, in one block, each as wide as the widest needs. Found by binary search.
//
//   block     ┌ count u30 + width u2 │ integer │ integer │ … ┐     ascending
//   width     0: int16, 1: int32, 2: int64 (the low word first)
//
// An intset without integers has no block: its root is 0. An IntSet object is opened on one root after another; after
// a change its owner stores `root` again. Integers are given and read as two int32 words (int64.ts).

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { compareInt64 } from './int64.ts'

const headerBytes = 4
const countMask = 0x3fffffff
const widthShift = 30

export class IntSet {
  readonly arena: Arena
  root: number
  /** The integer that `read` was last called for, as two int32 words. */
  high: number
  low: number
  /** Where `find` ended: the index of the integer, or of the one that it would stand before. */
  index: number

  constructor(arena: Arena) {
    this.arena = arena
    this.root = 0
    this.high = 0
    this.low = 0
    this.index = 0
  }

  /** Turns to the intset at `root`. */
  open(root: number): this {
    this.root = root
    return this
  }

  get count(): number {
    return this.root === 0 ? 0 : this.arena.u32[chunkOf(this.root)]![wordOf(this.root)]! & countMask
  }

  /** Sets `high` and `low` to the integer of that index. */
  read(index: number): void {
    const width = this.width
    if (width === 0) {
      const u8 = this.arena.u8[chunkOf(this.root)]!
      const at = byteOf(this.root) + headerBytes + index * 2
      this.low = (((u8[at]! | (u8[at + 1]! << 8)) << 16) >> 16)
      this.high = this.low >> 31
      return
    }
    const words = this.arena.u32[chunkOf(this.root)]!
    const at = wordOf(this.root) + 1
    if (width === 1) {
      this.low = words[at + index]! | 0
      this.high = this.low >> 31
    } else {
      this.low = words[at + index * 2]! | 0
      this.high = words[at + index * 2 + 1]! | 0
    }
  }

  /** True when the integer is there; `index` is its place, or where it belongs. */
  find(high: number, low: number): boolean {
    const count = this.count
    const width = count === 0 ? 0 : this.width
    if (count > 0 && widthOf(high, low) > width) {
      this.index = high < 0 ? 0 : count
      return false
    }
    let from = 0
    let to = count
    // What comes in ascending order belongs at the end.
    if (count > 0 && this.compareAt(count - 1, width, high, low) < 0) from = count
    while (from < to) {
      const middle = (from + to) >>> 1
      const order = this.compareAt(middle, width, high, low)
      if (order === 0) {
        this.index = middle
        return true
      }
      if (order < 0) from = middle + 1
      else to = middle
    }
    this.index = from
    return false
  }

  /** Adds an integer; false when it is there already. */
  add(high: number, low: number): boolean {
    if (this.find(high, low)) return false
    const { index, count } = this
    if (count > 0 && widthOf(high, low) <= this.width) this.makeRoom(index, count)
    else this.widen(Math.max(widthOf(high, low), count === 0 ? 0 : this.width), count, index === 0)
    this.write(index, high, low)
    return true
  }

  /** Takes an integer out; false when it isn't there. */
  remove(high: number, low: number): boolean {
    if (!this.find(high, low)) return false
    this.removeAt(this.index)
    return true
  }

  removeAt(index: number): void {
    const count = this.count
    if (count === 1) {
      this.clear()
      return
    }
    const { arena } = this
    const bytes = 2 << this.width
    const start = byteOf(this.root) + headerBytes
    arena.u8[chunkOf(this.root)]!.copyWithin(start + index * bytes, start + (index + 1) * bytes, start + count * bytes)
    arena.u32[chunkOf(this.root)]![wordOf(this.root)] = (count - 1) | (this.width << widthShift)
    const need = headerBytes + (count - 1) * bytes
    if (need < arena.usableBytes(this.root) >>> 1) this.root = arena.realloc(this.root, need)
  }

  clear(): void {
    if (this.root !== 0) this.arena.free(this.root)
    this.root = 0
  }

  memoryBytes(): number {
    return this.root === 0 ? 0 : this.arena.usableBytes(this.root)
  }

  private get width(): number {
    return this.arena.u32[chunkOf(this.root)]![wordOf(this.root)]! >>> widthShift
  }

  /** Negative, 0 or positive as the integer of that index is below, equal to or above one that fits the width. */
  private compareAt(index: number, width: number, high: number, low: number): number {
    if (width === 0) {
      const u8 = this.arena.u8[chunkOf(this.root)]!
      const at = byteOf(this.root) + headerBytes + index * 2
      return (((u8[at]! | (u8[at + 1]! << 8)) << 16) >> 16) - low
    }
    const words = this.arena.u32[chunkOf(this.root)]!
    const at = wordOf(this.root) + 1
    if (width === 1) return (words[at + index]! | 0) - low
    return compareInt64(words[at + index * 2 + 1]! | 0, words[at + index * 2]!, high, low)
  }

  private write(index: number, high: number, low: number): void {
    const width = this.width
    const at = wordOf(this.root) + 1
    const words = this.arena.u32[chunkOf(this.root)]!
    if (width === 0) {
      const u8 = this.arena.u8[chunkOf(this.root)]!
      const byte = byteOf(this.root) + headerBytes + index * 2
      u8[byte] = low & 0xff
      u8[byte + 1] = (low >>> 8) & 0xff
    } else if (width === 1) words[at + index] = low
    else {
      words[at + index * 2] = low
      words[at + index * 2 + 1] = high
    }
  }

  /** Moves the integers from `index` on up by one place. */
  private makeRoom(index: number, count: number): void {
    const { arena, width } = this
    const bytes = 2 << width
    const need = headerBytes + (count + 1) * bytes
    if (need > arena.usableBytes(this.root)) this.root = arena.realloc(this.root, need)
    const start = byteOf(this.root) + headerBytes
    arena.u8[chunkOf(this.root)]!.copyWithin(start + (index + 1) * bytes, start + index * bytes, start + count * bytes)
    arena.u32[chunkOf(this.root)]![wordOf(this.root)] = (count + 1) | (width << widthShift)
  }

  /** A block of wider integers with room for one more, which is the first or the last: it needs the width. */
  private widen(width: number, count: number, first: boolean): void {
    const { arena } = this
    const before = this.root
    const after = arena.alloc(headerBytes + (count + 1) * (2 << width))
    arena.u32[chunkOf(after)]![wordOf(after)] = (count + 1) | (width << widthShift)
    const shift = first ? 1 : 0
    for (let i = 0; i < count; i++) {
      this.root = before
      this.read(i)
      this.root = after
      this.write(i + shift, this.high, this.low)
    }
    this.root = after
    if (before !== 0) arena.free(before)
  }
}

/** The narrowest width that holds the number. */
function widthOf(high: number, low: number): number {
  if (high !== (low | 0) >> 31) return 2
  const value = low | 0
  return value >= -32768 && value <= 32767 ? 0 : 1
}
