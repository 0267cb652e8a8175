// LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies, wrongArity } from '../errors.ts'
import { types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { listForms } from '../types/list-ends.ts'
import { elementsWent, openEntry, popEvent, pushEvent, saveList, writeList, wrong } from './list-key.ts'

/** `existing`: only where there is a list already. */
export function push(x: Engine, a: Args, r: Reply, front: boolean, existing: boolean): void {
  const { buf, start, end, count } = a
  const { db, list } = x
  const from = start[1]!
  const to = end[1]!
  const hash = db.hash(buf, from, to)
  let entry = db.lookupWrite(buf, from, to, hash)
  const fresh = entry === 0
  if (fresh) {
    if (existing) {
      r.int(0)
      return
    }
    entry = db.create(types.list, buf, from, to, hash)
    list.open(0, listForms.listpack)
  } else if (!openEntry(x, entry, r)) return
  if (list.form === listForms.listpack) {
    let bytes = 0
    for (let i = 2; i < count; i++) bytes += end[i]! - start[i]!
    list.expect(bytes, count - 2)
  }
  for (let i = 2; i < count; i++) list.push(front, buf, start[i]!, end[i]!)
  saveList(x, entry)
  x.changed(count - 2)
  x.touch(buf, from, to)
  x.notify('l', pushEvent(front), buf, from, to)
  // Who waits for the list found none: it is no news to anybody where one was before.
  if (fresh) x.ready(buf, from, to)
  r.int(list.length)
}

export function pop(x: Engine, a: Args, r: Reply, front: boolean): void {
  if (a.count > 3) {
    r.error(wrongArity(front ? 'lpop' : 'rpop'))
    return
  }
  const counted = a.count === 3
  const count = counted ? a.int(2) : 1
  if (!(count >= 0)) {
    r.error(replies.mustBePositive)
    return
  }
  const hash = x.db.hash(a.buf, a.start[1]!, a.end[1]!)
  const entry = writeList(x, a, 1, r, hash)
  if (entry === wrong) return
  if (entry === 0) {
    if (counted) r.nilArray()
    else r.nil()
    return
  }
  if (!counted) {
    popValue(x, r, front)
    x.changed()
    elementsWent(x, a, 1, entry, hash, popEvent(front))
    return
  }
  const popped = Math.min(count, x.list.length)
  r.array(popped)
  if (popped === 0) return
  popValues(x, r, front, popped)
  x.changed(popped)
  elementsWent(x, a, 1, entry, hash, popEvent(front))
}

/** Takes an element off the open list and writes it as a bulk string. */
export function popValue(x: Engine, r: Reply, front: boolean): void {
  const { list } = x
  list.readEnd(front)
  r.bulk(list.value.buf, list.value.from, list.value.to)
  list.dropEnd(front)
}

/** As `popValue`, `count` times, as many as the list has at most. */
export function popValues(x: Engine, r: Reply, front: boolean, count: number): void {
  if (front) x.list.replyRange(r, 0, count)
  else x.list.replyLast(r, count)
  x.list.dropEnds(front, count)
}
