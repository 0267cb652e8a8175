// Fields of hashes as numbers: HINCRBY, exact on signed 64-bit integers, and HINCRBYFLOAT. A field keeps its deadline.

import { parseBigInt64, parseInt64 } from '../args.ts'
import type { Args } from '../args.ts'
import { digitsMax, writeDigits } from '../digits.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { hashForms } from '../types/hash.ts'
import { addLongDoubles, formatLongDouble, longDoubleAt, parseLongDouble } from '../types/long-double.ts'
import { announce, createHash, expireNamed, keep, limitFields, openToWrite, wrong } from './hash-key.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

const i64Max = 9223372036854775807n
const i64Min = -9223372036854775808n
/** Up to these many bytes, and to this, sums of two are exact in doubles. */
const exactBytes = 15
const exactMax = 1e15
const digits = Buffer.alloc(digitsMax)

function hincrby(x: Engine, a: Args, r: Reply): void {
  const by = a.int(3)
  if (Number.isNaN(by)) {
    r.error(replies.notInteger)
    return
  }
  const entry = openField(x, a, r)
  if (entry === wrong) return
  const { hash } = x
  const found = hash.at !== 0
  const packed = found && hash.form !== hashForms.hashtable
  let before = packed ? hash.packedInteger() : found ? NaN : 0
  if (!(Math.abs(before) <= exactMax)) {
    hash.readValue()
    before = hash.to - hash.from > exactBytes ? Infinity : parseInt64(hash.buf, hash.from, hash.to)
  }
  if (a.size(3) > exactBytes || before === Infinity) {
    incrementExactly(x, a, r, entry)
    return
  }
  if (Number.isNaN(before)) {
    r.error('ERR hash value is not an integer')
    return
  }
  const value = before + by
  const longest = x.settings.hashPackValueBytesMax
  if (packed && digitsMax <= longest && a.size(2) <= longest) {
    // The digits fit a pack whatever they are, and the field stands in it already.
    hash.setPackedInteger(value)
    keep(x, entry)
  } else store(x, a, entry, digits, writeDigits(digits, digitsMax, value), digitsMax)
  announce(x, a, 'hincrby')
  r.int(value)
}

/** As `hincrby`, beyond what doubles hold. */
function incrementExactly(x: Engine, a: Args, r: Reply, entry: number): void {
  const { hash } = x
  if (hash.at !== 0) hash.readValue()
  const before = hash.at === 0 ? 0n : parseBigInt64(hash.buf, hash.from, hash.to)
  if (before === undefined) {
    r.error('ERR hash value is not an integer')
    return
  }
  const value = before + a.int64(3)!
  if (value > i64Max || value < i64Min) {
    r.error(replies.overflow)
    return
  }
  const text = Buffer.from(value.toString())
  store(x, a, entry, text, 0, text.length)
  announce(x, a, 'hincrby')
  r.bigint(value)
}

function hincrbyfloat(x: Engine, a: Args, r: Reply): void {
  const by = longDoubleAt(a.buf, a.start[3]!, a.end[3]!)
  if (by === undefined) {
    r.error(replies.notFloat)
    return
  }
  if (by.infinite) {
    r.error('ERR value is NaN or Infinity')
    return
  }
  const entry = openField(x, a, r)
  if (entry === wrong) return
  const { hash } = x
  const found = hash.at !== 0
  if (found) hash.readValue()
  const before = found ? longDoubleAt(hash.buf, hash.from, hash.to) : parseLongDouble('0')
  if (before === undefined) {
    r.error('ERR hash value is not a float')
    return
  }
  const sum = addLongDoubles(before, by)
  if (sum.infinite) {
    r.error('ERR increment would produce NaN or Infinity')
    return
  }
  const dated = found && hash.deadline() >= 0
  const text = Buffer.from(formatLongDouble(sum))
  store(x, a, entry, text, 0, text.length)
  announce(x, a, 'hincrbyfloat')
  logSum(x, a, text, dated)
  r.bulk(text, 0, text.length)
}

/** The sum is logged, whatever doubles the machine has; a plain HSET would take the field's deadline away. */
function logSum(x: Engine, a: Args, text: Buffer, dated: boolean): void {
  x.effect(dated ? 7 : 4)
  x.wordText(dated ? 'HSETEX' : 'HSET')
  x.wordArg(a, 1)
  if (dated) for (const word of ['KEEPTTL', 'FIELDS', '1']) x.wordText(word)
  x.wordArg(a, 2)
  x.wordBytes(text, 0, text.length)
  x.endEffect()
}

/**
 * Opens the hash at argument 1 and goes to the field of argument 2, if they are there. Returns the entry, 0 when there
 * is none, `wrong` after a WRONGTYPE reply.
 */
function openField(x: Engine, a: Args, r: Reply): number {
  const { hash } = x
  let entry = openToWrite(x, a, r)
  if (entry === wrong) return wrong
  if (entry !== 0) entry = expireNamed(x, a, entry, 2, 2)
  if (entry === 0) hash.create()
  else hash.find(a.buf, a.start[2]!, a.end[2]!)
  return entry
}

/** Gives the field of argument 2 a value, in a hash that may have to be made. */
function store(x: Engine, a: Args, entry: number, value: Buffer, from: number, to: number): void {
  const { hash } = x
  const target = entry === 0 ? createHash(x, a) : entry
  const longest = x.settings.hashPackValueBytesMax
  hash.prepare(1, a.size(2) + to - from, a.size(2) <= longest && to - from <= longest)
  // Another form has the field elsewhere.
  if (hash.at !== 0) hash.setValue(value, from, to)
  else hash.set(a.buf, a.start[2]!, a.end[2]!, value, from, to, true)
  limitFields(x)
  keep(x, target)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const field: ArgumentSpec = { name: 'field', type: 'string' }
const common = {
  arity: 4, flags: ['write', 'denyoom', 'fast'], group: 'hash', complexity: 'O(1)', keys: oneKey.readUpdate,
} as const

export const hashCounterCommands: readonly CommandSpec[] = [
  {
    ...common, name: 'hincrby', since: '2.0.0',
    summary: 'Adds a number to the integer in a field of a hash; a missing one counts as 0.',
    arguments: [key, field, { name: 'increment', type: 'integer' }], run: hincrby,
  },
  {
    ...common, name: 'hincrbyfloat', since: '2.6.0',
    summary: 'Adds a number to the floating point value in a field of a hash; a missing one counts as 0.',
    arguments: [key, field, { name: 'increment', type: 'double' }], run: hincrbyfloat,
  },
]
