// XREAD on the log's streams.

import type { Command } from '../../broker/command.ts'
import type { Connection } from '../../broker/connection.ts'
import type { Args } from '../../core/args.ts'
import { idArgument } from '../../core/commands/stream-key.ts'
import { parseRead, read } from '../../core/commands/stream-read-options.ts'
import { seekId } from '../../core/log/log-scan.ts'
import type { Reply } from '../../core/reply.ts'
import { StreamId } from '../../core/types/stream-id.ts'
import { logStreamKind } from '../../core/log-stream-name.ts'
import { replyLogEntries } from './entry-reply.ts'
import { readEntriesMax } from './limits.ts'
import { collect, logStreamOf, msOf, seqOf } from './log-stream.ts'
import type { LogStream } from './log-stream.ts'
import type { LogEntry } from './log-entry.ts'
import { logView } from './log-view.ts'
import { answerLater, nil, waitForMore } from './task.ts'
import type { Answer, Task } from './task.ts'

/** Where the reader of one stream stands: a position once it is known. */
type Place = { stream: LogStream, after: StreamId | 'last' | 'end', next: number }

type Found = { name: Buffer, entries: LogEntry[] }

export function xread(c: Connection, command: Command, a: Args, r: Reply): void {
  if (!parseRead(a, r, false, c.broker.engine.now)) return
  const { blockMs, count, keys, streams } = read
  if (!allOfLog(a, r, keys, streams)) return
  const places: Place[] = []
  for (let i = keys; i < keys + streams; i++) {
    const after = afterArgument(a, r, i + streams)
    if (after === undefined) return
    places.push({ stream: logStreamOf(c, a, i), after, next: c.broker.engine.log.appended + 1 })
  }
  const matches = places.map(({ stream }) => stream.match)
  const entriesMax = count === 0 ? readEntriesMax : count
  const untilMs = blockMs === 0 ? Infinity : c.broker.engine.clock.monotonicMs() + blockMs
  answerLater(c, command, a, r, async (task) => {
    for (;;) {
      const found = await readPlaces(task, places, entriesMax)
      if (found.length > 0) return replyFound(found)
      const next = Math.min(...places.map((place) => place.next))
      if (blockMs < 0 || !(await waitForMore(task, matches, false, next, untilMs))) return nil
      task.mayRead()
    }
  })
}

/** One command reads streams of the log or plain ones; false after an error reply. */
export function allOfLog(a: Args, r: Reply, keys: number, streams: number): boolean {
  for (let i = keys; i < keys + streams; i++) {
    if (logStreamKind(a.buf, a.start[i]!, a.end[i]!) !== undefined) continue
    r.error(`ERR '${a.shown(i)}' is no stream of the log: read it by a command of its own`)
    return false
  }
  return true
}

function afterArgument(a: Args, r: Reply, i: number): Place['after'] | undefined {
  const sign = a.size(i) === 1 ? a.text(i) : ''
  if (sign === '$') return 'end'
  if (sign === '+') return 'last'
  if (sign === '>') {
    r.error('ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.')
    return undefined
  }
  const id = new StreamId()
  return idArgument(a, i, id, r) ? id : undefined
}

async function readPlaces(task: Task, places: readonly Place[], entriesMax: number): Promise<Found[]> {
  const { c } = task
  const view = logView(task.broker)
  const found: Found[] = []
  for (const place of places) {
    const { stream, after } = place
    if (after === 'last') {
      // It asks for the last entry, whatever COUNT says, and waits for one behind it where there is none.
      const from = view.segments()[0]?.from ?? 1
      const until = view.safe
      const { entries } = await collect(c, stream, { from, until, backward: true, entriesMax: 1 })
      if (entries.length > 0) found.push({ name: stream.name, entries })
      place.next = until + 1
      place.after = 'end'
      continue
    }
    if (after !== 'end') place.next = await seekId(view, msOf(after), seqOf(after) + 1)
    place.after = 'end'
    const stretch = { from: place.next, until: Infinity, backward: false, entriesMax }
    const { entries, next } = await collect(c, stream, stretch)
    place.next = next
    if (entries.length > 0) found.push({ name: stream.name, entries })
  }
  return found
}

function replyFound(found: readonly Found[]): Answer {
  return (r) => {
    if (r.resp === 3) r.map(found.length)
    else r.array(found.length)
    for (const { name, entries } of found) {
      if (r.resp === 2) r.array(2)
      r.bulk(name, 0, name.length)
      replyLogEntries(r, entries)
    }
  }
}
