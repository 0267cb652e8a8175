// When the newest checkpoint is damaged or gone: the one before it and the segments since then come back from the
// archive, and the log stands on them. The damaged file is kept aside. Nothing is lost by it: those segments and that
// checkpoint hold all that the damaged one did, and frames whose positions don't go on unbroken refuse to start.
//
// In this order, so that a crash in between leaves a state from which it goes on: the damaged file aside, the files
// back, the manifest, the archive's lines.

import path from 'node:path'
import type { Disk } from '../disk.ts'
import { Archive } from './archive.ts'
import type { ArchivedFile } from './archive.ts'
import { readManifest, writeManifest } from './manifest.ts'
import type { LogPlace, ManifestFile } from './manifest.ts'

/** What came back, for the operator. */
export type FallenBack = {
  /** Full name of the checkpoint that counts now, and of the damaged one where it is kept; '' when it is gone. */
  base: string
  aside: string
  segments: number
}

/** Puts the checkpoint before the present one in its place; undefined when the archive has none. Throws LOG_ARCHIVE. */
export function fallBack(disk: Disk, place: LogPlace): FallenBack | undefined {
  const files = readManifest(disk, place)?.files ?? []
  const damaged = files.find((file) => file.type === 'b')
  if (damaged === undefined) return undefined
  const archive = new Archive(disk, path.join(place.folder, 'archive'))
  const at = archive.files.findLastIndex((file) => file.type === 'b')
  if (at === -1) return undefined
  const back = archive.files.slice(at)
  const named = back.map((file) => ({ file, entry: manifestEntry(place, file) }))
  if (named.some(({ entry }) => entry === undefined)) return undefined

  const bad = path.join(place.folder, damaged.name)
  const aside = `${bad}.damaged`
  const isThere = disk.size(bad) >= 0
  if (isThere) {
    disk.rename(bad, aside)
    disk.syncFolder(place.folder)
  }
  for (const { file, entry } of named) {
    const target = path.join(place.folder, entry!.name)
    if (disk.size(archive.pathOf(file)) >= 0) disk.rename(archive.pathOf(file), target)
  }
  disk.syncFolder(place.folder)
  disk.syncFolder(archive.folder)
  writeManifest(disk, place, {
    files: [...named.map(({ entry }) => entry!), ...files.filter((file) => file.type === 'i')],
  })
  archive.giveBack(back.length)
  return {
    base: path.join(place.folder, named[0]!.entry!.name), aside: isThere || disk.size(aside) >= 0 ? aside : '',
    segments: named.length - 1,
  }
}

/** The file under the name and number that it had in the log. */
function manifestEntry(place: LogPlace, file: ArchivedFile): ManifestFile | undefined {
  const name = file.name.replace(/(\.(?:rdb|aof))\.\d+$/, '$1')
  const seq = /\.(\d+)\.(?:base|incr)\.(?:rdb|aof)$/.exec(name)?.[1]
  return seq === undefined || !name.startsWith(place.baseName) ? undefined : { name, seq: Number(seq), type: file.type }
}
