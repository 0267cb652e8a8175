// Finds what an operator's path names: a data directory, a log directory within it, or a single file.

import path from 'node:path'
import type { Disk } from '../../core/disk.ts'
import { MillraceError } from '../../core/errors.ts'
import type { LogPlace } from '../../core/log/manifest.ts'

export type Place =
  | { kind: 'rdb', file: string }
  | { kind: 'aof', file: string }
  | { kind: 'folder', folder: string, logs: LogPlace[], rdbs: string[] }

const manifestEnd = '.manifest'

/** Throws MillraceError NO_DATA, or what the system says. */
export function findPlace(disk: Disk, given: string): Place {
  const names = listFolder(disk, given)
  if (names !== undefined) return folderPlace(disk, given, names)
  if (given.endsWith(manifestEnd)) {
    const folder = path.dirname(given)
    return { kind: 'folder', folder, logs: [placeOf(folder, path.basename(given))], rdbs: [] }
  }
  return given.endsWith('.rdb') ? { kind: 'rdb', file: given } : { kind: 'aof', file: given }
}

/** As `findPlace`, of a folder that holds exactly one log. Throws MillraceError NO_DATA. */
export function findLog(disk: Disk, given: string): LogPlace {
  const place = findPlace(disk, given)
  const logs = place.kind === 'folder' ? place.logs : []
  if (logs.length === 1) return logs[0]!
  const many = logs.map((log) => log.folder).join(', ')
  const reason = logs.length === 0 ? 'holds no log' : `holds several logs: ${many}`
  throw new MillraceError('NO_DATA', `${given} ${reason}`)
}

function folderPlace(disk: Disk, folder: string, names: readonly string[]): Place {
  const logs = logsIn(folder, names)
  if (logs.length === 0) {
    for (const name of names) {
      const below = path.join(folder, name)
      const inner = listFolder(disk, below)
      if (inner !== undefined && name !== 'archive') logs.push(...logsIn(below, inner))
    }
  }
  const rdbs = names.filter((name) => name.endsWith('.rdb') && !name.startsWith('temp-') && isPlainRdb(name, logs))
    .map((name) => path.join(folder, name))
  if (logs.length === 0 && rdbs.length === 0) {
    throw new MillraceError('NO_DATA', `${folder} holds neither a log (a folder with a manifest) nor an RDB file`)
  }
  return { kind: 'folder', folder, logs, rdbs }
}

/** An RDB file that is no base of a log in the same folder. */
function isPlainRdb(name: string, logs: readonly LogPlace[]): boolean {
  return !logs.some((log) => name.startsWith(`${log.baseName}.`) && name.endsWith('.base.rdb'))
}

function logsIn(folder: string, names: readonly string[]): LogPlace[] {
  const manifests = names.filter((name) => name.endsWith(manifestEnd) && !name.startsWith('temp-'))
  if (manifests.length > 0) return manifests.map((name) => placeOf(folder, name))
  // Without its manifest a log still shows by its segments.
  const segment = names.map((name) => /^(.+)\.\d+\.incr\.aof$/.exec(name)).find((match) => match !== null)
  return segment === undefined ? [] : [{ folder, baseName: segment![1]! }]
}

function placeOf(folder: string, manifest: string): LogPlace {
  return { folder, baseName: manifest.slice(0, -manifestEnd.length) }
}

/** Names in a folder; undefined when it is none. Throws what the system says when there is nothing at all. */
function listFolder(disk: Disk, folder: string): string[] | undefined {
  if (disk.size(folder) < 0) {
    const reason = `ENOENT: no such file or directory, '${folder}'`
    throw Object.assign(new Error(reason), { code: 'ENOENT', syscall: 'open' })
  }
  try {
    return disk.list(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined
    throw error
  }
}
