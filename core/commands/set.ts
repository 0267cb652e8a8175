// Single sets: SADD, SREM, SISMEMBER and their like.
// https://redis.io/docs/latest/commands/?group=set

import { chunkOf } from '../arena/arena.ts'
import { memberLength, memberStart } from '../arena/dict-key.ts'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { typeOf, types } from '../keyspace/entry.ts'
import { globMatch } from '../keyspace/glob.ts'
import { cursorMax } from '../keyspace/scan.ts'
import type { Reply } from '../reply.ts'
import { replyMembers } from '../types/set-reply.ts'
import { setForms } from '../types/set.ts'
import type { MemberSet } from '../types/set.ts'
import { parseCursor, parseScan } from './generic-scan.ts'
import { keepOrDelete, keepSet, openSet, wrong } from './set-key.ts'

export function sadd(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const set = x.sets.one
  let entry = openSet(x, a, 1, r, set, true)
  if (entry === wrong) return
  if (entry === 0) {
    set.createFor(buf, start[2]!, end[2]!, a.count - 2)
    entry = x.db.create(types.set, buf, start[1]!, end[1]!, x.db.hash(buf, start[1]!, end[1]!))
  } else set.expect(a.count - 2)

  let added = 0
  for (let i = 2; i < a.count; i++) if (set.add(buf, start[i]!, end[i]!)) added++
  keepSet(x, entry, set)

  if (added > 0) {
    x.changed(added)
    x.touch(buf, start[1]!, end[1]!)
    x.notify('s', 'sadd', buf, start[1]!, end[1]!)
  }
  r.int(added)
}

export function srem(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const set = x.sets.one
  const entry = openSet(x, a, 1, r, set, true)
  if (entry === wrong) return
  if (entry === 0) {
    r.int(0)
    return
  }

  let removed = 0
  for (let i = 2; i < a.count && set.size > 0; i++) if (set.remove(buf, start[i]!, end[i]!)) removed++

  if (removed > 0) {
    x.changed(removed)
    x.touch(buf, start[1]!, end[1]!)
    x.notify('s', 'srem', buf, start[1]!, end[1]!)
    keepOrDelete(x, a, 1, entry, set)
  }
  r.int(removed)
}

export function smove(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const [source, target] = [x.sets.operand(0), x.sets.operand(1)]
  const from = x.db.lookupWrite(buf, start[1]!, end[1]!, x.db.hash(buf, start[1]!, end[1]!))
  const into = x.db.lookupWrite(buf, start[2]!, end[2]!, x.db.hash(buf, start[2]!, end[2]!))
  if (from === 0) {
    r.int(0)
    return
  }
  if (typeOf(x.arena, from) !== types.set || (into !== 0 && typeOf(x.arena, into) !== types.set)) {
    r.error(replies.wrongType)
    return
  }
  openSet(x, a, 1, r, source, true)
  if (from === into) {
    r.int(source.has(buf, start[3]!, end[3]!) ? 1 : 0)
    return
  }
  if (!source.remove(buf, start[3]!, end[3]!)) {
    r.int(0)
    return
  }

  x.changed()
  x.touch(buf, start[1]!, end[1]!)
  x.notify('s', 'srem', buf, start[1]!, end[1]!)
  keepOrDelete(x, a, 1, from, source)
  if (into === 0) target.createFor(buf, start[3]!, end[3]!, 1)
  else openSet(x, a, 2, r, target, true)
  const added = target.add(buf, start[3]!, end[3]!)
  keepSet(x, into === 0 ? x.db.create(types.set, buf, start[2]!, end[2]!, x.db.hash(buf, start[2]!, end[2]!)) : into,
    target)
  if (added) {
    x.changed()
    x.touch(buf, start[2]!, end[2]!)
    x.notify('s', 'sadd', buf, start[2]!, end[2]!)
  }
  r.int(1)
}

export function sismember(x: Engine, a: Args, r: Reply): void {
  const set = x.sets.one
  const entry = openSet(x, a, 1, r, set, false)
  if (entry === wrong) return
  r.int(entry !== 0 && set.has(a.buf, a.start[2]!, a.end[2]!) ? 1 : 0)
}

export function smismember(x: Engine, a: Args, r: Reply): void {
  const set = x.sets.one
  const entry = openSet(x, a, 1, r, set, false)
  if (entry === wrong) return
  r.array(a.count - 2)
  for (let i = 2; i < a.count; i++) r.int(entry !== 0 && set.has(a.buf, a.start[i]!, a.end[i]!) ? 1 : 0)
}

export function scard(x: Engine, a: Args, r: Reply): void {
  const set = x.sets.one
  const entry = openSet(x, a, 1, r, set, false)
  if (entry !== wrong) r.int(entry === 0 ? 0 : set.size)
}

export function smembers(x: Engine, a: Args, r: Reply): void {
  const set = x.sets.one
  const entry = openSet(x, a, 1, r, set, false)
  if (entry === wrong) return
  if (entry === 0) r.set(0)
  else {
    r.set(set.size)
    replyMembers(r, set)
  }
}

export function sscan(x: Engine, a: Args, r: Reply): void {
  const cursor = parseCursor(a, 2)
  if (cursor === undefined) {
    r.error('ERR invalid cursor')
    return
  }
  const set = x.sets.one
  const entry = openSet(x, a, 1, r, set, false)
  if (entry === wrong) return
  const options = entry === 0 ? undefined : parseScan(a, 3, 'members')
  if (typeof options === 'string') {
    r.error(options)
    return
  }
  r.array(2)
  if (options === undefined) {
    r.text('0')
    r.array(0)
    return
  }
  const { pattern } = options.filter
  if (set.form === setForms.dict) scanDict(x, set, cursor, options.count, pattern, r)
  else scanWhole(set, pattern, r)
}

/** A small set is given as a whole. */
function scanWhole(set: MemberSet, pattern: Buffer | undefined, r: Reply): void {
  r.text('0')
  const mark = r.deferred()
  let found = 0
  for (let more = set.first(); more; more = set.next()) {
    if (pattern !== undefined && !globMatch(pattern, 0, pattern.length, set.buf, set.from, set.to)) continue
    r.bulk(set.buf, set.from, set.to)
    found++
  }
  r.setArray(mark, found)
}

/** A cursor is a place in hash space: a member that is there all the while is found, however the set changes. */
function scanDict(
  x: Engine, set: MemberSet, cursor: number, count: number, pattern: Buffer | undefined, r: Reply,
): void {
  const found: number[] = []
  const next = cursor > cursorMax ? 0 : set.dict.scan(cursor, count, (member) => found.push(member))
  r.text(String(next))
  const mark = r.deferred()
  let shown = 0
  for (const member of found) {
    const u8 = x.arena.u8[chunkOf(member)]!
    const from = memberStart(x.arena, member)
    const to = from + memberLength(x.arena, member)
    if (pattern !== undefined && !globMatch(pattern, 0, pattern.length, u8, from, to)) continue
    r.bulk(u8, from, to)
    shown++
  }
  r.setArray(mark, shown)
}
