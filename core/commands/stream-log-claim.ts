// XCLAIM on a stream of the log: how groups on `$all`, `$key:…` and `$match:…` note what was delivered to whom.
//
// The key of that name is an empty stream that holds the groups. Entries are not looked for: who runs the command has
// read them in the log. So one XCLAIM says all of a delivery and replays without the log; a redis-server, which finds
// no such entries, passes them over and moves the group forward.
//
//   XCLAIM <key> <group> <consumer> 0 <id> … TIME <ms> [RETRYCOUNT <n>] [FORCE] [JUSTID] [LASTID <id>]

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { logStreamKind } from '../log-stream-name.ts'
import type { Reply } from '../reply.ts'
import { parseId, StreamId } from '../types/stream-id.ts'
import { claimEntries, claimer, logPlace, openGroup, parseClaim } from './stream-claim.ts'
import type { Claim } from './stream-claim.ts'
import { countDelivery } from './stream-delivery.ts'
import { replyId, wordId } from './stream-key.ts'

const id = new StreamId()
const delivered = new StreamId()

export function xclaim(x: Engine, a: Args, r: Reply): void {
  if (logStreamKind(a.buf, a.start[1]!, a.end[1]!) === undefined) claimEntries(x, a, r)
  else claimLogEntries(x, a, r)
}

/** Answers with the ids that were claimed. */
function claimLogEntries(x: Engine, a: Args, r: Reply): void {
  const group = openGroup(x, a, r)
  if (group === 0) return
  const claim = parseClaim(x, a, r)
  if (claim === undefined) return
  const { groups } = x
  const moves = claim.lastId.compare(groups.lastDelivered(group, delivered)) > 0
  if (moves) groups.setLastDelivered(group, claim.lastId)
  const consumer = claimer(x, a, group)
  const claimed: number[] = []
  const mark = r.deferred()
  for (let i = 5; i < claim.ids; i++) {
    parseId(a.buf, a.start[i]!, a.end[i]!, id)
    if (!claimOne(x, group, consumer, claim)) continue
    replyId(r, id)
    claimed.push(i)
  }
  r.setArray(mark, claimed.length)
  if (claimed.length > 0) {
    groups.setActive(consumer, x.now)
    logClaimed(x, a, claim, claimed, moves)
  } else if (moves) logPlace(x, a, 1, 2, group)
}

/** The entry `id` is the consumer's now; false when it isn't pending, or was delivered too lately. */
function claimOne(x: Engine, group: number, consumer: number, claim: Claim): boolean {
  const { groups } = x
  let pending = groups.findPending(group, id)
  if (pending === 0) {
    if (!claim.force) return false
    pending = groups.addPending(group, consumer, id, claim.deliveredAt, 1)
  } else if (claim.minIdle > 0 && x.now - groups.delivered(pending) < claim.minIdle) return false
  groups.movePending(pending, consumer, id)
  groups.setDelivered(group, pending, claim.deliveredAt)
  if (claim.retryCount >= 0) groups.setDeliveries(pending, claim.retryCount)
  else if (!claim.justId) countDelivery(x, pending)
  return true
}

function logClaimed(x: Engine, a: Args, claim: Claim, claimed: readonly number[], moves: boolean): void {
  const { deliveredAt, retryCount, force, justId, lastId } = claim
  x.changed(claimed.length)
  x.effect(7 + claimed.length + (retryCount >= 0 ? 2 : 0) + (force ? 1 : 0) + (justId ? 1 : 0) + (moves ? 2 : 0))
  x.wordText('XCLAIM')
  for (let i = 1; i < 4; i++) x.wordArg(a, i)
  x.wordText('0')
  for (const i of claimed) x.wordArg(a, i)
  x.wordText('TIME')
  x.wordInt(deliveredAt)
  if (retryCount >= 0) {
    x.wordText('RETRYCOUNT')
    x.wordInt(retryCount)
  }
  if (force) x.wordText('FORCE')
  if (justId) x.wordText('JUSTID')
  if (!moves) return x.endEffect()
  x.wordText('LASTID')
  wordId(x, lastId)
  x.endEffect()
}
