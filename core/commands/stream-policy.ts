// XGROUP POLICY: when a group's pending entries are delivered again, how often, in which order, and what becomes of
// them then.
//
// What is delivered again is logged as XCLAIM, what is out of bounds as XADD to the dead letters and XACK: words that
// every redis-server knows. Only XGROUP POLICY itself has no words there.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { backoffFactorMax, backoffMsDefault, policyDeliveriesMax, policyMsMax } from '../limits.ts'
import { logStreamKind } from '../log-stream-name.ts'
import type { Reply } from '../reply.ts'
import { usePolicy } from '../types/stream-facts.ts'
import { isSamePolicy, noPolicy } from '../types/stream-policy.ts'
import type { Policy } from '../types/stream-policy.ts'
import { groupOf, noGroup } from './stream-group.ts'
import { groupsChanged } from './stream-key.ts'
import { redate, settlePlan } from './stream-plans.ts'

const factorDigits = /^\d{1,4}(\.\d{1,3})?$/

export function xgroupPolicy(x: Engine, a: Args, r: Reply): void {
  const isOff = a.count === 5 && a.is(4, 'OFF')
  const policy = isOff || a.count === 4 ? undefined : parsePolicy(a, r)
  if (policy === undefined && !isOff && a.count > 4) return
  const found = groupOf(x, a, r)
  if (found === undefined) return
  const { group } = found
  if (group === 0) {
    noGroup(a, r)
    return
  }
  const block = x.groups.policy(group)
  const before = block === 0 ? undefined : x.groups.plans.read(block)
  if (a.count === 4) {
    if (before === undefined) r.nil()
    else replyPolicy(r, before)
    return
  }
  if (policy !== undefined && logStreamKind(a.buf, a.start[2]!, a.end[2]!) !== undefined) {
    r.error('ERR groups on the log have no policies')
    return
  }
  if (policy?.deadLetter?.equals(a.copy(2)) === true) {
    r.error('ERR dead letters of a group can not go to its own stream')
    return
  }
  if (!isSamePolicy(before, policy)) {
    const { planned } = x.stream
    usePolicy(x, group, policy)
    redate(x, a, 2, planned)
    groupsChanged(x, a, 2, 'xgroup-policy')
    settlePlan(x, a, 2, group)
  }
  r.ok()
}

/** Reads the options from argument 4 on; undefined after an error reply. */
function parsePolicy(a: Args, r: Reply): Policy | undefined {
  const policy = { ...noPolicy }
  const seen = new Set<string>()
  for (let i = 4; i < a.count; i++) {
    const option = a.text(i).toUpperCase()
    if (seen.has(option) || i + 1 >= a.count) {
      r.error(replies.syntax)
      return undefined
    }
    seen.add(option)
    i++
    let error: string | undefined
    if (option === 'MAXDELIVERIES') {
      policy.deliveriesMax = a.int(i)
      if (!(policy.deliveriesMax >= 1 && policy.deliveriesMax <= policyDeliveriesMax)) error = 'MAXDELIVERIES'
    } else if (option === 'LEASE') {
      policy.leaseMs = a.int(i)
      if (!isMs(policy.leaseMs)) error = 'LEASE'
    } else if (option === 'REAP') {
      policy.reapMs = a.int(i)
      if (!isMs(policy.reapMs)) error = 'REAP'
    } else if (option === 'DEADLETTER') policy.deadLetter = a.copy(i)
    else if (option === 'ORDERED') policy.ordered = a.copy(i)
    else if (option === 'KEEPUNACKED') {
      policy.keepsUnacked = a.is(i, 'YES')
      if (!policy.keepsUnacked && !a.is(i, 'NO')) error = 'KEEPUNACKED'
    } else if (option === 'BACKOFF') {
      i = parseBackoff(a, i, policy)
      if (i === -1) error = 'BACKOFF'
    } else {
      r.error(replies.syntax)
      return undefined
    }
    if (error === undefined) continue
    r.error(`ERR Invalid ${error} option argument for XGROUP POLICY`)
    return undefined
  }
  if (policy.deliveriesMax === 0 || policy.deadLetter !== undefined) return policy
  r.error('ERR MAXDELIVERIES needs DEADLETTER: the stream that gets what was delivered so often')
  return undefined
}

/** The argument behind DEADLETTER, 0 when there is none: whoever sets the policy must have access to that key. */
export function deadLetterArgument(a: Args, offset: number): number {
  for (let i = offset + 4; i + 1 < a.count; i++) {
    if (a.is(i, 'DEADLETTER')) return i + 1
    // Only what follows BACKOFF may be more than one word: numbers.
    if (Number.isNaN(Number(a.text(i)))) i++
  }
  return 0
}

function isMs(ms: number): boolean {
  return ms >= 1 && ms <= policyMsMax
}

/** `base-ms [max-ms [factor]]` from argument i on: index of the last one, -1 where they are wrong. */
function parseBackoff(a: Args, i: number, policy: Policy): number {
  policy.backoffMs = a.int(i)
  if (!isMs(policy.backoffMs)) return -1
  policy.backoffMaxMs = Math.max(policy.backoffMs, backoffMsDefault)
  if (i + 1 >= a.count || Number.isNaN(a.int(i + 1))) return i
  policy.backoffMaxMs = a.int(++i)
  if (!isMs(policy.backoffMaxMs) || policy.backoffMaxMs < policy.backoffMs) return -1
  if (i + 1 >= a.count || !factorDigits.test(a.text(i + 1))) return i
  policy.backoffFactor = Number(a.text(++i))
  return policy.backoffFactor >= 1 && policy.backoffFactor <= backoffFactorMax ? i : -1
}

/** A policy as a map. */
export function replyPolicy(r: Reply, policy: Policy): void {
  r.map(9)
  const figures: [string, number][] = [
    ['max-deliveries', policy.deliveriesMax], ['lease', policy.leaseMs], ['backoff', policy.backoffMs],
    ['backoff-max', policy.backoffMaxMs],
  ]
  for (const [name, value] of figures) {
    r.text(name)
    r.int(value)
  }
  r.text('backoff-factor')
  r.text(String(policy.backoffFactor))
  for (const [name, value] of [['dead-letter', policy.deadLetter], ['ordered', policy.ordered]] as const) {
    r.text(name)
    if (value === undefined) r.nil()
    else r.bulk(value, 0, value.length)
  }
  r.text('reap')
  r.int(policy.reapMs)
  r.text('keep-unacked')
  r.text(policy.keepsUnacked ? 'yes' : 'no')
}
