// Values and deadlines of fields at once: HSETEX, HGETEX, HGETDEL.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { wrongArity } from '../errors.ts'
import type { Reply } from '../reply.ts'
import {
  choose, chooseNone, chosenFields, dateField, deadlineArgument, fields, fieldsArgument, finishDating, isPast, key,
  lifetimeArguments, lifetimeAt, logFields, logRemoval,
} from './hash-fields.ts'
import {
  announce, createHash, expireNamed, keep, keepOrRemove, makeFit, openToWrite, putPairs, replyField, wrong,
} from './hash-key.ts'
import { oneKey } from './spec.ts'
import type { CommandSpec } from './spec.ts'
import type { Lifetime } from './string-expiry.ts'

const fieldsMax = 0x7fffffff

type SetOptions = {
  condition: 'FNX' | 'FXX' | undefined
  lifetime: Lifetime | undefined
  keepTtl: boolean
  deadlineMs: number
  /** Where the pairs begin. */
  first: number
}

/** The options of HSETEX, or undefined after an error. */
function parseOptions(x: Engine, a: Args, r: Reply): SetOptions | undefined {
  const o: SetOptions = { condition: undefined, lifetime: undefined, keepTtl: false, deadlineMs: -1, first: 0 }
  for (let i = 2; i < a.count; i++) {
    const lifetime = lifetimeAt(a, i)
    if (a.is(i, 'FIELDS')) {
      o.first = pairsArgument(a, i, r)
      return o.first === 0 ? undefined : o
    }
    if (lifetime !== undefined || a.is(i, 'KEEPTTL')) {
      if (o.lifetime !== undefined || o.keepTtl) {
        r.error('ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified')
        return undefined
      }
      o.lifetime = lifetime
      o.keepTtl = lifetime === undefined
      if (lifetime === undefined) continue
      o.deadlineMs = deadlineArgument(x, a, ++i, lifetime, 'hsetex', r)
      if (o.deadlineMs < 0) return undefined
    } else if (a.is(i, 'FNX') || a.is(i, 'FXX')) {
      if (o.condition !== undefined) {
        r.error('ERR Only one of FXX or FNX arguments can be specified')
        return undefined
      }
      o.condition = a.is(i, 'FNX') ? 'FNX' : 'FXX'
    } else {
      r.error(`ERR unknown argument: ${a.shown(i)}`)
      return undefined
    }
  }
  r.error(wrongArity('hsetex'))
  return undefined
}

/** Where the pairs behind the FIELDS at argument i begin, 0 after an error. */
function pairsArgument(a: Args, i: number, r: Reply): number {
  if (i >= a.count - 3) {
    r.error(wrongArity('hsetex'))
    return 0
  }
  const count = a.int(i + 1)
  if (!(count >= 1 && count <= fieldsMax)) {
    r.error('ERR invalid number of fields')
    return 0
  }
  if (count * 2 !== a.count - i - 2) {
    r.error(wrongArity('hsetex'))
    return 0
  }
  return i + 2
}

function hsetex(x: Engine, a: Args, r: Reply): void {
  const o = parseOptions(x, a, r)
  if (o === undefined) return
  const { hash } = x
  const { first, lifetime } = o
  let entry = openToWrite(x, a, r)
  if (entry === wrong) return
  if (entry !== 0) entry = expireNamed(x, a, entry, first, 2)
  if (o.condition !== undefined && !meets(x, a, first, entry, o.condition)) {
    r.int(0)
    return
  }
  r.int(1)
  if (lifetime !== undefined && isPast(x, o.deadlineMs)) {
    removePairs(x, a, first, entry)
    return
  }

  if (entry === 0) entry = createHash(x, a)
  makeFit(x, a, first, a.count - 1)
  if (lifetime !== undefined) hash.date()
  putPairs(x, a, first, o.keepTtl || lifetime !== undefined)
  if (lifetime !== undefined) {
    for (let i = first; i < a.count; i += 2) {
      hash.find(a.buf, a.start[i]!, a.end[i]!)
      dateField(x, o.deadlineMs)
    }
  }
  keep(x, entry)
  announce(x, a, 'hset', (a.count - first) / 2)
  if (lifetime === undefined) return
  x.notify('h', 'hexpire', a.buf, a.start[1]!, a.end[1]!)
  x.effect(a.count - first + 6)
  x.wordText('HSETEX')
  x.wordArg(a, 1)
  x.wordText('PXAT')
  x.wordInt(o.deadlineMs)
  x.wordText('FIELDS')
  x.wordArgs(a, first - 1)
  x.endEffect()
}

/** FNX: none of the fields is there; FXX: all are. */
function meets(x: Engine, a: Args, first: number, entry: number, condition: 'FNX' | 'FXX'): boolean {
  for (let i = first; i < a.count; i += 2) {
    const found = entry !== 0 && x.hash.find(a.buf, a.start[i]!, a.end[i]!)
    if (found === (condition === 'FNX')) return false
  }
  return true
}

/** The fields would be due at once: they go, and the log has no more of it than that. */
function removePairs(x: Engine, a: Args, first: number, entry: number): void {
  const { hash } = x
  const { buf, start, end } = a
  chooseNone()
  if (entry !== 0) {
    makeFit(x, a, first, a.count - 1)
    hash.date()
    for (let i = first; i < a.count; i += 2) {
      if (!hash.find(buf, start[i]!, end[i]!)) continue
      hash.remove()
      choose(i)
    }
  }
  x.notify('h', 'hset', buf, start[1]!, end[1]!)
  if (chosenFields() > 0) {
    keepOrRemove(x, a, entry, 'hdel', chosenFields())
    logRemoval(x, a)
    return
  }
  if (entry !== 0) keep(x, entry)
  x.notify('h', 'hdel', buf, start[1]!, end[1]!)
  if (entry === 0) x.notify('g', 'del', buf, start[1]!, end[1]!)
}

function hgetex(x: Engine, a: Args, r: Reply): void {
  let entry = openToWrite(x, a, r)
  if (entry === wrong) return
  const lifetime = lifetimeAt(a, 2)
  const persist = a.is(2, 'PERSIST')
  const deadline = lifetime === undefined ? -1 : deadlineArgument(x, a, 3, lifetime, 'hgetex', r)
  if (lifetime !== undefined && deadline < 0) return
  const first = fieldsArgument(a, lifetime !== undefined ? 4 : persist ? 3 : 2, r)
  if (first === 0) return
  if (entry !== 0) entry = expireNamed(x, a, entry, first, 1)
  r.array(a.count - first)
  if (entry === 0) {
    for (let i = first; i < a.count; i++) r.nil()
    return
  }

  const { hash } = x
  if (lifetime !== undefined || persist) hash.date()
  chooseNone()
  for (let i = first; i < a.count; i++) {
    if (!replyField(x, a, i, r)) continue
    if (lifetime !== undefined) dateField(x, deadline)
    else if (persist && hash.deadline() >= 0) hash.setDeadline(-1)
    else continue
    choose(i)
  }
  if (chosenFields() === 0) keep(x, entry)
  else if (lifetime !== undefined) finishDating(x, a, entry, deadline)
  else {
    keep(x, entry)
    announce(x, a, 'hpersist', chosenFields())
    x.effect(chosenFields() + 4)
    x.wordText('HPERSIST')
    x.wordArg(a, 1)
    logFields(x, a)
  }
}

function hgetdel(x: Engine, a: Args, r: Reply): void {
  let entry = openToWrite(x, a, r)
  if (entry === wrong) return
  const first = fieldsArgument(a, 2, r)
  if (first === 0) return
  if (entry !== 0) entry = expireNamed(x, a, entry, first, 1)
  chooseNone()
  r.array(a.count - first)
  for (let i = first; i < a.count; i++) {
    if (entry === 0) r.nil()
    else if (replyField(x, a, i, r)) {
      x.hash.remove()
      choose(i)
    }
  }
  if (chosenFields() === 0) return
  keepOrRemove(x, a, entry, 'hdel', chosenFields())
  logRemoval(x, a)
}

const common = { group: 'hash', since: '8.0.0' } as const

export const hashExCommands: readonly CommandSpec[] = [
  {
    ...common, name: 'hsetex', arity: -6, flags: ['write', 'denyoom', 'fast'], keys: oneKey.update,
    summary: 'Stores values under fields of a hash with an optional lifetime or condition.',
    complexity: 'O(N) where N is the number of fields being set.',
    arguments: [
      key,
      {
        name: 'condition', type: 'oneof', optional: true,
        arguments: [
          { name: 'fnx', type: 'pure-token', token: 'FNX' }, { name: 'fxx', type: 'pure-token', token: 'FXX' },
        ],
      },
      lifetimeArguments({ name: 'keepttl', type: 'pure-token', token: 'KEEPTTL' }),
      {
        name: 'fields', type: 'block', token: 'FIELDS',
        arguments: [
          { name: 'numfields', type: 'integer' },
          {
            name: 'data', type: 'block', multiple: true,
            arguments: [{ name: 'field', type: 'string' }, { name: 'value', type: 'string' }],
          },
        ],
      },
    ],
    run: hsetex,
  },
  {
    ...common, name: 'hgetex', arity: -5, flags: ['write', 'fast'],
    summary: 'Returns the values of fields of a hash and sets or removes the fields\' lifetime.',
    complexity: 'O(N) where N is the number of specified fields',
    keys: [{
      flags: ['RW', 'access', 'update'], notes: 'RW and UPDATE because it changes the TTL',
      begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 },
    }],
    arguments: [key, lifetimeArguments({ name: 'persist', type: 'pure-token', token: 'PERSIST' }), fields], run: hgetex,
  },
  {
    ...common, name: 'hgetdel', arity: -5, flags: ['write', 'fast'],
    summary: 'Returns the values of fields of a hash and removes the fields.',
    complexity: 'O(N) where N is the number of specified fields',
    keys: [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [key, fields], run: hgetdel,
  },
]
