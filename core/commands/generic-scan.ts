// Finding keys: KEYS, SCAN, RANDOMKEY.

import { byteOf, chunkOf } from '../arena/arena.ts'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { headerBytes, keyLength } from '../keyspace/entry.ts'
import { keyMatches, matchesAll, scanKeys } from '../keyspace/scan.ts'
import type { ScanFilter } from '../keyspace/scan.ts'
import { randomTriesMax } from '../limits.ts'
import type { Reply } from '../reply.ts'
import type { CommandSpec } from './spec.ts'

const scanCountDefault = 10
const u64Max = 18446744073709551615n

function replyKey(x: Engine, r: Reply, entry: number): void {
  const at = byteOf(entry) + headerBytes
  r.bulk(x.arena.u8[chunkOf(entry)]!, at, at + keyLength(x.arena, entry))
}

function keys(x: Engine, a: Args, r: Reply): void {
  const db = x.db
  const pattern = a.buf.subarray(a.start[1], a.end[1])
  const all = matchesAll(pattern)
  const mark = r.deferred()
  let count = 0
  db.dict.each((entry) => {
    if (!all && !keyMatches(db, entry, pattern)) return
    if (db.isDue(entry)) return
    replyKey(x, r, entry)
    count++
  })
  r.setArray(mark, count)
}

/** The options from argument `from` on, or an error's text; those of a value's members have no TYPE. */
export function parseScan(
  a: Args, from: number, of: 'keys' | 'members',
): { count: number; filter: ScanFilter } | string {
  let count = scanCountDefault
  const filter: ScanFilter = { pattern: undefined, type: undefined }
  for (let i = from; i < a.count; i += 2) {
    if (i + 1 >= a.count) return replies.syntax
    if (a.is(i, 'COUNT')) {
      count = a.int(i + 1)
      if (Number.isNaN(count)) return replies.notInteger
      if (count < 1) return replies.syntax
    } else if (a.is(i, 'MATCH')) {
      const pattern = a.copy(i + 1)
      filter.pattern = matchesAll(pattern) ? undefined : pattern
    } else if (of === 'keys' && a.is(i, 'TYPE')) filter.type = a.text(i + 1).toLowerCase()
    else return replies.syntax
  }
  return { count, filter }
}

/** A cursor as C's strtoull takes it, or undefined; beyond 2^53 rounded, which is past all our cursors anyway. */
export function parseCursor(a: Args, i: number): number | undefined {
  const text = a.text(i)
  if (text === '') return 0
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const digits = BigInt(text.replace(/^[+-]/, ''))
  if (digits > u64Max) return undefined
  return Number(text.startsWith('-') ? BigInt.asUintN(64, -digits) : digits)
}

function scan(x: Engine, a: Args, r: Reply): void {
  const cursor = parseCursor(a, 1)
  if (cursor === undefined) {
    r.error('ERR invalid cursor')
    return
  }
  const options = parseScan(a, 2, 'keys')
  if (typeof options === 'string') {
    r.error(options)
    return
  }
  const entries: number[] = []
  const next = scanKeys(x.db, cursor, options.count, options.filter, (entry) => entries.push(entry))
  r.array(2)
  r.text(String(next))
  r.array(entries.length)
  for (const entry of entries) replyKey(x, r, entry)
}

function randomKey(x: Engine, _: Args, r: Reply): void {
  const db = x.db
  for (let tries = 0; ; tries++) {
    // Due keys that are hidden stay, and may be all that there is.
    const entry = tries === randomTriesMax && !db.hasLive ? 0 : db.dict.random(x.random)
    if (entry === 0) {
      r.nil()
      return
    }
    if (!db.expireIfDue(entry, db.dict.hashOf(entry))) {
      replyKey(x, r, entry)
      return
    }
  }
}

const common = { flags: ['readonly'], group: 'generic', categories: ['keyspace'] } as const

export const genericScanCommands: readonly CommandSpec[] = [
  {
    ...common, name: 'keys', arity: 2, since: '1.0.0', categories: ['keyspace', 'dangerous'],
    summary: 'Lists all keys that match a pattern.',
    complexity: 'O(N) with N being the number of keys in the database, for keys and a pattern of limited length.',
    arguments: [{ name: 'pattern', type: 'pattern' }],
    tips: ['request_policy:all_shards', 'nondeterministic_output_order'], run: keys,
  },
  {
    ...common, name: 'scan', arity: -2, since: '2.8.0',
    summary: 'Walks over the keys of the database, some at a time.',
    complexity: 'O(1) for every call. O(N) for a complete iteration, where N is the number of keys.',
    arguments: [
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
      { name: 'type', type: 'string', token: 'TYPE', since: '6.0.0', optional: true },
    ],
    history: [['6.0.0', 'Added the `TYPE` subcommand.']],
    tips: ['nondeterministic_output', 'request_policy:special', 'response_policy:special'], run: scan,
  },
  {
    ...common, name: 'randomkey', arity: 1, since: '1.0.0', summary: 'Returns some key of the database.',
    complexity: 'O(1)',
    tips: ['request_policy:all_shards', 'response_policy:special', 'nondeterministic_output'], run: randomKey,
  },
]
