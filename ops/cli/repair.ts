// `millrace repair`: copies what is whole of a damaged data directory into a new one, and says what is lost.

import { verifyCheckpoint } from '../../core/checkpoint/verify-checkpoint.ts'
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
  options: {
    to: { type: 'string', value: 'NEW', summary: 'the new data directory: empty or not there yet' },
    'from-checkpoint': { type: 'boolean', summary: 'also goes back to one that what follows does not continue' },
  },
  notes: [
    [
      'Copied is the newest checkpoint that is whole (that of the log, or one of the archive) and behind it every',
      'frame up to the first damage, from which positions are unbroken. What is lost is told in positions and time.',
      'Stop the broker first. The broker, and redis-server, start from NEW.',
    ],
    [
      'A checkpoint may be no fold of what came before it: a master\'s dataset, memory that went on without the log.',
      'When such a one is damaged or gone, nothing is copied, unless --from-checkpoint says that the state before it',
      'is wanted: the newest whole checkpoint from before, and the log behind that, up to where the lost one came in.',
    ],
  ],
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
  const steps = planSalvage(disk, sourcesOf(disk, place), verifyCheckpoint, given.flag('from-checkpoint'))
  const plan = await followFaults(io, tally, steps, 'verifying')
  await buildDirectory(disk, to, (log) => followFaults(io, tally, copySalvage(disk, plan, log), 'copying'))
  const { position, ms, lastSeen, lastSeenMs, lostOrigin } = plan
  const lost = Math.max(0, lastSeen - position)
  const until = `copied up to position ${position}${ms > 0 ? ` (${timeText(ms)})` : ''}`
  const gone = lost === 0
    ? ''
    : `; lost are positions ${position + 1} to ${lastSeen}${lastSeenMs > 0 ? `, up to ${timeText(lastSeenMs)}` : ''}`
  const unlogged = lostOrigin === undefined ? '' : `; lost is also what ${lostOrigin} held`
  io.output.note(
    { type: 'summary', to, position, ms, lostFrom: lost > 0 ? position + 1 : null, lostTo: lost > 0 ? lastSeen : null,
      lostUntilMs: lost > 0 ? lastSeenMs : null, lostOrigin: lostOrigin ?? null, findings: tally.faults },
    `${until}${gone}${unlogged}`,
  )
  return tally.faults === 0 ? exits.whole : exits.findings
}
