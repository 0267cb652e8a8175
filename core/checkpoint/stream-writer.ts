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
import type { PackedBytes } from '../types/stream-packed.ts'
import type { Stream } from '../types/stream.ts'
import { ListpackWriter } from './listpack.ts'
import { entryFlags } from './rdb-format.ts'
import type { RdbOutput } from './rdb-output.ts'

const id = new StreamId()
const base = new StreamId()
const idBytes = Buffer.alloc(16)
const listpack = new ListpackWriter()
const packed: PackedBytes = { buf: idBytes, from: 0, to: 0, bytes: 0, verified: true }

/** A block is a node: they begin where Redis's nodes begin. What is packed still is written as it came. */
export function writeStream(engine: Engine, root: number, out: RdbOutput): void {
  const stream = engine.stream.open(root)
  out.length(stream.blockCount)
  for (let more = stream.firstBlock(); more; more = stream.nextBlock()) {
    setRaw(stream.blockBase(base))
    out.string(idBytes, 0, idBytes.length)
    const known = stream.packed(packed)
    if (known !== undefined) out.packedString(known.buf, known.from, known.to, known.bytes)
    else {
      writeBlock(stream)
      listpack.writeTo(out)
    }
  }
  out.length(stream.length)
  writeId(out, stream.lastId(id))
  writeId(out, stream.firstId(id))
  writeId(out, stream.maxDeletedId(id))
  out.length(stream.entriesAdded)
  writeGroups(engine, out)
}

/** Puts the block's live entries into `listpack`. */
function writeBlock(stream: Stream): void {
  let more = stream.enterBlock()
  listpack.clear()
  listpack.appendInteger(stream.blockLength)
  listpack.appendInteger(0)
  listpack.appendInteger(stream.blockFields)
  stream.eachBlockField(appendWord)
  listpack.appendInteger(0)
  for (; more; more = stream.forwardInBlock()) {
    const { pairs, sharesFields } = stream
    listpack.appendInteger(sharesFields ? entryFlags.sameFields : 0)
    appendDifference(stream.id.msHigh, stream.id.msLow, base.msHigh, base.msLow)
    appendDifference(stream.id.seqHigh, stream.id.seqLow, base.seqHigh, base.seqLow)
    if (!sharesFields) listpack.appendInteger(pairs)
    stream.eachOwnWord(appendWord)
    listpack.appendInteger(sharesFields ? pairs + 3 : pairs * 2 + 4)
  }
}

function appendWord(u8: Uint8Array, from: number, to: number): void {
  listpack.append(u8, from, to)
}

function appendDifference(high: number, low: number, otherHigh: number, otherLow: number): void {
  listpack.appendInt64((high - otherHigh - (low < otherLow ? 1 : 0)) | 0, (low - otherLow) | 0)
}

export function writeId(out: RdbOutput, of: StreamId): void {
  out.length64(of.msHigh, of.msLow)
  out.length64(of.seqHigh, of.seqLow)
}

function writeRawId(out: RdbOutput, of: StreamId): void {
  setRaw(of)
  out.raw(idBytes, 0, idBytes.length)
}

function setRaw(of: StreamId): void {
  idBytes.writeUInt32BE(of.msHigh, 0)
  idBytes.writeUInt32BE(of.msLow, 4)
  idBytes.writeUInt32BE(of.seqHigh, 8)
  idBytes.writeUInt32BE(of.seqLow, 12)
}

/** The groups of the open stream. */
export function writeGroups(engine: Engine, out: RdbOutput): void {
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
