// XGROUP CREATE and SETID on the log's streams: `$` is the end of the log, and the streams are always there. The other
// subcommands, XACK, XPENDING and XINFO CONSUMERS are about groups only: those of core.

import type { Command } from '../../broker/command.ts'
import type { Connection } from '../../broker/connection.ts'
import type { Args } from '../../core/args.ts'
import { idText } from '../../core/history/moment.ts'
import type { Reply } from '../../core/reply.ts'
import { openGroups, runFor } from './groups.ts'
import { logStreamOf } from './log-stream.ts'
import { Refusal } from './task.ts'

export function xgroupCreate(c: Connection, command: Command, a: Args, r: Reply): void {
  changeGroup(c, command, a, r, true)
}

export function xgroupSetId(c: Connection, command: Command, a: Args, r: Reply): void {
  changeGroup(c, command, a, r, false)
}

function changeGroup(c: Connection, command: Command, a: Args, r: Reply, creates: boolean): void {
  const words: (string | Uint8Array)[] = []
  for (let i = 0; i < a.count; i++) words.push(a.copy(i))
  if (a.size(4) === 1 && a.text(4) === '$') {
    const { now, log } = c.broker.engine
    words[4] = idText(now, log.appended)
  }
  try {
    if (creates && !openGroups(c, logStreamOf(c, a, 2))) words.push('MKSTREAM')
    runFor(c, command.fullName, words)
    r.ok()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    r.error(error.message)
  }
}
