// `millrace repair`: copies what is whole of a damaged data directory into a new one, and says what is lost.

import { verifyRdbFile } from '../../core/checkpoint/verify-rdb.ts'
import { copySalvage, missingFiles, planSalvage, sourcesOf } from '../../core/log/salvage.ts'
import { followFaults } from './check.ts'
import { timeText } from './fault-text.ts'
import { findLog } from './place.ts'
import { buildDirectory } from './target.ts'
import { exits, UsageError } from './verb.ts'
import type { ExitCode, Given, Io, Verb } from './verb.ts'

export const repairVerb: Verb = {
  name: 'repair',
  usage: 'DIR --to NEW [options]',
  summary: 'copies what is whole of a damaged data directory; never edits in place',
  positionals: [1, 1],
  options: { to: { type: 'string', value: 'NEW', summary: 'the new data directory: empty or not there yet' } },
  notes: [[
    'Copied is the newest checkpoint that is whole (that of the log, or one of the archive) and behind it every frame',
    'up to the first damage, from which positions are unbroken. What is lost is told in positions and time. Stop the',
    'broker first. The broker, and redis-server, start from NEW.',
  ]],
  exitCodes: [
    [exits.whole, 'all was copied, nothing is lost'],
    [exits.findings, 'what is whole was copied, something is lost'],
    [exits.failed, 'wrong usage, nothing whole, or something could not be read or written'],
    [exits.interrupted, 'interrupted; NEW is as it was'],
  ],
  run: repair,
}

async function repair(given: Given, io: Io): Promise<ExitCode> {
  const { disk } = io
  const to = given.text('to')
  if (to === undefined) throw new UsageError('--to NEW is missing')
  const place = findLog(disk, given.positionals[0]!)
  const tally = { faults: 0, superfluous: 0 }
  await followFaults(io, tally, missingFiles(disk, place), 'verifying')
  const plan = await followFaults(io, tally, planSalvage(disk, sourcesOf(disk, place), verifyRdbFile), 'verifying')
  await buildDirectory(disk, to, (log) => followFaults(io, tally, copySalvage(disk, plan, log), 'copying'))
  const { position, ms, lastSeen, lastSeenMs } = plan
  const lost = Math.max(0, lastSeen - position)
  const until = `copied up to position ${position}${ms > 0 ? ` (${timeText(ms)})` : ''}`
  const gone = lost === 0
    ? ''
    : `; lost are positions ${position + 1} to ${lastSeen}${lastSeenMs > 0 ? `, up to ${timeText(lastSeenMs)}` : ''}`
  io.output.note(
    { type: 'summary', to, position, ms, lostFrom: lost > 0 ? position + 1 : null, lostTo: lost > 0 ? lastSeen : null,
      lostUntilMs: lost > 0 ? lastSeenMs : null, findings: tally.faults },
    `${until}${gone}`,
  )
  return tally.faults === 0 ? exits.whole : exits.findings
}
