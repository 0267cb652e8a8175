// DUMP and RESTORE: a value as bytes, in RDB's encodings, so that it moves between servers.
// https://redis.io/docs/latest/commands/restore/

import type { Args } from '../args.ts'
import { dump as dumpValue, payloadEnd } from '../checkpoint/dump.ts'
import { RdbError, rdbTypes } from '../checkpoint/rdb-format.ts'
import { RdbInput } from '../checkpoint/rdb-input.ts'
import { readValue } from '../checkpoint/value-reader.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { setIdleSeconds, setUseCount } from '../keyspace/access.ts'
import type { Reply } from '../reply.ts'
import { storeString } from '../types/string.ts'
import { freeValue } from '../types/types.ts'
import { oneKey } from './spec.ts'
import type { CommandSpec } from './spec.ts'

function dump(x: Engine, a: Args, r: Reply): void {
  const entry = x.db.lookupRead(a.buf, a.start[1]!, a.end[1]!, x.db.hash(a.buf, a.start[1]!, a.end[1]!))
  if (entry === 0) {
    r.nil()
    return
  }
  const payload = dumpValue(x, entry)
  r.bulk(payload, 0, payload.length)
}

/** The parsed options of the RESTORE that is being executed. */
const options = { replace: false, absolute: false, idleSeconds: -1, frequency: -1 }

/** Reads the options from argument 4 on; returns the error, undefined when there is none. */
function parseOptions(a: Args): string | undefined {
  const o = options
  o.replace = false
  o.absolute = false
  o.idleSeconds = -1
  o.frequency = -1
  for (let i = 4; i < a.count; i++) {
    const more = i + 1 < a.count
    if (a.is(i, 'REPLACE')) o.replace = true
    else if (a.is(i, 'ABSTTL')) o.absolute = true
    else if (a.is(i, 'IDLETIME') && more && o.frequency === -1) {
      o.idleSeconds = a.int(++i)
      if (Number.isNaN(o.idleSeconds)) return replies.notInteger
      if (o.idleSeconds < 0) return 'ERR Invalid IDLETIME value, must be >= 0'
    } else if (a.is(i, 'FREQ') && more && o.idleSeconds === -1) {
      o.frequency = a.int(++i)
      if (Number.isNaN(o.frequency)) return replies.notInteger
      if (o.frequency < 0 || o.frequency > 255) return 'ERR Invalid FREQ value, must be >= 0 and <= 255'
    } else return replies.syntax
  }
  return undefined
}

function restore(x: Engine, a: Args, r: Reply): void {
  const error = parseOptions(a)
  if (error !== undefined) {
    r.error(error)
    return
  }
  const { buf } = a
  const from = a.start[1]!
  const to = a.end[1]!
  const hash = x.db.hash(buf, from, to)
  const before = x.db.lookupWrite(buf, from, to, hash)
  if (before !== 0 && !options.replace) {
    r.error(replies.busyKey)
    return
  }
  const ttl = a.int(2)
  if (Number.isNaN(ttl) || ttl < 0) {
    r.error(Number.isNaN(ttl) ? replies.notInteger : 'ERR Invalid TTL value, must be >= 0')
    return
  }
  const end = payloadEnd(buf, a.start[3]!, a.end[3]!)
  if (end < 0) {
    r.error('ERR DUMP payload version or checksum are wrong')
    return
  }
  const deadline = ttl === 0 ? -1 : options.absolute ? ttl : x.now + ttl
  const input = new RdbInput(buf, a.start[3]!, end, x.settings.stringBytesMax)
  try {
    place(x, a, input, before, hash, deadline)
  } catch (problem) {
    if (!(problem instanceof RdbError)) throw problem
    r.error('ERR Bad data format')
    return
  }
  r.ok()
}

/** Puts the payload's value at the key; nothing has changed when that throws. */
function place(x: Engine, a: Args, input: RdbInput, before: number, hash: number, deadline: number): void {
  const { buf } = a
  const { db } = x
  const from = a.start[1]!
  const to = a.end[1]!
  const type = input.byte()
  let entry: number
  if (type === rdbTypes.string) {
    input.string()
    if (input.at !== input.end) throw new RdbError('more bytes than a value')
    entry = storeString(db, buf, from, to, hash, before, input.text, input.from, input.to, false)
  } else {
    const value = readValue(x, type, input)
    if (input.at !== input.end) {
      freeValue(x, value.type, value.root, value.form)
      throw new RdbError('more bytes than a value')
    }
    entry = db.storeValue(buf, from, to, hash, value.type, value.root, value.form)
  }
  // A key that is due already only takes away what was there, as the log says.
  const due = deadline >= 0 && deadline <= x.now && !x.replaying
  if (due) db.remove(entry, hash)
  else if (deadline >= 0) entry = db.setDeadline(entry, hash, deadline)
  if (due && before === 0) return
  x.changed()
  x.touch(buf, from, to)
  x.notify('g', due ? 'del' : 'restore', buf, from, to)
  if (due) {
    x.effect(2)
    x.wordText('DEL')
    x.wordArg(a, 1)
    x.endEffect()
    return
  }
  if (options.idleSeconds >= 0) setIdleSeconds(x, entry, options.idleSeconds)
  if (options.frequency >= 0) setUseCount(x, entry, options.frequency)
  x.effect(6)
  x.wordText('RESTORE')
  x.wordArg(a, 1)
  x.wordInt(Math.max(0, deadline))
  x.wordArg(a, 3)
  x.wordText('ABSTTL')
  x.wordText('REPLACE')
  x.endEffect()
  x.ready(buf, from, to)
}

const restoring = {
  arity: -4, categories: ['keyspace', 'dangerous'], keys: oneKey.overwrite, run: restore,
  complexity: 'O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the '
    + 'number of Redis objects composing the value and M their average size. For small string values the time '
    + 'complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity '
    + 'is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).',
  history: [
    ['3.0.0', 'Added the `REPLACE` modifier.'], ['5.0.0', 'Added the `ABSTTL` modifier.'],
    ['5.0.0', 'Added the `IDLETIME` and `FREQ` options.'],
  ],
  arguments: [
    { name: 'key', type: 'key', keySpec: 0 },
    { name: 'ttl', type: 'integer' },
    { name: 'serialized-value', type: 'string' },
    { name: 'replace', type: 'pure-token', token: 'REPLACE', optional: true, since: '3.0.0' },
    { name: 'absttl', type: 'pure-token', token: 'ABSTTL', optional: true, since: '5.0.0' },
    { name: 'seconds', type: 'integer', token: 'IDLETIME', optional: true, since: '5.0.0' },
    { name: 'frequency', type: 'integer', token: 'FREQ', optional: true, since: '5.0.0' },
  ],
} as const

export const genericDumpCommands: readonly CommandSpec[] = [
  {
    name: 'dump', arity: 2, flags: ['readonly'], group: 'generic', categories: ['keyspace'], since: '2.6.0',
    summary: 'Gives the value at a key as bytes that RESTORE takes.',
    complexity: 'O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis objects '
      + 'composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) '
      + 'where M is small, so simply O(1).',
    tips: ['nondeterministic_output'], keys: oneKey.read,
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }], run: dump,
  },
  {
    ...restoring, name: 'restore', flags: ['write', 'denyoom'], group: 'generic', since: '2.6.0',
    summary: 'Makes a key of the bytes that DUMP gave.',
  },
  {
    ...restoring, name: 'restore-asking', flags: ['write', 'denyoom', 'asking'], group: 'server', since: '3.0.0',
    summary: 'RESTORE, as the nodes of a cluster send it to each other.', docFlags: ['syscmd'],
  },
]
