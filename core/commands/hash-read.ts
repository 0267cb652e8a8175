// Reading hashes: HGET, HMGET, HGETALL and their like.

import { byteOf, chunkOf } from '../arena/arena.ts'
import type { Args } from '../args.ts'
import { elementBytes } from '../arena/pack-element.ts'
import type { Engine } from '../engine.ts'
import type { Reply } from '../reply.ts'
import { hashForms } from '../types/hash.ts'
import type { Hash } from '../types/hash.ts'
import { replyElement, replyElements } from '../types/pack-reply.ts'
import { openToRead, replyField, wrong } from './hash-key.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

function hget(x: Engine, a: Args, r: Reply): void {
  const entry = openToRead(x, a, r)
  if (entry === wrong) return
  if (entry === 0) r.nil()
  else replyField(x, a, 2, r)
}

function hmget(x: Engine, a: Args, r: Reply): void {
  const entry = openToRead(x, a, r)
  if (entry === wrong) return
  r.array(a.count - 2)
  for (let i = 2; i < a.count; i++) {
    if (entry === 0) r.nil()
    else replyField(x, a, i, r)
  }
}

function hgetall(x: Engine, a: Args, r: Reply): void {
  const entry = openToRead(x, a, r)
  if (entry === wrong) return
  r.map(entry === 0 ? 0 : x.hash.count)
  if (entry !== 0) replyFields(x.hash, r, true, true)
}

function hkeys(x: Engine, a: Args, r: Reply): void {
  const entry = openToRead(x, a, r)
  if (entry === wrong) return
  r.array(entry === 0 ? 0 : x.hash.count)
  if (entry !== 0) replyFields(x.hash, r, true, false)
}

function hvals(x: Engine, a: Args, r: Reply): void {
  const entry = openToRead(x, a, r)
  if (entry === wrong) return
  r.array(entry === 0 ? 0 : x.hash.count)
  if (entry !== 0) replyFields(x.hash, r, false, true)
}

/** Writes the fields or the values of a hash, or both in turn. */
function replyFields(hash: Hash, r: Reply, fields: boolean, values: boolean): void {
  if (hash.form === hashForms.hashtable) {
    hash.each((field, from, to, value, start, end) => {
      if (fields) r.bulk(field, from, to)
      if (values) r.bulk(value, start, end)
    })
    return
  }
  const { pack } = hash
  const u8 = hash.arena.u8[chunkOf(hash.root)]!
  const end = byteOf(hash.root) + pack.bytes
  const dated = hash.form === hashForms.listpackex
  // What is due stands first.
  let at = byteOf(hash.root) + (hash.hides ? pack.at(hash.dueCount(hash.horizon) * 3) || pack.bytes : pack.first())
  if (fields && values && !dated) {
    replyElements(r, u8, at, end, pack.count)
    return
  }
  while (at < end) {
    at = fields ? replyElement(r, u8, at) : at + elementBytes(u8, at)
    at = values ? replyElement(r, u8, at) : at + elementBytes(u8, at)
    if (dated) at += elementBytes(u8, at)
  }
}

function hlen(x: Engine, a: Args, r: Reply): void {
  const entry = openToRead(x, a, r)
  if (entry !== wrong) r.int(entry === 0 ? 0 : x.hash.count)
}

function hstrlen(x: Engine, a: Args, r: Reply): void {
  const entry = openToRead(x, a, r)
  if (entry === wrong) return
  if (entry === 0 || !x.hash.find(a.buf, a.start[2]!, a.end[2]!)) {
    r.int(0)
    return
  }
  x.hash.readValue()
  r.int(x.hash.to - x.hash.from)
}

function hexists(x: Engine, a: Args, r: Reply): void {
  const entry = openToRead(x, a, r)
  if (entry !== wrong) r.int(entry !== 0 && x.hash.find(a.buf, a.start[2]!, a.end[2]!) ? 1 : 0)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const field: ArgumentSpec = { name: 'field', type: 'string' }
const one = {
  flags: ['readonly', 'fast'], group: 'hash', complexity: 'O(1)', keys: oneKey.read,
} as const
const all = {
  arity: 2, flags: ['readonly'], group: 'hash', since: '2.0.0', keys: oneKey.read, arguments: [key],
  complexity: 'O(N) where N is the size of the hash.', tips: ['nondeterministic_output_order'],
} as const

export const hashReadCommands: readonly CommandSpec[] = [
  {
    ...one, name: 'hget', arity: 3, since: '2.0.0', summary: 'Returns the value of a field of a hash.',
    arguments: [key, field], run: hget,
  },
  {
    ...one, name: 'hmget', arity: -3, since: '2.0.0', summary: 'Returns the values of several fields of a hash.',
    complexity: 'O(N) where N is the number of fields being requested.',
    arguments: [key, { ...field, multiple: true }], run: hmget,
  },
  { ...all, name: 'hgetall', summary: 'Returns all fields of a hash with their values.', run: hgetall },
  { ...all, name: 'hkeys', summary: 'Returns all fields of a hash.', run: hkeys },
  { ...all, name: 'hvals', summary: 'Returns the values of all fields of a hash.', run: hvals },
  {
    ...one, name: 'hlen', arity: 2, since: '2.0.0', summary: 'Counts the fields of a hash.', keys: oneKey.info,
    arguments: [key], run: hlen,
  },
  {
    ...one, name: 'hstrlen', arity: 3, since: '3.2.0', summary: 'Tells how long the value of a field is.',
    keys: oneKey.info, arguments: [key, field], run: hstrlen,
  },
  {
    ...one, name: 'hexists', arity: 3, since: '2.0.0', summary: 'Tells whether a hash has a field.',
    keys: oneKey.info, arguments: [key, field], run: hexists,
  },
]
