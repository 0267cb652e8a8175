// What a start loads, as Redis 7 chooses it: with `appendonly yes` the log's folder and nothing else, otherwise the
// dump file. A single `appendonly.aof` beside the folder, which Redis before 7.0 wrote, becomes the folder's base.

import path from 'node:path'
import { MillraceError } from '../../core/errors.ts'
import { nullLog } from '../../core/log/log.ts'
import { readManifest, writeManifest } from '../../core/log/manifest.ts'
import { auxNames } from '../../core/checkpoint/rdb-save.ts'
import type { Broker } from '../broker.ts'
import { openLog } from './recovery.ts'
import { dumpPath, loadDump } from './dump-file.ts'
import { logPlace } from './log-folder.ts'

/** Ends the time of loading. Throws MillraceError when what is there can't be loaded: better no start than no data. */
export async function loadAtStart(b: Broker): Promise<void> {
  const { loading, persistence } = b
  try {
    if (b.config.values.appendonly) {
      adoptOldLog(b)
      await openLog(b)
    } else if (b.disk.size(dumpPath(b)) >= 0) await loadDumpFile(b)
    persistence.loaded()
  } finally {
    loading.end()
  }
}

async function loadDumpFile(b: Broker): Promise<void> {
  const { engine, loading, persistence } = b
  engine.replaying = true
  try {
    const loaded = await loading.inSlices(loadDump(b))
    persistence.loadedKeys = loaded.keys
    persistence.expiredKeys = loaded.expired
    engine.log = nullLog(Number(loaded.aux.get(auxNames.position) ?? 0))
  } finally {
    engine.replaying = false
    engine.setNow(Math.max(engine.now, engine.clock.nowMs()))
  }
  b.report('notice', `DB loaded from disk: ${loading.seconds.toFixed(3)} seconds`)
}

/**
 * The single file of before 7.0 moves into the folder and is its base. The manifest comes first: a crash in between
 * leaves a name whose file is still outside, and the next start moves it.
 */
function adoptOldLog(b: Broker): void {
  const { disk } = b
  const { dir, appendfilename } = b.config.values
  const place = logPlace(b)
  const old = path.join(dir, appendfilename)
  const inside = path.join(place.folder, appendfilename)
  const manifest = readManifest(disk, place)
  if (manifest === undefined) {
    if (disk.size(old) < 0) {
      if (disk.size(dumpPath(b)) >= 0) {
        b.report('warning', `appendonly is yes and there is no log: ${dumpPath(b)} is not loaded (start with `
          + 'appendonly no, then CONFIG SET appendonly yes, to go on from it)')
      }
      return
    }
    disk.makeFolder(place.folder)
    disk.syncFolder(dir)
    writeManifest(disk, place, { files: [{ name: appendfilename, seq: 1, type: 'b' }] })
  } else {
    const waits = manifest.files.some((f) => f.type === 'b' && f.name === appendfilename) && disk.size(inside) < 0
    if (!waits || disk.size(old) < 0) return
  }
  try {
    disk.rename(old, inside)
  } catch (error) {
    throw new MillraceError('LOG_UPGRADE', `${old} can't be moved to ${inside}: ${(error as Error).message}`, error)
  }
  disk.syncFolder(place.folder)
  disk.syncFolder(dir)
  b.report('notice', `Successfully migrated an old-style AOF: ${old} is the log's base now`)
}
