// XADD's AT, DELAY and TTL: entries that are appended later, or go at their time.
//
// What has a time of its own waits in the sorted set `millrace:due` of its database, under its unix ms: data like any
// other, which the log has as ZADD and ZREM. consumers/policies/ does what is due.
//
//   a <accepted ms>-<n> <XADD …, as a RESP array>     an entry to append
//   x <id> <key>                                      an entry to delete
//   c <length of key> <key><name>                     the next run of a schedule (consumers/policies/schedule.ts)
//
// Numbers of the first are padded, so that of one time what was accepted first comes first.

import { encodeCommand } from '../args.ts'
import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { replies } from '../errors.ts'
import { formOf, rootOf, setForm, setRoot, typeOf, types } from '../keyspace/entry.ts'
import { policyMsMax } from '../limits.ts'
import type { Reply } from '../reply.ts'
import type { StreamId } from '../types/stream-id.ts'
import { packed } from '../types/zset.ts'

export const dueKey = Buffer.from('millrace:due')
const paddedMsDigits = 15
const paddedCountDigits = 6

/** Unix ms at which to append, 0 for at once; index of the option that says so; ms that the entry lives, 0 for ever. */
export type Timing = { atMs: number; option: number; ttlMs: number }

/** AT, DELAY or TTL at argument i: index of its last argument, -1 when it is none, -2 after an error reply. */
export function timingOption(x: Engine, a: Args, r: Reply, i: number, into: Timing): number {
  if (i + 1 >= a.count) return -1
  const isTtl = a.is(i, 'TTL')
  const isAt = a.is(i, 'AT')
  if (!isTtl && !isAt && !a.is(i, 'DELAY')) return -1
  const ms = a.int(i + 1)
  if (Number.isNaN(ms)) {
    r.error(replies.notInteger)
    return -2
  }
  if ((isTtl ? into.ttlMs : into.option) !== 0) {
    r.error(replies.syntax)
    return -2
  }
  if (ms < (isTtl ? 1 : 0) || (isAt ? ms > Number.MAX_SAFE_INTEGER : ms > policyMsMax)) {
    r.error(`ERR invalid ${isTtl ? 'TTL' : isAt ? 'AT' : 'DELAY'} time in 'xadd' command`)
    return -2
  }
  if (isTtl) into.ttlMs = ms
  else {
    into.atMs = isAt ? ms : x.now + ms
    into.option = i
  }
  return i + 1
}

let acceptedMs = 0
let accepted = 0

/** The XADD runs at its time; answers with the ticket by which it is known until then. False after an error reply. */
export function delay(x: Engine, a: Args, r: Reply, timing: Timing): void {
  if (!openDue(x, r)) return
  accepted = acceptedMs === x.now ? accepted + 1 : 0
  acceptedMs = x.now
  a.remove(timing.option, 2)
  const head = Buffer.from(`a ${dueNumbers(acceptedMs, accepted)} `)
  addDue(x, timing.atMs, Buffer.concat([head, encodeCommand(a)]))
  r.text(`${timing.atMs}-${acceptedMs}-${accepted}`)
}

/** Where a delayed append stands among those of its time. */
export function dueNumbers(ms: number, n: number): string {
  return `${String(ms).padStart(paddedMsDigits, '0')}-${String(n).padStart(paddedCountDigits, '0')}`
}

/** The entry of the stream at argument 1 goes at its time. `openDue` was asked before. */
export function expireLater(x: Engine, a: Args, id: StreamId, atMs: number): void {
  addDue(x, atMs, Buffer.concat([Buffer.from(`x ${id} `), a.copy(1)]))
}

/** False, after an error reply, when the key of what is due holds something else. */
export function openDue(x: Engine, r: Reply): boolean {
  const entry = x.db.lookupWrite(dueKey, 0, dueKey.length, x.db.hash(dueKey, 0, dueKey.length))
  if (entry === 0 || typeOf(x.arena, entry) === types.zset) return true
  r.error(`WRONGTYPE Key ${dueKey} holds the wrong kind of value: what has a time of its own waits there`)
  return false
}

function addDue(x: Engine, atMs: number, member: Buffer): void {
  const hash = x.db.hash(dueKey, 0, dueKey.length)
  const known = x.db.lookupWrite(dueKey, 0, dueKey.length, hash)
  const { zset, settings } = x
  // No snapshot can tell from the command that this key changes, too.
  if (known !== 0) x.snapshot?.beforeChange(x.db, known, hash)
  if (known === 0) zset.create(packed)
  else zset.open(rootOf(x.arena, known), formOf(x.arena, known))
  if (zset.find(member, 0, member.length)) zset.change(atMs, member, 0, member.length)
  else zset.insert(atMs, member, 0, member.length, settings.zsetPackEntriesMax, settings.zsetPackValueBytesMax)
  const entry = known === 0 ? x.db.create(types.zset, dueKey, 0, dueKey.length, hash) : known
  setRoot(x.arena, entry, zset.root)
  setForm(x.arena, entry, zset.form)
  x.changed()
  x.touch(dueKey, 0, dueKey.length)
  x.notify('z', 'zadd', dueKey, 0, dueKey.length)
  x.effect(4)
  x.wordText('ZADD')
  x.wordBytes(dueKey, 0, dueKey.length)
  x.wordInt(atMs)
  x.wordBytes(member, 0, member.length)
  x.endEffect()
  if (atMs < x.dueMs) x.dueMs = atMs
}
