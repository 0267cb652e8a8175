// A data directory in the making: built under a temporary name, and renamed when it is whole. What ends early leaves
// nothing half.

import path from 'node:path'
import { rmSync } from 'node:fs'
import type { Disk } from '../../core/disk.ts'
import { MillraceError } from '../../core/errors.ts'
import type { LogPlace } from '../../core/log/manifest.ts'

const folderName = 'appendonlydir'
const temporaryName = `temp-${folderName}`

/** Runs `build` on a new log, which becomes that of the data directory `dir`. Throws MillraceError TARGET_NOT_EMPTY. */
export async function buildDirectory(disk: Disk, dir: string, build: (log: LogPlace) => Promise<void>): Promise<void> {
  const temporary = path.join(dir, temporaryName)
  const existed = disk.size(dir) >= 0
  if (existed && disk.list(dir).some((name) => name !== temporaryName)) {
    throw new MillraceError('TARGET_NOT_EMPTY', `${dir} is not empty`)
  }
  // What an import that was killed has left.
  rmSync(temporary, { recursive: true, force: true })
  disk.makeFolder(temporary)
  try {
    await build({ folder: temporary, baseName: 'appendonly.aof' })
    disk.rename(temporary, path.join(dir, folderName))
    disk.syncFolder(dir)
  } catch (error) {
    rmSync(existed ? temporary : dir, { recursive: true, force: true })
    throw error
  }
}
