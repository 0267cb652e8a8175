// Copies a file a slice of a turn at a time; what stands at the target stays until the copy is whole and synced.

import path from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { writeAll } from '../../core/disk.ts'
import type { Disk } from '../../core/disk.ts'
import { copySliceBytes, copySliceMsMax } from '../limits.ts'

/** Throws the disk's errors; nothing is left over then. */
export async function copyFile(disk: Disk, from: string, to: string, clock: Clock): Promise<void> {
  const temporary = path.join(path.dirname(to), `temp-${path.basename(to)}`)
  const slice = Buffer.allocUnsafe(copySliceBytes)
  const source = disk.openRead(from)
  try {
    const target = disk.openAppend(temporary)
    try {
      disk.truncate(target, 0)
      let until = clock.monotonicMs() + copySliceMsMax
      for (let at = 0; ;) {
        const came = disk.read(source, slice, 0, slice.length, at)
        if (came === 0) break
        writeAll(disk, target, slice, 0, came, at)
        at += came
        if (clock.monotonicMs() < until) continue
        await new Promise((resolve) => setImmediate(resolve))
        until = clock.monotonicMs() + copySliceMsMax
      }
      await synced(disk, target)
    } finally {
      disk.close(target)
    }
    disk.rename(temporary, to)
    disk.syncFolder(path.dirname(to))
  } catch (error) {
    if (disk.size(temporary) >= 0) disk.unlink(temporary)
    throw error
  } finally {
    disk.close(source)
  }
}

/** Syncs off the thread. */
export function synced(disk: Disk, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    disk.syncLater(fd, (error) => (error === undefined ? resolve() : reject(error)))
  })
}
