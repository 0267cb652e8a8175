// What the bitmap commands share: offsets of bits as arguments, the string at a key for reading, and for writing, made
// long enough.

import { chunkOf } from '../arena/arena.ts'
import { parseInt64 } from '../args.ts'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { forms, rootOf, setForm, typeOf, types, valueStart } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { editString } from '../types/string.ts'

export const badOffset = 'ERR bit offset is not an integer or out of range'

/**
 * Argument i as the offset of a bit, -1 when it is none. With `bits` > 0, `#n` is the place of the n-th number of so
 * many bits. The longest string bounds it, but not in replay: what was once logged stands.
 */
export function bitOffset(x: Engine, a: Args, i: number, bits = 0): number {
  const counted = bits > 0 && a.size(i) > 0 && a.buf[a.start[i]!] === 35
  const given = counted ? parseInt64(a.buf, a.start[i]! + 1, a.end[i]!) * bits : a.int(i)
  if (Number.isNaN(given) || given < 0) return -1
  return given >= x.settings.stringBytesMax * 8 && !x.replaying ? -1 : given
}

/** The string at argument i for reading: 0 when absent, -1 (with the error written) when it is of another type. */
export function readString(x: Engine, a: Args, i: number, r: Reply): number {
  const from = a.start[i]!
  const to = a.end[i]!
  const entry = x.db.lookupRead(a.buf, from, to, x.db.hash(a.buf, from, to))
  if (entry === 0 || typeOf(x.arena, entry) === types.string) return entry
  r.error(replies.wrongType)
  return -1
}

/** What `growString` found: whether the string is new or became longer. */
export const grown = { changed: false }

/**
 * The string at argument 1 for writing, at least `bytes` long, what it lacked being zero; -1 (with the error written)
 * when the key holds another type.
 */
export function growString(x: Engine, a: Args, bytes: number, r: Reply): number {
  const { buf } = a
  const from = a.start[1]!
  const to = a.end[1]!
  const { db, arena } = x
  const hash = db.hash(buf, from, to)
  const entry = db.lookupWrite(buf, from, to, hash)
  grown.changed = false
  if (entry === 0) {
    grown.changed = true
    const fresh = db.create(types.string, buf, from, to, hash, bytes)
    const at = valueStart(arena, fresh)
    arena.u8[chunkOf(fresh)]!.fill(0, at, at + bytes)
    setForm(arena, fresh, forms.raw)
    return fresh
  }
  if (typeOf(arena, entry) !== types.string) {
    r.error(replies.wrongType)
    return -1
  }
  if (rootOf(arena, entry) < bytes) {
    grown.changed = true
    return editString(db, entry, hash, bytes)
  }
  setForm(arena, entry, forms.raw)
  return entry
}

/** The string at argument 1 was changed by setting bits. */
export function bitsChanged(x: Engine, a: Args): void {
  x.changed()
  x.touch(a.buf, a.start[1]!, a.end[1]!)
  x.notify('$', 'setbit', a.buf, a.start[1]!, a.end[1]!)
}
