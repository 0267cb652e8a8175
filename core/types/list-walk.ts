// Looking into a list: by index, by range, by value, from either end.

import { byteOf, chunkOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import type { Reply } from '../reply.ts'
import type { Settings } from '../settings.ts'
import { elementBefore, elementBytes } from './list-element.ts'
import { ListEnds, listForms } from './list-ends.ts'
import { isLarge, packedBytes } from './list-limits.ts'
import { nodeBytes, nodeCount, nodeEnd, nodeStart, seekElement } from './list-node.ts'
import { findBackward, findForward, found, replyElements } from './list-scan.ts'

export class ListWalk extends ListEnds {
  /** The place that `seek` or `find` came to: a node, the element's offset in it, and its number there. */
  node: number
  at: number
  number: number
  /** The node is the current one of the index. */
  private indexed: boolean

  constructor(arena: Arena, settings: Settings) {
    super(arena, settings)
    this.node = 0
    this.at = 0
    this.number = 0
    this.indexed = false
  }

  /** Goes to the element of that index; negative ones count from the end. False when there is none. */
  seek(index: number): boolean {
    const { length } = this
    const wanted = index < 0 ? index + length : index
    if (!(wanted >= 0 && wanted < length)) return false
    this.indexed = false
    if (this.form === listForms.listpack) {
      this.node = this.root
      this.number = wanted
    } else this.seekLong(wanted, length)
    this.at = seekElement(this.arena, this.node, this.number)
    return true
  }

  private seekLong(wanted: number, length: number): void {
    const { arena } = this
    const before = nodeCount(arena, this.firstNode)
    const behind = length - nodeCount(arena, this.lastNode)
    if (wanted < before || wanted >= behind) {
      this.node = wanted < before ? this.firstNode : this.lastNode
      this.number = wanted < before ? wanted : wanted - behind
      return
    }
    const index = this.openIndex()
    index.seek(wanted - before)
    this.node = index.child
    this.number = index.offset
    this.indexed = true
  }

  /** Makes the element at the place `value`. */
  read(): void {
    this.value.read(this.arena.u8[chunkOf(this.node)]!, byteOf(this.node) + this.at)
  }

  /** Makes the node of the place the current one of the index of a quicklist. */
  protected indexPlace(): void {
    if (this.indexed) return
    const index = this.openIndex()
    if (this.node === this.firstNode) index.first()
    else index.last()
    this.indexed = true
  }

  /** Goes to the first element of the next node, or the end of the one before; false when there is none. */
  protected nextNode(): boolean {
    if (this.form === listForms.listpack) return false
    this.indexPlace()
    if (!this.index.next()) return false
    this.node = this.index.child
    this.at = nodeStart(this.arena, this.node)
    this.number = 0
    return true
  }

  protected previousNode(): boolean {
    if (this.form === listForms.listpack) return false
    this.indexPlace()
    if (!this.index.prev()) return false
    this.node = this.index.child
    this.at = nodeEnd(this.arena, this.node)
    this.number = nodeCount(this.arena, this.node)
    return true
  }

  /** Writes `count` elements from index `start` on as bulk strings; the list has them. */
  replyRange(r: Reply, start: number, count: number): void {
    if (count <= 0 || !this.seek(start)) return
    let left = count
    for (;;) {
      const here = Math.min(left, nodeCount(this.arena, this.node) - this.number)
      const bytes = nodeEnd(this.arena, this.node) - this.at
      replyElements(r, this.arena.u8[chunkOf(this.node)]!, byteOf(this.node) + this.at, here, bytes)
      left -= here
      if (left === 0 || !this.nextNode()) return
    }
  }

  /** Writes the last `count` elements as bulk strings, the last one first; the list has them. */
  replyLast(r: Reply, count: number): void {
    if (count <= 0 || !this.seek(-1)) return
    let left = count
    for (;;) {
      const u8 = this.arena.u8[chunkOf(this.node)]!
      const base = byteOf(this.node)
      const start = base + nodeStart(this.arena, this.node)
      for (let at = base + nodeEnd(this.arena, this.node); at > start && left > 0; left--) {
        at = elementBefore(u8, at)
        this.value.read(u8, at)
        r.bulk(this.value.buf, this.value.from, this.value.to)
      }
      if (left === 0 || !this.previousNode()) return
    }
  }

  /** Calls `visit` with the bytes of each element, in order; they last for the call. */
  each(visit: (buf: Uint8Array, from: number, to: number) => void): void {
    if (!this.seek(0)) return
    do {
      const base = byteOf(this.node)
      const end = base + nodeEnd(this.arena, this.node)
      for (let at = base + this.at; at < end;) {
        const u8 = this.arena.u8[chunkOf(this.node)]!
        this.value.read(u8, at)
        visit(this.value.buf, this.value.from, this.value.to)
        at += elementBytes(u8, at)
      }
    } while (this.nextNode())
  }

  /** Calls `visit` with each node, in order. */
  eachNode(visit: (node: number) => void): void {
    if (!this.seek(0)) return
    do visit(this.node)
    while (this.nextNode())
  }

  /** True when a node is one large element, which Redis keeps as it is, in no listpack. It is then `value`. */
  isPlain(node: number): boolean {
    const { arena, value } = this
    if (nodeCount(arena, node) !== 1) return false
    value.read(arena.u8[chunkOf(node)]!, byteOf(node) + nodeStart(arena, node))
    return isLarge(this.settings.listPackSize, value.to - value.from)
  }

  /** Bytes that Redis's nodes take before they are compressed. */
  plainBytes(): number {
    let bytes = 0
    this.eachNode((node) => {
      bytes += this.isPlain(node) ? this.value.to - this.value.from : packedBytes(nodeBytes(this.arena, node))
    })
    return bytes
  }

  /** Takes in the string that `find` looks for. Its end is `endFind`. */
  lookFor(buf: Uint8Array, from: number, to: number): void {
    this.element.set(buf, from, to).prepareProbe()
  }

  endFind(): void {
    this.element.releaseProbe()
  }

  /**
   * Goes from the place forward to the first equal element, the place's own among them, looking at `limit` elements at
   * most. Returns how many it looked at, negative when there was none.
   */
  findNext(limit: number): number {
    let looked = 0
    for (;;) {
      const u8 = this.arena.u8[chunkOf(this.node)]!
      const base = byteOf(this.node)
      const end = base + nodeEnd(this.arena, this.node)
      const hit = findForward(u8, base + this.at, end, limit - looked, this.element)
      looked += found.looked
      this.at = found.at - base
      this.number += found.looked - (hit ? 1 : 0)
      if (hit) return looked
      if (looked >= limit || !this.nextNode()) return -looked
    }
  }

  /** As `findNext`, backward: the place is behind the first element that is looked at. */
  findPrevious(limit: number): number {
    let looked = 0
    for (;;) {
      const u8 = this.arena.u8[chunkOf(this.node)]!
      const base = byteOf(this.node)
      const start = base + nodeStart(this.arena, this.node)
      const hit = findBackward(u8, start, base + this.at, limit - looked, this.element)
      looked += found.looked
      this.at = found.at - base
      this.number -= found.looked
      if (hit) return looked
      if (looked >= limit || !this.previousNode()) return -looked
    }
  }

  /** Goes behind the element at the place. */
  skip(): void {
    this.at += elementBytes(this.arena.u8[chunkOf(this.node)]!, byteOf(this.node) + this.at)
    this.number++
  }

  /** Goes behind the last element. */
  seekEnd(): void {
    this.node = this.lastNode
    this.indexed = false
    this.at = nodeEnd(this.arena, this.node)
    this.number = nodeCount(this.arena, this.node)
  }
}
