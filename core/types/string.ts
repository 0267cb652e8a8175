// Strings: bytes that stand in the entry itself, behind the key. Bitmaps and HyperLogLogs edit the same bytes.
// Functions here change the view only; logging, events and replies are the commands' part.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { WordView } from '../arena/word-view.ts'
import { parseBigInt64 } from '../args.ts'
import { countedAccess, noteAccess } from '../keyspace/access.ts'
import {
  accessShift, deadlineBit, formOf, forms, hasDeadline, headerBytes, rootOf, setForm, setRoot, typeMask, typeOf,
  types, valueStart,
} from '../keyspace/entry.ts'
import type { Form } from '../keyspace/entry.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'

/** Longest value that redis-server keeps in one block with its header. */
const embeddedBytesMax = 44
/** Integers below this are one shared object in redis-server, and OBJECT REFCOUNT says so. */
const sharedIntegers = 10000n
/** Shorter copies are cheaper as a loop than as a call. */
const shortCopyBytes = 64
/** Spare room for a value that grows: as much again as half of it, up to this. */
const slackBytesMax = 1 << 20

const chunkView = new WordView()
const sourceView = new WordView()

/** Copies `source[from..to)` to `target[at …]`. */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, from: number, to: number): void {
  if (to - from < shortCopyBytes) {
    let j = at
    for (let i = from; i < to; i++) target[j++] = source[i]!
  } else target.set(source.subarray(from, to), at)
}

/**
 * SET without options: the key holds `source[start..end)` from now on, without a deadline, whatever it held before.
 * An overwrite that fits its block allocates nothing.
 */
export function setString(
  db: Keyspace, key: Uint8Array, from: number, to: number, hash: number, source: Uint8Array, start: number, end: number,
): void {
  const arena = db.arena
  const entry = db.dict.find(key, from, to, hash)
  const size = end - start
  if (entry !== 0) {
    const words = arena.u32[chunkOf(entry)]!
    const at = wordOf(entry)
    if ((words[at]! & (typeMask | deadlineBit)) === types.string && words[at + 2] === size) {
      const { engine } = db
      const access = engine.countsUse ? countedAccess(engine, words[at]! >>> accessShift) : engine.accessSeconds
      words[at] = access << accessShift
      copyBytes(arena.u8[chunkOf(entry)]!, valueStart(arena, entry), source, start, end)
      return
    }
    const live = db.expireIfDue(entry, hash) ? 0 : entry
    if (live !== 0 && db.engine.countsUse) noteAccess(db.engine, live)
    storeString(db, key, from, to, hash, live, source, start, end, false)
    return
  }
  const fresh = db.create(types.string, key, from, to, hash, size)
  copyBytes(arena.u8[chunkOf(fresh)]!, valueStart(arena, fresh), source, start, end)
}

/**
 * As `setString` where `entry` was looked up already (0 when absent); `keep`: its deadline stays. Returns the entry.
 */
export function storeString(
  db: Keyspace, key: Uint8Array, from: number, to: number, hash: number, entry: number,
  source: Uint8Array, start: number, end: number, keep: boolean,
): number {
  const arena = db.arena
  let target = entry
  if (entry !== 0) {
    if (!keep && hasDeadline(arena, entry)) target = db.setDeadline(entry, hash, -1)
    if (typeOf(arena, target) !== types.string) target = db.replaceByString(target, hash, end - start)
    else target = db.resizeString(target, hash, end - start)
    setForm(arena, target, forms.auto)
    db.freshen(target)
  } else target = db.create(types.string, key, from, to, hash, end - start)
  copyBytes(arena.u8[chunkOf(target)]!, valueStart(arena, target), source, start, end)
  return target
}

/**
 * The key `buf[keyFrom..keyTo)` gets the value `buf[from..to)` if it is absent; false, and nothing changed, when it is
 * there.
 */
export function addString(
  db: Keyspace, buf: Uint8Array, keyFrom: number, keyTo: number, hash: number, from: number, to: number,
): boolean {
  if (db.dict.probe(buf, keyFrom, keyTo, hash) !== 0) return false
  const entry = db.createProbed(types.string, buf, keyFrom, keyTo, hash, to - from)
  const target = chunkView.over(db.arena.u8[chunkOf(entry)]!)
  const source = sourceView.over(buf)
  let at = byteOf(entry) + headerBytes + keyTo - keyFrom
  let i = from
  for (const last = to - 8; i <= last; i += 8, at += 8) target.setBigUint64(at, source.getBigUint64(i))
  for (; i < to; i++, at++) target.setUint8(at, source.getUint8(i))
  return true
}

/**
 * Makes the value of a string `size` bytes long, new bytes zero, for editing in place: its form is then `raw`. Returns
 * the entry, which may have moved.
 */
export function editString(db: Keyspace, entry: number, hash: number, size: number): number {
  const arena = db.arena
  const before = rootOf(arena, entry)
  let target = entry
  if (size > before) {
    const spare = size >>> 1
    target = db.resizeString(entry, hash, size, spare < slackBytesMax ? spare : slackBytesMax)
    const at = valueStart(arena, target)
    arena.u8[chunkOf(target)]!.fill(0, at + before, at + size)
  } else setRoot(arena, target, size)
  setForm(arena, target, forms.raw)
  return target
}

/** A copy of the value. */
export function stringValue(arena: Arena, entry: number): Buffer {
  const at = valueStart(arena, entry)
  return Buffer.from(arena.u8[chunkOf(entry)]!.subarray(at, at + rootOf(arena, entry)))
}

/** The value as an exact signed 64-bit integer, undefined when it isn't one in canonical form. */
export function integerOf(arena: Arena, entry: number): bigint | undefined {
  const at = valueStart(arena, entry)
  return parseBigInt64(arena.u8[chunkOf(entry)]!, at, at + rootOf(arena, entry))
}

/** What OBJECT ENCODING answers: `int`, `embstr` or `raw`, as redis-server would have stored it. */
export function stringEncoding(arena: Arena, entry: number): 'int' | 'embstr' | 'raw' {
  const form: Form = formOf(arena, entry)
  if (form === forms.raw) return 'raw'
  if (form !== forms.text && integerOf(arena, entry) !== undefined) return 'int'
  return rootOf(arena, entry) <= embeddedBytesMax ? 'embstr' : 'raw'
}

/** What OBJECT REFCOUNT answers: small integers are shared by all keys. */
export function stringReferences(arena: Arena, entry: number): number {
  if (formOf(arena, entry) !== forms.auto) return 1
  const value = integerOf(arena, entry)
  return value !== undefined && value >= 0n && value < sharedIntegers ? 2147483647 : 1
}

/** Marks a string that was copied: an integer in it is then an object of its own. */
export function markCopied(arena: Arena, entry: number): void {
  if (typeOf(arena, entry) !== types.string) return
  if (stringEncoding(arena, entry) === 'int') setForm(arena, entry, forms.lone)
}
