// What commands can't say of a stream, beside them in a checkpoint: when its consumers were seen and active, entries
// that are pending and no longer there, what `stream-extra.ts` tells, and counters that XSETID refuses.
//
//   version u8 │ key │ last id, max deleted id │ entries added │ groups as RDB has them │ extra bytes (none: empty)
//
// Whoever reads it has made the stream by its commands; its groups are made anew by this.

import type { Engine } from '../engine.ts'
import { rootOf, typeOf, types } from '../keyspace/entry.ts'
import { StreamId } from '../types/stream-id.ts'
import { RdbError, rdbTypes } from './rdb-format.ts'
import { RdbInput } from './rdb-input.ts'
import { RdbOutput } from './rdb-output.ts'
import { readStreamExtra, streamExtra } from './stream-extra.ts'
import { readGroups, readId } from './stream-reader.ts'
import { writeGroups, writeId } from './stream-writer.ts'

const besideVersion = 1
const id = new StreamId()
const deleted = new StreamId()
const out = new RdbOutput(false)

/** The bytes of the stream at `root`, valid until the next call; undefined when its commands say all. */
export function streamBeside(engine: Engine, root: number, key: Buffer): Buffer | undefined {
  const { stream, groups } = engine
  const extra = streamExtra(engine, root)
  stream.open(root)
  stream.lastId(id)
  stream.maxDeletedId(deleted)
  const isUsual = stream.entriesAdded >= stream.length && deleted.compare(id) <= 0
  const hasConsumers = groups.list(stream.groups).some((group) => groups.count(groups.consumers(group)) > 0)
  if (extra === undefined && isUsual && !hasConsumers) return undefined
  out.at = 0
  out.byte(besideVersion)
  out.string(key, 0, key.length)
  writeId(out, id)
  writeId(out, deleted)
  out.length(stream.entriesAdded)
  writeGroups(engine, out)
  if (extra === undefined) out.length(0)
  else out.string(extra, 0, extra.length)
  return out.bytes()
}

/** The key that such bytes are about, within them. Throws RdbError. */
export function besideKey(bytes: Buffer): Buffer {
  return start(bytes).copy()
}

/** Gives a stream of the engine's current database what its commands didn't say. Throws RdbError. */
export function applyBeside(engine: Engine, bytes: Buffer): void {
  const { db, arena, stream, groups } = engine
  const input = start(bytes)
  const key = input.copy()
  const entry = db.find(key, 0, key.length, db.hash(key, 0, key.length))
  if (entry === 0 || typeOf(arena, entry) !== types.stream) throw new RdbError('facts about a stream that is not there')
  const root = rootOf(arena, entry)
  stream.open(root)
  const planned = stream.planned
  groups.destroyAll(stream.groups)
  stream.groups = 0
  readId(input, id)
  stream.setLastId(id)
  readId(input, id)
  stream.setMaxDeletedId(id)
  stream.entriesAdded = input.length()
  readGroups(engine, root, rdbTypes.streamListpacks2, input)
  const extra = input.copy()
  if (extra.length > 0) readStreamExtra(engine, root, extra)
  if (input.at !== input.end) throw new RdbError('more bytes than facts about a stream')
  db.redate(entry, planned, stream.open(root).planned)
}

function start(bytes: Buffer): RdbInput {
  const input = new RdbInput(bytes, 0, bytes.length, bytes.length)
  if (input.byte() !== besideVersion) throw new RdbError('facts about a stream in a version that is not known')
  return input
}
