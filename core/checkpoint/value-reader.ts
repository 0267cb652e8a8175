// Builds values from RDB's bytes, of every type and encoding that Redis wrote since 2.0, but modules'. Nothing is
// believed: a length, an order or a count that can't be is an RdbError, and what was built by then is freed.

import type { Engine } from '../engine.ts'
import { parseDouble } from '../double.ts'
import { types } from '../keyspace/entry.ts'
import type { Form, Type } from '../keyspace/entry.ts'
import { formatInt64, int64Digits } from '../types/int64.ts'
import { listForms } from '../types/list-ends.ts'
import { freeValue } from '../types/types.ts'
import { packed, treed } from '../types/zset.ts'
import { readDatedHash, readDatedListpack } from './hash-reader.ts'
import { ListpackReader } from './listpack.ts'
import { containers, RdbError, rdbTypes } from './rdb-format.ts'
import type { RdbInput } from './rdb-input.ts'
import { readStream } from './stream-reader.ts'
import { eachOfZiplist, eachOfZipmap } from './ziplist.ts'
import type { ElementVisitor } from './ziplist.ts'

/** A value that no key names yet: its owner gives it one, or frees it. */
export type LooseValue = { type: Exclude<Type, 0>; root: number; form: Form }

const intsetHeaderBytes = 8

/** Reads a value of that type, a string excepted, which `input.string` reads. Throws RdbError. */
export function readValue(engine: Engine, type: number, input: RdbInput): LooseValue {
  switch (type) {
    case rdbTypes.list: return readList(engine, (add) => eachString(input, 1, add))
    case rdbTypes.listZiplist: return readList(engine, (add) => eachOfZiplist(input.copy(), add))
    case rdbTypes.listQuicklist: return readList(engine, (add) => {
      for (let left = input.count(); left > 0; left--) eachOfZiplist(input.copy(), add)
    })
    case rdbTypes.listQuicklist2: return readList(engine, (add) => eachOfQuicklist(input, add))
    case rdbTypes.set: return readSet(engine, (add) => eachString(input, 1, add))
    case rdbTypes.setIntset: return readSet(engine, (add) => eachOfIntset(input.copy(), add))
    case rdbTypes.setListpack: return readSet(engine, (add) => eachOfListpack(input, add))
    case rdbTypes.zset: return readZset(engine, input, () => input.double())
    case rdbTypes.zsetText: return readZset(engine, input, () => textScore(input))
    case rdbTypes.zsetListpack: return readPackedZset(engine, (add) => eachOfListpack(input, add))
    case rdbTypes.zsetZiplist: return readPackedZset(engine, (add) => eachOfZiplist(input.copy(), add))
    case rdbTypes.hash: return readHash(engine, (add) => eachString(input, 2, add))
    case rdbTypes.hashListpack: return readHash(engine, (add) => eachOfListpack(input, add))
    case rdbTypes.hashZiplist: return readHash(engine, (add) => eachOfZiplist(input.copy(), add))
    case rdbTypes.hashZipmap: return readHash(engine, (add) => eachOfZipmap(input.copy(), add))
    case rdbTypes.hashMetadata: return loose(engine, types.hash, () => readDatedHash(engine, input))
    case rdbTypes.hashListpackEx: return loose(engine, types.hash, () => readDatedListpack(engine, input))
    case rdbTypes.streamListpacks: case rdbTypes.streamListpacks2: case rdbTypes.streamListpacks3:
      return readStream(engine, type, input)
    default: throw new RdbError(`a value of type ${type}, which is not known`)
  }
}

/** Builds a value and hands it out; when that fails, what there is of it is freed. */
function loose(engine: Engine, type: Exclude<Type, 0>, build: () => void): LooseValue {
  const part = opened(engine, type)
  try {
    build()
  } catch (error) {
    if (part.root !== 0) freeValue(engine, type, part.root, part.form)
    throw error
  }
  return { type, root: part.root, form: part.form }
}

/** What the engine opens on a new value of the type, empty. */
function opened(engine: Engine, type: Exclude<Type, 0>): { root: number; form: Form } {
  if (type === types.list) return engine.list.open(0, listForms.listpack)
  if (type === types.hash) return engine.hash.create()
  if (type === types.set) return engine.sets.result.open(0, 0)
  return engine.zsetResult.create(packed)
}

function eachString(input: RdbInput, each: number, add: ElementVisitor): void {
  for (let left = input.count() * each; left > 0; left--) {
    input.string()
    add(input.text, input.from, input.to)
  }
}

function eachOfListpack(input: RdbInput, add: ElementVisitor): void {
  input.string()
  const reader = new ListpackReader(input.text, input.from, input.to)
  while (reader.next()) add(reader.buf, reader.from, reader.to)
}

function eachOfQuicklist(input: RdbInput, add: ElementVisitor): void {
  for (let left = input.count(); left > 0; left--) {
    const container = input.length()
    if (container === containers.packed) eachOfListpack(input, add)
    else if (container === containers.plain) {
      input.string()
      add(input.text, input.from, input.to)
    } else throw new RdbError(`a list's node of kind ${container}`)
  }
}

function eachOfIntset(bytes: Buffer, add: ElementVisitor): void {
  if (bytes.length < intsetHeaderBytes) throw new RdbError('an intset is damaged')
  const width = bytes.readUInt32LE(0)
  const count = bytes.readUInt32LE(4)
  if (![2, 4, 8].includes(width) || bytes.length !== intsetHeaderBytes + count * width) {
    throw new RdbError('an intset is damaged')
  }
  for (let at = intsetHeaderBytes; at < bytes.length; at += width) {
    const low = width === 2 ? bytes.readInt16LE(at) : bytes.readInt32LE(at)
    const high = width === 8 ? bytes.readInt32LE(at + 4) : low >> 31
    add(int64Digits, formatInt64(high, low), int64Digits.length)
  }
}

function readList(engine: Engine, each: (add: ElementVisitor) => void): LooseValue {
  return loose(engine, types.list, () => {
    const { list } = engine
    each((buf, from, to) => {
      if (list.form === listForms.listpack) list.expect(to - from, 1)
      list.push(false, buf, from, to)
    })
    if (list.length === 0) throw new RdbError('an empty list')
  })
}

function readSet(engine: Engine, each: (add: ElementVisitor) => void): LooseValue {
  return loose(engine, types.set, () => {
    const set = engine.sets.result
    each((buf, from, to) => {
      if (set.root === 0) set.createFor(buf, from, to, 1)
      if (!set.add(buf, from, to)) throw new RdbError('a set that holds a member twice')
    })
    if (set.root === 0 || set.size === 0) throw new RdbError('an empty set')
  })
}

/** The score of the old text form: its length, or one of three marks. */
function textScore(input: RdbInput): number {
  const size = input.byte()
  if (size === 253) return NaN
  if (size === 254) return Infinity
  if (size === 255) return -Infinity
  const from = input.take(size)
  return parseDouble(input.buf, from, from + size)
}

/** What comes in no particular order: a large one is put in order when it is whole. */
function readZset(engine: Engine, input: RdbInput, score: () => number): LooseValue {
  const { zsetPackEntriesMax, zsetPackValueBytesMax } = engine.settings
  return loose(engine, types.zset, () => {
    const zset = engine.zsetResult
    const count = input.count()
    const large = count > zsetPackEntriesMax
    if (large) zset.create(treed)
    for (let left = count; left > 0; left--) {
      const member = input.copy()
      const value = score()
      addMember(engine, member, value, () => {
        if (large) zset.gather(value, member, 0, member.length)
        else zset.insert(value, member, 0, member.length, zsetPackEntriesMax, zsetPackValueBytesMax)
      })
    }
    if (large) zset.order()
    if (zset.count === 0) throw new RdbError('an empty sorted set')
  })
}

function readPackedZset(engine: Engine, each: (add: ElementVisitor) => void): LooseValue {
  const { zsetPackEntriesMax, zsetPackValueBytesMax } = engine.settings
  return loose(engine, types.zset, () => {
    const zset = engine.zsetResult
    let member: Buffer | undefined
    each((buf, from, to) => {
      if (member === undefined) {
        member = Buffer.from(buf.subarray(from, to))
        return
      }
      const name = member
      const value = parseDouble(buf, from, to)
      addMember(engine, name, value, () => {
        zset.insert(value, name, 0, name.length, zsetPackEntriesMax, zsetPackValueBytesMax)
      })
      member = undefined
    })
    if (member !== undefined) throw new RdbError('a sorted set with a member that has no score')
    if (zset.count === 0) throw new RdbError('an empty sorted set')
  })
}

function addMember(engine: Engine, member: Buffer, score: number, add: () => void): void {
  if (Number.isNaN(score)) throw new RdbError('a score that is no number')
  if (engine.zsetResult.find(member, 0, member.length)) throw new RdbError('a sorted set that holds a member twice')
  add()
}

function readHash(engine: Engine, each: (add: ElementVisitor) => void): LooseValue {
  const { hashPackEntriesMax, hashPackValueBytesMax } = engine.settings
  return loose(engine, types.hash, () => {
    const { hash } = engine
    let field: Buffer | undefined
    each((buf, from, to) => {
      if (field === undefined) {
        field = Buffer.from(buf.subarray(from, to))
        return
      }
      const long = Math.max(field.length, to - from) > hashPackValueBytesMax
      hash.prepare(1, field.length + to - from, !long && hash.total < hashPackEntriesMax)
      if (!hash.set(field, 0, field.length, buf, from, to)) throw new RdbError('a hash that holds a field twice')
      field = undefined
    })
    if (field !== undefined) throw new RdbError('a hash with a field that has no value')
    if (hash.total === 0) throw new RdbError('an empty hash')
  })
}
