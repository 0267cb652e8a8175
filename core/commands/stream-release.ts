// XNACK: a consumer gives pending entries back, to be claimed at once.
// Semantics: https://redis.io/docs/latest/commands/xnack/
//
// What is released is nobody's and was delivered at 0. It is logged as the XCLAIM of a consumer without a name: in our
// views that is nobody, and a redis-server that knows no XNACK has the entry ready to be claimed all the same.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { deliveriesMax } from '../types/stream-policy.ts'
import { logAcknowledged, logClaim, openGroup } from './stream-claim.ts'
import { idArguments, idAt, wordId, wrong } from './stream-key.ts'
import { noteLast, planCurrent, settlePlan } from './stream-plans.ts'
import { idsEnd } from './stream-references.ts'

const id = new StreamId()

type Mode = 'silent' | 'fail' | 'fatal'

export function xnack(x: Engine, a: Args, r: Reply): void {
  const mode: Mode | undefined =
    a.is(3, 'SILENT') ? 'silent' : a.is(3, 'FAIL') ? 'fail' : a.is(3, 'FATAL') ? 'fatal' : undefined
  if (mode === undefined) {
    r.error('ERR mode must be SILENT, FAIL, or FATAL')
    return
  }
  let from = 0
  let to = 0
  let retryCount = -1
  let force = false
  let error: Buffer | undefined
  for (let i = 4; i < a.count; i++) {
    if (a.is(i, 'IDS') && from === 0) {
      from = i + 2
      to = idsEnd(a, r, i)
      if (to === wrong) return
      i = to - 1
    } else if (a.is(i, 'FORCE')) force = true
    else if (a.is(i, 'ERROR') && error === undefined && i + 1 < a.count) error = a.copy(++i)
    else if (a.is(i, 'RETRYCOUNT') && i + 1 < a.count) {
      retryCount = a.int(++i)
      if (!(retryCount >= 0)) {
        r.error('ERR Invalid RETRYCOUNT option argument for XNACK')
        return
      }
    } else {
      r.error(replies.syntax)
      return
    }
  }
  if (from === 0) {
    r.error(replies.syntax)
    return
  }
  if (!idArguments(a, from, r, to)) return
  const group = openGroup(x, a, r)
  if (group === 0) return
  if (error !== undefined && x.groups.policy(group) === 0) {
    r.error('ERR ERROR needs a group with a policy: see XGROUP POLICY')
    return
  }
  let released = 0
  for (let n = 0; n < to - from; n++) {
    idAt(n, id)
    if (release(x, a, group, mode, retryCount, force, error)) released++
  }
  settlePlan(x, a, 1, group)
  if (released > 0) x.ready(a.buf, a.start[1]!, a.end[1]!)
  r.int(released)
}

/** Releases the entry `id`; false when it isn't pending. */
function release(
  x: Engine, a: Args, group: number, mode: Mode, retryCount: number, force: boolean, error: Buffer | undefined,
): boolean {
  const { groups } = x
  let pending = groups.findPending(group, id)
  if (pending === 0 && !force) return false
  if (!x.stream.find(id)) {
    // Nobody can take up an entry that is gone: as when it is claimed, it is pending no longer.
    if (pending !== 0 && groups.removePending(group, id)) logAcknowledged(x, a, 1, 2, id)
    return false
  }
  const nobody = groups.nobody(group)
  const before = pending === 0 ? 0 : groups.deliveries(pending)
  if (pending === 0) pending = groups.addPending(group, nobody, id, 0, 0)
  noteLast(x, group, pending, error)
  groups.movePending(pending, nobody, id)
  groups.setDelivered(group, pending, 0)
  if (retryCount >= 0) groups.setDeliveries(pending, retryCount)
  else if (mode === 'fatal') groups.setDeliveries(pending, deliveriesMax)
  else if (mode === 'silent' && before > 0 && before < deliveriesMax) groups.setDeliveries(pending, before - 1)
  planCurrent(x, group, pending)
  if (error === undefined) logClaim(x, a, 1, 2, group, id, pending)
  else logRelease(x, a, pending, error)
  return true
}

/** XCLAIM has no word for what went wrong. */
function logRelease(x: Engine, a: Args, pending: number, error: Buffer): void {
  x.changed()
  x.effect(12)
  x.wordText('XNACK')
  x.wordArg(a, 1)
  x.wordArg(a, 2)
  x.wordText('FAIL')
  x.wordText('IDS')
  x.wordText('1')
  wordId(x, id)
  x.wordText('RETRYCOUNT')
  x.wordInt(x.groups.deliveries(pending))
  x.wordText('FORCE')
  x.wordText('ERROR')
  x.wordBytes(error, 0, error.length)
  x.endEffect()
}
