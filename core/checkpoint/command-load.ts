// A checkpoint as commands into an engine: all of it, or the keys that are wanted.

import type { Disk } from '../disk.ts'
import type { Engine } from '../engine.ts'
import { MillraceError } from '../errors.ts'
import type { Entry } from '../log/reader.ts'
import { readCommandFile } from './command-file-reader.ts'
import type { CommandVisitor } from './command-file-reader.ts'
import { keyArgument } from './command-format.ts'
import type { Stand } from './command-format.ts'
import { RdbError } from './rdb-format.ts'
import { loadLibrary } from './rdb-load.ts'
import type { LoadProgress } from './rdb-load.ts'
import { applyBeside, besideKey } from './stream-beside.ts'

/** Whether a key `buf[from..to)` of database `db` is wanted. */
export type KeyFilter = (db: number, buf: Uint8Array, from: number, to: number) => boolean

/** Runs the commands of a checkpoint. Throws MillraceError LOG_BASE, LOG_DATABASE. */
export class CommandLoader implements CommandVisitor {
  /** Keys that were loaded. */
  keys: number
  /** The last one, and its database. */
  key: Buffer
  db: number
  private readonly engine: Engine
  private readonly visit: (entry: Entry) => void
  private readonly wants: KeyFilter | undefined

  /** `visit` folds an entry into the engine, which must be replaying. */
  constructor(engine: Engine, visit: (entry: Entry) => void, wants?: KeyFilter) {
    this.keys = 0
    this.key = Buffer.alloc(0)
    this.db = -1
    this.engine = engine
    this.visit = visit
    this.wants = wants
  }

  /** Libraries of functions are always wanted. */
  command(entry: Entry): void {
    const { args, db } = entry
    const word = keyArgument(args)
    if (db >= this.engine.dbs.length || !(db >= 0)) {
      const there = `there are only ${this.engine.dbs.length} (see \`databases\`)`
      throw new MillraceError('LOG_DATABASE', `the log's base holds keys of database ${db}, but ${there}`)
    }
    if (word === 0) return refusing(() => loadLibrary(this.engine, args.text(args.count - 1)))
    const { buf, start, end } = args
    const from = start[word]!
    const to = end[word]!
    if (this.wants !== undefined && !this.wants(db, buf, from, to)) return
    if (db !== this.db || this.key.compare(buf, from, to) !== 0) {
      this.keys++
      this.db = db
      this.key = Buffer.from(buf.subarray(from, to))
    }
    this.visit(entry)
  }

  beside(bytes: Buffer, db: number): void {
    refusing(() => {
      if (this.wants !== undefined) {
        const key = besideKey(bytes)
        if (!this.wants(db, key, 0, key.length)) return
      }
      this.engine.db = this.engine.dbs[db]!
      applyBeside(this.engine, bytes)
    })
  }
}

/** What can't be read is the base's fault: throws LOG_BASE. */
export function refusing(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof RdbError)) throw error
    throw new MillraceError('LOG_BASE', `the log's base: ${error.message}`, error)
  }
}

/** Yields behind each frame. The engine's clock stands where the checkpoint does then. Throws as `CommandLoader`. */
export function* loadCommands(
  engine: Engine, disk: Disk, file: string, visit: (entry: Entry) => void, wants?: KeyFilter,
): Generator<LoadProgress, Stand, void> {
  const loader = new CommandLoader(engine, visit, wants)
  const steps = readCommandFile(disk, file, loader)
  for (;;) {
    const step = steps.next()
    if (step.done !== true) {
      yield { ...step.value, keys: loader.keys }
      continue
    }
    if (step.value.ms > 0) engine.setNow(step.value.ms)
    return step.value
  }
}
