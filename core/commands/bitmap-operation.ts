// BITOP: combines strings bit by bit into another one. Shorter sources count as if zeros followed.

import { chunkOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { forms, hasDeadline, rootOf, setForm, typeOf, types, valueStart } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { combine } from '../types/bit-operation.ts'
import type { BitOperation } from '../types/bit-operation.ts'
import { replies } from '../errors.ts'
import { readString } from './bitmap-key.ts'
import type { CommandSpec } from './spec.ts'

const operations: readonly BitOperation[] = ['AND', 'OR', 'XOR', 'NOT', 'DIFF', 'DIFF1', 'ANDOR', 'ONE']
const firstSource = 3

function bitop(x: Engine, a: Args, r: Reply): void {
  const operation = operations.find((name) => a.is(1, name))
  if (operation === undefined) return r.error(replies.syntax)
  const count = a.count - firstSource
  if (operation === 'NOT' && count !== 1) return r.error('ERR BITOP NOT must be called with a single source key.')
  if ((operation === 'DIFF' || operation === 'DIFF1' || operation === 'ANDOR') && count < 2) {
    return r.error(`ERR BITOP ${operation} must be called with at least two source keys.`)
  }

  const sources = new Uint32Array(count)
  let size = 0
  for (let i = 0; i < count; i++) {
    const entry = readString(x, a, firstSource + i, r)
    if (entry < 0) return
    sources[i] = entry
    if (entry !== 0) size = Math.max(size, rootOf(x.arena, entry))
  }

  if (size === 0) removeTarget(x, a)
  else {
    const target = prepareTarget(x, a, size, sources)
    write(x.arena, operation, sources, target, size)
    x.changed()
    x.touch(a.buf, a.start[2]!, a.end[2]!)
    x.notify('$', 'set', a.buf, a.start[2]!, a.end[2]!)
  }
  r.int(size)
}

function removeTarget(x: Engine, a: Args): void {
  const { buf } = a
  const from = a.start[2]!
  const to = a.end[2]!
  const hash = x.db.hash(buf, from, to)
  const entry = x.db.lookupWrite(buf, from, to, hash)
  if (entry === 0) return
  x.db.remove(entry, hash)
  x.changed()
  x.touch(buf, from, to)
  x.notify('g', 'del', buf, from, to)
}

/**
 * The target (argument 2) as a string of `size` bytes without a deadline. Where it is a source, too, it keeps what it
 * held.
 */
function prepareTarget(x: Engine, a: Args, size: number, sources: Uint32Array): number {
  const { buf } = a
  const from = a.start[2]!
  const to = a.end[2]!
  const { db, arena } = x
  const hash = db.hash(buf, from, to)
  const before = db.lookupWrite(buf, from, to, hash)
  let target = before
  if (before === 0) target = db.create(types.string, buf, from, to, hash, size)
  else if (typeOf(arena, before) !== types.string) target = db.replaceByString(before, hash, size)
  else {
    const held = rootOf(arena, before)
    target = db.resizeString(before, hash, size)
    if (held < size) {
      const at = valueStart(arena, target)
      arena.u8[chunkOf(target)]!.fill(0, at + held, at + size)
    }
  }
  if (hasDeadline(arena, target)) target = db.setDeadline(target, hash, -1)
  for (let i = 0; i < sources.length; i++) if (before !== 0 && sources[i] === before) sources[i] = target
  setForm(arena, target, forms.raw)
  db.freshen(target)
  return target
}

/** Block by block: a block of the target is written when those of all sources were read, so it may be one of them. */
function write(arena: Arena, operation: BitOperation, sources: Uint32Array, target: number, size: number): void {
  const into = arena.u8[chunkOf(target)]!
  const start = valueStart(arena, target)
  combine(operation, sources.length, size, (i, at, block, count) => {
    const entry = sources[i]!
    const left = entry === 0 ? 0 : Math.max(0, Math.min(count, rootOf(arena, entry) - at))
    if (left > 0) {
      const from = valueStart(arena, entry) + at
      block.set(arena.u8[chunkOf(entry)]!.subarray(from, from + left))
    }
    if (left < count) block.fill(0, left, count)
  }, (at, block, count) => {
    into.set(count === block.length ? block : block.subarray(0, count), start + at)
  })
}

export const bitmapOperationCommands: readonly CommandSpec[] = [
  {
    name: 'bitop', arity: -4, flags: ['write', 'denyoom'], group: 'bitmap', since: '2.6.0',
    summary: 'Combines strings bit by bit and stores the result.', complexity: 'O(N)',
    keys: [
      { flags: ['OW', 'update'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
      { flags: ['RO', 'access'], begin: { index: 3 }, find: { last: -1, step: 1, limit: 0 } },
    ],
    history: [['8.2.0', 'Added the `DIFF`, `DIFF1`, `ANDOR` and `ONE` operations.']],
    arguments: [
      {
        name: 'operation', type: 'oneof',
        arguments: operations.map((token) => ({ name: token.toLowerCase(), type: 'pure-token', token }) as const),
      },
      { name: 'destkey', type: 'key', keySpec: 0 }, { name: 'key', type: 'key', keySpec: 1, multiple: true },
    ],
    run: bitop,
  },
]
