// LMPOP, and the pops that wait: BLPOP BRPOP BLMPOP.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { timeoutArgument } from './block-timeout.ts'
import { elementsWent, endArgument, popEvent, writeList, wrong } from './list-key.ts'
import { popValue, popValues } from './list-push.ts'

export function blpop(x: Engine, a: Args, r: Reply, front: boolean): void {
  const last = a.count - 1
  const timeoutMs = timeoutArgument(a, last, r, x.now)
  if (timeoutMs < 0) return
  for (let i = 1; i < last; i++) {
    const hash = x.db.hash(a.buf, a.start[i]!, a.end[i]!)
    const entry = writeList(x, a, i, r, hash)
    if (entry === wrong) return
    if (entry === 0) continue
    r.array(2)
    r.bulk(a.buf, a.start[i]!, a.end[i]!)
    popValue(x, r, front)
    x.changed()
    elementsWent(x, a, i, entry, hash, popEvent(front))
    x.effect(2)
    x.wordText(front ? 'LPOP' : 'RPOP')
    x.wordArg(a, i)
    x.endEffect()
    return
  }
  wait(x, a, r, timeoutMs, 1, last)
}

/** The parsed LMPOP or BLMPOP that is being executed. */
const options = { keys: 0, keysEnd: 0, front: true, count: 1 }

/** Reads from the number of keys at argument i on. */
function parseOptions(a: Args, i: number, r: Reply): boolean {
  const keys = a.int(i)
  if (!(keys >= 1)) {
    r.error('ERR numkeys should be greater than 0')
    return false
  }
  const where = i + 1 + keys
  const front = where < a.count ? endArgument(a, where) : undefined
  if (front === undefined) {
    r.error(replies.syntax)
    return false
  }
  options.keys = i + 1
  options.keysEnd = where
  options.front = front
  options.count = 1
  if (where === a.count - 1) return true
  if (!a.is(where + 1, 'COUNT') || where + 2 >= a.count) {
    r.error(replies.syntax)
    return false
  }
  options.count = a.int(where + 2)
  if (!(options.count >= 1)) {
    r.error('ERR count should be greater than 0')
    return false
  }
  if (where + 3 === a.count) return true
  r.error(replies.syntax)
  return false
}

export function lmpop(x: Engine, a: Args, r: Reply): void {
  if (parseOptions(a, 1, r) && !popFirst(x, a, r)) r.nilArray()
}

export function blmpop(x: Engine, a: Args, r: Reply): void {
  if (!parseOptions(a, 2, r)) return
  const timeoutMs = timeoutArgument(a, 1, r, x.now)
  if (timeoutMs >= 0 && !popFirst(x, a, r)) wait(x, a, r, timeoutMs, options.keys, options.keysEnd)
}

/** Pops from the first list that there is; false when there is none. */
function popFirst(x: Engine, a: Args, r: Reply): boolean {
  const { front } = options
  for (let i = options.keys; i < options.keysEnd; i++) {
    const hash = x.db.hash(a.buf, a.start[i]!, a.end[i]!)
    const entry = writeList(x, a, i, r, hash)
    if (entry === wrong) return true
    if (entry === 0) continue
    const popped = Math.min(options.count, x.list.length)
    r.array(2)
    r.bulk(a.buf, a.start[i]!, a.end[i]!)
    r.array(popped)
    popValues(x, r, front, popped)
    x.changed(popped)
    elementsWent(x, a, i, entry, hash, popEvent(front))
    x.effect(3)
    x.wordText(front ? 'LPOP' : 'RPOP')
    x.wordArg(a, i)
    x.wordInt(popped)
    x.endEffect()
    return true
  }
  return false
}

/** Waits for a list at one of the keys `from` … `to`. */
function wait(x: Engine, a: Args, r: Reply, timeoutMs: number, from: number, to: number): void {
  if (!x.session.mayBlock) {
    r.nilArray()
    return
  }
  const keys: Buffer[] = []
  for (let i = from; i < to; i++) keys.push(a.copy(i))
  x.block = { keys, type: types.list, timeoutMs, retry: a.detach(), nil: 'array', wakeOnDelete: false }
}
