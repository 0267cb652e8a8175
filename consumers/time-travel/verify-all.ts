// Verifies a log: every frame and checksum of what counts, the checkpoint, and the archive.

import path from 'node:path'
import { verifyCheckpoint } from '../../core/checkpoint/verify-checkpoint.ts'
import type { Disk } from '../../core/disk.ts'
import { archivedFiles } from '../../core/log/archive.ts'
import type { LogPlace } from '../../core/log/manifest.ts'
import { verifyArchive } from '../../core/log/verify-archive.ts'
import { verifyLog } from '../../core/log/verify-log.ts'
import type { VerifyStep } from '../../core/log/verify-segment.ts'
import { findingsMax } from './limits.ts'
import type { VerifySummary } from './question.ts'

/** Works a slice at each step; superfluous files are no findings. */
export function* verifyAll(disk: Disk, place: LogPlace): Generator<VerifyStep, VerifySummary, void> {
  const summary: VerifySummary = { files: 0, bytes: 0, entries: 0, findings: 0, faults: [] }
  const { base, segments } = yield* counted(verifyLog(disk, place, verifyCheckpoint), summary)
  for (const file of [...base === undefined ? [] : [base], ...segments]) {
    summary.files++
    summary.bytes += file.bytes
  }
  for (const { from, until } of segments) summary.entries += Math.max(0, until - from + 1)
  const folder = path.join(place.folder, 'archive')
  summary.files += yield* counted(verifyArchive(disk, folder), summary)
  for (const file of archivedFiles(disk, folder)) {
    summary.bytes += file.bytes
    if (file.type === 'i') summary.entries += Math.max(0, file.to - file.from + 1)
  }
  return summary
}

function* counted<Facts>(
  steps: Generator<VerifyStep, Facts, void>, summary: VerifySummary,
): Generator<VerifyStep, Facts, void> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (step.value.step === 'fault' && step.value.fault.kind !== 'superfluous') {
      summary.findings++
      if (summary.faults.length < findingsMax) summary.faults.push(step.value.fault)
    }
    yield step.value
  }
}
