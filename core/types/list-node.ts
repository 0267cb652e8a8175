// A node of a list: elements packed in one block, with room at both ends, so that pushing and popping move nothing.
//
//   node   ┌ end u32 │ start u16 │ count u16 │ (room) │ element │ element │ … │ (room) ┐
//           0         4           6           8        start                   end
//
// start and end are byte offsets in the block. A node that outgrows its block gets a larger one: the functions return
// where the node is then. An element that is put in must not lie in the same node.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { elementBefore, elementBytes } from './list-element.ts'
import type { ElementWriter } from './list-element.ts'

export const nodeHeaderBytes = 8
const startMax = 0xffff
const one = 0x10000
/** Shorter moves are cheaper as a loop than as a call. */
const shortMoveBytes = 32
/** A short queue moves its elements once in a while, not with every push. */
const leastSpareBytes = 12
/** Room for a longer element is made behind: `start` could not reach far enough. */
const frontBytesMax = 0x7fff

export function nodeEnd(arena: Arena, node: number): number {
  return arena.u32[chunkOf(node)]![wordOf(node)]!
}

export function nodeStart(arena: Arena, node: number): number {
  return arena.u32[chunkOf(node)]![wordOf(node) + 1]! & startMax
}

export function nodeCount(arena: Arena, node: number): number {
  return arena.u32[chunkOf(node)]![wordOf(node) + 1]! >>> 16
}

/** Bytes of all elements. */
export function nodeBytes(arena: Arena, node: number): number {
  const words = arena.u32[chunkOf(node)]!
  const at = wordOf(node)
  return words[at]! - (words[at + 1]! & startMax)
}

function setNode(arena: Arena, node: number, start: number, end: number, count: number): void {
  const words = arena.u32[chunkOf(node)]!
  const at = wordOf(node)
  words[at] = end
  words[at + 1] = (start | (count << 16)) >>> 0
}

/** An empty node with room for `bytes` bytes of elements, all of it behind or before them. */
export function createNode(arena: Arena, bytes: number, before: boolean): number {
  const node = arena.alloc(nodeHeaderBytes + bytes)
  const start = before ? Math.min(arena.usableBytes(node), startMax) : nodeHeaderBytes
  setNode(arena, node, start, start, 0)
  return node
}

/** Moves all elements within the node, so that they begin at `start`. */
function shift(arena: Arena, node: number, start: number): void {
  const from = nodeStart(arena, node)
  const end = nodeEnd(arena, node)
  const base = byteOf(node)
  arena.u8[chunkOf(node)]!.copyWithin(base + start, base + from, base + end)
  setNode(arena, node, start, start + end - from, nodeCount(arena, node))
}

/** Where elements stand that leave all the room before them, as far as `start` reaches. */
function lateStart(usable: number, bytes: number): number {
  return Math.min(usable - bytes, startMax)
}

/**
 * Makes room for `bytes` more before or behind the elements. A block that has an eighth of itself to spare after that
 * stays; else it grows to the next size of blocks, which are an eighth apart, but not beyond `bound` bytes of elements
 * unless it must.
 */
function makeRoom(arena: Arena, node: number, bytes: number, before: boolean, bound: number): number {
  const used = nodeBytes(arena, node)
  const usable = arena.usableBytes(node)
  const need = nodeHeaderBytes + used + bytes
  if (usable - need >= usable >>> 3) {
    shift(arena, node, before ? lateStart(usable, used) : nodeHeaderBytes)
    return node
  }
  const generous = Math.min(need + leastSpareBytes, nodeHeaderBytes + bound)
  const target = arena.alloc(Math.max(need, generous))
  const start = before ? lateStart(arena.usableBytes(target), used) : nodeHeaderBytes
  copyElements(arena, node, nodeStart(arena, node), used, target, start)
  setNode(arena, target, start, start + used, nodeCount(arena, node))
  arena.free(node)
  return target
}

function copyElements(arena: Arena, from: number, at: number, bytes: number, to: number, start: number): void {
  const source = arena.u8[chunkOf(from)]!
  const first = byteOf(from) + at
  arena.u8[chunkOf(to)]!.set(source.subarray(first, first + bytes), byteOf(to) + start)
}

export function pushBack(arena: Arena, node: number, element: ElementWriter, bound: number): number {
  let words = arena.u32[chunkOf(node)]!
  let at = wordOf(node)
  let end = words[at]!
  if (end + element.bytes > arena.usableBytes(node)) {
    node = makeRoom(arena, node, element.bytes, false, bound)
    words = arena.u32[chunkOf(node)]!
    at = wordOf(node)
    end = words[at]!
  }
  element.write(arena.u8[chunkOf(node)]!, byteOf(node) + end)
  words[at] = end + element.bytes
  words[at + 1] = words[at + 1]! + one
  return node
}

export function pushFront(arena: Arena, node: number, element: ElementWriter, bound: number): number {
  let words = arena.u32[chunkOf(node)]!
  let at = wordOf(node)
  if ((words[at + 1]! & startMax) - nodeHeaderBytes < element.bytes) {
    if (element.bytes > frontBytesMax) return insertElement(arena, node, nodeStart(arena, node), element, bound)
    node = makeRoom(arena, node, element.bytes, true, bound)
    words = arena.u32[chunkOf(node)]!
    at = wordOf(node)
  }
  const meta = words[at + 1]!
  element.write(arena.u8[chunkOf(node)]!, byteOf(node) + (meta & startMax) - element.bytes)
  words[at + 1] = meta + one - element.bytes
  return node
}

/** Takes the first element out. */
export function dropFirst(arena: Arena, node: number): void {
  const words = arena.u32[chunkOf(node)]!
  const at = wordOf(node)
  const meta = words[at + 1]!
  const start = meta & startMax
  const after = start + elementBytes(arena.u8[chunkOf(node)]!, byteOf(node) + start)
  if (after > startMax) dropBefore(arena, node, after, 1)
  else words[at + 1] = meta - one + after - start
}

/** Takes the last element out. */
export function dropLast(arena: Arena, node: number): void {
  const words = arena.u32[chunkOf(node)]!
  const at = wordOf(node)
  const base = byteOf(node)
  words[at] = elementBefore(arena.u8[chunkOf(node)]!, base + words[at]!) - base
  words[at + 1] = words[at + 1]! - one
}

/** Takes out the `count` elements before `at`. */
export function dropBefore(arena: Arena, node: number, at: number, count: number): void {
  const end = nodeEnd(arena, node)
  const left = nodeCount(arena, node) - count
  if (at <= startMax) setNode(arena, node, at, end, left)
  else {
    const base = byteOf(node)
    arena.u8[chunkOf(node)]!.copyWithin(base + nodeHeaderBytes, base + at, base + end)
    setNode(arena, node, nodeHeaderBytes, nodeHeaderBytes + end - at, left)
  }
}

/** Takes out the `count` elements from `at` on. */
export function dropFrom(arena: Arena, node: number, at: number, count: number): void {
  setNode(arena, node, nodeStart(arena, node), at, nodeCount(arena, node) - count)
}

/** Offset of element `index` (less than the count), walking from the nearer end. */
export function seekElement(arena: Arena, node: number, index: number): number {
  const u8 = arena.u8[chunkOf(node)]!
  const base = byteOf(node)
  const count = nodeCount(arena, node)
  if (index <= count >>> 1) {
    let at = base + nodeStart(arena, node)
    for (let i = 0; i < index; i++) {
      // Short strings are so common that they are worth a way of their own.
      const head = u8[at]!
      at += (head & 0xc0) === 0x80 ? (head & 63) + 2 : elementBytes(u8, at)
    }
    return at - base
  }
  let at = base + nodeEnd(arena, node)
  for (let i = count; i > index; i--) {
    const back = u8[at - 1]!
    at = back < 0x80 ? at - 1 - back : elementBefore(u8, at)
  }
  return at - base
}

/** Puts an element before the offset `at`. */
export function insertElement(arena: Arena, node: number, at: number, element: ElementWriter, bound: number): number {
  const { bytes } = element
  const before = at - nodeStart(arena, node)
  const behind = nodeEnd(arena, node) - at
  const fitsBefore = nodeStart(arena, node) - nodeHeaderBytes >= bytes
  const fitsBehind = arena.usableBytes(node) - nodeEnd(arena, node) >= bytes
  let forward = fitsBefore && (!fitsBehind || before < behind)
  if (!fitsBefore && !fitsBehind) {
    forward = before < behind && bytes <= frontBytesMax
    node = makeRoom(arena, node, bytes, forward, bound)
  }
  const u8 = arena.u8[chunkOf(node)]!
  const base = byteOf(node)
  const start = nodeStart(arena, node)
  const end = nodeEnd(arena, node)
  const count = nodeCount(arena, node) + 1
  if (forward) {
    move(u8, base + start - bytes, base + start, before)
    element.write(u8, base + start - bytes + before)
    setNode(arena, node, start - bytes, end, count)
  } else {
    move(u8, base + start + before + bytes, base + start + before, behind)
    element.write(u8, base + start + before)
    setNode(arena, node, start, end + bytes, count)
  }
  return node
}

/** Puts another element in the place of the one at `at`. */
export function replaceElement(arena: Arena, node: number, at: number, element: ElementWriter, bound: number): number {
  const base = byteOf(node)
  const u8 = arena.u8[chunkOf(node)]!
  const before = elementBytes(u8, base + at)
  if (before === element.bytes) {
    element.write(u8, base + at)
    return node
  }
  const end = nodeEnd(arena, node)
  move(u8, base + at, base + at + before, end - at - before)
  setNode(arena, node, nodeStart(arena, node), end - before, nodeCount(arena, node) - 1)
  return insertElement(arena, node, at, element, bound)
}

function move(u8: Uint8Array, to: number, from: number, bytes: number): void {
  if (bytes > shortMoveBytes) u8.copyWithin(to, from, from + bytes)
  else if (to < from) for (let i = 0; i < bytes; i++) u8[to + i] = u8[from + i]!
  else for (let i = bytes - 1; i >= 0; i--) u8[to + i] = u8[from + i]!
}

/** Takes the elements from the offset `at` on, `count` of them, into a new node. */
export function splitNode(arena: Arena, node: number, at: number, count: number): number {
  const bytes = nodeEnd(arena, node) - at
  const target = arena.alloc(nodeHeaderBytes + bytes)
  copyElements(arena, node, at, bytes, target, nodeHeaderBytes)
  setNode(arena, target, nodeHeaderBytes, nodeHeaderBytes + bytes, count)
  dropFrom(arena, node, at, count)
  return target
}

/** Appends the elements of `other`, which keeps them. */
export function appendNode(arena: Arena, node: number, other: number, bound: number): number {
  const bytes = nodeBytes(arena, other)
  if (nodeEnd(arena, node) + bytes > arena.usableBytes(node)) node = makeRoom(arena, node, bytes, false, bound)
  const end = nodeEnd(arena, node)
  copyElements(arena, other, nodeStart(arena, other), bytes, node, end)
  const count = nodeCount(arena, node) + nodeCount(arena, other)
  setNode(arena, node, nodeStart(arena, node), end + bytes, count)
  return node
}

/** A copy without room. */
export function copyNode(arena: Arena, node: number): number {
  const bytes = nodeBytes(arena, node)
  const target = arena.alloc(nodeHeaderBytes + bytes)
  copyElements(arena, node, nodeStart(arena, node), bytes, target, nodeHeaderBytes)
  setNode(arena, target, nodeHeaderBytes, nodeHeaderBytes + bytes, nodeCount(arena, node))
  return target
}

/** Gives back the room at both ends, where a smaller block can hold the node. */
export function trimNode(arena: Arena, node: number, spare = 0): number {
  const need = nodeHeaderBytes + nodeBytes(arena, node) + spare
  if (need > (arena.usableBytes(node) >>> 3) * 7) return node
  if (nodeStart(arena, node) !== nodeHeaderBytes) shift(arena, node, nodeHeaderBytes)
  return arena.realloc(node, need)
}

/** Throws where lengths, the count or the room disagree. */
export function checkNode(arena: Arena, node: number): void {
  const u8 = arena.u8[chunkOf(node)]!
  const base = byteOf(node)
  const end = nodeEnd(arena, node)
  if (end > arena.usableBytes(node)) throw new Error('list: a node uses more than its block')
  let at = nodeStart(arena, node)
  if (at < nodeHeaderBytes) throw new Error('list: a node begins within its header')
  let count = 0
  for (; at < end; count++) {
    const after = at + elementBytes(u8, base + at)
    if (elementBefore(u8, base + after) !== base + at) throw new Error(`list: back length of the element at ${at}`)
    at = after
  }
  if (at !== end) throw new Error('list: the last element crosses the end of its node')
  if (count !== nodeCount(arena, node)) throw new Error(`list: ${count} elements, counted ${nodeCount(arena, node)}`)
}
