// One database: the Dict of its keys and the index of their deadlines.
// Callers hash a key once (`hash`) and give the hash to every call about that key within the command.

import { Dict } from '../arena/dict.ts'
import { chunkOf, byteOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import type { Engine } from '../engine.ts'
import { freeAtOnceEntriesMax } from '../limits.ts'
import { copyValue, earliestOf, freeValue, opsOf } from '../types/types.ts'
import { freshAccess, noteAccess } from './access.ts'
import { DeadlineIndex } from './deadlines.ts'
import {
  accessOf, blockBytes, deadlineOf, exactDeadlineOf, formOf, forms, hasDeadline, headerBytes, initEntry, keyLength,
  keyOf, rootOf, setAccess, setForm, setRoot, setType, typeOf, types, valueStart, writeDeadline, writeExactDeadline,
} from './entry.ts'
import type { Form, Type } from './entry.ts'
import { expireFields } from './field-expiry.ts'

export class Keyspace {
  readonly engine: Engine
  readonly arena: Arena
  /** Number of the database; SWAPDB exchanges it between two. */
  index: number
  /** Another one after an asynchronous flush. */
  dict: Dict
  readonly deadlines: DeadlineIndex
  /** The hashes whose fields have deadlines, by their earliest. */
  readonly fieldDeadlines: DeadlineIndex
  /** The streams whose groups have something to do at a time, by the earliest. */
  readonly plannedStreams: DeadlineIndex

  constructor(engine: Engine, index: number) {
    this.engine = engine
    this.arena = engine.arena
    this.index = index
    this.dict = new Dict(engine.arena, engine.hashSeed)
    this.deadlines = new DeadlineIndex(engine.arena)
    this.fieldDeadlines = new DeadlineIndex(engine.arena)
    this.plannedStreams = new DeadlineIndex(engine.arena)
  }

  get count(): number {
    return this.dict.count
  }

  /** Root pointer of a value that is no string. */
  rootOf(entry: number): number {
    return rootOf(this.arena, entry)
  }

  hash(buf: Uint8Array, from: number, to: number): number {
    return this.dict.hash(buf, from, to)
  }

  /** The entry as it stands, due or not: no statistics, no access time. 0 when absent. */
  find(buf: Uint8Array, from: number, to: number, hash: number): number {
    return this.dict.find(buf, from, to, hash)
  }

  /** The entry for a reading command: due keys are gone, hits and misses count, the access time moves. */
  lookupRead(buf: Uint8Array, from: number, to: number, hash: number): number {
    const entry = this.lookupQuiet(buf, from, to, hash)
    const engine = this.engine
    if (entry !== 0 && !engine.session.noTouch) noteAccess(engine, entry)
    return entry
  }

  /** As `lookupRead`, but the access time stays: for TYPE, TTL, EXISTS and their like. */
  lookupQuiet(buf: Uint8Array, from: number, to: number, hash: number): number {
    const entry = this.peek(buf, from, to, hash)
    const engine = this.engine
    if (entry !== 0) engine.stats.keyspaceHits++
    else {
      engine.stats.keyspaceMisses++
      if (engine.onEvent !== undefined) engine.onEvent('m', 'keymiss', this.index, buf, from, to)
    }
    return entry
  }

  /** The entry for a writing command: due keys are gone, the access time moves. */
  lookupWrite(buf: Uint8Array, from: number, to: number, hash: number): number {
    const entry = this.peek(buf, from, to, hash)
    const engine = this.engine
    if (entry !== 0 && !engine.session.noTouch) noteAccess(engine, entry)
    return entry
  }

  /** The entry without side effects but one: a due key is removed. */
  peek(buf: Uint8Array, from: number, to: number, hash: number): number {
    const entry = this.dict.find(buf, from, to, hash)
    if (entry === 0 || !hasDeadline(this.arena, entry)) return entry
    return this.expireIfDue(entry, hash) ? 0 : entry
  }

  /** True when the entry is due; outside replay it is then removed. */
  expireIfDue(entry: number, hash: number): boolean {
    if (!this.isDue(entry)) return false
    if (this.engine.due !== 'hidden') this.expire(entry, hash)
    return true
  }

  /** True when the entry is due and so must not be seen. In replay nothing is: the log says what went. */
  isDue(entry: number): boolean {
    if (!hasDeadline(this.arena, entry) || this.engine.replaying) return false
    return deadlineOf(this.arena, entry) <= this.engine.now
  }

  /** True when some key is not due. */
  get hasLive(): boolean {
    const dated = this.deadlines.count
    return this.count > dated || (dated > 0 && !this.isDue(this.deadlines.at(dated - 1)))
  }

  /** A fresh entry for an absent key. A string's value bytes (`valueBytes` of them) are the caller's to write. */
  create(type: Type, buf: Uint8Array, from: number, to: number, hash: number, valueBytes = 0): number {
    const entry = this.makeEntry(type, buf, from, to, valueBytes)
    this.dict.insert(hash, entry)
    this.tellCreated(buf, from, to, hash)
    return entry
  }

  /** As `create`, right after `dict.probe` found that the key is absent. */
  createProbed(type: Type, buf: Uint8Array, from: number, to: number, hash: number, valueBytes: number): number {
    const entry = this.makeEntry(type, buf, from, to, valueBytes)
    this.dict.fill(hash, entry)
    this.tellCreated(buf, from, to, hash)
    return entry
  }

  private makeEntry(type: Type, buf: Uint8Array, from: number, to: number, valueBytes: number): number {
    const arena = this.arena
    const size = to - from
    const entry = arena.alloc(blockBytes(size, valueBytes, false))
    initEntry(arena, entry, type, size, freshAccess(this.engine))
    if (type === types.string) setRoot(arena, entry, valueBytes)
    const u8 = arena.u8[chunkOf(entry)]!
    let at = byteOf(entry) + headerBytes
    if (size < 64) for (let i = from; i < to; i++) u8[at++] = buf[i]!
    else u8.set(buf.subarray(from, to), at)
    return entry
  }

  private tellCreated(buf: Uint8Array, from: number, to: number, hash: number): void {
    const engine = this.engine
    if (engine.snapshot !== undefined) engine.snapshot.created(this, buf, from, to, hash)
    if (engine.onEvent !== undefined) engine.onEvent('n', 'new', this.index, buf, from, to)
  }

  /**
   * Sets the length of a string's value, keeping its first bytes; new bytes are undefined. Returns the entry, which
   * may have moved. `slack`: spare bytes to take when the block must grow (for values that are appended to).
   */
  resizeString(entry: number, hash: number, valueBytes: number, slack = 0): number {
    const arena = this.arena
    const need = blockBytes(keyLength(arena, entry), valueBytes, hasDeadline(arena, entry))
    const usable = arena.usableBytes(entry)
    let target = entry
    if (need > usable || need < usable >>> 1) target = this.resize(entry, hash, need + slack)
    setRoot(arena, target, valueBytes)
    return target
  }

  /** Frees a value of another type and makes the key a string of `valueBytes` undefined bytes; keeps its deadline. */
  replaceByString(entry: number, hash: number, valueBytes: number): number {
    const arena = this.arena
    if (this.engine.onGone !== undefined) this.gone(entry)
    this.redate(entry, this.earliestField(entry), -1)
    this.dropValue(entry, false)
    setType(arena, entry, types.string)
    setForm(arena, entry, forms.auto)
    setRoot(arena, entry, 0)
    return this.resizeString(entry, hash, valueBytes)
  }

  /** The key was written as a whole: it counts as accessed, whoever did it. Its uses were counted as it was found. */
  freshen(entry: number): void {
    if (!this.engine.countsUse) setAccess(this.arena, entry, this.engine.accessSeconds)
  }

  /**
   * Gives the key a deadline (unix ms) or, with -1, takes it away. Returns the entry, which may have moved.
   * `exact` is the same deadline when a double can't hold it.
   */
  setDeadline(entry: number, hash: number, ms: number, exact?: bigint): number {
    const arena = this.arena
    const before = deadlineOf(arena, entry)
    if (before >= 0) this.deadlines.remove(before, entry)
    let target = entry
    if (ms >= 0 && before < 0) {
      const value = typeOf(arena, entry) === types.string ? rootOf(arena, entry) : 0
      const need = blockBytes(keyLength(arena, entry), value, true)
      if (need > arena.usableBytes(entry)) target = this.resize(entry, hash, need)
    }
    if (exact === undefined) writeDeadline(arena, target, ms)
    else writeExactDeadline(arena, target, exact)
    if (ms >= 0) this.deadlines.insert(ms, target)
    return target
  }

  /**
   * The earliest of the hash's field deadlines, or of what the stream's groups have to do, was `before` and is `after`
   * (unix ms, -1 for none).
   */
  redate(entry: number, before: number, after: number): void {
    if (before === after) return
    const index = this.indexOf(entry)
    if (before >= 0) index.remove(before, entry)
    if (after >= 0) index.insert(after, entry)
  }

  /**
   * Removes the key and frees its value: a large one in part, the rest in later turns; `lazily`: all of it only then.
   */
  remove(entry: number, hash: number, lazily = false): void {
    const arena = this.arena
    this.forget(entry, hash)
    this.dropValue(entry, lazily)
    arena.free(entry)
  }

  /**
   * The key holds another value from now on, whatever it held before, and has no deadline: SUNIONSTORE and its like.
   * Returns the entry, which may have moved.
   */
  replaceValue(entry: number, hash: number, type: Type, root: number, form: Form): number {
    const arena = this.arena
    if (this.engine.onGone !== undefined) this.gone(entry)
    this.redate(entry, this.earliestField(entry), -1)
    this.dropValue(entry, false)
    let target = hasDeadline(arena, entry) ? this.setDeadline(entry, hash, -1) : entry
    if (typeOf(arena, target) === types.string) {
      target = this.resize(target, hash, blockBytes(keyLength(arena, target), 0, false))
    }
    setType(arena, target, type)
    setForm(arena, target, form)
    setRoot(arena, target, root)
    this.redate(target, -1, this.earliestField(target))
    this.freshen(target)
    return target
  }

  /** As `replaceValue` where the key may be absent. */
  storeValue(
    buf: Uint8Array, from: number, to: number, hash: number, type: Type, root: number, form: Form,
  ): number {
    const before = this.lookupWrite(buf, from, to, hash)
    if (before !== 0) return this.replaceValue(before, hash, type, root, form)
    const entry = this.create(type, buf, from, to, hash)
    setForm(this.arena, entry, form)
    setRoot(this.arena, entry, root)
    this.redate(entry, -1, this.earliestField(entry))
    return entry
  }

  /**
   * Puts the value of `entry` (of this database) at another key, which must be absent there, of another or the same
   * database: RENAME, MOVE. The deadline goes along. Returns the new entry.
   */
  moveTo(target: Keyspace, entry: number, hash: number, buf: Uint8Array, from: number, to: number): number {
    const copy = this.place(target, entry, buf, from, to, false)
    this.forget(entry, hash)
    this.arena.free(entry)
    return copy
  }

  /** As `moveTo`, but the value is doubled: COPY. */
  copyTo(target: Keyspace, entry: number, buf: Uint8Array, from: number, to: number): number {
    return this.place(target, entry, buf, from, to, true)
  }

  /** Earliest deadline of a key or a field in unix ms, Infinity when none has one. */
  nextDeadline(): number {
    return Math.min(this.deadlines.first(), this.fieldDeadlines.first())
  }

  /** Removes keys and fields due at `now` until the monotonic clock passes `until`; false when time ran out first. */
  expireDue(now: number, until: number): boolean {
    let budget = 32
    while (this.deadlines.first() <= now) {
      if (--budget === 0) {
        if (this.engine.clock.monotonicMs() >= until) return false
        budget = 32
      }
      const entry = this.deadlines.firstEntry()
      this.expire(entry, this.dict.hashOf(entry))
    }
    while (this.fieldDeadlines.first() <= now) {
      expireFields(this, this.fieldDeadlines.firstEntry(), now)
      if (this.fieldDeadlines.first() <= now && this.engine.clock.monotonicMs() >= until) return false
    }
    return true
  }

  /** Drops all keys; `lazily`: their memory is freed in later turns. */
  clear(lazily = false): void {
    const arena = this.arena
    if (lazily) {
      this.abandon()
      this.dict = new Dict(arena, this.engine.hashSeed)
      return
    }
    this.clearIndexes()
    this.dict.clear((entry) => {
      const type = typeOf(arena, entry)
      if (type !== types.string) freeValue(this.engine, type, rootOf(arena, entry), formOf(arena, entry))
      arena.free(entry)
    })
  }

  /** Nobody needs this database any more: its memory is freed in later turns. */
  abandon(): void {
    this.clearIndexes()
    this.engine.lazy.addDict(this.dict)
  }

  private clearIndexes(): void {
    this.deadlines.clear()
    this.fieldDeadlines.clear()
    this.plannedStreams.clear()
  }

  /** Walks everything and throws where the books disagree. */
  check(): void {
    const arena = this.arena
    this.dict.check()
    this.deadlines.check()
    this.fieldDeadlines.check()
    this.plannedStreams.check()
    let dated = 0
    let datedHashes = 0
    let planned = 0
    this.dict.each((entry) => {
      const earliest = this.earliestField(entry)
      if (earliest >= 0) {
        if (typeOf(arena, entry) === types.hash) datedHashes++
        else planned++
        if (!this.indexOf(entry).has(earliest, entry)) throw new Error('keyspace: a deadline of a part is not indexed')
      }
      if (!hasDeadline(arena, entry)) return
      dated++
      if (!this.deadlines.has(deadlineOf(arena, entry), entry)) throw new Error('keyspace: deadline is not indexed')
    })
    if (datedHashes !== this.fieldDeadlines.count) throw new Error('keyspace: index names hashes without a deadline')
    if (planned !== this.plannedStreams.count) throw new Error('keyspace: index names streams without a plan')
    if (dated !== this.deadlines.count) throw new Error('keyspace: index names keys without a deadline')
  }

  private expire(entry: number, hash: number): void {
    const key = keyOf(this.arena, entry)
    this.remove(entry, hash)
    this.engine.logExpired(this.index, key, 0, key.length)
  }

  private forget(entry: number, hash: number): void {
    if (this.engine.snapshot !== undefined) this.engine.snapshot.beforeChange(this, entry, hash)
    const ms = deadlineOf(this.arena, entry)
    if (ms >= 0) this.deadlines.remove(ms, entry)
    this.redate(entry, this.earliestField(entry), -1)
    this.dict.remove(hash, entry)
    if (this.engine.onGone !== undefined) this.gone(entry)
  }

  /** Tells who waits for the end of a key that holds something to wait for. */
  private gone(entry: number): void {
    if (typeOf(this.arena, entry) === types.string) return
    const key = keyOf(this.arena, entry)
    this.engine.onGone?.(this.index, key, 0, key.length)
  }

  /** Frees the value of an entry that no key needs any more, what is large of it in later turns. */
  private dropValue(entry: number, lazily: boolean): void {
    const type = typeOf(this.arena, entry)
    if (type === types.string) return
    const { engine } = this
    const form = formOf(this.arena, entry)
    let root = rootOf(this.arena, entry)
    const { free, freeSome } = opsOf(type)
    if (!lazily) {
      if (freeSome === undefined) {
        free(engine, root, form)
        return
      }
      root = freeSome(engine, root, freeAtOnceEntriesMax, form)
      if (root === 0) return
    }
    engine.lazy.addValue(type, root, form)
  }

  /** Earliest deadline of the fields in the value, or of what a stream's groups have to do; -1 when there is none. */
  private earliestField(entry: number): number {
    const type = typeOf(this.arena, entry)
    if (type !== types.hash && type !== types.stream) return -1
    return earliestOf(this.engine, type, rootOf(this.arena, entry), formOf(this.arena, entry))
  }

  /** Where the earliest of the parts of a value like this is kept. */
  private indexOf(entry: number): DeadlineIndex {
    return typeOf(this.arena, entry) === types.hash ? this.fieldDeadlines : this.plannedStreams
  }

  private place(
    target: Keyspace, entry: number, buf: Uint8Array, from: number, to: number, double: boolean,
  ): number {
    const arena = this.arena
    const type = typeOf(arena, entry)
    const root = rootOf(arena, entry)
    const form = formOf(arena, entry)
    const ms = deadlineOf(arena, entry)
    const hash = target.hash(buf, from, to)
    const copy = target.create(type, buf, from, to, hash, type === types.string ? root : 0)
    if (type === types.string) {
      const start = valueStart(arena, entry)
      const value = arena.u8[chunkOf(entry)]!.subarray(start, start + root)
      arena.u8[chunkOf(copy)]!.set(value, valueStart(arena, copy))
    } else setRoot(arena, copy, double ? copyValue(this.engine, type, root, form) : root)
    setForm(arena, copy, form)
    target.redate(copy, -1, this.earliestField(copy))
    if (!double) setAccess(arena, copy, accessOf(arena, entry))
    if (ms < 0) return copy
    return target.setDeadline(copy, hash, ms, exactDeadlineOf(arena, entry))
  }

  /** Gives the entry a block of at least `bytes`, its present one where that can grow or shrink; all is kept. */
  private resize(entry: number, hash: number, bytes: number): number {
    const arena = this.arena
    const ms = deadlineOf(arena, entry)
    const exact = ms >= 0 ? exactDeadlineOf(arena, entry) : 0n
    const earliest = this.earliestField(entry)
    const target = arena.realloc(entry, bytes)
    // The deadline stands at the end of the block, wherever that is now.
    if (ms >= 0) writeExactDeadline(arena, target, exact)
    if (target === entry) return target
    if (ms >= 0) {
      this.deadlines.remove(ms, entry)
      this.deadlines.insert(ms, target)
    }
    if (earliest >= 0) {
      this.indexOf(target).remove(earliest, entry)
      this.indexOf(target).insert(earliest, target)
    }
    this.dict.replace(hash, entry, target)
    return target
  }
}
