// What of a group's policy can't be found out from the policy and its pending entries alone: what copies and files of a
// stream must say besides. And how a stream and a policy come together.

import type { Engine } from '../engine.ts'
import { StreamId } from './stream-id.ts'
import type { Note } from './stream-plan.ts'
import type { Policy } from './stream-policy.ts'

/** Of one pending entry; `due` in unix ms where it is the entry's own, `key` where its stream entry is gone. */
export type PlanFact = { id: StreamId; due: number | undefined; note: Note | undefined; key: Buffer | undefined }

const id = new StreamId()

/** The facts of a group (0 or more) of the open stream, in the order of their ids. */
export function planFacts(engine: Engine, group: number): PlanFact[] {
  const { groups, stream } = engine
  const { plans } = groups
  const facts: PlanFact[] = []
  const pending = groups.openPending(groups.groupPending(group))
  for (let more = pending.first(); more; more = pending.next()) {
    const block = pending.value
    const due = plans.hasOwnDue(block) ? plans.due(block) : undefined
    const note = plans.noteOf(block)
    groups.pendingId(block, id)
    const key = plans.keyOf(block)
    const lost = key !== undefined && !stream.find(id)
    if (due === undefined && note === undefined && !lost) continue
    facts.push({ id: new StreamId().copy(id), due, note, key: lost ? key : undefined })
  }
  return facts
}

/** Gives a group of the open stream a policy, or takes it away, and plans what is pending. */
export function usePolicy(engine: Engine, group: number, policy: Policy | undefined): void {
  const { groups, stream } = engine
  const keptBefore = keeps(engine, group)
  groups.setPolicy(group, policy, (block, pending) => {
    if (policy?.ordered === undefined) return
    if (stream.find(groups.pendingId(pending, id))) setCurrentKey(engine, block, pending, policy.ordered)
  })
  stream.keepers += keeps(engine, group) - keptBefore
  hasten(engine, group)
}

function keeps(engine: Engine, group: number): number {
  const { groups } = engine
  const policy = groups.policy(group)
  return policy !== 0 && groups.plans.keepsUnacked(policy) ? 1 : 0
}

/** The group, with what hangs at it, leaves the open stream. */
export function dropGroup(engine: Engine, group: number): void {
  const { groups, stream } = engine
  stream.keepers -= keeps(engine, group)
  stream.groups = groups.destroyGroup(stream.groups, group)
}

/** The pending entry's key is what the current entry of the open stream has in this field. */
export function setCurrentKey(engine: Engine, policy: number, pending: number, field: Buffer): void {
  const { groups, stream } = engine
  if (stream.findField(field)) groups.plans.setKey(policy, pending, stream.found, stream.foundFrom, stream.foundTo)
  else groups.plans.setKeyless(pending)
}

/** What files and copies say of a pending entry besides. False when there is no such entry. */
export function applyFact(engine: Engine, group: number, fact: PlanFact): boolean {
  const { groups } = engine
  const { plans } = groups
  const policy = groups.policy(group)
  const pending = groups.findPending(group, fact.id)
  if (pending === 0) return false
  if (fact.key !== undefined && !plans.hasKnownKey(pending)) plans.setKey(policy, pending, fact.key, 0, fact.key.length)
  if (fact.due !== undefined) plans.postpone(policy, pending, fact.due)
  if (fact.note !== undefined) plans.setNote(pending, fact.note)
  return true
}

/** The open stream's `planned` is no later than what its group has to do next. */
export function hasten(engine: Engine, group: number): void {
  const { groups, stream } = engine
  const policy = groups.policy(group)
  const next = policy === 0 ? Infinity : groups.plans.nextEvent(policy)
  if (next < Infinity && (stream.planned < 0 || next < stream.planned)) stream.planned = next
}
