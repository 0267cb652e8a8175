// The listpacks of a stream, verified: all that later readers of the bytes rely on (core/types/stream-packed.ts has the
// layout). In one pass over integers: nothing is made per entry. Or only glanced at, where a checksum says that they
// are what was written: then they are verified when somebody looks into them.

import { int64 } from '../types/int64.ts'
import { listpackHeaderBytes, readInteger, stringHeadBytes } from '../types/list-element.ts'
import { StreamId } from '../types/stream-id.ts'
import { damagedHead, listpackCount, listpackSize, passElement } from './listpack.ts'
import { entryFlags, RdbError } from './rdb-format.ts'

const two32 = 0x100000000
/** Flags, two differences, a value and the number of elements, each with its back length. */
const entryBytesMin = 10
/** All that a glance needs: the header and two integers. */
export const glanceBytes = listpackHeaderBytes + 20
const flagsMax = entryFlags.deleted | entryFlags.sameFields

/** Reads the nodes of one stream after the other. */
export class StreamNodes {
  /** The id of the node at hand, to be set before it is read. */
  readonly base: StreamId
  /** Its first live entry; and the last one of all nodes so far, or what is not above it; 0-0 before them. */
  readonly first: StreamId
  readonly last: StreamId
  /** Its live entries, and all of them. */
  live: number
  entries: number

  constructor() {
    this.base = new StreamId()
    this.first = new StreamId()
    this.last = new StreamId()
    this.live = 0
    this.entries = 0
  }

  /**
   * Reads the counts of the node, whose listpack has `size` bytes and begins with `u8[from..to)`, at least
   * `glanceBytes` of it unless it has fewer. `first` is not to be relied on. Throws RdbError.
   */
  glance(u8: Uint8Array, from: number, to: number, size: number): void {
    const { base, last } = this
    if (to - from <= listpackHeaderBytes || listpackSize(u8, from) !== size) throw damagedHead()
    const at = passInteger(u8, from + listpackHeaderBytes, to)
    const live = number()
    passInteger(u8, at, to)
    const entries = live + number()
    if (live < 0 || entries < live || entries * entryBytesMin > size) {
      throw new RdbError('a stream\'s node is miscounted')
    }
    if (base.compare(last) <= 0 && !last.isZero()) throw new RdbError('a stream whose nodes are not in order')
    this.live = live
    this.entries = entries
    last.copy(base)
  }

  /** Verifies the listpack `u8[from..to)` of the node. Throws RdbError. */
  read(u8: Uint8Array, from: number, to: number): void {
    const { base, first, last } = this
    const told = listpackCount(u8, from, to)
    const end = to - 1
    let at = passInteger(u8, from + listpackHeaderBytes, end)
    const live = number()
    at = passInteger(u8, at, end)
    const deleted = number()
    at = passInteger(u8, at, end)
    const fields = number()
    if (fields < 1) throw new RdbError('a stream\'s node without fields')
    for (let i = 0; i < fields; i++) at = passElement(u8, at, end)
    at = passInteger(u8, at, end)
    if (number() !== 0) throw new RdbError('a stream\'s node without the end of its fields')
    let elements = fields + 4
    let seen = 0
    let gone = 0
    let { msHigh, msLow, seqHigh, seqLow } = last
    for (let left = live + deleted; left > 0; left--) {
      at = passInteger(u8, at, end)
      const flags = number()
      if (flags < 0 || flags > flagsMax) throw new RdbError('a stream\'s entry with unknown flags')
      at = passInteger(u8, at, end)
      const ms = base.msLow + (int64[1]! >>> 0)
      const high = (base.msHigh + int64[0]! + (ms >= two32 ? 1 : 0)) >>> 0
      const low = ms >>> 0
      at = passInteger(u8, at, end)
      const seq = base.seqLow + (int64[1]! >>> 0)
      const upper = (base.seqHigh + int64[0]! + (seq >= two32 ? 1 : 0)) >>> 0
      const lower = seq >>> 0
      let words = fields
      let others = 4
      if ((flags & entryFlags.sameFields) === 0) {
        at = passInteger(u8, at, end)
        words = number() * 2
        if (words < 2) throw new RdbError('a stream\'s entry without fields')
        others = 5
      }
      for (let i = 0; i < words; i++) at = passElement(u8, at, end)
      at = passInteger(u8, at, end)
      if (number() !== words + others - 1) throw new RdbError('a stream\'s entry is miscounted')
      elements += words + others
      if ((flags & entryFlags.deleted) !== 0) {
        gone++
        continue
      }
      const above = high !== msHigh ? high > msHigh
        : low !== msLow ? low > msLow
          : upper !== seqHigh ? upper > seqHigh : lower > seqLow
      if (!above) throw new RdbError('a stream whose ids don\'t ascend')
      msHigh = high
      msLow = low
      seqHigh = upper
      seqLow = lower
      if (seen++ > 0) continue
      // Nodes are found by their ids: none may reach into the next.
      first.set(high, low, upper, lower)
      if (base.compare(last) <= 0 && !last.isZero() || base.compare(first) > 0) {
        throw new RdbError('a stream whose nodes are not in order')
      }
    }
    if (seen !== live || gone !== deleted || at !== end) throw new RdbError('a stream\'s node is miscounted')
    if (told >= 0 && told !== elements) throw new RdbError('a listpack whose elements are miscounted')
    this.live = live
    this.entries = live + deleted
    last.set(msHigh, msLow, seqHigh, seqLow)
  }
}

/** Goes behind the integer at `u8[at]`, which `int64` has then. Throws RdbError. */
function passInteger(u8: Uint8Array, at: number, end: number): number {
  const head = u8[at]!
  if (head < 0x80 && at + 1 < end && u8[at + 1] === 1) {
    int64[0] = 0
    int64[1] = head
    return at + 2
  }
  if (head >= 0xc0 && head < 0xd0 && at + 2 < end && u8[at + 2] === 2) {
    int64[0] = 0
    int64[1] = ((head & 15) << 8) | u8[at + 1]!
    return at + 3
  }
  const next = passElement(u8, at, end)
  if (stringHeadBytes(head) !== 0) throw new RdbError('a listpack with something in place of an integer')
  readInteger(u8, at)
  return next
}

/** What `int64` has; exact up to 2^53. */
function number(): number {
  return int64[0]! * two32 + (int64[1]! >>> 0)
}
