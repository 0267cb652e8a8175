// XEXTEND: a consumer that is still at work has its leases end later.
//
// It is logged as XCLAIM by the consumer itself, delivered so long ago that the lease ends when it was asked for: words
// that every redis-server knows. So `XCLAIM key group consumer 0 id JUSTID`, which every client has, extends by a whole
// lease.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { logClaim, openGroup } from './stream-claim.ts'
import { idArguments, idAt } from './stream-key.ts'
import { settlePlan } from './stream-plans.ts'

const id = new StreamId()

export function xextend(x: Engine, a: Args, r: Reply): void {
  const ms = a.int(4)
  if (Number.isNaN(ms)) {
    r.error(replies.notInteger)
    return
  }
  if (!idArguments(a, 5, r)) return
  const { groups } = x
  const group = openGroup(x, a, r)
  if (group === 0) return
  const policy = groups.policy(group)
  const lease = policy === 0 ? 0 : groups.plans.leaseMs(policy)
  if (lease === 0) {
    r.error('ERR XEXTEND needs a group with a LEASE: see XGROUP POLICY')
    return
  }
  if (ms < 1 || ms > lease) {
    r.error("ERR milliseconds must be positive and at most the group's LEASE")
    return
  }
  const consumer = groups.findConsumer(group, a.buf, a.start[3]!, a.end[3]!)
  let extended = 0
  if (consumer !== 0) {
    groups.setSeen(consumer, x.now)
    for (let i = 5; i < a.count; i++) if (extend(x, a, group, consumer, i - 5, x.now + ms - lease)) extended++
    if (extended > 0) groups.setActive(consumer, x.now)
  }
  settlePlan(x, a, 1, group)
  r.int(extended)
}

/** The n-th id counts as delivered at `delivered`, if it is pending for this consumer and still in the stream. */
function extend(x: Engine, a: Args, group: number, consumer: number, n: number, delivered: number): boolean {
  const { groups } = x
  const pending = groups.findPending(group, idAt(n, id))
  if (pending === 0 || groups.pendingConsumer(pending) !== consumer || !x.stream.find(id)) return false
  groups.setDelivered(group, pending, delivered)
  groups.plan(group, pending, x.now)
  logClaim(x, a, 1, 2, group, id, pending)
  return true
}
