// Keys of any type: DEL, RENAME, COPY and their like.
// https://redis.io/docs/latest/commands/?group=generic

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { noteAccess } from '../keyspace/access.ts'
import { typeNames, typeOf, types } from '../keyspace/entry.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import type { Reply } from '../reply.ts'
import { markCopied } from '../types/string.ts'
import { genericDumpCommands } from './generic-dump.ts'
import { genericExpireCommands } from './generic-expire.ts'
import { genericObjectCommands } from './generic-object.ts'
import { genericScanCommands } from './generic-scan.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

function deleteKeys(x: Engine, a: Args, r: Reply, lazily: boolean): void {
  const { buf, start, end } = a
  const db = x.db
  let removed = 0
  for (let i = 1; i < a.count; i++) {
    const hash = db.hash(buf, start[i]!, end[i]!)
    const entry = db.peek(buf, start[i]!, end[i]!, hash)
    if (entry === 0) continue
    db.remove(entry, hash, lazily)
    x.touch(buf, start[i]!, end[i]!)
    x.notify('g', 'del', buf, start[i]!, end[i]!)
    removed++
  }
  if (removed > 0) x.changed(removed)
  r.int(removed)
}

function exists(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  let found = 0
  for (let i = 1; i < a.count; i++) {
    if (x.db.lookupQuiet(buf, start[i]!, end[i]!, x.db.hash(buf, start[i]!, end[i]!)) !== 0) found++
  }
  r.int(found)
}

function touch(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  let found = 0
  for (let i = 1; i < a.count; i++) {
    const entry = x.db.lookupRead(buf, start[i]!, end[i]!, x.db.hash(buf, start[i]!, end[i]!))
    if (entry === 0) continue
    // TOUCH is what it says even for a client that asked not to touch.
    if (x.session.noTouch) noteAccess(x, entry)
    found++
  }
  r.int(found)
}

function type(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const entry = x.db.lookupQuiet(buf, start[1]!, end[1]!, x.db.hash(buf, start[1]!, end[1]!))
  r.simple(entry === 0 ? 'none' : typeNames[typeOf(x.arena, entry)])
}

function rename(x: Engine, a: Args, r: Reply, onlyNew: boolean): void {
  const { buf, start, end } = a
  const db = x.db
  const hash = db.hash(buf, start[1]!, end[1]!)
  const entry = db.lookupWrite(buf, start[1]!, end[1]!, hash)
  if (entry === 0) {
    r.error(replies.noSuchKey)
    return
  }
  if (sameKey(a, 1, 2)) {
    if (onlyNew) r.int(0)
    else r.ok()
    return
  }
  const targetHash = db.hash(buf, start[2]!, end[2]!)
  const target = db.lookupWrite(buf, start[2]!, end[2]!, targetHash)
  if (target !== 0) {
    if (onlyNew) {
      r.int(0)
      return
    }
    db.remove(target, targetHash)
  }
  const moved = db.moveTo(db, entry, hash, buf, start[2]!, end[2]!)
  x.changed()
  x.touch(buf, start[1]!, end[1]!)
  x.touch(buf, start[2]!, end[2]!)
  x.notify('g', 'rename_from', buf, start[1]!, end[1]!)
  x.notify('g', 'rename_to', buf, start[2]!, end[2]!)
  announce(x, db, moved, a, 2)
  if (onlyNew) r.int(1)
  else r.ok()
}

function sameKey(a: Args, i: number, j: number): boolean {
  const { buf, start, end } = a
  return buf.compare(buf, start[j]!, end[j]!, start[i]!, end[i]!) === 0
}

/** A key has a value from elsewhere: clients may be waiting for it. */
function announce(x: Engine, db: Keyspace, entry: number, a: Args, i: number): void {
  if (x.onReady === undefined || typeOf(x.arena, entry) === types.string) return
  x.onReady(db.index, a.buf, a.start[i]!, a.end[i]!)
}

function move(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const from = start[1]!
  const to = end[1]!
  const target = databaseAt(x, a, 2)
  if (typeof target === 'string') {
    r.error(target)
    return
  }
  const db = x.db
  if (target === db) {
    r.error(replies.sameObject)
    return
  }
  const hash = db.hash(buf, from, to)
  const entry = db.lookupWrite(buf, from, to, hash)
  if (entry === 0 || target.lookupWrite(buf, from, to, hash) !== 0) {
    r.int(0)
    return
  }
  const moved = db.moveTo(target, entry, hash, buf, from, to)
  x.changed()
  x.touch(buf, from, to)
  x.onTouch?.(target.index, buf, from, to)
  x.notify('g', 'move_from', buf, from, to)
  x.onEvent?.('g', 'move_to', target.index, buf, from, to)
  announce(x, target, moved, a, 1)
  r.int(1)
}

/** The database that argument i names, or an error's text. */
function databaseAt(x: Engine, a: Args, i: number): Keyspace | string {
  const index = a.int(i)
  if (Number.isNaN(index)) return replies.notInteger
  if (index > 0x7fffffff || index < -0x80000000) return replies.notInt32
  return x.dbs[index] ?? replies.dbOutOfRange
}

function copy(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const db = x.db
  let target = db
  let replace = false
  for (let i = 3; i < a.count; i++) {
    if (a.is(i, 'REPLACE')) replace = true
    else if (a.is(i, 'DB') && i + 1 < a.count) {
      const named = databaseAt(x, a, ++i)
      if (typeof named === 'string') {
        r.error(named)
        return
      }
      target = named
    } else {
      r.error(replies.syntax)
      return
    }
  }
  if (target === db && sameKey(a, 1, 2)) {
    r.error(replies.sameObject)
    return
  }
  const entry = db.lookupRead(buf, start[1]!, end[1]!, db.hash(buf, start[1]!, end[1]!))
  if (entry === 0) {
    r.int(0)
    return
  }
  const targetHash = target.hash(buf, start[2]!, end[2]!)
  const before = target.lookupWrite(buf, start[2]!, end[2]!, targetHash)
  if (before !== 0) {
    if (!replace) {
      r.int(0)
      return
    }
    target.remove(before, targetHash)
  }
  const copied = db.copyTo(target, entry, buf, start[2]!, end[2]!)
  markCopied(x.arena, copied)
  x.changed()
  x.onTouch?.(target.index, buf, start[2]!, end[2]!)
  x.onEvent?.('g', 'copy_to', target.index, buf, start[2]!, end[2]!)
  announce(x, target, copied, a, 2)
  r.int(1)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const keys: ArgumentSpec = { ...key, multiple: true }
const newKey: ArgumentSpec = { name: 'newkey', type: 'key', keySpec: 1 }
const all = { last: -1, step: 1, limit: 0 }
const one = { last: 0, step: 1, limit: 0 }
const summed = ['request_policy:multi_shard', 'response_policy:agg_sum']

export const genericCommands: readonly CommandSpec[] = [
  {
    name: 'del', arity: -2, flags: ['write'], group: 'generic', categories: ['keyspace'], since: '1.0.0',
    summary: 'Deletes keys.',
    complexity: 'O(N) where N is the number of keys; for a key that holds no string, O(M) in its number of elements.',
    keys: [{ flags: ['RM', 'delete'], begin: { index: 1 }, find: all }],
    arguments: [keys], tips: summed, run: (x, a, r) => deleteKeys(x, a, r, x.settings.lazyUserDelete),
  },
  {
    name: 'unlink', arity: -2, flags: ['write', 'fast'], group: 'generic', categories: ['keyspace'], since: '4.0.0',
    summary: 'Deletes keys at once and frees their memory later.',
    complexity: 'O(1) for each key; its memory is freed in later turns of the event loop.',
    keys: [{ flags: ['RM', 'delete'], begin: { index: 1 }, find: all }],
    arguments: [keys], tips: summed, run: (x, a, r) => deleteKeys(x, a, r, true),
  },
  {
    name: 'exists', arity: -2, flags: ['readonly', 'fast'], group: 'generic', categories: ['keyspace'], since: '1.0.0',
    summary: 'Counts how many of the named keys exist.', complexity: 'O(N) where N is the number of keys to check.',
    keys: [{ flags: ['RO'], begin: { index: 1 }, find: all }],
    arguments: [keys], history: [['3.0.3', 'Accepts multiple `key` arguments.']], tips: summed, run: exists,
  },
  {
    name: 'touch', arity: -2, flags: ['readonly', 'fast'], group: 'generic', categories: ['keyspace'], since: '3.2.1',
    summary: 'Counts how many of the named keys exist and marks these as accessed.',
    complexity: 'O(N) where N is the number of keys that will be touched.',
    keys: [{ flags: ['RO'], begin: { index: 1 }, find: all }],
    arguments: [keys], tips: summed, run: touch,
  },
  {
    name: 'type', arity: 2, flags: ['readonly', 'fast'], group: 'generic', categories: ['keyspace'], since: '1.0.0',
    summary: 'Names the type of the value at a key.', complexity: 'O(1)',
    keys: oneKey.info, arguments: [key], run: type,
  },
  {
    name: 'rename', arity: 3, flags: ['write'], group: 'generic', categories: ['keyspace'], since: '1.0.0',
    summary: 'Gives a key another name, whatever was there before.', complexity: 'O(1)',
    keys: [
      { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: one },
      { flags: ['OW', 'update'], begin: { index: 2 }, find: one },
    ],
    arguments: [key, newKey], run: (x, a, r) => rename(x, a, r, false),
  },
  {
    name: 'renamenx', arity: 3, flags: ['write', 'fast'], group: 'generic', categories: ['keyspace'], since: '1.0.0',
    summary: 'Gives a key another name that isn\'t taken.', complexity: 'O(1)',
    keys: [
      { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: one },
      { flags: ['OW', 'insert'], begin: { index: 2 }, find: one },
    ],
    arguments: [key, newKey],
    history: [['3.2.0', 'The command no longer returns an error when source and destination names are the same.']],
    run: (x, a, r) => rename(x, a, r, true),
  },
  {
    name: 'copy', arity: -3, flags: ['write', 'denyoom'], group: 'generic', categories: ['keyspace'], since: '6.2.0',
    summary: 'Copies a value to another key, also of another database.',
    complexity: 'O(N) worst case for collections, where N is the number of nested items. O(1) for string values.',
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: one },
      { flags: ['OW', 'update'], begin: { index: 2 }, find: one },
    ],
    arguments: [
      { name: 'source', type: 'key', keySpec: 0 },
      { name: 'destination', type: 'key', keySpec: 1 },
      { name: 'destination-db', type: 'integer', token: 'DB', optional: true },
      { name: 'replace', type: 'pure-token', token: 'REPLACE', optional: true },
    ],
    run: copy,
  },
  {
    name: 'move', arity: 3, flags: ['write', 'fast'], group: 'generic', categories: ['keyspace'], since: '1.0.0',
    summary: 'Moves a key to another database.', complexity: 'O(1)',
    keys: oneKey.readUpdate, arguments: [key, { name: 'db', type: 'integer' }], run: move,
  },
  ...genericDumpCommands,
  ...genericExpireCommands,
  ...genericScanCommands,
  ...genericObjectCommands,
]
