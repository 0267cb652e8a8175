// Consumer groups of a stream, and their consumers. What was delivered to whom: stream-pending.ts.
//
//   group     ┌ last id ×4 │ entries read ×2 │ pending (Tree) │ consumers (Tree) │ name's entry │ times (Tree)
//             │ policy ┐
//   consumer  ┌ seen ms ×2 │ active ms ×2 │ pending (Tree) │ name's entry ┐
//
// A pair of words whose first has all bits set stands for "unknown": entries read after XGROUP SETID, a consumer never
// active. A consumer without a name that was never seen is nobody: it holds what XNACK released.
//
// One Groups object per engine; each call names the group, consumer or pending block that it works on.

import type { Arena } from '../arena/arena.ts'
import { StreamId } from './stream-id.ts'
import { Names } from './stream-names.ts'
import {
  consumerPendingWord, groupPendingWord, groupPolicyWord, groupTimesWord, PendingLists,
} from './stream-pending.ts'
import type { Policy } from './stream-policy.ts'

const groupWords = 11
const groupEntryWord = 8
const consumersWord = 7
const consumerWords = 6
const noName = new Uint8Array(0)
const removed = new StreamId()

export class Groups extends PendingLists {
  private readonly names: Names

  constructor(arena: Arena) {
    super(arena)
    this.names = new Names(arena)
  }

  // Names: groups of a stream, consumers of a group.

  /** The body of the group or consumer named `buf[from..to)`, 0 when there is none. */
  find(root: number, buf: Uint8Array, from: number, to: number): number {
    return this.names.find(root, buf, from, to)
  }

  /** Bodies in the order of their names. */
  list(root: number): number[] {
    return this.names.list(root)
  }

  count(root: number): number {
    return this.names.count(root)
  }

  // Groups.

  /** A new group; its name must be absent. Returns the names' new root. `entriesRead` -1: unknown. */
  createGroup(
    root: number, buf: Uint8Array, from: number, to: number, lastId: StreamId, entriesRead: number,
  ): { root: number; group: number } {
    const group = this.arena.alloc(groupWords * 4)
    this.setWord(group, groupPendingWord, 0)
    this.setWord(group, consumersWord, 0)
    this.setWord(group, groupTimesWord, 0)
    this.setWord(group, groupPolicyWord, 0)
    this.setLastDelivered(group, lastId)
    this.setEntriesRead(group, entriesRead)
    const names = this.names.add(root, buf, from, to, group)
    this.setWord(group, groupEntryWord, this.names.added)
    return { root: names, group }
  }

  /** Removes a group with all its consumers and pending entries. Returns the names' new root. */
  destroyGroup(root: number, group: number): number {
    for (const consumer of this.list(this.consumers(group))) this.freeConsumer(consumer)
    this.names.clear(this.consumers(group))
    this.clearPending(group)
    const left = this.names.drop(root, this.word(group, groupEntryWord))
    this.arena.free(group)
    return left
  }

  destroyAll(root: number): void {
    for (let left = root; left !== 0;) left = this.destroyGroup(left, this.list(left)[0]!)
  }

  groupName(group: number): Buffer {
    return this.names.nameOf(this.word(group, groupEntryWord))
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

  consumers(group: number): number {
    return this.word(group, consumersWord)
  }

  // Policies.

  /** The group's policy as a block for `plans`, 0 when it has none. */
  policy(group: number): number {
    return this.word(group, groupPolicyWord)
  }

  /**
   * Gives the group another policy, or none. What is pending is planned by it; `findKey` is told of each pending block,
   * to set its key in an ordered group.
   */
  setPolicy(group: number, policy: Policy | undefined, findKey: (policy: number, pending: number) => void): void {
    const { plans } = this
    const before = this.policy(group)
    if (before === 0 && policy === undefined) return
    if (before !== 0) plans.free(before)
    const block = policy === undefined ? 0 : plans.create(policy)
    this.setWord(group, groupPolicyWord, block)
    const all = this.openPending(this.groupPending(group))
    for (let more = all.first(); more; more = all.next()) {
      const pending = block === 0 ? all.value : this.enlarge(group, all.value)
      if (before === 0) plans.begin(pending)
      else plans.detach(pending)
      if (block === 0) plans.forget(pending)
      else {
        findKey(block, pending)
        plans.replan(block, pending, this.isNobody(this.pendingConsumer(pending)), this.delivered(pending))
      }
    }
  }

  /** Plans a pending entry anew after it was delivered, changed hands or was given back. */
  plan(group: number, pending: number, now: number): void {
    const policy = this.policy(group)
    if (policy === 0) return
    this.plans.plan(policy, pending, this.isNobody(this.pendingConsumer(pending)), this.delivered(pending), now)
  }

  // Consumers.

  /** Who holds what was released: made when first needed. */
  nobody(group: number): number {
    const known = this.find(this.consumers(group), noName, 0, 0)
    return known !== 0 ? known : this.createConsumer(group, noName, 0, 0, -1)
  }

  isNobody(consumer: number): boolean {
    return this.seen(consumer) < 0
  }

  /** The group's consumers but nobody, in the order of their names. */
  present(group: number): number[] {
    return this.list(this.consumers(group)).filter((consumer) => !this.isNobody(consumer))
  }

  /** How many consumers there are but nobody. */
  presentCount(group: number): number {
    const known = this.find(this.consumers(group), noName, 0, 0)
    return this.count(this.consumers(group)) - (known !== 0 && this.isNobody(known) ? 1 : 0)
  }

  /** How many pending entries nobody holds. */
  releasedCount(group: number): number {
    const known = this.find(this.consumers(group), noName, 0, 0)
    return known !== 0 && this.isNobody(known) ? this.consumerPendingCount(known) : 0
  }

  /** The consumer of this name, 0 when there is none (or it is nobody). */
  findConsumer(group: number, buf: Uint8Array, from: number, to: number): number {
    const known = this.find(this.consumers(group), buf, from, to)
    return known !== 0 && from === to && this.isNobody(known) ? 0 : known
  }

  /** The name must be absent (or nobody's, who then appears). `now` -1: never seen. */
  createConsumer(group: number, buf: Uint8Array, from: number, to: number, now: number): number {
    const nobody = from === to ? this.find(this.consumers(group), buf, from, to) : 0
    if (nobody !== 0) {
      this.setSeen(nobody, now)
      return nobody
    }
    const consumer = this.arena.alloc(consumerWords * 4)
    this.setWord(consumer, consumerPendingWord, 0)
    this.setSeen(consumer, now)
    this.setActive(consumer, -1)
    this.setWord(group, consumersWord, this.names.add(this.consumers(group), buf, from, to, consumer))
    this.setWord(consumer, 5, this.names.added)
    return consumer
  }

  /** Removes a consumer and what is pending for it; returns how many entries that were. */
  destroyConsumer(group: number, consumer: number): number {
    const blocks: number[] = []
    const mine = this.openPending(this.consumerPending(consumer))
    for (let more = mine.first(); more; more = mine.next()) blocks.push(mine.value)
    this.beginRemoval(group)
    for (const block of blocks) this.removeNext(group, this.pendingId(block, removed))
    this.endRemoval(group)
    const entry = this.word(consumer, 5)
    this.freeConsumer(consumer)
    this.setWord(group, consumersWord, this.names.drop(this.consumers(group), entry))
    return blocks.length
  }

  /** Frees the body and its Tree; the pending blocks belong to the group's Tree. */
  private freeConsumer(consumer: number): void {
    this.other.open(this.consumerPending(consumer)).clear()
    this.arena.free(consumer)
  }

  consumerName(consumer: number): Buffer {
    return this.names.nameOf(this.word(consumer, 5))
  }

  /** Unix ms of the last attempt to interact, -1 for nobody. */
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

  /** Bytes of everything under the names' root. */
  memoryBytes(root: number): number {
    let bytes = this.names.memoryBytes(root)
    for (const group of this.list(root)) {
      bytes += this.arena.usableBytes(group) + this.pendingBytes(group) + this.names.memoryBytes(this.consumers(group))
      for (const consumer of this.list(this.consumers(group))) {
        bytes += this.arena.usableBytes(consumer)
        bytes += this.other.open(this.consumerPending(consumer)).memoryBytes()
      }
    }
    return bytes
  }

  /** Walks all groups of a stream and throws where the Trees of pending entries disagree. */
  check(root: number): void {
    for (const group of this.list(root)) {
      this.pending.open(this.groupPending(group)).check()
      let owned = 0
      for (const consumer of this.list(this.consumers(group))) {
        const mine = this.other.open(this.consumerPending(consumer))
        mine.check()
        for (let more = mine.first(); more; more = mine.next()) {
          owned++
          if (this.pendingConsumer(mine.value) !== consumer) throw new Error('stream: pending entry of another')
          const id = this.pendingId(mine.value, removed)
          const all = this.pending.open(this.groupPending(group))
          all.probeId(id.msHigh, id.msLow, id.seqHigh, id.seqLow)
          if (!all.find() || all.value !== mine.value) throw new Error('stream: pending entry is not the group\'s')
        }
      }
      if (owned !== this.groupPendingCount(group)) throw new Error('stream: pending entries without a consumer')
      const times = this.times.open(this.word(group, groupTimesWord))
      times.check()
      if (times.count !== 0 && times.count !== owned) throw new Error('stream: pending entries without a time')
      if (this.policy(group) === 0) continue
      const all: number[] = []
      const walk = this.pending.open(this.groupPending(group))
      for (let more = walk.first(); more; more = walk.next()) all.push(walk.value)
      this.plans.check(this.policy(group), all)
    }
  }
}
