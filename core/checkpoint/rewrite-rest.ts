// The keys of an old checkpoint that a stretch of the log doesn't touch, into a new one whose form is another, or which
// is of commands as the old one: each is loaded, written, and dropped again, so memory grows to the largest value.
//
// The engine has folded the stretch by then, and so stands where its databases have their numbers in the end: a key is
// loaded into the database that it ends in, which holds no key of its name, for that would be a touched one.

import type { Disk } from '../disk.ts'
import type { Engine } from '../engine.ts'
import type { Entry } from '../log/reader.ts'
import { baseForm } from './base-file.ts'
import type { CheckpointWriter } from './checkpoint-writer.ts'
import { readCommandFile } from './command-file-reader.ts'
import type { CommandVisitor } from './command-file-reader.ts'
import { keyArgument } from './command-format.ts'
import { refusing } from './command-load.ts'
import type { RdbKey, RdbVisitor } from './rdb-file-reader.ts'
import type { RdbInput } from './rdb-input.ts'
import { RdbLoader, readFile } from './rdb-load.ts'
import { skipValue } from './rdb-skip.ts'
import { applyBeside, besideKey } from './stream-beside.ts'
import type { TouchedKeys } from './touched-keys.ts'

export type RewriteOptions = {
  disk: Disk
  base: string
  engine: Engine
  /** Folds an entry into the engine. */
  visit: (entry: Entry) => void
  touched: TouchedKeys
  writer: CheckpointWriter
  /** Called with each key that was written: its database in the end, and its entry. */
  written: (db: number, entry: number) => void
}

/** Returns how many keys there were. Throws RDB_DAMAGED, LOG_BASE. */
export function* rewriteRest(
  options: RewriteOptions,
): Generator<{ bytesRead: number; bytesTotal: number }, number, void> {
  const { disk, base, engine } = options
  const rest = new Rest(options)
  if (baseForm(disk, base) === 'commands') {
    yield* readCommandFile(disk, base, rest)
    rest.end()
  } else yield* readFile(disk, base, rest, engine.settings.stringBytesMax, 'checksum')
  return rest.keys
}

class Rest implements RdbVisitor, CommandVisitor {
  keys: number
  private readonly options: RewriteOptions
  private readonly loader: RdbLoader
  /** Of the old checkpoint: the database at hand, -1 before the first one; and the key that is being loaded. */
  private source: number
  private name: Buffer | undefined
  /** Database that the new one is at. */
  private written: number

  constructor(options: RewriteOptions) {
    this.keys = 0
    this.options = options
    this.loader = new RdbLoader(options.engine, {})
    this.source = -1
    this.name = undefined
    this.written = -1
  }

  library(): void {}

  database(index: number): void {
    this.source = index
    this.loader.database(this.options.touched.numberOf(index))
  }

  key(key: RdbKey, input: RdbInput): void {
    if (!this.isRest(this.source, key.name, key.from, key.to)) return skipValue(input, key.type)
    this.loader.key(key, input)
    this.write(this.source, key.name, key.from, key.to)
  }

  command(entry: Entry): void {
    const { args, db } = entry
    const word = keyArgument(args)
    if (word === 0) return
    const from = args.start[word]!
    const to = args.end[word]!
    if (db !== this.source || this.name?.compare(args.buf, from, to) !== 0) {
      this.end()
      this.source = db
      if (!this.isRest(db, args.buf, from, to)) return
      this.name = Buffer.from(args.buf.subarray(from, to))
    }
    entry.db = this.options.touched.numberOf(db)
    this.options.visit(entry)
    entry.db = db
  }

  beside(bytes: Buffer, db: number): void {
    const { engine, touched } = this.options
    refusing(() => {
      if (db !== this.source || this.name?.equals(besideKey(bytes)) !== true) return
      engine.db = engine.dbs[touched.numberOf(db)]!
      applyBeside(engine, bytes)
    })
  }

  /** All commands of the key at hand were run. */
  end(): void {
    const { name } = this
    this.name = undefined
    if (name !== undefined) this.write(this.source, name, 0, name.length)
  }

  private isRest(source: number, buf: Uint8Array, from: number, to: number): boolean {
    const { touched } = this.options
    return !touched.isFlushed(source) && !touched.has(source, buf, from, to)
  }

  private write(source: number, buf: Uint8Array, from: number, to: number): void {
    const { engine, touched, writer, written } = this.options
    const index = touched.numberOf(source)
    const db = engine.dbs[index]!
    const hash = db.hash(buf, from, to)
    const entry = db.find(buf, from, to, hash)
    if (index !== this.written) writer.database(index)
    this.written = index
    writer.key(engine, entry)
    written(index, entry)
    this.keys++
    db.remove(entry, hash)
    if (!engine.lazy.idle) engine.lazy.drain()
  }
}
