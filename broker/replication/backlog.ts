// The last bytes of the replication stream: what a replica that lost its link can go on from, and what replicas that
// are behind have not been sent yet. All replicas read the same blocks; nothing is copied for each.
//
//   byte number   first                                          last
//                 ├──── block ────┼──── block ────┼── block ──┤
//                        ▲ a replica's cursor: the next byte that it is to be sent
//
// Bytes of the stream are numbered from 1, as PSYNC does. Blocks are appended to and never changed, so that a socket
// may hold a slice for as long as it likes.

import { backlogBlockBytes } from '../limits.ts'

type Block = { bytes: Buffer, first: number, used: number }

export class Backlog {
  /** `repl-backlog-size`: how many bytes are kept at least. */
  sizeBytes: number
  private readonly blocks: Block[]
  private end: number

  /** Begins behind byte `last` of the stream. */
  constructor(sizeBytes: number, last: number) {
    this.sizeBytes = sizeBytes
    this.blocks = []
    this.end = last
  }

  /** Number of the last byte. */
  get last(): number {
    return this.end
  }

  /** Number of the first byte that is still there; `last + 1` when there is none. */
  get first(): number {
    const block = this.blocks[0]
    return block === undefined ? this.end + 1 : block.first
  }

  /** How many bytes are there: not more than what is asked for, though blocks may hold some more. */
  get length(): number {
    return Math.min(this.end + 1 - this.first, this.sizeBytes)
  }

  /** What the blocks take. */
  get memoryBytes(): number {
    let bytes = 0
    for (const block of this.blocks) bytes += block.bytes.length
    return bytes
  }

  /** Appends `buf[from..to)`. */
  append(buf: Uint8Array, from: number, to: number): void {
    while (from < to) {
      let block = this.blocks.at(-1)
      if (block === undefined || block.used === block.bytes.length) {
        const bytes = Buffer.allocUnsafeSlow(Math.max(backlogBlockBytes, to - from))
        block = { bytes, first: this.end + 1, used: 0 }
        this.blocks.push(block)
      }
      const size = Math.min(to - from, block.bytes.length - block.used)
      block.bytes.set(buf.subarray(from, from + size), block.used)
      block.used += size
      this.end += size
      from += size
    }
  }

  /** True when a replica whose next byte is `offset` can be served from here. */
  has(offset: number): boolean {
    return offset >= this.end + 1 - this.length && offset <= this.end + 1
  }

  /** The bytes from number `offset` on, as far as they lie in one block; none at the end. */
  read(offset: number): Buffer {
    const { blocks } = this
    let low = 0
    let high = blocks.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (blocks[middle]!.first <= offset) low = middle
      else high = middle
    }
    const block = blocks[low]
    if (block === undefined || offset < block.first) return Buffer.alloc(0)
    return block.bytes.subarray(offset - block.first, block.used)
  }

  /** Gives up what is beyond the size and before byte `needed`, the first that some replica has yet to be sent. */
  trim(needed: number): void {
    let gone = 0
    for (const block of this.blocks) {
      const next = block.first + block.used
      if (next > needed || this.end + 1 - next < this.sizeBytes) break
      gone++
    }
    if (gone > 0) this.blocks.splice(0, gone)
  }
}
