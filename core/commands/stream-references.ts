// XDELEX, XACKDEL and the policies KEEPREF, DELREF, ACKED: what becomes of pending entries when their entry is deleted.
// Semantics: https://redis.io/docs/latest/commands/xdelex/ and /xackdel/
//
// All of it is logged as XACK, XDEL and XTRIM, which every redis-server knows.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { idArguments, idAt, streamRoot, wordId, wrong } from './stream-key.ts'
import { settlePlan } from './stream-plans.ts'

/** `keep`: pending entries stay. `drop`: they go, too. `acked`: what a group still needs isn't deleted. */
export type Policy = 'keep' | 'drop' | 'acked'

const id = new StreamId()
const delivered = new StreamId()

// What XDELEX and XACKDEL answer for an id.
const absent = -1
const deleted = 1
const referenced = 2

/** Argument i as a policy, undefined when it is none. */
export function policyArgument(a: Args, i: number): Policy | undefined {
  return a.is(i, 'KEEPREF') ? 'keep' : a.is(i, 'DELREF') ? 'drop' : a.is(i, 'ACKED') ? 'acked' : undefined
}

/** True when one of the groups of the open stream has still to read or to acknowledge the entry. */
export function isReferenced(x: Engine, groups: readonly number[], entry: StreamId): boolean {
  for (const group of groups) {
    if (entry.compare(x.groups.lastDelivered(group, delivered)) > 0) return true
    if (x.groups.findPending(group, entry) !== 0) return true
  }
  return false
}

/** An entry is no longer pending in any of the groups of the stream at argument `key`; true when it was in one. */
export function dropReferences(x: Engine, a: Args, key: number, groups: readonly number[], entry: StreamId): boolean {
  let dropped = false
  for (const group of groups) {
    if (!x.groups.removePending(group, entry)) continue
    const name = x.groups.groupName(group)
    x.changed()
    x.effect(4)
    x.wordText('XACK')
    x.wordArg(a, key)
    x.wordBytes(name, 0, name.length)
    wordId(x, entry)
    x.endEffect()
    settlePlan(x, a, key, group)
    dropped = true
  }
  return dropped
}

/** Where the ids of `IDS numids id …` stand among the arguments, and the policy. */
export type IdList = { policy: Policy; from: number; to: number }

/** Reads a policy and the ids from argument i on; writes the error and returns undefined where they are wrong. */
function parseIds(a: Args, r: Reply, i: number): IdList | undefined {
  const list: IdList = { policy: 'keep', from: 0, to: 0 }
  let policies = 0
  while (i < a.count) {
    const policy = policyArgument(a, i)
    if (policy !== undefined && policies === 0) {
      list.policy = policy
      policies++
      i++
      continue
    }
    if (list.from !== 0 || !a.is(i, 'IDS')) {
      r.error(replies.syntax)
      return undefined
    }
    list.from = i + 2
    list.to = idsEnd(a, r, i)
    if (list.to === wrong) return undefined
    i = list.to
  }
  if (list.from === 0) {
    r.error(replies.syntax)
    return undefined
  }
  return idArguments(a, list.from, r, list.to) ? list : undefined
}

/** Index behind the ids of `IDS numids id …` at argument i; `wrong` after an error reply. */
export function idsEnd(a: Args, r: Reply, i: number): number {
  const count = i + 1 < a.count ? a.int(i + 1) : NaN
  if (!(count > 0)) {
    r.error('ERR Number of IDs must be a positive integer')
    return wrong
  }
  if (count > a.count - i - 2) {
    r.error('ERR The `numids` parameter must match the number of arguments')
    return wrong
  }
  return i + 2 + count
}

function replyAbsent(r: Reply, list: IdList): void {
  r.array(list.to - list.from)
  for (let i = list.from; i < list.to; i++) r.int(absent)
}

export function xdelex(x: Engine, a: Args, r: Reply): void {
  const list = parseIds(a, r, 2)
  if (list === undefined) return
  const root = streamRoot(x, a, 1, r, true)
  if (root === wrong) return
  if (root === 0) return replyAbsent(r, list)
  const groups = x.groups.list(x.stream.open(root).groups)
  const gone: number[] = []
  r.array(list.to - list.from)
  for (let i = list.from; i < list.to; i++) {
    idAt(i - list.from, id)
    const result = deleteEntry(x, a, groups, list.policy, false)
    if (result === deleted) gone.push(i)
    r.int(result)
  }
  logDeleted(x, a, gone)
}

export function xackdel(x: Engine, a: Args, r: Reply): void {
  const list = parseIds(a, r, 3)
  if (list === undefined) return
  const root = streamRoot(x, a, 1, r, true)
  if (root === wrong) return
  const own = root === 0 ? 0 : x.groups.find(x.stream.open(root).groups, a.buf, a.start[2]!, a.end[2]!)
  if (own === 0) return replyAbsent(r, list)
  const groups = x.groups.list(x.stream.groups)
  const acknowledged: number[] = []
  const gone: number[] = []
  r.array(list.to - list.from)
  for (let i = list.from; i < list.to; i++) {
    idAt(i - list.from, id)
    if (!x.groups.removePending(own, id)) {
      if (list.policy === 'drop' && !x.stream.find(id)) dropReferences(x, a, 1, groups, id)
      r.int(absent)
      continue
    }
    acknowledged.push(i)
    const result = deleteEntry(x, a, groups, list.policy, true)
    if (result === deleted) gone.push(i)
    // Whatever became of the entry before: it was pending here, and is nowhere now.
    r.int(result === absent ? deleted : result)
  }
  if (acknowledged.length > 0) {
    x.changed(acknowledged.length)
    x.effect(3 + acknowledged.length)
    x.wordText('XACK')
    x.wordArg(a, 1)
    x.wordArg(a, 2)
    for (const i of acknowledged) x.wordArg(a, i)
    x.endEffect()
    settlePlan(x, a, 1, own)
  }
  logDeleted(x, a, gone)
}

/** Deletes the entry `id` of the open stream as the policy says. `acknowledging`: for a group that has just done so. */
function deleteEntry(
  x: Engine, a: Args, groups: readonly number[], policy: Policy, acknowledging: boolean,
): number {
  if (policy === 'drop') dropReferences(x, a, 1, groups, id)
  if (policy === 'acked') {
    if (!x.stream.find(id)) return absent
    // Without groups nobody has acknowledged anything.
    if ((groups.length === 0 && !acknowledging) || isReferenced(x, groups, id)) return referenced
  }
  return x.stream.remove(id) ? deleted : absent
}

/** The entries named by these arguments were deleted. */
function logDeleted(x: Engine, a: Args, gone: readonly number[]): void {
  if (gone.length === 0) return
  x.touch(a.buf, a.start[1]!, a.end[1]!)
  x.changed(gone.length)
  x.notify('t', 'xdel', a.buf, a.start[1]!, a.end[1]!)
  x.effect(2 + gone.length)
  x.wordText('XDEL')
  x.wordArg(a, 1)
  for (const i of gone) x.wordArg(a, i)
  x.endEffect()
}
