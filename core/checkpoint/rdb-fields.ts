// The facts at the beginning of an RDB file: what of the log it stands for, without reading the rest.

import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { RdbError } from './rdb-format.ts'
import { RdbFileReader } from './rdb-file-reader.ts'
import type { RdbVisitor } from './rdb-file-reader.ts'
import { auxNames } from './rdb-save.ts'
import { skipValue } from './rdb-skip.ts'

/** What Redis writes: when it made the file, in seconds. */
const creationTime = 'ctime'

/** Where in the log a checkpoint stands: position and unix ms, 0 where it doesn't say. Throws RDB_DAMAGED. */
export function checkpointStart(disk: Disk, file: string): { position: number; ms: number } {
  const aux = readFirstFields(disk, file)
  const ms = Number(aux.get(auxNames.ms) ?? 0)
  return {
    position: Number(aux.get(auxNames.position) ?? 0),
    ms: ms > 0 ? ms : Number(aux.get(creationTime) ?? 0) * 1000,
  }
}

/** How much of a file is read for its first fields. */
const fieldsBytes = 64 * 1024

/** The aux fields before anything else in the file. Throws RDB_DAMAGED. */
export function readFirstFields(disk: Disk, file: string): Map<string, string> {
  const found = new Map<string, string>()
  const seen = { other: false }
  const other = (): void => {
    seen.other = true
  }
  const visitor: RdbVisitor = {
    aux: (name, value) => void found.set(name, value),
    library: other, database: other,
    key: (key, input) => {
      other()
      skipValue(input, key.type)
    },
  }
  const reader = new RdbFileReader(Infinity, false)
  const head = Buffer.alloc(fieldsBytes)
  const fd = disk.openRead(file)
  try {
    reader.push(head.subarray(0, disk.read(fd, head, 0, head.length, 0)))
    while (!seen.other && reader.step(visitor) === 'record') continue
  } catch (error) {
    if (!(error instanceof RdbError)) throw error
    throw new MillraceError('RDB_DAMAGED', `${file} at byte ${reader.offset}: ${error.message}`, error)
  } finally {
    disk.close(fd)
  }
  return found
}
