// `millrace history`: the entries of the log that touched a key.

import { realClock } from '../../core/clock.ts'
import { idText } from '../../core/history/moment.ts'
import { historyFiles } from '../../core/log/history-files.ts'
import { keyHistory } from '../../consumers/time-travel/key-history.ts'
import type { KeyEntry } from '../../consumers/time-travel/key-history.ts'
import { createScratch } from '../../consumers/time-travel/scratch.ts'
import { drive } from './drive.ts'
import { renderLogEntry } from './event.ts'
import { timeText } from './fault-text.ts'
import { whileFilesStay } from './fold.ts'
import { findLog } from './place.ts'
import { readSelection } from './selection.ts'
import { exits, UsageError } from './verb.ts'
import type { ExitCode, Given, Io, Verb } from './verb.ts'

const countDefault = 100
/** What the entries that are shown may take. */
const bytesMax = 1 << 30

export const historyVerb: Verb = {
  name: 'history',
  usage: 'DIR KEY [options]',
  summary: 'tells which entries of the log touched a key, the newest first',
  positionals: [2, 2],
  options: {
    db: { type: 'string', value: 'N', summary: 'the key\'s database (0)' },
    count: { type: 'string', short: 'n', value: 'N', summary: `no more than so many entries (${countDefault})` },
    from: { type: 'string', value: 'WHERE', summary: 'from this position, id or time (ISO 8601) on' },
    until: { type: 'string', value: 'WHERE', summary: 'up to and with this position, id or time' },
    asc: { type: 'boolean', summary: 'the oldest first' },
  },
  notes: [[
    'Each entry is a line: id, time, who (user, client, address), command and arguments. Entries that emptied or',
    'exchanged the whole database count, too. With --json an object a line, as export writes them. The log is only',
    'read; a broker may be at work on it.',
  ]],
  exitCodes: [
    [exits.whole, 'told'],
    [exits.failed, 'wrong usage, or the log is damaged'],
    [exits.interrupted, 'interrupted'],
  ],
  run: tellHistory,
}

async function tellHistory(given: Given, io: Io): Promise<ExitCode> {
  const { db = 0, from, until } = readSelection(given)
  const count = given.text('count') ?? String(countDefault)
  if (!/^[1-9]\d{0,8}$/.test(count)) throw new UsageError(`--count takes a number from 1 on, not '${count}'`)
  const place = findLog(io.disk, given.positionals[0]!)
  const key = Buffer.from(given.positionals[1]!)
  const { specOf } = createScratch({ clock: realClock(), databases: 1 })
  const entries = await whileFilesStay(() => drive(io, keyHistory({
    disk: io.disk, sources: historyFiles(io.disk, place), specOf, db, key, from, to: until, count: Number(count),
    newestFirst: !given.flag('asc'), bytesMax,
  }), ({ file, bytesRead, bytes }) => io.progress.show('reading', file, bytesRead, bytes)))
  for (const entry of entries) io.output.result(renderLogEntry(entry), lineOf(entry))
  return exits.whole
}

function lineOf({ position, ms, command, args, user, client, addr }: KeyEntry): string {
  const who = client === 0 ? '-' : `${user} ${client} ${addr}`
  const words = [command, ...args.map(quoted)].join(' ')
  return `${idText(ms, position)}  ${ms > 0 ? timeText(ms) : '-'}  ${who}  ${words}`
}

/** As redis-cli shows bytes, without quotes where none are needed. */
function quoted(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  if (/^[!#-&(-[\]-~]+$/.test(text)) return text
  const escaped = text.replaceAll(/[\\"]/g, String.raw`\$&`).replaceAll(/[^ -~]/g, hexOf)
  return `"${escaped}"`
}

function hexOf(letter: string): string {
  return `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`
}
