// One database: the Dict of its keys and the Tree of their deadlines.
// Callers hash a key once (`hash`) and give the hash to every call about that key within the command.

import { Dict } from '../arena/dict.ts'
import { chunkOf, byteOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import type { Engine } from '../engine.ts'
import { copyValue, freeValue } from '../types/types.ts'
import { DeadlineIndex } from './deadlines.ts'
import {
  blockBytes, deadlineOf, hasDeadline, initEntry, keyLength, keyOf, rootOf, setAccess, setRaw, setRoot, typeOf, types,
  valueStart, writeDeadline, headerBytes, deadlineBytes, isRaw,
} from './entry.ts'
import type { Type } from './entry.ts'

export class Keyspace {
  readonly engine: Engine
  readonly arena: Arena
  /** Number of the database; SWAPDB exchanges it between two. */
  index: number
  readonly dict: Dict
  readonly deadlines: DeadlineIndex

  constructor(engine: Engine, index: number) {
    this.engine = engine
    this.arena = engine.arena
    this.index = index
    this.dict = new Dict(engine.arena, engine.hashSeed)
    this.deadlines = new DeadlineIndex(engine.arena)
  }

  get count(): number {
    return this.dict.count
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
    const entry = this.lookupWrite(buf, from, to, hash)
    if (entry === 0) this.engine.stats.keyspaceMisses++
    else this.engine.stats.keyspaceHits++
    return entry
  }

  /** The entry for a writing command: due keys are gone, the access time moves. */
  lookupWrite(buf: Uint8Array, from: number, to: number, hash: number): number {
    const entry = this.peek(buf, from, to, hash)
    const engine = this.engine
    if (entry !== 0 && !engine.session.noTouch) setAccess(this.arena, entry, engine.accessSeconds)
    return entry
  }

  /** The entry without side effects but one: a due key is removed. For TYPE, TTL, OBJECT, EXISTS and their like. */
  peek(buf: Uint8Array, from: number, to: number, hash: number): number {
    const entry = this.dict.find(buf, from, to, hash)
    if (entry === 0 || !hasDeadline(this.arena, entry)) return entry
    const engine = this.engine
    if (engine.replaying || deadlineOf(this.arena, entry) > engine.now) return entry
    this.expire(entry, hash)
    return 0
  }

  /** A fresh entry for an absent key. A string's value bytes (`valueBytes` of them) are the caller's to write. */
  create(type: Type, buf: Uint8Array, from: number, to: number, hash: number, valueBytes = 0): number {
    const arena = this.arena
    const size = to - from
    const entry = arena.alloc(blockBytes(size, valueBytes, false))
    initEntry(arena, entry, type, size, this.engine.accessSeconds)
    if (type === types.string) setRoot(arena, entry, valueBytes)
    const u8 = arena.u8[chunkOf(entry)]!
    let at = byteOf(entry) + headerBytes
    if (size < 64) for (let i = from; i < to; i++) u8[at++] = buf[i]!
    else u8.set(buf.subarray(from, to), at)
    this.dict.insert(hash, entry)
    return entry
  }

  /**
   * Sets the length of a string's value, keeping its first bytes; new bytes are undefined. Returns the entry, which
   * may have moved. `slack`: spare bytes to take when the block must grow (for values that are appended to).
   */
  resizeString(entry: number, hash: number, valueBytes: number, slack = 0): number {
    const arena = this.arena
    const keyBytes = keyLength(arena, entry)
    const dated = hasDeadline(arena, entry)
    const need = blockBytes(keyBytes, valueBytes, dated)
    const usable = arena.usableBytes(entry)
    let target = entry
    if (need > usable || need < usable >>> 1) target = this.move(entry, hash, need + slack, rootOf(arena, entry))
    setRoot(arena, target, valueBytes)
    return target
  }

  /** Gives the key a deadline (unix ms) or, with -1, takes it away. Returns the entry, which may have moved. */
  setDeadline(entry: number, hash: number, ms: number): number {
    const arena = this.arena
    const before = deadlineOf(arena, entry)
    if (before >= 0) this.deadlines.remove(before, entry)
    let target = entry
    if (ms >= 0 && before < 0) {
      const value = typeOf(arena, entry) === types.string ? rootOf(arena, entry) : 0
      const need = blockBytes(keyLength(arena, entry), value, true)
      if (need > arena.usableBytes(entry)) target = this.move(entry, hash, need, value)
    }
    writeDeadline(arena, target, ms)
    if (ms >= 0) this.deadlines.insert(ms, target)
    return target
  }

  /** Removes the key and frees its value. */
  remove(entry: number, hash: number): void {
    const arena = this.arena
    this.forget(entry, hash)
    const type = typeOf(arena, entry)
    if (type !== types.string) freeValue(this.engine, type, rootOf(arena, entry))
    arena.free(entry)
  }

  /**
   * Puts the value of `entry` (of this database) at another key, which must be absent there, of another or the same
   * database: RENAME, MOVE. The deadline goes along. Returns the new entry.
   */
  moveTo(target: Keyspace, entry: number, hash: number, buf: Uint8Array, from: number, to: number): number {
    const arena = this.arena
    const type = typeOf(arena, entry)
    const root = rootOf(arena, entry)
    const ms = deadlineOf(arena, entry)
    const targetHash = target.hash(buf, from, to)
    let copy = target.create(type, buf, from, to, targetHash, type === types.string ? root : 0)
    if (type === types.string) {
      this.copyString(entry, copy)
      setRaw(arena, copy, isRaw(arena, entry))
    } else setRoot(arena, copy, root)
    if (ms >= 0) copy = target.setDeadline(copy, targetHash, ms)
    this.forget(entry, hash)
    arena.free(entry)
    return copy
  }

  /** As `moveTo`, but the value is doubled: COPY. */
  copyTo(target: Keyspace, entry: number, buf: Uint8Array, from: number, to: number): number {
    const arena = this.arena
    const type = typeOf(arena, entry)
    const root = rootOf(arena, entry)
    const ms = deadlineOf(arena, entry)
    const hash = target.hash(buf, from, to)
    let copy = target.create(type, buf, from, to, hash, type === types.string ? root : 0)
    if (type === types.string) {
      this.copyString(entry, copy)
      setRaw(arena, copy, isRaw(arena, entry))
    } else setRoot(arena, copy, copyValue(this.engine, type, root))
    if (ms >= 0) copy = target.setDeadline(copy, hash, ms)
    return copy
  }

  /** Earliest deadline in unix ms, Infinity when no key has one. */
  nextDeadline(): number {
    return this.deadlines.first()
  }

  /** Removes keys due at `now` until the monotonic clock passes `until`; false when time ran out first. */
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
    return true
  }

  /** Drops all keys. */
  clear(): void {
    const arena = this.arena
    this.deadlines.clear()
    this.dict.clear((entry) => {
      const type = typeOf(arena, entry)
      if (type !== types.string) freeValue(this.engine, type, rootOf(arena, entry))
      arena.free(entry)
    })
  }

  private expire(entry: number, hash: number): void {
    const key = keyOf(this.arena, entry)
    this.remove(entry, hash)
    this.engine.logExpired(this.index, key, 0, key.length)
  }

  private forget(entry: number, hash: number): void {
    const onGone = this.engine.onGone
    if (onGone !== undefined) {
      const key = keyOf(this.arena, entry)
      onGone(this.index, key, 0, key.length)
    }
    const ms = deadlineOf(this.arena, entry)
    if (ms >= 0) this.deadlines.remove(ms, entry)
    this.dict.remove(hash, entry)
  }

  private copyString(source: number, target: number): void {
    const arena = this.arena
    const from = valueStart(arena, source)
    const bytes = arena.u8[chunkOf(source)]!.subarray(from, from + rootOf(arena, source))
    arena.u8[chunkOf(target)]!.set(bytes, valueStart(arena, target))
  }

  /** Moves the entry into a block of at least `bytes`: header, key, value (what fits of it) and deadline. */
  private move(entry: number, hash: number, bytes: number, valueBytes: number): number {
    const arena = this.arena
    const ms = deadlineOf(arena, entry)
    const target = arena.alloc(bytes)
    const room = arena.usableBytes(target) - (ms >= 0 ? deadlineBytes : 0)
    const used = headerBytes + keyLength(arena, entry) + valueBytes
    const length = used < room ? used : room
    const from = byteOf(entry)
    arena.u8[chunkOf(target)]!.set(arena.u8[chunkOf(entry)]!.subarray(from, from + length), byteOf(target))
    if (ms >= 0) {
      this.deadlines.remove(ms, entry)
      writeDeadline(arena, target, ms)
      this.deadlines.insert(ms, target)
    }
    this.dict.replace(hash, entry, target)
    arena.free(entry)
    return target
  }
}
