// Which files of a log tell of its past: those that count, those of the archive, and those on their way there. The log
// is only looked at; a broker may be at work on it, and move a file just then: whoever opens it finds it gone (ENOENT),
// and looks anew.

import path from 'node:path'
import { baseForm } from '../checkpoint/base-file.ts'
import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { archivedFiles } from './archive.ts'
import type { ArchivedFile } from './archive.ts'
import { isOrigin } from './log-files.ts'
import { readManifest } from './manifest.ts'
import type { LogPlace } from './manifest.ts'
import type { GoneBase, Sources } from './salvage.ts'

/** What the archive puts behind a name that it has already. */
const suffix = /(\.(?:rdb|aof))\.\d+$/

type Archived = ArchivedFile & { file: string }
type Found = { file: string; seq: number }

/**
 * Checkpoints, newest first, and segments in order. Throws MillraceError LOG_MANIFEST when there is no manifest, and
 * LOG_DAMAGED when a file that it names is not there.
 */
export function historyFiles(disk: Disk, place: LogPlace): Sources {
  // In this order: a file that leaves the folder meanwhile has its line in the archive before.
  const names = disk.list(place.folder)
  const named: Archived[] = archivedFiles(disk, path.join(place.folder, 'archive'))
    .map((one) => (isSingleAof(disk, one) ? { ...one, type: 'b' } : one))
  const archived = named.filter(({ file }) => disk.size(file) >= 0)
  const manifest = readManifest(disk, place)
  if (manifest === undefined) throw new MillraceError('LOG_MANIFEST', `${place.folder} has no manifest`)
  const counting = manifest.files.filter((file) => file.type !== 'h')
  const found = { b: [] as Found[], i: [] as Found[] }
  for (const { name, seq, type } of counting) {
    const file = path.join(place.folder, name)
    if (disk.size(file) < 0) {
      const isStillNamed = readManifest(disk, place)?.files.some((other) => other.name === name) === true
      if (!isStillNamed) return historyFiles(disk, place)
      throw new MillraceError('LOG_DAMAGED', `${file} is named in the manifest, but missing`)
    }
    if (type !== 'h') found[type].push({ file, seq })
  }
  for (const name of names) {
    const former = formerFile(place, name)
    if (former === undefined || counting.some((file) => file.name === name)) continue
    // What is newer than all that counts never did.
    const newest = Math.max(0, ...counting.filter((file) => file.type === former.type).map((file) => file.seq))
    if (former.seq <= newest) found[former.type].push({ file: path.join(place.folder, name), seq: former.seq })
  }
  const bases = found.b.toSorted((a, b) => b.seq - a.seq).map(({ file }) => file)
  const segments = found.i.toSorted((a, b) => a.seq - b.seq).map(({ file }) => file)
  const archivedOf = (type: 'b' | 'i'): string[] => archived.filter((one) => one.type === type).map(({ file }) => file)
  // What is on its way to the archive has its line there already.
  const settled = named.filter((one) => archived.includes(one) || !names.includes(one.name.replace(suffix, '$1')))
  return {
    bases: [...bases, ...archivedOf('b').toReversed()], segments: [...archivedOf('i'), ...segments],
    gone: goneBases(settled, (one) => archived.includes(one), bases.length),
  }
}

/** The one AOF of a Redis before 7.0, which begins with an RDB: by its name the archive takes it for a segment. */
function isSingleAof(disk: Disk, { file, name }: Archived): boolean {
  return !/\.(?:base|incr)\./.test(name) && baseForm(disk, file) === 'mixed'
}

/** Checkpoints of the archive that are nowhere, and for which what came before them can't stand in. */
function goneBases(named: readonly Archived[], isThere: (one: Archived) => boolean, counting: number): GoneBase[] {
  const gone: GoneBase[] = []
  let newer = counting
  for (const one of named.toReversed()) {
    if (one.type !== 'b') continue
    if (isThere(one)) newer++
    else if (isOrigin(one.name)) gone.push({ file: one.file, position: one.to, newer })
  }
  return gone
}

/** A file of the log by its name. */
function formerFile(place: LogPlace, name: string): { seq: number; type: 'b' | 'i' } | undefined {
  if (!name.startsWith(`${place.baseName}.`)) return undefined
  const match = /^\.(?:origin\.)?(\d+)\.(?:(base)\.(?:rdb|aof)|incr\.aof)$/.exec(name.slice(place.baseName.length))
  return match === null ? undefined : { seq: Number(match[1]), type: match[2] === undefined ? 'i' : 'b' }
}
