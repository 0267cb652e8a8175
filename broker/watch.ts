// WATCH: which clients watch which keys. A change of a key marks its watchers' coming EXEC as failed.

import { latin1 } from '../core/args.ts'
import type { Engine } from '../core/engine.ts'
import type { Connection } from './connection.ts'

export type WatchedKey = { client: Connection, db: number, key: Buffer, id: string }

/** A key of a database as a map's key. */
export function keyId(db: number, buf: Uint8Array, from: number, to: number): string {
  return `${db}:${latin1(buf, from, to)}`
}

export class Watches {
  private readonly engine: Engine
  private readonly byKey: Map<string, Set<WatchedKey>>

  constructor(engine: Engine) {
    this.engine = engine
    this.byKey = new Map()
  }

  /** Keys that somebody watches. */
  get keys(): number {
    return this.byKey.size
  }

  /** Begins to watch a key of the client's database; a due key is removed first, so that its end is no change. */
  watch(c: Connection, key: Buffer): void {
    const id = keyId(c.db, key, 0, key.length)
    if (c.watched.some((other) => other.id === id)) return
    this.removeIfDue(c.db, key)
    const watched = { client: c, db: c.db, key, id }
    c.watched.push(watched)
    const set = this.byKey.get(id)
    if (set === undefined) this.byKey.set(id, new Set([watched]))
    else set.add(watched)
  }

  /** Forgets all that the client watches. */
  unwatch(c: Connection): void {
    for (const watched of c.watched) {
      const set = this.byKey.get(watched.id)
      if (set === undefined) continue
      set.delete(watched)
      if (set.size === 0) this.byKey.delete(watched.id)
    }
    c.watched = []
    c.dirty = false
  }

  /** Before EXEC: a watched key that has become due meanwhile is a changed one. */
  expireWatched(c: Connection): void {
    for (const watched of c.watched) this.removeIfDue(watched.db, watched.key)
  }

  /** A key changed. */
  touch(db: number, buf: Uint8Array, from: number, to: number): void {
    const set = this.byKey.get(keyId(db, buf, from, to))
    if (set === undefined) return
    for (const watched of set) watched.client.dirty = true
  }

  /** The keys of `db` are about to go, or to change places with those of `by`; keys absent from both don't change. */
  replace(db: number, by: number): void {
    for (const set of this.byKey.values()) {
      for (const watched of set) {
        if (watched.db !== db && watched.db !== by) continue
        if (this.exists(db, watched.key) || (by >= 0 && this.exists(by, watched.key))) watched.client.dirty = true
      }
    }
  }

  private exists(db: number, key: Buffer): boolean {
    const space = this.engine.dbs[db]!
    return space.find(key, 0, key.length, space.hash(key, 0, key.length)) !== 0
  }

  private removeIfDue(db: number, key: Buffer): void {
    const space = this.engine.dbs[db]!
    space.peek(key, 0, key.length, space.hash(key, 0, key.length))
  }
}
