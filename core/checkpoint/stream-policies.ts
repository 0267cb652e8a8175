// The policies of a stream's groups in its extra bytes (stream-extra.ts has the layout).

import type { Engine } from '../engine.ts'
import { backoffFactorMax, policyDeliveriesMax, policyMsMax } from '../limits.ts'
import { applyFact, hasten, planFacts, usePolicy } from '../types/stream-facts.ts'
import type { PlanFact } from '../types/stream-facts.ts'
import { StreamId } from '../types/stream-id.ts'
import type { Policy } from '../types/stream-policy.ts'
import { RdbError } from './rdb-format.ts'
import type { RdbInput } from './rdb-input.ts'
import type { RdbOutput } from './rdb-output.ts'

const policyFlags = { keepsUnacked: 1, deadLetter: 2, ordered: 4 } as const
const factFlags = { due: 1, note: 2, key: 4 } as const

/** Writes the policies of these groups of the open stream. */
export function writePolicies(engine: Engine, list: readonly number[], out: RdbOutput): void {
  const { groups } = engine
  out.length(list.length)
  for (const group of list) {
    const name = groups.groupName(group)
    out.string(name, 0, name.length)
    const policy = groups.plans.read(groups.policy(group))
    const { deadLetter, ordered } = policy
    out.length(policy.deliveriesMax)
    for (const ms of [policy.leaseMs, policy.backoffMs, policy.backoffMaxMs]) out.length(ms)
    out.length(Math.round(policy.backoffFactor * 1000))
    out.length(policy.reapMs)
    let flags = policy.keepsUnacked ? policyFlags.keepsUnacked : 0
    if (deadLetter !== undefined) flags |= policyFlags.deadLetter
    if (ordered !== undefined) flags |= policyFlags.ordered
    out.byte(flags)
    if (deadLetter !== undefined) out.string(deadLetter, 0, deadLetter.length)
    if (ordered !== undefined) out.string(ordered, 0, ordered.length)
    const facts = planFacts(engine, group)
    out.length(facts.length)
    for (const fact of facts) writeFact(fact, out)
  }
}

function writeFact({ id, due, note, key }: PlanFact, out: RdbOutput): void {
  for (const word of [id.msHigh, id.msLow, id.seqHigh, id.seqLow]) out.u32(word)
  let flags = due === undefined ? 0 : factFlags.due
  if (note !== undefined) flags |= factFlags.note
  if (key !== undefined) flags |= factFlags.key
  out.byte(flags)
  if (due !== undefined) out.ms(due)
  if (note !== undefined) {
    out.string(note.consumer, 0, note.consumer.length)
    out.string(note.error, 0, note.error.length)
  }
  if (key !== undefined) out.string(key, 0, key.length)
}

/** Gives the groups of the open stream, which was read without them, their policies. Throws RdbError. */
export function readPolicies(engine: Engine, input: RdbInput): void {
  const { groups, stream } = engine
  for (let left = input.count(); left > 0; left--) {
    const name = input.copy()
    const group = groups.find(stream.groups, name, 0, name.length)
    if (group === 0 || groups.policy(group) !== 0) throw new RdbError('a policy of a group that the stream lacks')
    usePolicy(engine, group, readPolicy(input))
    for (let facts = input.count(); facts > 0; facts--) {
      if (!applyFact(engine, group, readFact(input))) throw new RdbError('a plan for what is not pending')
    }
    hasten(engine, group)
  }
}

function readPolicy(input: RdbInput): Policy {
  const deliveriesMax = bounded(input.length(), policyDeliveriesMax)
  const leaseMs = bounded(input.length(), policyMsMax)
  const backoffMs = bounded(input.length(), policyMsMax)
  const backoffMaxMs = bounded(input.length(), policyMsMax)
  const backoffFactor = bounded(input.length(), backoffFactorMax * 1000) / 1000
  const reapMs = bounded(input.length(), policyMsMax)
  const flags = input.byte()
  if (flags > 7) throw new RdbError('a policy with a flag that is not known')
  return {
    deliveriesMax, leaseMs, backoffMs, backoffMaxMs, backoffFactor, reapMs,
    keepsUnacked: (flags & policyFlags.keepsUnacked) !== 0,
    deadLetter: (flags & policyFlags.deadLetter) === 0 ? undefined : input.copy(),
    ordered: (flags & policyFlags.ordered) === 0 ? undefined : input.copy(),
  }
}

function bounded(figure: number, most: number): number {
  if (figure > most) throw new RdbError('a policy beyond its bounds')
  return figure
}

function readFact(input: RdbInput): PlanFact {
  const id = new StreamId(input.u32(), input.u32(), input.u32(), input.u32())
  const flags = input.byte()
  if (flags > 7) throw new RdbError('a plan with a flag that is not known')
  return {
    id,
    due: (flags & factFlags.due) === 0 ? undefined : input.ms(),
    note: (flags & factFlags.note) === 0 ? undefined : { consumer: input.copy(), error: input.copy() },
    key: (flags & factFlags.key) === 0 ? undefined : input.copy(),
  }
}
