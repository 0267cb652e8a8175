// From a data directory to an engine that stands where its log ends.

import { loadBase } from '../../core/checkpoint/load-base.ts'
import type { Engine } from '../../core/engine.ts'
import { MillraceError } from '../../core/errors.ts'
import { Appender } from '../../core/log/appender.ts'
import type { Entry } from '../../core/log/reader.ts'
import { recoverLog } from '../../core/log/recover.ts'
import { Reply } from '../../core/reply.ts'
import { systemSession } from '../../core/session.ts'
import type { Broker } from '../broker.ts'
import type { CommandTable } from '../../core/commands/command-table.ts'
import { findCommand } from '../command.ts'
import type { Command } from '../command.ts'
import { logPlace, retire } from './log-folder.ts'

/** Folds the log of the data directory, a slice at a time, and opens it for appending. */
export async function openLog(b: Broker): Promise<void> {
  const { values } = b.config
  const { disk, loading } = b
  const visit = replayer(b.engine, b.commands)
  b.engine.replaying = true
  const steps = recoverLog({
    disk, place: logPlace(b), loadTruncated: values.aofLoadTruncated, visit,
    loadBase: (file) => loadBase(b.engine, disk, file, visit),
    forget: (reason, instead) => {
      b.engine.forgetAll()
      const kept = instead.aside === '' ? '' : ` It is kept in ${instead.aside}.`
      const from = instead.base === '' ? 'its beginning' : `the checkpoint before it, ${instead.base}`
      b.report('warning', `the newest checkpoint can't be loaded: ${reason.message}.${kept} The log goes on from `
        + `${from}, and ${instead.segments} archived segments`)
    },
  })
  const recovered = await loading.inSlices(steps)
  b.engine.replaying = false
  const endMs = b.engine.now
  b.engine.setNow(Math.max(b.engine.now, b.engine.clock.nowMs()))
  if (recovered.cut !== undefined) {
    const { cut } = recovered
    b.report('warning', `the log's tail was torn: ${cut.bytes} bytes of ${cut.file} behind position ${cut.position} `
      + `(${cut.reason}) were cut off and are kept in ${cut.kept}`)
  }
  b.report('notice', `log folded: ${recovered.entries} entries in ${recovered.frames} frames, `
    + `${loading.seconds.toFixed(3)} seconds`)
  b.replication.logged = recovered.lastLine
  const { files } = recovered
  const appender = new Appender({
    stamps: b.config.values.aofTimestampEnabled,
    disk, end: recovered.end, endMs, policy: values.appendfsync, nextSegment: () => files.nextSegment(),
    monotonicMs: () => b.engine.clock.monotonicMs(),
  })
  b.persistence.useLog(appender, files)
  await retire(b, recovered.former, recovered.formerUntil)
}

/** Runs logged effects through the handlers that made them. */
export function replayer(x: Engine, commands: CommandTable<Command>): (entry: Entry) => void {
  const session = systemSession()
  const reply = new Reply()
  return (entry) => {
    const { args } = entry
    const found = findCommand(commands, args)
    if (found?.run === undefined) {
      throw new MillraceError('LOG_COMMAND', `position ${entry.position} of the log holds an unknown command `
        + `'${args.text(0)}'`)
    }
    session.db = entry.db
    if (entry.ms > 0) x.setNow(entry.ms)
    reply.at = 0
    reply.lastError = ''
    x.execute(found, args, reply, session)
    x.block = undefined
    if (reply.lastError !== '') {
      throw new MillraceError('LOG_COMMAND', `position ${entry.position} of the log (${args.text(0)}) does not fold: `
        + reply.lastError)
    }
  }
}
