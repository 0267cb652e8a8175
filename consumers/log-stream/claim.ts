// XCLAIM and XAUTOCLAIM on the log's streams: pending entries change hands, and are read in the log.

import type { Command } from '../../broker/command.ts'
import type { Connection } from '../../broker/connection.ts'
import type { Args } from '../../core/args.ts'
import { parseClaim } from '../../core/commands/stream-claim.ts'
import { intervalArgument } from '../../core/commands/stream-key.ts'
import { replies } from '../../core/errors.ts'
import { idText } from '../../core/history/moment.ts'
import type { Reply } from '../../core/reply.ts'
import { parseId, StreamId } from '../../core/types/stream-id.ts'
import { replyLogEntry } from './entry-reply.ts'
import { groupOf, inGroup, runFor } from './groups.ts'
import type { LogEntry } from './log-entry.ts'
import { entriesAt, hidden, idOf, logStreamOf } from './log-stream.ts'
import type { LogStream } from './log-stream.ts'
import { answerLater, Refusal, tooMuch } from './task.ts'

export function xclaim(c: Connection, command: Command, a: Args, r: Reply): void {
  const claim = parseClaim(c.broker.engine, a, r)
  if (claim === undefined) return
  const { force, justId, minIdle } = claim
  const stream = logStreamOf(c, a, 1)
  const [group, consumer] = [a.copy(2), a.copy(3)]
  const asked = idsOf(a, 5, claim.ids)
  const options = optionsOf(a, claim.ids)
  answerLater(c, command, a, r, (task) => inGroup(c, stream, group, async () => {
    const wanted = claimable(c, stream, group, asked, minIdle, force)
    const found = await entriesAt(c, stream, wanted)
    if (found.length < wanted.length) throw new Refusal(tooMuch)
    if (!force && !justId) {
      const gone = found.indexOf(undefined)
      if (gone >= 0) throw new Refusal(`GAP the log does not keep the entry ${wanted[gone]!} any more: XACK ends it`)
    }
    const entries = visible(found)
    await task.mayWrite()
    task.answer((reply) => {
      const still = stillClaimable(c, stream, group, entries, minIdle, force)
      if (still.length > 0) {
        runFor(c, 'xclaim', ['XCLAIM', stream.name, group, consumer, '0', ...still.map(idTextOf), ...options])
      }
      replyClaimed(reply, still, justId)
    })
    return undefined
  }))
}

export function xautoclaim(c: Connection, command: Command, a: Args, r: Reply): void {
  const minIdle = a.int(4)
  if (Number.isNaN(minIdle)) return r.error('ERR Invalid min-idle-time argument for XAUTOCLAIM')
  const start = new StreamId()
  if (!intervalArgument(a, 5, start, r, 'start')) return
  let count = 100
  let justId = false
  for (let i = 6; i < a.count; i++) {
    if (a.is(i, 'JUSTID')) justId = true
    else if (a.is(i, 'COUNT') && i + 1 < a.count) {
      count = a.int(++i)
      if (!(count >= 1)) return r.error('ERR COUNT must be > 0')
    } else return r.error(replies.syntax)
  }
  const stream = logStreamOf(c, a, 1)
  const [group, consumer] = [a.copy(2), a.copy(3)]
  answerLater(c, command, a, r, (task) => inGroup(c, stream, group, async () => {
    const { ids, cursor } = idle(c, stream, group, start, minIdle, count)
    const found = await entriesAt(c, stream, ids)
    // The next call goes on where the reply is full.
    const next = ids[found.length] ?? cursor
    const gone = ids.slice(0, found.length).filter((_, i) => found[i] === undefined)
    const entries = visible(found)
    await task.mayWrite()
    task.answer((reply) => {
      const still = stillClaimable(c, stream, group, entries, minIdle, false)
      if (gone.length > 0) runFor(c, 'xack', ['XACK', stream.name, group, ...gone.map(String)])
      if (still.length > 0) {
        const options = ['TIME', String(c.broker.engine.now), ...justId ? ['JUSTID'] : []]
        runFor(c, 'xclaim', ['XCLAIM', stream.name, group, consumer, '0', ...still.map(idTextOf), ...options])
      }
      reply.array(3)
      reply.text(next.toString())
      replyClaimed(reply, still, justId)
      reply.array(gone.length)
      for (const id of gone) reply.text(id.toString())
    })
    return undefined
  }))
}

function idsOf(a: Args, from: number, to: number): StreamId[] {
  const ids: StreamId[] = []
  for (let i = from; i < to; i++) {
    const id = new StreamId()
    parseId(a.buf, a.start[i]!, a.end[i]!, id)
    ids.push(id)
  }
  return ids
}

function optionsOf(a: Args, from: number): Buffer[] {
  const options: Buffer[] = []
  for (let i = from; i < a.count; i++) options.push(a.copy(i))
  return options
}

/** What the client may not see is left to others: neither claimed nor acknowledged. */
function visible(found: readonly (LogEntry | typeof hidden | undefined)[]): LogEntry[] {
  return found.filter((entry) => entry !== undefined && entry !== hidden)
}

function idTextOf(entry: LogEntry): string {
  return idText(entry.ms, entry.position)
}

/** Those of the ids that are pending for long enough, or, with `force`, not pending at all. */
function claimable(
  c: Connection, stream: LogStream, name: Buffer, ids: readonly StreamId[], minIdle: number, force: boolean,
): StreamId[] {
  const { groups, now } = c.broker.engine
  const group = groupOf(c, stream, name)
  return ids.filter((id) => {
    const pending = groups.findPending(group, id)
    return pending === 0 ? force : now - groups.delivered(pending) >= minIdle
  })
}

function stillClaimable(
  c: Connection, stream: LogStream, name: Buffer, entries: readonly LogEntry[], minIdle: number, force: boolean,
): LogEntry[] {
  const ids = entries.map(({ ms, position }) => idOf(ms, position))
  const still = new Set(claimable(c, stream, name, ids, minIdle, force))
  return entries.filter((_, i) => still.has(ids[i]!))
}

/** At most `count` ids from `start` on that are pending for long enough, and where the next call goes on. */
function idle(
  c: Connection, stream: LogStream, name: Buffer, start: StreamId, minIdle: number, count: number,
): { ids: StreamId[], cursor: StreamId } {
  const { groups, now } = c.broker.engine
  const all = groups.openPending(groups.groupPending(groupOf(c, stream, name)))
  const ids: StreamId[] = []
  let attempts = count * 10
  let more = all.probeId(start.msHigh, start.msLow, start.seqHigh, start.seqLow).seek()
  for (; more && ids.length < count && attempts-- > 0; more = all.next()) {
    if (now - groups.delivered(all.value) < minIdle) continue
    ids.push(new StreamId(all.key(0), all.key(1), all.key(2), all.key(3)))
  }
  const cursor = more ? new StreamId(all.key(0), all.key(1), all.key(2), all.key(3)) : new StreamId()
  return { ids, cursor }
}

function replyClaimed(r: Reply, entries: readonly LogEntry[], justId: boolean): void {
  r.array(entries.length)
  for (const entry of entries) {
    if (justId) r.text(idTextOf(entry))
    else replyLogEntry(r, entry)
  }
}
