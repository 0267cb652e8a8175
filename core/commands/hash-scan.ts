// Walking hashes: HSCAN, HRANDFIELD.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { globMatch } from '../keyspace/glob.ts'
import { matchesAll } from '../keyspace/scan.ts'
import { replyBytesMax } from '../limits.ts'
import type { Reply } from '../reply.ts'
import { hashForms } from '../types/hash.ts'
import { allPicks, drawFields, sampleFields } from '../types/hash-pick.ts'
import { parseCursor } from './generic-scan.ts'
import { openToRead, wrong } from './hash-key.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

const scanCountDefault = 10
const cursorMax = 0xffffffff
const i64Max = 9223372036854775807n

type ScanOptions = { count: number; pattern: Buffer | undefined; values: boolean }

/** The options from argument 3 on, or an error's text. */
function parseOptions(a: Args): ScanOptions | string {
  const options: ScanOptions = { count: scanCountDefault, pattern: undefined, values: true }
  for (let i = 3; i < a.count; i++) {
    if (a.is(i, 'NOVALUES')) options.values = false
    else if (i + 1 >= a.count) return replies.syntax
    else if (a.is(i, 'COUNT')) {
      options.count = a.int(++i)
      if (Number.isNaN(options.count)) return replies.notInteger
      if (options.count < 1) return replies.syntax
    } else if (a.is(i, 'MATCH')) {
      const pattern = a.copy(++i)
      options.pattern = matchesAll(pattern) ? undefined : pattern
    } else return replies.syntax
  }
  return options
}

function hscan(x: Engine, a: Args, r: Reply): void {
  const cursor = parseCursor(a, 2)
  if (cursor === undefined) {
    r.error('ERR invalid cursor')
    return
  }
  const entry = openToRead(x, a, r)
  if (entry === wrong) return
  if (entry === 0) {
    replyScan(r, 0)
    r.array(0)
    return
  }
  const options = parseOptions(a)
  if (typeof options === 'string') {
    r.error(options)
    return
  }
  const { hash } = x
  const table = hash.form === hashForms.hashtable
  let next = 0
  let found: number[] = []
  // A pack is small: it is shown whole, whatever the cursor. That of a table is a place in hash space.
  if (!table) found = allPicks(hash)
  else if (cursor <= cursorMax) next = hash.table.dict.scan(cursor, options.count, (at) => found.push(at))
  replyScan(r, next)
  const mark = r.deferred()
  let count = 0
  for (const at of found) {
    hash.at = at
    if (table && hash.hides && hash.isHidden()) continue
    hash.readField()
    const { pattern } = options
    if (pattern !== undefined && !globMatch(pattern, 0, pattern.length, hash.buf, hash.from, hash.to)) continue
    replyCurrent(x, r, options.values)
    count += options.values ? 2 : 1
  }
  r.setArray(mark, count)
}

function replyScan(r: Reply, next: number): void {
  r.array(2)
  r.text(String(next))
}

/** Writes the current field and, if wanted, its value. */
function replyCurrent(x: Engine, r: Reply, withValue: boolean): void {
  const { hash } = x
  hash.readField()
  r.bulk(hash.buf, hash.from, hash.to)
  if (!withValue) return
  hash.readValue()
  r.bulk(hash.buf, hash.from, hash.to)
}

function hrandfield(x: Engine, a: Args, r: Reply): void {
  if (a.count > 2) {
    randomFields(x, a, r)
    return
  }
  const entry = openToRead(x, a, r)
  if (entry === wrong) return
  if (entry === 0 || x.hash.count === 0) {
    r.nil()
    return
  }
  drawFields(x.hash, x.random, 1, (at) => {
    x.hash.at = at
    replyCurrent(x, r, false)
    return true
  })
}

function randomFields(x: Engine, a: Args, r: Reply): void {
  const wanted = a.int64(2)
  if (wanted === undefined) {
    r.error(replies.notInteger)
    return
  }
  if (wanted < -i64Max) {
    r.error(`ERR value is out of range, value must between ${-i64Max} and ${i64Max}`)
    return
  }
  const values = a.count === 4 && a.is(3, 'WITHVALUES')
  if (a.count > 3 && !values) {
    r.error(replies.syntax)
    return
  }
  if (values && (wanted < -i64Max / 2n || wanted > i64Max / 2n)) {
    r.error(replies.outOfRange)
    return
  }
  const entry = openToRead(x, a, r)
  if (entry === wrong) return
  const { hash } = x
  const count = Number(wanted)
  if (entry === 0 || count === 0 || hash.count === 0) {
    r.array(0)
    return
  }
  const mark = r.deferred()
  const nested = values && r.resp === 3
  const each = (at: number): boolean => {
    hash.at = at
    if (nested) r.array(2)
    replyCurrent(x, r, values)
    return r.at - mark <= replyBytesMax
  }
  const perField = values && !nested ? 2 : 1
  if (count > 0) {
    const picks = sampleFields(hash, x.random, count)
    r.array(picks.length * perField)
    for (const at of picks) each(at)
    return
  }
  r.array(-count * perField)
  let written = 0
  drawFields(hash, x.random, -count, (at) => {
    written++
    return each(at)
  })
  if (written < -count) {
    r.rewind(mark)
    r.error(replies.outOfRange)
  }
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const common = { flags: ['readonly'], group: 'hash', keys: oneKey.read, tips: ['nondeterministic_output'] } as const

export const hashScanCommands: readonly CommandSpec[] = [
  {
    ...common, name: 'hscan', arity: -3, since: '2.8.0', summary: 'Walks over the fields of a hash, some at a time.',
    complexity: 'O(1) for every call. O(N) for a complete iteration, where N is the number of fields.',
    arguments: [
      key,
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
      { name: 'novalues', type: 'pure-token', token: 'NOVALUES', optional: true },
    ],
    run: hscan,
  },
  {
    ...common, name: 'hrandfield', arity: -2, since: '6.2.0',
    summary: 'Returns some fields of a hash, chosen at random.',
    complexity: 'O(N) where N is the number of fields returned',
    arguments: [key, {
      name: 'options', type: 'block', optional: true,
      arguments: [
        { name: 'count', type: 'integer' },
        { name: 'withvalues', type: 'pure-token', token: 'WITHVALUES', optional: true },
      ],
    }],
    run: hrandfield,
  },
]
