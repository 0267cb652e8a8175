// The view behind a stream key: blocks of packed entries under a Tree of their first ids.
//
//   root    ┌ length │ blocks (Tree root) │ tail block │ groups (Tree root) │ last id ×4 │ max deleted id ×4 │
//           │ entries added ×2 │ idempotence │ first id ×4 ┐                                              all u32
//
//   block   ┌ used bytes │ live entries │ entries │ listpack bytes │ base id ×4 ┐ u32, then bytes:
//           │ field count │ (length, bytes) of each field of the first entry │ entry │ entry │ …
//
//   entry   ┌ flags u8 │ length of the rest │ ms − base ms │ seq │ [field count] │ values, or fields and values ┐
//
// Numbers are varints; seq is given relative to the base's seq while ms equals the base's. An entry with the fields of
// the block's first entry holds only values. Deleting sets a flag; a block without live entries is freed. `listpack
// bytes` is the size that Redis's encoding of the same node would have: nodes begin where Redis begins them, so that
// approximate trimming (which takes whole nodes) answers the same.
//
// One Stream object per engine is opened on one root after another.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import type { Args } from '../args.ts'
import type { Reply } from '../reply.ts'
import { Tree } from '../arena/tree.ts'
import { readSmallVarint, readVarint, varint, varintBytes, varintEnd, writeVarint } from '../arena/varint.ts'
import { integerBytes, listpackBytes } from './listpack-size.ts'
import { StreamId } from './stream-id.ts'

const rootWords = 19
const blockHeaderBytes = 32
const firstBlockBytes = 128
/** A block is as large as the one before from the start, but for more than this it grows. */
const nextBlockBytesMax = 8192
const deletedFlag = 1
const sameFieldsFlag = 2
/** Redis's own bound when `stream-node-max-bytes` is 0: STREAM_LISTPACK_MAX_SIZE. */
const nodeBytesMaxUnbounded = 1 << 30

const noBytes = Buffer.alloc(0)
const noWords = new Uint32Array(0)

export class Stream {
  readonly arena: Arena
  root: number
  /** Id of the current entry of a walk. */
  readonly id: StreamId
  /** Field/value pairs of the current entry. */
  pairs: number
  readonly blocks: Tree
  private readonly scratch: StreamId
  // The current entry: its block (bytes, end, words of the header), and byte offsets within the block's chunk.
  private block: number
  private bytes: Buffer
  private end: number
  private words: Uint32Array
  private head: number
  private at: number
  private next: number
  private fieldsAt: number
  private sameFields: boolean
  /** Offsets of the live entries of the block that is walked backwards. */
  private offsets: Int32Array
  private offsetCount: number

  constructor(arena: Arena) {
    this.arena = arena
    this.root = 0
    this.id = new StreamId()
    this.pairs = 0
    this.blocks = new Tree(arena, 'id')
    this.scratch = new StreamId()
    this.block = 0
    this.bytes = noBytes
    this.end = 0
    this.words = noWords
    this.head = 0
    this.at = 0
    this.next = 0
    this.fieldsAt = 0
    this.sameFields = false
    this.offsets = new Int32Array(128)
    this.offsetCount = 0
  }

  /** A new empty stream's root; the stream is open. */
  create(): number {
    this.root = this.arena.alloc(rootWords * 4)
    const words = this.arena.u32[chunkOf(this.root)]!
    words.fill(0, wordOf(this.root), wordOf(this.root) + rootWords)
    this.block = 0
    return this.root
  }

  open(root: number): this {
    this.root = root
    this.block = 0
    return this
  }

  // The root.

  get length(): number {
    return this.word(0)
  }

  get blockCount(): number {
    return this.blocks.open(this.word(1)).count
  }

  get blocksRoot(): number {
    return this.word(1)
  }

  get groups(): number {
    return this.word(3)
  }

  set groups(root: number) {
    this.setWord(3, root)
  }

  get idempotence(): number {
    return this.word(14)
  }

  set idempotence(pointer: number) {
    this.setWord(14, pointer)
  }

  /** Entries ever added, as XADD and XSETID count them. */
  get entriesAdded(): number {
    return this.word(12) * 0x100000000 + this.word(13)
  }

  set entriesAdded(count: number) {
    const high = Math.floor(count / 0x100000000)
    this.setWord(12, high)
    this.setWord(13, count - high * 0x100000000)
  }

  lastId(into: StreamId): StreamId {
    return this.readId(4, into)
  }

  setLastId(id: StreamId): void {
    this.writeId(4, id)
  }

  maxDeletedId(into: StreamId): StreamId {
    return this.readId(8, into)
  }

  setMaxDeletedId(id: StreamId): void {
    this.writeId(8, id)
  }

  /** The first entry's id, 0-0 when there is none. */
  firstId(into: StreamId): StreamId {
    return this.readId(15, into)
  }

  /** Entries went: what is the first one now? The walk is over. */
  private renewFirst(): void {
    this.writeId(15, this.first() ? this.id : this.scratch.setMin())
  }

  // Appending.

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

  // Walking. Each returns false when there is no such entry.

  first(): boolean {
    return this.length > 0 && this.blocks.open(this.word(1)).first() && this.enter(this.blocks.value) && this.forward()
  }

  last(): boolean {
    if (this.length === 0 || !this.blocks.open(this.word(1)).last()) return false
    return this.enterBackward(this.blocks.value) && this.backward()
  }

  /** Goes to the first entry ≥ id. */
  seek(id: StreamId): boolean {
    if (this.length === 0) return false
    const tree = this.blocks.open(this.word(1))
    if (!tree.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).seekLast() && !tree.first()) return false
    this.enter(tree.value)
    while (this.forward()) if (this.id.compare(id) >= 0) return true
    return false
  }

  /** Goes to the last entry ≤ id. */
  seekLast(id: StreamId): boolean {
    if (this.length === 0) return false
    const tree = this.blocks.open(this.word(1))
    if (!tree.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).seekLast()) return false
    this.enterBackward(tree.value)
    while (this.backward()) if (this.id.compare(id) <= 0) return true
    return false
  }

  /** True, and the entry is current, when an entry has this id. */
  find(id: StreamId): boolean {
    return this.seek(id) && this.id.compare(id) === 0
  }

  /** The next live entry after `first`, `seek` or `find`. */
  forward(): boolean {
    for (;;) {
      while (this.next < this.end) {
        this.decode(this.next)
        if ((this.bytes[this.at]! & deletedFlag) === 0) return true
      }
      if (!this.blocks.next()) return false
      this.enter(this.blocks.value)
    }
  }

  /** The live entry before, after `last` or `seekLast`. */
  backward(): boolean {
    while (this.offsetCount === 0) {
      if (!this.blocks.prev()) return false
      this.enterBackward(this.blocks.value)
    }
    this.decode(this.offsets[--this.offsetCount]!)
    return true
  }

  private enter(block: number): true {
    this.block = block
    this.bytes = this.arena.u8[chunkOf(block)]!
    this.words = this.arena.u32[chunkOf(block)]!
    this.head = wordOf(block)
    this.end = byteOf(block) + this.words[this.head]!
    this.next = this.firstEntry(block)
    return true
  }

  private enterBackward(block: number): true {
    this.enter(block)
    const u8 = this.bytes
    this.offsetCount = 0
    for (let at = this.next; at < this.end;) {
      if ((u8[at]! & deletedFlag) === 0) {
        if (this.offsetCount === this.offsets.length) {
          const larger = new Int32Array(this.offsets.length * 2)
          larger.set(this.offsets)
          this.offsets = larger
        }
        this.offsets[this.offsetCount++] = at
      }
      const rest = readSmallVarint(u8, at + 1)
      at = varintEnd[0]! + rest
    }
    return true
  }

  private firstEntry(block: number): number {
    const u8 = this.arena.u8[chunkOf(block)]!
    let fields = readSmallVarint(u8, byteOf(block) + blockHeaderBytes)
    let at = varintEnd[0]!
    for (; fields > 0; fields--) {
      const size = readSmallVarint(u8, at)
      at = varintEnd[0]! + size
    }
    return at
  }

  /** Makes the entry at byte `at` of the block current. */
  private decode(at: number): void {
    const u8 = this.bytes
    const words = this.words
    const head = this.head
    let from = at + 2
    let rest = u8[at + 1]!
    if (rest >= 0x80) {
      rest = readSmallVarint(u8, at + 1)
      from = varintEnd[0]!
    }
    this.at = at
    this.next = from + rest
    this.sameFields = (u8[at]! & sameFieldsFlag) !== 0
    let cursor = readVarint(u8, from)
    const msHigh = varint[0]!
    const msLow = varint[1]!
    cursor = readVarint(u8, cursor)
    const id = this.id
    const low = words[head + 5]! + msLow
    id.msLow = low >>> 0
    id.msHigh = (words[head + 4]! + msHigh + (low > 0xffffffff ? 1 : 0)) >>> 0
    if (msHigh === 0 && msLow === 0) {
      const seq = words[head + 7]! + varint[1]!
      id.seqLow = seq >>> 0
      id.seqHigh = (words[head + 6]! + varint[0]! + (seq > 0xffffffff ? 1 : 0)) >>> 0
    } else {
      id.seqHigh = varint[0]!
      id.seqLow = varint[1]!
    }
    if (this.sameFields) this.pairs = readSmallVarint(u8, this.fieldsOfBlock())
    else {
      this.pairs = readSmallVarint(u8, cursor)
      cursor = varintEnd[0]!
    }
    this.fieldsAt = cursor
  }

  /** Offset of the field count of the current block. */
  private fieldsOfBlock(): number {
    return (this.head << 2) + blockHeaderBytes
  }

  /** Writes the current entry's fields and values as one flat array. */
  replyFields(r: Reply): void {
    r.array(this.pairs * 2)
    const u8 = this.bytes
    let value = this.fieldsAt
    let field = value
    if (this.sameFields) {
      readSmallVarint(u8, this.fieldsOfBlock())
      field = varintEnd[0]!
    }
    for (let i = 0; i < this.pairs; i++) {
      if (!this.sameFields) field = value
      const fieldBytes = readSmallVarint(u8, field)
      const fieldAt = varintEnd[0]!
      field = fieldAt + fieldBytes
      r.bulk(u8, fieldAt, field)
      if (!this.sameFields) value = field
      const valueBytes = readSmallVarint(u8, value)
      const valueAt = varintEnd[0]!
      value = valueAt + valueBytes
      r.bulk(u8, valueAt, value)
    }
  }

  /** Visits field, value, field, value … of the current entry. */
  eachWord(visit: (u8: Buffer, from: number, to: number) => void): void {
    const u8 = this.bytes
    let value = this.fieldsAt
    let field = value
    if (this.sameFields) {
      readSmallVarint(u8, this.fieldsOfBlock())
      field = varintEnd[0]!
    }
    for (let i = 0; i < this.pairs; i++) {
      if (!this.sameFields) field = value
      const fieldBytes = readSmallVarint(u8, field)
      const fieldAt = varintEnd[0]!
      field = fieldAt + fieldBytes
      visit(u8, fieldAt, field)
      if (!this.sameFields) value = field
      const valueBytes = readSmallVarint(u8, value)
      const valueAt = varintEnd[0]!
      value = valueAt + valueBytes
      visit(u8, valueAt, value)
    }
  }

  // Removing.

  /** Removes the entry with this id; false when there is none. The walk is over. */
  remove(id: StreamId): boolean {
    if (!this.find(id)) return false
    this.removeCurrent()
    if (this.firstId(this.scratch).compare(id) === 0) this.renewFirst()
    if (this.maxDeletedId(this.scratch).compare(id) < 0) this.setMaxDeletedId(id)
    return true
  }

  /** Removes the current entry. The walk is over. */
  private removeCurrent(): void {
    const u8 = this.arena.u8[chunkOf(this.block)]!
    const words = this.arena.u32[chunkOf(this.block)]!
    const head = wordOf(this.block)
    u8[this.at] = u8[this.at]! | deletedFlag
    words[head + 1] = words[head + 1]! - 1
    this.setWord(0, this.length - 1)
    if (words[head + 1] === 0) this.dropBlock(this.block)
    this.block = 0
  }

  private dropBlock(block: number): void {
    const words = this.arena.u32[chunkOf(block)]!
    const head = wordOf(block)
    const tree = this.blocks.open(this.word(1))
    tree.probeId(words[head + 4]!, words[head + 5]!, words[head + 6]!, words[head + 7]!).remove()
    this.setWord(1, tree.root)
    // As in Redis, the next entry goes to what is the last block now, if that has room.
    if (this.word(2) === block) this.setWord(2, tree.last() ? tree.value : 0)
    this.arena.free(block)
  }

  /**
   * Removes entries from the beginning while more than `maxLength` are left, or while they are below `minId`
   * (exactly one of both is given). `approximate`: whole blocks only. `limit`: most entries to look at, 0 for no bound.
   * `gone`, when given, gets the id of each entry that goes. Returns how many went.
   */
  trim(
    maxLength: number | undefined, minId: StreamId | undefined, approximate: boolean, limit: number,
    gone?: (id: StreamId) => void,
  ): number {
    let removed = 0
    const last = this.scratch
    while (this.length > 0) {
      if (maxLength !== undefined && this.length <= maxLength) break
      if (!this.blocks.open(this.word(1)).first()) break
      const block = this.blocks.value
      const live = this.arena.u32[chunkOf(block)]![wordOf(block) + 1]!
      if (limit > 0 && removed + live > limit) break
      const whole = maxLength !== undefined
        ? this.length - live >= maxLength
        : this.lastOfBlock(block, last).compare(minId!) < 0
      if (whole) {
        if (gone !== undefined) this.eachOfBlock(block, gone)
        this.dropBlock(block)
        this.setWord(0, this.length - live)
        removed += live
        continue
      }
      if (approximate) break
      if (!this.first()) break
      const stays = maxLength !== undefined ? this.length <= maxLength : this.id.compare(minId!) >= 0
      if (stays) break
      gone?.(this.id)
      this.removeCurrent()
      removed++
    }
    if (removed > 0) this.renewFirst()
    this.block = 0
    return removed
  }

  /** Id of the last entry of a block, deleted or not. */
  private lastOfBlock(block: number, into: StreamId): StreamId {
    this.enter(block)
    while (this.next < this.end) this.decode(this.next)
    return into.copy(this.id)
  }

  private eachOfBlock(block: number, visit: (id: StreamId) => void): void {
    this.enterBackward(block)
    for (let i = 0; i < this.offsetCount; i++) {
      this.decode(this.offsets[i]!)
      visit(this.id)
    }
  }

  /** Frees the blocks and the root (the groups are freed by their owner). */
  free(): void {
    this.blocks.open(this.word(1)).clear((block) => this.arena.free(block))
    this.arena.free(this.root)
    this.root = 0
    this.block = 0
  }

  /** A copy of entries and counters, without groups; returns its root. The copy is open then. */
  copy(): number {
    const arena = this.arena
    const source = this.root
    const tree = this.blocks.open(this.word(1))
    const blocks: number[] = []
    for (let more = tree.first(); more; more = tree.next()) blocks.push(tree.value)
    const target = this.create()
    const from = wordOf(source)
    arena.u32[chunkOf(target)]!.set(arena.u32[chunkOf(source)]!.subarray(from, from + rootWords), wordOf(target))
    this.setWord(1, 0)
    this.setWord(2, 0)
    this.setWord(3, 0)
    this.setWord(14, 0)
    for (const block of blocks) {
      const used = arena.u32[chunkOf(block)]![wordOf(block)]!
      const twin = arena.alloc(used)
      const start = byteOf(block)
      arena.u8[chunkOf(twin)]!.set(arena.u8[chunkOf(block)]!.subarray(start, start + used), byteOf(twin))
      const words = arena.u32[chunkOf(twin)]!
      const head = wordOf(twin)
      const copies = this.blocks.open(this.word(1))
      copies.probeId(words[head + 4]!, words[head + 5]!, words[head + 6]!, words[head + 7]!).insert(twin)
      this.setWord(1, copies.root)
      this.setWord(2, twin)
    }
    return target
  }

  /** Bytes of the root, the blocks and their Tree. */
  memoryBytes(): number {
    const tree = this.blocks.open(this.word(1))
    let bytes = this.arena.usableBytes(this.root) + tree.memoryBytes()
    for (let more = tree.first(); more; more = tree.next()) bytes += this.arena.usableBytes(tree.value)
    return bytes
  }

  /** Walks everything and throws where the books disagree. */
  check(): void {
    const tree = this.blocks.open(this.word(1))
    tree.check()
    let length = 0
    const before = new StreamId()
    for (let more = this.first(), any = false; more; more = this.forward(), any = true) {
      if (any && this.id.compare(before) <= 0) throw new Error('stream: ids out of order')
      before.copy(this.id)
      length++
    }
    if (length !== this.length) throw new Error(`stream: ${length} entries, counted ${this.length}`)
    if (length > 0 && before.compare(this.lastId(new StreamId())) > 0) throw new Error('stream: entry above last id')
  }

  private word(index: number): number {
    return this.arena.u32[chunkOf(this.root)]![wordOf(this.root) + index]!
  }

  private setWord(index: number, value: number): void {
    this.arena.u32[chunkOf(this.root)]![wordOf(this.root) + index] = value
  }

  private readId(index: number, into: StreamId): StreamId {
    const words = this.arena.u32[chunkOf(this.root)]!
    const at = wordOf(this.root) + index
    return into.set(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
  }

  private writeId(index: number, id: StreamId): void {
    const words = this.arena.u32[chunkOf(this.root)]!
    const at = wordOf(this.root) + index
    words[at] = id.msHigh
    words[at + 1] = id.msLow
    words[at + 2] = id.seqHigh
    words[at + 3] = id.seqLow
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
