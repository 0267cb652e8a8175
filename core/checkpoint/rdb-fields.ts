// The facts at the beginning of an RDB file: what of the log it stands for, without reading the rest.

import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { RdbError } from './rdb-format.ts'
import { RdbFileReader } from './rdb-file-reader.ts'
import type { RdbVisitor } from './rdb-file-reader.ts'
import { skipValue } from './rdb-skip.ts'

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
