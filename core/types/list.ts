// Changes in the middle of a list: LINSERT, LSET, LREM; and the list as a whole: copies, measures, checks.
//
// A full node that is inserted into is split, as in Redis: the new element goes to the nearer half, and the halves join
// their neighbours where they fit.

import { byteOf, chunkOf } from '../arena/arena.ts'
import { elementBytes } from './list-element.ts'
import { listForms } from './list-ends.ts'
import { ListIndex } from './list-index.ts'
import { fitTogether, isLarge } from './list-limits.ts'
import {
  appendNode, checkNode, copyNode, createNode, dropFrom, insertElement, nodeBytes, nodeCount, nodeEnd, nodeStart,
  pushBack, pushFront, replaceElement, splitNode, trimNode,
} from './list-node.ts'
import { countEqual, found, removeEqual } from './list-scan.ts'
import { ListWalk } from './list-walk.ts'

export class List extends ListWalk {
  /** Puts an element before or behind the one at the place. `expect` was called. */
  insert(behind: boolean, buf: Uint8Array, from: number, to: number): void {
    const { arena } = this
    const element = this.element.set(buf, from, to)
    if (behind) this.skip()
    if (this.form === listForms.listpack) {
      this.root = insertElement(arena, this.root, this.at, element, this.room)
      return
    }
    this.indexPlace()
    this.addLength(1)
    if (this.fits(this.node, element.size)) {
      this.nodeMoved(this.node, insertElement(arena, this.node, this.at, element, this.room))
      this.weigh()
      return
    }
    const cut = this.number
    const count = nodeCount(arena, this.node)
    if (cut === count) this.insertBetween(true)
    else if (cut === 0) this.insertBetween(false)
    else this.insertSplitting(behind, count - cut)
  }

  /** The element belongs at an end of the place's node, which is full: into the neighbour there, or a new node. */
  private insertBetween(behind: boolean): void {
    const { arena, element, index } = this
    const more = behind ? index.next() : index.prev()
    if (more && this.fits(index.child, element.size)) {
      const node = index.child
      this.nodeMoved(node, (behind ? pushFront : pushBack)(arena, node, element, this.room))
      this.weigh()
      return
    }
    // The walk to a neighbour that was full, too, is taken back.
    if (more && behind) index.prev()
    else if (more) index.next()
    this.insertNode(this.lone(), behind)
  }

  private insertSplitting(behind: boolean, count: number): void {
    const { arena, element, index } = this
    const half = splitNode(arena, this.node, this.at, count)
    this.nodeMoved(this.node, trimNode(arena, this.node))
    this.insertNode(half, true)
    const node = index.child
    const apart = !this.fits(behind ? half : node, element.size)
    if (apart) this.insertNode(this.lone(), true)
    else if (!behind) {
      this.nodeMoved(node, pushBack(arena, node, element, this.room))
      this.weigh()
    }
    index.next()
    if (apart) index.next()
    else if (behind) {
      this.nodeMoved(half, pushFront(arena, half, element, this.room))
      this.weigh()
    }
    this.mergeNext()
    index.prev()
    if (apart) index.prev()
    if (index.prev()) this.mergeNext()
  }

  /** A node of the element alone. */
  private lone(): number {
    return pushBack(this.arena, createNode(this.arena, this.element.bytes, false), this.element, this.room)
  }

  /** Joins the node that is current in the index, and stays so, with the next one, where they fit together. */
  private mergeNext(): void {
    const { arena, index } = this
    const node = index.child
    if (!index.next()) return
    const next = index.child
    index.prev()
    const bytes = nodeBytes(arena, node) + nodeBytes(arena, next)
    const elements = nodeCount(arena, node) + nodeCount(arena, next)
    if (!fitTogether(this.settings.listPackSize, bytes, elements)) return
    this.nodeMoved(node, appendNode(arena, node, next, this.room))
    this.weigh()
    index.next()
    if (this.removeNode()) index.prev()
  }

  /** Puts another element in the place of the one at the place. `expect` was called. */
  set(buf: Uint8Array, from: number, to: number): void {
    const { arena } = this
    const element = this.element.set(buf, from, to)
    if (this.form === listForms.listpack) {
      this.root = replaceElement(arena, this.root, this.at, element, this.room)
      return
    }
    this.indexPlace()
    const count = nodeCount(arena, this.node)
    const grown = nodeBytes(arena, this.node) + element.bytes > 2 * this.room
    if (count > 1 && (isLarge(this.settings.listPackSize, element.size) || grown)) {
      this.setApart(count)
      return
    }
    this.nodeMoved(this.node, replaceElement(arena, this.node, this.at, element, this.room))
  }

  /** The element becomes a node of its own, between those that were before and behind it. */
  private setApart(count: number): void {
    const { arena, at, number } = this
    const size = elementBytes(arena.u8[chunkOf(this.node)]!, byteOf(this.node) + at)
    if (number < count - 1) this.insertNode(splitNode(arena, this.node, at + size, count - 1 - number), true)
    if (number > 0) {
      dropFrom(arena, this.node, at, 1)
      this.insertNode(this.lone(), true)
    } else this.nodeMoved(this.node, replaceElement(arena, this.node, at, this.element, this.room))
    this.weigh()
  }

  /**
   * Takes out elements that equal `buf[from..to)`: the first `count` of them, the last `-count`, all for 0. Returns how
   * many; the list may be empty then.
   */
  remove(count: number, buf: Uint8Array, from: number, to: number): number {
    if (this.root === 0) return 0
    this.lookFor(buf, from, to)
    const most = count === 0 ? Infinity : Math.abs(count)
    const removed = this.form === listForms.listpack ? this.removeShort(most, count < 0)
      : count < 0 ? this.removeLast(most) : this.removeFirst(most)
    this.endFind()
    if (removed > 0) this.shrink()
    return removed
  }

  private removeShort(most: number, last: boolean): number {
    const { arena, root } = this
    const removed = this.removeIn(root, most, last)
    if (nodeCount(arena, root) === 0) this.free()
    else if (removed > 0) this.root = trimNode(arena, root)
    return removed
  }

  private removeFirst(most: number): number {
    const index = this.openIndex()
    let removed = 0
    for (let more = index.first(); more && removed < most;) {
      removed += this.removeHere(most - removed, false)
      if (nodeCount(this.arena, index.child) === 0) more = this.removeNode()
      else more = index.next()
    }
    return removed
  }

  private removeLast(most: number): number {
    const index = this.openIndex()
    let removed = 0
    for (let more = index.last(); more && removed < most;) {
      removed += this.removeHere(most - removed, true)
      if (nodeCount(this.arena, index.child) > 0) more = index.prev()
      else more = this.removeNode() ? index.prev() : this.root !== 0 && index.last()
    }
    return removed
  }

  /** Takes elements out of the node that is current in the index; it may be empty then. */
  private removeHere(most: number, last: boolean): number {
    const node = this.index.child
    const removed = this.removeIn(node, most, last)
    if (removed === 0) return 0
    this.addLength(-removed)
    if (nodeCount(this.arena, node) === 0) return removed
    this.nodeMoved(node, trimNode(this.arena, node))
    this.weigh()
    return removed
  }

  private removeIn(node: number, most: number, last: boolean): number {
    const { arena, element } = this
    const u8 = arena.u8[chunkOf(node)]!
    const base = byteOf(node)
    const start = base + nodeStart(arena, node)
    const end = base + nodeEnd(arena, node)
    const spared = last ? Math.max(0, countEqual(u8, start, end, element) - most) : 0
    const left = removeEqual(u8, start, end, element, spared, most)
    const removed = found.looked
    if (removed > 0) dropFrom(arena, node, left - base, removed)
    return removed
  }

  // All of it.

  /** Root of a copy, of the same form. */
  copy(): number {
    const { arena, root } = this
    if (root === 0) return 0
    if (this.form === listForms.listpack) return copyNode(arena, root)
    const index = new ListIndex(arena)
    const nodes: number[] = []
    const source = this.openIndex()
    for (let more = source.first(); more; more = source.next()) {
      const node = copyNode(arena, source.child)
      nodes.push(node)
      if (nodes.length === 1) index.create(node)
      else index.insert(node, source.weight, true)
    }
    return this.copyHead(nodes[0]!, nodes.at(-1)!, index.root)
  }

  memoryBytes(): number {
    const { arena, root } = this
    if (root === 0) return 0
    const own = arena.usableBytes(root)
    if (this.form === listForms.listpack) return own
    let bytes = 0
    const blocks = this.openIndex().memoryBytes((node) => {
      bytes += arena.usableBytes(node)
    })
    return own + blocks + bytes
  }

  /** Walks everything and throws where the books disagree. */
  check(): void {
    const { arena, root } = this
    if (root === 0) return
    if (this.form === listForms.listpack) {
      checkNode(arena, root)
      return
    }
    let nodes = 0
    let length = 0
    const index = this.openIndex()
    index.check((node) => {
      checkNode(arena, node)
      if (nodeCount(arena, node) === 0) throw new Error('list: an empty node')
      nodes++
      length += nodeCount(arena, node)
      return node === this.firstNode || node === this.lastNode ? 0 : nodeCount(arena, node)
    })
    if (nodes !== this.nodes || length !== this.length) throw new Error('list: nodes or elements are miscounted')
    if (!index.first() || index.child !== this.firstNode) throw new Error('list: another node is the first')
    if (!index.last() || index.child !== this.lastNode) throw new Error('list: another node is the last')
  }
}
