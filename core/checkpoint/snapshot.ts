// A snapshot of the live engine without fork: a checkpoint of exactly the state at its cut, written a slice a turn
// while commands go on.
//
// It walks each database in the order of hash space. A key whose hash the walk has not reached yet and that is about to
// change is written first, as it was at the cut; one that is made meanwhile is left out. Names of both are remembered
// until the walk has passed them. So a command that changes a huge value before the walk comes to it pays for writing
// that one value; and FLUSHALL, FLUSHDB and SWAPDB, which change everything, wait until all is written, unless the
// snapshot is one that its owner would rather begin anew.

import { chunkOf, byteOf } from '../arena/arena.ts'
import type { Args } from '../args.ts'
import { visitKeys } from '../commands/key-positions.ts'
import type { KeySpec } from '../commands/spec.ts'
import type { Engine, SnapshotHooks } from '../engine.ts'
import { headerBytes, keyLength } from '../keyspace/entry.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import type { ByteSink, CheckpointWriter } from './checkpoint-writer.ts'
import { beginFile } from './rdb-save.ts'
import type { SaveOptions } from './rdb-save.ts'
import { finishedKeysMax } from '../limits.ts'
import { attachSnapshot, detachSnapshot } from './snapshots.ts'

/** Keys that are written between two looks at the clock. */
const keysPerLook = 16

export type SnapshotOptions = SaveOptions & {
  /** Called when it was given up: all is about to change, and many keys were left. Without it they are written then. */
  onGivenUp?: () => void
}

type Part = { db: Keyspace; keys: number; dated: number }

export class Snapshot implements SnapshotHooks {
  /** Keys at the cut, and how many of them are written. */
  readonly keys: number
  written: number
  private readonly engine: Engine
  private readonly writer: CheckpointWriter
  private readonly onGivenUp: (() => void) | undefined
  private attached: boolean
  /** What is left to walk, the first of it from `cursor` on. */
  private readonly parts: Part[]
  private cursor: number
  /** By database, the names of keys before the walk that are written already, or not to be written. */
  private readonly passed: Map<Keyspace, Set<string>>
  /** Database that the file is at. */
  private at: number

  /** The cut is now. Bytes go to `sink` in this call and in later ones, also in the middle of commands. */
  constructor(engine: Engine, sink: ByteSink, options: SnapshotOptions) {
    this.engine = engine
    this.parts = engine.dbs.filter((db) => db.count > 0)
      .map((db) => ({ db, keys: db.count, dated: db.deadlines.count }))
    this.keys = this.parts.reduce((sum, part) => sum + part.keys, 0)
    this.written = 0
    this.cursor = 0
    this.passed = new Map(this.parts.map(({ db }) => [db, new Set()]))
    this.at = -1
    this.writer = beginFile(engine, sink, options)
    this.onGivenUp = options.onGivenUp
    this.attached = true
    attachSnapshot(engine, this)
  }

  /** Writes on until the monotonic clock passes `until`; true when the file is complete. */
  step(until: number): boolean {
    const { engine } = this
    while (this.parts.length > 0) {
      this.walk(keysPerLook)
      if (engine.clock.monotonicMs() >= until) break
    }
    if (this.parts.length > 0) return false
    this.end()
    return true
  }

  finish(): void {
    if (this.onGivenUp !== undefined && this.keys - this.written > finishedKeysMax) {
      this.abandon()
      this.onGivenUp()
      return
    }
    while (this.parts.length > 0) this.walk(1024)
    this.end()
  }

  /** Gives up: nobody wants the file any more. */
  abandon(): void {
    if (this.attached) detachSnapshot(this.engine, this)
    this.attached = false
  }

  beforeCommand(keys: readonly KeySpec[], a: Args): void {
    if (keys.length === 0 || this.parts.length === 0) return
    const { db } = this.engine
    // Redis declares its keys as only read, but groups are part of a stream.
    const changesAll = a.is(0, 'XREADGROUP')
    const known = visitKeys(keys, a, 0, (arg, spec) => {
      const from = a.start[arg]!
      const to = a.end[arg]!
      const hash = db.hash(a.buf, from, to)
      if (this.isBehind(db, hash)) return
      const entry = db.find(a.buf, from, to, hash)
      if (entry === 0) return
      if (changesAll || !spec.flags.includes('RO') || db.isDue(entry)) this.beforeChange(db, entry, hash)
    })
    // Keys that nobody can tell (SORT BY) may be due: removing them in the middle of a command is too late for writing.
    if (!known && db.nextDeadline() <= this.engine.now) this.finish()
  }

  beforeChange(db: Keyspace, entry: number, hash: number): void {
    if (this.isBehind(db, hash)) return
    const { arena } = this.engine
    const from = byteOf(entry) + headerBytes
    if (!this.pass(db, arena.u8[chunkOf(entry)]!, from, from + keyLength(arena, entry))) return
    this.write(db, entry)
  }

  created(db: Keyspace, buf: Uint8Array, from: number, to: number, hash: number): void {
    if (!this.isBehind(db, hash)) this.pass(db, buf, from, to)
  }

  /** The walk has passed this place, or the database had no key at the cut. */
  private isBehind(db: Keyspace, hash: number): boolean {
    const first = this.parts[0]
    if (first === undefined) return true
    if (first.db === db) return hash < this.cursor
    return !this.parts.some((part) => part.db === db)
  }

  /** Remembers the name; false when it was remembered already. */
  private pass(db: Keyspace, buf: Uint8Array, from: number, to: number): boolean {
    const names = this.passed.get(db)!
    const name = nameOf(buf, from, to)
    if (names.has(name)) return false
    names.add(name)
    return true
  }

  private walk(count: number): void {
    const { db } = this.parts[0]!
    const { arena } = this.engine
    const passed = this.passed.get(db)!
    const next = db.dict.scan(this.cursor, count, (entry) => {
      if (passed.size > 0) {
        const from = byteOf(entry) + headerBytes
        if (passed.delete(nameOf(arena.u8[chunkOf(entry)]!, from, from + keyLength(arena, entry)))) return
      }
      this.write(db, entry)
    })
    this.cursor = next
    if (next !== 0) return
    this.parts.shift()
    this.passed.delete(db)
  }

  private write(db: Keyspace, entry: number): void {
    if (this.at !== db.index) {
      this.at = db.index
      const part = this.parts.find((p) => p.db === db)!
      this.writer.database(db.index, part.keys, part.dated)
    }
    this.writer.key(this.engine, entry)
    this.written++
  }

  private end(): void {
    if (!this.attached) return
    this.abandon()
    this.writer.end()
  }
}

function nameOf(buf: Uint8Array, from: number, to: number): string {
  return Buffer.from(buf.buffer, buf.byteOffset + from, to - from).toString('latin1')
}
