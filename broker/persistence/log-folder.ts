// The folder of the log, where this process has not opened it; and its archive, `archive/` in it, where files go that
// no longer count. They are hashed a slice of a turn at a time.

import path from 'node:path'
import { Archive } from '../../core/log/archive.ts'
import { LogFiles } from '../../core/log/log-files.ts'
import { readManifest } from '../../core/log/manifest.ts'
import type { LogPlace } from '../../core/log/manifest.ts'
import type { Broker } from '../broker.ts'
import { archiveSliceMsMax } from '../limits.ts'

export function logPlace(b: Broker): LogPlace {
  const { dir, appenddirname, appendfilename } = b.config.values
  return { folder: path.join(dir, appenddirname), baseName: appendfilename }
}

/** The files that the folder's manifest names; the folder is made if absent. */
export function openFiles(b: Broker): LogFiles {
  const place = logPlace(b)
  b.disk.makeFolder(place.folder)
  b.disk.syncFolder(path.dirname(place.folder))
  return new LogFiles(b.disk, place, readManifest(b.disk, place) ?? { files: [] })
}

/**
 * Archives files that a checkpoint took the place of; `position`: the first one that no longer is in them. Resolves
 * when that is done, or was reported not to work: what is left over is found by the next start.
 */
export async function retire(b: Broker, files: readonly string[], position: number): Promise<void> {
  const { clock } = b.engine
  try {
    const archive = archiveOf(b)
    const steps = archive.adopt(files, position)
    for (let until = clock.monotonicMs() + archiveSliceMsMax; steps.next().done !== true;) {
      if (clock.monotonicMs() < until) continue
      await new Promise((resolve) => setImmediate(resolve))
      until = clock.monotonicMs() + archiveSliceMsMax
    }
    retain(b, archive)
  } catch (error) {
    b.report('warning', `files that the log doesn't need any more can't be archived: ${(error as Error).message}`)
  }
}

/** The same at once: the names are free when it returns. Throws system errors and LOG_ARCHIVE. */
export function retireNow(b: Broker, files: readonly string[], position: number): void {
  const archive = archiveOf(b)
  const steps = archive.adopt(files, position)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  retain(b, archive)
}

/** The archive, opened once: whoever archives while another does sees the lines of both. */
export function archiveOf(b: Broker): Archive {
  const { persistence } = b
  const folder = path.join(logPlace(b).folder, 'archive')
  if (persistence.archive?.folder !== folder) {
    persistence.archive = new Archive(b.disk, folder)
    persistence.archive.settle()
  }
  return persistence.archive
}

/** `log-retention-bytes`, `log-retention-ms` (0: no bound). */
function retain(b: Broker, archive: Archive): void {
  const { logRetentionBytes, logRetentionMs } = b.config.values
  archive.retain(logRetentionBytes, logRetentionMs === 0 ? 0 : b.engine.clock.nowMs() - logRetentionMs)
}
