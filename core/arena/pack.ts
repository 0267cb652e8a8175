// A pack: a short sequence of byte strings in one block, packed, walked both ways. Small lists, hashes, sets and sorted
// sets are packs; what outgrows one becomes a Dict, a Tree or a chain of packs.
//
//   block     ┌ used bytes u32 │ count u32 │ element │ element │ … ┐       used: the header and all elements
//   element   ┌ head │ payload │ back length ┐
//
//   head      0xxxxxxx            a string of 0 … 127 bytes
//             10xxxxxx            the integer 0 … 63, no payload
//             110000xx … 110001xx an integer of x + 1 bytes (1 … 7), two's complement, lowest byte first
//             1101xxxx + 1 byte   a string of up to 4,095 bytes, the length's low byte last
//             11100000 + 4 bytes  a longer string, lowest byte first
//   back      bytes of head and payload, seven bits a byte, to be read backwards: the last byte has the lowest bits,
//             and its top bit is set when there are more to the left
//
// A string that is an integer as it would be printed (no leading zeros, within ±(2^53 − 1)) is stored as one.
//
// An element is named by its byte offset in the block, so its name survives the block's moves; 0 is no element. A pack
// without elements has no block: its root is 0. A Pack object is opened on one root after another; after a change its
// owner stores `root` again. Bytes that are put in must not lie in the same pack.

import { byteOf, chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'
import { digitsMax, writeDigits } from '../digits.ts'
import {
  backBytes, elementBytes, headBytes, integerBytes, integerHead, integerIn, integerSmallMax, longHead, middleHead,
  packHeaderBytes, readInteger, scanIntegers, scanShortStrings, stringSmallMax, wideHead, writeBack, writeHead,
  writeIntegerElement,
} from './pack-element.ts'

const headerBytes = packHeaderBytes
/** Blocks beyond this grow by an eighth at a time; below, the arena's size classes do the like. */
const slackFromBytes = 16384
const noBytes = new Uint8Array(0)

export class Pack {
  readonly arena: Arena
  root: number
  /** The bytes of the element that `read` was last called for: `buf[from..to)`, until the next call or change. */
  buf: Uint8Array
  from: number
  to: number
  private readonly digits: Buffer
  /** Head and payload of an integer that is looked for. */
  private readonly sought: Buffer
  // The element that is being written: an integer, or a string.
  private newIsInteger: boolean
  private newInteger: number
  private newBuf: Uint8Array
  private newFrom: number
  private newBytes: number
  // What `decode` found: the head's and the payload's bytes, and whether it is an integer.
  private headBytes: number
  private payloadBytes: number
  private integral: boolean

  constructor(arena: Arena, root = 0) {
    this.arena = arena
    this.root = root
    this.buf = noBytes
    this.from = 0
    this.to = 0
    this.digits = Buffer.alloc(digitsMax)
    this.sought = Buffer.alloc(8)
    this.newIsInteger = false
    this.newInteger = 0
    this.newBuf = noBytes
    this.newFrom = 0
    this.newBytes = 0
    this.headBytes = 0
    this.payloadBytes = 0
    this.integral = false
  }

  /** Turns to the pack at `root`. */
  open(root: number): this {
    this.root = root
    return this
  }

  /** Number of elements. */
  get count(): number {
    return this.root === 0 ? 0 : this.arena.u32[chunkOf(this.root)]![wordOf(this.root) + 1]!
  }

  /** Bytes in use, the header among them. */
  get bytes(): number {
    return this.root === 0 ? 0 : this.arena.u32[chunkOf(this.root)]![wordOf(this.root)]!
  }

  // Walking. Each returns the offset of an element, 0 when there is none.

  first(): number {
    return this.root === 0 ? 0 : headerBytes
  }

  last(): number {
    return this.root === 0 ? 0 : this.before(this.bytes)
  }

  next(at: number): number {
    const after = at + this.sizeOf(at)
    return after === this.bytes ? 0 : after
  }

  prev(at: number): number {
    return at === headerBytes ? 0 : this.before(at)
  }

  /** The element of that index; negative ones count from the end, -1 the last. Walks from the nearer end. */
  at(index: number): number {
    const count = this.count
    const wanted = index < 0 ? index + count : index
    if (wanted < 0 || wanted >= count) return 0
    if (wanted > count >>> 1) {
      let at = this.last()
      for (let i = count - 1; i > wanted; i--) at = this.before(at)
      return at
    }
    let at = headerBytes
    for (let i = 0; i < wanted; i++) at += this.sizeOf(at)
    return at
  }

  /**
   * The first element from `start` on that equals `buf[from..to)`, looking at one of every `1 + skip` elements, those
   * before `stop`.
   */
  find(start: number, skip: number, buf: Uint8Array, from: number, to: number, stop = this.bytes): number {
    if (start === 0) return 0
    const u8 = this.arena.u8[chunkOf(this.root)]!
    const base = byteOf(this.root)
    const end = base + stop
    let found: number
    const size = to - from
    if (size > 0 && size <= stringSmallMax && buf[from]! > 0x39) {
      // No digit, no sign: no integer.
      found = scanShortStrings(u8, base + start, end, skip, buf, from, size)
      return found < 0 ? 0 : found - base
    }
    this.prepare(buf, from, to)
    if (this.newIsInteger) {
      writeIntegerElement(this.sought, 0, this.newInteger, this.newBytes)
      found = scanIntegers(u8, base + start, end, skip, this.sought, this.newBytes + 1)
    } else if (this.newBytes <= stringSmallMax) {
      found = scanShortStrings(u8, base + start, end, skip, buf, from, this.newBytes)
    } else return this.findLong(start, skip, stop)
    return found < 0 ? 0 : found - base
  }

  private findLong(start: number, skip: number, end: number): number {
    for (let at = start; at < end;) {
      if (this.isPrepared(at)) return at
      for (let i = 0; i <= skip && at < end; i++) at += this.sizeOf(at)
    }
    return 0
  }

  // Reading.

  /** Points `buf`, `from` and `to` at the element's bytes; an integer is printed. */
  read(at: number): void {
    this.decode(at)
    const payload = byteOf(this.root) + at + this.headBytes
    if (!this.integral) {
      this.buf = this.arena.u8[chunkOf(this.root)]!
      this.from = payload
      this.to = payload + this.payloadBytes
      return
    }
    this.buf = this.digits
    this.from = writeDigits(this.digits, digitsMax, this.integer(at))
    this.to = digitsMax
  }

  /** True when the element is stored as an integer, which `integer` then gives. */
  isInteger(at: number): boolean {
    this.decode(at)
    return this.integral
  }

  integer(at: number): number {
    this.decode(at)
    const u8 = this.arena.u8[chunkOf(this.root)]!
    const start = byteOf(this.root) + at
    if (this.payloadBytes === 0) return u8[start]! & integerSmallMax
    return readInteger(u8, start + 1, this.payloadBytes)
  }

  equals(at: number, buf: Uint8Array, from: number, to: number): boolean {
    this.prepare(buf, from, to)
    return this.isPrepared(at)
  }

  // Changing. Offsets behind the place of a change move; those before it stay.

  append(buf: Uint8Array, from: number, to: number): number {
    return this.insert(0, buf, from, to)
  }

  /** Puts an element before the one at `at`, at the end when that is 0. Returns the offset of the new one. */
  insert(at: number, buf: Uint8Array, from: number, to: number): number {
    this.prepare(buf, from, to)
    return this.put(at, 0, 1)
  }

  /** As `insert`, for a whole number within ±(2^53 − 1). */
  insertInteger(at: number, value: number): number {
    this.prepareInteger(value)
    return this.put(at, 0, 1)
  }

  /** Puts another element in the place of the one at `at`. Returns its offset. */
  replace(at: number, buf: Uint8Array, from: number, to: number): number {
    this.prepare(buf, from, to)
    return this.put(at, this.sizeOf(at), 0)
  }

  replaceInteger(at: number, value: number): number {
    this.prepareInteger(value)
    return this.put(at, this.sizeOf(at), 0)
  }

  /** Takes `count` elements out, from the one at `at` on. Returns the offset of the one behind them. */
  remove(at: number, count = 1): number {
    const end = this.bytes
    let after = at
    let removed = 0
    for (; removed < count && after < end; removed++) after += this.sizeOf(after)
    if (removed === this.count) {
      this.clear()
      return 0
    }
    this.splice(at, after - at, 0, -removed)
    return at === this.bytes ? 0 : at
  }

  /**
   * Moves `count` elements, the first of them at `at`, before the one at `to` (the end when 0), which is none of them.
   * Returns the offset of the first of them then.
   */
  move(at: number, count: number, to: number): number {
    let after = at
    for (let i = 0; i < count; i++) after += this.sizeOf(after)
    const size = after - at
    const u8 = this.arena.u8[chunkOf(this.root)]!
    const base = byteOf(this.root)
    const target = to === 0 ? this.bytes : to
    if (target === at || target === after) return at
    const moved = Buffer.from(u8.subarray(base + at, base + after))
    const place = target > at ? target - size : target
    if (target > at) u8.copyWithin(base + at, base + after, base + target)
    else u8.copyWithin(base + target + size, base + target, base + at)
    u8.set(moved, base + place)
    return place
  }

  /** Makes room for `bytes` bytes of elements more, which nothing but a removal gives back; see `fit`. */
  reserve(bytes: number): void {
    if (this.root !== 0) this.root = this.arena.realloc(this.root, this.bytes + bytes)
    else {
      this.root = this.arena.alloc(headerBytes + bytes)
      const words = this.arena.u32[chunkOf(this.root)]!
      words[wordOf(this.root)] = headerBytes
      words[wordOf(this.root) + 1] = 0
    }
  }

  /** Gives back what `reserve` took and nobody needed. */
  fit(): void {
    if (this.count === 0) this.clear()
    else this.root = this.arena.realloc(this.root, this.bytes)
  }

  /** A copy of all elements; returns its root. */
  copy(): number {
    if (this.root === 0) return 0
    const root = this.arena.alloc(this.bytes)
    const from = byteOf(this.root)
    const all = this.arena.u8[chunkOf(this.root)]!.subarray(from, from + this.bytes)
    this.arena.u8[chunkOf(root)]!.set(all, byteOf(root))
    return root
  }

  clear(): void {
    if (this.root !== 0) this.arena.free(this.root)
    this.root = 0
  }

  memoryBytes(): number {
    return this.root === 0 ? 0 : this.arena.usableBytes(this.root)
  }

  /** Walks all elements both ways and throws where lengths or the count disagree. */
  check(): void {
    if (this.root === 0) return
    const end = this.bytes
    if (end > this.arena.usableBytes(this.root)) throw new Error('pack: uses more than its block')
    let count = 0
    let at = headerBytes
    for (; at < end; count++) {
      const after = at + this.sizeOf(at)
      if (after <= end && this.before(after) !== at) throw new Error(`pack: back length of the element at ${at}`)
      this.read(at)
      if (!this.integral && !Number.isNaN(integerIn(this.buf, this.from, this.to))) {
        throw new Error(`pack: an integer is stored as a string at ${at}`)
      }
      at = after
    }
    if (at !== end) throw new Error('pack: the last element crosses the end')
    if (count === 0 || count !== this.count) throw new Error(`pack: ${count} elements, counted ${this.count}`)
  }

  // Elements.

  private decode(at: number): void {
    const u8 = this.arena.u8[chunkOf(this.root)]!
    const start = byteOf(this.root) + at
    const head = u8[start]!
    this.integral = head >= integerHead && head < middleHead
    this.headBytes = 1
    if (head < integerHead) this.payloadBytes = head
    else if (head < wideHead) this.payloadBytes = 0
    else if (head < middleHead) this.payloadBytes = (head & 7) + 1
    else if (head < longHead) {
      this.headBytes = 2
      this.payloadBytes = ((head & 15) << 8) | u8[start + 1]!
    } else {
      this.headBytes = 5
      this.payloadBytes = u8[start + 1]! | (u8[start + 2]! << 8) | (u8[start + 3]! << 16) | (u8[start + 4]! << 24)
    }
  }

  /** Bytes of the whole element. */
  private sizeOf(at: number): number {
    return elementBytes(this.arena.u8[chunkOf(this.root)]!, byteOf(this.root) + at)
  }

  /** Offset of the element that ends at `end`. */
  private before(end: number): number {
    const u8 = this.arena.u8[chunkOf(this.root)]!
    let at = byteOf(this.root) + end - 1
    let body = u8[at]! & 0x7f
    for (let shift = 7; u8[at]! >= 0x80; shift += 7) body |= (u8[--at]! & 0x7f) << shift
    return at - byteOf(this.root) - body
  }

  private prepare(buf: Uint8Array, from: number, to: number): void {
    const integer = integerIn(buf, from, to)
    if (Number.isNaN(integer)) {
      this.newIsInteger = false
      this.newBuf = buf
      this.newFrom = from
      this.newBytes = to - from
    } else this.prepareInteger(integer)
  }

  private prepareInteger(value: number): void {
    if (!Number.isSafeInteger(value)) throw new Error(`pack: ${value} is no integer that a pack holds`)
    this.newIsInteger = true
    this.newInteger = value
    this.newBytes = integerBytes(value)
  }

  private isPrepared(at: number): boolean {
    this.decode(at)
    if (this.integral !== this.newIsInteger || this.payloadBytes !== this.newBytes) return false
    if (this.integral) return this.integer(at) === this.newInteger
    const u8 = this.arena.u8[chunkOf(this.root)]!
    const payload = byteOf(this.root) + at + this.headBytes
    for (let i = 0; i < this.payloadBytes; i++) if (u8[payload + i] !== this.newBuf[this.newFrom + i]) return false
    return true
  }

  /** Writes the prepared element at `at` (0: the end) in the place of `removed` bytes. */
  private put(at: number, removed: number, added: number): number {
    const size = this.newBytes
    const body = (this.newIsInteger ? 1 : headBytes(size)) + size
    const back = backBytes(body)
    const place = at === 0 ? Math.max(headerBytes, this.bytes) : at
    // What takes as many bytes as what it replaces only has to be written.
    if (added !== 0 || removed !== body + back) this.splice(place, removed, body + back, added)
    const u8 = this.arena.u8[chunkOf(this.root)]!
    let to = byteOf(this.root) + place
    if (this.newIsInteger) writeIntegerElement(u8, to++, this.newInteger, size)
    else {
      to = writeHead(u8, to, size)
      if (size < 64) for (let i = 0; i < size; i++) u8[to + i] = this.newBuf[this.newFrom + i]!
      else u8.set(this.newBuf.subarray(this.newFrom, this.newFrom + size), to)
      this.newBuf = noBytes
    }
    writeBack(u8, to + size, body, back)
    return place
  }

  /** Makes `removed` bytes at `place` into `added` bytes (undefined as yet) in a block that fits. */
  private splice(place: number, removed: number, added: number, elements: number): void {
    const arena = this.arena
    const used = Math.max(headerBytes, this.bytes)
    const count = this.count + elements
    const need = used - removed + added
    if (this.root === 0) this.root = arena.alloc(need)
    else {
      const usable = arena.usableBytes(this.root)
      if (need > usable) this.root = arena.realloc(this.root, need > slackFromBytes ? need + (need >>> 3) : need)
      if (removed !== added && place + removed < used) {
        const start = byteOf(this.root) + place
        arena.u8[chunkOf(this.root)]!.copyWithin(start + added, start + removed, byteOf(this.root) + used)
      }
      // What was reserved stays until something is taken out.
      if (need < used && need < usable >>> 1) this.root = arena.realloc(this.root, need)
    }
    const words = arena.u32[chunkOf(this.root)]!
    words[wordOf(this.root)] = need
    words[wordOf(this.root) + 1] = count
  }
}
