// Fields of hashes that are due: removed a slice at a time when their time comes, or by name before a command writes to
// them. HDEL is what the log says. Reading commands leave due fields where they are and don't see them.

import type { Engine } from '../engine.ts'
import { fieldsPerSlice } from '../limits.ts'
import { formOf, keyOf, rootOf, setForm, setRoot } from './entry.ts'
import type { Keyspace } from './keyspace.ts'

/** Removes the fields of a hash that are due at `now`, at most a slice of them, and the key with its last field. */
export function expireFields(db: Keyspace, entry: number, now: number): void {
  const { engine, arena } = db
  if (engine.snapshot !== undefined) engine.snapshot.beforeChange(db, entry, db.dict.hashOf(entry))
  const hash = engine.hash.open(rootOf(arena, entry), formOf(arena, entry), now)
  const count = Math.min(hash.dueCount(now), fieldsPerSlice)
  const key = keyOf(arena, entry)
  engine.dueEffect(db.index, count + 2)
  engine.wordText('HDEL')
  engine.wordBytes(key, 0, key.length)
  for (let i = 0; i < count; i++) {
    hash.firstDue()
    hash.readField()
    engine.wordBytes(hash.buf, hash.from, hash.to)
    hash.remove()
  }
  engine.endEffect()
  settle(db, entry, key, count)
}

/**
 * Removes the current field of `engine.hash`, which is open on the hash at `entry` and hides the field: it is due.
 * Returns the entry, 0 when the key went with its last field.
 */
export function expireField(db: Keyspace, entry: number): number {
  const { engine } = db
  const { hash } = engine
  const key = keyOf(db.arena, entry)
  engine.dueEffect(db.index, 3)
  engine.wordText('HDEL')
  engine.wordBytes(key, 0, key.length)
  hash.readField()
  engine.wordBytes(hash.buf, hash.from, hash.to)
  engine.endEffect()
  hash.remove()
  return settle(db, entry, key, 1)
}

/** Stores in the entry what `engine.hash`, which is open on it, has become: form, root, and earliest deadline. */
export function keepHash(engine: Engine, db: Keyspace, entry: number): void {
  const { hash } = engine
  setRoot(db.arena, entry, hash.root)
  setForm(db.arena, entry, hash.form)
  const earliest = hash.earliest()
  db.redate(entry, hash.dated, earliest)
  hash.dated = earliest
}

function settle(db: Keyspace, entry: number, key: Buffer, count: number): number {
  const { engine } = db
  const gone = engine.hash.total === 0
  keepHash(engine, db, entry)
  if (gone) db.remove(entry, db.dict.hashOf(entry))
  engine.fieldsExpired(db.index, count, key, gone)
  return gone ? 0 : entry
}
