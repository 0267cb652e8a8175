// XADD: appends an entry to a stream.
// Semantics: https://redis.io/docs/latest/commands/xadd/. EXPECT is our own: the entry is appended only where the
// stream's last id is the one that the producer knows. AT, DELAY and TTL, too: stream-delay.ts.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { wrongArity } from '../errors.ts'
import { typeOf, types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { formatId, idText, parseId, StreamId } from '../types/stream-id.ts'
import { delay, expireLater, openDue, timingOption } from './stream-delay.ts'
import type { Timing } from './stream-delay.ts'
import { contentId, isDuplicate, isRecorded, logRemembered, producerOption, remember } from './stream-idempotence.ts'
import type { Producer } from './stream-idempotence.ts'
import {
  createStream, idArgument, invalidId, isSign, replyId, signs, streamChanged, streamRoot, wordId, wrong,
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
  /** Index of EXPECT, 0 without it, and the last id that it names. */
  expectAt: 0,
  expected: new StreamId(),
  /** IDMP or IDMPAUTO was given. */
  produced: false,
  producer: { pid: Buffer.alloc(0), iid: undefined } as Producer,
  timing: { atMs: 0, option: 0, ttlMs: 0 } as Timing,
}

const last = new StreamId()
const lastPossible = new StreamId().setMax()
const duplicate = new StreamId()

/** Reads XADD's options from argument 2 on up to its id. Writes the error and returns false where they are wrong. */
function parseAdd(x: Engine, a: Args, r: Reply): boolean {
  const o = options
  beginTrim()
  o.noMkStream = false
  o.idAt = 0
  o.expectAt = 0
  o.produced = false
  o.timing.atMs = 0
  o.timing.option = 0
  o.timing.ttlMs = 0
  if (isSign(a, 2, signs.star)) {
    o.idForm = 'auto'
    o.idAt = 2
    return true
  }
  for (let i = 2; i < a.count && o.idAt === 0; i++) {
    if (isSign(a, i, signs.star)) {
      o.idForm = 'auto'
      o.idAt = i
      continue
    }
    const digit = a.size(i) > 0 && a.buf[a.start[i]!]! <= 57
    const end = digit ? -1 : addOption(x, a, r, i)
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
  if (o.timing.option !== 0 && (o.expectAt !== 0 || (o.idAt !== 0 && o.idForm !== 'auto'))) {
    r.error('ERR AT and DELAY need the ID *, and go with no EXPECT')
    return false
  }
  return finishTrim(x, r, false)
}

/** The option at argument i: index of its last argument, -1 when it is none, -2 after an error reply. */
function addOption(x: Engine, a: Args, r: Reply, i: number): number {
  const end = trimOption(a, r, i)
  if (end !== -1) return end
  if (a.is(i, 'NOMKSTREAM')) {
    options.noMkStream = true
    return i
  }
  if (options.expectAt === 0 && i + 1 < a.count && a.is(i, 'EXPECT')) {
    options.expectAt = i
    return idArgument(a, i + 1, options.expected, r) ? i + 1 : -2
  }
  const timed = timingOption(x, a, r, i, options.timing)
  if (timed !== -1 || options.produced) return timed
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
  const isLater = o.timing.atMs > x.now
  if (root === 0 && o.noMkStream && !isLater) {
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
  if (isLater) {
    delay(x, a, r, o.timing)
    return
  }
  if (o.timing.ttlMs > 0 && !openDue(x, r)) return
  if (o.expectAt !== 0) {
    const refusal = disappointment(x, root)
    if (refusal !== undefined) {
      r.error(refusal)
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
  else if (o.idForm !== 'full' || trimming.approximate || trimming.policySaid || hasOwnOption()) {
    x.effect(3 + trimWords() + words)
    x.wordText('XADD')
    x.wordArg(a, 1)
    effectTrim(x)
    wordId(x, o.id)
    x.wordArgs(a, fields)
    x.endEffect()
    logTrimmed(x, a)
  }
  if (o.timing.ttlMs > 0) expireLater(x, a, o.id, x.now + o.timing.ttlMs)
  if (iid !== undefined) {
    remember(x, o.producer.pid, iid, o.id)
    logRemembered(x, a, o.producer.pid, iid, o.id)
  }
  x.ready(a.buf, a.start[1]!, a.end[1]!)
}

/** An option was given that the log has no use for. */
function hasOwnOption(): boolean {
  const { produced, expectAt, timing } = options
  return produced || expectAt !== 0 || timing.option !== 0 || timing.ttlMs !== 0
}

/** Why the stream at `root` (0: there is none) isn't as EXPECT says; undefined when it is. */
function disappointment(x: Engine, root: number): string | undefined {
  if (root === 0) last.setMin()
  else x.stream.open(root).lastId(last)
  if (last.compare(options.expected) === 0) return undefined
  return `LASTID ${last} is the last ID of the stream, not ${options.expected}`
}

/**
 * Checks what a queued XADD expects before anything of its transaction runs: the error, or undefined where it is met.
 * Then EXPECT is taken out of the arguments, as the transaction itself may go on to append to the stream.
 * Arguments that are wrong are left as they are, to be told of when the command runs.
 */
export function settleExpectation(x: Engine, a: Args, r: Reply): string | undefined {
  const o = options
  const mark = r.deferred()
  const parsed = parseAdd(x, a, r) && o.idAt !== 0
  r.rewind(mark)
  r.lastError = ''
  if (!parsed || o.expectAt === 0) return undefined
  const entry = x.db.peek(a.buf, a.start[1]!, a.end[1]!, x.db.hash(a.buf, a.start[1]!, a.end[1]!))
  if (entry !== 0 && typeOf(x.arena, entry) !== types.stream) return undefined
  const root = entry === 0 ? 0 : x.db.rootOf(entry)
  // What was added before is answered with its id, wherever the stream stands now.
  const iid = o.produced ? o.producer.iid ?? contentId(a, o.idAt + 1) : undefined
  if (root !== 0) x.stream.open(root)
  const isKnown = iid !== undefined && root !== 0 && isRecorded(x, o.producer.pid, iid, duplicate)
  const refusal = isKnown ? undefined : disappointment(x, root)
  if (refusal === undefined) a.remove(o.expectAt, 2)
  return refusal
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
