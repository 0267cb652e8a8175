// XRANGE and XREVRANGE on the log's streams.

import type { Command } from '../../broker/command.ts'
import type { Connection } from '../../broker/connection.ts'
import type { Args } from '../../core/args.ts'
import { intervalArgument } from '../../core/commands/stream-key.ts'
import { replies } from '../../core/errors.ts'
import type { LogView } from '../../core/log/log-cursor.ts'
import { seekId } from '../../core/log/log-scan.ts'
import type { Reply } from '../../core/reply.ts'
import { StreamId } from '../../core/types/stream-id.ts'
import { replyLogEntries } from './entry-reply.ts'
import { rangeEntriesMax, replyEntriesBytesMax } from './limits.ts'
import { collect, logStreamOf, msOf, seqOf } from './log-stream.ts'
import { logView } from './log-view.ts'
import { answerLater, nil, Refusal, tooMuch } from './task.ts'

const maxId = new StreamId().setMax()

export function xrange(c: Connection, command: Command, a: Args, r: Reply): void {
  range(c, command, a, r, false)
}

export function xrevrange(c: Connection, command: Command, a: Args, r: Reply): void {
  range(c, command, a, r, true)
}

function range(c: Connection, command: Command, a: Args, r: Reply, backward: boolean): void {
  const first = new StreamId()
  const last = new StreamId()
  if (!intervalArgument(a, backward ? 3 : 2, first, r, 'start')) return
  if (!intervalArgument(a, backward ? 2 : 3, last, r, 'end')) return
  let count = -1
  for (let i = 4; i < a.count; i++) {
    if (!a.is(i, 'COUNT') || i === a.count - 1) return r.error(replies.syntax)
    count = a.int(++i)
    if (Number.isNaN(count)) return r.error(replies.notInteger)
    if (count < 0) count = 0
  }
  const stream = logStreamOf(c, a, 1)
  answerLater(c, command, a, r, async () => {
    if (count === 0) return nil
    const view = logView(c.broker)
    const from = await firstAt(view, first)
    const until = await lastAt(view, last)
    const entriesMax = count === -1 ? rangeEntriesMax + 1 : count
    const { entries, isCut } = await collect(c, stream, { from, until, backward, entriesMax })
    if (count === -1 && (entries.length > rangeEntriesMax || isCut)) {
      const most = isCut ? `${replyEntriesBytesMax} bytes` : `${rangeEntriesMax} entries`
      throw new Refusal(`ERR the range has more than ${most}: ask for some at a time with COUNT`)
    }
    if (isCut) throw new Refusal(tooMuch)
    return (reply) => replyLogEntries(reply, entries)
  })
}

/** Position of the first entry whose id is this one or above. */
async function firstAt(view: LogView, id: StreamId): Promise<number> {
  return id.isZero() ? 1 : await seekId(view, msOf(id), seqOf(id))
}

/** Position of the last entry whose id is this one or below. */
async function lastAt(view: LogView, id: StreamId): Promise<number> {
  return id.compare(maxId) === 0 ? view.safe : await seekId(view, msOf(id), seqOf(id) + 1) - 1
}
