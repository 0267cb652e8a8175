// Writing hashes: HSET and its like, HDEL.
// https://redis.io/docs/latest/commands/?group=hash

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { wrongArity } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { hashCounterCommands } from './hash-counter.ts'
import { hashExCommands } from './hash-ex.ts'
import { hashExpireCommands } from './hash-expire.ts'
import {
  announce, createHash, expireNamed, keep, keepOrRemove, openToWrite, putPairs, wrong,
} from './hash-key.ts'
import { hashReadCommands } from './hash-read.ts'
import { hashScanCommands } from './hash-scan.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

/** Stores the pairs of arguments 2 … at argument 1; returns how many fields are new, `wrong` after an error reply. */
function storePairs(x: Engine, a: Args, r: Reply): number {
  let entry = openToWrite(x, a, r)
  if (entry === wrong) return wrong
  if (entry !== 0) entry = expireNamed(x, a, entry, 2, 2)
  if (entry === 0) entry = createHash(x, a)
  const added = putPairs(x, a, 2, false)
  keep(x, entry)
  announce(x, a, 'hset', (a.count - 2) / 2)
  return added
}

function hset(x: Engine, a: Args, r: Reply): void {
  if (a.count % 2 !== 0) {
    r.error(wrongArity('hset'))
    return
  }
  const added = storePairs(x, a, r)
  if (added !== wrong) r.int(added)
}

function hmset(x: Engine, a: Args, r: Reply): void {
  if (a.count % 2 !== 0) {
    r.error(wrongArity('hmset'))
    return
  }
  if (storePairs(x, a, r) !== wrong) r.ok()
}

function hsetnx(x: Engine, a: Args, r: Reply): void {
  let entry = openToWrite(x, a, r)
  if (entry === wrong) return
  if (entry !== 0) entry = expireNamed(x, a, entry, 2, 2)
  if (entry !== 0 && x.hash.find(a.buf, a.start[2]!, a.end[2]!)) {
    r.int(0)
    return
  }
  if (entry === 0) entry = createHash(x, a)
  putPairs(x, a, 2, false)
  keep(x, entry)
  announce(x, a, 'hset')
  r.int(1)
}

function hdel(x: Engine, a: Args, r: Reply): void {
  const { hash } = x
  let entry = openToWrite(x, a, r)
  if (entry === wrong) return
  if (entry !== 0) entry = expireNamed(x, a, entry, 2, 1)
  let removed = 0
  if (entry !== 0) {
    for (let i = 2; i < a.count && hash.total > 0; i++) {
      if (!hash.find(a.buf, a.start[i]!, a.end[i]!)) continue
      hash.remove()
      removed++
    }
  }
  if (removed > 0) keepOrRemove(x, a, entry, 'hdel', removed)
  r.int(removed)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const field: ArgumentSpec = { name: 'field', type: 'string' }
const value: ArgumentSpec = { name: 'value', type: 'string' }
const pairs: ArgumentSpec = { name: 'data', type: 'block', multiple: true, arguments: [field, value] }
const setting = { flags: ['write', 'denyoom', 'fast'], group: 'hash', since: '2.0.0' } as const

export const hashCommands: readonly CommandSpec[] = [
  {
    ...setting, name: 'hset', arity: -4, summary: 'Stores values under fields of a hash.',
    complexity: 'O(1) for each pair of field and value, so O(N) for N pairs.',
    keys: oneKey.update, arguments: [key, pairs],
    history: [['4.0.0', 'Accepts multiple `field` and `value` arguments.']], run: hset,
  },
  {
    ...setting, name: 'hmset', arity: -4, summary: 'Stores values under several fields of a hash.',
    complexity: 'O(N) where N is the number of fields being set.', keys: oneKey.update, arguments: [key, pairs],
    deprecatedSince: '4.0.0', replacedBy: '`HSET` with multiple field-value pairs', docFlags: ['deprecated'],
    run: hmset,
  },
  {
    ...setting, name: 'hsetnx', arity: 4, summary: 'Stores a value under a field that a hash doesn\'t have.',
    complexity: 'O(1)', keys: oneKey.insert, arguments: [key, field, value], run: hsetnx,
  },
  {
    name: 'hdel', arity: -3, flags: ['write', 'fast'], group: 'hash', since: '2.0.0',
    summary: 'Removes fields of a hash, and the hash with its last field.',
    complexity: 'O(N) where N is the number of fields to be removed.',
    keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
    arguments: [key, { ...field, multiple: true }],
    history: [['2.4.0', 'Accepts multiple `field` arguments.']], run: hdel,
  },
  ...hashReadCommands,
  ...hashCounterCommands,
  ...hashScanCommands,
  ...hashExpireCommands,
  ...hashExCommands,
]
