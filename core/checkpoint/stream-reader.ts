// Streams from RDB, of all three generations (stream-writer.ts has the layout): the first knows no first and deleted
// ids, no entries added or read; the third knows when a consumer was last active.

import { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { types } from '../keyspace/entry.ts'
import { StreamId } from '../types/stream-id.ts'
import { freeValue } from '../types/types.ts'
import { ListpackReader } from './listpack.ts'
import { entryFlags, RdbError, rdbTypes } from './rdb-format.ts'
import type { RdbInput } from './rdb-input.ts'
import type { LooseValue } from './value-reader.ts'

const id = new StreamId()
const last = new StreamId()
const before = new StreamId()

/** Reads a stream; throws RdbError, and frees what was built by then. */
export function readStream(engine: Engine, type: number, input: RdbInput): LooseValue {
  const root = engine.stream.create()
  try {
    fill(engine, root, type, input)
  } catch (error) {
    freeValue(engine, types.stream, root, 0)
    throw error
  }
  return { type: types.stream, root, form: 0 }
}

function fill(engine: Engine, root: number, type: number, input: RdbInput): void {
  const stream = engine.stream.open(root)
  before.setMin()
  for (let left = input.count(); left > 0; left--) readNode(engine, input)
  const length = input.length()
  if (length !== stream.length) throw new RdbError(`a stream of ${stream.length} entries that should be ${length}`)
  readId(input, last)
  if (stream.length > 0 && last.compare(stream.lastId(id)) < 0) throw new RdbError('a stream beyond its last id')
  stream.setLastId(last)
  if (type === rdbTypes.streamListpacks) stream.entriesAdded = length
  else {
    // The first id follows from the entries.
    readId(input, id)
    readId(input, id)
    stream.setMaxDeletedId(id)
    stream.entriesAdded = input.length()
  }
  for (let left = input.count(); left > 0; left--) readGroup(engine, root, type, input)
}

function readId(input: RdbInput, into: StreamId): void {
  input.length()
  const { high, low } = input
  input.length()
  into.set(high, low, input.high, input.low)
}

function readRawId(input: RdbInput, into: StreamId): void {
  const at = input.take(16)
  const { buf } = input
  into.set(buf.readUInt32BE(at), buf.readUInt32BE(at + 4), buf.readUInt32BE(at + 8), buf.readUInt32BE(at + 12))
}

function readNode(engine: Engine, input: RdbInput): void {
  const first = input.copy()
  if (first.length !== 16) throw new RdbError('a stream\'s node without an id')
  const firstMs = first.readBigUInt64BE(0)
  const firstSeq = first.readBigUInt64BE(8)
  input.string()
  const reader = new ListpackReader(input.text, input.from, input.to)
  const valid = reader.integer()
  const deleted = reader.integer()
  const fields = Array.from({ length: countOf(reader) }, () => word(reader))
  if (reader.integer() !== 0) throw new RdbError('a stream\'s node without the end of its fields')
  let seen = 0
  let gone = 0
  for (let left = valid + deleted; left > 0; left--) {
    const flags = reader.integer()
    const ms = BigInt.asUintN(64, firstMs + bigint(reader))
    const seq = BigInt.asUintN(64, firstSeq + bigint(reader))
    const same = (flags & entryFlags.sameFields) !== 0
    const pairs = same ? fields.length : countOf(reader)
    const words: Buffer[] = []
    for (let i = 0; i < pairs; i++) words.push(same ? fields[i]! : word(reader), word(reader))
    if (reader.integer() !== (same ? pairs + 3 : pairs * 2 + 4)) throw new RdbError('a stream\'s entry is miscounted')
    if ((flags & entryFlags.deleted) !== 0) gone++
    else {
      seen++
      append(engine, ms, seq, words)
    }
  }
  if (seen !== valid || gone !== deleted || reader.next()) throw new RdbError('a stream\'s node is miscounted')
}

/** A number of fields: each takes at least two bytes of the listpack. */
function countOf(reader: ListpackReader): number {
  const count = reader.integer()
  if (count < 1 || count > reader.count) throw new RdbError('a stream\'s entry with an impossible number of fields')
  return count
}

function word(reader: ListpackReader): Buffer {
  reader.expect()
  return Buffer.from(reader.buf.subarray(reader.from, reader.to))
}

function bigint(reader: ListpackReader): bigint {
  const text = word(reader).toString('latin1')
  if (!/^-?\d+$/.test(text)) throw new RdbError('a stream\'s entry without an id')
  return BigInt(text)
}

function append(engine: Engine, ms: bigint, seq: bigint, words: readonly Buffer[]): void {
  id.set(Number(ms >> 32n), Number(ms & 0xffffffffn), Number(seq >> 32n), Number(seq & 0xffffffffn))
  if (id.compare(before) <= 0) throw new RdbError('a stream whose ids don\'t ascend')
  before.copy(id)
  const a = new Args(words.length)
  a.buf = Buffer.concat(words)
  a.count = words.length
  let at = 0
  words.forEach((bytes, i) => {
    a.start[i] = at
    a.end[i] = at += bytes.length
  })
  engine.stream.append(id, a, 0, engine.settings.streamNodeBytesMax, engine.settings.streamNodeEntriesMax)
}

function readGroup(engine: Engine, root: number, type: number, input: RdbInput): void {
  const { groups, stream } = engine
  const name = input.copy()
  readId(input, last)
  let read = -1
  if (type !== rdbTypes.streamListpacks) {
    read = input.length()
    if (input.high === 0xffffffff) read = -1
  }
  stream.open(root)
  if (groups.find(stream.groups, name, 0, name.length) !== 0) throw new RdbError('a stream with a group twice')
  const made = groups.createGroup(stream.groups, name, 0, name.length, last, read)
  stream.groups = made.root
  const pending = new Map<string, { ms: number; deliveries: number }>()
  for (let left = input.count(); left > 0; left--) {
    readRawId(input, id)
    const ms = input.ms()
    pending.set(String(id), { ms, deliveries: input.length() })
  }
  for (let left = input.count(); left > 0; left--) readConsumer(engine, made.group, type, input, pending)
  if (pending.size > 0) throw new RdbError('a group whose pending entries belong to nobody')
}

function readConsumer(
  engine: Engine, group: number, type: number, input: RdbInput,
  pending: Map<string, { ms: number; deliveries: number }>,
): void {
  const { groups } = engine
  const name = input.copy()
  const seen = input.ms()
  const active = type === rdbTypes.streamListpacks3 ? input.ms() : seen
  if (groups.find(groups.consumers(group), name, 0, name.length) !== 0) {
    throw new RdbError('a group with a consumer twice')
  }
  const consumer = groups.createConsumer(group, name, 0, name.length, seen)
  groups.setActive(consumer, active)
  for (let left = input.count(); left > 0; left--) {
    readRawId(input, id)
    const found = pending.get(String(id))
    if (found === undefined) throw new RdbError('a consumer with a pending entry that its group lacks')
    pending.delete(String(id))
    groups.addPending(group, consumer, id, found.ms, found.deliveries)
  }
}
