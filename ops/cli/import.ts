// `millrace import`: makes a data directory of what a redis-server has: a file, its directory, or the server itself.

import path from 'node:path'
import { verifyCheckpoint } from '../../core/checkpoint/verify-checkpoint.ts'
import { MillraceError } from '../../core/errors.ts'
import { copySalvage, planSalvage } from '../../core/log/salvage.ts'
import { historyFiles } from '../../core/log/history-files.ts'
import type { Sources } from '../../core/log/salvage.ts'
import { followFaults } from './check.ts'
import { foldLog } from './fold.ts'
import { findPlace } from './place.ts'
import { fetchRdb } from './redis-source.ts'
import { buildDirectory } from './target.ts'
import { exits, UsageError } from './verb.ts'
import type { ExitCode, Given, Io, Verb } from './verb.ts'

export const importVerb: Verb = {
  name: 'import',
  usage: 'SOURCE --to DIR [options]',
  summary: 'makes a data directory of Redis data: a dump.rdb, an AOF, its directory, or a running server',
  positionals: [1, 1],
  options: { to: { type: 'string', value: 'DIR', summary: 'the data directory: empty or not there yet' } },
  notes: [[
    'SOURCE is a dump.rdb, an appendonly.aof (with or without an RDB before the commands), an appendonlydir or the',
    'directory that holds it, or redis://[[user]:password@]host[:port] of a running server (rediss:// with TLS).',
    'All types, deadlines, databases and functions are kept. Data of modules can not be: the import names the place',
    'and makes nothing. Everything is verified and folded once before DIR has its name.',
  ]],
  exitCodes: [
    [exits.whole, 'imported'],
    [exits.failed, 'wrong usage, or the source can not be imported: nothing was made'],
    [exits.interrupted, 'interrupted; nothing was made'],
  ],
  run: importData,
}

async function importData(given: Given, io: Io): Promise<ExitCode> {
  const { disk } = io
  const to = given.text('to')
  const from = given.positionals[0]!
  if (to === undefined) throw new UsageError('--to DIR is missing')
  const tally = { faults: 0, superfluous: 0 }
  let keys = 0
  await buildDirectory(disk, to, async (log) => {
    const fetched = path.join(log.folder, 'temp-fetched.rdb')
    const live = /^rediss?:\/\//.test(from)
    if (live) await fetchRdb(io, from, fetched)
    const sources: Sources = live ? { bases: [fetched], segments: [] } : filesOf(io, from)
    const plan = await followFaults(io, tally, planSalvage(disk, sources, verifyCheckpoint), 'verifying')
    if (tally.faults > 0) {
      const hint = 'redis-check-aof --fix cuts a torn tail'
      throw new MillraceError('SOURCE_DAMAGED', `${from} can't be imported as it is (${hint})`)
    }
    await followFaults(io, tally, copySalvage(disk, plan, log), 'copying')
    if (live) disk.unlink(fetched)
    const engine = await foldLog(io, log)
    keys = engine.dbs.reduce((sum, db) => sum + db.count, 0)
  })
  io.output.note({ type: 'summary', to, keys }, `${keys} keys imported to ${to}`)
  return exits.whole
}

function filesOf(io: Io, from: string): Sources {
  const place = findPlace(io.disk, from)
  if (place.kind !== 'folder') return { bases: [place.file], segments: [] }
  if (place.logs.length === 1) return historyFiles(io.disk, place.logs[0]!)
  if (place.logs.length === 0 && place.rdbs.length === 1) return { bases: [...place.rdbs], segments: [] }
  throw new MillraceError('NO_DATA', `${from} holds several logs or RDB files: name one of them`)
}
