// An order-statistic B+tree in the arena.
//
//   kind       key                                        item in a leaf
//   id         ms high, ms low, seq high, seq low         4 key words, value        stream ids, blocks, pending lists
//   deadline   ms high, ms low, then the value            2 key words, value        what is due when
//   score      ordered score, then the member's bytes     2 key words, value        sorted sets; value: a dict entry
//
// Words compare as unsigned. An item's value is a u32, as a rule an arena pointer.
//
//   leaf       ┌ count << 1 | 1 │ capacity │ item │ item │ …
//   inner      ┌ count << 1     │ capacity │ child, items below, first item below │ child, … │ …
//
// An inner node repeats the first item of each child, so a search reads no leaf but the last, and a pointer in a
// separator is as live as the item. Splits at the right end leave the left node full: ids and deadlines ascend.
// A tree is its root pointer (0 when empty). A Tree object is opened on one root after another; after a change its
// owner stores `root` again.

import { byteOf, chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'
import { keyOffset } from './dict.ts'

export type TreeKind = 'id' | 'deadline' | 'score'

const nodeBytesMax = 1024
const headWords = 2
const firstCapacity = 4
const heightMax = 16
const noBytes = new Uint8Array(0)

export class Tree {
  readonly arena: Arena
  root: number
  /** The item that `seek`, `first`, `next`, `at` … stopped at: its value, and key words through `key(i)`. */
  value: number
  private readonly keyWords: number
  private readonly itemWords: number
  private readonly innerWords: number
  private readonly leafMax: number
  private readonly innerMax: number
  /** The key that is being looked for: its words (a deadline's value is the third) and a score's member. */
  private readonly probe: Uint32Array
  private readonly probeWords: number
  private member: Uint8Array
  private memberFrom: number
  private memberTo: number
  // The path from the root to the current item.
  private height: number
  private readonly nodes: Uint32Array
  private readonly slots: Int32Array

  constructor(arena: Arena, kind: TreeKind, root = 0) {
    this.arena = arena
    this.root = root
    this.value = 0
    this.keyWords = kind === 'id' ? 4 : 2
    this.itemWords = this.keyWords + 1
    this.innerWords = this.itemWords + 2
    this.leafMax = Math.floor((nodeBytesMax / 4 - headWords) / this.itemWords)
    this.innerMax = Math.floor((nodeBytesMax / 4 - headWords) / this.innerWords)
    this.probe = new Uint32Array(4)
    this.probeWords = kind === 'id' ? 4 : kind === 'deadline' ? 3 : 2
    this.member = noBytes
    this.memberFrom = 0
    this.memberTo = 0
    this.height = 0
    this.nodes = new Uint32Array(heightMax)
    this.slots = new Int32Array(heightMax)
  }

  /** Turns to the tree at `root`. */
  open(root: number): this {
    this.root = root
    this.height = 0
    return this
  }

  /** Number of items. */
  get count(): number {
    return this.root === 0 ? 0 : this.itemsBelow(this.root)
  }

  /** Key word i of the current item. */
  key(i: number): number {
    const node = this.nodes[this.height - 1]!
    return this.arena.u32[chunkOf(node)]![this.itemAt(node, this.slots[this.height - 1]!) + i]!
  }

  // Keys. `probe…` sets the key for the calls below.

  /** The key of an `id` tree. */
  probeId(msHigh: number, msLow: number, seqHigh: number, seqLow: number): this {
    const probe = this.probe
    probe[0] = msHigh
    probe[1] = msLow
    probe[2] = seqHigh
    probe[3] = seqLow
    return this
  }

  /** The key of a `deadline` tree: a whole number of ms, and the value that belongs to it (0: before all values). */
  probeDeadline(ms: number, value: number): this {
    const high = Math.floor(ms / 0x100000000)
    this.probe[0] = high
    this.probe[1] = ms - high * 0x100000000
    this.probe[2] = value
    return this
  }

  /** The key of a `score` tree: the score, and the member `buf[from..to)`. */
  probeScore(score: number, buf: Uint8Array, from: number, to: number): this {
    this.probe[0] = scoreHigh(score)
    this.probe[1] = scoreLow(score)
    this.member = buf
    this.memberFrom = from
    this.memberTo = to
    return this
  }

  /** As `probeScore`, with the member of a dict entry. */
  probeMember(score: number, entry: number): this {
    const from = byteOf(entry) + keyOffset
    const size = this.arena.u32[chunkOf(entry)]![wordOf(entry) + 1]! & 0x3fffffff
    return this.probeScore(score, this.arena.u8[chunkOf(entry)]!, from, from + size)
  }

  // Looking.

  /** True, and the item is the current one, when the probed key is in the tree. */
  find(): boolean {
    return this.seek() && this.compareCurrent() === 0
  }

  /** Goes to the first item ≥ the probed key; false when there is none. */
  seek(): boolean {
    if (!this.descend()) return false
    const level = this.height - 1
    const node = this.nodes[level]!
    this.slots[level] = this.lowerBound(node)
    if (this.slots[level]! < this.size(node)) return this.settle()
    this.slots[level] = this.slots[level]! - 1
    return this.next()
  }

  /** Goes to the last item ≤ the probed key; false when there is none. */
  seekLast(): boolean {
    if (!this.seek()) return this.last()
    return this.compareCurrent() === 0 || this.prev()
  }

  first(): boolean {
    return this.edge(false)
  }

  last(): boolean {
    return this.edge(true)
  }

  next(): boolean {
    return this.step(1)
  }

  prev(): boolean {
    return this.step(-1)
  }

  /** Goes to the item of rank `rank` (0 for the first). */
  at(rank: number): boolean {
    if (this.root === 0 || rank < 0 || rank >= this.count) return false
    let left = rank
    let node = this.root
    this.height = 0
    while (!this.isLeaf(node)) {
      const words = this.arena.u32[chunkOf(node)]!
      let slot = 0
      let below = words[this.innerAt(node, 0) + 1]!
      while (left >= below) {
        left -= below
        below = words[this.innerAt(node, ++slot) + 1]!
      }
      this.push(node, slot)
      node = words[this.innerAt(node, slot)]!
    }
    this.push(node, left)
    return this.settle()
  }

  /** Number of items before the probed key, whether it is there or not. */
  rank(): number {
    if (!this.descend()) return 0
    let rank = this.lowerBound(this.nodes[this.height - 1]!)
    for (let level = 0; level < this.height - 1; level++) {
      const node = this.nodes[level]!
      const words = this.arena.u32[chunkOf(node)]!
      for (let slot = 0; slot < this.slots[level]!; slot++) rank += words[this.innerAt(node, slot) + 1]!
    }
    return rank
  }

  // Changing. After each of these no item is current, unless said otherwise.

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
    const level = this.height - 1
    const leaf = this.nodes[level]!
    const slot = this.slots[level]!
    for (let above = 0; above < level; above++) this.addBelow(above, -1)
    this.closeGap(leaf, slot, this.itemWords)
    if (this.size(leaf) === 0) this.dropNode(level)
    else {
      if (slot === 0) this.renewFirst(level)
      this.balance(level)
    }
    this.height = 0
  }

  /** Takes the current item out and goes to the next one; false when there is none. For walks that remove. */
  removeAndNext(): boolean {
    this.probeCurrent()
    this.removeCurrent()
    return this.seek()
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

  private isLeaf(node: number): boolean {
    return (this.arena.u32[chunkOf(node)]![wordOf(node)]! & 1) === 1
  }

  private size(node: number): number {
    return this.arena.u32[chunkOf(node)]![wordOf(node)]! >>> 1
  }

  private setSize(node: number, size: number): void {
    const words = this.arena.u32[chunkOf(node)]!
    words[wordOf(node)] = (size << 1) | (words[wordOf(node)]! & 1)
  }

  private itemAt(node: number, slot: number): number {
    return wordOf(node) + headWords + slot * this.itemWords
  }

  private innerAt(node: number, slot: number): number {
    return wordOf(node) + headWords + slot * this.innerWords
  }

  private createNode(leaf: boolean, capacity: number): number {
    const node = this.arena.alloc((headWords + capacity * (leaf ? this.itemWords : this.innerWords)) * 4)
    const words = this.arena.u32[chunkOf(node)]!
    words[wordOf(node)] = leaf ? 1 : 0
    words[wordOf(node) + 1] = capacity
    return node
  }

  private itemsBelow(node: number): number {
    const size = this.size(node)
    if (this.isLeaf(node)) return size
    const words = this.arena.u32[chunkOf(node)]!
    let items = 0
    for (let slot = 0; slot < size; slot++) items += words[this.innerAt(node, slot) + 1]!
    return items
  }

  private push(node: number, slot: number): void {
    this.nodes[this.height] = node
    this.slots[this.height] = slot
    this.height++
  }

  private settle(): true {
    const node = this.nodes[this.height - 1]!
    const at = this.itemAt(node, this.slots[this.height - 1]!)
    this.value = this.arena.u32[chunkOf(node)]![at + this.keyWords]!
    return true
  }

  /** Path to the leaf where the probed key is or would be. */
  private descend(): boolean {
    this.height = 0
    let node = this.root
    if (node === 0) return false
    while (!this.isLeaf(node)) {
      const words = this.arena.u32[chunkOf(node)]!
      // The last child whose first item is ≤ the key; the first child when there is none. Keys ascend as a rule.
      let high = this.size(node) - 1
      let low = this.compare(words, this.innerAt(node, high) + 2) <= 0 ? high : 0
      while (low < high) {
        const middle = (low + high + 1) >>> 1
        if (this.compare(words, this.innerAt(node, middle) + 2) <= 0) low = middle
        else high = middle - 1
      }
      this.push(node, low)
      node = words[this.innerAt(node, low)]!
    }
    this.push(node, 0)
    return true
  }

  /** First slot of a leaf whose item is ≥ the probed key. */
  private lowerBound(leaf: number): number {
    const words = this.arena.u32[chunkOf(leaf)]!
    let low = 0
    let high = this.size(leaf)
    // Most insertions and look-ups of ids are at the end.
    if (high > 0 && this.compare(words, this.itemAt(leaf, high - 1)) < 0) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.compare(words, this.itemAt(leaf, middle)) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Sign of (item at word `at`) − (probed key). */
  private compare(words: Uint32Array, at: number): number {
    const probe = this.probe
    if (words[at] !== probe[0]) return words[at]! < probe[0]! ? -1 : 1
    if (words[at + 1] !== probe[1]) return words[at + 1]! < probe[1]! ? -1 : 1
    if (this.probeWords === 2) return this.compareMember(words[at + 2]!)
    if (words[at + 2] !== probe[2]) return words[at + 2]! < probe[2]! ? -1 : 1
    if (this.probeWords === 3 || words[at + 3] === probe[3]) return 0
    return words[at + 3]! < probe[3]! ? -1 : 1
  }

  private compareMember(entry: number): number {
    const u8 = this.arena.u8[chunkOf(entry)]!
    const size = this.arena.u32[chunkOf(entry)]![wordOf(entry) + 1]! & 0x3fffffff
    const other = this.memberTo - this.memberFrom
    const shorter = size < other ? size : other
    let at = byteOf(entry) + keyOffset
    const member = this.member
    for (let i = this.memberFrom, end = i + shorter; i < end; i++, at++) {
      const difference = u8[at]! - member[i]!
      if (difference !== 0) return difference
    }
    return size - other
  }

  private compareCurrent(): number {
    const node = this.nodes[this.height - 1]!
    return this.compare(this.arena.u32[chunkOf(node)]!, this.itemAt(node, this.slots[this.height - 1]!))
  }

  /** Probes for the current item's own key. */
  private probeCurrent(): void {
    for (let i = 0; i < this.probeWords; i++) this.probe[i] = this.key(i)
    if (this.probeWords > 2) return
    const from = byteOf(this.value) + keyOffset
    this.member = this.arena.u8[chunkOf(this.value)]!
    this.memberFrom = from
    this.memberTo = from + (this.arena.u32[chunkOf(this.value)]![wordOf(this.value) + 1]! & 0x3fffffff)
  }

  private edge(last: boolean): boolean {
    this.height = 0
    let node = this.root
    if (node === 0) return false
    while (!this.isLeaf(node)) {
      const slot = last ? this.size(node) - 1 : 0
      this.push(node, slot)
      node = this.arena.u32[chunkOf(node)]![this.innerAt(node, slot)]!
    }
    this.push(node, last ? this.size(node) - 1 : 0)
    return this.settle()
  }

  private step(by: 1 | -1): boolean {
    let level = this.height - 1
    if (level < 0) return false
    let slot = this.slots[level]! + by
    while (slot < 0 || slot >= this.size(this.nodes[level]!)) {
      if (--level < 0) {
        this.height = 0
        return false
      }
      slot = this.slots[level]! + by
    }
    this.slots[level] = slot
    while (level < this.height - 1) {
      const node = this.nodes[level]!
      const child = this.arena.u32[chunkOf(node)]![this.innerAt(node, this.slots[level]!)]!
      level++
      this.nodes[level] = child
      this.slots[level] = by === 1 ? 0 : this.size(child) - 1
    }
    return this.settle()
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

  /** Joins a sparse node with a sibling, and takes a root of one child away. */
  private balance(level: number): void {
    const node = this.nodes[level]!
    if (level === 0) {
      if (!this.isLeaf(node) && this.size(node) === 1) {
        this.root = this.arena.u32[chunkOf(node)]![this.innerAt(node, 0)]!
        this.arena.free(node)
      }
      return
    }
    const most = this.isLeaf(node) ? this.leafMax : this.innerMax
    if (this.size(node) >= most >>> 2) return
    const parent = this.nodes[level - 1]!
    const slot = this.slots[level - 1]!
    const words = this.arena.u32[chunkOf(parent)]!
    const left = slot > 0 ? slot - 1 : slot
    if (left + 1 >= this.size(parent)) return
    const first = words[this.innerAt(parent, left)]!
    const second = words[this.innerAt(parent, left + 1)]!
    const joint = this.size(first) + this.size(second)
    if (joint > (most * 3) >>> 2) return
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

// Scores: the bits of a double, mapped so that unsigned order is numeric order; -0 counts as 0.

const f64 = new Float64Array(1)
const bits = new Uint32Array(f64.buffer)

/** High word of the order-preserving map of a score. */
export function scoreHigh(score: number): number {
  f64[0] = score === 0 ? 0 : score
  const high = bits[1]!
  return (high & 0x80000000) !== 0 ? ~high >>> 0 : (high | 0x80000000) >>> 0
}

/** Low word of the order-preserving map of a score. */
export function scoreLow(score: number): number {
  f64[0] = score === 0 ? 0 : score
  return (bits[1]! & 0x80000000) !== 0 ? ~bits[0]! >>> 0 : bits[0]!
}

/** The score of two mapped words. */
export function scoreOf(high: number, low: number): number {
  const positive = (high & 0x80000000) !== 0
  bits[1] = positive ? high & 0x7fffffff : ~high
  bits[0] = positive ? low : ~low
  return f64[0]!
}
