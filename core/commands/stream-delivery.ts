// What happens to a group when entries are delivered, and the counters that tell how far it is behind.

import type { Engine } from '../engine.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { deliveriesMax } from '../types/stream-policy.ts'
import { replyEntry, replyId } from './stream-key.ts'
import { planCurrent } from './stream-plans.ts'

const first = new StreamId()
const last = new StreamId()
const deleted = new StreamId()
const cursor = new StreamId()
const reached = new StreamId()

const deliveriesMaxShown = 9223372036854775807n

/** -1 in place of a number of entries: it can't be known. */
export const unknownCount = -1

/** Whether the last `deliver` came to a count of read entries to which a server before Redis 7.4.2 would not come. */
export const recount = { own: false }

/** True when an entry from `from` on was deleted by its id; what was trimmed leaves no trace. */
function hasTombstones(x: Engine, from: StreamId): boolean {
  const stream = x.stream
  return stream.length > 0 && !stream.maxDeletedId(deleted).isZero() && from.compare(deleted) <= 0
}

/** True when the group's count of what it read goes up by one with the next entry: nothing is missing between them. */
function countsOn(x: Engine, group: number): boolean {
  const delivered = x.groups.lastDelivered(group, cursor)
  return x.groups.entriesRead(group) !== unknownCount && delivered.compare(x.stream.firstId(first)) >= 0
    && !hasTombstones(x, delivered)
}

/** How many entries were ever added up to `id`; `unknownCount` where deletions hide it. The stream is open. */
export function entriesUpTo(x: Engine, id: StreamId): number {
  const stream = x.stream
  if (stream.entriesAdded === 0) return 0
  stream.lastId(last)
  if (stream.length === 0 && id.compare(last) < 1) return stream.entriesAdded
  if (!id.isZero() && id.compare(stream.maxDeletedId(deleted)) < 0) return unknownCount
  const toLast = id.compare(last)
  if (toLast === 0) return stream.entriesAdded
  if (toLast > 0) return unknownCount
  stream.firstId(first)
  const toFirst = id.compare(first)
  stream.maxDeletedId(deleted)
  if (deleted.isZero() || deleted.compare(first) < 0) {
    if (toFirst < 0) return stream.entriesAdded - stream.length
    if (toFirst === 0) return stream.entriesAdded - stream.length + 1
  }
  return unknownCount
}

/**
 * Entries that the group has still to read (negative when ENTRIESREAD claimed too much); undefined when unknown. For a
 * group with a policy they are counted then.
 */
export function lagOf(x: Engine, group: number): number | undefined {
  const stream = x.stream
  if (stream.length === 0) return 0
  const delivered = x.groups.lastDelivered(group, cursor)
  stream.firstId(first)
  if (delivered.compare(first) < 0 && stream.maxDeletedId(deleted).compare(first) < 0) return stream.length
  const read = x.groups.entriesRead(group)
  if (read !== unknownCount && !hasTombstones(x, delivered)) return stream.entriesAdded - read
  const upTo = entriesUpTo(x, delivered)
  if (upTo !== unknownCount) return stream.entriesAdded - upTo
  return x.groups.policy(group) === 0 ? undefined : stream.countAbove(delivered)
}

/**
 * Delivers entries from the current one on to a consumer: writes them, moves the group forward, and makes them pending
 * unless `noAck`. `count` 0: all. `detailed`: each tells, as a claimed one does, how long it waited and how often it
 * was delivered before. Returns how many.
 */
export function deliver(
  x: Engine, r: Reply, group: number, consumer: number, count: number, noAck: boolean, detailed: boolean,
): number {
  const { stream, groups } = x
  const most = count === 0 ? Infinity : count
  const policy = groups.policy(group)
  const keyed = policy !== 0 && groups.plans.isOrdered(policy)
  const fresh = !noAck && !keyed && groups.beginFresh(group, consumer, stream.id)
  // Once an entry is counted one by one, so are all that follow: tombstones are only behind.
  let countedFrom = -1
  let delivered = 0
  recount.own = false
  do {
    if (countedFrom < 0 && stream.id.compare(groups.lastDelivered(group, cursor)) > 0) {
      if (countsOn(x, group)) countedFrom = delivered
      else {
        const read = groups.entriesRead(group)
        advance(x, group)
        const oneMore = read === unknownCount || groups.entriesRead(group) === read + 1
        if (!oneMore || hasTombstones(x, stream.id)) recount.own = true
      }
    }
    if (detailed) replyDetailed(x, r, 0, 0)
    else replyEntry(x, r)
    if (fresh) groups.addFresh(group, consumer, stream.id, x.now)
    else if (!noAck) makePending(x, group, consumer)
    reached.copy(stream.id)
    delivered++
  } while (delivered < most && stream.forward())
  if (fresh) groups.endFresh(group, consumer)
  if (countedFrom >= 0) {
    groups.setEntriesRead(group, groups.entriesRead(group) + delivered - countedFrom)
    groups.setLastDelivered(group, reached)
  }
  if (!noAck) groups.setActive(consumer, x.now)
  return delivered
}

/** The current entry, how long it waited and how often it was delivered before. */
export function replyDetailed(x: Engine, r: Reply, idleMs: number, deliveries: number): void {
  r.array(4)
  replyId(r, x.stream.id)
  x.stream.replyFields(r)
  r.int(idleMs)
  replyDeliveries(r, deliveries)
}

/** How often an entry was delivered; what was given up for good counts as Redis's largest number. */
export function replyDeliveries(r: Reply, deliveries: number): void {
  if (deliveries === deliveriesMax) r.bigint(deliveriesMaxShown)
  else r.int(deliveries)
}

/**
 * Delivers what has been pending for `minIdleMs` or longer to a consumer, longest first, at most `count` (0: all);
 * `log` is told of each, and of those whose stream entry is gone. Returns how many were delivered.
 */
export function deliverIdle(
  x: Engine, r: Reply, group: number, consumer: number, count: number, minIdleMs: number,
  log: (id: StreamId, pending: number) => void,
): number {
  const { stream, groups } = x
  let delivered = 0
  for (let left = count; ;) {
    const due = groups.oldest(group, x.now - minIdleMs, left === 0 ? Infinity : left, x.now)
    for (const pending of due) {
      groups.pendingId(pending, cursor)
      if (!stream.find(cursor)) {
        groups.removePending(group, cursor)
        log(cursor, 0)
        continue
      }
      const idleMs = Math.max(0, x.now - groups.delivered(pending))
      replyDetailed(x, r, idleMs, groups.deliveries(pending))
      groups.movePending(pending, consumer, cursor)
      groups.setDelivered(group, pending, x.now)
      countDelivery(x, pending)
      planCurrent(x, group, pending)
      log(cursor, pending)
      delivered++
    }
    // Where entries were gone, others may take their places in the count.
    if (count === 0 || due.length < left || delivered === count || minIdleMs === 0) break
    left = count - delivered
  }
  if (delivered > 0) groups.setActive(consumer, x.now)
  return delivered
}

/** One delivery more. */
export function countDelivery(x: Engine, pending: number): void {
  x.groups.setDeliveries(pending, x.groups.deliveries(pending) + 1)
}

/** The group has come to the current entry, one by one. */
export function passOver(x: Engine, group: number): void {
  const { groups, stream } = x
  if (stream.id.compare(groups.lastDelivered(group, cursor)) <= 0) return
  if (!countsOn(x, group)) return advance(x, group)
  groups.setEntriesRead(group, groups.entriesRead(group) + 1)
  groups.setLastDelivered(group, stream.id)
}

/** The group's last delivered id becomes the current entry's, where its number among all entries must be found out. */
function advance(x: Engine, group: number): void {
  const { stream, groups } = x
  if (stream.entriesAdded > 0) groups.setEntriesRead(group, entriesUpTo(x, cursor.copy(stream.id)))
  groups.setLastDelivered(group, stream.id)
}

function makePending(x: Engine, group: number, consumer: number): void {
  const { stream, groups } = x
  const known = groups.findPending(group, stream.id)
  if (known === 0) {
    planCurrent(x, group, groups.addPending(group, consumer, stream.id, x.now, 1))
    return
  }
  // After XGROUP SETID an entry may be delivered anew while it is still pending: it begins again.
  groups.movePending(known, consumer, stream.id)
  groups.setDelivered(group, known, x.now)
  groups.setDeliveries(known, 1)
  planCurrent(x, group, known)
}

/** Writes what is pending for a consumer above `after`, and counts it as delivered again. Returns how many. */
export function replyHistory(
  x: Engine, r: Reply, group: number, consumer: number, after: StreamId, count: number,
): number {
  const { stream, groups } = x
  const mark = r.deferred()
  const mine = groups.openPending(groups.consumerPending(consumer))
  let found = 0
  let delivered = 0
  let more = after.increment() && mine.probeId(after.msHigh, after.msLow, after.seqHigh, after.seqLow).seek()
  while (more) {
    cursor.set(mine.key(0), mine.key(1), mine.key(2), mine.key(3))
    if (stream.find(cursor)) {
      replyEntry(x, r)
      groups.setDelivered(group, mine.value, x.now)
      countDelivery(x, mine.value)
      planCurrent(x, group, mine.value)
      delivered++
    } else {
      // Deleted meanwhile: only its id is left.
      r.array(2)
      replyId(r, cursor)
      r.nilArray()
    }
    found++
    more = (count === 0 || found < count) && mine.next()
  }
  r.setArray(mark, found)
  return delivered === 0 ? 0 : found
}
