// How XADD and XTRIM trim: to a length or to an id, in whole blocks or exactly, with or without what is pending.
// Semantics: https://redis.io/docs/latest/commands/xtrim/

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { StreamId } from '../types/stream-id.ts'
import { idArgument, wordId } from './stream-key.ts'
import { dropReferences, isReferenced, policyArgument } from './stream-references.ts'
import type { Policy } from './stream-references.ts'

/** The trimming that the command which is being executed asks for; one object serves all. */
export const trimming = {
  by: 'none' as 'none' | 'maxlen' | 'minid',
  approximate: false,
  maxLength: 0,
  minId: new StreamId(),
  /** LIMIT, -1 when not given; after `finishTrim` 0 for no bound. */
  limit: -1,
  policy: 'keep' as Policy,
  /** KEEPREF, DELREF or ACKED was said, which only Redis 8.2 and later understand. */
  policySaid: false,
}

const tilde = 126
const equals = 61
const wholeTrimMax = 1_000_000
const anyNodeTrimMax = 10_000

export function beginTrim(): void {
  trimming.by = 'none'
  trimming.approximate = false
  trimming.limit = -1
  trimming.policy = 'keep'
  trimming.policySaid = false
}

/**
 * Reads the trimming option at argument i, if one begins there. Returns the index of its last argument, -1 when it is
 * none, and -2 after an error reply.
 */
export function trimOption(a: Args, r: Reply, i: number): number {
  const more = a.count - 1 - i
  const t = trimming
  const byLength = more > 0 && a.is(i, 'MAXLEN')
  if (byLength || (more > 0 && a.is(i, 'MINID'))) {
    if (t.by !== 'none') {
      r.error('ERR syntax error, MAXLEN and MINID options at the same time are not compatible')
      return -2
    }
    const sign = more >= 2 && a.size(i + 1) === 1 ? a.buf[a.start[i + 1]!] : 0
    t.approximate = sign === tilde
    if (sign === tilde || sign === equals) i++
    i++
    t.by = byLength ? 'maxlen' : 'minid'
    if (!byLength) return idArgument(a, i, t.minId, r) ? i : -2
    t.maxLength = a.int(i)
    return isCount(r, t.maxLength, 'MAXLEN') ? i : -2
  }
  if (more > 0 && a.is(i, 'LIMIT')) {
    t.limit = a.int(i + 1)
    return isCount(r, t.limit, 'LIMIT') ? i + 1 : -2
  }
  const policy = t.policySaid ? undefined : policyArgument(a, i)
  if (policy === undefined) return -1
  t.policy = policy
  t.policySaid = true
  return i
}

function isCount(r: Reply, n: number, option: string): boolean {
  if (n >= 0) return true
  r.error(Number.isNaN(n) ? replies.notInteger : `ERR The ${option} argument must be >= 0.`)
  return false
}

/** Checks the options against each other; writes the error and returns false where they don't go together. */
export function finishTrim(x: Engine, r: Reply, needed: boolean): boolean {
  const t = trimming
  if (t.limit > 0 && t.by === 'none') {
    r.error('ERR syntax error, LIMIT cannot be used without specifying a trimming strategy')
    return false
  }
  if (needed && t.by === 'none') {
    r.error('ERR syntax error, XTRIM must be called with MAXLEN, MINID')
    return false
  }
  // Redis's effects say = with the outcome in place of ~, and leave a LIMIT that was there.
  if (t.limit >= 0 && !t.approximate && !x.replaying) {
    r.error('ERR syntax error, LIMIT cannot be used without the special ~ option')
    return false
  }
  if (!t.approximate) t.limit = 0
  else if (t.limit < 0) {
    const byNode = 100 * x.settings.streamNodeEntriesMax
    t.limit = byNode <= 0 ? anyNodeTrimMax : Math.min(byNode, wholeTrimMax)
  }
  return true
}

/** Trims the open stream, at key argument 1, as the options say; returns how many entries went. */
export function trim(x: Engine, a: Args): number {
  const t = trimming
  if (t.by === 'none') return 0
  const { approximate } = t
  const maxLength = t.by === 'maxlen' ? t.maxLength : undefined
  let minId = t.by === 'minid' ? t.minId : undefined
  if (x.stream.keepers > 0) {
    const kept = trimHolder(x)!.from
    if (minId === undefined || kept.compare(minId) < 0) minId = kept
    // In the log, the length that is left tells what went.
    t.approximate = true
  }
  if (t.policy === 'keep' || x.stream.groups === 0) return x.stream.trim(maxLength, minId, approximate, t.limit)
  const groups = x.groups.list(x.stream.groups)
  if (t.policy === 'acked') return trimAcknowledged(x, groups)
  return x.stream.trim(maxLength, minId, approximate, t.limit, (id) => void dropReferences(x, a, 1, groups, id))
}

/**
 * Which of the groups of the open stream that keep what they have not acknowledged holds trimming back furthest, and
 * from which id on; undefined when none keeps anything.
 */
export function trimHolder(x: Engine): { group: number; from: StreamId } | undefined {
  const { groups, stream } = x
  let holder: { group: number; from: StreamId } | undefined
  for (const group of groups.list(stream.groups)) {
    const policy = groups.policy(group)
    if (policy === 0 || !groups.plans.keepsUnacked(policy)) continue
    const from = groups.lastDelivered(group, new StreamId())
    const pending = groups.openPending(groups.groupPending(group))
    if (pending.first()) groups.pendingId(pending.value, from)
    else from.increment()
    if (holder === undefined || from.compare(holder.from) < 0) holder = { group, from }
  }
  return holder
}

/** What `trimAcknowledged` deleted and `logTrimmed` has still to log. */
let acknowledgedTrim: readonly StreamId[] = []

/**
 * Deletes from the beginning what all groups have acknowledged, past what they have not, and logs that as XDEL. It is
 * exact also where `~` would allow less, but for LIMIT, which bounds the entries that are looked at.
 */
function trimAcknowledged(x: Engine, groups: readonly number[]): number {
  const t = trimming
  const { stream } = x
  const gone: StreamId[] = []
  let looked = 0
  for (let more = stream.first(); more; more = stream.forward()) {
    if (t.by === 'maxlen' ? stream.length - gone.length <= t.maxLength : stream.id.compare(t.minId) >= 0) break
    if (t.limit > 0 && looked++ >= t.limit) break
    if (!isReferenced(x, groups, stream.id)) gone.push(new StreamId().copy(stream.id))
  }
  for (const id of gone) stream.remove(id)
  t.by = 'none'
  if (gone.length === 0) return 0
  acknowledgedTrim = gone
  return gone.length
}

/** Logs what `trim` deleted, where the words of `effectTrim` don't tell it. */
export function logTrimmed(x: Engine, a: Args): void {
  const gone = acknowledgedTrim
  if (gone.length === 0) return
  acknowledgedTrim = []
  x.effect(2 + gone.length)
  x.wordText('XDEL')
  x.wordArg(a, 1)
  for (const id of gone) wordId(x, id)
  x.endEffect()
}

/** How many words `effectTrim` takes. */
export function trimWords(): number {
  return trimming.by === 'none' ? 0 : 3
}

/**
 * The words that trim exactly what was trimmed, for the log. An approximate trim is told by the length it left: there
 * may be no first id left to tell it by.
 */
export function effectTrim(x: Engine): void {
  const t = trimming
  if (t.by === 'none') return
  if (t.approximate || t.by === 'maxlen') {
    x.wordText('MAXLEN')
    x.wordText('=')
    x.wordInt(t.approximate ? x.stream.length : t.maxLength)
  } else {
    x.wordText('MINID')
    x.wordText('=')
    wordId(x, t.minId)
  }
}
