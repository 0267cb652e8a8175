// What the stream commands share: the stream at a key, ids as arguments, replies made of ids and entries.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { rootOf, setRoot, typeOf, types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { formatId, idText, parseId, StreamId } from '../types/stream-id.ts'

export const invalidId = 'ERR Invalid stream ID specified as stream command argument'

/** `wrong`: an error was written. */
export const wrong = -1

/** Root of the stream at key argument i: 0 when there is none, `wrong` after a WRONGTYPE reply. */
export function streamRoot(x: Engine, a: Args, i: number, r: Reply, writes: boolean): number {
  const from = a.start[i]!
  const to = a.end[i]!
  const hash = x.db.hash(a.buf, from, to)
  const entry = writes ? x.db.lookupWrite(a.buf, from, to, hash) : x.db.lookupRead(a.buf, from, to, hash)
  if (entry === 0) return 0
  if (typeOf(x.arena, entry) !== types.stream) {
    r.error(replies.wrongType)
    return wrong
  }
  return rootOf(x.arena, entry)
}

/** Opens the stream at key argument i; false after an error reply, also where there is none. */
export function openStream(x: Engine, a: Args, i: number, r: Reply, writes: boolean): boolean {
  const root = streamRoot(x, a, i, r, writes)
  if (root === wrong) return false
  if (root === 0) {
    r.error(replies.noSuchKey)
    return false
  }
  x.stream.open(root)
  return true
}

/** Makes an empty stream at the absent key of argument i; returns its root. */
export function createStream(x: Engine, a: Args, i: number): number {
  const from = a.start[i]!
  const to = a.end[i]!
  const entry = x.db.create(types.stream, a.buf, from, to, x.db.hash(a.buf, from, to))
  const root = x.stream.create()
  setRoot(x.arena, entry, root)
  return root
}

/** What may stand in place of ids. */
export const signs = { dollar: 36, star: 42, plus: 43, greater: 62 } as const

/** Argument i is just this byte. */
export function isSign(a: Args, i: number, sign: number): boolean {
  return a.size(i) === 1 && a.buf[a.start[i]!] === sign
}

/**
 * Argument i as an id; where the seq is missing it is `missingSeq` (0, or the largest). Writes the error and returns
 * false when it is none.
 */
export function idArgument(a: Args, i: number, id: StreamId, r: Reply, missingSeq: 'min' | 'max' = 'min'): boolean {
  const form = parseId(a.buf, a.start[i]!, a.end[i]!, id)
  if (form === 'invalid') {
    r.error(invalidId)
    return false
  }
  if (form === 'ms' && missingSeq === 'max') id.set(id.msHigh, id.msLow, 0xffffffff, 0xffffffff)
  return true
}

/** The words of the ids that `idArguments` read. */
let listed = new Uint32Array(4 * 64)
const parsed = new StreamId()

/** All arguments from i on (or before `to`) as ids, for `idAt`. Writes the error and returns false when one is none. */
export function idArguments(a: Args, i: number, r: Reply, to = a.count): boolean {
  if ((to - i) * 4 > listed.length) listed = new Uint32Array((to - i) * 4)
  for (let at = 0; i < to; i++, at += 4) {
    if (!idArgument(a, i, parsed, r)) return false
    listed[at] = parsed.msHigh
    listed[at + 1] = parsed.msLow
    listed[at + 2] = parsed.seqHigh
    listed[at + 3] = parsed.seqLow
  }
  return true
}

/** The n-th of these ids. */
export function idAt(n: number, into: StreamId): StreamId {
  return into.set(listed[n * 4]!, listed[n * 4 + 1]!, listed[n * 4 + 2]!, listed[n * 4 + 3]!)
}

/** As `idArgument`, and also `-` and `+`. */
export function boundArgument(a: Args, i: number, id: StreamId, r: Reply, missingSeq: 'min' | 'max'): boolean {
  if (a.size(i) === 1) {
    const c = a.buf[a.start[i]!]
    if (c === 45) {
      id.setMin()
      return true
    }
    if (c === 43) {
      id.setMax()
      return true
    }
  }
  return idArgument(a, i, id, r, missingSeq)
}

/** A bound of an interval: as `boundArgument`, and `(` before it excludes the id itself. */
export function intervalArgument(a: Args, i: number, id: StreamId, r: Reply, end: 'start' | 'end'): boolean {
  const missing = end === 'start' ? 'min' : 'max'
  if (a.size(i) < 2 || a.buf[a.start[i]!] !== 40) return boundArgument(a, i, id, r, missing)
  a.start[i] = a.start[i]! + 1
  const parsed = idArgument(a, i, id, r, missing)
  a.start[i] = a.start[i]! - 1
  if (!parsed) return false
  if (end === 'start' ? id.increment() : id.decrement()) return true
  r.error(`ERR invalid ${end} ID for the interval`)
  return false
}

export function replyId(r: Reply, id: StreamId): void {
  r.bulk(idText, 0, formatId(id))
}

/** A word of an effect. */
export function wordId(x: Engine, id: StreamId): void {
  x.wordBytes(idText, 0, formatId(id))
}

/** The current entry of the open stream: its id, and its fields and values. */
export function replyEntry(x: Engine, r: Reply): void {
  r.array(2)
  replyId(r, x.stream.id)
  x.stream.replyFields(r)
}

/** Entries of the stream at argument i changed in a way that Redis calls `event`. */
export function streamChanged(x: Engine, a: Args, i: number, event: string, count = 1): void {
  x.touch(a.buf, a.start[i]!, a.end[i]!)
  groupsChanged(x, a, i, event, count)
}

/** Counters or groups changed: no change of the key for WATCH and client caching (as in Redis). */
export function groupsChanged(x: Engine, a: Args, i: number, event: string, count = 1): void {
  x.changed(count)
  x.notify('t', event, a.buf, a.start[i]!, a.end[i]!)
}
