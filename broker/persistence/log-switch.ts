// CONFIG SET appendonly while the broker runs.
//
// yes: memory, as it is between two turns, becomes the log's base; the first segment begins behind it. When the disk
// refuses, it is tried again until it works, as Redis does; meanwhile `aof_rewrite_in_progress` is 1.
// no: the log is made durable and closed; positions go on.

import { Appender } from '../../core/log/appender.ts'
import { firstCrc } from '../../core/log/frame.ts'
import { nullLog } from '../../core/log/log.ts'
import type { Broker } from '../broker.ts'
import { writeBase } from './live-maker.ts'
import { openFiles, retireNow } from './log-folder.ts'

/** Makes the log be there, or not, as `appendonly` says. To be called between two turns. */
export function followAppendonly(b: Broker): void {
  if (b.stopping || b.loading.active) return
  const wanted = b.config.values.appendonly
  if (wanted && b.appender === undefined) startLog(b)
  else if (!wanted && b.appender !== undefined) void stopLog(b)
}

function startLog(b: Broker): void {
  const { persistence } = b
  if (persistence.run !== undefined) return
  b.engine.seal()
  const before = b.engine.log
  // Something is half done: a script that takes its time.
  if (before.pendingBytes > 0 || b.engine.grouped) return
  try {
    const files = openFiles(b)
    retireNow(b, files.installBase(writeBase(b, files), Infinity, false), before.appended + 1)
    const end = { fd: files.nextSegment(), bytes: 0, crc: firstCrc, position: before.appended }
    const appender = new Appender({
      stamps: b.config.values.aofTimestampEnabled,
      disk: b.disk, end, endMs: b.engine.now, policy: b.config.values.appendfsync,
      nextSegment: () => files.nextSegment(), monotonicMs: () => b.engine.clock.monotonicMs(),
    })
    persistence.useLog(appender, files)
    b.report('notice', 'the log begins: appendonly is yes')
  } catch (error) {
    persistence.lastRewrite = 'err'
    b.report('warning', `the log can't begin yet: ${(error as Error).message}`)
  }
}

async function stopLog(b: Broker): Promise<void> {
  const { appender, persistence } = b
  if (appender === undefined || persistence.closing) return
  persistence.closing = true
  persistence.rewriteScheduled = false
  if (persistence.runs('rewrite')) persistence.abort()
  try {
    do await appender.flush()
    while (appender.pendingBytes > 0 || appender.durable < appender.appended || b.engine.grouped)
    if (b.stopping || b.config.values.appendonly) return
    b.engine.log = nullLog(appender.sealed)
    persistence.useLog(undefined, undefined)
    b.outbox.release()
    await appender.close()
    b.report('notice', 'the log ends: appendonly is no')
  } catch (error) {
    b.report('warning', `the log can't be closed: ${(error as Error).message}`)
  } finally {
    persistence.closing = false
  }
}
