// Checkpoints from the log: the log begins a new segment, which is the cut, and a process of its own folds what is
// before it (see compaction-process.ts). This thread does no more than that.
//
//   rotate ─▶ child: base + sealed segments → temp file, synced ─▶ named in the manifest ─▶ the archive
//                                                              └▶ for BGSAVE, copied to the dump file

import { baseForm, entryFiles } from '../../core/checkpoint/base-file.ts'
import { MillraceError } from '../../core/errors.ts'
import type { LogFiles } from '../../core/log/log-files.ts'
import type { Broker } from '../broker.ts'
import type { CompactionPlan } from './compaction.ts'
import { Compaction } from './compaction-process.ts'
import { copyFile } from './copy-file.ts'
import { auxFields, dumpPath } from './dump-file.ts'
import { baseFormOf, delayOf } from './live-maker.ts'
import { retire } from './log-folder.ts'
import type { Kind, Making } from './persistence.ts'

/**
 * True when a process of its own can fold the log for this: it reads the real disk. The dump file is a copy of the new
 * base; where bases are commands it is written from memory.
 */
export function folds(b: Broker, kind: Kind): boolean {
  const { appender, files } = b.persistence
  if (kind === 'save' && baseFormOf(b) !== 'rdb') return false
  return appender !== undefined && files !== undefined && b.onRealDisk
}

/** A new base of the log; `save`: the dump file, too. */
export function makeFold(b: Broker, kind: Kind): Making {
  const delay = delayOf(b)
  const stopped = { asked: false }
  let compaction: Compaction | undefined
  const put = async (): Promise<void> => {
    const appender = b.persistence.appender!
    const files = b.persistence.files!
    const position = await appender.rotate()
    if (stopped.asked) return
    const lastCovered = files.segments.at(-1)!.seq - 1
    const plan = planOf(b, files)
    compaction = new Compaction(plan)
    const result = await compaction.done
    const { target } = plan
    if (!(await delay.over) || stopped.asked) {
      b.disk.unlink(target)
      return
    }
    if (result.position !== position) {
      const where = `${result.position}, not ${position}`
      throw new MillraceError('COMPACTION_POSITION', `the folded log ends at position ${where}`)
    }
    const former = files.installBase(target, lastCovered)
    b.report('notice', `the log's base stands at position ${position}: ${result.bytes} bytes, `
      + `${result.keysCopied} keys copied, ${result.keysFolded} folded, ${Math.round(result.elapsedMs)} ms, `
      + `${Math.round(result.peakBytes / 2 ** 20)} MiB`)
    if (kind === 'save') await copyFile(b.disk, files.pathOf(files.base!), dumpPath(b), b.engine.clock)
    await retire(b, former, position + 1)
  }
  return {
    done: put(),
    abort: () => {
      stopped.asked = true
      delay.abort()
      compaction?.cancel()
    },
    progress: () => compaction?.progress,
  }
}

function planOf(b: Broker, files: LogFiles): CompactionPlan {
  const { base } = files
  const sealed = files.segments.slice(0, -1).map((file) => files.pathOf(file))
  const file = base === undefined ? undefined : files.pathOf(base)
  const form = baseFormOf(b)
  // An AOF as base may begin with an RDB, as Redis before 7.0 wrote it: then it is both.
  return {
    ...file === undefined || baseForm(b.disk, file) === 'log' ? {} : { base: file },
    segments: entryFiles(b.disk, file, sealed),
    target: files.temporaryBase(form, `${process.pid}-${b.persistence.begun}-`),
    form, databases: b.engine.dbs.length, settings: b.engine.settings,
    aux: { ...auxFields(b), 'aof-base': 1 }, checksum: b.config.values.rdbchecksum, verify: false,
  }
}
