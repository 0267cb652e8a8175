// XADD, XTRIM, XDEL, XSETID, XLEN: what changes the entries of a stream.
// Semantics: https://redis.io/docs/latest/commands/xadd/ and its neighbours.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies, wrongArity } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { formatId, idText, parseId, StreamId } from '../types/stream-id.ts'
import { contentId, isDuplicate, logRemembered, producerOption, remember } from './stream-idempotence.ts'
import type { Producer } from './stream-idempotence.ts'
import {
  createStream, groupsChanged, idArgument, idArguments, idAt, invalidId, replyId, streamChanged, streamRoot, wordId,
  wrong,
} from './stream-key.ts'
import {
  beginTrim, effectTrim, finishTrim, logTrimmed, trim, trimming, trimOption, trimWords,
} from './stream-trim.ts'

type IdForm = 'auto' | 'auto-seq' | 'full'

/** The parsed options of the XADD that is being executed, but for those of trimming; one object serves all. */
const options = {
  noMkStream: false,
  idForm: 'auto' as IdForm,
  id: new StreamId(),
  /** Index of the id argument. */
  idAt: 0,
  /** IDMP or IDMPAUTO was given. */
  produced: false,
  producer: { pid: Buffer.alloc(0), iid: undefined } as Producer,
}

const last = new StreamId()
const lastPossible = new StreamId().setMax()
const duplicate = new StreamId()
const deleted = new StreamId()

function isStar(a: Args, i: number): boolean {
  return a.size(i) === 1 && a.buf[a.start[i]!] === 42
}

/** Reads XADD's options from argument 2 on up to its id. Writes the error and returns false where they are wrong. */
function parseAdd(x: Engine, a: Args, r: Reply): boolean {
  const o = options
  beginTrim()
  o.noMkStream = false
  o.idAt = 0
  o.produced = false
  if (isStar(a, 2)) {
    o.idForm = 'auto'
    o.idAt = 2
    return true
  }
  for (let i = 2; i < a.count && o.idAt === 0; i++) {
    if (isStar(a, i)) {
      o.idForm = 'auto'
      o.idAt = i
      continue
    }
    const digit = a.size(i) > 0 && a.buf[a.start[i]!]! <= 57
    const end = digit ? -1 : addOption(a, r, i)
    if (end === -2) return false
    if (end >= 0) {
      i = end
      continue
    }
    const form = parseId(a.buf, a.start[i]!, a.end[i]!, o.id, true)
    if (form === 'invalid') {
      r.error(invalidId)
      return false
    }
    if (o.produced) {
      r.error('ERR IDMP/IDMPAUTO can be used only with auto-generated IDs')
      return false
    }
    o.idForm = form === 'auto-seq' ? 'auto-seq' : 'full'
    o.idAt = i
  }
  return finishTrim(x, r, false)
}

/** The option at argument i: index of its last argument, -1 when it is none, -2 after an error reply. */
function addOption(a: Args, r: Reply, i: number): number {
  const end = trimOption(a, r, i)
  if (end !== -1) return end
  if (a.is(i, 'NOMKSTREAM')) {
    options.noMkStream = true
    return i
  }
  if (options.produced) return -1
  const last = producerOption(a, r, i, options.producer)
  options.produced = last >= 0
  return last
}

export function xadd(x: Engine, a: Args, r: Reply): void {
  const o = options
  if (!parseAdd(x, a, r)) return
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
  if (root === 0 && o.noMkStream) {
    r.nil()
    return
  }
  const iid = o.produced ? o.producer.iid ?? contentId(a, fields) : undefined
  if (iid !== undefined && root !== 0) {
    x.stream.open(root)
    if (isDuplicate(x, o.producer.pid, iid, duplicate)) {
      replyId(r, duplicate)
      return
    }
  }
  if (root === 0) root = createStream(x, a, 1)
  const stream = x.stream.open(root)
  if (!resolveId(x, r)) return
  stream.append(o.id, a, fields, x.settings.streamNodeBytesMax, x.settings.streamNodeEntriesMax)
  replyId(r, o.id)
  streamChanged(x, a, 1, 'xadd')
  if (trimming.by !== 'none' && trim(x, a) > 0) x.notify('t', 'xtrim', a.buf, a.start[1]!, a.end[1]!)
  if (o.idForm !== 'full' && o.idAt === 2) x.effectReplacing(a, 2, idText, formatId(o.id))
  else if (o.idForm !== 'full' || trimming.approximate || trimming.policySaid || iid !== undefined) {
    x.effect(3 + trimWords() + words)
    x.wordText('XADD')
    x.wordArg(a, 1)
    effectTrim(x)
    wordId(x, o.id)
    x.wordArgs(a, fields)
    x.endEffect()
    logTrimmed(x, a)
  }
  if (iid !== undefined) {
    remember(x, o.producer.pid, iid, o.id)
    logRemembered(x, a, o.producer.pid, iid, o.id)
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
