// What handlers do for the plans of a group that has a policy, when pending entries of it change.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { setCurrentKey } from '../types/stream-facts.ts'

const noError = Buffer.alloc(0)

/** Plans a pending entry, which is the current one of the open stream, after it changed. */
export function planCurrent(x: Engine, group: number, pending: number): void {
  const { groups } = x
  const policy = groups.policy(group)
  if (policy === 0) return
  const { plans } = groups
  if (plans.isOrdered(policy) && !plans.hasKnownKey(pending)) setCurrentKey(x, policy, pending, plans.ordered(policy)!)
  groups.plan(group, pending, x.now)
}

/** The group's policy has the entry wait. */
export function isResting(x: Engine, group: number, pending: number): boolean {
  return x.groups.policy(group) !== 0 && x.groups.plans.isResting(pending, x.now)
}

/** In a group with a policy: who has the pending entry, before it is given back, and what went wrong. */
export function noteLast(x: Engine, group: number, pending: number, error: Buffer = noError): void {
  const { groups } = x
  if (groups.policy(group) === 0) return
  const owner = groups.pendingConsumer(pending)
  const before = groups.plans.noteOf(pending)
  if (!groups.isNobody(owner)) groups.plans.setNote(pending, { consumer: groups.consumerName(owner), error })
  else if (before !== undefined && error.length > 0) groups.plans.setNote(pending, { consumer: before.consumer, error })
}

/**
 * Pending entries of a group of the open stream, at key argument i, were planned anew or went: who waits hears of what
 * is there now, and the key space of what is to be done next.
 */
export function settlePlan(x: Engine, a: Args, i: number, group: number): void {
  const { groups, stream } = x
  const policy = groups.policy(group)
  if (policy === 0) return
  const first = groups.plans.firstAgain(policy)
  if (first !== 0 && groups.plans.due(first) <= x.now) x.ready(a.buf, a.start[i]!, a.end[i]!)
  const next = groups.plans.nextEvent(policy)
  const before = stream.planned
  if (next === Infinity || (before >= 0 && before <= next)) return
  stream.planned = next
  redate(x, a, i, before)
}

/** The stream at key argument i, which is open, had planned something for `before`. */
export function redate(x: Engine, a: Args, i: number, before: number): void {
  const entry = x.db.find(a.buf, a.start[i]!, a.end[i]!, x.db.hash(a.buf, a.start[i]!, a.end[i]!))
  x.db.redate(entry, before, x.stream.planned)
}
