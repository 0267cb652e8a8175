// BITFIELD and BITFIELD_RO: a string as integers of 1 to 64 bits, with a choice of what happens when one overflows.
//
// All operations are read once before any runs, so that an error changes nothing, and once more as they run: nothing
// is kept per operation. Integers of up to 52 bits, and wider ones whose value is no larger, are computed as numbers
// where the operand is one that doubles hold; the rest as BigInts.

import { chunkOf } from '../arena/arena.ts'
import { parseInt64 } from '../args.ts'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { rootOf, valueStart } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { readBigBits, readBits, writeBigBits, writeBits, writeWideBits } from '../types/bitmap.ts'
import { badOffset, bitOffset, bitsChanged, grown, growString, readString } from './bitmap-key.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

const badType = 'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.'
/** Sums of such integers and of operands with so many digits are exact in doubles. */
const numberBitsMax = 52
const numberDigitsMax = 15
/** High words of wide integers up to here are those of such sums. */
const wideHighMax = 2 ** (numberBitsMax - 32)

const i64Max = 9223372036854775807n

type Kind = 'GET' | 'SET' | 'INCRBY'
type Overflow = 'WRAP' | 'SAT' | 'FAIL'

/** The operation at hand: on `bits` bits from bit `offset` on; its operand is argument `operand`. */
const op = {
  kind: 'GET' as Kind, signed: false, bits: 0, offset: 0, operand: 0, overflow: 'WRAP' as Overflow, count: 0,
}

/** Reads the operation that begins at argument i into `op`; returns where the next begins, or an error's text. */
function readOperation(x: Engine, a: Args, i: number): number | string {
  const more = a.count - i - 1
  if (a.is(i, 'OVERFLOW') && more >= 1) {
    if (a.is(i + 1, 'WRAP')) op.overflow = 'WRAP'
    else if (a.is(i + 1, 'SAT')) op.overflow = 'SAT'
    else if (a.is(i + 1, 'FAIL')) op.overflow = 'FAIL'
    else return 'ERR Invalid OVERFLOW type specified'
    op.bits = 0
    return i + 2
  }
  if (a.is(i, 'GET') && more >= 2) op.kind = 'GET'
  else if (a.is(i, 'SET') && more >= 3) op.kind = 'SET'
  else if (a.is(i, 'INCRBY') && more >= 3) op.kind = 'INCRBY'
  else return replies.syntax

  const sign = a.size(i + 1) === 0 ? 0 : a.buf[a.start[i + 1]!]!
  const bits = parseInt64(a.buf, a.start[i + 1]! + 1, a.end[i + 1]!)
  op.signed = sign === 105
  if (!(op.signed || sign === 117) || !(bits >= 1 && bits <= (op.signed ? 64 : 63))) return badType
  op.bits = bits
  op.offset = bitOffset(x, a, i + 2, bits)
  if (op.offset < 0) return badOffset
  if (op.kind === 'GET') return i + 3
  op.operand = i + 3
  return Number.isNaN(a.int(i + 3)) ? replies.notInteger : i + 4
}

/** Bytes that the writing operations need, 0 when none writes, or an error's text; `op.count` counts all. */
function readAll(x: Engine, a: Args): number | string {
  op.overflow = 'WRAP'
  let count = 0
  let bytes = 0
  for (let i = 2; i < a.count;) {
    const next = readOperation(x, a, i)
    if (typeof next === 'string') return next
    i = next
    if (op.bits === 0) continue
    count++
    if (op.kind !== 'GET') bytes = Math.max(bytes, Math.floor((op.offset + op.bits - 1) / 8) + 1)
  }
  op.count = count
  return bytes
}

function bitfield(x: Engine, a: Args, r: Reply): void {
  run(x, a, r, false)
}

function bitfieldRo(x: Engine, a: Args, r: Reply): void {
  run(x, a, r, true)
}

function run(x: Engine, a: Args, r: Reply, readOnly: boolean): void {
  const needed = readAll(x, a)
  if (typeof needed === 'string') return r.error(needed)
  if (needed > 0 && readOnly) return r.error('ERR BITFIELD_RO only supports the GET subcommand')
  const entry = needed > 0 ? growString(x, a, needed, r) : readString(x, a, 1, r)
  if (entry < 0) return

  const longer = needed > 0 && grown.changed
  const bytes = entry === 0 ? none : x.arena.u8[chunkOf(entry)]!
  const start = entry === 0 ? 0 : valueStart(x.arena, entry)
  const size = entry === 0 ? 0 : rootOf(x.arena, entry)
  let changed = false
  r.array(op.count)
  op.overflow = 'WRAP'
  for (let i = 2; i < a.count;) {
    i = readOperation(x, a, i) as number
    if (op.bits === 0) continue
    const small = op.bits <= numberBitsMax
    const value = small ? fieldAt(bytes, start, size) : wideFieldAt(bytes, start, size)
    if (op.kind === 'GET') {
      if (Number.isNaN(value)) r.bigint(bigFieldAt(bytes, start, size))
      else r.int(value)
    } else if (a.size(op.operand) <= numberDigitsMax && (small || fitsWide(value, a.int(op.operand)))) {
      if (writeField(bytes, start, value, a.int(op.operand), longer, r)) changed = true
    } else if (writeBigField(bytes, start, size, a.int64(op.operand)!, longer, r)) changed = true
  }
  if (changed) bitsChanged(x, a)
  // A write that failed has lengthened the string all the same, as in Redis: that, too, must be in the log.
  else if (longer) {
    x.changed()
    x.touch(a.buf, a.start[1]!, a.end[1]!)
  }
}

const none = new Uint8Array(0)

/** The integer that `op` names. */
function fieldAt(bytes: Uint8Array, start: number, size: number): number {
  const value = readBits(bytes, start, size, op.offset, op.bits)
  return op.signed && value >= 2 ** (op.bits - 1) ? value - 2 ** op.bits : value
}

/** As `fieldAt`, of more than 52 bits; NaN when the value is beyond what sums of numbers hold. */
function wideFieldAt(bytes: Uint8Array, start: number, size: number): number {
  const highBits = op.bits - 32
  let high = readBits(bytes, start, size, op.offset, highBits)
  if (op.signed && high >= 2 ** (highBits - 1)) high -= 2 ** highBits
  if (high < -wideHighMax || high >= wideHighMax) return NaN
  return high * 0x100000000 + readBits(bytes, start, size, op.offset + highBits, 32)
}

/** True when a wide integer and what the operation makes of it are numbers of 52 bits: then it doesn't overflow. */
function fitsWide(value: number, operand: number): boolean {
  const after = op.kind === 'SET' ? operand : value + operand
  return !Number.isNaN(value) && after < 2 ** numberBitsMax && after >= (op.signed ? -(2 ** numberBitsMax) : 0)
}

function bigFieldAt(bytes: Uint8Array, start: number, size: number): bigint {
  const value = readBigBits(bytes, start, size, op.offset, op.bits)
  return op.signed ? BigInt.asIntN(op.bits, value) : value
}

/** Does SET or INCRBY; replies, and returns whether it changed the integer, or wrote into a string made `longer`. */
function writeField(
  bytes: Uint8Array, start: number, before: number, operand: number, longer: boolean, r: Reply,
): boolean {
  const span = 2 ** op.bits
  const least = op.signed ? -span / 2 : 0
  const most = op.signed ? span / 2 - 1 : span - 1
  let after = op.kind === 'SET' ? operand : before + operand
  if (after < least || after > most) {
    if (op.overflow === 'FAIL') {
      r.nil()
      return false
    }
    if (op.overflow === 'WRAP') {
      after = ((after % span) + span) % span
      if (after > most) after -= span
    } else after = after < least && endsLow() ? least : most
  }
  if (op.bits > numberBitsMax) writeWideBits(bytes, start, op.offset, op.bits, after)
  else writeBits(bytes, start, op.offset, op.bits, after < 0 ? after + span : after)
  r.int(op.kind === 'SET' ? before : after)
  return longer || before !== after
}

/** As `writeField`, beyond what doubles hold. */
function writeBigField(
  bytes: Uint8Array, start: number, size: number, operand: bigint, longer: boolean, r: Reply,
): boolean {
  const before = bigFieldAt(bytes, start, size)
  const span = 1n << BigInt(op.bits)
  const least = op.signed ? -span / 2n : 0n
  const most = op.signed ? span / 2n - 1n : span - 1n
  let after = op.kind === 'SET' ? operand : before + operand
  if (after < least || after > most) {
    if (op.overflow === 'FAIL') {
      r.nil()
      return false
    }
    if (op.overflow === 'WRAP') after = op.signed ? BigInt.asIntN(op.bits, after) : BigInt.asUintN(op.bits, after)
    else after = after < least && endsLow() && !wrapsAround(after, most) ? least : most
  }
  writeBigBits(bytes, start, op.offset, op.bits, after)
  r.bigint(op.kind === 'SET' ? before : after)
  return longer || before !== after
}

/** Whether what is too low saturates at the lower end: to an unsigned SET a negative number is too large. */
function endsLow(): boolean {
  return op.signed || op.kind === 'INCRBY'
}

/** Redis takes a SET of the lowest 64-bit numbers for one beyond the upper end: the distance from there overflows. */
function wrapsAround(value: bigint, most: bigint): boolean {
  return op.kind === 'SET' && op.bits < 64 && most - value > i64Max
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const encoding: ArgumentSpec = { name: 'encoding', type: 'string' }
const offset: ArgumentSpec = { name: 'offset', type: 'integer' }
const tokens = (...names: string[]): readonly ArgumentSpec[] =>
  names.map((token) => ({ name: token.toLowerCase(), type: 'pure-token', token }))
const complexity = 'O(1) for each subcommand specified'

export const bitmapFieldCommands: readonly CommandSpec[] = [
  {
    name: 'bitfield', arity: -2, flags: ['write', 'denyoom'], group: 'bitmap', since: '3.2.0', complexity,
    summary: 'Reads, sets and increments integers of any width within the string at a key.',
    keys: [{
      flags: ['RW', 'access', 'update', 'variable_flags'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 },
      notes: 'This command allows both access and modification of the key',
    }],
    arguments: [key, {
      name: 'operation', type: 'oneof', optional: true, multiple: true,
      arguments: [
        { name: 'get-block', type: 'block', token: 'GET', arguments: [encoding, offset] },
        {
          name: 'write', type: 'block',
          arguments: [
            {
              name: 'overflow-block', type: 'oneof', token: 'OVERFLOW', optional: true,
              arguments: tokens('WRAP', 'SAT', 'FAIL'),
            },
            {
              name: 'write-operation', type: 'oneof',
              arguments: [
                {
                  name: 'set-block', type: 'block', token: 'SET',
                  arguments: [encoding, offset, { name: 'value', type: 'integer' }],
                },
                {
                  name: 'incrby-block', type: 'block', token: 'INCRBY',
                  arguments: [encoding, offset, { name: 'increment', type: 'integer' }],
                },
              ],
            },
          ],
        },
      ],
    }],
    run: bitfield,
  },
  {
    name: 'bitfield_ro', arity: -2, flags: ['readonly', 'fast'], group: 'bitmap', since: '6.0.0', complexity,
    summary: 'Reads integers of any width within the string at a key.', keys: oneKey.read,
    arguments: [key, {
      name: 'get-block', type: 'block', token: 'GET', optional: true, multiple: true, multipleToken: true,
      arguments: [encoding, offset],
    }],
    run: bitfieldRo,
  },
]
