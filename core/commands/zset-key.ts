// What the sorted set commands share: the set at a key, and what follows a change of it.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { formOf, rootOf, setForm, setRoot, typeOf, types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import type { Zset } from '../types/zset.ts'

/** `wrong`: an error was written. */
export const wrong = -1

/** Opens `x.zset` on the sorted set at key argument i; returns its entry, 0 without one, `wrong` after WRONGTYPE. */
export function openZset(x: Engine, a: Args, i: number, r: Reply, writes: boolean): number {
  const from = a.start[i]!
  const to = a.end[i]!
  const hash = x.db.hash(a.buf, from, to)
  const entry = writes ? x.db.lookupWrite(a.buf, from, to, hash) : x.db.lookupRead(a.buf, from, to, hash)
  if (entry === 0) return 0
  if (typeOf(x.arena, entry) !== types.zset) {
    r.error(replies.wrongType)
    return wrong
  }
  x.zset.open(rootOf(x.arena, entry), formOf(x.arena, entry))
  return entry
}

/** Makes a key of the sorted set, which is absent there; returns its entry. */
export function createEntry(x: Engine, a: Args, i: number, zset: Zset): number {
  const from = a.start[i]!
  const to = a.end[i]!
  const entry = x.db.create(types.zset, a.buf, from, to, x.db.hash(a.buf, from, to))
  storeEntry(x, entry, zset)
  return entry
}

/** The entry takes up what the set has become. */
export function storeEntry(x: Engine, entry: number, zset: Zset): void {
  setRoot(x.arena, entry, zset.root)
  setForm(x.arena, entry, zset.form)
}

/** The set at key argument i has `count` changes that Redis calls `event`. */
export function zsetChanged(x: Engine, a: Args, i: number, event: string, count: number): void {
  x.changed(count)
  x.touch(a.buf, a.start[i]!, a.end[i]!)
  x.notify('z', event, a.buf, a.start[i]!, a.end[i]!)
}

/** Members went from `x.zset`, which is at `entry`: an empty set takes its key along. Call after `zsetChanged`. */
export function storeRest(x: Engine, a: Args, i: number, entry: number): void {
  const { zset } = x
  storeEntry(x, entry, zset)
  if (zset.count === 0) removeKey(x, a, i, entry)
}

export function removeKey(x: Engine, a: Args, i: number, entry: number): void {
  const from = a.start[i]!
  const to = a.end[i]!
  x.db.remove(entry, x.db.hash(a.buf, from, to), x.settings.lazyUserDelete)
  x.notify('g', 'del', a.buf, from, to)
}

/** Key argument i holds `x.zsetResult` from now on, or nothing when that is empty; whatever it held goes. */
export function storeResult(x: Engine, a: Args, i: number, r: Reply, event: string): void {
  const from = a.start[i]!
  const to = a.end[i]!
  const result = x.zsetResult
  const { count } = result
  const { root, form } = result
  const hash = x.db.hash(a.buf, from, to)
  if (count === 0) {
    result.free()
    const entry = x.db.lookupWrite(a.buf, from, to, hash)
    if (entry !== 0) {
      x.db.remove(entry, hash)
      x.changed()
      x.touch(a.buf, from, to)
      x.notify('g', 'del', a.buf, from, to)
    }
  } else {
    x.db.storeValue(a.buf, from, to, hash, types.zset, root, form)
    zsetChanged(x, a, i, event, 1)
    x.ready(a.buf, from, to)
  }
  r.int(count)
}

/** The current item of the set as two replies, or in RESP3 as one of a pair when `pairs`. */
export function replyItem(r: Reply, zset: Zset, withScores: boolean, pairs: boolean): void {
  if (withScores && pairs) r.array(2)
  zset.read()
  r.bulk(zset.buf, zset.from, zset.to)
  if (withScores) r.number(zset.score)
}
