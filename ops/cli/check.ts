// `millrace check`: verifies data directories and single files, and tells each finding as soon as it is made.

import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { baseForm, holdsEntries } from '../../core/checkpoint/base-file.ts'
import { verifyCheckpoint } from '../../core/checkpoint/verify-checkpoint.ts'
import { verifyArchive } from '../../core/log/verify-archive.ts'
import { verifyLog } from '../../core/log/verify-log.ts'
import type { CheckpointFacts } from '../../core/log/verify-log.ts'
import { verifySegment } from '../../core/log/verify-segment.ts'
import type { SegmentFacts, VerifyStep } from '../../core/log/verify-segment.ts'
import { drive } from './drive.ts'
import { faultObject, faultText, timeText } from './fault-text.ts'
import { findPlace } from './place.ts'
import { formatBytes } from './progress.ts'
import { exits } from './verb.ts'
import type { ExitCode, Given, Io, Verb } from './verb.ts'

/** How long a running broker gets to finish what it writes before it is looked at again. */
const growthWaitMs = 25

type Tally = { faults: number, superfluous: number, files: number, bytes: number, segments: SegmentFacts[] }

export const checkVerb: Verb = {
  name: 'check',
  usage: 'PATH... [options]',
  summary: 'verifies data directories, AOF and RDB files; writes nothing',
  positionals: [1, Infinity],
  options: {
    strict: { type: 'boolean', summary: 'superfluous files count as findings, too' },
  },
  notes: [
    [
      'PATH is a data directory, a log directory with a manifest, a manifest, an AOF or an RDB file, of Millrace or of',
      'Redis. Verified are the manifest and its checksum; of each segment the headers, the chained checksums of the',
      'frames, and that positions go on without a gap; of checkpoints the CRC-64, every value, and the position.',
      'A broker may be at work on the directory meanwhile.',
    ],
    [
      'Each finding is a line: file, byte offset, position, kind (torn tail, damage, gap, missing, superfluous), what',
      'was found, what it means and what to do.',
    ],
  ],
  exitCodes: [
    [exits.whole, 'all is whole'],
    [exits.findings, 'there are findings (superfluous files alone are none, unless --strict)'],
    [exits.failed, 'wrong usage, or something could not be read'],
    [exits.interrupted, 'interrupted'],
  ],
  run: check,
}

async function check(given: Given, io: Io): Promise<ExitCode> {
  const tally: Tally = { faults: 0, superfluous: 0, files: 0, bytes: 0, segments: [] }
  for (const name of given.positionals) await checkPath(io, name, tally)
  const { faults, superfluous, files, bytes } = tally
  const until = tally.segments.at(-1)?.until ?? 0
  const counts = `${files} files, ${formatBytes(bytes)}${until > 0 ? `, up to position ${until}` : ''}`
  const findings = `${faults} findings${superfluous > 0 ? `, ${superfluous} superfluous files` : ''}`
  const whole = faults === 0 && (superfluous === 0 || !given.flag('strict'))
  io.output.note(
    { type: 'summary', whole, findings: faults, superfluous, files, bytes, position: until },
    `${faults === 0 ? 'whole' : 'NOT whole'}: ${counts}; ${findings}`,
  )
  return whole ? exits.whole : exits.findings
}

async function checkPath(io: Io, name: string, tally: Tally): Promise<void> {
  const { disk } = io
  const place = findPlace(disk, name)
  if (place.kind === 'rdb') {
    noteCheckpoint(io, tally, await follow(io, tally, verifyCheckpoint(disk, place.file)))
    return
  }
  if (place.kind === 'aof') {
    let offset = 0
    const form = baseForm(disk, place.file)
    if (form !== 'log') {
      const facts = await follow(io, tally, verifyCheckpoint(disk, place.file))
      noteCheckpoint(io, tally, facts)
      if (!facts.whole || !holdsEntries(form)) return
      offset = facts.bytes
    }
    noteSegment(io, tally, await follow(io, tally, verifySegment({
      disk, file: place.file, position: undefined, offset, mayGrow: true,
    })))
    return
  }
  for (const log of place.logs) {
    const facts = await follow(io, tally, verifyLog(disk, log, verifyCheckpoint))
    if (facts.base !== undefined) noteCheckpoint(io, tally, facts.base)
    for (const segment of facts.segments) noteSegment(io, tally, segment)
    tally.files += await follow(io, tally, verifyArchive(disk, path.join(log.folder, 'archive')))
  }
  for (const file of place.rdbs) noteCheckpoint(io, tally, await follow(io, tally, verifyCheckpoint(disk, file)))
}

async function follow<Facts>(io: Io, tally: Tally, steps: Generator<VerifyStep, Facts, void>): Promise<Facts> {
  return followFaults(io, tally, steps, 'checking')
}

/** Runs a verification; tells what it finds, and counts it. */
export async function followFaults<Facts>(
  io: Io, tally: { faults: number, superfluous: number }, steps: Generator<VerifyStep, Facts, void>, task: string,
): Promise<Facts> {
  return drive(io, steps, (step) => {
    if (step.step === 'progress') io.progress.show(task, step.file, step.bytesRead, step.bytes)
    else if (step.step === 'growing') return wait(growthWaitMs)
    else {
      const superfluous = step.fault.kind === 'superfluous'
      if (superfluous) tally.superfluous++
      else tally.faults++
      io.output.result(faultObject(step.fault), faultText(step.fault))
    }
    return undefined
  })
}

function noteSegment(io: Io, tally: Tally, facts: SegmentFacts): void {
  tally.files++
  tally.bytes += facts.bytes
  tally.segments.push(facts)
  const held = facts.until < facts.from ? 'no entries' : `positions ${facts.from} to ${facts.until}`
  const time = facts.fromMs > 0 ? `, ${timeText(facts.fromMs)} to ${timeText(facts.untilMs)}` : ''
  io.output.note({ type: 'segment', ...facts }, `${facts.file}: ${formatBytes(facts.bytes)}, ${held}${time}`)
}

function noteCheckpoint(io: Io, tally: Tally, facts: CheckpointFacts): void {
  tally.files++
  tally.bytes += facts.bytes
  const position = facts.position > 0 ? `, at position ${facts.position}` : ''
  const text = `${facts.file}: ${formatBytes(facts.bytes)}, ${facts.keys} keys${position}`
  io.output.note({ type: 'checkpoint', ...facts }, text)
}
