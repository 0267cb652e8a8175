// What a group's policy means for its pending entries: when each may be delivered again, and which must wait.
//
//   pending  … │ due ms ×2 │ key │ before │ behind │ note (bytes) │ state ┐     behind the words of stream-pending.ts
//   key      ┌ first pending │ last pending │ name's entry ┐
//   state    bits 0–1: Tree it is in (1 again, 2 spent) │ 2: its due is its own │ 3: its key is known
//   note     length of the last consumer's name u32, the name, the error that it told
//
// An entry that is to be delivered again at its due stands in the Tree `again`; one that was delivered often enough,
// and is a dead letter then, in `spent`. The due follows from the last delivery (lease, then backoff) unless it is its
// own: that of what was given back.
//
// In an ordered group the pending entries of one key are a list by their ids. Only the first of them may be in a Tree;
// those behind it are held.

import { chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { Tree } from '../arena/tree.ts'
import { Names } from './stream-names.ts'
import { planWords, Policies } from './stream-policy.ts'

export const plannedWords = 15
const at = { due: 8, key: 10, before: 11, behind: 12, note: 13, state: 14 } as const
const deliveriesWord = 3
const idWord = 4
const treeBits = 3
const inAgain = 1
const inSpent = 2
const ownDue = 4
const keyKnown = 8
const unknownWord = 0xffffffff
const keyWords = 3

/** Who had a pending entry last, and what it told when it gave it back. */
export type Note = { consumer: Buffer; error: Buffer }

export class Plans extends Policies {
  private readonly tree: Tree
  private readonly names: Names

  constructor(arena: Arena) {
    super(arena)
    this.tree = new Tree(arena, 'delivery')
    this.names = new Names(arena)
  }

  /** Frees a policy and what follows from it; notes of pending entries go by `forget`. */
  override free(policy: number): void {
    this.tree.open(this.word(policy, planWords.again)).clear()
    this.tree.open(this.word(policy, planWords.spent)).clear()
    for (const key of this.names.list(this.word(policy, planWords.keys))) this.arena.free(key)
    this.names.clear(this.word(policy, planWords.keys))
    super.free(policy)
  }

  // Blocks of pending entries.

  /** Begins the words of a new pending block. */
  begin(pending: number): void {
    const words = this.arena.u32[chunkOf(pending)]!
    const head = wordOf(pending)
    words.fill(0, head + at.due, head + plannedWords)
    words[head + at.due] = unknownWord
  }

  /** The entry is about to be no longer pending. */
  drop(policy: number, pending: number): void {
    this.uproot(policy, pending)
    this.unlink(policy, pending)
    this.forget(pending)
  }

  /** Frees what is kept beside a pending block. */
  forget(pending: number): void {
    const note = this.word(pending, at.note)
    if (note !== 0) this.arena.free(note)
    this.setWord(pending, at.note, 0)
  }

  /** Unix ms at which the entry may be delivered again, Infinity when it never is by itself. */
  due(pending: number): number {
    return this.word(pending, at.due) === unknownWord ? Infinity : this.ms(pending, at.due)
  }

  hasOwnDue(pending: number): boolean {
    return (this.word(pending, at.state) & ownDue) !== 0
  }

  /**
   * Plans the entry anew after it changed. `released`: nobody has it, from `now` on; else it was delivered at
   * `delivered`.
   */
  plan(policy: number, pending: number, released: boolean, delivered: number, now: number): void {
    const deliveries = this.word(pending, deliveriesWord)
    const spent = this.isSpent(policy, deliveries)
    const rest = spent ? 0 : this.backoffMs(policy, deliveries)
    if (released) {
      // At once is 0: the same for all, so that they come in the order of their ids.
      this.place(policy, pending, rest === 0 ? 0 : now + rest, rest !== 0)
      return
    }
    const lease = this.leaseMs(policy)
    this.place(policy, pending, lease === 0 ? Infinity : delivered + lease + rest, false)
    this.forget(pending)
  }

  /** As `plan`, where the policy is new: what has a due of its own keeps it. */
  replan(policy: number, pending: number, released: boolean, delivered: number): void {
    if (this.hasOwnDue(pending)) this.place(policy, pending, this.due(pending), true)
    else if (released) this.place(policy, pending, 0, false)
    else this.plan(policy, pending, false, delivered, 0)
  }

  /** The entry is due at `due` (unix ms), whatever its delivery says. */
  postpone(policy: number, pending: number, due: number): void {
    this.place(policy, pending, due, true)
  }

  private place(policy: number, pending: number, due: number, own: boolean): void {
    this.uproot(policy, pending)
    if (due === Infinity) this.setWord(pending, at.due, unknownWord)
    else this.setMs(pending, at.due, due)
    const state = this.word(pending, at.state) & ~ownDue
    this.setWord(pending, at.state, own ? state | ownDue : state)
    this.root(policy, pending)
  }

  /** Puts the entry into its Tree, if it is due at some time and not held. */
  private root(policy: number, pending: number): void {
    const due = this.due(pending)
    if (due === Infinity || this.isBehind(pending)) return
    const spent = this.isSpent(policy, this.word(pending, deliveriesWord))
    const word = spent ? planWords.spent : planWords.again
    this.tree.open(this.word(policy, word)).probeDelivery(due, pending).insert(pending)
    this.setWord(policy, word, this.tree.root)
    this.setWord(pending, at.state, this.word(pending, at.state) | (spent ? inSpent : inAgain))
  }

  private uproot(policy: number, pending: number): void {
    const state = this.word(pending, at.state)
    if ((state & treeBits) === 0) return
    const word = (state & treeBits) === inSpent ? planWords.spent : planWords.again
    if (!this.tree.open(this.word(policy, word)).probeDelivery(this.due(pending), pending).remove()) {
      throw new Error('stream: pending entry is missing from its plan')
    }
    this.setWord(policy, word, this.tree.root)
    this.setWord(pending, at.state, state & ~treeBits)
  }

  // What is due.

  /** The pending entry that may be delivered again first, 0 when there is none. */
  firstAgain(policy: number): number {
    return this.tree.open(this.word(policy, planWords.again)).first() ? this.tree.value : 0
  }

  /** As `firstAgain`, behind those that were due at `ms`. */
  firstAgainAfter(policy: number, ms: number): number {
    const again = this.tree.open(this.word(policy, planWords.again))
    return again.probeMs(ms + 1).seek() ? again.value : 0
  }

  /** How many pending entries may be delivered again at `ms`. */
  againBy(policy: number, ms: number): number {
    return this.tree.open(this.word(policy, planWords.again)).probeMs(ms + 1).rank()
  }

  /** The pending entry that becomes a dead letter first, 0 when there is none. */
  firstSpent(policy: number): number {
    return this.tree.open(this.word(policy, planWords.spent)).first() ? this.tree.value : 0
  }

  /**
   * When (unix ms) something is to be done for the group next, Infinity for never: a dead letter is due, readers are to
   * be told of an entry, or consumers to be looked at. It is the same however often it is asked for.
   */
  nextEvent(policy: number): number {
    let next = this.reapMs(policy) === 0 ? Infinity : this.reapAt(policy)
    const again = this.firstAgainAfter(policy, this.woken(policy))
    if (again !== 0) next = Math.min(next, this.due(again))
    const spent = this.hasDeadLetter(policy) ? this.firstSpent(policy) : 0
    return spent === 0 ? next : Math.min(next, this.due(spent))
  }

  /** How many pending entries are held back by others of their key. */
  held(policy: number): number {
    return this.word(policy, planWords.held)
  }

  /** True when the entry must not be taken up now by whoever asks for what is idle: it rests, or it is held. */
  isResting(pending: number, now: number): boolean {
    return this.isBehind(pending) || (this.hasOwnDue(pending) && this.due(pending) > now)
  }

  // Keys of an ordered group.

  hasKnownKey(pending: number): boolean {
    return (this.word(pending, at.state) & keyKnown) !== 0
  }

  /** True when an entry of this key is pending. */
  isOut(policy: number, buf: Uint8Array, from: number, to: number): boolean {
    return this.names.find(this.word(policy, planWords.keys), buf, from, to) !== 0
  }

  /** The entry has no key: nothing holds it. */
  setKeyless(pending: number): void {
    this.setWord(pending, at.state, this.word(pending, at.state) | keyKnown)
  }

  /** The entry has the key `buf[from..to)`: it takes its place in the list of the key. */
  setKey(policy: number, pending: number, buf: Uint8Array, from: number, to: number): void {
    let key = this.names.find(this.word(policy, planWords.keys), buf, from, to)
    if (key === 0) {
      key = this.arena.alloc(keyWords * 4)
      this.setWord(key, 0, 0)
      this.setWord(key, 1, 0)
      this.setWord(policy, planWords.keys, this.names.add(this.word(policy, planWords.keys), buf, from, to, key))
      this.setWord(key, 2, this.names.added)
    } else this.setWord(policy, planWords.held, this.held(policy) + 1)
    // As a rule an entry is the last of its key.
    let before = this.word(key, 1)
    while (before !== 0 && this.isAbove(before, pending)) before = this.word(before, at.before)
    const behind = before === 0 ? this.word(key, 0) : this.word(before, at.behind)
    this.setWord(pending, at.before, before)
    this.setWord(pending, at.behind, behind)
    if (before !== 0) this.setWord(before, at.behind, pending)
    else {
      this.setWord(key, 0, pending)
      if (behind !== 0) this.uproot(policy, behind)
    }
    if (behind !== 0) this.setWord(behind, at.before, pending)
    else this.setWord(key, 1, pending)
    if (before !== 0) this.uproot(policy, pending)
    this.setWord(pending, at.key, key)
    this.setKeyless(pending)
  }

  /** The key that the entry was found to have, undefined for none. */
  keyOf(pending: number): Buffer | undefined {
    const key = this.word(pending, at.key)
    return key === 0 ? undefined : this.names.nameOf(this.word(key, 2))
  }

  /** Takes the entry out of the list of its key; the next one behind the first is free then. */
  private unlink(policy: number, pending: number): void {
    const key = this.word(pending, at.key)
    if (key === 0) return
    const before = this.word(pending, at.before)
    const behind = this.word(pending, at.behind)
    if (before === 0) this.setWord(key, 0, behind)
    else this.setWord(before, at.behind, behind)
    if (behind === 0) this.setWord(key, 1, before)
    else this.setWord(behind, at.before, before)
    this.setWord(pending, at.key, 0)
    if (before === 0 && behind === 0) {
      this.setWord(policy, planWords.keys, this.names.drop(this.word(policy, planWords.keys), this.word(key, 2)))
      this.arena.free(key)
      return
    }
    this.setWord(policy, planWords.held, this.held(policy) - 1)
    if (before === 0) this.root(policy, behind)
  }

  private isBehind(pending: number): boolean {
    const key = this.word(pending, at.key)
    return key !== 0 && this.word(key, 0) !== pending
  }

  private isAbove(one: number, other: number): boolean {
    for (let word = idWord; word < idWord + 4; word++) {
      const difference = this.word(one, word) - this.word(other, word)
      if (difference !== 0) return difference > 0
    }
    return false
  }

  // Notes.

  noteOf(pending: number): Note | undefined {
    const bytes = this.load(this.word(pending, at.note))
    if (bytes === undefined) return undefined
    const end = 4 + bytes.readUInt32LE(0)
    return { consumer: bytes.subarray(4, end), error: bytes.subarray(end) }
  }

  setNote(pending: number, note: Note): void {
    this.forget(pending)
    const head = Buffer.alloc(4)
    head.writeUInt32LE(note.consumer.length)
    this.setWord(pending, at.note, this.store(Buffer.concat([head, note.consumer, note.error])))
  }

  // The whole.

  /** Bytes of a pending block and what is kept beside it. */
  plannedBytes(pending: number): number {
    const note = this.word(pending, at.note)
    return this.arena.usableBytes(pending) + (note === 0 ? 0 : this.arena.usableBytes(note))
  }

  /** Bytes of the policy and what follows from it, but for the pending blocks. */
  planBytes(policy: number): number {
    const keys = this.word(policy, planWords.keys)
    let bytes = this.memoryBytes(policy) + this.names.memoryBytes(keys)
    for (const key of this.names.list(keys)) bytes += this.arena.usableBytes(key)
    for (const word of [planWords.again, planWords.spent]) {
      bytes += this.tree.open(this.word(policy, word)).memoryBytes()
    }
    return bytes
  }

  /** The pending block is in no Tree and no list any more. */
  detach(pending: number): void {
    this.setWord(pending, at.key, 0)
    this.setWord(pending, at.state, this.word(pending, at.state) & ownDue)
  }

  /** Throws where Trees and lists disagree; `pending`: all of the group. */
  check(policy: number, pending: readonly number[]): void {
    let held = 0
    let planned = 0
    for (const one of pending) {
      const tree = this.word(one, at.state) & treeBits
      if (this.isBehind(one)) held++
      if (tree !== 0) planned++
      const wanted = this.due(one) === Infinity || this.isBehind(one) ? 0
        : this.isSpent(policy, this.word(one, deliveriesWord)) ? inSpent : inAgain
      if (tree !== wanted) throw new Error('stream: pending entry is planned as it should not be')
    }
    if (held !== this.held(policy)) throw new Error('stream: held entries are miscounted')
    for (const word of [planWords.again, planWords.spent]) {
      this.tree.open(this.word(policy, word)).check()
      planned -= this.tree.count
    }
    if (planned !== 0) throw new Error('stream: planned entries are miscounted')
  }
}
