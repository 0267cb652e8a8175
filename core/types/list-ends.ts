// A list at its ends: pushing, popping, the two encodings. list-walk.ts adds looking, list.ts changes in the middle.
//
//   listpack    the root is the only node (list-node.ts), 0 for an empty list
//   quicklist   ┌ length │ nodes │ first node │ last node │ index (list-index.ts) ┐   u32 each; nodes of bounded size
//
// One List object per engine is opened on one root after another; after a change its owner stores `root` and `form`
// again. A list without elements has the root 0 and is a listpack.

import { chunkOf, byteOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import type { Form } from '../keyspace/entry.ts'
import type { Settings } from '../settings.ts'
import { elementBefore, ElementReader, ElementWriter } from './list-element.ts'
import { ListIndex } from './list-index.ts'
import { fits, nodeBytesMax, outgrows, shrinks } from './list-limits.ts'
import {
  createNode, dropBefore, dropFirst, dropFrom, dropLast, nodeBytes, nodeCount, nodeEnd, nodeHeaderBytes, nodeStart,
  pushBack, pushFront, seekElement, trimNode,
} from './list-node.ts'

/** How an entry's form names the encoding. */
export const listForms = { listpack: 0, quicklist: 1 } as const

const headWords = 5
const lengthWord = 0
const nodesWord = 1
const firstWord = 2
const lastWord = 3
const indexWord = 4
/** A listpack's block of at most this many bytes is left as it is when elements go. */
const keptBytesMax = 64

export class ListEnds {
  readonly arena: Arena
  root: number
  form: Form
  /** The element that `readEnd` or a walk came to: `value.buf[value.from..value.to)`, until the next call or change. */
  readonly value: ElementReader
  readonly index: ListIndex
  protected readonly settings: Settings
  protected readonly element: ElementWriter

  constructor(arena: Arena, settings: Settings) {
    this.arena = arena
    this.root = 0
    this.form = listForms.listpack
    this.value = new ElementReader()
    this.index = new ListIndex(arena)
    this.settings = settings
    this.element = new ElementWriter()
  }

  open(root: number, form: Form): this {
    this.root = root
    this.form = form
    return this
  }

  get length(): number {
    if (this.root === 0) return 0
    return this.form === listForms.listpack ? nodeCount(this.arena, this.root) : this.head(lengthWord)
  }

  /** Number of nodes. */
  get nodes(): number {
    if (this.root === 0) return 0
    return this.form === listForms.listpack ? 1 : this.head(nodesWord)
  }

  /**
   * To be called before `count` elements of `bytes` bytes together are put in by one command: a listpack that would
   * become too large is a quicklist from now on. The place that a walk came to stays.
   */
  expect(bytes: number, count: number): void {
    if (this.form !== listForms.listpack) return
    const { root, arena } = this
    const used = root === 0 ? 0 : nodeBytes(arena, root)
    const elements = root === 0 ? 0 : nodeCount(arena, root)
    if (outgrows(this.settings.listPackSize, used, elements, bytes, count)) this.toQuicklist()
  }

  /** Puts `buf[from..to)` before the first or behind the last element. It must not lie in the same list. */
  push(front: boolean, buf: Uint8Array, from: number, to: number): void {
    const { arena } = this
    const element = this.element.set(buf, from, to)
    if (this.form !== listForms.listpack) this.pushLong(front)
    else if (this.root === 0) this.root = pushBack(arena, createNode(arena, element.bytes, false), element, this.room)
    else if (front) this.root = pushFront(arena, this.root, element, this.room)
    else this.root = pushBack(arena, this.root, element, this.room)
  }

  /** Makes the first or last element `value`; the list has one. */
  readEnd(front: boolean): void {
    const { arena } = this
    const node = this.form === listForms.listpack ? this.root : this.head(front ? firstWord : lastWord)
    const u8 = arena.u8[chunkOf(node)]!
    const base = byteOf(node)
    const at = front ? base + nodeStart(arena, node) : elementBefore(u8, base + nodeEnd(arena, node))
    this.value.read(u8, at)
  }

  /** Takes out the first or last element; the list has one. */
  dropEnd(front: boolean): void {
    const { arena } = this
    const long = this.form !== listForms.listpack
    const node = long ? this.head(front ? firstWord : lastWord) : this.root
    if (nodeCount(arena, node) > 1) {
      if (front) dropFirst(arena, node)
      else dropLast(arena, node)
      if (!long) {
        this.trimListpack()
        return
      }
    } else if (long) {
      this.removeEndNode(front)
      if (this.root === 0) return
    } else {
      arena.free(node)
      this.root = 0
      return
    }
    this.setHead(lengthWord, this.head(lengthWord) - 1)
    if (this.head(nodesWord) === 1) this.shrink()
  }

  /** Takes out `count` elements at one end, all of them if there aren't more. */
  dropEnds(front: boolean, count: number): void {
    if (count <= 0 || this.root === 0) return
    if (count >= this.length) {
      this.free()
      return
    }
    if (this.form === listForms.listpack) {
      this.dropWithin(this.root, front, count)
      this.trimListpack()
      return
    }
    this.setHead(lengthWord, this.head(lengthWord) - count)
    for (let left = count; left > 0;) {
      const node = this.head(front ? firstWord : lastWord)
      const elements = nodeCount(this.arena, node)
      if (elements > left) {
        this.dropWithin(node, front, left)
        break
      }
      left -= elements
      this.removeEndNode(front)
    }
    if (this.head(nodesWord) === 1) this.shrink()
  }

  private dropWithin(node: number, front: boolean, count: number): void {
    const { arena } = this
    if (front) dropBefore(arena, node, seekElement(arena, node, count), count)
    else dropFrom(arena, node, seekElement(arena, node, nodeCount(arena, node) - count), count)
  }

  /** Frees all nodes. */
  free(): void {
    const { arena } = this
    if (this.root === 0) return
    if (this.form !== listForms.listpack) {
      this.index.open(this.head(indexWord)).destroy((node) => arena.free(node))
    }
    arena.free(this.root)
    this.root = 0
    this.form = listForms.listpack
  }

  /** Frees about `count` elements from the front on; the list is then shorter, or empty. */
  freeSome(count: number): void {
    if (this.root === 0 || this.form === listForms.listpack || this.head(lengthWord) <= count) {
      this.free()
      return
    }
    for (let left = count; left > 0 && this.root !== 0;) {
      const elements = nodeCount(this.arena, this.head(firstWord))
      left -= elements
      this.setHead(lengthWord, this.head(lengthWord) - elements)
      this.removeEndNode(true)
    }
  }

  // The quicklist's head.

  protected head(word: number): number {
    return this.arena.u32[chunkOf(this.root)]![wordOf(this.root) + word]!
  }

  protected setHead(word: number, value: number): void {
    this.arena.u32[chunkOf(this.root)]![wordOf(this.root) + word] = value
  }

  protected get firstNode(): number {
    return this.form === listForms.listpack ? this.root : this.head(firstWord)
  }

  protected get lastNode(): number {
    return this.form === listForms.listpack ? this.root : this.head(lastWord)
  }

  protected addLength(difference: number): void {
    if (this.form !== listForms.listpack) this.setHead(lengthWord, this.head(lengthWord) + difference)
  }

  /** Bytes of elements that a block is made for at most, unless more must fit. */
  protected get room(): number {
    return nodeBytesMax(this.settings.listPackSize) - nodeHeaderBytes
  }

  protected fits(node: number, size: number): boolean {
    return fits(this.settings.listPackSize, nodeBytes(this.arena, node), nodeCount(this.arena, node), size)
  }

  // Nodes. The index knows them all; its root, and the list's first and last node, also stand in the head.

  protected openIndex(): ListIndex {
    return this.index.open(this.head(indexWord))
  }

  /** The node that is current in the index moved. */
  protected nodeMoved(before: number, node: number): void {
    if (before === node) return
    this.index.setChild(node)
    if (this.head(firstWord) === before) this.setHead(firstWord, node)
    if (this.head(lastWord) === before) this.setHead(lastWord, node)
  }

  /** Weighs the node that is current in the index. */
  protected weigh(): void {
    const node = this.index.child
    const isEnd = node === this.head(firstWord) || node === this.head(lastWord)
    this.index.addWeight((isEnd ? 0 : nodeCount(this.arena, node)) - this.index.weight)
  }

  /** Puts a node beside the one that is current in the index, which stays so. */
  protected insertNode(node: number, behind: boolean): void {
    const { index } = this
    const beside = index.child
    index.insert(node, 0, behind)
    this.setHead(indexWord, index.root)
    this.setHead(nodesWord, this.head(nodesWord) + 1)
    const end = behind ? lastWord : firstWord
    if (this.head(end) === beside) this.setHead(end, node)
    this.weigh()
    if (behind) index.prev()
    else index.next()
    this.weigh()
  }

  /** Takes out and frees the node that is current in the index. The next one is then; false when there is none. */
  protected removeNode(): boolean {
    const { index, arena } = this
    const node = index.child
    let more = index.remove()
    arena.free(node)
    if (index.root === 0) {
      arena.free(this.root)
      this.root = 0
      this.form = listForms.listpack
      return false
    }
    this.setHead(indexWord, index.root)
    this.setHead(nodesWord, this.head(nodesWord) - 1)
    if (this.head(firstWord) === node) {
      this.setHead(firstWord, index.child)
      this.weigh()
    }
    if (this.head(lastWord) === node) {
      index.last()
      this.setHead(lastWord, index.child)
      this.weigh()
      more = false
    }
    return more
  }

  private removeEndNode(front: boolean): void {
    const index = this.openIndex()
    if (front) index.first()
    else index.last()
    this.removeNode()
  }

  private pushLong(front: boolean): void {
    const { arena, element } = this
    const count = this.head(nodesWord)
    const node = count === 0 ? 0 : this.head(front ? firstWord : lastWord)
    this.setHead(lengthWord, this.head(lengthWord) + 1)
    if (node === 0 || !this.fits(node, element.size)) {
      this.pushNode(front, node, count)
      return
    }
    const moved = front ? pushFront(arena, node, element, this.room) : pushBack(arena, node, element, this.room)
    if (moved === node) return
    const index = this.openIndex()
    if (front) index.first()
    else index.last()
    this.nodeMoved(node, moved)
  }

  /** A new node at an end: lists of many nodes make it as large as it will be, others let it grow. */
  private pushNode(front: boolean, beside: number, count: number): void {
    const { arena, element } = this
    const used = beside === 0 ? 0 : nodeBytes(arena, beside)
    const spare = count < 4 ? used >>> 4 : count < 16 ? used >>> 2 : used
    const bytes = Math.max(element.bytes, Math.min(spare, this.room))
    const roomBefore = front && bytes > element.bytes
    const empty = createNode(arena, bytes, roomBefore)
    const node = roomBefore ? pushFront(arena, empty, element, this.room) : pushBack(arena, empty, element, this.room)
    if (beside === 0) {
      this.index.create(node)
      this.setHead(indexWord, this.index.root)
      this.setHead(nodesWord, 1)
      this.setHead(firstWord, node)
      this.setHead(lastWord, node)
      return
    }
    const index = this.openIndex()
    if (front) index.first()
    else index.last()
    if (count > 1) this.nodeMoved(beside, trimNode(arena, beside))
    this.insertNode(node, !front)
  }

  // Encodings.

  private toQuicklist(): void {
    const { arena, root: node } = this
    const root = arena.alloc(headWords * 4)
    arena.u32[chunkOf(root)]!.fill(0, wordOf(root), wordOf(root) + headWords)
    this.root = root
    this.form = listForms.quicklist
    if (node === 0) return
    this.index.create(node)
    this.setHead(lengthWord, nodeCount(arena, node))
    this.setHead(nodesWord, 1)
    this.setHead(firstWord, node)
    this.setHead(lastWord, node)
    this.setHead(indexWord, this.index.root)
  }

  /** A quicklist's head with the same length and number of nodes. Returns its root. */
  protected copyHead(first: number, last: number, index: number): number {
    const { arena, root } = this
    const copy = arena.alloc(headWords * 4)
    const words = arena.u32[chunkOf(copy)]!
    const at = wordOf(copy)
    const from = wordOf(root)
    for (let i = 0; i < firstWord; i++) words[at + i] = arena.u32[chunkOf(root)]![from + i]!
    words[at + firstWord] = first
    words[at + lastWord] = last
    words[at + indexWord] = index
    return copy
  }

  /** Elements went: a quicklist of one small node becomes a listpack. */
  shrink(): void {
    if (this.root === 0 || this.form === listForms.listpack || this.head(nodesWord) !== 1) return
    const node = this.head(firstWord)
    if (!shrinks(this.settings.listPackSize, nodeBytes(this.arena, node), nodeCount(this.arena, node))) return
    this.openIndex().destroy(() => {})
    this.arena.free(this.root)
    this.root = node
    this.form = listForms.listpack
    this.trimListpack()
  }

  private trimListpack(): void {
    const { arena, root } = this
    const usable = arena.usableBytes(root)
    if (usable <= keptBytesMax) return
    const bytes = nodeBytes(arena, root)
    if (nodeHeaderBytes + bytes < usable >>> 1) this.root = trimNode(arena, root, bytes >>> 3)
  }
}
