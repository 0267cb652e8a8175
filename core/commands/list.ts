// LLEN LRANGE LINDEX LSET LINSERT LREM LTRIM: https://redis.io/docs/latest/commands/?group=list

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { elementsWent, readList, saveList, writeList, wrong } from './list-key.ts'

const smallest = -(2n ** 63n)
const beyondNegation =
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807'

/** Argument i as a 64-bit integer that can be negated; NaN (and the error) when it is none. */
export function negatable(a: Args, i: number, r: Reply): number {
  const n = a.int(i)
  if (Number.isNaN(n)) r.error(replies.notInteger)
  else if (n === Number(smallest) && a.int64(i) === smallest) r.error(beyondNegation)
  else return n
  return NaN
}

function integer(a: Args, i: number, r: Reply): number {
  const n = a.int(i)
  if (Number.isNaN(n)) r.error(replies.notInteger)
  return n
}

export function llen(x: Engine, a: Args, r: Reply): void {
  const entry = readList(x, a, 1, r)
  if (entry !== wrong) r.int(entry === 0 ? 0 : x.list.length)
}

/** Where a range from `start` to `stop` (negative: from the end) begins in `length` elements. */
function rangeFrom(start: number, length: number): number {
  return start < 0 ? Math.max(0, start + length) : start
}

/** How many elements it has. */
function rangeCount(from: number, stop: number, length: number): number {
  const last = Math.min(stop < 0 ? stop + length : stop, length - 1)
  return Math.max(0, last - from + 1)
}

export function lrange(x: Engine, a: Args, r: Reply): void {
  const start = integer(a, 2, r)
  if (Number.isNaN(start)) return
  const stop = integer(a, 3, r)
  if (Number.isNaN(stop)) return
  const entry = readList(x, a, 1, r)
  if (entry === wrong) return
  const length = entry === 0 ? 0 : x.list.length
  const from = rangeFrom(start, length)
  const count = rangeCount(from, stop, length)
  r.array(count)
  if (count > 0) x.list.replyRange(r, from, count)
}

export function lindex(x: Engine, a: Args, r: Reply): void {
  const entry = readList(x, a, 1, r)
  if (entry === wrong) return
  if (entry === 0) {
    r.nil()
    return
  }
  const index = integer(a, 2, r)
  if (Number.isNaN(index)) return
  const { list } = x
  if (!list.seek(index)) {
    r.nil()
    return
  }
  list.read()
  r.bulk(list.value.buf, list.value.from, list.value.to)
}

export function lset(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const { list } = x
  const entry = writeList(x, a, 1, r, x.db.hash(buf, start[1]!, end[1]!))
  if (entry === wrong) return
  if (entry === 0) {
    r.error(replies.noSuchKey)
    return
  }
  const index = integer(a, 2, r)
  if (Number.isNaN(index)) return
  if (!list.seek(index)) {
    r.error(replies.indexOutOfRange)
    return
  }
  list.expect(a.size(3), 1)
  list.set(buf, start[3]!, end[3]!)
  list.shrink()
  saveList(x, entry)
  x.changed()
  x.touch(buf, start[1]!, end[1]!)
  x.notify('l', 'lset', buf, start[1]!, end[1]!)
  r.ok()
}

export function linsert(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const { list } = x
  const behind = a.is(2, 'AFTER')
  if (!behind && !a.is(2, 'BEFORE')) {
    r.error(replies.syntax)
    return
  }
  const entry = writeList(x, a, 1, r, x.db.hash(buf, start[1]!, end[1]!))
  if (entry === wrong) return
  if (entry === 0) {
    r.int(0)
    return
  }
  list.lookFor(buf, start[3]!, end[3]!)
  list.seek(0)
  const looked = list.findNext(Infinity)
  list.endFind()
  if (looked <= 0) {
    r.int(-1)
    return
  }
  list.expect(a.size(4), 1)
  list.insert(behind, buf, start[4]!, end[4]!)
  saveList(x, entry)
  x.changed()
  x.touch(buf, start[1]!, end[1]!)
  x.notify('l', 'linsert', buf, start[1]!, end[1]!)
  r.int(list.length)
}

export function lrem(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const count = negatable(a, 2, r)
  if (Number.isNaN(count)) return
  const hash = x.db.hash(buf, start[1]!, end[1]!)
  const entry = writeList(x, a, 1, r, hash)
  if (entry === wrong) return
  const removed = entry === 0 ? 0 : x.list.remove(count, buf, start[3]!, end[3]!)
  if (removed > 0) {
    x.changed(removed)
    elementsWent(x, a, 1, entry, hash, 'lrem')
  }
  r.int(removed)
}

export function ltrim(x: Engine, a: Args, r: Reply): void {
  const { buf } = a
  const { list } = x
  const start = integer(a, 2, r)
  if (Number.isNaN(start)) return
  const stop = integer(a, 3, r)
  if (Number.isNaN(stop)) return
  const hash = x.db.hash(buf, a.start[1]!, a.end[1]!)
  const entry = writeList(x, a, 1, r, hash)
  if (entry === wrong) return
  if (entry !== 0) {
    const { length } = list
    const from = rangeFrom(start, length)
    const kept = rangeCount(from, stop, length)
    if (kept === 0) list.free()
    else {
      list.dropEnds(false, length - from - kept)
      list.dropEnds(true, from)
    }
    if (kept < length) x.changed(length - kept)
    // As in Redis, the key counts as changed even when all of it was kept.
    elementsWent(x, a, 1, entry, hash, 'ltrim')
  }
  r.ok()
}
