// The end of a stream: appending to its last block, or beginning the next. Blocks begin where Redis's nodes begin.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import { readSmallVarint, varintBytes, varintEnd, writeVarint } from '../arena/varint.ts'
import type { Args } from '../args.ts'
import { integerBytes, listpackBytes } from './listpack-size.ts'
import { StreamBlocks } from './stream-blocks.ts'
import type { StreamId } from './stream-id.ts'
import { blockHeaderBytes, sameFieldsFlag } from './stream-layout.ts'
import { createPacked, isPacked } from './stream-packed.ts'
import type { PackedBytes } from './stream-packed.ts'

const firstBlockBytes = 128
/** A block is as large as the one before from the start, but for more than this it grows. */
const nextBlockBytesMax = 8192
/** Redis's own bound when `stream-node-max-bytes` is 0: STREAM_LISTPACK_MAX_SIZE. */
const nodeBytesMaxUnbounded = 1 << 30

export class StreamTail extends StreamBlocks {
  /**
   * Appends an entry with the field/value pairs `a[from..a.count)`; `id` must be above the last id.
   * `bytesMax`, `entriesMax`: the bounds of a node, 0 for none.
   */
  append(id: StreamId, a: Args, from: number, bytesMax: number, entriesMax: number): void {
    const arena = this.arena
    let tail = this.word(2)
    let payload = 0
    let room = firstBlockBytes
    for (let i = from; i < a.count; i++) payload += a.end[i]! - a.start[i]!
    if (tail !== 0) {
      const words = arena.u32[chunkOf(tail)]!
      const head = wordOf(tail)
      const bound = bytesMax === 0 || bytesMax > nodeBytesMaxUnbounded ? nodeBytesMaxUnbounded : bytesMax
      const full = words[head + 3]! + payload >= bound || (entriesMax > 0 && words[head + 2]! >= entriesMax)
      if (full) {
        room = this.shrinkTail(tail)
        tail = 0
      }
    }
    const pairs = (a.count - from) >>> 1
    let same = false
    if (tail === 0) {
      tail = this.createBlock(id, a, from, pairs, payload, room)
      same = true
    } else same = this.hasBlockFields(tail, a, from, pairs)
    this.writeEntry(tail, id, a, from, pairs, same)

    this.writeId(4, id)
    if (this.length === 0) this.writeId(15, id)
    this.setWord(0, this.length + 1)
    const added = this.word(13)
    if (added === 0xffffffff) {
      this.setWord(12, this.word(12) + 1)
      this.setWord(13, 0)
    } else this.setWord(13, added + 1)
  }

  /**
   * Appends a listpack as a block of its own: `live` entries of `entries`, the first and the last of which have these
   * ids, above the last id of the stream. Counters are the caller's to set, and `settleTail` to call.
   */
  appendPacked(
    base: StreamId, first: StreamId, last: StreamId, live: number, entries: number, bytes: PackedBytes,
  ): void {
    const block = createPacked(this.arena, base, live, entries, bytes)
    this.blocks.open(this.word(1)).probeId(base.msHigh, base.msLow, base.seqHigh, base.seqLow).insert(block)
    this.setWord(1, this.blocks.root)
    this.writeId(4, last)
    if (this.length === 0) this.writeId(15, first)
    this.setWord(0, this.length + live)
  }

  /** As in Redis, the next entry goes to what is the last block now, if that has room. */
  settleTail(): void {
    const tree = this.blocks.open(this.word(1))
    if (!tree.last()) this.setWord(2, 0)
    else this.setWord(2, isPacked(this.arena, tree.value) ? this.unpackCurrent() : tree.value)
  }

  /** `room`: bytes that the block will probably take. */
  private createBlock(id: StreamId, a: Args, from: number, pairs: number, payload: number, room: number): number {
    const arena = this.arena
    const bytes = blockHeaderBytes + payload + pairs * 10 + 40
    const block = arena.alloc(Math.max(room, Math.min(bytes, 4096)))
    const words = arena.u32[chunkOf(block)]!
    const head = wordOf(block)
    words[head + 1] = 0
    words[head + 2] = 0
    words[head + 4] = id.msHigh
    words[head + 5] = id.msLow
    words[head + 6] = id.seqHigh
    words[head + 7] = id.seqLow
    words[head] = blockHeaderBytes
    let fieldBytes = 5
    let listpack = 7 + 3 * integerBytes(0) + integerBytes(pairs)
    for (let i = from; i < a.count; i += 2) {
      fieldBytes += a.size(i) + 5
      listpack += listpackBytes(a.buf, a.start[i]!, a.end[i]!)
    }
    const roomy = this.reserve(block, fieldBytes)
    const u8 = arena.u8[chunkOf(roomy)]!
    let at = writeVarint(u8, byteOf(roomy) + blockHeaderBytes, 0, pairs)
    for (let i = from; i < a.count; i += 2) at = writeBytes(u8, at, a.buf, a.start[i]!, a.end[i]!)
    const own = arena.u32[chunkOf(roomy)]!
    own[wordOf(roomy)] = at - byteOf(roomy)
    own[wordOf(roomy) + 3] = listpack
    this.blocks.open(this.word(1)).probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).insert(roomy)
    this.setWord(1, this.blocks.root)
    this.setWord(2, roomy)
    return roomy
  }

  private writeEntry(
    block: number, id: StreamId, a: Args, from: number, pairs: number, same: boolean,
  ): void {
    const arena = this.arena
    let words = arena.u32[chunkOf(block)]!
    let head = wordOf(block)
    // ms − base ms, and seq relative to the base's while ms is the same.
    const msLow = (id.msLow - words[head + 5]!) >>> 0
    const msHigh = (id.msHigh - words[head + 4]! - (id.msLow < words[head + 5]! ? 1 : 0)) >>> 0
    let seqHigh = id.seqHigh
    let seqLow = id.seqLow
    if (msHigh === 0 && msLow === 0) {
      seqLow = (id.seqLow - words[head + 7]!) >>> 0
      seqHigh = (id.seqHigh - words[head + 6]! - (id.seqLow < words[head + 7]! ? 1 : 0)) >>> 0
    }
    let listpack = entryListpackBytes(msHigh, msLow, id, words, head, pairs, same)
    let rest = varintBytes(msHigh, msLow) + varintBytes(seqHigh, seqLow) + (same ? 0 : varintBytes(0, pairs))
    const step = same ? 2 : 1
    for (let i = same ? from + 1 : from; i < a.count; i += step) {
      const size = a.end[i]! - a.start[i]!
      rest += varintBytes(0, size) + size
      listpack += listpackBytes(a.buf, a.start[i]!, a.end[i]!)
    }
    const need = 1 + varintBytes(0, rest) + rest
    const grown = this.reserve(block, need)
    if (grown !== block) {
      this.renameTail(block, grown)
      words = arena.u32[chunkOf(grown)]!
      head = wordOf(grown)
    }
    const u8 = arena.u8[chunkOf(grown)]!
    let at = byteOf(grown) + words[head]!
    u8[at++] = same ? sameFieldsFlag : 0
    at = writeVarint(u8, at, 0, rest)
    at = writeVarint(u8, at, msHigh, msLow)
    at = writeVarint(u8, at, seqHigh, seqLow)
    if (!same) at = writeVarint(u8, at, 0, pairs)
    for (let i = same ? from + 1 : from; i < a.count; i += step) {
      at = writeBytes(u8, at, a.buf, a.start[i]!, a.end[i]!)
    }
    words[head] = words[head]! + need
    words[head + 1] = words[head + 1]! + 1
    words[head + 2] = words[head + 2]! + 1
    words[head + 3] = words[head + 3]! + listpack
  }

  /** Makes room for `bytes` more in the block; returns the block, which may have moved (the Tree still has the old). */
  private reserve(block: number, bytes: number): number {
    const arena = this.arena
    const used = arena.u32[chunkOf(block)]![wordOf(block)]!
    const usable = arena.usableBytes(block)
    if (used + bytes <= usable) return block
    return arena.realloc(block, Math.max(used + bytes, Math.min(usable * 2, usable + 4096)))
  }

  private renameTail(before: number, after: number): void {
    const words = this.arena.u32[chunkOf(after)]!
    const head = wordOf(after)
    const tree = this.blocks.open(this.word(1))
    tree.probeId(words[head + 4]!, words[head + 5]!, words[head + 6]!, words[head + 7]!)
    if (!tree.find() || tree.value !== before) throw new Error('stream: block is not in its tree')
    tree.setValue(after)
    this.setWord(2, after)
  }

  /** The tail is complete: gives its spare bytes back. Returns how many it keeps (bounded), as the next may need. */
  private shrinkTail(tail: number): number {
    const used = this.arena.u32[chunkOf(tail)]![wordOf(tail)]!
    const exact = this.arena.realloc(tail, used)
    if (exact !== tail) this.renameTail(tail, exact)
    this.setWord(2, 0)
    return Math.min(used, nextBlockBytesMax)
  }

  private hasBlockFields(block: number, a: Args, from: number, pairs: number): boolean {
    const u8 = this.arena.u8[chunkOf(block)]!
    if (readSmallVarint(u8, byteOf(block) + blockHeaderBytes) !== pairs) return false
    let at = varintEnd[0]!
    for (let i = from; i < a.count; i += 2) {
      const size = readSmallVarint(u8, at)
      at = varintEnd[0]!
      const start = a.start[i]!
      if (a.end[i]! - start !== size) return false
      for (let j = 0; j < size; j++) if (u8[at + j] !== a.buf[start + j]) return false
      at += size
    }
    return true
  }
}

function writeBytes(u8: Buffer, at: number, buf: Uint8Array, from: number, to: number): number {
  const size = to - from
  at = writeVarint(u8, at, 0, size)
  if (size < 48) {
    for (let i = from; i < to; i++) u8[at++] = buf[i]!
    return at
  }
  u8.set(buf.subarray(from, to), at)
  return at + size
}

/** What Redis's listpack would take for an entry's flags, id deltas, field count and length words. */
function entryListpackBytes(
  msHigh: number, msLow: number, id: StreamId, words: Uint32Array, head: number, pairs: number, same: boolean,
): number {
  const ms = msHigh * 0x100000000 + msLow
  const seq = (id.seqHigh - words[head + 6]!) * 0x100000000 + (id.seqLow - words[head + 7]!)
  const elements = same ? pairs + 3 : pairs * 2 + 4
  const count = same ? 0 : integerBytes(pairs)
  return integerBytes(2) + integerBytes(ms) + integerBytes(seq) + count + integerBytes(elements)
}
