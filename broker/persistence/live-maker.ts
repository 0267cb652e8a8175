// Checkpoints from live memory. The state is the one of the moment in which they begin; it is written to a file beside
// its place, and put there when it stands.
//
//   the dump file     a snapshot · (waits `rdb-key-save-delay` for each key, which tests ask for) · renamed
//   the log's base    the log begins a new segment; what memory holds in that moment is the base before it. That is
//                     written at once: only for where the log can't be folded by a process of its own.

import path from 'node:path'
import type { CheckpointForm } from '../../core/checkpoint/checkpoint-writer.ts'
import type { LogFiles } from '../../core/log/log-files.ts'
import { Snapshot } from '../../core/checkpoint/snapshot.ts'
import { auxNames, replaceByStream, saveNow } from '../../core/checkpoint/rdb-save.ts'
import type { SaveOptions } from '../../core/checkpoint/rdb-save.ts'
import type { Broker } from '../broker.ts'
import { auxFields, dumpPath } from './dump-file.ts'
import { openFiles, retire, retireNow } from './log-folder.ts'
import type { Making, MakingProgress } from './persistence.ts'
import { SnapshotFile } from './snapshot-file.ts'

/** BGSAVE: the dump file, written a slice of each turn as memory is now. */
export function makeDump(b: Broker): Making {
  const file = dumpPath(b)
  const temporary = path.join(b.config.values.dir, `temp-${process.pid}-${b.persistence.begun}.rdb`)
  const delay = delayOf(b)
  let end = (): void => delay.abort()
  let snapshot: Snapshot | undefined
  const put = async (): Promise<void> => {
    const options = { aux: auxFields(b), checksum: b.config.values.rdbchecksum }
    const writing = new SnapshotFile(b, temporary, (sink) => (snapshot = new Snapshot(b.engine, sink, options)))
    end = () => {
      delay.abort()
      writing.abort()
    }
    if (!await writing.run()) return
    if (!(await delay.over)) {
      b.disk.unlink(temporary)
      return
    }
    b.disk.rename(temporary, file)
    b.disk.syncFolder(path.dirname(file))
  }
  const progress = (): MakingProgress | undefined => (
    snapshot && { phase: 'snapshot', done: snapshot.written, total: snapshot.keys })
  return { done: put(), abort: () => end(), progress }
}

/**
 * BGREWRITEAOF: a new base for the log; without a log one that stands ready for it, as Redis does it. `follows`: false
 * when memory is not what the log folds to.
 */
export function makeRewrite(b: Broker, follows = true): Making {
  const delay = delayOf(b)
  const put = async (): Promise<void> => {
    const { appender, files } = b.persistence
    if (appender === undefined || files === undefined) {
      const folder = openFiles(b)
      const temporary = writeBase(b, folder)
      const position = b.engine.log.appended + 1
      if (await delay.over) retireNow(b, folder.installBase(temporary, Infinity, false), position)
      else b.disk.unlink(temporary)
      return
    }
    // A rotation may come in the middle of a turn that goes on behind it; memory has moved on then.
    let position = await appender.rotate()
    while (position !== b.engine.log.appended && !b.stopping) position = await appender.rotate()
    if (b.stopping) return
    const lastCovered = files.segments.at(-1)!.seq - 1
    const temporary = writeBase(b, files)
    if (await delay.over) await retire(b, files.installBase(temporary, lastCovered, follows), position + 1)
    else b.disk.unlink(temporary)
  }
  return { done: put(), abort: delay.abort, progress: () => undefined }
}

/** Writes the state of this moment as a base; returns the file, which does not count yet. */
export function writeBase(b: Broker, files: LogFiles): string {
  const options = baseOptions(b)
  const temporary = files.temporaryBase(options.form)
  replaceByStream(b.disk, temporary, (sink) => saveNow(b.engine, sink, options))
  return temporary
}

/** How the log's base is written now, and what it says of itself. */
export function baseOptions(b: Broker): SaveOptions {
  const aux = { ...auxFields(b), 'aof-base': 1, [auxNames.position]: b.engine.log.appended }
  return { form: baseFormOf(b), aux, checksum: b.config.values.rdbchecksum }
}

/** `aof-use-rdb-preamble` */
export function baseFormOf(b: Broker): CheckpointForm {
  return b.config.values.aofUseRdbPreamble ? 'rdb' : 'commands'
}

/** What `rdb-key-save-delay` (µs for each key) asks to wait; `over` tells whether it went to its end. */
export function delayOf(b: Broker): { over: Promise<boolean>, abort: () => void } {
  const keys = b.engine.dbs.reduce((sum, db) => sum + db.count, 0)
  const ms = Math.max(0, (keys * b.config.values.rdbKeySaveDelay) / 1000)
  const waiting = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => waiting.resolve(true), ms)
  return {
    over: waiting.promise,
    abort: () => {
      clearTimeout(timer)
      waiting.resolve(false)
    },
  }
}
