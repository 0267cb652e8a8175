// Reading in a group that has a policy: what is to be delivered again comes first, then what is new; in an ordered
// group only the first entry of each key.
//
// What is new in an ordered group is logged entry by entry, as what it became: XCLAIM for those delivered, XCLAIM of
// nobody for those held back, XGROUP SETID for how far the group is. Replay decides nothing.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { heldEntriesMax } from '../limits.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { logAcknowledged, logClaim, logPlace } from './stream-claim.ts'
import { countDelivery, passOver, replyDetailed } from './stream-delivery.ts'
import { replyEntry, wordId } from './stream-key.ts'
import { planCurrent } from './stream-plans.ts'

const id = new StreamId()
const delivered = new StreamId()

/** The read that is served: key and group are arguments `key` and `name`, the consumer is the one after. */
export type GroupRead = {
  key: number
  name: number
  group: number
  consumer: number
  /** 0: all. */
  count: number
  noAck: boolean
  /** Entries tell how long they waited and how often they were delivered. */
  detailed: boolean
}

/** Delivers what is due to be delivered again, what was due first first. Returns how many. */
export function deliverAgain(x: Engine, a: Args, r: Reply, read: GroupRead): number {
  const { groups, stream } = x
  const { plans } = groups
  const { group, consumer } = read
  const policy = groups.policy(group)
  let found = 0
  while (read.count === 0 || found < read.count) {
    const pending = plans.firstAgain(policy)
    if (pending === 0 || plans.due(pending) > x.now) break
    groups.pendingId(pending, id)
    if (!stream.find(id)) {
      groups.removePending(group, id)
      logAcknowledged(x, a, read.key, read.name, id)
      continue
    }
    const idleMs = Math.max(0, x.now - groups.delivered(pending))
    if (read.detailed) replyDetailed(x, r, idleMs, groups.deliveries(pending))
    else replyEntry(x, r)
    groups.movePending(pending, consumer, id)
    groups.setDelivered(group, pending, x.now)
    countDelivery(x, pending)
    planCurrent(x, group, pending)
    logClaim(x, a, read.key, read.name, group, id, pending)
    found++
  }
  if (found > 0) groups.setActive(consumer, x.now)
  return found
}

/**
 * Delivers new entries, from the stream's current one on, whose keys have nothing pending; the others become pending
 * without a consumer. Returns how many were delivered.
 */
export function deliverOrdered(x: Engine, a: Args, r: Reply, read: GroupRead): number {
  const { groups, stream } = x
  const { plans } = groups
  const { group, consumer } = read
  const policy = groups.policy(group)
  const field = plans.ordered(policy)!
  const given: StreamId[] = []
  const held: StreamId[] = []
  let found = 0
  let passed = 0
  do {
    if (groups.findPending(group, stream.id) === 0) {
      const isOut = stream.findField(field) && plans.isOut(policy, stream.found, stream.foundFrom, stream.foundTo)
      if (isOut && plans.held(policy) >= heldEntriesMax) break
      if (isOut) {
        const pending = groups.addPending(group, groups.nobody(group), stream.id, 0, 0)
        planCurrent(x, group, pending)
        held.push(new StreamId().copy(stream.id))
      } else {
        if (read.detailed) replyDetailed(x, r, 0, 0)
        else replyEntry(x, r)
        if (!read.noAck) {
          planCurrent(x, group, groups.addPending(group, consumer, stream.id, x.now, 1))
          given.push(new StreamId().copy(stream.id))
        }
        found++
      }
    }
    passOver(x, group)
    passed++
  } while ((read.count === 0 || found < read.count) && stream.forward())
  if (given.length > 0) groups.setActive(consumer, x.now)
  logClaims(x, a, read, held, true)
  logClaims(x, a, read, given, false)
  if (passed > 0) logPlace(x, a, read.key, read.name, group)
  return found
}

/** Entries became pending: for the consumer, delivered once, or released and never delivered. */
function logClaims(x: Engine, a: Args, read: GroupRead, ids: readonly StreamId[], released: boolean): void {
  if (ids.length === 0) return
  x.changed(ids.length)
  x.effect(13 + ids.length)
  x.wordText('XCLAIM')
  x.wordArg(a, read.key)
  x.wordArg(a, read.name)
  if (released) x.wordText('')
  else x.wordArg(a, read.name + 1)
  x.wordText('0')
  for (const one of ids) wordId(x, one)
  x.wordText('TIME')
  x.wordInt(released ? 0 : x.now)
  x.wordText('RETRYCOUNT')
  x.wordText(released ? '0' : '1')
  x.wordText('FORCE')
  x.wordText('JUSTID')
  x.wordText('LASTID')
  wordId(x, x.groups.lastDelivered(read.group, delivered))
  x.endEffect()
}
