// Opens a log directory: replays what it holds, in order, and leaves the last segment ready to be appended to.
//
// A torn tail of the last segment is cut at its last whole frame; the cut bytes are kept in a file beside it.
// Damage anywhere else refuses: the error names file, offset and position.

import path from 'node:path'
import { baseForm, holdsEntries } from '../checkpoint/base-file.ts'
import { writeAll } from '../disk.ts'
import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { fallBack } from './fall-back.ts'
import type { FallenBack } from './fall-back.ts'
import { firstCrc } from './frame.ts'
import type { SegmentEnd } from './appender.ts'
import { LogFiles } from './log-files.ts'
import { readManifest } from './manifest.ts'
import type { LogPlace, Manifest, ManifestFile } from './manifest.ts'
import { SegmentReader } from './reader.ts'
import type { Entry, Finding } from './reader.ts'

export type RecoverOptions = {
  disk: Disk
  place: LogPlace
  /** `aof-load-truncated`: false refuses a torn tail, too. */
  loadTruncated: boolean
  /** Gets every entry, in order. */
  visit: (entry: Entry) => void
  /** Loads the checkpoint that is the base, or begins it; yields now and then. */
  loadBase?: (file: string) => Generator<{ bytesRead: number; keys: number } | undefined, LoadedBase, void>
  /** All that was loaded doesn't count: an earlier checkpoint takes the place of the damaged one. */
  forget?: (reason: MillraceError, instead: FallenBack) => void
}

/** What of the log a base stands for, and where it ends in its file. */
export type LoadedBase = {
  /** Position of the last entry that it contains; 0 where Redis wrote it. */
  position: number
  bytes: number
}

export type Progress = {
  file: string
  bytesRead: number
  bytesTotal: number
  position: number
  /** Loaded from the base. */
  keys: number
}

export type Recovered = {
  end: SegmentEnd
  files: LogFiles
  /** What counted once and is in no archive yet: a crash came between. */
  former: string[]
  /** The first position that isn't in those files: the base's, and one. */
  formerUntil: number
  entries: number
  frames: number
  /** The `#` line that was read last, without its line end; '' when there is none. */
  lastLine: string
  /** What was cut off, and where it is kept. */
  cut: (Finding & { bytes: number; kept: string }) | undefined
}

/**
 * Yields after each frame, so that the caller may let others run. Falls back on an earlier checkpoint when the newest
 * is damaged or missing, and the archive has one.
 * Throws LOG_DAMAGED, LOG_TRUNCATED, LOG_MANIFEST, LOG_BASE, RDB_DAMAGED.
 */
export function* recoverLog(options: RecoverOptions): Generator<Progress, Recovered, void> {
  for (;;) {
    try {
      return yield* recoverOnce(options)
    } catch (error) {
      const isBase = error instanceof MillraceError && (error.code === 'RDB_DAMAGED' || error.code === 'LOG_BASE')
      if (!isBase || options.forget === undefined) throw error
      const found = fallBack(options.disk, options.place)
      if (found === undefined) throw error
      options.forget(error, found)
    }
  }
}

function* recoverOnce(options: RecoverOptions): Generator<Progress, Recovered, void> {
  const { disk, place } = options
  disk.makeFolder(place.folder)
  disk.syncFolder(path.dirname(place.folder))
  const manifest: Manifest = readManifest(disk, place) ?? { files: [] }
  const log = new LogFiles(disk, place, manifest)

  const files = manifest.files.filter((f) => f.type !== 'h').toSorted((a, b) => order(a) - order(b))
  const bytesTotal = files.reduce((sum, f) => sum + Math.max(0, disk.size(path.join(place.folder, f.name))), 0)
  let bytesBefore = 0
  let position = 0
  let basePosition = 0
  let frames = 0
  let keys = 0
  let last: { file: string; offset: number; crc: number; plain: boolean } | undefined
  let lastLine = ''
  let cut: Recovered['cut']
  for (const [index, file] of files.entries()) {
    const name = path.join(place.folder, file.name)
    if (disk.size(name) < 0) {
      const code = file.type === 'b' ? 'LOG_BASE' : 'LOG_DAMAGED'
      throw new MillraceError(code, `${name} is named in the manifest, but missing`)
    }
    let from = 0
    const form = index === 0 ? baseForm(disk, name) : 'log'
    if (form !== 'log') {
      const steps = options.loadBase?.(name)
      if (steps === undefined) throw new MillraceError('LOG_BASE_RDB', `${name}: a checkpoint, which nobody loads here`)
      for (;;) {
        const step = steps.next()
        if (step.done === true) {
          position = step.value.position
          basePosition = position
          from = step.value.bytes
          break
        }
        keys = step.value?.keys ?? keys
        yield { file: name, bytesRead: bytesBefore + (step.value?.bytesRead ?? 0), bytesTotal, position, keys }
      }
      if (!holdsEntries(form)) {
        bytesBefore += disk.size(name)
        continue
      }
    }
    const reader = new SegmentReader(disk, name, position, from)
    log.startsAfter.set(file.name, position)
    try {
      while (reader.next(options.visit)) {
        yield { file: name, bytesRead: bytesBefore + reader.offset, bytesTotal, position: reader.position, keys }
      }
      if (reader.finding !== undefined) {
        const isLast = index === files.length - 1
        cut = settle(disk, reader, reader.finding, isLast, options.loadTruncated)
      }
    } finally {
      reader.close()
    }
    position = reader.position
    frames += reader.frames
    if (reader.frames > 0) lastLine = reader.mark.by
    bytesBefore += reader.bytes
    last = { file: name, offset: reader.offset, crc: reader.crc, plain: reader.plain || file.type === 'b' }
  }

  // What was found may be known to the operating system only: a process that was killed before its sync or rename was
  // through leaves it so. Whoever goes on from here counts all of it as durable, so now it becomes that.
  if (last !== undefined) {
    syncFile(disk, last.file)
    disk.syncFolder(place.folder)
  }
  // A file of plain Redis commands is left as it is; our frames begin a segment of their own.
  const end: SegmentEnd = last === undefined || last.plain
    ? { fd: log.nextSegment(), bytes: 0, crc: firstCrc, position }
    : { fd: disk.openAppend(last.file), bytes: last.offset, crc: last.crc, position }
  const former = log.settle()
  return { end, files: log, former, formerUntil: basePosition + 1, entries: position, frames, lastLine, cut }
}

function order(file: ManifestFile): number {
  return file.type === 'b' ? -1 : file.seq
}

function syncFile(disk: Disk, file: string): void {
  const fd = disk.openAppend(file)
  try {
    disk.sync(fd)
  } finally {
    disk.close(fd)
  }
}

/** Cuts a torn tail and keeps its bytes, or throws. */
function settle(
  disk: Disk, reader: SegmentReader, finding: Finding, isLast: boolean, loadTruncated: boolean,
): Recovered['cut'] {
  const where = `${finding.file} at byte ${finding.offset} (position ${finding.position}): ${finding.reason}`
  if (finding.kind === 'damaged' || !isLast) {
    throw new MillraceError('LOG_DAMAGED', `the log is damaged: ${where}`)
  }
  if (!loadTruncated) {
    throw new MillraceError('LOG_TRUNCATED', `the log's tail is torn and aof-load-truncated is no: ${where}`)
  }
  const bytes = reader.bytes - finding.offset
  const kept = `${finding.file}.torn-${finding.offset}`
  const source = disk.openAppend(finding.file)
  const target = disk.openAppend(kept)
  try {
    const tail = Buffer.alloc(Math.min(bytes, 1 << 20))
    for (let at = 0; at < bytes;) {
      const came = disk.read(source, tail, 0, Math.min(tail.length, bytes - at), finding.offset + at)
      if (came === 0) break
      writeAll(disk, target, tail, 0, came, at)
      at += came
    }
    disk.sync(target)
    disk.syncFolder(path.dirname(finding.file))
    disk.truncate(source, finding.offset)
    disk.sync(source)
  } finally {
    disk.close(target)
    disk.close(source)
  }
  return { ...finding, bytes, kept }
}
