// An RDB file into an engine. What was loaded before an error stays: who loads decides whether to go on without it.

import { warmSlots } from '../arena/dict-warm.ts'
import type { Disk } from '../disk.ts'
import type { Engine } from '../engine.ts'
import { MillraceError } from '../errors.ts'
import { setIdleSeconds, setUseCount } from '../keyspace/access.ts'
import { addString, storeString } from '../types/string.ts'
import { freeValue } from '../types/types.ts'
import { rdbChecksumBytes, RdbError, rdbOpcodes, RdbShortError, rdbTypes } from './rdb-format.ts'
import { RdbFileReader } from './rdb-file-reader.ts'
import type { ByteSource, RdbKey, RdbVisitor } from './rdb-file-reader.ts'
import type { RdbInput } from './rdb-input.ts'
import { readStreamExtra } from './stream-extra.ts'
import { runKeysMax } from './string-run.ts'
import type { StringRun } from './string-run.ts'
import { readValue } from './value-reader.ts'
import type { LooseValue } from './value-reader.ts'

export type LoadOptions = {
  /** Keys that were due at this time (unix ms) are left out; undefined keeps all, as the base of a log must. */
  dueAt?: number
  /** A key that is there already is replaced (DEBUG RELOAD MERGE); otherwise it is an error. */
  merges?: boolean
  /** `rdbchecksum` */
  checksum?: boolean
}

export type LoadProgress = { bytesRead: number; bytesTotal: number; keys: number }

export type Loaded = {
  keys: number
  /** Left out because they were due. */
  expired: number
  aux: Map<string, string>
  bytes: number
}

const hashes = new Uint32Array(runKeysMax)
/** A key takes its type, a length and at least one byte of value. */
const keyBytesMin = 3

/** Takes in a library as it was taken in before: what its source means is nobody's affair here. Throws RdbError. */
export function loadLibrary({ libraries }: Engine, source: string, merges = false): void {
  const name = /^#!\s*\S+(?:\s+\S+)*?\s+name=(\S+)/i.exec(source)?.[1]
  if (name === undefined) throw new RdbError('a library of functions without a name')
  if (libraries.byName.has(name) && !merges) throw new RdbError(`the library ${name} a second time`)
  libraries.set(name, source)
}

/** Puts what a file says into the engine. */
export class RdbLoader implements RdbVisitor {
  readonly loaded: Loaded
  private readonly engine: Engine
  private readonly options: LoadOptions
  /** No file of this size holds more keys. */
  private readonly keysMax: number
  /** Without meaning; while it is kept, the reads that it comes from are not optimised away. */
  warmed: number

  /** `bytes`: size of the file, 0 when it isn't known yet. */
  constructor(engine: Engine, options: LoadOptions, bytes = 0) {
    this.engine = engine
    this.options = options
    this.keysMax = bytes / keyBytesMin
    this.warmed = 0
    this.loaded = { keys: 0, expired: 0, aux: new Map(), bytes: 0 }
    engine.db = engine.dbs[0]!
  }

  aux(name: string, value: string): void {
    this.loaded.aux.set(name, value)
  }

  library(source: string): void {
    loadLibrary(this.engine, source, this.options.merges)
  }

  database(index: number): void {
    const db = this.engine.dbs[index]
    if (db === undefined) {
      throw new RdbError(`database ${index}, but there are only ${this.engine.dbs.length} (see \`databases\`)`)
    }
    this.engine.db = db
  }

  /** An empty database is made to the size that the file tells, if it can be true. */
  sizes(keys: number): void {
    const { db } = this.engine
    if (db.count > 0 || keys > this.keysMax) return
    db.dict.destroy(() => {})
    db.dict.create(keys)
  }

  key(key: RdbKey, input: RdbInput): void {
    const { engine, loaded, options } = this
    const { db } = engine
    const { type, deadline } = key
    const due = options.dueAt !== undefined && deadline >= 0 && deadline < options.dueAt
    const hash = db.hash(key.name, key.from, key.to)
    const before = db.find(key.name, key.from, key.to, hash)
    if (before !== 0 && options.merges !== true) {
      const name = Buffer.from(key.name.subarray(key.from, key.to)).toString('latin1')
      throw new RdbError(`the key '${name}' a second time`)
    }
    let entry: number
    if (type === rdbTypes.string) {
      input.string()
      if (due) {
        loaded.expired++
        return
      }
      const { text, from, to } = input
      entry = storeString(db, key.name, key.from, key.to, hash, before, text, from, to, false)
    } else {
      const value = readKeyValue(engine, key, input)
      if (due) {
        freeValue(engine, value.type, value.root, value.form)
        loaded.expired++
        return
      }
      entry = db.storeValue(key.name, key.from, key.to, hash, value.type, value.root, value.form)
    }
    if (deadline >= 0) entry = db.setDeadline(entry, hash, deadline, key.exactDeadline)
    if (key.idleSeconds >= 0) setIdleSeconds(engine, entry, key.idleSeconds)
    if (key.frequency >= 0) setUseCount(engine, entry, key.frequency)
    loaded.keys++
  }

  strings(run: StringRun): number {
    const { db } = this.engine
    const { buf, count, keyFrom, keyTo, from, end } = run
    this.warmed = warmSlots(db.dict, buf, keyFrom, keyTo, count, hashes)
    let taken = 0
    while (taken < count && addString(
      db, buf, keyFrom[taken]!, keyTo[taken]!, hashes[taken]!, from[taken]!, end[taken]!,
    )) taken++
    this.loaded.keys += taken
    return taken
  }
}

/** The value behind a key, a string's excepted, with what stands before the key. Throws RdbError. */
export function readKeyValue(engine: Engine, key: RdbKey, input: RdbInput): LooseValue {
  const value = readValue(engine, key.type, input)
  if (key.extra === undefined) return value
  try {
    readStreamExtra(engine, value.root, key.extra)
  } catch (error) {
    freeValue(engine, value.type, value.root, value.form)
    // All of its bytes are there: more would not help.
    throw error instanceof RdbShortError ? new RdbError(error.message) : error
  }
  return value
}

/** Records between two looks whether others want to run. */
const recordsPerStep = 256

/**
 * Loads `file`, from byte 0. Yields now and then, so that the caller may let others run. Throws MillraceError
 * RDB_DAMAGED with the byte where it can't go on.
 */
export function* loadFile(
  engine: Engine, disk: Disk, file: string, options: LoadOptions = {},
): Generator<LoadProgress, Loaded, void> {
  const loader = new RdbLoader(engine, options, disk.size(file))
  const proof = options.checksum === false ? 'values' : 'checksum'
  const steps = readFile(disk, file, loader, engine.settings.stringBytesMax, proof)
  for (;;) {
    const step = steps.next()
    if (step.done === true) {
      loader.loaded.bytes = step.value
      return loader.loaded
    }
    yield { ...step.value, keys: loader.loaded.keys }
  }
}

/**
 * What says that a file is not damaged: its `checksum`, where it has one, and then no more of the values than is needed
 * to take them in; the `values`, each in full; or `both`.
 */
export type Proof = 'checksum' | 'values' | 'both'

/**
 * Visits `file` record by record, and tells `passed` from which byte to which each stands. Yields now and then, returns
 * its bytes up to the end record. Throws RDB_DAMAGED.
 */
export function* readFile(
  disk: Disk, file: string, visitor: RdbVisitor, stringBytesMax: number, proof: Proof,
  passed?: (from: number, to: number) => void,
): Generator<{ bytesRead: number; bytesTotal: number }, number, void> {
  const bytesTotal = disk.size(file)
  const fd = disk.openRead(file)
  let at = 0
  const source: ByteSource = {
    bytes: bytesTotal,
    read(buf, from, to) {
      const came = disk.read(fd, buf, from, to, at)
      at += came
      return came
    },
  }
  const sealed = proof === 'checksum' && endsWithChecksum(disk, fd, bytesTotal)
  const reader = new RdbFileReader(stringBytesMax, proof !== 'values', source, sealed)
  try {
    for (let n = 1; ; n++) {
      const { offset } = reader
      if (reader.step(visitor) === 'end') return reader.offset
      if (n % recordsPerStep === 0) yield { bytesRead: reader.offset, bytesTotal }
      passed?.(offset, reader.offset)
    }
  } catch (error) {
    if (!(error instanceof RdbError)) throw error
    throw new MillraceError('RDB_DAMAGED', `${file} at byte ${reader.offset}: ${error.message}`)
  } finally {
    disk.close(fd)
  }
}

/** The file ends as an RDB with a checksum does; one without has zeros there. */
function endsWithChecksum(disk: Disk, fd: number, bytes: number): boolean {
  const end = Buffer.alloc(1 + rdbChecksumBytes)
  if (bytes < end.length || disk.read(fd, end, 0, end.length, bytes - end.length) < end.length) return false
  return end[0] === rdbOpcodes.end && end.some((byte, i) => i > 0 && byte !== 0)
}
