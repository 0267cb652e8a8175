// Strings: SET, GET and those that do the same for several keys or with a lifetime.
// https://redis.io/docs/latest/commands/?group=string

import { chunkOf } from '../arena/arena.ts'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies, wrongArity } from '../errors.ts'
import { hasDeadline, rootOf, typeOf, types, valueStart } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { setString, storeString } from '../types/string.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'
import { deadlineText, parseLifetime } from './string-expiry.ts'
import type { Deadline, Lifetime } from './string-expiry.ts'
import { stringCounterCommands } from './string-counter.ts'
import { stringLcsCommands } from './string-lcs.ts'
import { stringRangeCommands } from './string-range.ts'

/** What the options of SET and GETEX say. */
type Options = {
  condition: 'NX' | 'XX' | undefined
  get: boolean
  keepTtl: boolean
  persist: boolean
  lifetime: Lifetime | undefined
  /** Where the lifetime's number stands. */
  at: number
}

/** Options from argument `from` on, or undefined for a syntax error. */
function parseOptions(a: Args, from: number, command: 'set' | 'getex'): Options | undefined {
  const o: Options = { condition: undefined, get: false, keepTtl: false, persist: false, lifetime: undefined, at: 0 }
  const setting = command === 'set'
  for (let i = from; i < a.count; i++) {
    const more = i + 1 < a.count
    const lifetime = lifetimeAt(a, i)
    if (setting && a.is(i, 'NX') && o.condition !== 'XX') o.condition = 'NX'
    else if (setting && a.is(i, 'XX') && o.condition !== 'NX') o.condition = 'XX'
    else if (setting && a.is(i, 'GET')) o.get = true
    else if (setting && a.is(i, 'KEEPTTL') && o.lifetime === undefined) o.keepTtl = true
    else if (!setting && a.is(i, 'PERSIST') && o.lifetime === undefined) o.persist = true
    else if (lifetime !== undefined && more && !o.keepTtl && !o.persist
      && (o.lifetime === undefined || o.lifetime === lifetime)) {
      o.lifetime = lifetime
      o.at = ++i
    } else return undefined
  }
  return o
}

function lifetimeAt(a: Args, i: number): Lifetime | undefined {
  if (a.is(i, 'EX')) return 'EX'
  if (a.is(i, 'PX')) return 'PX'
  if (a.is(i, 'EXAT')) return 'EXAT'
  return a.is(i, 'PXAT') ? 'PXAT' : undefined
}

/** Replies with the value of a string entry, nil for 0; false (and the error) when it is no string. */
function replyValue(x: Engine, r: Reply, entry: number): boolean {
  if (entry === 0) {
    r.nil()
    return true
  }
  const arena = x.arena
  if (typeOf(arena, entry) !== types.string) {
    r.error(replies.wrongType)
    return false
  }
  const from = valueStart(arena, entry)
  r.bulk(arena.u8[chunkOf(entry)]!, from, from + rootOf(arena, entry))
  return true
}

function set(x: Engine, a: Args, r: Reply): void {
  if (a.count > 3) {
    setWithOptions(x, a, r)
    return
  }
  const buf = a.buf
  const from = a.start[1]!
  const to = a.end[1]!
  const db = x.db
  setString(db, buf, from, to, db.dict.hash(buf, from, to), buf, a.start[2]!, a.end[2]!)
  x.changed()
  x.touch(buf, from, to)
  x.notify('$', 'set', buf, from, to)
  r.ok()
}

function setWithOptions(x: Engine, a: Args, r: Reply): void {
  const o = parseOptions(a, 3, 'set')
  if (o === undefined) {
    r.error(replies.syntax)
    return
  }
  let deadline: Deadline | string | undefined
  if (o.lifetime !== undefined) deadline = parseLifetime(a, o.at, o.lifetime, x.now, 'set')
  if (typeof deadline === 'string') {
    r.error(deadline)
    return
  }
  const { buf, start, end } = a
  const db = x.db
  const hash = db.hash(buf, start[1]!, end[1]!)
  if (o.get && !replyValue(x, r, db.lookupRead(buf, start[1]!, end[1]!, hash))) return
  const entry = db.lookupWrite(buf, start[1]!, end[1]!, hash)
  if (o.condition === (entry === 0 ? 'XX' : 'NX')) {
    if (!o.get) r.nil()
    return
  }
  putString(x, a, 2, hash, entry, o.keepTtl, deadline)
  if (!o.get) r.ok()
}

/** Stores argument `value` at the key (argument 1), with its events, and logs the deadline as what it is. */
function putString(
  x: Engine, a: Args, value: number, hash: number, entry: number, keep: boolean, deadline?: Deadline,
): void {
  const { buf, start, end } = a
  const from = start[1]!
  const to = end[1]!
  const dated = deadline !== undefined
  const stored = storeString(x.db, buf, from, to, hash, entry, buf, start[value]!, end[value]!, keep || dated)
  x.changed()
  x.touch(buf, from, to)
  x.notify('$', 'set', buf, from, to)
  if (deadline === undefined) return
  x.db.setDeadline(stored, hash, deadline.ms, deadline.exact)
  x.notify('g', 'expire', buf, from, to)
  x.effect(5)
  x.wordText('SET')
  x.wordArg(a, 1)
  x.wordArg(a, value)
  x.wordText('PXAT')
  x.wordText(deadlineText(deadline))
  x.endEffect()
}

function get(x: Engine, a: Args, r: Reply): void {
  const buf = a.buf
  const from = a.start[1]!
  const to = a.end[1]!
  const db = x.db
  const entry = db.lookupRead(buf, from, to, db.dict.hash(buf, from, to))
  replyValue(x, r, entry)
}

function getset(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const db = x.db
  const hash = db.hash(buf, start[1]!, end[1]!)
  const entry = db.lookupRead(buf, start[1]!, end[1]!, hash)
  if (!replyValue(x, r, entry)) return
  putString(x, a, 2, hash, entry, false)
  x.effect(3)
  x.wordText('SET')
  x.wordArg(a, 1)
  x.wordArg(a, 2)
  x.endEffect()
}

function getdel(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const db = x.db
  const hash = db.hash(buf, start[1]!, end[1]!)
  const entry = db.lookupRead(buf, start[1]!, end[1]!, hash)
  if (!replyValue(x, r, entry) || entry === 0) return
  removeString(x, a, entry, hash)
}

/** Removes the key (argument 1), with its events; DEL is what is logged. */
function removeString(x: Engine, a: Args, entry: number, hash: number): void {
  const { buf, start, end } = a
  x.db.remove(entry, hash)
  x.changed()
  x.touch(buf, start[1]!, end[1]!)
  x.notify('g', 'del', buf, start[1]!, end[1]!)
  x.effect(2)
  x.wordText('DEL')
  x.wordArg(a, 1)
  x.endEffect()
}

function getex(x: Engine, a: Args, r: Reply): void {
  const o = parseOptions(a, 2, 'getex')
  if (o === undefined) {
    r.error(replies.syntax)
    return
  }
  const { buf, start, end } = a
  const from = start[1]!
  const to = end[1]!
  const db = x.db
  const hash = db.hash(buf, from, to)
  const entry = db.lookupRead(buf, from, to, hash)
  const mark = r.deferred()
  if (!replyValue(x, r, entry) || entry === 0) return
  if (o.lifetime !== undefined) {
    const deadline = parseLifetime(a, o.at, o.lifetime, x.now, 'getex')
    if (typeof deadline === 'string') {
      r.rewind(mark)
      r.error(deadline)
      return
    }
    const absolute = o.lifetime === 'EXAT' || o.lifetime === 'PXAT'
    if (absolute && deadline.ms <= x.now && !x.replaying) {
      removeString(x, a, entry, hash)
      return
    }
    db.setDeadline(entry, hash, deadline.ms, deadline.exact)
    x.changed()
    x.effect(3)
    x.wordText('PEXPIREAT')
    x.wordArg(a, 1)
    x.wordText(deadlineText(deadline))
  } else if (o.persist && hasDeadline(x.arena, entry)) {
    db.setDeadline(entry, hash, -1)
    x.changed()
    x.effect(2)
    x.wordText('PERSIST')
    x.wordArg(a, 1)
  } else return
  x.endEffect()
  x.touch(buf, from, to)
  x.notify('g', o.persist ? 'persist' : 'expire', buf, from, to)
}

function setnx(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const hash = x.db.hash(buf, start[1]!, end[1]!)
  const absent = x.db.lookupWrite(buf, start[1]!, end[1]!, hash) === 0
  if (absent) putString(x, a, 2, hash, 0, false)
  r.int(absent ? 1 : 0)
}

function setWithLifetime(x: Engine, a: Args, r: Reply, lifetime: Lifetime, command: string): void {
  const deadline = parseLifetime(a, 2, lifetime, x.now, command)
  if (typeof deadline === 'string') {
    r.error(deadline)
    return
  }
  const { buf, start, end } = a
  const hash = x.db.hash(buf, start[1]!, end[1]!)
  const entry = x.db.lookupWrite(buf, start[1]!, end[1]!, hash)
  putString(x, a, 3, hash, entry, false, deadline)
  r.ok()
}

function mget(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const db = x.db
  r.array(a.count - 1)
  for (let i = 1; i < a.count; i++) {
    const entry = db.lookupRead(buf, start[i]!, end[i]!, db.hash(buf, start[i]!, end[i]!))
    if (entry === 0 || typeOf(x.arena, entry) !== types.string) r.nil()
    else replyValue(x, r, entry)
  }
}

function setPairs(x: Engine, a: Args): void {
  const { buf, start, end } = a
  const db = x.db
  for (let i = 1; i < a.count; i += 2) {
    const from = start[i]!
    const to = end[i]!
    setString(db, buf, from, to, db.hash(buf, from, to), buf, start[i + 1]!, end[i + 1]!)
    x.touch(buf, from, to)
    x.notify('$', 'set', buf, from, to)
  }
  x.changed((a.count - 1) / 2)
}

function mset(x: Engine, a: Args, r: Reply): void {
  if (a.count % 2 === 0) {
    r.error(wrongArity('mset'))
    return
  }
  setPairs(x, a)
  r.ok()
}

function msetnx(x: Engine, a: Args, r: Reply): void {
  if (a.count % 2 === 0) {
    r.error(wrongArity('msetnx'))
    return
  }
  const { buf, start, end } = a
  for (let i = 1; i < a.count; i += 2) {
    if (x.db.lookupWrite(buf, start[i]!, end[i]!, x.db.hash(buf, start[i]!, end[i]!)) !== 0) {
      r.int(0)
      return
    }
  }
  setPairs(x, a)
  r.int(1)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const value: ArgumentSpec = { name: 'value', type: 'string' }
const pairs: ArgumentSpec = { name: 'data', type: 'block', multiple: true, arguments: [key, value] }
const range = { last: -1, step: 1, limit: 0 }

function lifetimeArguments(since?: readonly [string, string]): ArgumentSpec[] {
  const early = since === undefined ? {} : { since: since[0] }
  const late = since === undefined ? {} : { since: since[1] }
  return [
    { name: 'seconds', type: 'integer', token: 'EX', ...early },
    { name: 'milliseconds', type: 'integer', token: 'PX', ...early },
    { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT', ...late },
    { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT', ...late },
  ]
}

export const stringCommands: readonly CommandSpec[] = [
  {
    name: 'set', arity: -3, flags: ['write', 'denyoom'], group: 'string', since: '1.0.0',
    summary: 'Stores a string at a key, whatever the key held before, with an optional lifetime or condition.',
    complexity: 'O(1)',
    keys: [{
      flags: ['RW', 'access', 'update', 'variable_flags'], notes: 'RW and ACCESS due to the optional `GET` argument',
      begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 },
    }],
    arguments: [
      key, value,
      {
        name: 'condition', type: 'oneof', since: '2.6.12', optional: true,
        arguments: [{ name: 'nx', type: 'pure-token', token: 'NX' }, { name: 'xx', type: 'pure-token', token: 'XX' }],
      },
      { name: 'get', type: 'pure-token', token: 'GET', since: '6.2.0', optional: true },
      {
        name: 'expiration', type: 'oneof', optional: true,
        arguments: [
          ...lifetimeArguments(['2.6.12', '6.2.0']),
          { name: 'keepttl', type: 'pure-token', token: 'KEEPTTL', since: '6.0.0' },
        ],
      },
    ],
    history: [
      ['2.6.12', 'Added the `EX`, `PX`, `NX` and `XX` options.'],
      ['6.0.0', 'Added the `KEEPTTL` option.'],
      ['6.2.0', 'Added the `GET`, `EXAT` and `PXAT` option.'],
      ['7.0.0', 'Allowed the `NX` and `GET` options to be used together.'],
    ],
    run: set,
  },
  {
    name: 'get', arity: 2, flags: ['readonly', 'fast'], group: 'string', since: '1.0.0',
    summary: 'Returns the string at a key.', complexity: 'O(1)',
    keys: oneKey.read, arguments: [key], run: get,
  },
  {
    name: 'getset', arity: 3, flags: ['write', 'denyoom', 'fast'], group: 'string', since: '1.0.0',
    summary: 'Stores a string at a key and returns the one before.', complexity: 'O(1)',
    keys: oneKey.readUpdate, arguments: [key, value],
    deprecatedSince: '6.2.0', replacedBy: '`SET` with the `GET` argument', docFlags: ['deprecated'], run: getset,
  },
  {
    name: 'getdel', arity: 2, flags: ['write', 'fast'], group: 'string', since: '6.2.0',
    summary: 'Returns the string at a key and deletes the key.', complexity: 'O(1)',
    keys: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [key], run: getdel,
  },
  {
    name: 'getex', arity: -2, flags: ['write', 'fast'], group: 'string', since: '6.2.0',
    summary: 'Returns the string at a key and sets or removes the key\'s lifetime.', complexity: 'O(1)',
    keys: [{
      flags: ['RW', 'access', 'update'], notes: 'RW and UPDATE because it changes the TTL',
      begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 },
    }],
    arguments: [key, {
      name: 'expiration', type: 'oneof', optional: true,
      arguments: [...lifetimeArguments(), { name: 'persist', type: 'pure-token', token: 'PERSIST' }],
    }],
    run: getex,
  },
  {
    name: 'setnx', arity: 3, flags: ['write', 'denyoom', 'fast'], group: 'string', since: '1.0.0',
    summary: 'Stores a string at a key that doesn\'t exist.', complexity: 'O(1)',
    keys: [{ flags: ['OW', 'insert'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [key, value],
    deprecatedSince: '2.6.12', replacedBy: '`SET` with the `NX` argument', docFlags: ['deprecated'], run: setnx,
  },
  {
    name: 'setex', arity: 4, flags: ['write', 'denyoom'], group: 'string', since: '2.0.0',
    summary: 'Stores a string at a key with a lifetime in seconds.', complexity: 'O(1)',
    keys: oneKey.overwrite, arguments: [key, { name: 'seconds', type: 'integer' }, value],
    deprecatedSince: '2.6.12', replacedBy: '`SET` with the `EX` argument', docFlags: ['deprecated'],
    run: (x, a, r) => setWithLifetime(x, a, r, 'EX', 'setex'),
  },
  {
    name: 'psetex', arity: 4, flags: ['write', 'denyoom'], group: 'string', since: '2.6.0',
    summary: 'Stores a string at a key with a lifetime in milliseconds.', complexity: 'O(1)',
    keys: oneKey.overwrite, arguments: [key, { name: 'milliseconds', type: 'integer' }, value],
    deprecatedSince: '2.6.12', replacedBy: '`SET` with the `PX` argument', docFlags: ['deprecated'],
    run: (x, a, r) => setWithLifetime(x, a, r, 'PX', 'psetex'),
  },
  {
    name: 'mget', arity: -2, flags: ['readonly', 'fast'], group: 'string', since: '1.0.0',
    summary: 'Returns the strings at several keys at once.',
    complexity: 'O(N) where N is the number of keys to retrieve.',
    keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: range }],
    arguments: [{ ...key, multiple: true }], tips: ['request_policy:multi_shard'], run: mget,
  },
  {
    name: 'mset', arity: -3, flags: ['write', 'denyoom'], group: 'string', since: '1.0.1',
    summary: 'Stores strings at several keys at once.', complexity: 'O(N) where N is the number of keys to set.',
    keys: [{ flags: ['OW', 'update'], begin: { index: 1 }, find: { last: -1, step: 2, limit: 0 } }],
    arguments: [pairs], tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'], run: mset,
  },
  {
    name: 'msetnx', arity: -3, flags: ['write', 'denyoom'], group: 'string', since: '1.0.1',
    summary: 'Stores strings at several keys at once, or at none when one of the keys exists.',
    complexity: 'O(N) where N is the number of keys to set.',
    keys: [{ flags: ['OW', 'insert'], begin: { index: 1 }, find: { last: -1, step: 2, limit: 0 } }],
    arguments: [pairs], tips: ['request_policy:multi_shard', 'response_policy:agg_min'], run: msetnx,
  },
  ...stringCounterCommands,
  ...stringRangeCommands,
  ...stringLcsCommands,
]
