// What the set commands share: the set at a key, its upkeep, and a result that is stored.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { formOf, rootOf, setForm, setRoot, typeOf, types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import type { MemberSet } from '../types/set.ts'

/** `wrong`: an error was written. */
export const wrong = -1

/**
 * Opens `set` on the set at key argument i, for reading or for writing. Returns the key's entry: 0 when there is none,
 * `wrong` after a WRONGTYPE reply.
 */
export function openSet(x: Engine, a: Args, i: number, r: Reply, set: MemberSet, writes: boolean): number {
  const from = a.start[i]!
  const to = a.end[i]!
  const { db, arena } = x
  const hash = db.hash(a.buf, from, to)
  const entry = writes ? db.lookupWrite(a.buf, from, to, hash) : db.lookupRead(a.buf, from, to, hash)
  if (entry === 0) return 0
  if (typeOf(arena, entry) !== types.set) {
    r.error(replies.wrongType)
    return wrong
  }
  set.open(rootOf(arena, entry), formOf(arena, entry))
  return entry
}

/** The entry names what became of the set. */
export function keepSet(x: Engine, entry: number, set: MemberSet): void {
  setRoot(x.arena, entry, set.root)
  setForm(x.arena, entry, set.form)
}

/** As `keepSet` after members were taken out of the set at key argument i: without any, the key goes too. */
export function keepOrDelete(x: Engine, a: Args, i: number, entry: number, set: MemberSet): void {
  keepSet(x, entry, set)
  if (set.size > 0) return
  deleteKey(x, a, i, entry)
}

function deleteKey(x: Engine, a: Args, i: number, entry: number): void {
  x.db.remove(entry, x.db.hash(a.buf, a.start[i]!, a.end[i]!))
  x.notify('g', 'del', a.buf, a.start[i]!, a.end[i]!)
}

/**
 * The key of argument i holds `result` from now on, or nothing when that is empty; answers with the number of members.
 */
export function storeResult(x: Engine, a: Args, i: number, r: Reply, result: MemberSet, event: string): void {
  const { size } = result
  if (size === 0) {
    result.free()
    storeNothing(x, a, i, r)
    return
  }
  const [from, to] = [a.start[i]!, a.end[i]!]
  x.db.storeValue(a.buf, from, to, x.db.hash(a.buf, from, to), types.set, result.root, result.form)
  x.changed()
  x.touch(a.buf, from, to)
  x.notify('s', event, a.buf, from, to)
  r.int(size)
}

/** The result is empty: the key of argument i goes. */
export function storeNothing(x: Engine, a: Args, i: number, r: Reply): void {
  const entry = x.db.lookupWrite(a.buf, a.start[i]!, a.end[i]!, x.db.hash(a.buf, a.start[i]!, a.end[i]!))
  if (entry !== 0) {
    deleteKey(x, a, i, entry)
    x.changed()
    x.touch(a.buf, a.start[i]!, a.end[i]!)
  }
  r.int(0)
}
