// Bitmaps: SETBIT and GETBIT, and the family's table. A bitmap is a string, edited in place.
// https://redis.io/docs/latest/develop/data-types/bitmaps/

import { chunkOf } from '../arena/arena.ts'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { rootOf, valueStart } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { bitmapCountCommands } from './bitmap-count.ts'
import { bitmapFieldCommands } from './bitmap-field.ts'
import { badOffset, bitOffset, bitsChanged, grown, growString, readString } from './bitmap-key.ts'
import { bitmapOperationCommands } from './bitmap-operation.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

function setbit(x: Engine, a: Args, r: Reply): void {
  const offset = bitOffset(x, a, 2)
  if (offset < 0) return r.error(badOffset)
  const on = a.int(3)
  if (on !== 0 && on !== 1) return r.error('ERR bit is not an integer or out of range')
  const byte = Math.floor(offset / 8)
  const entry = growString(x, a, byte + 1, r)
  if (entry < 0) return

  const bytes = x.arena.u8[chunkOf(entry)]!
  const at = valueStart(x.arena, entry) + byte
  const shift = 7 - (offset % 8)
  const before = (bytes[at]! >>> shift) & 1
  if (before !== on || grown.changed) {
    bytes[at] = (bytes[at]! & ~(1 << shift)) | (on << shift)
    bitsChanged(x, a)
  }
  r.int(before)
}

function getbit(x: Engine, a: Args, r: Reply): void {
  const offset = bitOffset(x, a, 2)
  if (offset < 0) return r.error(badOffset)
  const entry = readString(x, a, 1, r)
  if (entry < 0) return
  const byte = Math.floor(offset / 8)
  if (entry === 0 || byte >= rootOf(x.arena, entry)) return r.int(0)
  const bits = x.arena.u8[chunkOf(entry)]![valueStart(x.arena, entry) + byte]!
  r.int((bits >>> (7 - (offset % 8))) & 1)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const offset: ArgumentSpec = { name: 'offset', type: 'integer' }

export const bitmapCommands: readonly CommandSpec[] = [
  {
    name: 'setbit', arity: 4, flags: ['write', 'denyoom'], group: 'bitmap', since: '2.2.0',
    summary: 'Sets or clears one bit of the string at a key, which is lengthened with zeros where needed.',
    complexity: 'O(1)', keys: oneKey.readUpdate, arguments: [key, offset, { name: 'value', type: 'integer' }],
    run: setbit,
  },
  {
    name: 'getbit', arity: 3, flags: ['readonly', 'fast'], group: 'bitmap', since: '2.2.0',
    summary: 'Returns one bit of the string at a key.', complexity: 'O(1)', keys: oneKey.read,
    arguments: [key, offset], run: getbit,
  },
  ...bitmapCountCommands,
  ...bitmapOperationCommands,
  ...bitmapFieldCommands,
]
