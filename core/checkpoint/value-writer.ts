// Values as RDB has them, in the types that redis-server 7.0 reads, unless only a newer one can hold the value.

import { byteOf, chunkOf } from '../arena/arena.ts'
import type { Engine } from '../engine.ts'
import { formOf, rootOf, typeOf, types, valueStart } from '../keyspace/entry.ts'
import { hashForms } from '../types/hash.ts'
import type { IntSet } from '../types/intset.ts'
import { listForms } from '../types/list-ends.ts'
import { nodeCount, nodeEnd, nodeStart } from '../types/list-node.ts'
import { setForms } from '../types/set.ts'
import { packed } from '../types/zset.ts'
import { doubleText, isWhole, writeDouble } from '../double.ts'
import { ListpackWriter } from './listpack.ts'
import { containers, rdbTypes } from './rdb-format.ts'
import type { RdbOutput } from './rdb-output.ts'
import { writeStream } from './stream-writer.ts'

const intsetHeaderBytes = 8
const listpack = new ListpackWriter()

/** The type byte of an entry's value. */
export function rdbTypeOf(engine: Engine, entry: number): number {
  const form = formOf(engine.arena, entry)
  switch (typeOf(engine.arena, entry)) {
    case types.string: return rdbTypes.string
    case types.list: return rdbTypes.listQuicklist2
    case types.set: return form === setForms.intset ? rdbTypes.setIntset : rdbTypes.set
    case types.zset: return form === packed ? rdbTypes.zsetListpack : rdbTypes.zset
    case types.stream: return rdbTypes.streamListpacks2
    case types.hash: {
      if (form === hashForms.listpackex) return rdbTypes.hashListpackEx
      if (form === hashForms.listpack) return rdbTypes.hashListpack
      const dated = engine.hash.open(rootOf(engine.arena, entry), form, -1).earliest() >= 0
      return dated ? rdbTypes.hashMetadata : rdbTypes.hash
    }
  }
}

/** Writes an entry's value, without its type byte. */
export function writeValue(engine: Engine, entry: number, out: RdbOutput): void {
  const { arena } = engine
  const root = rootOf(arena, entry)
  switch (typeOf(arena, entry)) {
    case types.string: {
      const from = valueStart(arena, entry)
      out.string(arena.u8[chunkOf(entry)]!, from, from + root)
      return
    }
    case types.list: return writeList(engine, entry, out)
    case types.set: return writeSet(engine, entry, out)
    case types.zset: return writeZset(engine, entry, out)
    case types.hash: return writeHash(engine, entry, out)
    case types.stream: return writeStream(engine, root, out)
  }
}

function writeList(engine: Engine, entry: number, out: RdbOutput): void {
  const { arena } = engine
  const list = engine.list.open(rootOf(arena, entry), formOf(arena, entry))
  out.length(list.form === listForms.listpack ? 1 : list.nodes)
  list.eachNode((node) => {
    if (list.isPlain(node)) {
      out.length(containers.plain)
      out.string(list.value.buf, list.value.from, list.value.to)
      return
    }
    const u8 = arena.u8[chunkOf(node)]!
    const base = byteOf(node)
    listpack.clear()
    listpack.appendElements(u8, base + nodeStart(arena, node), base + nodeEnd(arena, node), nodeCount(arena, node))
    out.length(containers.packed)
    listpack.writeTo(out)
  })
}

function writeSet(engine: Engine, entry: number, out: RdbOutput): void {
  const { arena } = engine
  const set = engine.sets.one.open(rootOf(arena, entry), formOf(arena, entry))
  if (set.form === setForms.intset) {
    writeIntset(set.ints, out)
    return
  }
  out.length(set.size)
  for (let more = set.first(); more; more = set.next()) out.string(set.buf, set.from, set.to)
}

/** `┌ bytes of each u32 │ count u32 │ integer │ … ┐`, in order, little-endian. */
function writeIntset(ints: IntSet, out: RdbOutput): void {
  const { count } = ints
  ints.read(0)
  const narrow = bytesOf(ints.high, ints.low)
  ints.read(count - 1)
  const width = Math.max(narrow, bytesOf(ints.high, ints.low))
  const bytes = Buffer.alloc(intsetHeaderBytes + count * width)
  bytes.writeUInt32LE(width, 0)
  bytes.writeUInt32LE(count, 4)
  for (let i = 0, at = intsetHeaderBytes; i < count; i++, at += width) {
    ints.read(i)
    if (width === 2) bytes.writeInt16LE(ints.low, at)
    else bytes.writeInt32LE(ints.low, at)
    if (width === 8) bytes.writeInt32LE(ints.high, at + 4)
  }
  out.string(bytes, 0, bytes.length)
}

function bytesOf(high: number, low: number): number {
  if (high !== low >> 31) return 8
  return low < -32768 || low > 32767 ? 4 : 2
}

function writeZset(engine: Engine, entry: number, out: RdbOutput): void {
  const { arena } = engine
  const zset = engine.zset.open(rootOf(arena, entry), formOf(arena, entry))
  if (zset.form !== packed) {
    // From the highest down, as Redis: whoever reads it then always inserts at the front.
    out.length(zset.count)
    for (let more = zset.last(); more; more = zset.prev()) {
      zset.read()
      out.string(zset.buf, zset.from, zset.to)
      out.double(zset.score)
    }
    return
  }
  listpack.clear()
  for (let more = zset.first(); more; more = zset.next()) {
    zset.read()
    listpack.append(zset.buf, zset.from, zset.to)
    if (isWhole(zset.score)) listpack.appendInteger(zset.score)
    else listpack.append(doubleText, writeDouble(zset.score), doubleText.length)
  }
  listpack.writeTo(out)
}

function writeHash(engine: Engine, entry: number, out: RdbOutput): void {
  const { arena } = engine
  const hash = engine.hash.open(rootOf(arena, entry), formOf(arena, entry), -1)
  const earliest = hash.earliest()
  const withDeadlines = hash.form === hashForms.listpackex
  const dated = earliest >= 0
  if (dated || withDeadlines) out.ms(Math.max(0, earliest))
  if (hash.form === hashForms.listpack || withDeadlines) {
    listpack.clear()
    hash.each((field, from, to, value, start, end, ms) => {
      listpack.append(field, from, to)
      listpack.append(value, start, end)
      if (withDeadlines) listpack.appendInteger(Math.max(0, ms))
    }, true)
    listpack.writeTo(out)
    return
  }
  out.length(hash.total)
  hash.each((field, from, to, value, start, end, ms) => {
    if (dated) out.length(ms < 0 ? 0 : ms - earliest + 1)
    out.string(field, from, to)
    out.string(value, start, end)
  }, true)
}
