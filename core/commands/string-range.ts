// Parts of strings: APPEND, STRLEN, GETRANGE (and its old name SUBSTR), SETRANGE.

import { chunkOf } from '../arena/arena.ts'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { forms, rootOf, setForm, typeOf, types, valueStart } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { copyBytes, editString, storeString } from '../types/string.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

const empty = Buffer.alloc(0)

function append(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const from = start[1]!
  const to = end[1]!
  const db = x.db
  const arena = x.arena
  const hash = db.hash(buf, from, to)
  const entry = db.lookupWrite(buf, from, to, hash)
  let size = a.size(2)
  if (entry === 0) storeString(db, buf, from, to, hash, 0, buf, start[2]!, end[2]!, false)
  else {
    if (typeOf(arena, entry) !== types.string) {
      r.error(replies.wrongType)
      return
    }
    const before = rootOf(arena, entry)
    size += before
    if (size > x.settings.stringBytesMax) {
      r.error(replies.stringTooLong)
      return
    }
    const target = editString(db, entry, hash, size)
    copyBytes(arena.u8[chunkOf(target)]!, valueStart(arena, target) + before, buf, start[2]!, end[2]!)
  }
  x.changed()
  x.touch(buf, from, to)
  x.notify('$', 'append', buf, from, to)
  r.int(size)
}

/** The string for reading: its entry, 0 when absent, -1 (with the error written) when it is of another type. */
function readString(x: Engine, a: Args, r: Reply): number {
  const { buf, start, end } = a
  const entry = x.db.lookupRead(buf, start[1]!, end[1]!, x.db.hash(buf, start[1]!, end[1]!))
  if (entry === 0 || typeOf(x.arena, entry) === types.string) return entry
  r.error(replies.wrongType)
  return -1
}

function strlen(x: Engine, a: Args, r: Reply): void {
  const entry = readString(x, a, r)
  if (entry >= 0) r.int(entry === 0 ? 0 : rootOf(x.arena, entry))
}

function getrange(x: Engine, a: Args, r: Reply): void {
  let first = a.int(2)
  let last = a.int(3)
  if (Number.isNaN(first) || Number.isNaN(last)) {
    r.error(replies.notInteger)
    return
  }
  const entry = readString(x, a, r)
  if (entry < 0) return
  const size = entry === 0 ? 0 : rootOf(x.arena, entry)
  if (size === 0 || (first < 0 && last < 0 && first > last)) {
    r.bulk(empty, 0, 0)
    return
  }
  if (first < 0) first = Math.max(0, size + first)
  if (last < 0) last = Math.max(0, size + last)
  if (last >= size) last = size - 1
  if (first > last) {
    r.bulk(empty, 0, 0)
    return
  }
  const from = valueStart(x.arena, entry)
  r.bulk(x.arena.u8[chunkOf(entry)]!, from + first, from + last + 1)
}

function setrange(x: Engine, a: Args, r: Reply): void {
  const offset = a.int(2)
  if (Number.isNaN(offset)) {
    r.error(replies.notInteger)
    return
  }
  if (offset < 0) {
    r.error('ERR offset is out of range')
    return
  }
  const { buf, start, end } = a
  const from = start[1]!
  const to = end[1]!
  const db = x.db
  const arena = x.arena
  const hash = db.hash(buf, from, to)
  const entry = db.lookupWrite(buf, from, to, hash)
  if (entry !== 0 && typeOf(arena, entry) !== types.string) {
    r.error(replies.wrongType)
    return
  }
  const before = entry === 0 ? 0 : rootOf(arena, entry)
  const part = a.size(3)
  if (part === 0) {
    r.int(before)
    return
  }
  if (offset + part > x.settings.stringBytesMax) {
    r.error(replies.stringTooLong)
    return
  }
  const size = Math.max(before, offset + part)
  let target = entry
  if (entry === 0) {
    target = db.create(types.string, buf, from, to, hash, size)
    const at = valueStart(arena, target)
    arena.u8[chunkOf(target)]!.fill(0, at, at + offset)
    setForm(arena, target, forms.raw)
  } else target = editString(db, entry, hash, size)
  copyBytes(arena.u8[chunkOf(target)]!, valueStart(arena, target) + offset, buf, start[3]!, end[3]!)
  x.changed()
  x.touch(buf, from, to)
  x.notify('$', 'setrange', buf, from, to)
  r.int(size)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const value: ArgumentSpec = { name: 'value', type: 'string' }
const ends: ArgumentSpec[] = [{ name: 'start', type: 'integer' }, { name: 'end', type: 'integer' }]
const rangeComplexity = 'O(N) where N is the length of the returned string.'

export const stringRangeCommands: readonly CommandSpec[] = [
  {
    name: 'append', arity: 3, flags: ['write', 'denyoom', 'fast'], group: 'string', since: '2.0.0',
    summary: 'Appends to the string at a key, or stores it when the key doesn\'t exist.',
    complexity: 'O(1) amortized, for short appended values: room is taken ahead.',
    keys: oneKey.insert, arguments: [key, value], run: append,
  },
  {
    name: 'strlen', arity: 2, flags: ['readonly', 'fast'], group: 'string', since: '2.2.0',
    summary: 'Returns the length in bytes of the string at a key.', complexity: 'O(1)',
    keys: oneKey.info, arguments: [key], run: strlen,
  },
  {
    name: 'getrange', arity: 4, flags: ['readonly'], group: 'string', since: '2.4.0',
    summary: 'Returns a part of the string at a key.', complexity: rangeComplexity,
    keys: oneKey.read, arguments: [key, ...ends], run: getrange,
  },
  {
    name: 'setrange', arity: 4, flags: ['write', 'denyoom'], group: 'string', since: '2.2.0',
    summary: 'Overwrites a part of the string at a key, and lengthens it with zero bytes where needed.',
    complexity: 'O(M) where M is the length of the value, plus the zero bytes.',
    keys: oneKey.update, arguments: [key, { name: 'offset', type: 'integer' }, value], run: setrange,
  },
  {
    name: 'substr', arity: 4, flags: ['readonly'], group: 'string', since: '1.0.0',
    summary: 'Returns a part of the string at a key.', complexity: rangeComplexity,
    keys: oneKey.read, arguments: [key, ...ends],
    deprecatedSince: '2.0.0', replacedBy: '`GETRANGE`', docFlags: ['deprecated'], run: getrange,
  },
]
