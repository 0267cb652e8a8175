// Pending entries: what was delivered in a group and is not acknowledged yet.
//
//   pending   ┌ consumer │ delivered ms ×2 │ deliveries │ id ×4 ┐    in both Trees: the group's, the consumer's
//
// A third Tree, by the time of delivery, is made when somebody asks for what is idle for longest (XREADGROUP … CLAIM),
// and kept up until the group has nothing pending. It reads the ids in the blocks where times are alike.
//
// In a group with a policy a block has more words, and is planned (stream-plan.ts).
//
// The group's and the consumer's blocks, of which the roots of these Trees are words, are drawn in stream-group.ts.

import { chunkOf, roundedBytes, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { Tree } from '../arena/tree.ts'
import type { StreamId } from './stream-id.ts'
import { plannedWords, Plans } from './stream-plan.ts'
import { deliveriesMax } from './stream-policy.ts'

const pendingWords = 8
const two32 = 0x100000000
const unknownWord = 0xffffffff
// Words of a group and of a consumer that hold roots.
export const groupPendingWord = 6
export const groupTimesWord = 9
export const groupPolicyWord = 10
export const consumerPendingWord = 4

export class PendingLists {
  readonly arena: Arena
  /** Walks of a group's or a consumer's pending entries; `openPending` turns to one. */
  readonly pending: Tree
  readonly plans: Plans
  protected readonly other: Tree
  protected readonly times: Tree
  /** Whose pending entries `other` walks during a removal of many, 0 for nobody's. */
  private owner: number
  /** The group of the removal or the delivery that was begun has a Tree of times. */
  private indexed: boolean

  constructor(arena: Arena) {
    this.arena = arena
    this.plans = new Plans(arena)
    this.pending = new Tree(arena, 'id')
    this.other = new Tree(arena, 'id')
    this.times = new Tree(arena, 'delivery')
    this.owner = 0
    this.indexed = false
  }

  /** Turns the walk `pending` to the Tree at `root` (`groupPending`, `consumerPending`). */
  openPending(root: number): Tree {
    return this.pending.open(root)
  }

  /** Root of the group's pending entries. */
  groupPending(group: number): number {
    return this.word(group, groupPendingWord)
  }

  groupPendingCount(group: number): number {
    return this.other.open(this.word(group, groupPendingWord)).count
  }

  consumerPending(consumer: number): number {
    return this.word(consumer, consumerPendingWord)
  }

  consumerPendingCount(consumer: number): number {
    return this.other.open(this.word(consumer, consumerPendingWord)).count
  }

  // One entry. `pending` is its block.

  /** The pending block of an entry in the group, 0 when it isn't pending. */
  findPending(group: number, id: StreamId): number {
    const all = this.pending.open(this.word(group, groupPendingWord))
    return all.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).find() ? all.value : 0
  }

  /** Makes an entry, which is not pending yet, pending for a consumer. */
  addPending(group: number, consumer: number, id: StreamId, ms: number, deliveries: number): number {
    const pending = this.createPending(group, consumer, id, ms, deliveries)
    const all = this.pending.open(this.word(group, groupPendingWord))
    all.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).insert(pending)
    this.setWord(group, groupPendingWord, all.root)
    this.attach(consumer, id, pending)
    if (this.word(group, groupTimesWord) !== 0) this.addTime(group, pending)
    return pending
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
    this.beginRemoval(group)
    const removed = this.removeNext(group, id)
    this.endRemoval(group)
    return removed
  }

  pendingConsumer(pending: number): number {
    return this.word(pending, 0)
  }

  pendingId(pending: number, into: StreamId): StreamId {
    return into.set(this.word(pending, 4), this.word(pending, 5), this.word(pending, 6), this.word(pending, 7))
  }

  /** Unix ms of the last delivery. */
  delivered(pending: number): number {
    return this.number(pending, 1)
  }

  setDelivered(group: number, pending: number, ms: number): void {
    const indexed = this.word(group, groupTimesWord) !== 0
    if (indexed) this.dropTime(group, pending)
    this.setNumber(pending, 1, ms)
    // The index may have been of this one entry.
    if (indexed) this.addTime(group, pending)
  }

  deliveries(pending: number): number {
    return this.word(pending, 3)
  }

  setDeliveries(pending: number, count: number): void {
    this.setWord(pending, 3, Math.min(count, deliveriesMax))
  }

  // Many entries: the paths in both Trees are kept from one entry to the next.

  /**
   * Begins to make entries pending for a consumer, from `id` upwards. False (and nothing begun) when the group has a
   * pending entry at or above `id`: then they go one by one.
   */
  beginFresh(group: number, consumer: number, id: StreamId): boolean {
    const all = this.pending.open(this.word(group, groupPendingWord))
    if (all.last()) {
      all.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow)
      if (all.isAtOrAboveProbed()) return false
    }
    this.other.open(this.word(consumer, consumerPendingWord))
    this.indexed = this.word(group, groupTimesWord) !== 0
    return true
  }

  /** The next entry after `beginFresh`, with an id above the one before; delivered once. */
  addFresh(group: number, consumer: number, id: StreamId, ms: number): void {
    const pending = this.createPending(group, consumer, id, ms, 1)
    this.pending.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).append(pending)
    this.other.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).append(pending)
    if (this.indexed) this.addTime(group, pending)
    const policy = this.word(group, groupPolicyWord)
    if (policy !== 0) this.plans.plan(policy, pending, false, ms, ms)
  }

  endFresh(group: number, consumer: number): void {
    this.setWord(group, groupPendingWord, this.pending.root)
    this.setWord(consumer, consumerPendingWord, this.other.root)
  }

  /** Begins to take pending entries out, as a rule in the order of their ids. */
  beginRemoval(group: number): void {
    this.pending.open(this.word(group, groupPendingWord))
    this.indexed = this.word(group, groupTimesWord) !== 0
    this.owner = 0
  }

  /** Takes one out after `beginRemoval`; false when it isn't pending. */
  removeNext(group: number, id: StreamId): boolean {
    const all = this.pending.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow)
    if (!all.isProbed() && !all.find()) return false
    const pending = all.value
    const consumer = this.word(pending, 0)
    if (consumer !== this.owner) this.openOwner(consumer)
    const mine = this.other.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow)
    if (!mine.isProbed() && !mine.find()) throw new Error('stream: pending entry is missing from its consumer')
    mine.removeAndNext()
    all.removeAndNext()
    if (this.indexed) this.dropTime(group, pending)
    const policy = this.word(group, groupPolicyWord)
    if (policy !== 0) this.plans.drop(policy, pending)
    this.arena.free(pending)
    return true
  }

  endRemoval(group: number): void {
    this.setWord(group, groupPendingWord, this.pending.root)
    this.openOwner(0)
  }

  /**
   * Blocks of the entries that were delivered at `ms` or before, those that wait for longest first, then by their ids;
   * at most `most`. What rests at `now` is left out.
   */
  oldest(group: number, ms: number, most: number, now: number): number[] {
    const policy = this.word(group, groupPolicyWord)
    if (this.word(group, groupTimesWord) === 0) this.indexTimes(group)
    const times = this.times.open(this.word(group, groupTimesWord))
    const found: number[] = []
    for (let more = times.first(); more && found.length < most; more = times.next()) {
      if (this.delivered(times.value) > ms) break
      if (policy !== 0 && this.plans.isResting(times.value, now)) continue
      found.push(times.value)
    }
    return found
  }

  /** Frees all that is pending in a group; its consumers' Trees are the caller's. */
  protected clearPending(group: number): void {
    this.times.open(this.word(group, groupTimesWord)).clear()
    const policy = this.word(group, groupPolicyWord)
    this.pending.open(this.word(group, groupPendingWord)).clear((pending) => {
      if (policy !== 0) this.plans.forget(pending)
      this.arena.free(pending)
    })
    if (policy !== 0) this.plans.free(policy)
  }

  /** Bytes of a group's pending entries and of the Trees that hang at the group. */
  protected pendingBytes(group: number): number {
    const policy = this.word(group, groupPolicyWord)
    const own = this.other.open(this.word(group, groupPendingWord))
    let bytes = own.memoryBytes()
    if (policy === 0) bytes += own.count * roundedBytes(pendingWords * 4)
    else {
      for (let more = own.first(); more; more = own.next()) bytes += this.plans.plannedBytes(own.value)
      bytes += this.plans.planBytes(policy)
    }
    return bytes + this.other.open(this.word(group, groupTimesWord)).memoryBytes()
  }

  private createPending(group: number, consumer: number, id: StreamId, ms: number, deliveries: number): number {
    const planned = this.word(group, groupPolicyWord) !== 0
    const pending = this.arena.alloc((planned ? plannedWords : pendingWords) * 4)
    if (planned) this.plans.begin(pending)
    const words = this.arena.u32[chunkOf(pending)]!
    const at = wordOf(pending)
    const msHigh = Math.floor(ms / two32)
    words[at] = consumer
    words[at + 1] = msHigh
    words[at + 2] = ms - msHigh * two32
    words[at + 3] = Math.min(deliveries, deliveriesMax)
    words[at + 4] = id.msHigh
    words[at + 5] = id.msLow
    words[at + 6] = id.seqHigh
    words[at + 7] = id.seqLow
    return pending
  }

  /** A block for the pending entry that has the words of a policy, in the place of the current one of `pending`. */
  protected enlarge(group: number, pending: number): number {
    if (this.arena.usableBytes(pending) >= plannedWords * 4) return pending
    const words = this.arena.u32[chunkOf(pending)]!.subarray(wordOf(pending), wordOf(pending) + pendingWords)
    const larger = this.arena.alloc(plannedWords * 4)
    this.arena.u32[chunkOf(larger)]!.set(words, wordOf(larger))
    this.pending.setValue(larger)
    const mine = this.other.open(this.word(this.word(larger, 0), consumerPendingWord))
    mine.probeId(this.word(larger, 4), this.word(larger, 5), this.word(larger, 6), this.word(larger, 7))
    if (!mine.find()) throw new Error('stream: pending entry is missing from its consumer')
    mine.setValue(larger)
    if (this.word(group, groupTimesWord) !== 0) {
      const times = this.times.open(this.word(group, groupTimesWord)).probeDelivery(this.delivered(larger), larger)
      if (!times.find()) throw new Error('stream: pending entry is missing among the times')
      times.setValue(larger)
    }
    this.arena.free(pending)
    return larger
  }

  private attach(consumer: number, id: StreamId, pending: number): void {
    const mine = this.other.open(this.word(consumer, consumerPendingWord))
    mine.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).insert(pending)
    this.setWord(consumer, consumerPendingWord, mine.root)
  }

  private detach(consumer: number, id: StreamId): void {
    const mine = this.other.open(this.word(consumer, consumerPendingWord))
    if (!mine.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow).remove()) {
      throw new Error('stream: pending entry is missing from its consumer')
    }
    this.setWord(consumer, consumerPendingWord, mine.root)
  }

  /** Turns to the pending entries of another consumer (0: of none). */
  private openOwner(consumer: number): void {
    if (this.owner !== 0) this.setWord(this.owner, consumerPendingWord, this.other.root)
    this.owner = consumer
    if (consumer !== 0) this.other.open(this.word(consumer, consumerPendingWord))
  }

  private indexTimes(group: number): void {
    const all = this.pending.open(this.word(group, groupPendingWord))
    for (let more = all.first(); more; more = all.next()) this.addTime(group, all.value)
  }

  private addTime(group: number, pending: number): void {
    const times = this.times.open(this.word(group, groupTimesWord))
    times.probeDelivery(this.delivered(pending), pending).insert(pending)
    this.setWord(group, groupTimesWord, times.root)
  }

  private dropTime(group: number, pending: number): void {
    const times = this.times.open(this.word(group, groupTimesWord))
    if (!times.probeDelivery(this.delivered(pending), pending).remove()) {
      throw new Error('stream: pending entry is missing among the times')
    }
    this.setWord(group, groupTimesWord, times.root)
  }

  protected word(block: number, index: number): number {
    return this.arena.u32[chunkOf(block)]![wordOf(block) + index]!
  }

  protected setWord(block: number, index: number, value: number): void {
    this.arena.u32[chunkOf(block)]![wordOf(block) + index] = value
  }

  /** Two words as a number, -1 for "unknown". */
  protected number(block: number, index: number): number {
    const high = this.word(block, index)
    return high === unknownWord ? -1 : high * two32 + this.word(block, index + 1)
  }

  protected setNumber(block: number, index: number, value: number): void {
    const high = value < 0 ? unknownWord : Math.floor(value / two32)
    this.setWord(block, index, high)
    this.setWord(block, index + 1, value < 0 ? 0 : value - high * two32)
  }
}
