// The state of a moment: the newest checkpoint that isn't later, and the entries from there up to the moment, folded
// into an engine. A transaction counts as a whole, if its first entry does.
//
// Where only some keys are asked for, all others stay out of memory, however large the checkpoint:
//
//   find    reads the entries once: what do those keys depend on? (see key-links.ts)
//   load    walks the checkpoint, loads what is needed, goes behind the rest
//   fold    replays the entries that need be

import type { Args } from '../args.ts'
import type { EffectSpec } from '../checkpoint/effect-keys.ts'
import { baseForm, checkpointStart, entryFiles } from '../checkpoint/base-file.ts'
import type { BaseForm } from '../checkpoint/base-file.ts'
import type { Stand } from '../checkpoint/command-format.ts'
import { loadCommands } from '../checkpoint/command-load.ts'
import type { KeyFilter } from '../checkpoint/command-load.ts'
import type { RdbKey, RdbVisitor } from '../checkpoint/rdb-file-reader.ts'
import type { RdbInput } from '../checkpoint/rdb-input.ts'
import { loadFile, RdbLoader, readFile } from '../checkpoint/rdb-load.ts'
import { skipValue } from '../checkpoint/rdb-skip.ts'
import type { Disk } from '../disk.ts'
import type { Engine } from '../engine.ts'
import { MillraceError } from '../errors.ts'
import { readHistory } from '../log/history.ts'
import { segmentStart } from '../log/log-files.ts'
import type { Entry } from '../log/reader.ts'
import type { GoneBase, Sources } from '../log/salvage.ts'
import { KeyLinks } from './key-links.ts'
import type { NeededKeys } from './key-links.ts'
import { idText, isBehind } from './moment.ts'
import type { Moment } from './moment.ts'

export type PastOptions = {
  disk: Disk
  /** Checkpoints, newest first, and segments in order (see history-files.ts). */
  sources: Sources
  /** Undefined: the end. */
  moment: Moment | undefined
  /** Later entries don't count, whatever the moment: the log may grow meanwhile. */
  positionMax?: number
  /** Empty, with a null log, `replaying`. */
  engine: Engine
  /** Folds an entry into the engine; throws where that can't be. */
  visit: (entry: Entry) => void
  /** Where the keys of an entry's command stand; undefined when the command is not known. */
  specOf: (args: Args) => EffectSpec | undefined
  /** Only these keys of database `db`, and what they depend on; undefined: everything. */
  keys?: { db: number; names: readonly Buffer[] }
  /** What the engine's memory may grow to. */
  bytesMax?: number
}

/** Bytes of the file at hand. */
export type PastStep = { phase: 'find' | 'load' | 'fold'; file: string; bytesRead: number; bytes: number }

/** A checkpoint to begin with, and the files to read behind it. */
export type Beginning = Stand & {
  base: string | undefined
  /** Of the base. */
  form: BaseForm | undefined
  /** Files with entries; the base is the first of them where it is an AOF. */
  files: readonly string[]
  /** What took over behind those entries, and can't be had any more. */
  lost: LostBase | undefined
}

type LostBase = { file: string; position: number; next: Stand }

/**
 * Folds the state of the moment into the engine, whose clock stands there then. Returns where the last entry that
 * counts stands. Throws MillraceError BEFORE_HISTORY, LOG_GAP, LOG_DAMAGED, LOG_COMMAND, RDB_DAMAGED, HISTORY_MEMORY,
 * and the disk's errors (ENOENT when a broker moved a file to the archive meanwhile: begin anew).
 */
export function* foldPast(options: PastOptions): Generator<PastStep, Stand, void> {
  const { engine, keys, visit, specOf, moment } = options
  const beginning = findBeginning(options.disk, options.sources, moment)
  let needed: NeededKeys | undefined
  // Entries behind an RDB in one file begin where loading it ends.
  if (keys !== undefined && beginning.form !== 'mixed') {
    const links = new KeyLinks(engine.dbs.length, engine.hashSeed)
    yield* replay(options, beginning, 'find', 0, (entry) => links.note(entry, specOf(entry.args)))
    needed = links.needsOf(keys.db, keys.names)
  }
  const offset = yield* load(options, beginning, needed)
  const stand = yield* replay(options, beginning, 'fold', offset, (entry) => {
    if (needed === undefined || needed.needs(entry, specOf(entry.args))) visit(entry)
  })
  refuseLost(beginning, stand)
  engine.setNow(moment !== undefined && 'ms' in moment ? moment.ms : stand.ms)
  return stand
}

/** The newest checkpoint that isn't later than the moment, or the log's first entry. Throws as `foldPast`. */
export function findBeginning(disk: Disk, sources: Sources, moment: Moment | undefined): Beginning {
  const { bases, segments, gone = [] } = sources
  let oldest: Stand | undefined
  let lost: LostBase | undefined
  for (const [i, base] of bases.entries()) {
    lost = lostBefore(gone, i, oldest) ?? lost
    const start = checkpointStart(disk, base)
    if (moment === undefined || fits(moment, start)) return { ...beginAt(disk, start, base, segments), lost }
    oldest = start
  }
  lost = lostBefore(gone, bases.length, oldest) ?? lost
  const first = segments.find((file) => disk.size(file) !== 0)
  const begins = first === undefined ? undefined : segmentStart(disk, first)
  if (begins?.position === 1 || (oldest === undefined && begins === undefined)) {
    return { position: 0, ms: 0, base: undefined, form: undefined, files: segments, lost }
  }
  const from = oldest ?? begins!
  throw new MillraceError('BEFORE_HISTORY', `the log is kept from ${idText(from.ms, from.position)} on`)
}

/** The oldest of what is gone between the base before number `i`, which stands at `next`, and that one. */
function lostBefore(gone: readonly GoneBase[], i: number, next: Stand | undefined): LostBase | undefined {
  const found = gone.findLast(({ newer }) => newer === i)
  return found === undefined || next === undefined ? undefined : { file: found.file, position: found.position, next }
}

/** Throws BEFORE_HISTORY where the state of that time is in a checkpoint that is gone: entries alone don't give it. */
export function refuseLost({ lost }: Beginning, stand: Stand): void {
  if (lost === undefined || stand.position < lost.position) return
  const { file, next } = lost
  const kept = `the log is kept from ${idText(next.ms, next.position)} on`
  throw new MillraceError('BEFORE_HISTORY', `${kept}: ${file} is gone, a checkpoint that no entries before it lead to`)
}

function fits(moment: Moment, start: Stand): boolean {
  return !isBehind(moment, start.position, start.ms) || ('position' in moment && moment.position === start.position)
}

function beginAt(
  disk: Disk, start: Stand, base: string, segments: readonly string[],
): Omit<Beginning, 'lost'> {
  const next = start.position + 1
  const first = segments.findLastIndex((file) => {
    const begins = segmentStart(disk, file)
    return begins !== undefined && begins.position <= next
  })
  const behind = segments.slice(Math.max(0, first))
  const files = entryFiles(disk, base, behind)
  // What Redis wrote has no positions; whether the next file follows it shows when it is read.
  const filled = files.find((file) => disk.size(file) !== 0)
  const begins = filled === undefined ? undefined : segmentStart(disk, filled)
  if (begins !== undefined && begins.position > next) {
    throw new MillraceError('LOG_GAP', `the positions ${next} to ${begins.position - 1} are in no file`)
  }
  return { ...start, base, form: baseForm(disk, base), files }
}

/** Loads the checkpoint, or what of it is needed. Returns the byte where the first file's entries begin. */
function* load(
  options: PastOptions, beginning: Beginning, needed: NeededKeys | undefined,
): Generator<PastStep, number, void> {
  const { engine } = options
  const { base, form } = beginning
  if (base === undefined || form === 'log') return 0
  const steps = loadNeeded(options, base, form, needed)
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) {
    yield { phase: 'load', file: base, bytesRead: step.value.bytesRead, bytes: step.value.bytesTotal }
    bound(options)
  }
  if (beginning.ms > 0) engine.setNow(beginning.ms)
  return form === 'mixed' ? step.value : 0
}

type LoadStep = { bytesRead: number; bytesTotal: number }

/** Returns the bytes that the checkpoint takes in its file. */
function* loadNeeded(
  { engine, disk, visit }: PastOptions, base: string, form: BaseForm | undefined, needed: NeededKeys | undefined,
): Generator<LoadStep, number, void> {
  if (form === 'commands') {
    const wants: KeyFilter | undefined = needed === undefined ? undefined : (db, buf, from, to) =>
      needed.has(db, buf, from, to)
    yield* loadCommands(engine, disk, base, visit, wants)
    return disk.size(base)
  }
  return yield* needed === undefined ? loadWhole(engine, disk, base) : loadSome(engine, disk, base, needed)
}

function* loadWhole(engine: Engine, disk: Disk, base: string): Generator<LoadStep, number, void> {
  const { bytes } = yield* loadFile(engine, disk, base)
  return bytes
}

function loadSome(engine: Engine, disk: Disk, base: string, needed: NeededKeys): Generator<LoadStep, number, void> {
  const loader = new RdbLoader(engine, {})
  let db = 0
  const visitor: RdbVisitor = {
    library: () => {},
    database: (index) => {
      loader.database(index)
      db = index
    },
    key: (key: RdbKey, input: RdbInput) => {
      if (needed.has(db, key.name, key.from, key.to)) loader.key(key, input)
      else skipValue(input, key.type)
    },
  }
  return readFile(disk, base, visitor, engine.settings.stringBytesMax, 'checksum')
}

/** Visits the entries that count. */
function* replay(
  options: PastOptions, beginning: Beginning, phase: 'find' | 'fold', offset: number, visit: (entry: Entry) => void,
): Generator<PastStep, Stand, void> {
  const steps = entriesUpTo({
    disk: options.disk, files: beginning.files, start: beginning, offset, moment: options.moment,
    positionMax: Math.min(options.positionMax ?? Infinity, beginning.lost?.position ?? Infinity), visit,
  })
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) {
    yield { phase, ...step.value }
    bound(options)
  }
  return step.value
}

export type EntriesOptions = {
  disk: Disk
  files: readonly string[]
  /** Where the log stands before the first entry. */
  start: Stand
  /** Byte where the commands of the first file begin. */
  offset: number
  moment: Moment | undefined
  positionMax: number
  /** `ms`: the entry's time, or of one without the last that was told before. */
  visit: (entry: Entry, ms: number) => void
}

/** Visits the entries up to the moment; a transaction as a whole. Returns where the last of them stands. */
export function* entriesUpTo(
  options: EntriesOptions,
): Generator<{ file: string; bytesRead: number; bytes: number }, Stand, void> {
  const { disk, files, start, offset, moment, positionMax, visit } = options
  const stand = { position: start.position, ms: start.ms }
  let ended = false
  const take = (entry: Entry): void => {
    if (ended) return
    // What Redis wrote has no time: it is that of the entry before.
    const ms = entry.ms > 0 ? entry.ms : stand.ms
    const from = entry.transactionFrom > 0 ? entry.transactionFrom : entry.position
    if (from > positionMax || (moment !== undefined && isBehind(moment, from, ms))) {
      ended = true
      return
    }
    stand.position = entry.position
    stand.ms = ms
    visit(entry, ms)
  }
  yield* readHistory({ disk, files, after: start.position, offset, visit: take, enough: () => ended })
  return stand
}

function bound({ engine, bytesMax = Infinity }: PastOptions): void {
  if (engine.arena.usedBytes <= bytesMax) return
  throw new MillraceError('HISTORY_MEMORY', `the state of that time takes more than ${bytesMax} bytes`)
}
