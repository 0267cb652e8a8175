// What the hash commands share: the hash at a key, the points at which its form changes, and its fields that are due.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { formOf, rootOf, typeOf, types } from '../keyspace/entry.ts'
import { expireField, keepHash } from '../keyspace/field-expiry.ts'
import type { Reply } from '../reply.ts'
import { hashForms } from '../types/hash.ts'

/** An error was written. */
export const wrong = -1

/** More bytes of a pack than those of a field or a value itself. */
const elementOverheadBytes = 3

/** So many fields and values are compared with each other to see that none comes twice. */
const comparedMax = 128

/** A pack that would grow beyond this becomes a table. */
const packBytesMax = 2 ** 30

/** Opens `x.hash` on the hash at argument 1. Returns its entry, 0 when there is none, `wrong` after WRONGTYPE. */
export function openToRead(x: Engine, a: Args, r: Reply): number {
  const from = a.start[1]!
  const to = a.end[1]!
  return openAt(x, x.db.lookupRead(a.buf, from, to, x.db.dict.hash(a.buf, from, to)), r)
}

/** As `openToRead`, for commands that write. */
export function openToWrite(x: Engine, a: Args, r: Reply): number {
  const from = a.start[1]!
  const to = a.end[1]!
  return openAt(x, x.db.lookupWrite(a.buf, from, to, x.db.dict.hash(a.buf, from, to)), r)
}

function openAt(x: Engine, entry: number, r: Reply): number {
  if (entry === 0) return 0
  if (!openEntry(x, entry)) {
    r.error(replies.wrongType)
    return wrong
  }
  return entry
}

/** Opens `x.hash` on an entry; false when it holds no hash. Fields that are due are hidden, but not in replay. */
export function openEntry(x: Engine, entry: number): boolean {
  const arena = x.arena
  if (typeOf(arena, entry) !== types.hash) return false
  x.hash.open(rootOf(arena, entry), formOf(arena, entry), x.replaying ? -1 : x.now)
  return true
}

/**
 * For SORT and its like: goes to the field `buf[from..to)` of the hash at an entry (0: there is none) and points
 * `x.hash.buf`, `from` and `to` at its value. False when there is no such field.
 */
export function readHashField(x: Engine, entry: number, buf: Uint8Array, from: number, to: number): boolean {
  if (entry === 0 || !openEntry(x, entry) || !x.hash.find(buf, from, to)) return false
  x.hash.readValue()
  return true
}

/** Makes a hash without fields at the absent key of argument 1 and opens it; returns its entry. */
export function createHash(x: Engine, a: Args): number {
  const from = a.start[1]!
  const to = a.end[1]!
  const entry = x.db.create(types.hash, a.buf, from, to, x.db.hash(a.buf, from, to))
  x.hash.create()
  return entry
}

/**
 * Removes those of the named fields (arguments `first`, `first + step`, …) that are due: the command at hand and its
 * repetition from the log both find nothing there. Returns the entry, 0 when the key went with its last field.
 */
export function expireNamed(x: Engine, a: Args, entry: number, first: number, step: number): number {
  const { hash } = x
  let at = entry
  for (let i = first; i < a.count && at !== 0 && hash.hides; i += step) {
    if (hash.findAny(a.buf, a.start[i]!, a.end[i]!) && hash.isHidden()) at = expireField(x.db, at)
  }
  return at
}

/** Gives the open hash another form when arguments `first … last`, fields and values, are too many or long for it. */
export function makeFit(x: Engine, a: Args, first: number, last: number): void {
  const { hash, settings } = x
  if (hash.form === hashForms.hashtable) return
  const pairs = (last - first + 1) / 2
  const longest = settings.hashPackValueBytesMax
  let packable = pairs <= settings.hashPackEntriesMax
  let bytes = 0
  for (let i = first; i <= last; i++) {
    const size = a.end[i]! - a.start[i]!
    bytes += size
    if (size > longest) packable = false
  }
  hash.prepare(pairs, bytes, packable && hash.pack.bytes + bytes <= packBytesMax)
}

/** Gives the open hash another form when it has more fields than its own may have. */
export function limitFields(x: Engine): void {
  x.hash.prepare(0, 0, x.hash.total <= x.settings.hashPackEntriesMax)
}

/**
 * For RDB files and their like: adds a field, with a deadline (unix ms) or none (-1), to the open hash, which
 * `x.hash.create()` began and which doesn't have the field. The owner takes `x.hash.root` and `form` at the end.
 */
export function addField(
  x: Engine, field: Uint8Array, from: number, to: number, value: Uint8Array, start: number, end: number,
  deadline: number,
): void {
  const { hash } = x
  const longest = x.settings.hashPackValueBytesMax
  hash.prepare(1, to - from + end - start, to - from <= longest && end - start <= longest)
  hash.set(field, from, to, value, start, end)
  if (deadline >= 0) {
    hash.date()
    hash.find(field, from, to)
    hash.setDeadline(deadline)
  }
  limitFields(x)
}

/** Puts the pairs of arguments `first` … into the open hash; returns how many fields are new. */
export function putPairs(x: Engine, a: Args, first: number, keepDeadlines: boolean): number {
  const { hash } = x
  const { buf, start, end, count } = a
  makeFit(x, a, first, count - 1)
  if (hash.root === 0 && hash.form !== hashForms.listpackex && differ(a, first)) {
    hash.fill(buf, start, end, first, count - 1)
    limitFields(x)
    return (count - first) / 2
  }
  const several = count - first > 2
  if (several) {
    let bytes = 0
    for (let i = first; i < count; i++) bytes += end[i]! - start[i]! + elementOverheadBytes
    hash.reserve(bytes)
  }
  let added = 0
  for (let i = first; i < count; i += 2) {
    if (!hash.set(buf, start[i]!, end[i]!, buf, start[i + 1]!, end[i + 1]!, keepDeadlines)) continue
    added++
    limitFields(x)
  }
  if (several) hash.fit()
  return added
}

/** True when no two of the fields `first`, `first + 2`, … are the same, and there are few enough to tell. */
function differ(a: Args, first: number): boolean {
  const { buf, start, end, count } = a
  if (count - first > comparedMax) return false
  for (let i = first + 2; i < count; i += 2) {
    const from = start[i]!
    const size = end[i]! - from
    for (let j = first; j < i; j += 2) {
      const other = start[j]!
      if (end[j]! - other !== size || buf[other] !== buf[from]) continue
      if (buf.compare(buf, other, other + size, from, from + size) === 0) return false
    }
  }
  return true
}

/** Stores what the open hash has become. */
export function keep(x: Engine, entry: number): void {
  keepHash(x, x.db, entry)
}

/** Tells of a change of the key at argument 1: counts, WATCH, events. */
export function announce(x: Engine, a: Args, event: string, count = 1): void {
  const { buf, start, end } = a
  x.changed(count)
  x.touch(buf, start[1]!, end[1]!)
  x.notify('h', event, buf, start[1]!, end[1]!)
}

/** Stores what the open hash has become, and removes its key when no field is left, which is told as well. */
export function keepOrRemove(x: Engine, a: Args, entry: number, event: string, count: number): void {
  const { buf, start, end } = a
  const empty = x.hash.total === 0
  keep(x, entry)
  if (empty) x.db.remove(entry, x.db.hash(buf, start[1]!, end[1]!))
  announce(x, a, event, count)
  if (empty) x.notify('g', 'del', buf, start[1]!, end[1]!)
}

/** Replies with the value of the field named by argument i, or nil; true when it is there. */
export function replyField(x: Engine, a: Args, i: number, r: Reply): boolean {
  const { hash } = x
  if (!hash.find(a.buf, a.start[i]!, a.end[i]!)) {
    r.nil()
    return false
  }
  hash.replyValue(r)
  return true
}
