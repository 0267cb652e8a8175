// The live engine as an RDB file, at once: SAVE, SHUTDOWN SAVE, DEBUG RELOAD. In version 10, which redis-server 7.0
// reads, unless some hash has fields with deadlines.

import path from 'node:path'
import { writeAll } from '../disk.ts'
import type { Disk } from '../disk.ts'
import type { Engine } from '../engine.ts'
import { rdbVersionDated, rdbVersionPlain } from './rdb-format.ts'
import { RdbFileWriter } from './rdb-file-writer.ts'
import type { RdbSink } from './rdb-file-writer.ts'

/** How often a file in the making is synced, so that its end is no burst (`rdb-save-incremental-fsync`). */
const syncBytes = 32 * 1024 * 1024

/** Facts that go into a file, by name. */
export type AuxFields = Readonly<Record<string, string | number>>

export type SaveOptions = {
  aux: AuxFields
  /** `rdbchecksum` */
  checksum: boolean
}

/** What of the log a file stands for: our own aux fields. */
export const auxNames = { position: 'millrace-position', ms: 'millrace-ms' } as const

/** Writes the whole state to `sink`. */
export function saveNow(engine: Engine, sink: RdbSink, options: SaveOptions): void {
  const writer = beginFile(engine, sink, options)
  for (const db of engine.dbs) {
    if (db.count === 0) continue
    writer.database(db.index, db.count, db.deadlines.count)
    db.dict.each((entry) => writer.key(engine, entry))
  }
  writer.end()
}

/** A writer that has the file's header, aux fields and libraries behind it. */
export function beginFile(engine: Engine, sink: RdbSink, options: SaveOptions): RdbFileWriter {
  const dated = engine.dbs.some((db) => db.fieldDeadlines.count > 0)
  const writer = new RdbFileWriter(sink, {
    compresses: engine.settings.compressesRdb, checksum: options.checksum,
    version: dated ? rdbVersionDated : rdbVersionPlain,
  })
  for (const [name, value] of Object.entries(options.aux)) writer.aux(name, value)
  for (const source of engine.libraries.byName.values()) writer.library(source)
  return writer
}

/**
 * Makes `file` by `write`, so that a crash leaves what was there before or all of it: in a file beside it, synced, then
 * renamed. Returns its bytes. When that throws, nothing is left over.
 */
export function replaceByStream(disk: Disk, file: string, write: (sink: RdbSink) => void): number {
  const temporary = path.join(path.dirname(file), `temp-${path.basename(file)}`)
  const fd = disk.openAppend(temporary)
  let at = 0
  let synced = 0
  try {
    try {
      disk.truncate(fd, 0)
      write((buf, from, to) => {
        writeAll(disk, fd, buf, from, to, at)
        at += to - from
        if (at - synced < syncBytes) return
        disk.sync(fd)
        synced = at
      })
      disk.sync(fd)
    } finally {
      disk.close(fd)
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
  return at
}
