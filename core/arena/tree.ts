// An order-statistic B+tree in the arena; tree-walk.ts has its layout, its keys and all that only reads.
//
// Nodes grow by sizes to 1 KiB and then split; splits at the right end leave the left node full, as ids and deadlines
// ascend. A Tree object is opened on one root after another; after a change its owner stores `root` again.

import { chunkOf, wordOf } from './arena.ts'
import { headWords, TreeWalk } from './tree-walk.ts'

const firstCapacity = 4

export class Tree extends TreeWalk {
  // After each of these no item is current, unless said otherwise.

  /** Puts a value at the probed key, which must be absent. */
  insert(value: number): void {
    if (this.root === 0) {
      const leaf = this.createNode(true, firstCapacity)
      this.writeItem(leaf, 0, value)
      this.setSize(leaf, 1)
      this.root = leaf
      return
    }
    this.descend()
    const slot = this.lowerBound(this.nodes[this.height - 1]!)
    this.slots[this.height - 1] = slot
    const atEnd = slot === this.size(this.nodes[this.height - 1]!) && this.pathIsLast()
    const leaf = this.makeRoom(this.height - 1, atEnd)
    const at = this.slots[this.height - 1]!
    this.openGap(leaf, at, this.itemWords)
    this.writeItem(leaf, at, value)
    for (let level = 0; level < this.height - 1; level++) this.addBelow(level, 1)
    if (at === 0) this.renewFirst(this.height - 1)
  }

  /** Puts a value at the probed key, which must be above all keys. It is current then: the next `append` is quick. */
  append(value: number): void {
    if (this.height === 0 || !this.pathIsLast()) {
      if (!this.edge(true)) {
        this.insert(value)
        this.edge(true)
        return
      }
    }
    this.slots[this.height - 1] = this.size(this.nodes[this.height - 1]!)
    const leaf = this.makeRoom(this.height - 1, true)
    const slot = this.slots[this.height - 1]!
    this.writeItem(leaf, slot, value)
    this.setSize(leaf, slot + 1)
    for (let level = 0; level < this.height - 1; level++) this.addBelow(level, 1)
    if (slot === 0) this.renewFirst(this.height - 1)
    this.value = value
  }

  /** Gives the current item another value that orders the same (its block moved). */
  setValue(value: number): void {
    const level = this.height - 1
    const node = this.nodes[level]!
    const slot = this.slots[level]!
    this.arena.u32[chunkOf(node)]![this.itemAt(node, slot) + this.keyWords] = value
    this.value = value
    if (slot === 0) this.renewFirst(level)
  }

  /** Takes the current item out. */
  removeCurrent(): void {
    this.takeOut()
    this.height = 0
  }

  /** Takes the current item out and goes to the next one; false when there is none. For walks that remove. */
  removeAndNext(): boolean {
    const level = this.height - 1
    const leaf = this.nodes[level]!
    const slot = this.slots[level]!
    this.probeCurrent()
    if (!this.takeOut()) return this.seek()
    if (slot < this.size(leaf)) return this.settle()
    this.slots[level] = slot - 1
    return this.next()
  }

  /** Takes the current item out; true when all nodes of the path are where they were. */
  private takeOut(): boolean {
    const level = this.height - 1
    const leaf = this.nodes[level]!
    const slot = this.slots[level]!
    for (let above = 0; above < level; above++) this.addBelow(above, -1)
    this.closeGap(leaf, slot, this.itemWords)
    if (this.size(leaf) === 0) {
      this.dropNode(level)
      return false
    }
    if (slot === 0) this.renewFirst(level)
    return !this.balance(level)
  }

  /** Takes the probed key out; false when it is absent. */
  remove(): boolean {
    if (!this.find()) return false
    this.removeCurrent()
    return true
  }

  /** Frees the whole tree; `visit` gets each value first. */
  clear(visit?: (value: number) => void): void {
    if (this.root !== 0) this.freeNode(this.root, visit)
    this.root = 0
    this.height = 0
  }

  /** Frees about `nodes` nodes of a tree that goes anyway, from its end; `root` is 0 when none is left. */
  clearSome(nodes: number): void {
    for (let left = nodes; left > 0 && this.root !== 0; left--) {
      this.edge(true)
      let level = this.height - 1
      this.arena.free(this.nodes[level]!)
      // Counts below are not kept up: nothing but this is done to the tree any more.
      while (--level >= 0) {
        const node = this.nodes[level]!
        this.setSize(node, this.size(node) - 1)
        if (this.size(node) > 0) break
        this.arena.free(node)
      }
      if (level < 0) this.root = 0
    }
    this.height = 0
  }

  /** Bytes of all nodes. */
  memoryBytes(): number {
    return this.root === 0 ? 0 : this.bytesBelow(this.root)
  }

  /** Walks everything and throws where order, counts or separators disagree. */
  check(): void {
    if (this.root === 0) return
    const items = this.checkNode(this.root)
    let seen = 0
    for (let more = this.first(); more; more = this.next()) {
      seen++
      this.probeCurrent()
      if (!this.next()) break
      if (this.compareCurrent() <= 0) throw new Error('tree: items out of order')
      this.prev()
    }
    if (seen !== items) throw new Error(`tree: walked ${seen} of ${items} items`)
  }

  // Nodes.

  private setSize(node: number, size: number): void {
    const words = this.arena.u32[chunkOf(node)]!
    words[wordOf(node)] = (size << 1) | (words[wordOf(node)]! & 1)
  }

  private createNode(leaf: boolean, capacity: number): number {
    const node = this.arena.alloc((headWords + capacity * (leaf ? this.itemWords : this.innerWords)) * 4)
    const words = this.arena.u32[chunkOf(node)]!
    words[wordOf(node)] = leaf ? 1 : 0
    words[wordOf(node) + 1] = capacity
    return node
  }

  private pathIsLast(): boolean {
    for (let level = 0; level < this.height - 1; level++) {
      if (this.slots[level] !== this.size(this.nodes[level]!) - 1) return false
    }
    return true
  }

  private addBelow(level: number, by: number): void {
    const node = this.nodes[level]!
    const words = this.arena.u32[chunkOf(node)]!
    const at = this.innerAt(node, this.slots[level]!) + 1
    words[at] = words[at]! + by
  }

  private writeItem(leaf: number, slot: number, value: number): void {
    const words = this.arena.u32[chunkOf(leaf)]!
    const at = this.itemAt(leaf, slot)
    words[at] = this.probe[0]!
    words[at + 1] = this.probe[1]!
    if (this.keyWords === 4) {
      words[at + 2] = this.probe[2]!
      words[at + 3] = this.probe[3]!
    }
    words[at + this.keyWords] = value
  }

  private openGap(node: number, slot: number, width: number): void {
    const words = this.arena.u32[chunkOf(node)]!
    const base = wordOf(node) + headWords
    const size = this.size(node)
    openWords(words, base + slot * width, base + size * width, width)
    this.setSize(node, size + 1)
  }

  private closeGap(node: number, slot: number, width: number): void {
    const words = this.arena.u32[chunkOf(node)]!
    const base = wordOf(node) + headWords
    const size = this.size(node)
    closeWords(words, base + slot * width, base + size * width, width)
    this.setSize(node, size - 1)
  }

  /** The node's first item changed: the inner nodes that repeat it must follow. */
  private renewFirst(level: number): void {
    for (let above = level; above > 0; above--) {
      const node = this.nodes[above]!
      this.copyFirst(node, this.nodes[above - 1]!, this.slots[above - 1]!)
      if (this.slots[above - 1] !== 0) return
    }
  }

  private copyFirst(child: number, parent: number, slot: number): void {
    const source = this.arena.u32[chunkOf(child)]!
    const target = this.arena.u32[chunkOf(parent)]!
    const from = wordOf(child) + headWords + (this.isLeaf(child) ? 0 : 2)
    const to = this.innerAt(parent, slot) + 2
    for (let i = 0; i < this.itemWords; i++) target[to + i] = source[from + i]!
  }

  /** Room for one more in the node at `level`; returns the node (and corrects the path) where the slot then is. */
  private makeRoom(level: number, atEnd: boolean): number {
    const node = this.nodes[level]!
    const words = this.arena.u32[chunkOf(node)]!
    const size = this.size(node)
    const capacity = words[wordOf(node) + 1]!
    if (size < capacity) return node
    const leaf = this.isLeaf(node)
    const most = leaf ? this.leafMax : this.innerMax
    if (capacity < most) {
      const larger = this.createNode(leaf, Math.min(most, capacity * 2))
      this.moveItems(node, 0, larger, size)
      this.rename(level, larger)
      this.arena.free(node)
      return larger
    }
    return this.split(level, atEnd)
  }

  /**
   * Cuts the full node at `level` in two and hangs the right part into its parent. The path then leads to the part
   * where the slot fell; at the right end the left part stays full and the right one begins empty.
   */
  private split(level: number, atEnd: boolean): number {
    const node = this.nodes[level]!
    const leaf = this.isLeaf(node)
    const size = this.size(node)
    const keep = atEnd ? size : size >>> 1
    const slot = this.slots[level]!
    if (level === 0) {
      this.raise(node)
      return this.split(1, atEnd)
    }
    const right = this.createNode(leaf, leaf ? this.leafMax : this.innerMax)
    this.moveItems(node, keep, right, size - keep)
    this.setSize(node, keep)
    const moved = this.itemsBelow(right)
    for (let above = 0; above < level; above++) this.addBelow(above, -moved)
    const height = this.height
    this.slots[level - 1] = this.slots[level - 1]! + 1
    const parent = this.makeRoom(level - 1, atEnd)
    // Making room may have put a level on top.
    const at = level + this.height - height
    const place = this.slots[at - 1]!
    this.openGap(parent, place, this.innerWords)
    this.writeChild(parent, place, right)
    for (let above = 0; above < at - 1; above++) this.addBelow(above, moved)
    if (!atEnd && slot <= keep) {
      // Not at the right end the new slot is never a parent's first, so the left part is its neighbour.
      this.slots[at - 1] = place - 1
      return node
    }
    this.nodes[at] = right
    this.slots[at] = slot - keep
    return right
  }

  /** Puts a new root above `node`; the whole path moves down by one level. */
  private raise(node: number): void {
    const top = this.createNode(false, firstCapacity)
    this.setSize(top, 1)
    this.writeChild(top, 0, node)
    this.nodes.copyWithin(1, 0, this.height)
    this.slots.copyWithin(1, 0, this.height)
    this.height++
    this.nodes[0] = top
    this.slots[0] = 0
    this.root = top
  }

  private moveItems(from: number, slot: number, to: number, count: number): void {
    const width = this.isLeaf(from) ? this.itemWords : this.innerWords
    const source = this.arena.u32[chunkOf(from)]!
    const start = wordOf(from) + headWords + slot * width
    const size = this.size(to)
    const target = wordOf(to) + headWords + size * width
    this.arena.u32[chunkOf(to)]!.set(source.subarray(start, start + count * width), target)
    this.setSize(to, size + count)
  }

  private writeChild(parent: number, slot: number, child: number): void {
    const words = this.arena.u32[chunkOf(parent)]!
    words[this.innerAt(parent, slot)] = child
    words[this.innerAt(parent, slot) + 1] = this.itemsBelow(child)
    if (this.size(child) > 0) this.copyFirst(child, parent, slot)
  }

  /** The node at `level` of the path has another block now. */
  private rename(level: number, node: number): void {
    this.nodes[level] = node
    if (level === 0) this.root = node
    else {
      const parent = this.nodes[level - 1]!
      this.arena.u32[chunkOf(parent)]![this.innerAt(parent, this.slots[level - 1]!)] = node
    }
  }

  /** Frees the empty node at `level` and takes it out of its parent. */
  private dropNode(level: number): void {
    this.arena.free(this.nodes[level]!)
    if (level === 0) {
      this.root = 0
      return
    }
    const parent = this.nodes[level - 1]!
    const slot = this.slots[level - 1]!
    this.closeGap(parent, slot, this.innerWords)
    if (this.size(parent) === 0) this.dropNode(level - 1)
    else {
      if (slot === 0) this.renewFirst(level - 1)
      this.balance(level - 1)
    }
  }

  /** Joins a sparse node with a sibling, and takes a root of one child away; true when it did. */
  private balance(level: number): boolean {
    const node = this.nodes[level]!
    if (level === 0) {
      if (this.isLeaf(node) || this.size(node) !== 1) return false
      this.root = this.arena.u32[chunkOf(node)]![this.innerAt(node, 0)]!
      this.arena.free(node)
      return true
    }
    const most = this.isLeaf(node) ? this.leafMax : this.innerMax
    if (this.size(node) >= most >>> 2) return false
    const parent = this.nodes[level - 1]!
    const slot = this.slots[level - 1]!
    const words = this.arena.u32[chunkOf(parent)]!
    const left = slot > 0 ? slot - 1 : slot
    if (left + 1 >= this.size(parent)) return false
    const first = words[this.innerAt(parent, left)]!
    const second = words[this.innerAt(parent, left + 1)]!
    const joint = this.size(first) + this.size(second)
    if (joint > (most * 3) >>> 2) return false
    let target = first
    if (this.arena.u32[chunkOf(first)]![wordOf(first) + 1]! < joint) {
      target = this.createNode(this.isLeaf(first), most)
      this.moveItems(first, 0, target, this.size(first))
      words[this.innerAt(parent, left)] = target
      this.arena.free(first)
    }
    this.moveItems(second, 0, target, this.size(second))
    this.arena.free(second)
    words[this.innerAt(parent, left) + 1] = this.itemsBelow(target)
    this.closeGap(parent, left + 1, this.innerWords)
    this.balance(level - 1)
    return true
  }

  private freeNode(node: number, visit: ((value: number) => void) | undefined): void {
    const size = this.size(node)
    const leaf = this.isLeaf(node)
    for (let slot = 0; slot < size; slot++) {
      const words = this.arena.u32[chunkOf(node)]!
      if (!leaf) this.freeNode(words[this.innerAt(node, slot)]!, visit)
      else if (visit !== undefined) visit(words[this.itemAt(node, slot) + this.keyWords]!)
    }
    this.arena.free(node)
  }

  private bytesBelow(node: number): number {
    let bytes = this.arena.usableBytes(node)
    if (this.isLeaf(node)) return bytes
    for (let slot = 0; slot < this.size(node); slot++) {
      bytes += this.bytesBelow(this.arena.u32[chunkOf(node)]![this.innerAt(node, slot)]!)
    }
    return bytes
  }

  private checkNode(node: number): number {
    const size = this.size(node)
    const words = this.arena.u32[chunkOf(node)]!
    if (size === 0) throw new Error('tree: empty node')
    if (size > words[wordOf(node) + 1]!) throw new Error('tree: node over its capacity')
    if (this.isLeaf(node)) return size
    let items = 0
    for (let slot = 0; slot < size; slot++) {
      const at = this.innerAt(node, slot)
      const child = words[at]!
      const below = this.checkNode(child)
      if (below !== words[at + 1]) throw new Error(`tree: ${below} items below, counted ${words[at + 1]}`)
      const first = wordOf(child) + headWords + (this.isLeaf(child) ? 0 : 2)
      for (let i = 0; i < this.itemWords; i++) {
        if (words[at + 2 + i] !== this.arena.u32[chunkOf(child)]![first + i]) throw new Error('tree: stale separator')
      }
      items += below
    }
    return items
  }
}

/** Moves few words one by one: calling copyWithin takes longer than that. */
const loopWordsMax = 60

/** Moves words[from..to) up by `width`. */
function openWords(words: Uint32Array, from: number, to: number, width: number): void {
  if (to - from > loopWordsMax) words.copyWithin(from + width, from, to)
  else for (let at = to - 1; at >= from; at--) words[at + width] = words[at]!
}

/** Moves words[from + width..to) down by `width`. */
function closeWords(words: Uint32Array, from: number, to: number, width: number): void {
  if (to - from > loopWordsMax) words.copyWithin(from, from + width, to)
  else for (let at = from + width; at < to; at++) words[at - width] = words[at]!
}
