// XLEN, XINFO STREAM and XINFO GROUPS on the log's streams. Numbers are those of the log, whoever asks; entries are
// shown as far as the client may see them.

import type { Command } from '../../broker/command.ts'
import type { Connection } from '../../broker/connection.ts'
import type { Args } from '../../core/args.ts'
import { replyFullGroups, replyGroups } from '../../core/commands/stream-info.ts'
import type { LagReply } from '../../core/commands/stream-info.ts'
import { replies } from '../../core/errors.ts'
import { idText } from '../../core/history/moment.ts'
import { seekId } from '../../core/log/log-scan.ts'
import type { Reply } from '../../core/reply.ts'
import { replyLogEntries, replyLogEntry } from './entry-reply.ts'
import { lastDelivered, openGroups } from './groups.ts'
import { collect, countEntries, logStreamOf, msOf, seqOf } from './log-stream.ts'
import type { LogStream } from './log-stream.ts'
import type { LogEntry } from './log-entry.ts'
import { firstKept, logView } from './log-view.ts'
import { answerLater, Refusal, tooMuch } from './task.ts'

export function xlen(c: Connection, command: Command, a: Args, r: Reply): void {
  const stream = logStreamOf(c, a, 1)
  answerLater(c, command, a, r, async () => {
    const count = await countEntries(c, stream, firstKept(logView(c.broker)), logView(c.broker).safe)
    return (reply) => reply.int(count)
  })
}

export function xinfoStream(c: Connection, command: Command, a: Args, r: Reply): void {
  const full = a.count > 3
  let count = 10
  if (full) {
    const counted = a.count === 6 && a.is(4, 'COUNT')
    if (!a.is(3, 'FULL') || (a.count !== 4 && !counted)) {
      return r.error(`ERR unknown subcommand or wrong number of arguments for '${a.shown(1)}'. Try XINFO HELP.`)
    }
    if (counted) count = a.int(5)
    if (Number.isNaN(count)) return r.error(replies.notInteger)
    if (count < 0) count = 10
  }
  const stream = logStreamOf(c, a, 2)
  answerLater(c, command, a, r, async () => {
    const view = logView(c.broker)
    const from = firstKept(view)
    const until = view.safe
    const length = await countEntries(c, stream, from, until)
    const lags = await lagsOf(c, stream, until)
    const first = await collect(c, stream, { from, until, backward: false, entriesMax: full ? count || Infinity : 1 })
    if (full && first.isCut) throw new Refusal(tooMuch)
    const last = await collect(c, stream, { from, until, backward: true, entriesMax: 1 })
    return (reply) => {
      const any = openGroups(c, stream)
      reply.map(full ? 9 : 10)
      head(reply, length, until, first.entries[0], last.entries[0])
      if (full) {
        reply.text('entries')
        replyLogEntries(reply, first.entries)
        if (any) return replyFullGroups(c.broker.engine, reply, count || Infinity, lagReply(c, lags))
        reply.text('groups')
        return reply.array(0)
      }
      reply.text('groups')
      reply.int(any ? c.broker.engine.groups.count(c.broker.engine.stream.groups) : 0)
      entryOrNil(reply, 'first-entry', first.entries[0])
      entryOrNil(reply, 'last-entry', last.entries[0])
    }
  })
}

function head(r: Reply, length: number, added: number, first: LogEntry | undefined, last: LogEntry | undefined): void {
  const number = (name: string, value: number): void => {
    r.text(name)
    r.int(value)
  }
  const id = (name: string, entry: LogEntry | undefined): void => {
    r.text(name)
    r.text(entry === undefined ? '0-0' : idText(entry.ms, entry.position))
  }
  number('length', length)
  number('radix-tree-keys', 0)
  number('radix-tree-nodes', 0)
  id('last-generated-id', last)
  id('max-deleted-entry-id', undefined)
  number('entries-added', added)
  id('recorded-first-entry-id', first)
}

function entryOrNil(r: Reply, name: string, entry: LogEntry | undefined): void {
  r.text(name)
  if (entry === undefined) r.nil()
  else replyLogEntry(r, entry)
}

export function xinfoGroups(c: Connection, command: Command, a: Args, r: Reply): void {
  const stream = logStreamOf(c, a, 2)
  answerLater(c, command, a, r, async () => {
    const lags = await lagsOf(c, stream, logView(c.broker).safe)
    return (reply) => {
      if (openGroups(c, stream)) replyGroups(c.broker.engine, reply, lagReply(c, lags))
      else reply.array(0)
    }
  })
}

/**
 * By last delivered id: how many entries are behind it up to `until`. That of `$match:…` can only be counted by reading
 * all that comes, so it is left out.
 */
async function lagsOf(c: Connection, stream: LogStream, until: number): Promise<Map<string, number>> {
  const lags = new Map<string, number>()
  if (stream.match.kind === 'match' || !openGroups(c, stream)) return lags
  const { groups } = c.broker.engine
  const view = logView(c.broker)
  const ids = groups.list(c.broker.engine.stream.groups).map((group) => lastDelivered(c, group))
  for (const id of ids) {
    const from = await seekId(view, msOf(id), seqOf(id) + 1)
    // Where entries behind it are not kept any more, nobody knows how many of them were this stream's.
    if (from >= firstKept(view)) lags.set(id.toString(), await countEntries(c, stream, from, until))
  }
  return lags
}

function lagReply(c: Connection, lags: ReadonlyMap<string, number>): LagReply {
  return (_x, r, group) => {
    const lag = lags.get(lastDelivered(c, group).toString())
    if (lag === undefined) r.nil()
    else r.int(lag)
  }
}
