// ZPOPMIN, ZPOPMAX, ZMPOP, and those of them that wait.
// https://redis.io/docs/latest/commands/bzmpop/

import type { Args } from '../args.ts'
import type { Block, Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { timeoutArgument } from './block-timeout.ts'
import { openZset, replyItem, storeRest, wrong, zsetChanged } from './zset-key.ts'

export function zpopmin(x: Engine, a: Args, r: Reply): void {
  popOne(x, a, r, false)
}

export function zpopmax(x: Engine, a: Args, r: Reply): void {
  popOne(x, a, r, true)
}

function popOne(x: Engine, a: Args, r: Reply, highest: boolean): void {
  let count = 1
  if (a.count > 3) {
    r.error(replies.syntax)
    return
  }
  const counted = a.count === 3
  if (counted) {
    count = a.int(2)
    if (Number.isNaN(count) || count < 0) {
      r.error(replies.mustBePositive)
      return
    }
  }
  const entry = openZset(x, a, 1, r, true)
  if (entry === wrong) return
  const wanted = entry === 0 ? 0 : Math.min(count, x.zset.count)
  if (wanted === 0) {
    r.array(0)
    return
  }
  const pairs = counted && r.resp === 3
  r.array(pairs ? wanted : wanted * 2)
  take(x, a, r, 1, entry, wanted, highest, pairs)
}

/** Takes `count` items (there are as many) from the end of the set at key argument i, into the reply. */
function take(
  x: Engine, a: Args, r: Reply, i: number, entry: number, count: number, highest: boolean, pairs: boolean,
): void {
  const { zset } = x
  for (let left = count; left > 0; left--) {
    if (highest) zset.last()
    else zset.first()
    replyItem(r, zset, true, pairs)
    zset.remove()
  }
  zsetChanged(x, a, i, highest ? 'zpopmax' : 'zpopmin', count)
  storeRest(x, a, i, entry)
}

/** What was taken from key argument i is logged in words that need no waiting and no other keys. */
function logTaken(x: Engine, a: Args, i: number, count: number, highest: boolean): void {
  x.effect(count === 1 ? 2 : 3)
  x.wordText(highest ? 'ZPOPMAX' : 'ZPOPMIN')
  x.wordArg(a, i)
  if (count > 1) x.wordInt(count)
  x.endEffect()
}

export function zmpop(x: Engine, a: Args, r: Reply): void {
  popFirst(x, a, r, 1)
}

export function bzmpop(x: Engine, a: Args, r: Reply): void {
  popFirst(x, a, r, 2)
}

/** ZMPOP, whose number of keys is argument `at`; waits when a timeout stands before that. */
function popFirst(x: Engine, a: Args, r: Reply, at: number): void {
  const keys = a.int(at)
  if (Number.isNaN(keys) || keys < 1) {
    r.error('ERR numkeys should be greater than 0')
    return
  }
  const where = at + keys + 1
  const highest = where < a.count && a.is(where, 'MAX')
  if (!highest && !(where < a.count && a.is(where, 'MIN'))) {
    r.error(replies.syntax)
    return
  }
  let count = -1
  for (let i = where + 1; i < a.count; i += 2) {
    if (count !== -1 || !a.is(i, 'COUNT') || i + 1 === a.count) {
      r.error(replies.syntax)
      return
    }
    count = a.int(i + 1)
    if (Number.isNaN(count) || count < 1) {
      r.error('ERR count should be greater than 0')
      return
    }
  }
  const waits = at === 2
  const timeoutMs = waits ? timeoutArgument(a, 1, r, x.now) : -1
  if (waits && timeoutMs < 0) return
  for (let i = at + 1; i < where; i++) {
    const entry = openZset(x, a, i, r, true)
    if (entry === wrong) return
    if (entry === 0) continue
    const taken = Math.min(Math.max(1, count), x.zset.count)
    r.array(2)
    r.bulk(a.buf, a.start[i]!, a.end[i]!)
    r.array(taken)
    take(x, a, r, i, entry, taken, highest, true)
    logTaken(x, a, i, taken, highest)
    return
  }
  if (waits && x.session.mayBlock) x.block = blockRequest(a, at + 1, where, timeoutMs)
  else r.nilArray()
}

export function bzpopmin(x: Engine, a: Args, r: Reply): void {
  popWaiting(x, a, r, false)
}

export function bzpopmax(x: Engine, a: Args, r: Reply): void {
  popWaiting(x, a, r, true)
}

function popWaiting(x: Engine, a: Args, r: Reply, highest: boolean): void {
  const last = a.count - 1
  const timeoutMs = timeoutArgument(a, last, r, x.now)
  if (timeoutMs < 0) return
  for (let i = 1; i < last; i++) {
    const entry = openZset(x, a, i, r, true)
    if (entry === wrong) return
    if (entry === 0) continue
    r.array(3)
    r.bulk(a.buf, a.start[i]!, a.end[i]!)
    take(x, a, r, i, entry, 1, highest, false)
    logTaken(x, a, i, 1, highest)
    return
  }
  if (x.session.mayBlock) x.block = blockRequest(a, 1, last, timeoutMs)
  else r.nilArray()
}

/** The client waits for the keys from argument `from` to before `to`. */
function blockRequest(a: Args, from: number, to: number, timeoutMs: number): Block {
  const keys: Buffer[] = []
  for (let i = from; i < to; i++) keys.push(a.copy(i))
  return { keys, type: types.zset, timeoutMs, retry: a.detach(), nil: 'array', wakeOnDelete: false }
}
