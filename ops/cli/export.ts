// `millrace export`: the log or the state as files that others read: a plain AOF, an RDB, or a JSON object an event.

import { encodeWords } from '../../core/args.ts'
import type { Stand } from '../../core/checkpoint/command-format.ts'
import { readCommandFile } from '../../core/checkpoint/command-file-reader.ts'
import { auxNames, beginFile } from '../../core/checkpoint/rdb-save.ts'
import { verifyCheckpoint } from '../../core/checkpoint/verify-checkpoint.ts'
import { createCommands } from '../../broker/commands/table.ts'
import { redisVersion } from '../../broker/product.ts'
import type { Engine } from '../../core/engine.ts'
import { keyOf } from '../../core/keyspace/entry.ts'
import { MillraceError } from '../../core/errors.ts'
import { keptEntries, keptStart } from '../../core/history/kept-entries.ts'
import type { KeptStart } from '../../core/history/kept-entries.ts'
import { idText, isBefore, positionOf } from '../../core/history/moment.ts'
import type { Moment } from '../../core/history/moment.ts'
import { findBeginning, refuseLost } from '../../core/history/past.ts'
import type { Beginning } from '../../core/history/past.ts'
import { historyFiles } from '../../core/log/history-files.ts'
import type { LogPlace } from '../../core/log/manifest.ts'
import type { Entry } from '../../core/log/reader.ts'
import { breathe, drive } from './drive.ts'
import { faultText } from './fault-text.ts'
import { renderEvent } from './event.ts'
import { foldLog, whileFilesStay } from './fold.ts'
import { findLog } from './place.ts'
import { entryMatches, isFrom, keyMatches, keysOf, readSelection } from './selection.ts'
import type { Selection } from './selection.ts'
import { openSink } from './sink.ts'
import type { Sink } from './sink.ts'
import { stateCommands } from './state.ts'
import { exits, UsageError } from './verb.ts'
import type { ExitCode, Given, Io, Verb } from './verb.ts'

const sliceBytes = 256 * 1024

export const exportVerb: Verb = {
  name: 'export',
  usage: 'DIR --format aof|rdb|ndjson [options]',
  summary: 'writes the log or the state as a plain Redis AOF, as an RDB, or as JSON events',
  positionals: [1, 1],
  options: {
    format: { type: 'string', value: 'F', summary: 'aof, rdb or ndjson' },
    output: { type: 'string', short: 'o', value: 'FILE', summary: 'where to; - (the default) is stdout' },
    state: { type: 'boolean', summary: 'aof: the state as commands instead of the history' },
    db: { type: 'string', value: 'N', summary: 'only this database' },
    match: { type: 'string', value: 'GLOB', summary: 'only keys (events with a key) that match' },
    from: { type: 'string', value: 'WHERE', summary: 'history from this position, id or time (ISO 8601) on' },
    until: { type: 'string', value: 'WHERE', summary: 'up to and with this position, id or time' },
  },
  notes: [
    [
      'aof     commands without our comments: the history, behind the checkpoint (an RDB, or its commands) where it is',
      '        not kept from its first entry on, or something was there before; or with --state one RESTORE a key. A',
      '        redis-server loads it. A part of the history (--db, --match, --from) has no checkpoint before it.',
      'rdb     the state at the end or at --until, as redis-server 7.0 reads it',
      'ndjson  one object a line: position, time, db, command, keys, args, user, client, addr; bytes that are no UTF-8',
      '        stand as {"base64": "..."}',
    ],
    ['History that is not kept, or that stands in a checkpoint only, is told of.'],
    ['The log is only read; a broker may be at work on it. Memory does not grow with the log, but aof --state and rdb',
      'fold the state into memory.'],
  ],
  exitCodes: [
    [exits.whole, 'exported'],
    [exits.failed, 'wrong usage, or the log is damaged: no file was made'],
    [exits.interrupted, 'interrupted; no file was made'],
  ],
  run: exportData,
}

async function exportData(given: Given, io: Io): Promise<ExitCode> {
  const format = given.text('format')
  if (format !== 'aof' && format !== 'rdb' && format !== 'ndjson') {
    throw new UsageError('--format must be aof, rdb or ndjson')
  }
  const selection = readSelection(given)
  const state = format === 'rdb' || given.flag('state')
  if (state && (format === 'ndjson' || selection.from !== undefined)) {
    throw new UsageError('--state goes with aof only, and a state has no --from')
  }
  const file = given.text('output') ?? '-'
  io.output.aside = file === '-'
  const place = findLog(io.disk, given.positionals[0]!)
  const sink = openSink(io.disk, file)
  let count
  try {
    if (state) {
      const engine = await foldLog(io, place, selection.until)
      count = format === 'rdb' ? writeRdb(engine, selection, sink) : await writeState(io, engine, selection, sink)
    } else {
      const { db, match, from } = selection
      const isPart = db !== undefined || match !== undefined || from !== undefined
      const start = await whileFilesStay(async () => keptStart(io.disk, historyFiles(io.disk, place)))
      const needsBase = format === 'aof' && !isPart && !start.isWhole
      const base = needsBase ? await writeBase(io, place, selection.until, sink) : undefined
      if (base === undefined) noteGap(io, start, from)
      const first = base === undefined ? positionOf(from) ?? start.position : base.position + 1
      const written = await writeHistory(io, place, format, selection, first, sink)
      if (base !== undefined) refuseLost(base, written.stand)
      count = written.count
    }
    await sink.finish()
  } catch (error) {
    sink.abandon()
    throw error
  }
  const what = state ? 'keys' : 'entries'
  io.output.note({ type: 'summary', format, output: file, [what]: count }, `${count} ${what} exported`)
  return exits.whole
}

/** Writes the newest checkpoint that is not later than `until`. */
async function writeBase(
  io: Io, place: LogPlace, until: Moment | undefined, sink: Sink,
): Promise<Beginning | undefined> {
  const { disk } = io
  const opened = await whileFilesStay(async () => {
    const beginning = findBeginning(disk, historyFiles(disk, place), until)
    const { base, form } = beginning
    if (base === undefined) return undefined
    const facts = await drive(io, verifyCheckpoint(disk, base), (step) => {
      if (step.step === 'fault') throw new MillraceError('RDB_DAMAGED', faultText(step.fault))
    })
    // A file that is gone is missed before any of it is written.
    if (form !== 'commands') return { beginning, base, bytes: facts.bytes, fd: disk.openRead(base) }
    await writeCommands(io, base, sink)
    return { beginning, base, bytes: 0, fd: undefined }
  })
  if (opened === undefined) return undefined
  const { beginning, base, bytes, fd } = opened
  if (fd === undefined) return beginning
  try {
    const slice = Buffer.allocUnsafe(sliceBytes)
    for (let at = 0; at < bytes;) {
      const came = disk.read(fd, slice, 0, Math.min(slice.length, bytes - at), at)
      if (came === 0) break
      sink.write(slice.subarray(0, came))
      at += came
      io.progress.show('exporting', base, at, bytes)
      await sink.ready()
      await breathe(io)
    }
  } finally {
    disk.close(fd)
  }
  return beginning
}

/** Says what no entry tells of, where what is asked for goes so far back. */
function noteGap(io: Io, { position, ms, base, isWhole }: KeptStart, from: Moment | undefined): void {
  if (isWhole) return
  const gap = position > 1 || base === undefined ? { position: position - 1, ms } : base
  if (from !== undefined && isBefore(from, gap.position, gap.ms)) return
  const kept = `entries are kept from ${idText(ms, position)} on: what was before is no part of this`
  const text = gap === base ? `${base.file} holds what no entry tells of: that is no part of this` : kept
  io.output.note({ type: 'gap', position: gap.position, ms: gap.ms }, `${text} (--format rdb knows it)`)
}

/** What a checkpoint of commands says to redis-server. */
async function writeCommands(io: Io, base: string, sink: Sink): Promise<void> {
  let selected = -1
  const command = ({ db, args }: Entry): void => {
    if (db !== selected) sink.write(encodeWords(['SELECT', String(db)]))
    selected = db
    sink.write(args.buf.subarray(args.rawStart, args.rawEnd))
  }
  await drive(io, readCommandFile(io.disk, base, { command, beside() {} }), ({ bytesRead, bytesTotal }) => {
    io.progress.show('exporting', base, bytesRead, bytesTotal)
    return sink.ready()
  })
}

async function writeHistory(
  io: Io, place: LogPlace, format: 'aof' | 'ndjson', selection: Selection, first: number, sink: Sink,
): Promise<{ count: number, stand: Stand }> {
  const commands = createCommands()
  const { from, until } = selection
  let count = 0
  let db = -1
  /** Position that the open transaction began at, 0 for none. */
  let open = 0
  const close = (): void => {
    if (open > 0) sink.write(encodeWords(['EXEC']))
    open = 0
  }
  const visit = (entry: Entry, ms: number): void => {
    if (!isFrom(from, entry.position, ms)) return
    const keys = keysOf(commands, entry)
    if (!entryMatches(selection, entry, keys)) return
    count++
    if (format === 'ndjson') {
      sink.write(Buffer.from(`${JSON.stringify(renderEvent(entry, keys))}\n`))
      return
    }
    if (entry.transactionFrom !== open) close()
    if (entry.db !== db) sink.write(encodeWords(['SELECT', String(entry.db)]))
    db = entry.db
    if (entry.transactionFrom !== open) {
      sink.write(encodeWords(['MULTI']))
      open = entry.transactionFrom
    }
    sink.write(entry.args.buf.subarray(entry.args.rawStart, entry.args.rawEnd))
  }
  const steps = keptEntries({ disk: io.disk, place, from: first, until, visit })
  const stand = await drive(io, steps, ({ file, bytesRead, bytes }) => {
    // A transaction never spans two frames.
    close()
    io.progress.show('exporting', file, bytesRead, bytes)
    return sink.ready()
  })
  return { count, stand }
}

function writeRdb(engine: Engine, selection: Selection, sink: Sink): number {
  const aux = { 'redis-ver': redisVersion, 'redis-bits': 64, [auxNames.ms]: engine.now }
  const write = (buf: Buffer, from: number, to: number): void => sink.write(buf.subarray(from, to))
  const writer = beginFile(engine, write, { aux, checksum: true })
  let count = 0
  for (const db of engine.dbs) {
    if (db.count === 0 || (selection.db !== undefined && selection.db !== db.index)) continue
    writer.database(db.index, db.count, db.deadlines.count)
    db.dict.each((entry) => {
      if (!keyMatches(selection, db.index, keyOf(engine.arena, entry))) return
      writer.key(engine, entry)
      count++
    })
  }
  writer.end()
  return count
}

async function writeState(io: Io, engine: Engine, selection: Selection, sink: Sink): Promise<number> {
  let count = 0
  let selected = -1
  let chunkBytes = 0
  for (const { db, isKey, bytes } of stateCommands(engine, selection)) {
    if (isKey) count++
    if (isKey && db !== selected) {
      sink.write(encodeWords(['SELECT', String(db)]))
      selected = db
    }
    sink.write(bytes)
    chunkBytes += bytes.length
    if (chunkBytes < sliceBytes) continue
    chunkBytes = 0
    await sink.ready()
    await breathe(io)
  }
  return count
}
