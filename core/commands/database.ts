// Whole databases: DBSIZE, FLUSHDB, FLUSHALL, SWAPDB.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import type { Reply } from '../reply.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

function dbsize(x: Engine, _: Args, r: Reply): void {
  r.int(x.db.count)
}

function flush(x: Engine, a: Args, r: Reply, dbs: readonly Keyspace[]): void {
  const sync = a.count === 2 && a.is(1, 'SYNC')
  const async = a.count === 2 && a.is(1, 'ASYNC')
  if (a.count > 1 && !sync && !async) {
    r.error(replies.syntax)
    return
  }
  const lazily = async || (!sync && x.settings.lazyUserFlush)
  let removed = 0
  for (const db of dbs) {
    if (db.count === 0) continue
    removed += db.count
    x.replaced(db.index, -1)
    db.clear(lazily)
  }
  if (removed > 0) x.changed(removed)
  if (x.onFlushed !== undefined) x.onFlushed()
  r.ok()
}

function flushall(x: Engine, a: Args, r: Reply): void {
  flush(x, a, r, x.dbs)
  if (r.lastError === '' && x.onEmptied !== undefined && (!x.replaying || x.following)) x.onEmptied()
}

function swapdb(x: Engine, a: Args, r: Reply): void {
  const first = databaseNumber(a, 1)
  if (first === undefined) {
    r.error('ERR invalid first DB index')
    return
  }
  const second = databaseNumber(a, 2)
  if (second === undefined) {
    r.error('ERR invalid second DB index')
    return
  }
  const one = x.dbs[first]
  const other = x.dbs[second]
  if (one === undefined || other === undefined) {
    r.error(replies.dbOutOfRange)
    return
  }
  if (one !== other) {
    x.replaced(first, second)
    one.index = second
    other.index = first
    x.dbs[first] = other
    x.dbs[second] = one
    x.db = x.dbs[x.session.db]!
    x.changed()
  }
  r.ok()
}

/** Argument i as a number that C's int holds. */
function databaseNumber(a: Args, i: number): number | undefined {
  const index = a.int(i)
  return Number.isNaN(index) || index > 0x7fffffff || index < -0x80000000 ? undefined : index
}

const mode: ArgumentSpec = {
  name: 'flush-type', type: 'oneof', optional: true,
  arguments: [
    { name: 'async', type: 'pure-token', token: 'ASYNC', since: '4.0.0' },
    { name: 'sync', type: 'pure-token', token: 'SYNC', since: '6.2.0' },
  ],
}
const flushing = {
  arity: -1, flags: ['write'], group: 'server', since: '1.0.0', categories: ['keyspace', 'dangerous'],
  arguments: [mode],
  history: [
    ['4.0.0', 'Added the `ASYNC` flushing mode modifier.'], ['6.2.0', 'Added the `SYNC` flushing mode modifier.'],
  ],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
} as const

export const databaseCommands: readonly CommandSpec[] = [
  {
    name: 'dbsize', arity: 1, flags: ['readonly', 'fast'], group: 'server', since: '1.0.0', categories: ['keyspace'],
    summary: 'Counts the keys of the database.', complexity: 'O(1)',
    tips: ['request_policy:all_shards', 'response_policy:agg_sum'], run: dbsize,
  },
  {
    ...flushing, name: 'flushdb', summary: 'Removes all keys of the database.',
    complexity: 'O(N) where N is the number of keys in the selected database',
    run: (x, a, r) => flush(x, a, r, [x.db]),
  },
  {
    ...flushing, name: 'flushall', summary: 'Removes all keys of all databases.',
    complexity: 'O(N) where N is the total number of keys in all databases',
    run: flushall,
  },
  {
    name: 'swapdb', arity: 3, flags: ['write', 'fast'], group: 'server', since: '4.0.0',
    categories: ['keyspace', 'dangerous'], summary: 'Exchanges the keys of two databases.',
    complexity: 'O(N) where N is the count of clients watching or blocking on keys from both databases.',
    arguments: [{ name: 'index1', type: 'integer' }, { name: 'index2', type: 'integer' }], run: swapdb,
  },
]
