// XADD, XTRIM, XDEL, XSETID, XLEN: what changes the entries of a stream.
// Semantics: https://redis.io/docs/latest/commands/xadd/ and its neighbours.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies, wrongArity } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { parseId, StreamId } from '../types/stream-id.ts'
import {
  createStream, groupsChanged, idArgument, idArguments, idAt, invalidId, replyId, streamChanged, streamRoot, wordId,
  wrong,
} from './stream-key.ts'

type TrimStrategy = 'none' | 'maxlen' | 'minid'
type IdForm = 'auto' | 'auto-seq' | 'full'

/** The parsed options of the XADD or XTRIM that is being executed; one object serves all. */
const options = {
  trim: 'none' as TrimStrategy,
  approximate: false,
  maxLength: 0,
  minId: new StreamId(),
  limit: -1,
  noMkStream: false,
  idForm: 'auto' as IdForm,
  id: new StreamId(),
  /** Index of the id argument (XADD). */
  idAt: 0,
}

const last = new StreamId()
const lastPossible = new StreamId().setMax()

/** Reads options from argument 2 on; for XADD up to its id. Writes the error and returns false where they are wrong. */
function parseOptions(x: Engine, a: Args, r: Reply, adds: boolean): boolean {
  const o = options
  o.trim = 'none'
  o.approximate = false
  o.limit = -1
  o.noMkStream = false
  o.idAt = 0
  let i = 2
  for (; i < a.count; i++) {
    const more = a.count - 1 - i
    if (adds && a.size(i) === 1 && a.buf[a.start[i]!] === 42) {
      o.idForm = 'auto'
      o.idAt = i
      break
    }
    if ((a.is(i, 'MAXLEN') || a.is(i, 'MINID')) && more > 0) {
      const byLength = a.is(i, 'MAXLEN')
      if (o.trim !== 'none') {
        r.error('ERR syntax error, MAXLEN and MINID options at the same time are not compatible')
        return false
      }
      o.approximate = more >= 2 && a.is(i + 1, '~')
      if (more >= 2 && (o.approximate || a.is(i + 1, '='))) i++
      i++
      if (byLength) {
        o.maxLength = a.int(i)
        if (Number.isNaN(o.maxLength)) {
          r.error(replies.notInteger)
          return false
        }
        if (o.maxLength < 0) {
          r.error('ERR The MAXLEN argument must be >= 0.')
          return false
        }
        o.trim = 'maxlen'
      } else {
        if (!idArgument(a, i, o.minId, r)) return false
        o.trim = 'minid'
      }
    } else if (a.is(i, 'LIMIT') && more > 0) {
      i++
      o.limit = a.int(i)
      if (Number.isNaN(o.limit)) {
        r.error(replies.notInteger)
        return false
      }
      if (o.limit < 0) {
        r.error('ERR The LIMIT argument must be >= 0.')
        return false
      }
    } else if (adds && a.is(i, 'NOMKSTREAM')) o.noMkStream = true
    else if (adds) {
      const form = parseId(a.buf, a.start[i]!, a.end[i]!, o.id, true)
      if (form === 'invalid') {
        r.error(invalidId)
        return false
      }
      o.idForm = form === 'auto-seq' ? 'auto-seq' : 'full'
      o.idAt = i
      break
    } else {
      r.error(replies.syntax)
      return false
    }
  }
  if (o.limit > 0 && o.trim === 'none') {
    r.error('ERR syntax error, LIMIT cannot be used without specifying a trimming strategy')
    return false
  }
  if (!adds && o.trim === 'none') {
    r.error('ERR syntax error, XTRIM must be called with MAXLEN, MINID')
    return false
  }
  if (o.limit >= 0 && !o.approximate) {
    r.error('ERR syntax error, LIMIT cannot be used without the special ~ option')
    return false
  }
  if (!o.approximate) o.limit = 0
  else if (o.limit < 0) {
    const byNode = 100 * x.settings.streamNodeEntriesMax
    o.limit = byNode <= 0 ? 10_000 : Math.min(byNode, 1_000_000)
  }
  return true
}

/** Trims the open stream as the options say; returns how many entries went. */
function trim(x: Engine): number {
  const o = options
  if (o.trim === 'none') return 0
  return x.stream.trim(
    o.trim === 'maxlen' ? o.maxLength : undefined, o.trim === 'minid' ? o.minId : undefined, o.approximate, o.limit,
  )
}

/**
 * The words that trim exactly what was trimmed, for the log. An approximate trim is told by the length it left: there
 * may be no first id left to tell it by.
 */
function effectTrim(x: Engine): void {
  const o = options
  if (o.approximate || o.trim === 'maxlen') {
    x.wordText('MAXLEN')
    x.wordText('=')
    x.wordInt(o.approximate ? x.stream.length : o.maxLength)
  } else {
    x.wordText('MINID')
    x.wordText('=')
    wordId(x, o.minId)
  }
}

export function xadd(x: Engine, a: Args, r: Reply): void {
  const o = options
  if (!parseOptions(x, a, r, true)) return
  const fields = o.idAt + 1
  const words = a.count - fields
  if (o.idAt === 0 || words < 2 || words % 2 === 1) {
    r.error(wrongArity('xadd'))
    return
  }
  if (o.idForm === 'full' && o.id.isZero()) {
    r.error('ERR The ID specified in XADD must be greater than 0-0')
    return
  }
  let root = streamRoot(x, a, 1, r, true)
  if (root === wrong) return
  if (root === 0) {
    if (o.noMkStream) {
      r.nil()
      return
    }
    root = createStream(x, a, 1)
  }
  const stream = x.stream.open(root)
  if (!resolveId(x, r)) return
  stream.append(o.id, a, fields, x.settings.streamNodeBytesMax, x.settings.streamNodeEntriesMax)
  replyId(r, o.id)
  streamChanged(x, a, 1, 'xadd')
  if (trim(x) > 0) x.notify('t', 'xtrim', a.buf, a.start[1]!, a.end[1]!)
  if (o.idForm !== 'full' || o.approximate) {
    x.effect(2 + (o.trim === 'none' ? 0 : 3) + 1 + words)
    x.wordText('XADD')
    x.wordArg(a, 1)
    if (o.trim !== 'none') effectTrim(x)
    wordId(x, o.id)
    x.wordArgs(a, fields)
    x.endEffect()
  }
  x.ready(a.buf, a.start[1]!, a.end[1]!)
}

/** Makes the option's id concrete; writes the error and returns false where the stream can't take it. */
function resolveId(x: Engine, r: Reply): boolean {
  const o = options
  x.stream.lastId(last)
  if (last.compare(lastPossible) === 0) {
    r.error('ERR The stream has exhausted the last possible ID, unable to add more items')
    return false
  }
  if (o.idForm === 'auto') {
    o.id.setMs(x.now)
    if (o.id.msHigh < last.msHigh || (o.id.msHigh === last.msHigh && o.id.msLow <= last.msLow)) {
      o.id.copy(last).increment()
    }
    return true
  }
  if (o.idForm === 'auto-seq' && o.id.msHigh === last.msHigh && o.id.msLow === last.msLow) {
    const { msHigh, msLow } = o.id
    if (o.id.copy(last).increment() && o.id.msHigh === msHigh && o.id.msLow === msLow) return true
    o.id.copy(last)
  }
  if (o.id.compare(last) > 0) return true
  r.error('ERR The ID specified in XADD is equal or smaller than the target stream top item')
  return false
}

export function xtrim(x: Engine, a: Args, r: Reply): void {
  if (!parseOptions(x, a, r, false)) return
  const root = streamRoot(x, a, 1, r, true)
  if (root === wrong) return
  if (root === 0) {
    r.int(0)
    return
  }
  x.stream.open(root)
  const removed = trim(x)
  if (removed > 0) {
    streamChanged(x, a, 1, 'xtrim', removed)
    if (options.approximate) {
      x.effect(5)
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
  const id = options.id
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
  const id = options.id
  const deleted = options.minId
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
  const root = streamRoot(x, a, 1, r, true)
  if (root === wrong) return
  if (root === 0) {
    r.error(replies.noSuchKey)
    return
  }
  const stream = x.stream.open(root)
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
