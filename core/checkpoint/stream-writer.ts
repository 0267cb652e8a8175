// A stream as RDB has it: listpacks of entries under their first ids, then counters, then groups.
//
//   stream     count, then for each: 16 bytes of id, listpack; length, last id, first id, max deleted id, entries added
//   groups     count, then for each: name, last delivered id, entries read, pending entries, consumers
//   listpack   ┌ valid │ deleted │ n │ field ×n │ 0 ┐ then entries
//   entry      ┌ flags │ ms − first ms │ seq − first seq │ n fields unless the same │ (field) value … │ elements ┐
//
// Numbers are RDB lengths, 64-bit ids two of them. The type of redis-server 7.0 is written, which doesn't know when a
// consumer was last active; nor do any know what idempotent producers added.

import type { Engine } from '../engine.ts'
import { StreamId } from '../types/stream-id.ts'
import { ListpackWriter } from './listpack.ts'
import { entryFlags } from './rdb-format.ts'
import type { RdbOutput } from './rdb-output.ts'

const nodeEntriesMax = 100
const nodeBytesMax = 4096
const id = new StreamId()
const idBytes = Buffer.alloc(16)
const listpack = new ListpackWriter()

/** Entries that share a listpack. */
type Node = { ms: bigint; seq: bigint; fields: Buffer[]; bytes: number; entries: Entry[] }
type Entry = { ms: bigint; seq: bigint; words: Buffer[] }

export function writeStream(engine: Engine, root: number, out: RdbOutput): void {
  const nodes = collect(engine, root)
  out.length(nodes.length)
  for (const node of nodes) writeNode(node, out)
  const stream = engine.stream.open(root)
  out.length(stream.length)
  writeId(out, stream.lastId(id))
  writeId(out, stream.firstId(id))
  writeId(out, stream.maxDeletedId(id))
  out.length(stream.entriesAdded)
  writeGroups(engine, out)
}

function u64(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

function collect(engine: Engine, root: number): Node[] {
  const stream = engine.stream.open(root)
  const nodes: Node[] = []
  let node: Node | undefined
  for (let more = stream.first(); more; more = stream.forward()) {
    const words: Buffer[] = []
    let bytes = 0
    stream.eachWord((u8, from, to) => {
      words.push(Buffer.from(u8.subarray(from, to)))
      bytes += to - from
    })
    const ms = u64(stream.id.msHigh, stream.id.msLow)
    const seq = u64(stream.id.seqHigh, stream.id.seqLow)
    if (node === undefined || node.entries.length === nodeEntriesMax || node.bytes + bytes > nodeBytesMax) {
      node = { ms, seq, fields: words.filter((_, i) => i % 2 === 0), bytes: 0, entries: [] }
      nodes.push(node)
    }
    node.bytes += bytes
    node.entries.push({ ms, seq, words })
  }
  return nodes
}

function writeNode(node: Node, out: RdbOutput): void {
  idBytes.writeBigUInt64BE(node.ms, 0)
  idBytes.writeBigUInt64BE(node.seq, 8)
  out.string(idBytes, 0, idBytes.length)
  listpack.clear()
  listpack.appendInteger(node.entries.length)
  listpack.appendInteger(0)
  listpack.appendInteger(node.fields.length)
  for (const field of node.fields) listpack.append(field, 0, field.length)
  listpack.appendInteger(0)
  for (const entry of node.entries) {
    const same = hasFields(entry, node.fields)
    listpack.appendInteger(same ? entryFlags.sameFields : 0)
    appendBigint(BigInt.asIntN(64, entry.ms - node.ms))
    appendBigint(BigInt.asIntN(64, entry.seq - node.seq))
    if (!same) listpack.appendInteger(entry.words.length / 2)
    entry.words.forEach((word, i) => {
      if (!same || i % 2 === 1) listpack.append(word, 0, word.length)
    })
    listpack.appendInteger(same ? entry.words.length / 2 + 3 : entry.words.length + 4)
  }
  listpack.writeTo(out)
}

function hasFields(entry: Entry, fields: readonly Buffer[]): boolean {
  return entry.words.length === fields.length * 2 && fields.every((field, i) => field.equals(entry.words[i * 2]!))
}

function appendBigint(value: bigint): void {
  const text = Buffer.from(String(value), 'latin1')
  listpack.append(text, 0, text.length)
}

function writeId(out: RdbOutput, of: StreamId): void {
  out.length64(of.msHigh, of.msLow)
  out.length64(of.seqHigh, of.seqLow)
}

function writeRawId(out: RdbOutput, of: StreamId): void {
  idBytes.writeUInt32BE(of.msHigh, 0)
  idBytes.writeUInt32BE(of.msLow, 4)
  idBytes.writeUInt32BE(of.seqHigh, 8)
  idBytes.writeUInt32BE(of.seqLow, 12)
  out.raw(idBytes, 0, idBytes.length)
}

function writeGroups(engine: Engine, out: RdbOutput): void {
  const { stream, groups } = engine
  const list = groups.list(stream.groups)
  out.length(list.length)
  for (const group of list) {
    const name = groups.groupName(group)
    out.string(name, 0, name.length)
    writeId(out, groups.lastDelivered(group, id))
    const read = groups.entriesRead(group)
    if (read < 0) out.length64(0xffffffff, 0xffffffff)
    else out.length(read)
    const pending = groups.openPending(groups.groupPending(group))
    out.length(pending.count)
    for (let more = pending.first(); more; more = pending.next()) {
      writeRawId(out, groups.pendingId(pending.value, id))
      out.ms(groups.delivered(pending.value))
      out.length(groups.deliveries(pending.value))
    }
    const consumers = groups.list(groups.consumers(group))
    out.length(consumers.length)
    for (const consumer of consumers) writeConsumer(engine, consumer, out)
  }
}

/** Nobody, who holds what was released, is written as a consumer without a name that was never seen. */
function writeConsumer(engine: Engine, consumer: number, out: RdbOutput): void {
  const { groups } = engine
  const name = groups.consumerName(consumer)
  out.string(name, 0, name.length)
  out.ms(groups.seen(consumer))
  const pending = groups.openPending(groups.consumerPending(consumer))
  out.length(pending.count)
  for (let more = pending.first(); more; more = pending.next()) writeRawId(out, groups.pendingId(pending.value, id))
}
