// XTRIM, XDEL, XSETID, XLEN: what removes entries of a stream, and its counters.
// Semantics: https://redis.io/docs/latest/commands/xtrim/ and its neighbours.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import {
  groupsChanged, idArgument, idArguments, idAt, openStream, streamChanged, streamRoot, wrong,
} from './stream-key.ts'
import { beginTrim, effectTrim, finishTrim, logTrimmed, trim, trimming, trimOption, trimWords } from './stream-trim.ts'

const id = new StreamId()
const deleted = new StreamId()

export function xtrim(x: Engine, a: Args, r: Reply): void {
  beginTrim()
  for (let i = 2; i < a.count; i++) {
    i = trimOption(a, r, i)
    if (i >= 0) continue
    if (i === -1) r.error(replies.syntax)
    return
  }
  if (!finishTrim(x, r, true)) return
  const root = streamRoot(x, a, 1, r, true)
  if (root === wrong) return
  if (root === 0) {
    r.int(0)
    return
  }
  x.stream.open(root)
  const removed = trim(x, a)
  if (removed > 0) {
    streamChanged(x, a, 1, 'xtrim', removed)
    if (trimWords() === 0) logTrimmed(x, a)
    else if (trimming.approximate || trimming.policySaid) {
      x.effect(2 + trimWords())
      x.wordText('XTRIM')
      x.wordArg(a, 1)
      effectTrim(x)
      x.endEffect()
    }
  }
  r.int(removed)
}

export function xdel(x: Engine, a: Args, r: Reply): void {
  const root = streamRoot(x, a, 1, r, true)
  if (root === wrong) return
  if (root === 0) {
    r.int(0)
    return
  }
  // All ids are read before any entry goes: a wrong one leaves the stream as it was.
  if (!idArguments(a, 2, r)) return
  x.stream.open(root)
  let removed = 0
  for (let i = 2; i < a.count; i++) if (x.stream.remove(idAt(i - 2, id))) removed++
  if (removed > 0) streamChanged(x, a, 1, 'xdel', removed)
  r.int(removed)
}

export function xlen(x: Engine, a: Args, r: Reply): void {
  const root = streamRoot(x, a, 1, r, false)
  if (root !== wrong) r.int(root === 0 ? 0 : x.stream.open(root).length)
}

export function xsetid(x: Engine, a: Args, r: Reply): void {
  let entriesAdded = -1
  let hasDeleted = false
  if (!idArgument(a, 2, id, r)) return
  for (let i = 3; i < a.count; i++) {
    const more = a.count - 1 - i
    if (more > 0 && a.is(i, 'ENTRIESADDED')) {
      entriesAdded = a.int(++i)
      if (Number.isNaN(entriesAdded)) {
        r.error(replies.notInteger)
        return
      }
      if (entriesAdded < 0) {
        r.error('ERR entries_added must be positive')
        return
      }
    } else if (more > 0 && a.is(i, 'MAXDELETEDID')) {
      if (!idArgument(a, ++i, deleted, r)) return
      if (id.compare(deleted) < 0) {
        r.error('ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id')
        return
      }
      hasDeleted = true
    } else {
      r.error(replies.syntax)
      return
    }
  }
  if (!openStream(x, a, 1, r, true)) return
  const { stream } = x
  if (stream.length > 0) {
    stream.last()
    if (id.compare(stream.id) < 0) {
      r.error('ERR The ID specified in XSETID is smaller than the target stream top item')
      return
    }
    if (entriesAdded !== -1 && stream.length > entriesAdded) {
      r.error('ERR The entries_added specified in XSETID is smaller than the target stream length')
      return
    }
  }
  stream.setLastId(id)
  if (entriesAdded !== -1) stream.entriesAdded = entriesAdded
  if (hasDeleted && !deleted.isZero()) stream.setMaxDeletedId(deleted)
  groupsChanged(x, a, 1, 'xsetid')
  r.ok()
}
