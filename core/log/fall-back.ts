// When the newest checkpoint is damaged or gone: the one before it (or, before the first one, nothing) and the segments
// since then come back from the archive, and the log stands on them. The damaged file is kept aside. Nothing is lost by
// it: those segments and that checkpoint hold all that the damaged one did.
//
// Before anything is touched it is proved that they do: the checkpoint is a fold of what the archive has, all of that
// is there, and its positions lead without a gap to those of the segments that count. Without proof nothing starts.
//
// In this order, so that a crash in between leaves a state from which it goes on: the damaged file aside, the files
// back, the manifest, the archive's lines.

import path from 'node:path'
import { baseForm, holdsEntries } from '../checkpoint/base-file.ts'
import { readFile } from '../disk.ts'
import type { Disk } from '../disk.ts'
import { Archive } from './archive.ts'
import type { ArchivedFile } from './archive.ts'
import { LogFiles, isOrigin, segmentStart } from './log-files.ts'
import { manifestPath, readManifest, writeManifest } from './manifest.ts'
import type { LogPlace, Manifest, ManifestFile } from './manifest.ts'
import { SegmentReader } from './reader.ts'

/** What came back, for the operator. */
export type FallenBack = {
  /** Full name of the checkpoint that counts now ('': none, the segments begin with the first entry), ... */
  base: string
  /** ... and of the damaged one where it is kept; '' when it is gone. */
  aside: string
  segments: number
}

type Back = { file: ArchivedFile; entry: ManifestFile }

/** Puts what came before the present checkpoint in its place; undefined when that can't be proved to be all of it. */
export function fallBack(disk: Disk, place: LogPlace): FallenBack | undefined {
  const manifest = readManifest(disk, place)
  const damaged = manifest?.files.find((file) => file.type === 'b')
  if (manifest === undefined || damaged === undefined || !isFold(disk, place, damaged)) return undefined
  const live = manifest.files.filter((file) => file.type === 'i')
  const archive = new Archive(disk, path.join(place.folder, 'archive'))
  archiveLeftovers(disk, place, manifest, archive)
  const back = chain(disk, place, archive, live)
  if (back === undefined) return undefined

  const bad = path.join(place.folder, damaged.name)
  const aside = `${bad}.damaged`
  const isThere = disk.size(bad) >= 0
  if (isThere) {
    disk.rename(bad, aside)
    disk.syncFolder(place.folder)
  }
  for (const { file, entry } of back) disk.rename(archive.pathOf(file), path.join(place.folder, entry.name))
  disk.syncFolder(place.folder)
  disk.syncFolder(archive.folder)
  writeManifest(disk, place, { files: [...back.map(({ entry }) => entry), ...live] })
  archive.giveBack(back.length)
  const base = back.find(({ entry }) => entry.type === 'b')
  return {
    base: base === undefined ? '' : path.join(place.folder, base.entry.name),
    aside: isThere || disk.size(aside) >= 0 ? aside : '',
    segments: back.length - (base === undefined ? 0 : 1),
  }
}

/** The base was made by us, of what it took the place of. Redis's manifest has no checksum, its bases no position. */
function isFold(disk: Disk, place: LogPlace, base: ManifestFile): boolean {
  if (isOrigin(base.name) || !/^#crc=/m.test(readFile(disk, manifestPath(place)).toString('latin1'))) return false
  const file = path.join(place.folder, base.name)
  if (disk.size(file) < 0) return true
  const beginning = Buffer.alloc(Math.min(disk.size(file), 1024))
  const fd = disk.openRead(file)
  try {
    disk.read(fd, beginning, 0, beginning.length, 0)
  } finally {
    disk.close(fd)
  }
  return !beginning.includes('redis-ver') || beginning.includes('millrace-position')
}

/** What a crash or a refusing disk kept from the archive goes there first; and what a crash here had moved back. */
function archiveLeftovers(disk: Disk, place: LogPlace, manifest: Manifest, archive: Archive): void {
  const former = new LogFiles(disk, place, manifest).settle()
  const last = former.at(-1)
  if (last === undefined) return
  const reader = new SegmentReader(disk, last, (segmentStart(disk, last)?.position ?? 1) - 1)
  const isSegment = !last.includes('.base.') || holdsEntries(baseForm(disk, last))
  try {
    if (isSegment) while (reader.next(() => {})) continue
    const steps = archive.adopt(former, reader.position + 1)
    while (steps.next().done !== true) continue
  } finally {
    reader.close()
  }
}

/** The archive's files to go back to, each with its place in the log; undefined unless they are there and unbroken. */
function chain(disk: Disk, place: LogPlace, archive: Archive, live: readonly ManifestFile[]): Back[] | undefined {
  const files = archive.files.slice(archive.fallbackStart)
  if (files.length === 0) return undefined
  const back: Back[] = []
  let next = files[0]!.type === 'b' ? files[0]!.to + 1 : 1
  let seq = 0
  for (const file of files) {
    const entry = manifestEntry(place, file)
    if (entry === undefined || disk.size(archive.pathOf(file)) !== file.bytes) return undefined
    if (disk.size(path.join(place.folder, entry.name)) >= 0) return undefined
    back.push({ file, entry })
    if (file.type === 'b') continue
    // What Redis wrote has no positions; lines that follow each other are what there is.
    const isFramed = segmentStart(disk, archive.pathOf(file)) !== undefined
    if ((isFramed && file.from !== next) || entry.seq <= seq) return undefined
    next = file.to + 1
    seq = entry.seq
  }
  const first = live.find((file) => disk.size(path.join(place.folder, file.name)) > 0)
  const start = first === undefined ? undefined : segmentStart(disk, path.join(place.folder, first.name))
  if (first !== undefined && start?.position !== next) return undefined
  return live.some((file) => file.seq <= seq) ? undefined : back
}

/** The file under the name and number that it had in the log. */
function manifestEntry(place: LogPlace, file: ArchivedFile): ManifestFile | undefined {
  const name = file.name.replace(/(\.(?:rdb|aof))\.\d+$/, '$1')
  const seq = /\.(\d+)\.(?:base|incr)\.(?:rdb|aof)$/.exec(name)?.[1]
  return seq === undefined || !name.startsWith(place.baseName) ? undefined : { name, seq: Number(seq), type: file.type }
}
