// The view behind a stream key: blocks of packed entries under a Tree of their first ids. Here: walking over it both
// ways. stream-layout.ts has its layout; stream-tail.ts adds appending, stream.ts removing and the whole.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import type { Reply } from '../reply.ts'
import { Tree } from '../arena/tree.ts'
import { readSmallVarint, readVarint, varint, varintEnd } from '../arena/varint.ts'
import { StreamId } from './stream-id.ts'
import { blockHeaderBytes, deletedFlag, rootWords, sameFieldsFlag } from './stream-layout.ts'
import { isPacked, unpack } from './stream-packed.ts'

const keepersWord = 19
const plannedWord = 20

const noBytes = Buffer.alloc(0)
const noWords = new Uint32Array(0)

type PairVisitor = (u8: Buffer, fieldFrom: number, fieldTo: number, valueFrom: number, valueTo: number) => boolean

export class StreamWalk {
  readonly arena: Arena
  root: number
  /** Id of the current entry of a walk. */
  readonly id: StreamId
  /** Field/value pairs of the current entry. */
  pairs: number
  readonly blocks: Tree
  protected readonly scratch: StreamId
  // The current entry: its block (bytes, end, words of the header), and byte offsets within the block's chunk.
  protected block: number
  protected bytes: Buffer
  protected end: number
  protected words: Uint32Array
  protected head: number
  protected at: number
  protected next: number
  protected fieldsAt: number
  /** Where `findField` found a value: it is `found[foundFrom..foundTo)`. */
  found: Buffer
  foundFrom: number
  foundTo: number
  protected sameFields: boolean
  /** Offsets of the live entries of the block that is walked backwards. */
  protected offsets: Int32Array
  protected offsetCount: number

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
    this.found = noBytes
    this.foundFrom = 0
    this.foundTo = 0
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

  /** How many groups have a policy that keeps what they have not acknowledged. */
  get keepers(): number {
    return this.word(keepersWord)
  }

  set keepers(count: number) {
    this.setWord(keepersWord, count)
  }

  /** When (unix ms) something of a group's policy may be due first, -1 for never. It may be early, never late. */
  get planned(): number {
    return plannedOf(this.arena, this.root)
  }

  set planned(ms: number) {
    const high = Math.floor((ms + 1) / 0x100000000)
    this.setWord(plannedWord, high)
    this.setWord(plannedWord + 1, ms + 1 - high * 0x100000000)
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

  /** How many entries are above `id`; their blocks are walked. */
  countAbove(id: StreamId): number {
    if (this.length === 0) return 0
    const tree = this.blocks.open(this.word(1))
    if (!tree.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).seekLast()) return this.length
    let count = 0
    this.enterBackward(tree.value)
    while (this.offsetCount > 0 && this.backward() && this.id.compare(id) > 0) count++
    while (tree.next()) count += this.arena.u32[chunkOf(tree.value)]![wordOf(tree.value) + 1]!
    return count
  }

  /** True, and the entry is current, when an entry has this id. */
  find(id: StreamId): boolean {
    return this.seek(id) && this.id.compare(id) === 0
  }

  /** The next live entry after `first`, `seek` or `find`. */
  forward(): boolean {
    for (;;) {
      if (this.forwardInBlock()) return true
      if (!this.blocks.next()) return false
      this.enter(this.blocks.value)
    }
  }

  /** The next live entry of the same block. */
  forwardInBlock(): boolean {
    while (this.next < this.end) {
      this.decode(this.next)
      if ((this.bytes[this.at]! & deletedFlag) === 0) return true
    }
    return false
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

  /** Enters the block that the Tree stands at. */
  protected enter(found: number): true {
    const block = isPacked(this.arena, found) ? this.unpackCurrent() : found
    this.block = block
    this.bytes = this.arena.u8[chunkOf(block)]!
    this.words = this.arena.u32[chunkOf(block)]!
    this.head = wordOf(block)
    this.end = byteOf(block) + this.words[this.head]!
    this.next = this.firstEntry(block)
    return true
  }

  /** The packed block that the Tree stands at becomes one of ours; where that is. */
  protected unpackCurrent(): number {
    const block = unpack(this.arena, this.blocks.value)
    this.blocks.setValue(block)
    return block
  }

  protected enterBackward(block: number): true {
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

  protected firstEntry(block: number): number {
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
  protected decode(at: number): void {
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
  protected fieldsOfBlock(): number {
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
    this.somePair((u8, fieldFrom, fieldTo, valueFrom, valueTo) => {
      visit(u8, fieldFrom, fieldTo)
      visit(u8, valueFrom, valueTo)
      return false
    })
  }

  /** True, and `found` is its value, when the current entry has a field of this name; the first one counts. */
  findField(name: Buffer): boolean {
    return this.somePair((u8, fieldFrom, fieldTo, valueFrom, valueTo) => {
      if (fieldTo - fieldFrom !== name.length || name.compare(u8, fieldFrom, fieldTo) !== 0) return false
      this.found = u8
      this.foundFrom = valueFrom
      this.foundTo = valueTo
      return true
    })
  }

  /** Visits pairs of the current entry until one is it; false when none is. */
  private somePair(isIt: PairVisitor): boolean {
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
      if (!this.sameFields) value = field
      const valueBytes = readSmallVarint(u8, value)
      const valueAt = varintEnd[0]!
      value = valueAt + valueBytes
      if (isIt(u8, fieldAt, field, valueAt, value)) return true
    }
    return false
  }

  protected word(index: number): number {
    return this.arena.u32[chunkOf(this.root)]![wordOf(this.root) + index]!
  }

  protected setWord(index: number, value: number): void {
    this.arena.u32[chunkOf(this.root)]![wordOf(this.root) + index] = value
  }

  protected readId(index: number, into: StreamId): StreamId {
    const words = this.arena.u32[chunkOf(this.root)]!
    const at = wordOf(this.root) + index
    return into.set(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
  }

  protected writeId(index: number, id: StreamId): void {
    const words = this.arena.u32[chunkOf(this.root)]!
    const at = wordOf(this.root) + index
    words[at] = id.msHigh
    words[at + 1] = id.msLow
    words[at + 2] = id.seqHigh
    words[at + 3] = id.seqLow
  }
}

/** `planned` of the stream at this root, whichever is open. */
export function plannedOf(arena: Arena, root: number): number {
  const words = arena.u32[chunkOf(root)]!
  const at = wordOf(root) + plannedWord
  return words[at]! * 0x100000000 + words[at + 1]! - 1
}
