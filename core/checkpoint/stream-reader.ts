// Streams from RDB, of all three generations (stream-writer.ts has the layout): the first knows no first and deleted
// ids, no entries added or read; the third knows when a consumer was last active.

import type { Engine } from '../engine.ts'
import { types } from '../keyspace/entry.ts'
import { StreamId } from '../types/stream-id.ts'
import type { PackedBytes } from '../types/stream-packed.ts'
import { freeValue } from '../types/types.ts'
import { decompressStart } from './lzf.ts'
import { RdbError, rdbTypes } from './rdb-format.ts'
import type { RdbInput } from './rdb-input.ts'
import { glanceBytes, StreamNodes } from './stream-node.ts'
import type { LooseValue } from './value-reader.ts'

const id = new StreamId()
const last = new StreamId()
const nodes = new StreamNodes()
const idBytes = 16
const noBytes = new Uint8Array(0)
const bytes: PackedBytes = { buf: noBytes, from: 0, to: 0, bytes: 0, verified: true }
const beginning = new Uint8Array(glanceBytes)

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
  nodes.last.setMin()
  for (let left = input.count(); left > 0; left--) readNode(engine, input, left === 1)
  stream.settleTail()
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
  readGroups(engine, root, type, input)
}

/** Makes the groups of the stream at `root`, which has none yet. Throws RdbError. */
export function readGroups(engine: Engine, root: number, type: number, input: RdbInput): void {
  for (let left = input.count(); left > 0; left--) readGroup(engine, root, type, input)
}

export function readId(input: RdbInput, into: StreamId): void {
  input.length()
  const { high, low } = input
  input.length()
  into.set(high, low, input.high, input.low)
}

function readRawId(input: RdbInput, into: StreamId): void {
  const at = input.take(idBytes)
  setRaw(into, input.buf, at)
}

/** Sets the id to the 16 bytes at `u8[at]`, the highest first. */
function setRaw(into: StreamId, u8: Uint8Array, at: number): void {
  into.set(u32At(u8, at), u32At(u8, at + 4), u32At(u8, at + 8), u32At(u8, at + 12))
}

function u32At(u8: Uint8Array, at: number): number {
  return ((u8[at]! << 24) | (u8[at + 1]! << 16) | (u8[at + 2]! << 8) | u8[at + 3]!) >>> 0
}

/** Of a sealed stream only the first and the last node are looked into: their ids are those of the stream. */
function readNode(engine: Engine, input: RdbInput, isLast: boolean): void {
  const { stream } = engine
  const { base, first, last } = nodes
  input.string()
  if (input.to - input.from !== idBytes) throw new RdbError('a stream\'s node without an id')
  setRaw(base, input.text, input.from)
  input.packedString()
  const isPacked = input.packedTo > 0
  const size = input.to - input.from
  bytes.verified = !input.sealed || stream.length === 0 || isLast
  if (bytes.verified) {
    if (isPacked) input.unpack()
    nodes.read(input.text, input.from, input.to)
  } else if (isPacked) {
    const { buf, packedFrom, packedTo } = input
    const came = decompressStart(buf, packedFrom, packedTo, beginning, Math.min(size, glanceBytes), glanceBytes)
    nodes.glance(beginning, 0, came, size)
  } else nodes.glance(input.text, input.from, input.to, size)
  if (nodes.live === 0) return
  const staysPacked = isPacked && input.packedTo - input.packedFrom < size
  if (isPacked && !staysPacked && !bytes.verified) input.unpack()
  bytes.buf = staysPacked ? input.buf : input.text
  bytes.from = staysPacked ? input.packedFrom : input.from
  bytes.to = staysPacked ? input.packedTo : input.to
  bytes.bytes = size
  stream.appendPacked(base, first, last, nodes.live, nodes.entries, bytes)
  bytes.buf = noBytes
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
