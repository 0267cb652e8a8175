// The live engine as a file, at once: SAVE, SHUTDOWN SAVE, DEBUG RELOAD, the log's base. An RDB is of version 10, which
// redis-server 7.0 reads, unless some hash has fields with deadlines.

import path from 'node:path'
import { DictWalk } from '../arena/dict-walk.ts'
import type { Disk } from '../disk.ts'
import type { Engine } from '../engine.ts'
import { CheckpointSink } from './checkpoint-sink.ts'
import type { ByteSink, CheckpointForm, CheckpointWriter } from './checkpoint-writer.ts'
import { CommandFileWriter } from './command-file-writer.ts'
import { rdbVersionDated, rdbVersionPlain } from './rdb-format.ts'
import { RdbFileWriter } from './rdb-file-writer.ts'

const keysPerStep = 64

/** Facts that go into a file, by name. */
export type AuxFields = Readonly<Record<string, string | number>>

export type SaveOptions = {
  /** An RDB unless it says otherwise. Commands tell of `aux` only what of the log they stand for. */
  form?: CheckpointForm
  aux: AuxFields
  /** `rdbchecksum` */
  checksum: boolean
}

/** What of the log a file stands for: our own aux fields. */
export const auxNames = { position: 'millrace-position', ms: 'millrace-ms' } as const

/** Writes the whole state to `sink`. */
export function saveNow(engine: Engine, sink: ByteSink, options: SaveOptions): void {
  const steps = saveSteps(engine, sink, options)
  while (steps.next().done !== true) continue
}

/** As `saveNow`, some keys at each step; the state must not change meanwhile. */
export function* saveSteps(engine: Engine, sink: ByteSink, options: SaveOptions): Generator<void, void, void> {
  const writer = beginFile(engine, sink, options)
  const walk = new DictWalk(engine.arena)
  for (const db of engine.dbs) {
    if (db.count === 0) continue
    writer.database(db.index, db.count, db.deadlines.count)
    walk.start(db.dict.root)
    for (let entry = walk.next(), n = 1; entry !== 0; entry = walk.next(), n++) {
      writer.key(engine, entry)
      if (n % keysPerStep === 0) yield
    }
  }
  writer.end()
}

/** A writer that has the file's beginning and libraries behind it. */
export function beginFile(engine: Engine, sink: ByteSink, options: SaveOptions): CheckpointWriter {
  const dated = engine.dbs.some((db) => db.fieldDeadlines.count > 0)
  const writer = openWriter(engine, sink, options, dated ? rdbVersionDated : rdbVersionPlain)
  for (const source of engine.libraries.byName.values()) writer.library(source)
  return writer
}

/** A writer that has the file's beginning behind it; `version`: of an RDB. */
export function openWriter(engine: Engine, sink: ByteSink, options: SaveOptions, version: number): CheckpointWriter {
  const { form, aux, checksum } = options
  if (form === 'commands') {
    const { [auxNames.position]: position = 0, [auxNames.ms]: ms = 0 } = aux
    return new CommandFileWriter(sink, { position: Number(position), ms: Number(ms) })
  }
  const writer = new RdbFileWriter(sink, { compresses: engine.settings.compressesRdb, checksum, version })
  for (const [name, value] of Object.entries(aux)) writer.aux(name, value)
  return writer
}

/**
 * Makes `file` by `write`, so that a crash leaves what was there before or all of it: in a file beside it, synced, then
 * renamed. Returns its bytes. When that throws, nothing is left over.
 */
export function replaceByStream(disk: Disk, file: string, write: (sink: ByteSink) => void): number {
  const temporary = path.join(path.dirname(file), `temp-${path.basename(file)}`)
  const sink = new CheckpointSink(disk, temporary)
  try {
    try {
      write((buf, from, to) => sink.write(buf, from, to))
      sink.sync()
    } finally {
      sink.close()
    }
    disk.rename(temporary, file)
  } catch (error) {
    try {
      disk.unlink(temporary)
    } catch {
      // What was wrong with the disk is said by the first error.
    }
    throw error
  }
  disk.syncFolder(path.dirname(file))
  return sink.bytes
}
