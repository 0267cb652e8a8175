// What an entry of the log is about: the keys that it names, and whole databases that it empties or exchanges.

import type { Args } from '../../core/args.ts'
import { noteKeys } from '../../core/checkpoint/effect-keys.ts'
import type { EffectSpec, KeyNotes } from '../../core/checkpoint/effect-keys.ts'
import type { Entry } from '../../core/log/reader.ts'
import { logStreamKind } from '../../core/log-stream-name.ts'

/** One object is used for entry after entry. */
export class EntryKeys implements KeyNotes {
  /** Key i is `buf[from[i]..to[i])`, in database `db[i]`. */
  buf: Uint8Array
  count: number
  readonly db: number[]
  readonly from: number[]
  readonly to: number[]
  /** Whole databases: -1 for all of them. */
  readonly databases: number[]
  private readonly specOf: (args: Args) => EffectSpec | undefined

  constructor(specOf: (args: Args) => EffectSpec | undefined) {
    this.buf = Buffer.alloc(0)
    this.count = 0
    this.db = []
    this.from = []
    this.to = []
    this.databases = []
    this.specOf = specOf
  }

  /** Turns to an entry; valid as long as the entry is. */
  read(entry: Entry): this {
    this.count = 0
    this.databases.length = 0
    noteKeys(this, entry, this.specOf(entry.args))
    return this
  }

  /** The entry is bookkeeping of groups on the log's own streams: it is shown in none of them. */
  get isBookkeeping(): boolean {
    return this.count > 0 && logStreamKind(this.buf, this.from[0]!, this.to[0]!) !== undefined
  }

  /** The entry is about this whole database. */
  hasDatabase(db: number): boolean {
    for (const one of this.databases) if (one === db || one === -1) return true
    return false
  }

  /** The entry is about the key: it names it, or its whole database. */
  has(db: number, key: Uint8Array): boolean {
    for (let i = 0; i < this.count; i++) {
      if (this.db[i] === db && same(this.buf, this.from[i]!, this.to[i]!, key)) return true
    }
    return this.hasDatabase(db)
  }

  add(db: number, buf: Uint8Array, from: number, to: number): void {
    const i = this.count++
    this.buf = buf
    this.db[i] = db
    this.from[i] = from
    this.to[i] = to
  }

  /** Nothing is known of its keys: it is shown where all is shown. */
  addAll(): void {}

  swap(one: number, other: number): void {
    this.databases.push(one, other)
  }

  flush(db: number): void {
    this.databases.push(db)
  }

  flushAll(): void {
    this.databases.push(-1)
  }
}

function same(buf: Uint8Array, from: number, to: number, key: Uint8Array): boolean {
  if (to - from !== key.length) return false
  for (let i = 0; i < key.length; i++) if (buf[from + i] !== key[i]) return false
  return true
}
