// Keeps memory under `maxmemory`: which key goes when there is too much, and how long a turn may be held for it.
//
// LRU and LFU choose among samples as Redis does (https://redis.io/docs/latest/develop/reference/eviction/), with two
// improvements: a candidate that was used since it was sampled is judged anew, and keys with a deadline are sampled
// from the Tree of deadlines, each as likely as the others. volatile-ttl is exact. An evicted key is logged as DEL, so
// replay never evicts.

import type { Engine } from '../engine.ts'
import { evictSliceMs } from '../limits.ts'
import { logStreamKind } from '../log-stream-name.ts'
import { idleSeconds, useCount } from './access.ts'
import { hasDeadline, keyOf, typeOf, types } from './entry.ts'
import { EvictionPool } from './eviction-pool.ts'
import type { Keyspace } from './keyspace.ts'

export type MemoryPolicy =
  | 'volatile-lru' | 'volatile-lfu' | 'volatile-random' | 'volatile-ttl'
  | 'allkeys-lru' | 'allkeys-lfu' | 'allkeys-random' | 'noeviction'

/**
 * How far memory was relieved: `enough`; `running`: this turn's time is used up and more must go in the next;
 * `exhausted`: nothing is left that may go.
 */
export type Relief = 'enough' | 'running' | 'exhausted'

/** Evictions between two looks at the clock. */
const evictionsPerLook = 16
const countMax = 255
/** Keys that must stay and come up one after the other before it is given up. */
const keptTriesMax = 64
/** What `maxmemory-samples` may be at most. */
const samplesMax = 64

export class Evictor {
  /** Bytes beside the arena that count as used memory: what clients hold, as last seen. */
  besideBytes: number
  private readonly engine: Engine
  private readonly pool: EvictionPool
  private policy: MemoryPolicy
  /** Only keys with a deadline may go. */
  private volatile: boolean
  /** Database that the chosen key is in; the one that was last drawn from. */
  private chosen: number
  private chosenHash: number
  /** When the turn's time is used up (monotonic ms), 0 before its first eviction. */
  private untilMs: number
  private spent: boolean
  private evictions: number
  /** The samples at hand. */
  private readonly entries: Uint32Array
  private readonly hashes: Uint32Array

  constructor(engine: Engine) {
    this.besideBytes = 0
    this.engine = engine
    this.pool = new EvictionPool()
    this.policy = 'noeviction'
    this.volatile = false
    this.chosen = 0
    this.chosenHash = 0
    this.untilMs = 0
    this.spent = false
    this.evictions = 0
    this.entries = new Uint32Array(samplesMax)
    this.hashes = new Uint32Array(samplesMax)
  }

  setPolicy(policy: MemoryPolicy): void {
    if (policy === this.policy) return
    this.policy = policy
    this.volatile = policy.startsWith('volatile')
    this.pool.clear()
  }

  get usedBytes(): number {
    return this.engine.arena.usedBytes + this.besideBytes
  }

  /** A turn of the event loop begins: there is time again. */
  beginTurn(): void {
    this.untilMs = 0
    this.spent = false
    this.evictions = 0
  }

  /** Evicts until memory is within the bound, for at most a slice of the turn. */
  relieve(): Relief {
    const { engine } = this
    const { settings, lazy } = engine
    // What runs as one, as a script of many turns does, sees no key vanish under it.
    if (engine.replaying || engine.grouped || settings.memoryBytesMax === 0) return 'enough'
    while (this.usedBytes > settings.memoryBytesMax) {
      if (this.spent) return 'running'
      // What was dropped already, and waits to be freed, comes before what still is of use.
      if (!lazy.idle) {
        lazy.step(this.until())
        this.look()
        continue
      }
      const entry = this.choose()
      if (entry === 0) return 'exhausted'
      this.evict(entry)
      if (++this.evictions % evictionsPerLook === 0) this.look()
    }
    return 'enough'
  }

  private until(): number {
    if (this.untilMs === 0) {
      const { clock, settings } = this.engine
      this.untilMs = clock.monotonicMs() + evictSliceMs(settings.evictionTenacity)
    }
    return this.untilMs
  }

  private look(): void {
    const until = this.until()
    if (this.engine.clock.monotonicMs() >= until) this.spent = true
  }

  private evict(entry: number): void {
    const { engine } = this
    const db = engine.dbs[this.chosen]!
    const key = keyOf(engine.arena, entry)
    db.remove(entry, this.chosenHash, engine.settings.lazyEviction)
    engine.logEvicted(db.index, key, 0, key.length)
  }

  /** The key that goes next, of database `chosen`; 0 when there is none, or only such as stay come up. */
  private choose(): number {
    for (let tries = 0; tries < keptTriesMax; tries++) {
      const entry = this.candidate()
      if (entry === 0 || !this.stays(entry)) return entry
    }
    return 0
  }

  /** Groups that follow the log are no cache: the key that holds them stays. */
  private stays(entry: number): boolean {
    const { arena } = this.engine
    if (typeOf(arena, entry) !== types.stream) return false
    const key = keyOf(arena, entry)
    return logStreamKind(key, 0, key.length) !== undefined
  }

  private candidate(): number {
    switch (this.policy) {
      case 'noeviction': return 0
      case 'volatile-ttl': return this.earliest()
      case 'allkeys-random': case 'volatile-random': return this.random()
      default: return this.best()
    }
  }

  private eligible(db: Keyspace): number {
    return this.volatile ? db.deadlines.count : db.count
  }

  private randomDated(db: Keyspace): number {
    return db.deadlines.at(Math.floor((this.engine.random.u32() / 0x100000000) * db.deadlines.count))
  }

  /** The key that goes next, of database `chosen`, by a rule that needs no samples. */
  private picked(entry: number): number {
    this.chosenHash = this.engine.dbs[this.chosen]!.dict.hashOf(entry)
    return entry
  }

  /** The key whose deadline is the earliest. */
  private earliest(): number {
    const { dbs } = this.engine
    let first = Infinity
    for (let i = 0; i < dbs.length; i++) {
      const ms = dbs[i]!.deadlines.first()
      if (ms >= first) continue
      first = ms
      this.chosen = i
    }
    return first === Infinity ? 0 : this.picked(dbs[this.chosen]!.deadlines.firstEntry())
  }

  /** Any key, of each database in turn. */
  private random(): number {
    const { dbs } = this.engine
    for (let tries = 0; tries < dbs.length; tries++) {
      this.chosen = (this.chosen + 1) % dbs.length
      const db = dbs[this.chosen]!
      if (this.eligible(db) === 0) continue
      return this.picked(this.volatile ? this.randomDated(db) : db.dict.random(this.engine.random))
    }
    return 0
  }

  /** The best candidate of the pool, once a few more keys of each database were looked at. */
  private best(): number {
    const { engine, pool } = this
    for (let tries = 0; tries < keptTriesMax; tries++) {
      let keys = 0
      for (let i = 0; i < engine.dbs.length; i++) {
        const db = engine.dbs[i]!
        if (this.eligible(db) === 0) continue
        keys++
        this.takeSamples(db, i)
      }
      if (keys === 0) return 0
      while (pool.count > 0) {
        const last = --pool.count
        const db = engine.dbs[pool.db[last]!]!
        const entry = pool.entry[last]!
        const hash = pool.hash[last]!
        if (!db.dict.has(hash, entry) || (this.volatile && !hasDeadline(engine.arena, entry))) continue
        const score = this.scoreOf(entry)
        if (score < pool.score[last]! && last > 0 && score < pool.score[last - 1]!) {
          // It was used meanwhile.
          pool.add(score, pool.db[last]!, hash, entry)
          continue
        }
        this.chosen = pool.db[last]!
        this.chosenHash = hash
        return entry
      }
    }
    return 0
  }

  private takeSamples(db: Keyspace, index: number): void {
    const { engine, pool } = this
    const { memorySamples } = engine.settings
    if (this.volatile) {
      for (let i = 0; i < memorySamples; i++) {
        const entry = this.randomDated(db)
        const score = this.scoreOf(entry)
        if (pool.wants(score)) pool.add(score, index, db.dict.hashOf(entry), entry)
      }
      return
    }
    const count = db.dict.sample(engine.random, memorySamples, this.entries, this.hashes)
    for (let i = 0; i < count; i++) {
      if (this.stays(this.entries[i]!)) continue
      const score = this.scoreOf(this.entries[i]!)
      if (pool.wants(score)) pool.add(score, index, this.hashes[i]!, this.entries[i]!)
    }
  }

  /** The higher, the sooner the key may go. */
  private scoreOf(entry: number): number {
    return this.engine.countsUse ? countMax - useCount(this.engine, entry) : idleSeconds(this.engine, entry)
  }
}
