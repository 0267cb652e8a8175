// BITCOUNT and BITPOS. Ranges are inclusive, in bytes or in bits, and count from the end where negative.
// As from Redis 7.2 on, arguments are read before the key is looked up.

import { chunkOf } from '../arena/arena.ts'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { rootOf, valueStart } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { bitsOf, countBits, findBit } from '../types/bit-count.ts'
import { readString } from './bitmap-key.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

/** The range at hand: as given, then (`settle`) clipped to the string. */
const range = { first: 0, last: 0, inBits: false }

/** Reads BYTE or BIT at argument i; false when it is neither. */
function readUnit(a: Args, i: number): boolean {
  range.inBits = a.is(i, 'BIT')
  return range.inBits || a.is(i, 'BYTE')
}

/** Makes the range one of bits of a string of `size` bytes; it is empty when its first is behind its last. */
function settle(size: number): void {
  const units = range.inBits ? size * 8 : size
  if (range.first < 0) range.first = Math.max(0, units + range.first)
  if (range.last < 0) range.last = Math.max(0, units + range.last)
  if (range.last >= units) range.last = units - 1
  if (range.inBits) return
  range.first *= 8
  range.last = range.last * 8 + 7
}

function bitcount(x: Engine, a: Args, r: Reply): void {
  range.first = 0
  range.last = -1
  range.inBits = false
  if (a.count === 4 || a.count === 5) {
    range.first = a.int(2)
    range.last = a.int(3)
    if (Number.isNaN(range.first) || Number.isNaN(range.last)) return r.error(replies.notInteger)
    if (a.count === 5 && !readUnit(a, 4)) return r.error(replies.syntax)
  } else if (a.count !== 2) return r.error(replies.syntax)
  const entry = readString(x, a, 1, r)
  if (entry < 0) return
  const { first, last } = range
  const size = entry === 0 ? 0 : rootOf(x.arena, entry)
  if (size === 0 || (first < 0 && last < 0 && first > last)) return r.int(0)
  settle(size)
  if (range.first > range.last) return r.int(0)

  const bytes = x.arena.u8[chunkOf(entry)]!
  const from = valueStart(x.arena, entry) + Math.floor(range.first / 8)
  const to = valueStart(x.arena, entry) + Math.floor(range.last / 8)
  let total = countBits(bytes, x.arena.u32[chunkOf(entry)]!, from, to + 1)
  total -= bitsOf(bytes[from]! & ~(0xff >>> range.first % 8))
  total -= bitsOf(bytes[to]! & (0x7f >>> range.last % 8))
  r.int(total)
}

function bitpos(x: Engine, a: Args, r: Reply): void {
  const bit = a.int(2)
  if (Number.isNaN(bit)) return r.error(replies.notInteger)
  if (bit !== 0 && bit !== 1) return r.error('ERR The bit argument must be 1 or 0.')
  range.first = 0
  range.last = -1
  range.inBits = false
  const bounded = a.count > 4
  if (a.count > 6) return r.error(replies.syntax)
  if (a.count > 3) {
    range.first = a.int(3)
    if (Number.isNaN(range.first)) return r.error(replies.notInteger)
    if (a.count === 6 && !readUnit(a, 5)) return r.error(replies.syntax)
    if (bounded) range.last = a.int(4)
    if (Number.isNaN(range.last)) return r.error(replies.notInteger)
  }
  const entry = readString(x, a, 1, r)
  if (entry < 0) return
  // An absent key is an endless row of zeros.
  if (entry === 0) return r.int(bit === 1 ? -1 : 0)
  const size = rootOf(x.arena, entry)
  settle(size)
  if (size === 0 || range.first > range.last) return r.int(-1)
  const chunk = chunkOf(entry)
  const { u8, u32 } = x.arena
  const found = findBit(u8[chunk]!, u32[chunk]!, valueStart(x.arena, entry), range.first, range.last, bit)
  // Without an end the string is taken to go on with zeros.
  r.int(found < 0 && bit === 0 && !bounded ? size * 8 : found)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const start: ArgumentSpec = { name: 'start', type: 'integer' }
const end: ArgumentSpec = { name: 'end', type: 'integer' }
const unit: ArgumentSpec = {
  name: 'unit', type: 'oneof', since: '7.0.0', optional: true,
  arguments: [
    { name: 'byte', type: 'pure-token', token: 'BYTE' }, { name: 'bit', type: 'pure-token', token: 'BIT' },
  ],
}
const history = [['7.0.0', 'Added the `BYTE|BIT` option.']] as const

export const bitmapCountCommands: readonly CommandSpec[] = [
  {
    name: 'bitcount', arity: -2, flags: ['readonly'], group: 'bitmap', since: '2.6.0',
    summary: 'Counts the set bits of the string at a key, or of a part of it.', complexity: 'O(N)',
    keys: oneKey.read, history,
    arguments: [key, { name: 'range', type: 'block', optional: true, arguments: [start, end, unit] }], run: bitcount,
  },
  {
    name: 'bitpos', arity: -3, flags: ['readonly'], group: 'bitmap', since: '2.8.7',
    summary: 'Finds the first set or clear bit of the string at a key, or of a part of it.', complexity: 'O(N)',
    keys: oneKey.read, history,
    arguments: [
      key, { name: 'bit', type: 'integer' },
      {
        name: 'range', type: 'block', optional: true,
        arguments: [start, { name: 'end-unit-block', type: 'block', optional: true, arguments: [end, unit] }],
      },
    ],
    run: bitpos,
  },
]
