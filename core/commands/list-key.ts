// What the list commands share: the list at a key, and what follows a change of it.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { formOf, rootOf, setForm, setRoot, typeOf, types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'

/** `wrong`: an error was written. */
export const wrong = -1

export const popEvent = (front: boolean): string => front ? 'lpop' : 'rpop'
export const pushEvent = (front: boolean): string => front ? 'lpush' : 'rpush'

/** Opens the list of an entry as `x.list`; false (and the error) when it is none. */
export function openEntry(x: Engine, entry: number, r: Reply): boolean {
  if (typeOf(x.arena, entry) !== types.list) {
    r.error(replies.wrongType)
    return false
  }
  x.list.open(rootOf(x.arena, entry), formOf(x.arena, entry))
  return true
}

/** The entry of the list at key argument i for a reading command: 0 when there is none, `wrong` after an error. */
export function readList(x: Engine, a: Args, i: number, r: Reply): number {
  const from = a.start[i]!
  const to = a.end[i]!
  const entry = x.db.lookupRead(a.buf, from, to, x.db.hash(a.buf, from, to))
  return entry === 0 || openEntry(x, entry, r) ? entry : wrong
}

/** As `readList`, for a writing command; the key's hash is given. */
export function writeList(x: Engine, a: Args, i: number, r: Reply, hash: number): number {
  const entry = x.db.lookupWrite(a.buf, a.start[i]!, a.end[i]!, hash)
  return entry === 0 || openEntry(x, entry, r) ? entry : wrong
}

/** The entry holds what `x.list` is now. */
export function saveList(x: Engine, entry: number): void {
  setRoot(x.arena, entry, x.list.root)
  setForm(x.arena, entry, x.list.form)
}

/** Elements of the list at argument i went, in a way that Redis calls `event`: without any the key goes, too. */
export function elementsWent(x: Engine, a: Args, i: number, entry: number, hash: number, event: string): void {
  const from = a.start[i]!
  const to = a.end[i]!
  saveList(x, entry)
  x.touch(a.buf, from, to)
  x.notify('l', event, a.buf, from, to)
  if (x.list.root !== 0) return
  x.db.remove(entry, hash)
  x.notify('g', 'del', a.buf, from, to)
}

/** `LEFT` or `RIGHT` as true or false; undefined for anything else. */
export function endArgument(a: Args, i: number): boolean | undefined {
  if (a.is(i, 'LEFT')) return true
  return a.is(i, 'RIGHT') ? false : undefined
}
