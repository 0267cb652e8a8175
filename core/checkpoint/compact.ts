// A checkpoint is a function of the log: old checkpoint + sealed segments → new checkpoint. What it needs of memory is
// what the segments touch, whatever the size of the rest:
//
//   find    reads the segments once: which keys do they name?
//   load    walks the old checkpoint: keys that were named are loaded into an engine; of the others it only notes from
//           which byte to which they stand
//   fold    replays the segments over the engine
//   write   database by database: copies what stands as it stood, in large pieces, and appends the engine's keys
//
// From commands, and to commands, nothing is copied as it stands: the other keys are read once more, each loaded,
// written, and dropped again (rewrite-rest.ts).
//
// Keys that are due stay as they are, until the log says that they went. The caller names the file once it is whole.

import type { Args } from '../args.ts'
import { DictWalk } from '../arena/dict-walk.ts'
import { entryDigest, libraryDigest, xorInto } from '../digest.ts'
import type { Disk } from '../disk.ts'
import type { Engine } from '../engine.ts'
import { MillraceError } from '../errors.ts'
import { compactionCopyBytes, compactionFramesMax } from '../limits.ts'
import { SegmentReader } from '../log/reader.ts'
import type { Entry } from '../log/reader.ts'
import { baseForm, baseStand } from './base-file.ts'
import { CheckpointSink } from './checkpoint-sink.ts'
import type { CheckpointForm, CheckpointWriter } from './checkpoint-writer.ts'
import { readCommandFile } from './command-file-reader.ts'
import type { CommandVisitor } from './command-file-reader.ts'
import { CommandLoader } from './command-load.ts'
import { noteKeys } from './effect-keys.ts'
import type { EffectSpec } from './effect-keys.ts'
import { KeptRuns } from './kept-runs.ts'
import { rdbTypes, rdbVersionDated, rdbVersionPlain } from './rdb-format.ts'
import type { RdbKey, RdbVisitor } from './rdb-file-reader.ts'
import type { RdbFileWriter } from './rdb-file-writer.ts'
import type { RdbInput } from './rdb-input.ts'
import { RdbLoader, readFile } from './rdb-load.ts'
import { auxNames, openWriter } from './rdb-save.ts'
import type { AuxFields } from './rdb-save.ts'
import { skipValue } from './rdb-skip.ts'
import { rewriteRest } from './rewrite-rest.ts'
import { TouchedKeys } from './touched-keys.ts'

export type CompactOptions = {
  disk: Disk
  /** The old checkpoint, whatever its form; undefined when the segments are all there is. */
  base: string | undefined
  /** Sealed files of the log, in order; they begin where the base ends. An AOF as base is also the first of them. */
  segments: readonly string[]
  /** The file that is written; whatever had its name is replaced. */
  target: string
  /** Of what is written: an RDB unless it says otherwise. */
  form?: CheckpointForm | undefined
  /** Empty, with a null log, `replaying`; what the segments touch is folded in it. */
  engine: Engine
  /** Folds an entry into the engine; throws where that can't be. */
  visit: (entry: Entry) => void
  /** Where the keys of an entry's command stand; undefined when the command is not known. */
  specOf: (args: Args) => EffectSpec | undefined
  /** Facts that go into the file, beside position and time. */
  aux: AuxFields
  /** `rdbchecksum` */
  checksum: boolean
  /** Also decodes what is copied, for the digest of all. */
  verify: boolean
}

export type CompactPhase = 'find' | 'load' | 'fold' | 'write'
/** Bytes. */
export type CompactProgress = { phase: CompactPhase; done: number; total: number }

export type CompactResult = {
  /** The log's position at which the new checkpoint stands, and the engine's clock there. */
  position: number
  ms: number
  keysCopied: number
  /** Keys of the old checkpoint that were loaded, and of the new one that the engine held. */
  keysLoaded: number
  keysFolded: number
  bytes: number
  /** `stateDigest` of what the file holds; only with `verify`. */
  digest: string | undefined
}

/**
 * Does a slice of the work at each step. Throws MillraceError LOG_DAMAGED, LOG_COMMAND, LOG_DATABASE, LOG_BASE,
 * RDB_DAMAGED, and the disk's errors; then the target is no checkpoint.
 */
export function* compact(options: CompactOptions): Generator<CompactProgress, CompactResult, void> {
  const fold = new Fold(options)
  if (options.base !== undefined) {
    fold.readStart(options.base)
    if (options.segments[0] === options.base) yield* fold.findTail(options.base)
    yield* fold.replay('find', (entry) => noteKeys(fold.touched, entry, options.specOf(entry.args)))
    yield* fold.load(options.base)
  }
  yield* fold.replay('fold', options.visit)
  return yield* fold.write()
}

class Fold implements RdbVisitor {
  readonly touched: TouchedKeys
  private readonly options: CompactOptions
  private readonly loader: RdbLoader
  /** By database of the old checkpoint: what is copied of it. */
  private readonly runs: readonly KeptRuns[]
  private readonly digest: Buffer
  private source: number
  /** Of the key that was read last: whether it is copied, and has a deadline. */
  private keeps: boolean
  private dated: boolean
  /** Where the base stands, and where the segments end. */
  private start: number
  /** Where an AOF's commands begin, behind the RDB. */
  private tailStart: number
  private position: number
  private version: number
  /** What stands in the base that isn't touched is copied as it stands. */
  private readonly copies: boolean
  private keysRewritten: number

  constructor(options: CompactOptions) {
    const { engine } = options
    this.touched = new TouchedKeys(engine.dbs.length, engine.hashSeed)
    this.options = options
    this.loader = new RdbLoader(engine, {})
    this.runs = engine.dbs.map(() => new KeptRuns())
    this.digest = Buffer.alloc(32)
    this.source = 0
    this.keeps = false
    this.dated = false
    this.start = 0
    this.tailStart = 0
    this.position = 0
    this.version = rdbVersionPlain
    this.keysRewritten = 0
    const { base, disk } = options
    this.copies = options.form !== 'commands' && (base === undefined || baseForm(disk, base) !== 'commands')
  }

  /** Learns the position that the base stands at, and its clock. */
  readStart(base: string): void {
    const { position, ms } = baseStand(this.options.disk, base)
    this.start = position
    if (ms > 0) this.options.engine.setNow(ms)
  }

  /** Learns where the RDB at the beginning of an AOF ends. */
  * findTail(base: string): Generator<CompactProgress, void, void> {
    const { disk, engine } = this.options
    const visitor: RdbVisitor = { library() {}, database() {}, key: (key, input) => skipValue(input, key.type) }
    const steps = readFile(disk, base, visitor, engine.settings.stringBytesMax, 'values')
    for (;;) {
      const step = steps.next()
      if (step.done === true) {
        this.tailStart = step.value
        return
      }
      yield { phase: 'find', done: step.value.bytesRead, total: step.value.bytesTotal }
    }
  }

  /** Visits all entries of the segments. */
  * replay(phase: CompactPhase, visit: (entry: Entry) => void): Generator<CompactProgress, void, void> {
    const { disk, segments, engine } = this.options
    const databases = engine.dbs.length
    const checked = (entry: Entry): void => {
      if (!(entry.db < databases)) {
        throw new MillraceError('LOG_DATABASE', `position ${entry.position} of the log is of database ${entry.db}, but `
          + `there are only ${databases}`)
      }
      visit(entry)
    }
    const total = segments.reduce((sum, file) => sum + Math.max(0, disk.size(file)), 0)
    let before = 0
    this.position = this.start
    for (const file of segments) {
      const reader = new SegmentReader(disk, file, this.position, file === this.options.base ? this.tailStart : 0)
      try {
        for (let frames = 1; reader.next(checked); frames++) {
          if (frames % compactionFramesMax === 0) yield { phase, done: before + reader.offset, total }
        }
        if (reader.finding !== undefined) {
          const { offset, position, reason } = reader.finding
          const where = `${file} at byte ${offset} (position ${position})`
          throw new MillraceError('LOG_DAMAGED', `the log is damaged: ${where}: ${reason}`)
        }
        this.position = reader.position
        before += reader.bytes
      } finally {
        reader.close()
      }
    }
    yield { phase, done: total, total }
  }

  /** Loads what is touched of the base, and notes where the rest stands. */
  * load(base: string): Generator<CompactProgress, void, void> {
    const { disk, engine } = this.options
    if (baseForm(disk, base) === 'commands') return yield* this.loadCommands(base)
    const note = (from: number, to: number): void => {
      if (this.keeps) this.runs[this.source]!.add(from, to, this.dated)
      this.keeps = false
    }
    const steps = readFile(disk, base, this, engine.settings.stringBytesMax, 'checksum', note)
    for (const { bytesRead, bytesTotal } of steps) yield { phase: 'load', done: bytesRead, total: bytesTotal }
  }

  private* loadCommands(base: string): Generator<CompactProgress, void, void> {
    const { touched, loader } = this
    const { engine, visit } = this.options
    const commands = new CommandLoader(engine, visit, (db, buf, from, to) => touched.has(db, buf, from, to))
    const visitor: CommandVisitor = {
      command: (entry) => {
        if (entry.args.is(0, 'HPEXPIREAT')) this.version = rdbVersionDated
        commands.command(entry)
      },
      beside: (bytes, db) => commands.beside(bytes, db),
    }
    for (const { bytesRead, bytesTotal } of readCommandFile(this.options.disk, base, visitor)) {
      yield { phase: 'load', done: bytesRead, total: bytesTotal }
    }
    loader.loaded.keys = commands.keys
  }

  library(source: string): void {
    this.loader.library(source)
  }

  database(index: number): void {
    this.loader.database(index)
    this.source = index
  }

  key(key: RdbKey, input: RdbInput): void {
    if (this.touched.has(this.source, key.name, key.from, key.to)) {
      this.loader.key(key, input)
      return
    }
    if (this.options.verify && this.copies) this.verify(key, input)
    else skipValue(input, key.type)
    if (this.touched.isFlushed(this.source) || !this.copies) return
    this.keeps = true
    this.dated = key.deadline >= 0
    if (key.type === rdbTypes.hashMetadata || key.type === rdbTypes.hashListpackEx) this.version = rdbVersionDated
    else if (key.type > rdbTypes.streamListpacks2) this.version = Math.max(this.version, 11)
  }

  /** Adds a key that is copied to the digest. */
  private verify(key: RdbKey, input: RdbInput): void {
    const { engine } = this.options
    const { db } = engine
    this.loader.key(key, input)
    this.loader.loaded.keys--
    const hash = db.hash(key.name, key.from, key.to)
    const entry = db.find(key.name, key.from, key.to, hash)
    if (!this.touched.isFlushed(this.source)) {
      xorInto(this.digest, entryDigest(engine, this.touched.numberOf(this.source), entry))
    }
    db.remove(entry, hash)
    if (!engine.lazy.idle) engine.lazy.drain()
  }

  * write(): Generator<CompactProgress, CompactResult, void> {
    const { disk, engine, target, form, aux, checksum, verify } = this.options
    if (engine.dbs.some((db) => db.fieldDeadlines.count > 0)) this.version = rdbVersionDated
    const sink = new CheckpointSink(disk, target)
    try {
      const { now } = engine
      const fields = { ...aux, [auxNames.position]: this.position, [auxNames.ms]: now }
      const options = { form, aux: fields, checksum }
      const writer = openWriter(engine, (buf, from, to) => sink.write(buf, from, to), options, this.version)
      for (const [name, source] of engine.libraries.byName) {
        writer.library(source)
        if (verify) xorInto(this.digest, libraryDigest(name, source))
      }
      if (!this.copies) yield* this.rewrite(writer)
      const total = this.runs.reduce((sum, runs) => sum + runs.bytes, 0)
      for (const step of this.writeKeys(writer)) {
        void step
        yield { phase: 'write', done: writer.flushed, total: Math.max(total, writer.flushed) }
      }
      writer.end()
      sink.sync()
      return this.result(sink.bytes, now)
    } finally {
      sink.close()
    }
  }

  /** What nothing touched of the base, in the other form. */
  private* rewrite(writer: CheckpointWriter): Generator<CompactProgress, void, void> {
    const { base, disk, engine, visit, verify } = this.options
    if (base === undefined) return
    const steps = rewriteRest({
      disk, base, engine, visit, touched: this.touched, writer,
      written: (db, entry) => {
        if (verify) xorInto(this.digest, entryDigest(engine, db, entry))
      },
    })
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) {
      yield { phase: 'write', done: step.value.bytesRead, total: step.value.bytesTotal }
    }
    this.keysRewritten = step.value
  }

  private* writeKeys(writer: CheckpointWriter): Generator<undefined, void, void> {
    const { engine, verify } = this.options
    const walk = new DictWalk(engine.arena)
    for (const db of engine.dbs) {
      const runs = this.runs[this.touched.sourceOf(db.index)]!
      if (db.count + runs.keys === 0) continue
      writer.database(db.index, db.count + runs.keys, db.deadlines.count + runs.dated)
      if (runs.count > 0) yield* this.copy(writer as RdbFileWriter, runs)
      walk.start(db.dict.root)
      let { flushed } = writer
      for (let entry = walk.next(); entry !== 0; entry = walk.next()) {
        writer.key(engine, entry)
        if (verify) xorInto(this.digest, entryDigest(engine, db.index, entry))
        if (writer.flushed === flushed) continue
        flushed = writer.flushed
        yield
      }
    }
  }

  /** Copies what is kept as it stands, some megabytes at a time. */
  private* copy(writer: RdbFileWriter, runs: KeptRuns): Generator<undefined, void, void> {
    const { disk, base } = this.options
    const fd = disk.openRead(base!)
    const buf = Buffer.allocUnsafeSlow(compactionCopyBytes)
    let bufStart = 0
    let filled = 0
    try {
      for (let i = 0; i < runs.count; i++) {
        for (let at = runs.start(i); at < runs.end(i);) {
          if (at < bufStart || at >= bufStart + filled) {
            bufStart = at
            filled = disk.read(fd, buf, 0, buf.length, at)
            if (filled === 0) throw new MillraceError('RDB_DAMAGED', `${base!} became shorter`)
            yield
          }
          const to = Math.min(runs.end(i), bufStart + filled)
          writer.raw(buf, at - bufStart, to - bufStart)
          at = to
        }
      }
    } finally {
      disk.close(fd)
    }
  }

  private result(bytes: number, ms: number): CompactResult {
    const { engine, verify } = this.options
    return {
      position: this.position, ms,
      keysCopied: this.runs.reduce((sum, runs) => sum + runs.keys, this.keysRewritten),
      keysLoaded: this.loader.loaded.keys,
      keysFolded: engine.dbs.reduce((sum, db) => sum + db.count, 0),
      bytes, digest: verify ? this.digest.toString('hex') : undefined,
    }
  }
}
