// XCLAIM and XAUTOCLAIM: pending entries change hands. On streams of the log: stream-log-claim.ts.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { parseId, StreamId } from '../types/stream-id.ts'
import { deliveriesMax } from '../types/stream-policy.ts'
import { countDelivery } from './stream-delivery.ts'
import { isResting, noteLast, planCurrent, settlePlan } from './stream-plans.ts'
import { idArgument, intervalArgument, replyEntry, replyId, streamRoot, wordId, wrong } from './stream-key.ts'

const id = new StreamId()
const lastId = new StreamId()
const delivered = new StreamId()

/** Stream and group of arguments 1 and 2 are opened; 0 after an error reply. `counted`: as a hit or miss already. */
export function openGroup(x: Engine, a: Args, r: Reply, counted = false): number {
  const root = streamRoot(x, a, 1, r, counted)
  if (root === wrong) return 0
  const group = root === 0 ? 0 : x.groups.find(x.stream.open(root).groups, a.buf, a.start[2]!, a.end[2]!)
  if (group === 0) r.error(`NOGROUP No such key '${a.shown(1)}' or consumer group '${a.shown(2)}'`)
  return group
}

/** Consumer of argument 3, made if absent. */
export function claimer(x: Engine, a: Args, group: number): number {
  const { groups } = x
  const known = groups.findConsumer(group, a.buf, a.start[3]!, a.end[3]!)
  const consumer = known !== 0 ? known : groups.createConsumer(group, a.buf, a.start[3]!, a.end[3]!, x.now)
  groups.setSeen(consumer, x.now)
  if (known === 0) {
    x.notify('t', 'xgroup-createconsumer', a.buf, a.start[1]!, a.end[1]!)
    x.changed()
    x.effect(5)
    x.wordText('XGROUP')
    x.wordText('CREATECONSUMER')
    x.wordArg(a, 1)
    x.wordArg(a, 2)
    x.wordArg(a, 3)
    x.endEffect()
  }
  return consumer
}

/**
 * XCLAIM with everything said, as Redis itself logs it. Key and group are arguments `key` and `name`, the consumer is
 * the argument after the group; nobody's claim is that of a consumer without a name, as Redis has it.
 */
export function logClaim(
  x: Engine, a: Args, key: number, name: number, group: number, claimed: StreamId, pending: number,
): void {
  const { groups } = x
  const deliveries = groups.deliveries(pending)
  x.changed()
  x.effect(14)
  x.wordText('XCLAIM')
  x.wordArg(a, key)
  x.wordArg(a, name)
  if (groups.isNobody(groups.pendingConsumer(pending))) x.wordText('')
  else x.wordArg(a, name + 1)
  x.wordText('0')
  wordId(x, claimed)
  x.wordText('TIME')
  x.wordInt(groups.delivered(pending))
  x.wordText('RETRYCOUNT')
  x.wordText(deliveries === deliveriesMax ? '9223372036854775807' : String(deliveries))
  x.wordText('FORCE')
  x.wordText('JUSTID')
  x.wordText('LASTID')
  wordId(x, groups.lastDelivered(group, delivered))
  x.endEffect()
}

/** An entry is no longer pending in the group of argument `name`, of the stream of argument `key`. */
export function logAcknowledged(x: Engine, a: Args, key: number, name: number, id: StreamId): void {
  x.changed()
  x.effect(4)
  x.wordText('XACK')
  x.wordArg(a, key)
  x.wordArg(a, name)
  wordId(x, id)
  x.endEffect()
}

/** A pending entry whose stream entry is gone leaves the list. */
function dropDeleted(x: Engine, a: Args, group: number, gone: StreamId): void {
  x.groups.removePending(group, gone)
  logAcknowledged(x, a, 1, 2, gone)
}

export type Claim = ClaimOptions & { minIdle: number, ids: number, lastId: StreamId }

/** Reads what XCLAIM says behind the consumer: its ids are arguments 5 up to `ids`. Undefined after an error reply. */
export function parseClaim(x: Engine, a: Args, r: Reply): Claim | undefined {
  const minIdle = a.int(4)
  if (Number.isNaN(minIdle)) {
    r.error('ERR Invalid min-idle-time argument for XCLAIM')
    return undefined
  }
  let ids = 5
  while (ids < a.count && parseId(a.buf, a.start[ids]!, a.end[ids]!, id) !== 'invalid') ids++
  const options = parseClaimOptions(x, a, r, ids)
  return options === undefined ? undefined : { ...options, minIdle, ids, lastId }
}

type ClaimOptions = { deliveredAt: number; retryCount: number; force: boolean; justId: boolean }

/** Reads what follows the ids from argument `at`; `lastId` is set when LASTID is given. */
function parseClaimOptions(x: Engine, a: Args, r: Reply, at: number): ClaimOptions | undefined {
  const options: ClaimOptions = { deliveredAt: -1, retryCount: -1, force: false, justId: false }
  lastId.setMin()
  const number = (i: number, error: string): number => {
    const n = a.int(i)
    if (Number.isNaN(n)) r.error(error)
    return n
  }
  for (let i = at; i < a.count; i++) {
    const more = i + 1 < a.count
    if (a.is(i, 'FORCE')) options.force = true
    else if (a.is(i, 'JUSTID')) options.justId = true
    else if (a.is(i, 'IDLE') && more) {
      const idle = number(++i, 'ERR Invalid IDLE option argument for XCLAIM')
      if (Number.isNaN(idle)) return undefined
      options.deliveredAt = x.now - idle
    } else if (a.is(i, 'TIME') && more) {
      options.deliveredAt = number(++i, 'ERR Invalid TIME option argument for XCLAIM')
      if (Number.isNaN(options.deliveredAt)) return undefined
    } else if (a.is(i, 'RETRYCOUNT') && more) {
      options.retryCount = number(++i, 'ERR Invalid RETRYCOUNT option argument for XCLAIM')
      if (Number.isNaN(options.retryCount)) return undefined
    } else if (a.is(i, 'LASTID') && more) {
      if (!idArgument(a, ++i, lastId, r)) return undefined
    } else {
      r.error(`ERR Unrecognized XCLAIM option '${a.shown(i)}'`)
      return undefined
    }
  }
  // A time in the future, or none, is now.
  if (options.deliveredAt < 0 || options.deliveredAt > x.now) options.deliveredAt = x.now
  return options
}

export function claimEntries(x: Engine, a: Args, r: Reply): void {
  const group = openGroup(x, a, r)
  if (group === 0) return
  const options = parseClaim(x, a, r)
  if (options === undefined) return

  const { minIdle, ids } = options
  const { groups, stream } = x
  let movedLast = false
  if (lastId.compare(groups.lastDelivered(group, delivered)) > 0) {
    groups.setLastDelivered(group, lastId)
    movedLast = true
  }
  // XNACK's effect: the entries are nobody's.
  const releases = a.size(3) === 0 && options.deliveredAt === 0
  const consumer = releases ? groups.nobody(group) : claimer(x, a, group)
  const mark = r.deferred()
  let claimed = 0
  for (let i = 5; i < ids; i++) {
    parseId(a.buf, a.start[i]!, a.end[i]!, id)
    let pending = groups.findPending(group, id)
    if (!stream.find(id)) {
      if (pending !== 0) dropDeleted(x, a, group, id)
      continue
    }
    if (pending === 0) {
      if (!options.force) continue
      pending = groups.addPending(group, consumer, id, x.now, 1)
    } else if (minIdle > 0 && x.now - groups.delivered(pending) < minIdle) continue
    if (releases) noteLast(x, group, pending)
    groups.movePending(pending, consumer, id)
    groups.setDelivered(group, pending, options.deliveredAt)
    if (options.retryCount >= 0) groups.setDeliveries(pending, options.retryCount)
    else if (!options.justId) countDelivery(x, pending)
    planCurrent(x, group, pending)
    if (options.justId) replyId(r, id)
    else replyEntry(x, r)
    claimed++
    if (!releases) groups.setActive(consumer, x.now)
    logClaim(x, a, 1, 2, group, id, pending)
  }
  // A logged claim says it, too.
  if (movedLast && claimed === 0) logPlace(x, a, 1, 2, group)
  if (releases && claimed > 0) x.ready(a.buf, a.start[1]!, a.end[1]!)
  settlePlan(x, a, 1, group)
  r.setArray(mark, claimed)
}

/** How far the group of argument `name` is, of the stream of argument `key`, where no claim says it. */
export function logPlace(x: Engine, a: Args, key: number, name: number, group: number): void {
  x.changed()
  x.effect(7)
  x.wordText('XGROUP')
  x.wordText('SETID')
  x.wordArg(a, key)
  x.wordArg(a, name)
  wordId(x, x.groups.lastDelivered(group, delivered))
  x.wordText('ENTRIESREAD')
  x.wordInt(x.groups.entriesRead(group))
  x.endEffect()
}

export function xautoclaim(x: Engine, a: Args, r: Reply): void {
  // A miss counts, and is told, also when the arguments turn out to be wrong.
  x.db.lookupRead(a.buf, a.start[1]!, a.end[1]!, x.db.hash(a.buf, a.start[1]!, a.end[1]!))
  const minIdle = a.int(4)
  if (Number.isNaN(minIdle)) {
    r.error('ERR Invalid min-idle-time argument for XAUTOCLAIM')
    return
  }
  if (!intervalArgument(a, 5, id, r, 'start')) return
  let count = 100
  let justId = false
  for (let i = 6; i < a.count; i++) {
    if (a.is(i, 'COUNT') && i + 1 < a.count) {
      count = a.int(++i)
      if (!(count >= 1) || count > 9007199254740991 / 24) {
        r.error('ERR COUNT must be > 0')
        return
      }
    } else if (a.is(i, 'JUSTID')) justId = true
    else {
      r.error(replies.syntax)
      return
    }
  }
  const group = openGroup(x, a, r, true)
  if (group === 0) return
  autoclaim(x, a, r, group, Math.max(0, minIdle), count, justId)
}

function autoclaim(
  x: Engine, a: Args, r: Reply, group: number, minIdle: number, count: number, justId: boolean,
): void {
  const { groups, stream } = x
  const consumer = claimer(x, a, group)
  let attempts = count * 10
  const gone: string[] = []
  const mark = r.deferred()
  const start = new StreamId().copy(id)
  let claimed = 0
  const seek = (): boolean => {
    const all = groups.openPending(groups.groupPending(group))
    return all.probeId(start.msHigh, start.msLow, start.seqHigh, start.seqLow).seek()
  }
  let more = seek()
  while (more && attempts-- > 0 && count > 0) {
    const all = groups.pending
    const pending = all.value
    id.set(all.key(0), all.key(1), all.key(2), all.key(3))
    start.copy(id)
    const last = !start.increment()
    if (!stream.find(id)) {
      dropDeleted(x, a, group, id)
      gone.push(id.toString())
      count--
    } else if (x.now - groups.delivered(pending) >= minIdle && !isResting(x, group, pending)) {
      groups.movePending(pending, consumer, id)
      groups.setDelivered(group, pending, x.now)
      if (!justId) countDelivery(x, pending)
      planCurrent(x, group, pending)
      if (justId) replyId(r, id)
      else replyEntry(x, r)
      claimed++
      count--
      groups.setActive(consumer, x.now)
      logClaim(x, a, 1, 2, group, id, pending)
    }
    more = !last && seek()
  }
  r.setArray(mark, claimed)
  r.array(gone.length)
  for (const text of gone) r.text(text)
  // The cursor comes first: it is known only now.
  let cursor = '0-0'
  if (more) {
    const all = groups.pending
    cursor = id.set(all.key(0), all.key(1), all.key(2), all.key(3)).toString()
  }
  r.insert(mark, `*3\r\n$${cursor.length}\r\n${cursor}\r\n`)
  settlePlan(x, a, 1, group)
}
