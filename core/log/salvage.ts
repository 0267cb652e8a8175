// Copies of a log what is whole: from a checkpoint that is, every frame behind it from which positions go on unbroken.
// Nothing is edited in place. A damaged checkpoint makes room for the one before it, if the archive still has that and
// the segments behind it.

import path from 'node:path'
import { writeAll } from '../disk.ts'
import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { Archive } from './archive.ts'
import { isOrigin, segmentStart } from './log-files.ts'
import { readManifest, segmentName, writeManifest } from './manifest.ts'
import type { LogPlace, ManifestFile } from './manifest.ts'
import { beginsAsRdb } from './recover.ts'
import { filesByName } from './verify-log.ts'
import type { VerifyCheckpoint } from './verify-log.ts'
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
}

export type Sources = { bases: string[], segments: string[] }

/** The log's checkpoints, newest first, and all its segments in order, those of the archive before. */
export function sourcesOf(disk: Disk, place: LogPlace): Sources {
  const files = manifestFiles(disk, place)
  const inFolder = (type: 'b' | 'i'): string[] => files.filter((file) => file.type === type)
    .map((file) => path.join(place.folder, file.name)).filter((file) => disk.size(file) >= 0)
  const bases = inFolder('b')
  const segments = inFolder('i')
  try {
    const archive = new Archive(disk, path.join(place.folder, 'archive'))
    bases.push(...archive.files.filter((file) => file.type === 'b').toReversed().map((file) => archive.pathOf(file)))
    segments.unshift(...archive.files.filter((file) => file.type === 'i').map((file) => archive.pathOf(file)))
  } catch (error) {
    // An archive whose manifest is damaged is no help; `check` tells of it.
    if (!(error instanceof MillraceError)) throw error
  }
  return { bases, segments: segments.filter((file) => disk.size(file) >= 0) }
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

/** Finds what is whole; yields what is not. Throws MillraceError NOTHING_WHOLE. */
export function* planSalvage(
  disk: Disk, sources: Sources, verifyCheckpoint: VerifyCheckpoint,
): Generator<VerifyStep, Salvage, void> {
  const plan: Salvage = { base: undefined, segments: [], position: 0, ms: 0, lastSeen: 0, lastSeenMs: 0 }
  const found = yield* firstWholeBase(disk, sources, verifyCheckpoint, plan)
  if (!found && sources.bases.length > 0 && !beginsAtOne(disk, sources)) {
    throw new MillraceError('NOTHING_WHOLE', 'no checkpoint is whole, and the segments do not begin at position 1')
  }
  let broken = plan.base !== undefined && plan.base.bytes < disk.size(plan.base.file) && plan.base.file.endsWith('.aof')
  for (const file of sources.segments) {
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

function* firstWholeBase(
  disk: Disk, sources: Sources, verifyCheckpoint: VerifyCheckpoint, plan: Salvage,
): Generator<VerifyStep, boolean, void> {
  for (const file of sources.bases) {
    let bytes = 0
    if (beginsAsRdb(disk, file)) {
      const facts = yield* verifyCheckpoint(disk, file)
      if (!facts.whole) {
        if (!isOrigin(file)) continue
        throw new MillraceError('NOTHING_WHOLE', `${file} is damaged, and no fold of what came before it`)
      }
      plan.position = facts.position
      plan.ms = facts.ms
      bytes = facts.bytes
    }
    if (file.endsWith('.rdb')) bytes = disk.size(file)
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
    return true
  }
  return false
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
    const kind = plan.base.file.endsWith('.rdb') ? 'rdb' : 'aof'
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
