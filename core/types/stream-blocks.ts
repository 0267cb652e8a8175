// Walking over the blocks of a stream, for who writes them: entries only of those that aren't packed still.

import { chunkOf, wordOf } from '../arena/arena.ts'
import { readSmallVarint, varintEnd } from '../arena/varint.ts'
import type { StreamId } from './stream-id.ts'
import { isPacked, packedBytes } from './stream-packed.ts'
import type { PackedBytes } from './stream-packed.ts'
import { StreamWalk } from './stream-walk.ts'

type BytesVisitor = (u8: Buffer, from: number, to: number) => void

export class StreamBlocks extends StreamWalk {
  firstBlock(): boolean {
    return this.blocks.open(this.blocksRoot).first()
  }

  nextBlock(): boolean {
    return this.blocks.next()
  }

  /** The block's listpack when it is packed, undefined otherwise; `enterBlock` would unpack it. */
  packed(into: PackedBytes): PackedBytes | undefined {
    const block = this.blocks.value
    return isPacked(this.arena, block) ? packedBytes(this.arena, block, into) : undefined
  }

  /** The id that those of the block's entries are relative to. */
  blockBase(into: StreamId): StreamId {
    const block = this.blocks.value
    const words = this.arena.u32[chunkOf(block)]!
    const head = wordOf(block)
    return into.set(words[head + 4]!, words[head + 5]!, words[head + 6]!, words[head + 7]!)
  }

  /** Live entries of the block. */
  get blockLength(): number {
    const block = this.blocks.value
    return this.arena.u32[chunkOf(block)]![wordOf(block) + 1]!
  }

  /** Goes to the block's first live entry; then `forwardInBlock`. */
  enterBlock(): boolean {
    return this.enter(this.blocks.value) && this.forwardInBlock()
  }

  /** Number of the fields that the current entry's block has. */
  get blockFields(): number {
    return readSmallVarint(this.bytes, this.fieldsOfBlock())
  }

  eachBlockField(visit: BytesVisitor): void {
    const fields = this.blockFields
    this.eachOf(varintEnd[0]!, fields, visit)
  }

  /** The current entry has just these fields. */
  get sharesFields(): boolean {
    return this.sameFields
  }

  /** Visits what the current entry holds: values where it has the fields of its block, else field, value … */
  eachOwnWord(visit: BytesVisitor): void {
    this.eachOf(this.fieldsAt, this.sameFields ? this.pairs : this.pairs * 2, visit)
  }

  private eachOf(from: number, count: number, visit: BytesVisitor): void {
    const u8 = this.bytes
    let at = from
    for (let left = count; left > 0; left--) {
      const size = readSmallVarint(u8, at)
      at = varintEnd[0]! + size
      visit(u8, at - size, at)
    }
  }
}
