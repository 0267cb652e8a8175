// What producers of a stream added under ids of their own, so that adding again is found out (XADD IDMP, XCFGSET).
// Semantics: https://redis.io/docs/latest/develop/data-types/streams/idempotency/
//
//   root      ┌ duration s │ most ids │ added ×2 │ duplicates ×2 │ producers (names) │ records │ oldest │ newest ┐
//   producer  ┌ its records (names) │ records │ oldest │ newest │ name's entry ┐
//   record    ┌ stream id ×4 │ added ms ×2 │ older │ newer │ producer's next │ producer │ name's entry ┐
//
// Names are kept as stream-names.ts says. Records stand in two lists: of all, by which they end with their time, and of
// their producer, which keeps only so many. Both only shrink when a record is added: that is logged, looking is not.

import { chunkOf, roundedBytes, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { idempotenceIdsDefault, idempotenceSecondsDefault } from '../limits.ts'
import type { StreamId } from './stream-id.ts'
import { Names } from './stream-names.ts'

const rootWords = 10
const producerWords = 5
const recordWords = 11
const two32 = 0x100000000

export class Idempotence {
  readonly arena: Arena
  private readonly names: Names

  constructor(arena: Arena) {
    this.arena = arena
    this.names = new Names(arena)
  }

  create(): number {
    const root = this.arena.alloc(rootWords * 4)
    this.arena.u32[chunkOf(root)]!.fill(0, wordOf(root), wordOf(root) + rootWords)
    this.setWord(root, 0, idempotenceSecondsDefault)
    this.setWord(root, 1, idempotenceIdsDefault)
    return root
  }

  durationSeconds(root: number): number {
    return this.word(root, 0)
  }

  idsMax(root: number): number {
    return this.word(root, 1)
  }

  added(root: number): number {
    return this.word(root, 2) * two32 + this.word(root, 3)
  }

  duplicates(root: number): number {
    return this.word(root, 4) * two32 + this.word(root, 5)
  }

  producers(root: number): number {
    return this.names.count(this.word(root, 6))
  }

  records(root: number): number {
    return this.word(root, 7)
  }

  /** Sets how long and how many; where that is new, all records go. True when it was. */
  configure(root: number, durationSeconds: number, idsMax: number): boolean {
    if (this.durationSeconds(root) === durationSeconds && this.idsMax(root) === idsMax) return false
    this.setWord(root, 0, durationSeconds)
    this.setWord(root, 1, idsMax)
    while (this.word(root, 8) !== 0) this.drop(root, this.word(root, 8))
    return true
  }

  /** True, and `into` is the stream id, when the producer's record `iid` stands. */
  find(root: number, pid: Buffer, iid: Buffer, now: number, into: StreamId): boolean {
    const producer = this.names.find(this.word(root, 6), pid, 0, pid.length)
    if (producer === 0) return false
    const record = this.names.find(this.word(producer, 0), iid, 0, iid.length)
    if (record === 0 || this.isOver(root, record, now)) return false
    into.set(this.word(record, 0), this.word(record, 1), this.word(record, 2), this.word(record, 3))
    return true
  }

  countDuplicate(root: number): void {
    this.count(root, 4)
  }

  /** Records that the producer's `iid` became the entry `id`; no such record may stand. */
  add(root: number, pid: Buffer, iid: Buffer, now: number, id: StreamId): void {
    while (this.word(root, 8) !== 0 && this.isOver(root, this.word(root, 8), now)) this.drop(root, this.word(root, 8))
    this.append(root, pid, iid, now, id)
    this.count(root, 2)
  }

  private append(root: number, pid: Buffer, iid: Buffer, ms: number, id: StreamId): void {
    let producer = this.names.find(this.word(root, 6), pid, 0, pid.length)
    if (producer === 0) producer = this.createProducer(root, pid)
    else if (this.word(producer, 1) >= this.idsMax(root)) {
      // The producer stays for the new record, also where it was its only one.
      this.dropFromProducer(producer, this.unlink(root, this.word(producer, 2)))
    }
    const record = this.arena.alloc(recordWords * 4)
    this.setWord(record, 0, id.msHigh)
    this.setWord(record, 1, id.msLow)
    this.setWord(record, 2, id.seqHigh)
    this.setWord(record, 3, id.seqLow)
    this.setWord(record, 4, Math.floor(ms / two32))
    this.setWord(record, 5, ms % two32)
    this.setWord(record, 6, this.word(root, 9))
    this.setWord(record, 7, 0)
    this.setWord(record, 8, 0)
    this.setWord(record, 9, producer)
    this.setWord(producer, 0, this.names.add(this.word(producer, 0), iid, 0, iid.length, record))
    this.setWord(record, 10, this.names.added)
    if (this.word(root, 9) === 0) this.setWord(root, 8, record)
    else this.setWord(this.word(root, 9), 7, record)
    this.setWord(root, 9, record)
    if (this.word(producer, 3) === 0) this.setWord(producer, 2, record)
    else this.setWord(this.word(producer, 3), 8, record)
    this.setWord(producer, 3, record)
    this.setWord(producer, 1, this.word(producer, 1) + 1)
    this.setWord(root, 7, this.word(root, 7) + 1)
  }

  private createProducer(root: number, pid: Buffer): number {
    const producer = this.arena.alloc(producerWords * 4)
    this.arena.u32[chunkOf(producer)]!.fill(0, wordOf(producer), wordOf(producer) + producerWords)
    this.setWord(root, 6, this.names.add(this.word(root, 6), pid, 0, pid.length, producer))
    this.setWord(producer, 4, this.names.added)
    return producer
  }

  /** Takes a producer's oldest record away, and the producer when it was its last. */
  private drop(root: number, record: number): void {
    const producer = this.word(record, 9)
    this.dropFromProducer(producer, this.unlink(root, record))
    if (this.word(producer, 1) > 0) return
    this.setWord(root, 6, this.names.drop(this.word(root, 6), this.word(producer, 4)))
    this.arena.free(producer)
  }

  /** Takes a record out of the list of all. */
  private unlink(root: number, record: number): number {
    const older = this.word(record, 6)
    const newer = this.word(record, 7)
    if (older === 0) this.setWord(root, 8, newer)
    else this.setWord(older, 7, newer)
    if (newer === 0) this.setWord(root, 9, older)
    else this.setWord(newer, 6, older)
    this.setWord(root, 7, this.word(root, 7) - 1)
    return record
  }

  /** Frees a producer's oldest record, which is out of the list of all. */
  private dropFromProducer(producer: number, record: number): void {
    if (this.word(producer, 2) !== record) throw new Error('stream: a record goes before an older one of its producer')
    const next = this.word(record, 8)
    this.setWord(producer, 2, next)
    if (next === 0) this.setWord(producer, 3, 0)
    this.setWord(producer, 1, this.word(producer, 1) - 1)
    this.setWord(producer, 0, this.names.drop(this.word(producer, 0), this.word(record, 10)))
    this.arena.free(record)
  }

  private isOver(root: number, record: number, now: number): boolean {
    return this.addedMs(record) + this.durationSeconds(root) * 1000 <= now
  }

  private addedMs(record: number): number {
    return this.word(record, 4) * two32 + this.word(record, 5)
  }

  free(root: number): void {
    while (this.word(root, 8) !== 0) this.drop(root, this.word(root, 8))
    this.arena.free(root)
  }

  copy(root: number, id: StreamId): number {
    const twin = this.create()
    for (let i = 0; i < 6; i++) this.setWord(twin, i, this.word(root, i))
    this.each(root, (pid, iid, ms, record) => {
      this.idOf(record, id)
      this.append(twin, pid, iid, ms, id)
    })
    return twin
  }

  /** Visits the records, the oldest first. */
  each(root: number, visit: (pid: Buffer, iid: Buffer, ms: number, record: number) => void): void {
    for (let record = this.word(root, 8); record !== 0; record = this.word(record, 7)) {
      const pid = this.names.nameOf(this.word(this.word(record, 9), 4))
      visit(pid, this.names.nameOf(this.word(record, 10)), this.addedMs(record), record)
    }
  }

  /** `into` becomes the entry that a record stands for. */
  idOf(record: number, into: StreamId): void {
    into.set(this.word(record, 0), this.word(record, 1), this.word(record, 2), this.word(record, 3))
  }

  /** A record as it was, from a file: newer than all that are there. */
  restore(root: number, pid: Buffer, iid: Buffer, ms: number, id: StreamId): void {
    this.append(root, pid, iid, ms, id)
  }

  /** The counters as they were. */
  setCounts(root: number, added: number, duplicates: number): void {
    this.setWord(root, 2, Math.floor(added / two32))
    this.setWord(root, 3, added % two32)
    this.setWord(root, 4, Math.floor(duplicates / two32))
    this.setWord(root, 5, duplicates % two32)
  }

  memoryBytes(root: number): number {
    let bytes = this.arena.usableBytes(root) + this.names.memoryBytes(this.word(root, 6))
    for (const producer of this.names.list(this.word(root, 6))) {
      bytes += this.arena.usableBytes(producer) + this.names.memoryBytes(this.word(producer, 0))
      bytes += this.word(producer, 1) * roundedBytes(recordWords * 4)
    }
    return bytes
  }

  private count(root: number, index: number): void {
    const low = (this.word(root, index + 1) + 1) >>> 0
    this.setWord(root, index + 1, low)
    if (low === 0) this.setWord(root, index, this.word(root, index) + 1)
  }

  private word(block: number, index: number): number {
    return this.arena.u32[chunkOf(block)]![wordOf(block) + index]!
  }

  private setWord(block: number, index: number, value: number): void {
    this.arena.u32[chunkOf(block)]![wordOf(block) + index] = value
  }
}
