// Verifies an archive: the chain of its manifest's lines, each file's SHA-256, that positions go on without a gap, and
// what else lies there.

import path from 'node:path'
import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { Archive, hashFile } from './archive.ts'
import type { ArchivedFile } from './archive.ts'
import type { FaultKind, VerifyStep } from './verify-segment.ts'

/** Returns how many files it holds; 0 when there is no archive. */
export function* verifyArchive(disk: Disk, folder: string): Generator<VerifyStep, number, void> {
  const manifest = path.join(folder, 'archive.manifest')
  if (disk.size(manifest) < 0) return 0
  let archive: Archive
  try {
    archive = new Archive(disk, folder)
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    yield found('damage', manifest, -1, error.message.replace(`${manifest}: `, ''))
    return 0
  }
  let next: number | undefined
  for (const file of archive.files) {
    yield* verifyFile(disk, archive, file)
    if (file.type === 'i') {
      if (next !== undefined && file.from !== next) {
        yield found('gap', archive.pathOf(file), next, `begins at position ${file.from}, expected ${next}`)
      }
      next = file.to + 1
    }
  }
  const named = new Set(archive.files.map((file) => file.name))
  for (const listed of disk.list(folder)) {
    const name = listed.replace(/\.index$/, '')
    if (named.has(name) || name === 'archive.manifest') continue
    if (new Archive(disk, folder).files.some((file) => file.name === name)) continue
    yield found('superfluous', path.join(folder, name), -1, "the archive's manifest does not name it")
  }
  return archive.files.length
}

function* verifyFile(disk: Disk, archive: Archive, file: ArchivedFile): Generator<VerifyStep, void, void> {
  const name = archive.pathOf(file)
  const bytes = disk.size(name)
  if (bytes < 0) {
    // Retention may have removed it meanwhile.
    if (!new Archive(disk, archive.folder).files.some((other) => other.name === file.name)) return
    yield found('missing', name, file.from, "is named in the archive's manifest, but not there")
    return
  }
  const steps = hashFile(disk, name)
  for (;;) {
    const step = steps.next()
    if (step.done !== true) {
      yield { step: 'progress', file: name, bytesRead: 0, bytes: 0 }
      continue
    }
    if (step.value !== file.sha256) {
      yield found('damage', name, file.from, "its SHA-256 is not that of the archive's manifest")
    }
    return
  }
}

function found(kind: FaultKind, file: string, position: number, reason: string): VerifyStep {
  return { step: 'fault', fault: { kind, file, offset: -1, position, ms: 0, reason } }
}
