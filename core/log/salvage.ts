// Copies of a log what is whole: from a checkpoint that is, every frame behind it from which positions go on unbroken.
// Nothing is edited in place. A damaged checkpoint makes room for the one before it, if the archive still has that and
// the segments behind it.

import path from 'node:path'
import { baseForm, holdsEntries } from '../checkpoint/base-file.ts'
import { writeAll } from '../disk.ts'
import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { archivedFiles } from './archive.ts'
import { isOrigin, segmentStart } from './log-files.ts'
import { readManifest, segmentName, writeManifest } from './manifest.ts'
import type { LogPlace, ManifestFile } from './manifest.ts'
import { filesByName } from './verify-log.ts'
import type { CheckpointFacts, VerifyCheckpoint } from './verify-log.ts'
import { verifySegment } from './verify-segment.ts'
import type { Fault, VerifyStep } from './verify-segment.ts'

/** A file of a log, how much of it is copied, and what follows in place of the rest. */
export type Piece = { file: string, bytes: number, tail?: Buffer }

export type Salvage = {
  base: Piece | undefined
  segments: Piece[]
  /** The last position that is copied, and the time of its frame (unix ms, 0: nobody knows). */
  position: number
  ms: number
  /** Positions that some file still holds, but that can't be reached: the last of them, and its time. */
  lastSeen: number
  lastSeenMs: number
  /** A checkpoint that is lost, and with it what it held: it was no fold of what came before. */
  lostOrigin: string | undefined
}

export type Sources = {
  /** Newest first. */
  bases: string[]
  segments: string[]
  /** By checkpoint that is no fold of what came before it: how many of the segments are from before. */
  origins?: ReadonlyMap<string, number>
  /** Such checkpoints that the archive names and that are not there, newest first. */
  gone?: readonly GoneBase[]
}

export type GoneBase = {
  file: string
  /** Where in the log it stood. */
  position: number
  /** How many of the bases are newer. */
  newer: number
}

/**
 * The log's checkpoints, newest first, and all its segments in order, those of the archive before. What is gone is left
 * out, but for checkpoints that are no fold of what came before them.
 */
export function sourcesOf(disk: Disk, place: LogPlace): Sources {
  const bases: string[] = []
  const segments: string[] = []
  const origins = new Map<string, number>()
  const archived: NamedFile[] = archivedFiles(disk, path.join(place.folder, 'archive'))
  for (const { file, type } of [...archived, ...countingFiles(disk, place)]) {
    const isThere = disk.size(file) >= 0
    if (type === 'i') {
      if (isThere) segments.push(file)
      continue
    }
    if (isOrigin(file)) origins.set(file, segments.length)
    if (isThere || origins.has(file)) bases.unshift(file)
  }
  return { bases, segments, origins }
}

type NamedFile = { file: string, type: 'b' | 'i' | 'h' }

/** The base, and the segments behind it. */
function countingFiles(disk: Disk, place: LogPlace): NamedFile[] {
  const files = manifestFiles(disk, place)
  return (['b', 'i'] as const).flatMap((type) => files.filter((file) => file.type === type))
    .map(({ name, type }) => ({ file: path.join(place.folder, name), type }))
}

/** Files that the manifest names and that are gone: what they held is lost, and nobody knows how much that is. */
export function* missingFiles(disk: Disk, place: LogPlace): Generator<VerifyStep, void, void> {
  for (const { name, type } of manifestFiles(disk, place)) {
    const file = path.join(place.folder, name)
    if (type === 'h' || disk.size(file) >= 0) continue
    const reason = 'is named in the manifest, but not there'
    yield { step: 'fault', fault: { kind: 'missing', file, offset: -1, position: -1, ms: 0, reason } }
  }
}

function manifestFiles(disk: Disk, place: LogPlace): ManifestFile[] {
  try {
    const manifest = readManifest(disk, place)
    if (manifest !== undefined) return manifest.files
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
  }
  return filesByName(place, disk.list(place.folder))
}

/**
 * Finds what is whole; yields what is not. `goesBack`: also to what is before a lost checkpoint that was no fold of it;
 * what followed that checkpoint is then lost, too. Throws MillraceError NOTHING_WHOLE.
 */
export function* planSalvage(
  disk: Disk, sources: Sources, verifyCheckpoint: VerifyCheckpoint, goesBack = false,
): Generator<VerifyStep, Salvage, void> {
  const plan: Salvage = {
    base: undefined, segments: [], position: 0, ms: 0, lastSeen: 0, lastSeenMs: 0, lostOrigin: undefined,
  }
  const { found, segmentsMax } = yield* firstWholeBase(disk, sources, verifyCheckpoint, plan, goesBack)
  if (!found && sources.bases.length > 0 && !beginsAtOne(disk, sources)) {
    throw new MillraceError('NOTHING_WHOLE', 'no checkpoint is whole, and the segments do not begin at position 1')
  }
  let broken = plan.base !== undefined && plan.base.bytes < disk.size(plan.base.file)
  for (const [index, file] of sources.segments.entries()) {
    if (index >= segmentsMax) broken = true
    const begins = segmentStart(disk, file)?.position
    if (begins !== undefined && begins <= plan.position) continue
    let fault: Fault | undefined
    const steps = verifySegment({ disk, file, position: broken ? undefined : plan.position, mayGrow: false })
    for (;;) {
      const step = steps.next()
      if (step.done === true) {
        plan.lastSeen = Math.max(plan.lastSeen, step.value.until)
        plan.lastSeenMs = Math.max(plan.lastSeenMs, step.value.untilMs)
        if (!broken && fault === undefined) {
          plan.segments.push({ file, bytes: step.value.bytes })
          plan.position = step.value.until
          plan.ms = Math.max(plan.ms, step.value.untilMs)
        }
        break
      }
      yield step.value
      if (step.value.step !== 'fault' || broken || fault !== undefined) continue
      fault = step.value.fault
      if (fault.offset > 0) plan.segments.push({ file, bytes: fault.offset })
      plan.position = fault.position - 1
      plan.ms = Math.max(plan.ms, fault.ms)
    }
    if (fault !== undefined) broken = true
  }
  return plan
}

/** `segmentsMax`: how many of the segments can follow what was found. */
function* firstWholeBase(
  disk: Disk, sources: Sources, verifyCheckpoint: VerifyCheckpoint, plan: Salvage, goesBack: boolean,
): Generator<VerifyStep, { found: boolean, segmentsMax: number }, void> {
  let segmentsMax = sources.segments.length
  for (const file of sources.bases) {
    const isThere = disk.size(file) >= 0
    let bytes = 0
    const form = baseForm(disk, file)
    if (!isThere || form !== 'log') {
      const facts = isThere ? yield* verifyCheckpoint(disk, file) : undefined
      if (facts?.whole !== true) {
        noteSeen(plan, facts)
        if (!isOrigin(file)) continue
        const before = sources.origins?.get(file)
        if (!goesBack || before === undefined) throw lostOrigin(file, isThere)
        plan.lostOrigin ??= file
        segmentsMax = before
        continue
      }
      plan.position = facts.position
      plan.ms = facts.ms
      bytes = facts.bytes
    }
    if (!holdsEntries(form)) bytes = disk.size(file)
    else {
      const steps = verifySegment({ disk, file, position: plan.position, offset: bytes, mayGrow: false })
      let cutAt = -1
      for (;;) {
        const step = steps.next()
        if (step.done === true) {
          bytes = cutAt < 0 ? step.value.bytes : cutAt
          if (cutAt < 0) plan.position = step.value.until
          break
        }
        yield step.value
        if (step.value.step !== 'fault' || cutAt >= 0) continue
        cutAt = step.value.fault.offset
        plan.position = step.value.fault.position - 1
      }
    }
    plan.base = { file, bytes }
    return { found: true, segmentsMax }
  }
  return { found: false, segmentsMax }
}

/** A damaged checkpoint still tells where it stood, unless that is damaged, too. */
function noteSeen(plan: Salvage, facts: CheckpointFacts | undefined): void {
  if (facts === undefined || !Number.isSafeInteger(facts.position) || facts.position <= plan.lastSeen) return
  plan.lastSeen = facts.position
  plan.lastSeenMs = facts.ms
}

function lostOrigin(file: string, isThere: boolean): MillraceError {
  const what = isThere ? 'is damaged' : 'is gone'
  return new MillraceError('NOTHING_WHOLE', `${file} ${what}, and no fold of what came before it; `
    + '`millrace repair --from-checkpoint` goes back to that')
}

function beginsAtOne(disk: Disk, sources: Sources): boolean {
  const first = sources.segments.find((file) => disk.size(file) > 0)
  return first !== undefined && segmentStart(disk, first)?.position === 1
}

/** Copies what was planned into the new, empty log at `target`; synced when it returns. */
export function* copySalvage(
  disk: Disk, plan: Pick<Salvage, 'base' | 'segments'>, target: LogPlace,
): Generator<VerifyStep, void, void> {
  disk.makeFolder(target.folder)
  const files: ManifestFile[] = []
  if (plan.base !== undefined) {
    const kind = baseForm(disk, plan.base.file) === 'rdb' ? 'rdb' : 'aof'
    files.push({ name: `${target.baseName}.1.base.${kind}`, seq: 1, type: 'b' })
    yield* copyPiece(disk, plan.base, path.join(target.folder, files[0]!.name))
  }
  for (const [index, piece] of plan.segments.entries()) {
    const name = segmentName(target, index + 1)
    files.push({ name, seq: index + 1, type: 'i' })
    yield* copyPiece(disk, piece, path.join(target.folder, name))
  }
  disk.syncFolder(target.folder)
  writeManifest(disk, target, { files })
}

const copySliceBytes = 1024 * 1024

function* copyPiece(disk: Disk, piece: Piece, to: string): Generator<VerifyStep, void, void> {
  const source = disk.openRead(piece.file)
  const target = disk.openAppend(to)
  try {
    const slice = Buffer.allocUnsafe(copySliceBytes)
    for (let at = 0; at < piece.bytes;) {
      const came = disk.read(source, slice, 0, Math.min(slice.length, piece.bytes - at), at)
      if (came === 0) throw new MillraceError('SHORT_FILE', `${piece.file} became shorter while it was copied`)
      writeAll(disk, target, slice, 0, came, at)
      at += came
      yield { step: 'progress', file: piece.file, bytesRead: at, bytes: piece.bytes }
    }
    if (piece.tail !== undefined) writeAll(disk, target, piece.tail, 0, piece.tail.length, piece.bytes)
    disk.sync(target)
  } finally {
    disk.close(source)
    disk.close(target)
  }
}
