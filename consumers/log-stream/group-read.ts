// XREADGROUP on the log's streams. Readers of a group take turns: who reads the log for it is the only one, until what
// it read is delivered, in the turn in which the client is answered.

import type { Command } from '../../broker/command.ts'
import type { Connection } from '../../broker/connection.ts'
import type { Args } from '../../core/args.ts'
import { idArgument } from '../../core/commands/stream-key.ts'
import { meaninglessId, parseRead, read } from '../../core/commands/stream-read-options.ts'
import { idText } from '../../core/history/moment.ts'
import { msAt, seekId } from '../../core/log/log-scan.ts'
import type { Reply } from '../../core/reply.ts'
import { StreamId } from '../../core/types/stream-id.ts'
import { replyLogEntry } from './entry-reply.ts'
import { findGroup, groupOf, inGroup, lastDelivered, passedBy, runFor } from './groups.ts'
import { notedPassedMin, readEntriesMax } from './limits.ts'
import type { LogEntry } from './log-entry.ts'
import { collect, entriesAt, hidden, idOf, logStreamOf, msOf, seqOf } from './log-stream.ts'
import type { LogStream } from './log-stream.ts'
import { logView } from './log-view.ts'
import { allOfLog } from './read.ts'
import { answerLater, nil, waitForMore } from './task.ts'
import type { Answer, Task } from './task.ts'

const where = ' in XREADGROUP with GROUP option'

type Request = {
  group: Buffer
  consumer: Buffer
  noAck: boolean
  entriesMax: number
}

/** A stream, and the id after which its consumer's pending entries are wanted; undefined: new ones. */
type Place = { stream: LogStream, history: StreamId | undefined }

/** What is to be delivered, or delivered again, if nothing has happened to the group meanwhile. */
type Delivery = {
  place: Place
  entries: { id: StreamId, entry: LogEntry | undefined }[]
  /** The group's last delivered id at the time, and the position behind all that was looked through. */
  after: StreamId
  next: number
  /** The id at the end of that, where it is so much that the group had better know. */
  passedId?: string
}

export function xreadgroup(c: Connection, command: Command, a: Args, r: Reply): void {
  if (!parseRead(a, r, true, c.broker.engine.now)) return
  const { blockMs, count, keys, streams, noAck, claimMs } = read
  const request: Request = {
    group: a.copy(read.group), consumer: a.copy(read.group + 1), noAck,
    entriesMax: count === 0 ? readEntriesMax : count,
  }
  if (claimMs >= 0) return r.error('ERR streams of the log know no CLAIM: use XAUTOCLAIM')
  if (!allOfLog(a, r, keys, streams)) return
  if (streams > 1) return r.error('ERR one XREADGROUP reads one stream of the log')
  const place = placeArgument(c, a, r, keys)
  if (place === undefined) return
  const untilMs = blockMs === 0 ? Infinity : c.broker.engine.clock.monotonicMs() + blockMs
  answerLater(c, command, a, r, async (task) => {
    for (;;) {
      if (await inGroup(c, place.stream, request.group, () => attempt(task, request, place))) return undefined
      const { next } = passedBy(c, place.stream, request.group)
      if (blockMs < 0 || !(await waitForMore(task, [place.stream.match], true, next, untilMs))) return nil
    }
  })
}

function placeArgument(c: Connection, a: Args, r: Reply, i: number): Place | undefined {
  const stream = logStreamOf(c, a, i)
  const sign = a.size(i + 1) === 1 ? a.text(i + 1) : ''
  if (sign === '>') return { stream, history: undefined }
  if (sign === '$' || sign === '+') {
    r.error(meaninglessId(sign))
    return undefined
  }
  const history = new StreamId()
  return idArgument(a, i + 1, history, r) ? { stream, history } : undefined
}

/** Reads, delivers and answers; false when there is nothing to answer yet. */
async function attempt(task: Task, request: Request, place: Place): Promise<boolean> {
  for (;;) {
    if (task.isOver) return true
    const delivery = await prepare(task.c, request, place)
    await task.mayWrite()
    if (task.isOver) return true
    const { c } = task
    const group = groupOf(c, place.stream, request.group, where)
    if (lastDelivered(c, group).compare(delivery.after) !== 0) continue
    if (delivery.entries.length === 0 && place.history === undefined) {
      c.broker.openTurn()
      seeConsumer(c, request, place.stream)
      if (delivery.passedId !== undefined) notePassed(c, request, delivery, delivery.passedId)
      return false
    }
    task.answer((r) => {
      seeConsumer(c, request, place.stream)
      deliver(c, request, delivery)
      replyDelivery(delivery)(r)
    })
    return true
  }
}

async function prepare(c: Connection, request: Request, place: Place): Promise<Delivery> {
  const { stream, history } = place
  const group = groupOf(c, stream, request.group, where)
  const after = lastDelivered(c, group)
  if (history !== undefined) {
    const ids = pendingOf(c, request, stream, history)
    const entries = await entriesAt(c, stream, ids)
    return { place, after, next: 0, entries: entries.map((entry, i) => ({ id: ids[i]!, entry: shownOf(entry) })) }
  }
  const passed = passedBy(c, stream, request.group)
  const from = passed.after === after.toString() ? passed.next
    : await seekId(logView(c.broker), msOf(after), seqOf(after) + 1)
  const { entries, next } = await collect(c, stream, {
    from, until: Infinity, backward: false, entriesMax: request.entriesMax,
  })
  passed.after = after.toString()
  passed.next = entries[0]?.position ?? next
  if (entries.length === 0 && next - seqOf(after) > notedPassedMin) {
    return { place, after, next, entries: [], passedId: idText(await msAt(logView(c.broker), next - 1), next - 1) }
  }
  return { place, after, next, entries: entries.map((entry) => ({ id: idOf(entry.ms, entry.position), entry })) }
}

function shownOf(entry: LogEntry | typeof hidden | undefined): LogEntry | undefined {
  return entry === hidden ? undefined : entry
}

/** Ids above `after` that are pending for the consumer. */
function pendingOf(c: Connection, request: Request, stream: LogStream, after: StreamId): StreamId[] {
  const { groups } = c.broker.engine
  const group = findGroup(c, stream, request.group)
  const consumer = groups.findConsumer(group, request.consumer, 0, request.consumer.length)
  const ids: StreamId[] = []
  const from = new StreamId().copy(after)
  if (consumer === 0 || !from.increment()) return ids
  const mine = groups.openPending(groups.consumerPending(consumer))
  let more = mine.probeId(from.msHigh, from.msLow, from.seqHigh, from.seqLow).seek()
  for (; more && ids.length < request.entriesMax; more = mine.next()) {
    ids.push(new StreamId(mine.key(0), mine.key(1), mine.key(2), mine.key(3)))
  }
  return ids
}

/** Nothing up to there is for the group: after a restart nobody looks through it again, and its end is no gap. */
function notePassed(c: Connection, request: Request, delivery: Delivery, passedId: string): void {
  const { stream } = delivery.place
  runFor(c, 'xgroup|setid', ['XGROUP', 'SETID', stream.name, request.group, passedId])
  const passed = passedBy(c, stream, request.group)
  passed.after = passedId
  passed.next = delivery.next
}

/** The consumer exists from now on, and was here. */
function seeConsumer(c: Connection, request: Request, stream: LogStream): void {
  const { group: name, consumer } = request
  const { groups, now } = c.broker.engine
  const group = findGroup(c, stream, name)
  const known = groups.findConsumer(group, consumer, 0, consumer.length)
  if (known !== 0) groups.setSeen(known, now)
  else runFor(c, 'xgroup|createconsumer', ['XGROUP', 'CREATECONSUMER', stream.name, name, consumer])
}

/** Notes the delivery in the group: one effect, whose replay needs no log. */
function deliver(c: Connection, request: Request, delivery: Delivery): void {
  const { group, consumer, noAck } = request
  const { name } = delivery.place.stream
  const ids = delivery.entries.filter(({ entry }) => entry !== undefined).map(({ id }) => id.toString())
  const last = ids.at(-1)
  if (last === undefined) return
  const time = String(c.broker.engine.now)
  if (delivery.place.history !== undefined) {
    runFor(c, 'xclaim', ['XCLAIM', name, group, consumer, '0', ...ids, 'TIME', time])
  } else if (noAck) runFor(c, 'xgroup|setid', ['XGROUP', 'SETID', name, group, last])
  else {
    const options = ['TIME', time, 'RETRYCOUNT', '1', 'FORCE', 'JUSTID', 'LASTID', last]
    runFor(c, 'xclaim', ['XCLAIM', name, group, consumer, '0', ...ids, ...options])
  }
  if (delivery.place.history !== undefined) return
  const passed = passedBy(c, delivery.place.stream, group)
  passed.after = last
  passed.next = delivery.next
}

function replyDelivery({ place, entries }: Delivery): Answer {
  return (r) => {
    if (r.resp === 3) r.map(1)
    else {
      r.array(1)
      r.array(2)
    }
    r.bulk(place.stream.name, 0, place.stream.name.length)
    r.array(entries.length)
    for (const { id, entry } of entries) {
      if (entry !== undefined) {
        replyLogEntry(r, entry)
        continue
      }
      // Not kept any more, or not for this client: only its id is left.
      r.array(2)
      r.text(id.toString())
      r.nilArray()
    }
  }
}
