// A stream as a whole: removing, trimming, copying, measuring. Its layout is drawn in stream-layout.ts.
//
// One Stream object per engine is opened on one root after another.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import { StreamId } from './stream-id.ts'
import { deletedFlag, rootWords } from './stream-layout.ts'
import { StreamTail } from './stream-tail.ts'

export class Stream extends StreamTail {
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
    if (this.word(2) === block) this.settleTail()
    this.arena.free(block)
  }

  /**
   * Removes entries from the beginning while more than `maxLength` are left and while they are below `minId` (one of
   * both is given, or both). `approximate`: whole blocks only. `limit`: most entries to look at, 0 for no bound.
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
      // The block that the Tree stands at: another one of the same id when it was packed and is looked into.
      const block = this.blocks.value
      const live = this.arena.u32[chunkOf(block)]![wordOf(block) + 1]!
      if (limit > 0 && removed + live > limit) break
      const whole = (maxLength === undefined || this.length - live >= maxLength) &&
        (minId === undefined || this.lastOfCurrent(last).compare(minId) < 0)
      if (whole) {
        if (gone !== undefined) this.eachOfCurrent(gone)
        this.dropBlock(this.blocks.value)
        this.setWord(0, this.length - live)
        removed += live
        continue
      }
      if (approximate) break
      if (!this.first()) break
      if (minId !== undefined && this.id.compare(minId) >= 0) break
      gone?.(this.id)
      this.removeCurrent()
      removed++
    }
    if (removed > 0) this.renewFirst()
    this.block = 0
    return removed
  }

  /** Id of the last entry of the block that the Tree stands at, deleted or not. */
  private lastOfCurrent(into: StreamId): StreamId {
    this.enter(this.blocks.value)
    while (this.next < this.end) this.decode(this.next)
    return into.copy(this.id)
  }

  private eachOfCurrent(visit: (id: StreamId) => void): void {
    this.enterBackward(this.blocks.value)
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
    this.keepers = 0
    this.planned = -1
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

  /** Entries went: what is the first one now? The walk is over. */
  private renewFirst(): void {
    this.writeId(15, this.first() ? this.id : this.scratch.setMin())
  }
}
