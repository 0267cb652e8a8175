// Strings as numbers: INCR and its like, exact on signed 64-bit integers, and INCRBYFLOAT.

import { chunkOf } from '../arena/arena.ts'
import { parseInt64 } from '../args.ts'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { forms, rootOf, setForm, typeOf, types, valueStart } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { addLongDoubles, formatLongDouble, longDoubleAt, parseLongDouble } from '../types/long-double.ts'
import { copyBytes, integerOf, storeString } from '../types/string.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

const i64Max = 9223372036854775807n
const i64Min = -9223372036854775808n
/** Up to these many digits sums of two are exact in doubles. */
const exactDigits = 15
const exactMax = 1e15
/** The digits of a number, at the end of it. */
const digits = Buffer.alloc(24)

/** Writes an integer that a double holds to the end of `digits`; returns where it begins. */
function writeDigits(value: number): number {
  let left = value < 0 ? -value : value
  let at = digits.length
  while (left > 0x7fffffff) {
    const rest = Math.floor(left / 10)
    digits[--at] = 48 + left - rest * 10
    left = rest
  }
  let small = left | 0
  do {
    const rest = (small / 10) | 0
    digits[--at] = 48 + small - rest * 10
    small = rest
  } while (small > 0)
  if (value < 0) digits[--at] = 45
  return at
}

function increment(x: Engine, a: Args, r: Reply, by: number): void {
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
  const size = entry === 0 ? 0 : rootOf(arena, entry)
  if (size > exactDigits || by > exactMax || by < -exactMax) {
    incrementExactly(x, a, r, BigInt(by))
    return
  }
  let value = by
  if (entry !== 0) {
    const at = valueStart(arena, entry)
    value += parseInt64(arena.u8[chunkOf(entry)]!, at, at + size)
    if (Number.isNaN(value)) {
      r.error(replies.notInteger)
      return
    }
  }
  const first = writeDigits(value)
  if (entry !== 0 && digits.length - first === size) {
    copyBytes(arena.u8[chunkOf(entry)]!, valueStart(arena, entry), digits, first, digits.length)
    setForm(arena, entry, forms.auto)
  } else storeString(db, buf, from, to, hash, entry, digits, first, digits.length, true)
  finish(x, a)
  r.int(value)
}

/** As `increment`, beyond what doubles hold. */
function incrementExactly(x: Engine, a: Args, r: Reply, by: bigint): void {
  const { buf, start, end } = a
  const db = x.db
  const hash = db.hash(buf, start[1]!, end[1]!)
  const entry = db.lookupWrite(buf, start[1]!, end[1]!, hash)
  if (entry !== 0 && typeOf(x.arena, entry) !== types.string) {
    r.error(replies.wrongType)
    return
  }
  const before = entry === 0 ? 0n : integerOf(x.arena, entry)
  if (before === undefined) {
    r.error(replies.notInteger)
    return
  }
  const value = before + by
  if (value > i64Max || value < i64Min) {
    r.error(replies.overflow)
    return
  }
  const text = Buffer.from(value.toString())
  storeString(db, buf, start[1]!, end[1]!, hash, entry, text, 0, text.length, true)
  finish(x, a)
  r.bigint(value)
}

function finish(x: Engine, a: Args): void {
  x.changed()
  x.touch(a.buf, a.start[1]!, a.end[1]!)
  x.notify('$', 'incrby', a.buf, a.start[1]!, a.end[1]!)
}

function incrementByArgument(x: Engine, a: Args, r: Reply, sign: 1 | -1): void {
  if (a.size(2) <= exactDigits) {
    const by = a.int(2)
    if (Number.isNaN(by)) r.error(replies.notInteger)
    else increment(x, a, r, sign * by)
    return
  }
  const by = a.int64(2)
  if (by === undefined) r.error(replies.notInteger)
  else if (sign === -1 && by === i64Min) r.error('ERR decrement would overflow')
  else incrementExactly(x, a, r, sign === 1 ? by : -by)
}

function incrByFloat(x: Engine, a: Args, r: Reply): void {
  const { buf, start, end } = a
  const db = x.db
  const arena = x.arena
  const hash = db.hash(buf, start[1]!, end[1]!)
  const entry = db.lookupWrite(buf, start[1]!, end[1]!, hash)
  if (entry !== 0 && typeOf(arena, entry) !== types.string) {
    r.error(replies.wrongType)
    return
  }
  const from = entry === 0 ? 0 : valueStart(arena, entry)
  const before = entry === 0
    ? parseLongDouble('0')
    : longDoubleAt(arena.u8[chunkOf(entry)]!, from, from + rootOf(arena, entry))
  const by = longDoubleAt(buf, start[2]!, end[2]!)
  if (before === undefined || by === undefined) {
    r.error(replies.notFloat)
    return
  }
  const sum = addLongDoubles(before, by)
  if (sum.infinite) {
    r.error('ERR increment would produce NaN or Infinity')
    return
  }
  const text = Buffer.from(formatLongDouble(sum))
  const stored = storeString(db, buf, start[1]!, end[1]!, hash, entry, text, 0, text.length, true)
  setForm(arena, stored, forms.text)
  x.changed()
  x.touch(buf, start[1]!, end[1]!)
  x.notify('$', 'incrbyfloat', buf, start[1]!, end[1]!)
  x.effect(4)
  x.wordText('SET')
  x.wordArg(a, 1)
  x.wordBytes(text, 0, text.length)
  x.wordText('KEEPTTL')
  x.endEffect()
  r.bulk(text, 0, text.length)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const common = {
  flags: ['write', 'denyoom', 'fast'], group: 'string', complexity: 'O(1)', keys: oneKey.readUpdate,
} as const

export const stringCounterCommands: readonly CommandSpec[] = [
  {
    ...common, name: 'incr', arity: 2, since: '1.0.0',
    summary: 'Adds one to the integer at a key, which counts as 0 when it doesn\'t exist.',
    arguments: [key], run: (x, a, r) => increment(x, a, r, 1),
  },
  {
    ...common, name: 'incrby', arity: 3, since: '1.0.0',
    summary: 'Adds a number to the integer at a key, which counts as 0 when it doesn\'t exist.',
    arguments: [key, { name: 'increment', type: 'integer' }], run: (x, a, r) => incrementByArgument(x, a, r, 1),
  },
  {
    ...common, name: 'incrbyfloat', arity: 3, since: '2.6.0',
    summary: 'Adds a number to the floating point value at a key, which counts as 0 when it doesn\'t exist.',
    arguments: [key, { name: 'increment', type: 'double' }], run: incrByFloat,
  },
  {
    ...common, name: 'decr', arity: 2, since: '1.0.0',
    summary: 'Takes one from the integer at a key, which counts as 0 when it doesn\'t exist.',
    arguments: [key], run: (x, a, r) => increment(x, a, r, -1),
  },
  {
    ...common, name: 'decrby', arity: 3, since: '1.0.0',
    summary: 'Takes a number from the integer at a key, which counts as 0 when it doesn\'t exist.',
    arguments: [key, { name: 'decrement', type: 'integer' }], run: (x, a, r) => incrementByArgument(x, a, r, -1),
  },
]
