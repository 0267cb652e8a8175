// Folds a log into an engine, without touching the log.

import type { Engine } from '../../core/engine.ts'
import { historyRestartsMax } from '../../core/limits.ts'
import { historyFiles } from '../../core/log/history-files.ts'
import type { LogPlace } from '../../core/log/manifest.ts'
import type { Moment } from '../../core/history/moment.ts'
import { foldPast } from '../../core/history/past.ts'
import { createScratch } from '../../consumers/time-travel/scratch.ts'
import { drive } from './drive.ts'
import type { Io } from './verb.ts'

/** More databases than anyone has, so that every number fits. */
const databasesMax = 1024

const tasks = { find: 'searching', load: 'loading', fold: 'folding' } as const

/**
 * The state at the log's end, or at a moment: from the newest checkpoint that is not later. Throws MillraceError
 * BEFORE_HISTORY when the log doesn't reach back so far, and as `foldPast`.
 */
export async function foldLog(io: Io, place: LogPlace, moment?: Moment): Promise<Engine> {
  return whileFilesStay(async () => {
    const { engine, visit, specOf } = createScratch({ clock: io.clock, databases: databasesMax })
    const sources = historyFiles(io.disk, place)
    const steps = foldPast({ disk: io.disk, sources, moment, engine, visit, specOf })
    await drive(io, steps, ({ phase, file, bytesRead, bytes }) => {
      io.progress.show(tasks[phase], file, bytesRead, bytes)
    })
    return engine
  })
}

/** Runs `work` anew when a file that it wants was moved to the archive by a broker just then. */
export async function whileFilesStay<T>(work: () => Promise<T>): Promise<T> {
  for (let restarts = 0; ; restarts++) {
    try {
      return await work()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || restarts >= historyRestartsMax) throw error
    }
  }
}
