// Consumer groups of a stream: what was delivered to whom, and what is not acknowledged yet.
//
//   names     a Tree of entries by name (kind score, all scores 0), so that lists come sorted as Redis sorts them
//   entry     ┌ – │ name length │ body │ name bytes … ┐                                    a group's, or a consumer's
//   group     ┌ last id ×4 │ entries read ×2 │ pending (Tree root) │ consumers (Tree root) ┐
//   consumer  ┌ seen ms ×2 │ active ms ×2 │ pending (Tree root) │ its entry ┐
//   pending   ┌ consumer │ delivered ms ×2 │ deliveries ┐       one block in both Trees: the group's and the consumer's
//
// A pair of words with all bits set stands for "unknown": entries read after XGROUP SETID, a consumer never active.
// One Groups object per engine; each call names the group, consumer or pending block that it works on.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { keyOffset } from '../arena/dict.ts'
import { Tree } from '../arena/tree.ts'
import type { StreamId } from './stream-id.ts'

const groupWords = 8
const consumerWords = 6
const pendingWords = 4
const two32 = 0x100000000
const unknownWord = 0xffffffff

export class Groups {
  readonly arena: Arena
  private readonly names: Tree
  /** Walks of a group's or a consumer's pending entries; `openPending` turns to one. */
  readonly pending: Tree
  private readonly other: Tree
  /** Whose pending entries `other` walks during a removal of many, 0 for nobody's. */
  private owner: number

  constructor(arena: Arena) {
    this.arena = arena
    this.names = new Tree(arena, 'score')
    this.pending = new Tree(arena, 'id')
    this.other = new Tree(arena, 'id')
    this.owner = 0
  }

  // Names: groups of a stream, consumers of a group. `root` is the Tree's; the new root is returned.

  /** The body of the group or consumer named `buf[from..to)`, 0 when there is none. */
  find(root: number, buf: Uint8Array, from: number, to: number): number {
    if (!this.names.open(root).probeScore(0, buf, from, to).find()) return 0
    return this.word(this.names.value, 2)
  }

  /** Bodies in the order of their names. */
  list(root: number): number[] {
    const bodies: number[] = []
    const names = this.names.open(root)
    for (let more = names.first(); more; more = names.next()) bodies.push(this.word(names.value, 2))
    return bodies
  }

  count(root: number): number {
    return this.names.open(root).count
  }

  private addName(
    root: number, buf: Uint8Array, from: number, to: number, body: number,
  ): { root: number; entry: number } {
    const entry = this.arena.alloc(keyOffset + to - from)
    this.setWord(entry, 0, 0)
    this.setWord(entry, 1, to - from)
    this.setWord(entry, 2, body)
    this.arena.u8[chunkOf(entry)]!.set(buf.subarray(from, to), byteOf(entry) + keyOffset)
    this.names.open(root).probeMember(0, entry).insert(entry)
    return { root: this.names.root, entry }
  }

  private dropName(root: number, entry: number): number {
    this.names.open(root).probeMember(0, entry).remove()
    this.arena.free(entry)
    return this.names.root
  }

  private nameOf(entry: number): Buffer {
    const from = byteOf(entry) + keyOffset
    return Buffer.from(this.arena.u8[chunkOf(entry)]!.subarray(from, from + this.word(entry, 1)))
  }

  // Groups.

  /** A new group; its name must be absent. Returns the names' new root. `entriesRead` -1: unknown. */
  createGroup(
    root: number, buf: Uint8Array, from: number, to: number, lastId: StreamId, entriesRead: number,
  ): { root: number; group: number } {
    const group = this.arena.alloc((groupWords + 1) * 4)
    this.setWord(group, 6, 0)
    this.setWord(group, 7, 0)
    this.setLastDelivered(group, lastId)
    this.setEntriesRead(group, entriesRead)
    const added = this.addName(root, buf, from, to, group)
    this.setWord(group, groupWords, added.entry)
    return { root: added.root, group }
  }

  /** Removes a group with all its consumers and pending entries. Returns the names' new root. */
  destroyGroup(root: number, group: number): number {
    for (const consumer of this.list(this.word(group, 7))) this.freeConsumer(consumer)
    this.names.open(this.word(group, 7)).clear((entry) => this.arena.free(entry))
    this.pending.open(this.word(group, 6)).clear((pending) => this.arena.free(pending))
    const left = this.dropName(root, this.word(group, groupWords))
    this.arena.free(group)
    return left
  }

  destroyAll(root: number): void {
    for (let left = root; left !== 0;) left = this.destroyGroup(left, this.list(left)[0]!)
  }

  groupName(group: number): Buffer {
    return this.nameOf(this.word(group, groupWords))
  }

  lastDelivered(group: number, into: StreamId): StreamId {
    return into.set(this.word(group, 0), this.word(group, 1), this.word(group, 2), this.word(group, 3))
  }

  setLastDelivered(group: number, id: StreamId): void {
    this.setWord(group, 0, id.msHigh)
    this.setWord(group, 1, id.msLow)
    this.setWord(group, 2, id.seqHigh)
    this.setWord(group, 3, id.seqLow)
  }

  /** Entries that the group has read in its life, -1 when that isn't known. */
  entriesRead(group: number): number {
    return this.number(group, 4)
  }

  setEntriesRead(group: number, count: number): void {
    this.setNumber(group, 4, count)
  }

  /** Root of the group's pending entries. */
  groupPending(group: number): number {
    return this.word(group, 6)
  }

  groupPendingCount(group: number): number {
    return this.other.open(this.word(group, 6)).count
  }

  consumers(group: number): number {
    return this.word(group, 7)
  }

  // Consumers.

  createConsumer(group: number, buf: Uint8Array, from: number, to: number, now: number): number {
    const consumer = this.arena.alloc(consumerWords * 4)
    this.setWord(consumer, 4, 0)
    this.setSeen(consumer, now)
    this.setActive(consumer, -1)
    const added = this.addName(this.word(group, 7), buf, from, to, consumer)
    this.setWord(group, 7, added.root)
    this.setWord(consumer, 5, added.entry)
    return consumer
  }

  /** Removes a consumer and what is pending for it; returns how many entries that were. */
  destroyConsumer(group: number, consumer: number): number {
    const ids: number[] = []
    const mine = this.other.open(this.word(consumer, 4))
    for (let more = mine.first(); more; more = mine.next()) {
      ids.push(mine.key(0), mine.key(1), mine.key(2), mine.key(3))
    }
    const all = this.pending.open(this.word(group, 6))
    for (let i = 0; i < ids.length; i += 4) {
      all.probeId(ids[i]!, ids[i + 1]!, ids[i + 2]!, ids[i + 3]!)
      if (!all.find()) throw new Error('stream: pending entry is missing from its group')
      this.arena.free(all.value)
      all.removeCurrent()
    }
    this.setWord(group, 6, all.root)
    const entry = this.word(consumer, 5)
    this.freeConsumer(consumer)
    this.setWord(group, 7, this.dropName(this.word(group, 7), entry))
    return ids.length / 4
  }

  /** Frees the body and its Tree; the pending blocks belong to the group's Tree. */
  private freeConsumer(consumer: number): void {
    this.other.open(this.word(consumer, 4)).clear()
    this.arena.free(consumer)
  }

  consumerName(consumer: number): Buffer {
    return this.nameOf(this.word(consumer, 5))
  }

  consumerPending(consumer: number): number {
    return this.word(consumer, 4)
  }

  consumerPendingCount(consumer: number): number {
    return this.other.open(this.word(consumer, 4)).count
  }

  /** Unix ms of the last attempt to interact. */
  seen(consumer: number): number {
    return this.number(consumer, 0)
  }

  setSeen(consumer: number, ms: number): void {
    this.setNumber(consumer, 0, ms)
  }

  /** Unix ms of the last successful interaction, -1 for never. */
  active(consumer: number): number {
    return this.number(consumer, 2)
  }

  setActive(consumer: number, ms: number): void {
    this.setNumber(consumer, 2, ms)
  }

  // Pending entries.

  /** The pending block of an entry in the group, 0 when it isn't pending. */
  findPending(group: number, id: StreamId): number {
    const all = this.pending.open(this.word(group, 6))
    return all.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).find() ? all.value : 0
  }

  /** Makes an entry, which is not pending yet, pending for a consumer. */
  addPending(group: number, consumer: number, id: StreamId, ms: number, deliveries: number): number {
    const pending = this.arena.alloc(pendingWords * 4)
    this.setWord(pending, 0, consumer)
    this.setNumber(pending, 1, ms)
    this.setWord(pending, 3, deliveries)
    const all = this.pending.open(this.word(group, 6))
    all.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).insert(pending)
    this.setWord(group, 6, all.root)
    this.attach(consumer, id, pending)
    return pending
  }

  // Many entries at once: the paths in both Trees are kept from one entry to the next.

  /**
   * Begins to make entries pending for a consumer, from `id` upwards. False (and nothing begun) when the group has a
   * pending entry at or above `id`: then they go one by one.
   */
  beginFresh(group: number, consumer: number, id: StreamId): boolean {
    const all = this.pending.open(this.word(group, 6))
    if (all.last()) {
      all.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow)
      if (all.isAtOrAboveProbed()) return false
    }
    this.other.open(this.word(consumer, 4))
    return true
  }

  /** The next entry after `beginFresh`, with an id above the one before; delivered once. */
  addFresh(consumer: number, id: StreamId, ms: number): void {
    const pending = this.arena.alloc(pendingWords * 4)
    const words = this.arena.u32[chunkOf(pending)]!
    const at = wordOf(pending)
    const msHigh = Math.floor(ms / two32)
    words[at] = consumer
    words[at + 1] = msHigh
    words[at + 2] = ms - msHigh * two32
    words[at + 3] = 1
    this.pending.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).append(pending)
    this.other.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).append(pending)
  }

  endFresh(group: number, consumer: number): void {
    this.setWord(group, 6, this.pending.root)
    this.setWord(consumer, 4, this.other.root)
  }

  /** Begins to take pending entries out, as a rule in the order of their ids. */
  beginRemoval(group: number): void {
    this.pending.open(this.word(group, 6))
    this.owner = 0
  }

  /** Takes one out after `beginRemoval`; false when it isn't pending. */
  removeNext(id: StreamId): boolean {
    const all = this.pending.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow)
    if (!all.isProbed() && !all.find()) return false
    const pending = all.value
    const consumer = this.word(pending, 0)
    if (consumer !== this.owner) this.openOwner(consumer)
    const mine = this.other.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow)
    if (!mine.isProbed() && !mine.find()) throw new Error('stream: pending entry is missing from its consumer')
    mine.removeAndNext()
    all.removeAndNext()
    this.arena.free(pending)
    return true
  }

  endRemoval(group: number): void {
    this.setWord(group, 6, this.pending.root)
    this.openOwner(0)
  }

  /** Turns to the pending entries of another consumer (0: of none). */
  private openOwner(consumer: number): void {
    if (this.owner !== 0) this.setWord(this.owner, 4, this.other.root)
    this.owner = consumer
    if (consumer !== 0) this.other.open(this.word(consumer, 4))
  }

  /** Hands a pending entry to another consumer. */
  movePending(pending: number, consumer: number, id: StreamId): void {
    const before = this.word(pending, 0)
    if (before === consumer) return
    this.detach(before, id)
    this.setWord(pending, 0, consumer)
    this.attach(consumer, id, pending)
  }

  /** The entry is no longer pending; false when it wasn't. */
  removePending(group: number, id: StreamId): boolean {
    const all = this.pending.open(this.word(group, 6))
    if (!all.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).find()) return false
    const pending = all.value
    all.removeCurrent()
    this.setWord(group, 6, all.root)
    this.detach(this.word(pending, 0), id)
    this.arena.free(pending)
    return true
  }

  pendingConsumer(pending: number): number {
    return this.word(pending, 0)
  }

  /** Unix ms of the last delivery. */
  delivered(pending: number): number {
    return this.number(pending, 1)
  }

  setDelivered(pending: number, ms: number): void {
    this.setNumber(pending, 1, ms)
  }

  deliveries(pending: number): number {
    return this.word(pending, 3)
  }

  setDeliveries(pending: number, count: number): void {
    this.setWord(pending, 3, Math.min(count, unknownWord))
  }

  /** Turns the walk `pending` to the Tree at `root` (`groupPending`, `consumerPending`). */
  openPending(root: number): Tree {
    return this.pending.open(root)
  }

  /** Bytes of everything under the names' root. */
  memoryBytes(root: number): number {
    let bytes = this.names.open(root).memoryBytes()
    for (const group of this.list(root)) {
      bytes += this.arena.usableBytes(group) + this.arena.usableBytes(this.word(group, groupWords))
      bytes += this.other.open(this.word(group, 6)).memoryBytes()
      bytes += this.other.count * pendingWords * 4
      bytes += this.names.open(this.word(group, 7)).memoryBytes()
      for (const consumer of this.list(this.word(group, 7))) {
        bytes += this.arena.usableBytes(consumer) + this.arena.usableBytes(this.word(consumer, 5))
        bytes += this.other.open(this.word(consumer, 4)).memoryBytes()
      }
    }
    return bytes
  }

  /** Walks all groups of a stream and throws where the two Trees of pending entries disagree. */
  check(root: number): void {
    for (const group of this.list(root)) {
      this.pending.open(this.word(group, 6)).check()
      let owned = 0
      for (const consumer of this.list(this.word(group, 7))) {
        const mine = this.other.open(this.word(consumer, 4))
        mine.check()
        for (let more = mine.first(); more; more = mine.next()) {
          owned++
          if (this.word(mine.value, 0) !== consumer) throw new Error('stream: pending entry of another consumer')
          const all = this.pending.open(this.word(group, 6))
          all.probeId(mine.key(0), mine.key(1), mine.key(2), mine.key(3))
          if (!all.find() || all.value !== mine.value) throw new Error('stream: pending entry is not the group\'s')
        }
      }
      if (owned !== this.groupPendingCount(group)) throw new Error('stream: pending entries without a consumer')
    }
  }

  private attach(consumer: number, id: StreamId, pending: number): void {
    const mine = this.other.open(this.word(consumer, 4))
    mine.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).insert(pending)
    this.setWord(consumer, 4, mine.root)
  }

  private detach(consumer: number, id: StreamId): void {
    const mine = this.other.open(this.word(consumer, 4))
    if (!mine.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).remove()) {
      throw new Error('stream: pending entry is missing from its consumer')
    }
    this.setWord(consumer, 4, mine.root)
  }

  private word(block: number, index: number): number {
    return this.arena.u32[chunkOf(block)]![wordOf(block) + index]!
  }

  private setWord(block: number, index: number, value: number): void {
    this.arena.u32[chunkOf(block)]![wordOf(block) + index] = value
  }

  private number(block: number, index: number): number {
    const high = this.word(block, index)
    return high === unknownWord ? -1 : high * two32 + this.word(block, index + 1)
  }

  private setNumber(block: number, index: number, value: number): void {
    const high = value < 0 ? unknownWord : Math.floor(value / two32)
    this.setWord(block, index, high)
    this.setWord(block, index + 1, value < 0 ? 0 : value - high * two32)
  }
}
