// The engine: execute → append → durable. It owns the views (one key space per database), the log that they are
// folded from, and the clock of the current turn. It knows no sockets: the broker drives it, replay drives it alike.

import type { Args } from './args.ts'
import { Arena } from './arena/arena.ts'
import type { DictSeed } from './arena/dict.ts'
import type { Clock } from './clock.ts'
import type { CommandSpec, KeySpec } from './commands/spec.ts'
import type { Type } from './keyspace/entry.ts'
import { Evictor } from './keyspace/evict.ts'
import type { MemoryPolicy } from './keyspace/evict.ts'
import { Keyspace } from './keyspace/keyspace.ts'
import { LazyFree } from './keyspace/lazy-free.ts'
import { Libraries } from './libraries.ts'
import { databasesDefault, expireSliceMsMax, lazyFreeSliceMsMax } from './limits.ts'
import type { Log } from './log/log.ts'
import type { Random } from './random.ts'
import type { Reply } from './reply.ts'
import { systemSession } from './session.ts'
import type { Session } from './session.ts'
import { defaultSettings } from './settings.ts'
import type { Settings } from './settings.ts'
import { Hash } from './types/hash.ts'
import { SetPool } from './types/set-pool.ts'
import { List } from './types/list.ts'
import { Groups } from './types/stream-group.ts'
import { Idempotence } from './types/stream-idempotence.ts'
import { Stream } from './types/stream.ts'
import { Zset } from './types/zset.ts'

/** What a handler asks for when it has nothing to answer yet; the broker parks the client with it. */
export type Block = {
  /** Keys (of the session's database) whose readiness runs `retry` again. */
  keys: Buffer[]
  /** What a key must hold for that: a value of another type is none of the client's business. */
  type?: Type
  /** When one of those who gave the same word finds nothing at a key, the others wouldn't either: a group's readers. */
  rivals?: string
  /** Milliseconds to wait, 0 for ever. */
  timeoutMs: number
  /** The command to run then, with what was relative (`$`) resolved. */
  retry: Args
  /** Reply when the time is up. */
  nil: 'array' | 'bulk'
  /** Also wake when a key of the list is deleted or changes its type (XREADGROUP answers with an error then). */
  wakeOnDelete: boolean
  /** Run `retry` also after so many ms (XREADGROUP CLAIM: an entry may be idle for long enough then). */
  againMs?: number
}

export type KeyHook = (db: number, buf: Uint8Array, from: number, to: number) => void
export type EventHook = (kind: string, event: string, db: number, buf: Uint8Array, from: number, to: number) => void

/** What a snapshot in the making must hear of (core/checkpoint/snapshot.ts). */
export type SnapshotHooks = {
  /** A command is about to run that may change the keys among its arguments. */
  beforeCommand: (keys: readonly KeySpec[], a: Args) => void
  /** The key is about to change or to go. */
  beforeChange: (db: Keyspace, entry: number, hash: number) => void
  created: (db: Keyspace, buf: Uint8Array, from: number, to: number, hash: number) => void
  /** All is about to change. */
  finish: () => void
}

/** Counters that INFO shows and CONFIG RESETSTAT clears. */
export type Stats = {
  keyspaceHits: number
  keyspaceMisses: number
  expiredKeys: number
  /** Fields of hashes that were due. */
  expiredSubkeys: number
  evictedKeys: number
}

export type EngineOptions = {
  clock: Clock
  random: Random
  log: Log
  databases?: number
  settings?: Settings
  arena?: Arena
}

const systemWork: Session = systemSession()

export class Engine {
  readonly arena: Arena
  readonly clock: Clock
  readonly random: Random
  readonly dbs: Keyspace[]
  readonly stats: Stats
  /** Bounds and thresholds that CONFIG SET may change; handlers read them at each use. */
  readonly settings: Settings
  /** The one object that is opened on the stream at hand, and those for its groups and its producers. */
  readonly stream: Stream
  readonly groups: Groups
  readonly idempotence: Idempotence
  /** The one object that is opened on the hash at hand. */
  readonly hash: Hash
  /** The objects that are opened on sets. */
  readonly sets: SetPool
  /** Opened on the sorted set at hand; one that is read meanwhile, and one that is built. */
  readonly zset: Zset
  readonly zsetSource: Zset
  readonly zsetResult: Zset
  /** The one object that is opened on the list at hand. */
  readonly list: List
  /** Seeds of the key hashes, per process. */
  readonly hashSeed: DictSeed
  /** Unlinked values that are freed in later turns. */
  readonly lazy: LazyFree
  /** Libraries of functions: their source texts. */
  readonly libraries: Libraries
  /** Keeps memory under `maxmemory`. */
  readonly evictor: Evictor
  log: Log
  /** Who sends the command that is being executed. */
  session: Session
  /** Database of the command that is being executed. */
  db: Keyspace
  /** Unix ms of the current turn (of the frame, in replay): the only clock of handlers. Never goes back. */
  now: number
  /** `now` in seconds modulo 2^24: what an entry keeps as its access time. */
  accessSeconds: number
  /** An LFU policy is set: entries count their uses instead (see keyspace/access.ts). */
  countsUse: boolean
  /** Changes since the start; a command that raises it is logged. */
  changes: number
  /** True while logged effects are folded: nothing expires by itself, nothing is logged. */
  replaying: boolean
  /** A master's commands are being executed: as in replay, but logged, and others hear of what happens. */
  following: boolean
  /**
   * A replica's keys that are due go when its master says so; until then they are hidden. Where clients may write,
   * they are removed when somebody looks.
   */
  due: 'removed' | 'hidden' | 'removed-on-access'
  /**
   * Unix ms of the first of what came to have a time of its own (stream-delay.ts) since somebody looked, Infinity for
   * none.
   */
  dueMs: number
  /** Set by a handler that wants to wait; taken by the broker. */
  block: Block | undefined
  /** Set by the broker while a client watches or caches keys. */
  onTouch: KeyHook | undefined
  /** Set by the broker while a client is blocked on keys. */
  onReady: KeyHook | undefined
  /** Set by the broker while a blocked client wants to know of deleted keys; the key space calls it. */
  onGone: KeyHook | undefined
  /** Set by the broker while clients watch or wait for keys: before FLUSHDB, FLUSHALL (of each database), SWAPDB. */
  onReplaced: ((db: number, by: number) => void) | undefined
  /** Set by the broker while a client caches keys: FLUSHDB or FLUSHALL, also of what was empty. */
  onFlushed: (() => void) | undefined
  /** Set by the broker: a FLUSHALL was run, also a master's. */
  onEmptied: (() => void) | undefined
  /** Set by the broker while keyspace notifications are on. */
  onEvent: EventHook | undefined
  /** The snapshot in the making: it must see keys before they change. */
  snapshot: SnapshotHooks | undefined
  private group: 'none' | 'asked' | 'open'
  /** The command gave its effect itself. */
  private explicit: boolean
  /** The command changed something (that it expired a key on its way is no change of its own). */
  private dirty: boolean

  constructor(options: EngineOptions) {
    this.arena = options.arena ?? new Arena()
    this.clock = options.clock
    this.random = options.random
    this.stats = { keyspaceHits: 0, keyspaceMisses: 0, expiredKeys: 0, expiredSubkeys: 0, evictedKeys: 0 }
    this.settings = options.settings ?? defaultSettings()
    this.stream = new Stream(this.arena)
    this.groups = new Groups(this.arena)
    this.idempotence = new Idempotence(this.arena)
    this.list = new List(this.arena, this.settings)
    this.hashSeed = { k0: options.random.u32(), k1: options.random.u32() }
    this.hash = new Hash(this.arena, this.hashSeed)
    this.sets = new SetPool(this.arena, this.hashSeed, this.settings)
    this.zset = new Zset(this.arena, this.hashSeed)
    this.zsetSource = new Zset(this.arena, this.hashSeed)
    this.zsetResult = new Zset(this.arena, this.hashSeed)
    this.lazy = new LazyFree(this)
    this.libraries = new Libraries()
    this.evictor = new Evictor(this)
    this.log = options.log
    this.session = systemWork
    this.now = options.clock.nowMs()
    this.accessSeconds = Math.floor(this.now / 1000) & 0xffffff
    this.countsUse = false
    this.changes = 0
    this.replaying = false
    this.following = false
    this.due = 'removed'
    this.dueMs = Infinity
    this.block = undefined
    this.onTouch = undefined
    this.onReady = undefined
    this.onGone = undefined
    this.onReplaced = undefined
    this.onFlushed = undefined
    this.onEmptied = undefined
    this.onEvent = undefined
    this.snapshot = undefined
    this.group = 'none'
    this.explicit = false
    this.dirty = false
    this.dbs = []
    for (let i = 0; i < (options.databases ?? databasesDefault); i++) this.dbs.push(new Keyspace(this, i))
    this.db = this.dbs[0]!
  }

  /** Begins a turn of the event loop: takes the time, and frees what is due. */
  beginTurn(): void {
    // A script that takes many turns sees one time, nothing expires under it, and its effects stay in one frame.
    if (this.group !== 'none') return
    const now = this.clock.nowMs()
    if (now > this.now) {
      // A frame has one time: what was held open from an earlier turn is sealed with its own.
      if (this.log.pendingBytes > 0) this.log.seal(this.now)
      this.setNow(now)
    }
    this.evictor.beginTurn()
    this.expireDue()
    if (!this.lazy.idle) this.lazy.step(this.clock.monotonicMs() + lazyFreeSliceMsMax)
  }

  /** Sets the clock of handlers: the turn's, or in replay the frame's. */
  setNow(ms: number): void {
    this.now = ms
    this.accessSeconds = Math.floor(ms / 1000) & 0xffffff
  }

  /** `maxmemory-policy` */
  setMemoryPolicy(policy: MemoryPolicy): void {
    this.settings.memoryPolicy = policy
    this.countsUse = policy.endsWith('-lfu')
    this.evictor.setPolicy(policy)
  }

  /** Ends the turn: its effects become one frame, handed to the OS, unless the log holds it open for the next turn. */
  endTurn(): void {
    if (!this.log.holding) this.seal()
  }

  /**
   * Forgets all keys and libraries, without a word to the log: other ones are about to be loaded. `lazily`: their
   * memory is freed by `lazy`, later.
   */
  forgetAll(lazily = false): void {
    for (const db of this.dbs) db.clear(lazily)
    this.libraries.clear()
  }

  /** Seals what was held open, unless a group of effects is in the making. */
  seal(): void {
    if (this.group === 'none') this.log.seal(this.now)
  }

  /**
   * Runs one command for `session` and logs its effect. The handler writes exactly one reply, or sets `block`.
   * A handler that changed something calls `changed()`; unless it also gave the effect in other words
   * (`effect` … `endEffect`), the command's own bytes are logged.
   */
  execute(spec: Pick<CommandSpec, 'run' | 'keys'>, a: Args, r: Reply, session: Session): void {
    this.session = session
    this.db = this.dbs[session.db]!
    this.explicit = false
    this.dirty = false
    if (this.snapshot !== undefined && spec.keys !== undefined) this.snapshot.beforeCommand(spec.keys, a)
    spec.run!(this, a, r)
    if (this.dirty && !this.explicit) {
      this.openGroup()
      if (a.rawStart >= 0) this.log.append(this.db.index, session.by, a.buf, a.rawStart, a.rawEnd)
      else this.logFramed(a)
    }
  }

  /** As `execute`, also within a handler: the effect is logged in place of that of the command at hand. */
  executeInstead(spec: Pick<CommandSpec, 'run' | 'keys'>, a: Args, r: Reply, session: Session): void {
    const before = { session: this.session, db: this.db }
    this.execute(spec, a, r, session)
    this.session = before.session
    this.db = before.db
    this.explicit = true
  }

  /** Counts `n` changes of the command that is being executed. */
  changed(n = 1): void {
    this.dirty = true
    this.changes += n
  }

  /** Begins an effect of `words` words that is logged instead of the command's own bytes; then `word…`, `endEffect`. */
  effect(words: number): void {
    this.explicit = true
    this.beginEffect(this.db.index, words)
  }

  /** Logs the command's own bytes, but for argument i, in whose place stands `word[..size)`. */
  effectReplacing(a: Args, i: number, word: Uint8Array, size: number): void {
    if (a.rawStart < 0) {
      this.effect(a.count)
      for (let j = 0; j < a.count; j++) {
        if (j === i) this.wordBytes(word, 0, size)
        else this.wordArg(a, j)
      }
    } else {
      this.explicit = true
      this.openGroup()
      const { log } = this
      log.beginRaw(this.db.index, this.session.by, a.buf, a.rawStart, a.end[i - 1]! + 2)
      log.wordBytes(word, 0, size)
      log.words(a.buf, a.end[i]! + 2, a.rawEnd)
    }
    this.log.endCommand()
  }

  wordText(text: string): void {
    this.log.wordText(text)
  }

  wordBytes(buf: Uint8Array, from: number, to: number): void {
    this.log.wordBytes(buf, from, to)
  }

  wordArg(a: Args, i: number): void {
    this.log.wordBytes(a.buf, a.start[i]!, a.end[i]!)
  }

  /** All arguments from i on, the first of which is not the command's name. */
  wordArgs(a: Args, i: number): void {
    if (a.rawStart >= 0) this.log.words(a.buf, a.end[i - 1]! + 2, a.rawEnd)
    else for (; i < a.count; i++) this.wordArg(a, i)
  }

  wordInt(n: number): void {
    this.log.wordText(String(n))
  }

  endEffect(): void {
    this.log.endCommand()
  }

  /** Effects until `endGroup` are one transaction in the log (MULTI … EXEC), if there are any. */
  beginGroup(): void {
    this.group = 'asked'
  }

  endGroup(): void {
    if (this.group === 'open') this.log.exec()
    this.group = 'none'
  }

  /** A group of effects is in the making. */
  get grouped(): boolean {
    return this.group !== 'none'
  }

  /** The value at a key changed: whoever watches or caches it must know. */
  touch(buf: Uint8Array, from: number, to: number): void {
    if (this.onTouch !== undefined) this.onTouch(this.db.index, buf, from, to)
  }

  /** A key got what blocked clients may wait for. */
  ready(buf: Uint8Array, from: number, to: number): void {
    if (this.onReady !== undefined) this.onReady(this.db.index, buf, from, to)
  }

  /** All keys of database `db` are about to go (`by` is -1) or to change places with those of database `by`. */
  replaced(db: number, by: number): void {
    if (this.snapshot !== undefined) this.snapshot.finish()
    if (this.onReplaced !== undefined) this.onReplaced(db, by)
  }

  /** Keyspace notification; kind is Redis's class letter (`g $ l s h z x e t m n d`). */
  notify(kind: string, event: string, buf: Uint8Array, from: number, to: number): void {
    if (this.onEvent !== undefined) this.onEvent(kind, event, this.db.index, buf, from, to)
  }

  /** A due key was removed from database `db`: DEL is its effect, not the command that happened to look. */
  logExpired(db: number, buf: Uint8Array, from: number, to: number): void {
    this.stats.expiredKeys++
    this.logGone(db, buf, from, to)
    if (this.onEvent !== undefined) this.onEvent('x', 'expired', db, buf, from, to)
  }

  /** A key of database `db` was removed because memory is short; between commands. */
  logEvicted(db: number, buf: Uint8Array, from: number, to: number): void {
    this.session = systemWork
    this.stats.evictedKeys++
    this.logGone(db, buf, from, to)
    if (this.onEvent !== undefined) this.onEvent('e', 'evicted', db, buf, from, to)
  }

  private logGone(db: number, buf: Uint8Array, from: number, to: number): void {
    if (this.onTouch !== undefined) this.onTouch(db, buf, from, to)
    this.changes++
    const explicit = this.explicit
    this.beginEffect(db, 2)
    this.log.wordText('DEL')
    this.log.wordBytes(buf, from, to)
    this.log.endCommand()
    this.explicit = explicit
  }

  /**
   * Begins an effect of the engine's own beside that of the command at hand: `words` words, then `word…`, `endEffect`.
   * For what became due in database `db`.
   */
  dueEffect(db: number, words: number): void {
    this.beginEffect(db, words)
  }

  /** Fields of a key of database `db` were due and are gone; HDEL, the effect, is logged already. */
  fieldsExpired(db: number, count: number, key: Uint8Array, keyIsGone: boolean): void {
    if (this.onTouch !== undefined) this.onTouch(db, key, 0, key.length)
    this.stats.expiredSubkeys += count
    this.changes += count
    if (this.onEvent === undefined) return
    this.onEvent('h', 'hexpired', db, key, 0, key.length)
    if (keyIsGone) this.onEvent('g', 'del', db, key, 0, key.length)
  }

  /** Frees the keys and fields that are due, for at most a slice of the turn; lookups hide the rest meanwhile. */
  expireDue(): void {
    if (this.replaying || this.due !== 'removed' || !this.settings.activeExpire) return
    let until = 0
    for (const db of this.dbs) {
      if (db.nextDeadline() > this.now) continue
      if (until === 0) until = this.clock.monotonicMs() + expireSliceMsMax
      this.session = systemWork
      if (!db.expireDue(this.now, until)) return
    }
  }

  private beginEffect(db: number, words: number): void {
    this.openGroup()
    this.log.beginCommand(db, this.session.by, words)
  }

  private openGroup(): void {
    if (this.group !== 'asked') return
    this.group = 'open'
    this.log.multi(this.db.index, this.session.by)
  }

  private logFramed(a: Args): void {
    this.log.beginCommand(this.db.index, this.session.by, a.count)
    for (let i = 0; i < a.count; i++) this.log.wordBytes(a.buf, a.start[i]!, a.end[i]!)
    this.log.endCommand()
  }
}
