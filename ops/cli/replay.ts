// `millrace replay`: a data directory as of a moment, or the log's effects sent elsewhere.

import { baseForm } from '../../core/checkpoint/base-file.ts'
import { verifyCheckpoint } from '../../core/checkpoint/verify-checkpoint.ts'
import { MillraceError } from '../../core/errors.ts'
import { cutLog } from '../../core/history/cut.ts'
import { idText } from '../../core/history/moment.ts'
import { historyFiles } from '../../core/log/history-files.ts'
import { copySalvage } from '../../core/log/salvage.ts'
import { followFaults } from './check.ts'
import { drive } from './drive.ts'
import { timeText } from './fault-text.ts'
import { whileFilesStay } from './fold.ts'
import { findLog } from './place.ts'
import { replayInto } from './replay-into.ts'
import { readSelection } from './selection.ts'
import { buildDirectory } from './target.ts'
import { exits, UsageError } from './verb.ts'
import type { ExitCode, Given, Io, Verb } from './verb.ts'

export const replayVerb: Verb = {
  name: 'replay',
  usage: 'DIR (--to NEW | --into TARGET) [options]',
  summary: 'makes a data directory as of a moment, or sends the log to a server, to NATS, or as JSON',
  positionals: [1, 1],
  options: {
    to: { type: 'string', value: 'NEW', summary: 'the new data directory: empty or not there yet' },
    into: { type: 'string', value: 'TARGET', summary: 'redis[s]://…, nats://host[:port]/subject, or ndjson' },
    until: { type: 'string', value: 'WHERE', summary: 'up to and with this position, id or time (ISO 8601)' },
    from: { type: 'string', value: 'WHERE', summary: '--into: from this position, id or time on' },
    match: { type: 'string', value: 'GLOB', summary: '--into: only entries with a key that matches' },
    db: { type: 'string', value: 'N', summary: '--into: only this database' },
    pipeline: { type: 'string', value: 'N', summary: '--into: so many may be on their way at once (1)' },
    state: { type: 'boolean', summary: '--into redis: first what was there before --from, as RESTORE' },
    rate: { type: 'string', value: 'N', summary: '--into: no more than so many entries a second' },
    output: { type: 'string', short: 'o', value: 'FILE', summary: '--into ndjson: where to; - (default): stdout' },
  },
  notes: [
    [
      'With --to: point-in-time recovery, or a fork. NEW gets the newest checkpoint that is not later than --until and',
      'the segments behind it, the last one cut there; a transaction stays whole. Positions go on from there. The',
      'broker, and redis-server, start from NEW.',
    ],
    [
      'With --into: the effects, in their order. A redis-server gets them as commands, transactions as they were;',
      'deadlines are points in time, so what is due by the server\'s own clock goes at once. NATS gets each as a JSON',
      'event in a JetStream message, whose id (Nats-Msg-Id) is that of the entry, so that none counts twice. The first',
      'that is refused ends it (with --pipeline, what was on its way behind it is taken, too). Where it ended is told;',
      '--from goes on behind it. Without --from the log must be kept from its first entry on, and nothing have been',
      'there before, unless --state sends what the oldest checkpoint holds.',
    ],
    ['DIR is only read; a broker may be at work on it.'],
  ],
  exitCodes: [
    [exits.whole, 'made, or sent'],
    [exits.findings, 'the server refused an entry: what was before it was sent'],
    [exits.failed, 'wrong usage, the log is damaged or not kept so far back: with --to nothing was made'],
    [exits.interrupted, 'interrupted'],
  ],
  run: replay,
}

async function replay(given: Given, io: Io): Promise<ExitCode> {
  const to = given.text('to')
  const into = given.text('into')
  if ((to === undefined) === (into === undefined)) throw new UsageError('give either --to NEW or --into TARGET')
  const selection = readSelection(given)
  if (into !== undefined) return replayInto(given, io, into, selection)
  if (given.flag('state')) throw new UsageError('--state goes with --into only')
  for (const name of ['from', 'match', 'db', 'rate', 'pipeline', 'output']) {
    if (given.text(name) !== undefined) throw new UsageError(`--${name} goes with --into only`)
  }
  const { disk } = io
  const place = findLog(disk, given.positionals[0]!)
  const cut = await whileFilesStay(async () => {
    const plan = await drive(io, cutLog(disk, historyFiles(disk, place), selection.until), (step) => {
      io.progress.show('reading', step.file, step.bytesRead, step.bytes)
    })
    const tally = { faults: 0, superfluous: 0 }
    const { base } = plan
    if (base !== undefined && baseForm(disk, base.file) !== 'log') {
      await followFaults(io, tally, verifyCheckpoint(disk, base.file), 'verifying')
      if (tally.faults > 0) throw new MillraceError('RDB_DAMAGED', `${base.file} is damaged`)
    }
    await buildDirectory(disk, to!, (log) => followFaults(io, tally, copySalvage(disk, plan, log), 'copying'))
    return plan
  })
  const { position, ms } = cut
  io.output.note(
    { type: 'summary', to, position, ms, id: idText(ms, position) },
    `${to!} stands at ${idText(ms, position)}${ms > 0 ? ` (${timeText(ms)})` : ''}`,
  )
  return exits.whole
}
