// Reading an order-statistic B+tree in the arena: search, walk both ways, rank. tree.ts adds the changes.
//
//   kind       key                                        item in a leaf
//   id         ms high, ms low, seq high, seq low         4 key words, value        stream ids, blocks, pending lists
//   deadline   ms high, ms low, then the value            2 key words, value        what is due when
//   score      ordered score, then the member's bytes     2 key words, value        sorted sets; value: a dict entry
//   delivery   ms high, ms low, then the entry's id       2 key words, value        value: a block, its id at word 4
//
// Words compare as unsigned. An item's value is a u32, as a rule an arena pointer.
//
//   leaf       ┌ count << 1 | 1 │ capacity │ item │ item │ …
//   inner      ┌ count << 1     │ capacity │ child, items below, first item below │ child, … │ …
//
// An inner node repeats the first item of each child, so a search reads no leaf but the last, and a pointer in a
// separator is as live as the item. A tree is its root pointer (0 when empty).

import { byteOf, chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'
import { keyOffset } from './dict.ts'
import { scoreHigh, scoreLow } from './score.ts'

export type TreeKind = 'id' | 'deadline' | 'score' | 'delivery'

const nodeBytesMax = 1024
/** Words before a node's first item or child. */
export const headWords = 2
const heightMax = 16
/** Word of a delivery's block where its id begins. */
const idWord = 4
const noBytes = new Uint8Array(0)

export class TreeWalk {
  readonly arena: Arena
  root: number
  /** The item that `seek`, `first`, `next`, `at` … stopped at: its value, and key words through `key(i)`. */
  value: number
  protected readonly keyWords: number
  private readonly ofDeliveries: boolean
  protected readonly itemWords: number
  protected readonly innerWords: number
  protected readonly leafMax: number
  protected readonly innerMax: number
  /** The key that is being looked for: its words (a deadline's value, a delivery's id follow) and a score's member. */
  protected readonly probe: Uint32Array
  protected readonly probeWords: number
  protected member: Uint8Array
  protected memberFrom: number
  protected memberTo: number
  // The path from the root to the current item.
  protected height: number
  protected readonly nodes: Uint32Array
  protected readonly slots: Int32Array

  constructor(arena: Arena, kind: TreeKind, root = 0) {
    this.arena = arena
    this.root = root
    this.value = 0
    this.keyWords = kind === 'id' ? 4 : 2
    this.ofDeliveries = kind === 'delivery'
    this.itemWords = this.keyWords + 1
    this.innerWords = this.itemWords + 2
    this.leafMax = Math.floor((nodeBytesMax / 4 - headWords) / this.itemWords)
    this.innerMax = Math.floor((nodeBytesMax / 4 - headWords) / this.innerWords)
    this.probe = new Uint32Array(6)
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

  /** The key of a `delivery` tree: a whole number of ms, and the block that belongs to it. */
  probeDelivery(ms: number, block: number): this {
    this.probeDeadline(ms, 0)
    this.probeIdOf(block)
    return this
  }

  /** The key of a `delivery` tree: a whole number of ms, before all blocks that belong to it. */
  probeMs(ms: number): this {
    this.probeDeadline(ms, 0)
    this.probe.fill(0, 2)
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

  /** True when an item is current and has the probed key. */
  isProbed(): boolean {
    return this.height > 0 && this.compareCurrent() === 0
  }

  /** True when the current item (there must be one) is at or above the probed key. */
  isAtOrAboveProbed(): boolean {
    return this.compareCurrent() >= 0
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

  /**
   * Copies the values of the current item and those behind it (backward: before it) to `into`, as many as that holds or
   * `max`, but none of another leaf. The last of them is current then. Returns how many.
   */
  take(into: Uint32Array, max: number, backward: boolean): number {
    const level = this.height - 1
    const node = this.nodes[level]!
    const words = this.arena.u32[chunkOf(node)]!
    const slot = this.slots[level]!
    const left = backward ? slot + 1 : (words[wordOf(node)]! >>> 1) - slot
    const most = max < into.length ? max : into.length
    const count = left < most ? left : most
    const step = backward ? -this.itemWords : this.itemWords
    for (let i = 0, at = this.itemAt(node, slot) + this.keyWords; i < count; i++, at += step) into[i] = words[at]!
    this.slots[level] = backward ? slot - count + 1 : slot + count - 1
    this.value = into[count - 1]!
    return count
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

  // Nodes.

  protected isLeaf(node: number): boolean {
    return (this.arena.u32[chunkOf(node)]![wordOf(node)]! & 1) === 1
  }

  protected size(node: number): number {
    return this.arena.u32[chunkOf(node)]![wordOf(node)]! >>> 1
  }

  protected itemAt(node: number, slot: number): number {
    return wordOf(node) + headWords + slot * this.itemWords
  }

  protected innerAt(node: number, slot: number): number {
    return wordOf(node) + headWords + slot * this.innerWords
  }

  protected itemsBelow(node: number): number {
    const size = this.size(node)
    if (this.isLeaf(node)) return size
    const words = this.arena.u32[chunkOf(node)]!
    let items = 0
    for (let slot = 0; slot < size; slot++) items += words[this.innerAt(node, slot) + 1]!
    return items
  }

  protected push(node: number, slot: number): void {
    this.nodes[this.height] = node
    this.slots[this.height] = slot
    this.height++
  }

  protected settle(): true {
    const node = this.nodes[this.height - 1]!
    const at = this.itemAt(node, this.slots[this.height - 1]!)
    this.value = this.arena.u32[chunkOf(node)]![at + this.keyWords]!
    return true
  }

  /** Path to the leaf where the probed key is or would be. */
  protected descend(): boolean {
    this.height = 0
    let node = this.root
    if (node === 0) return false
    // Nearly always the first word decides.
    const first = this.probe[0]!
    const width = this.innerWords
    for (;;) {
      const words = this.arena.u32[chunkOf(node)]!
      const head = wordOf(node)
      if ((words[head]! & 1) === 1) break
      // The last child whose first item is ≤ the key; the first child when there is none. Keys ascend as a rule.
      const base = head + headWords + 2
      let high = (words[head]! >>> 1) - 1
      let low = 0
      let at = base + high * width
      if (words[at] !== first ? words[at]! < first : this.compare(words, at) <= 0) low = high
      while (low < high) {
        const middle = (low + high + 1) >>> 1
        at = base + middle * width
        if (words[at] !== first ? words[at]! < first : this.compare(words, at) <= 0) low = middle
        else high = middle - 1
      }
      this.push(node, low)
      node = words[base + low * width - 2]!
    }
    this.push(node, 0)
    return true
  }

  /** First slot of a leaf whose item is ≥ the probed key. */
  protected lowerBound(leaf: number): number {
    const words = this.arena.u32[chunkOf(leaf)]!
    const head = wordOf(leaf)
    const base = head + headWords
    const width = this.itemWords
    const first = this.probe[0]!
    let low = 0
    let high = words[head]! >>> 1
    if (high === 0) return 0
    // Most insertions and look-ups of ids are at the end.
    let at = base + (high - 1) * width
    if (words[at] !== first ? words[at]! < first : this.compare(words, at) < 0) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      at = base + middle * width
      if (words[at] !== first ? words[at]! < first : this.compare(words, at) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Sign of (item at word `at`) − (probed key). */
  protected compare(words: Uint32Array, at: number): number {
    const probe = this.probe
    if (words[at] !== probe[0]) return words[at]! < probe[0]! ? -1 : 1
    if (words[at + 1] !== probe[1]) return words[at + 1]! < probe[1]! ? -1 : 1
    if (this.probeWords === 2) return this.compareRest(words[at + 2]!)
    if (words[at + 2] !== probe[2]) return words[at + 2]! < probe[2]! ? -1 : 1
    if (this.probeWords === 3 || words[at + 3] === probe[3]) return 0
    return words[at + 3]! < probe[3]! ? -1 : 1
  }

  /** As `compare`, where the first two words are alike and the rest of the key stands at the value. */
  private compareRest(value: number): number {
    return this.ofDeliveries ? this.compareId(value) : this.compareMember(value)
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

  private compareId(block: number): number {
    const words = this.arena.u32[chunkOf(block)]!
    const at = wordOf(block) + idWord
    for (let i = 0; i < 4; i++) {
      const other = this.probe[2 + i]!
      if (words[at + i] !== other) return words[at + i]! < other ? -1 : 1
    }
    return 0
  }

  private probeIdOf(block: number): void {
    const words = this.arena.u32[chunkOf(block)]!
    const at = wordOf(block) + idWord
    for (let i = 0; i < 4; i++) this.probe[2 + i] = words[at + i]!
  }

  protected compareCurrent(): number {
    const node = this.nodes[this.height - 1]!
    return this.compare(this.arena.u32[chunkOf(node)]!, this.itemAt(node, this.slots[this.height - 1]!))
  }

  /** Probes for the current item's own key. */
  protected probeCurrent(): void {
    for (let i = 0; i < this.probeWords; i++) this.probe[i] = this.key(i)
    if (this.probeWords > 2) return
    if (this.ofDeliveries) {
      this.probeIdOf(this.value)
      return
    }
    const from = byteOf(this.value) + keyOffset
    this.member = this.arena.u8[chunkOf(this.value)]!
    this.memberFrom = from
    this.memberTo = from + (this.arena.u32[chunkOf(this.value)]![wordOf(this.value) + 1]! & 0x3fffffff)
  }

  protected edge(last: boolean): boolean {
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

  protected step(by: 1 | -1): boolean {
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
}
