// What stands in a log's base, and where in the log: asked of every base, ours and Redis's, in this one place.
//
//   rdb        an RDB and nothing else
//   commands   a checkpoint of ours as commands (command-format.ts)
//   mixed      an RDB, and behind it entries of the log, as Redis before 7.0 wrote it
//   log        entries of the log and nothing else: a base of Redis's with `aof-use-rdb-preamble no`, a single AOF
//
// All but the last are checkpoints: what they hold is no entry of the log, but a fold of some.

import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import type { CheckpointForm } from './checkpoint-writer.ts'
import { edgeBytesMax, headMagic, parseHead } from './command-format.ts'
import type { Stand } from './command-format.ts'
import { readFirstFields } from './rdb-fields.ts'
import { rdbMagic } from './rdb-format.ts'
import { auxNames } from './rdb-save.ts'

export type BaseForm = CheckpointForm | 'mixed' | 'log'

/** What Redis writes into an RDB: when it made the file, in seconds. */
const creationTime = 'ctime'
/** Names are followed by a number where the archive had one of that name. */
const rdbName = /\.rdb(?:\.\d+)?$/
const segmentName = /\.incr\.aof(?:\.\d+)?$/
const baseName = /\.base\.aof(?:\.\d+)?$/
/** How entries begin: a command, a frame, Redis's time stamp. */
const entryMagic = /^(?:\*|#frame |#TS:)/

/** Of a file that is not there, as far as its name tells. */
export function baseForm(disk: Disk, file: string): BaseForm {
  if (rdbName.test(file)) return 'rdb'
  if (segmentName.test(file)) return 'log'
  const beginning = disk.size(file) <= 0 ? '' : firstLine(disk, file)
  if (beginning.startsWith(rdbMagic)) return 'mixed'
  if (beginning.startsWith(headMagic)) return 'commands'
  // The first line of one of ours may be damaged.
  return beginning !== '' && baseName.test(file) && !entryMagic.test(beginning) ? 'commands' : 'log'
}

/** Entries of the log stand in a base of this form: its file is the first of those that are read for them. */
export function holdsEntries(form: BaseForm): boolean {
  return form === 'mixed' || form === 'log'
}

/** The files in which entries of the log stand: the segments, behind a base (if there is one) that holds some. */
export function entryFiles(disk: Disk, base: string | undefined, segments: readonly string[]): readonly string[] {
  return base !== undefined && holdsEntries(baseForm(disk, base)) ? [base, ...segments] : segments
}

/** What of the log a base stands for, by what it says itself; zeros where it doesn't. Throws RDB_DAMAGED, LOG_BASE. */
export function baseStand(disk: Disk, file: string): Stand {
  const form = baseForm(disk, file)
  if (form === 'log') return { position: 0, ms: 0 }
  if (form === 'commands') return commandsStand(disk, file)
  const aux = readFirstFields(disk, file)
  return { position: Number(aux.get(auxNames.position) ?? 0), ms: Number(aux.get(auxNames.ms) ?? 0) }
}

/** As `baseStand`, the time of one that doesn't say it being that at which Redis made the file. */
export function checkpointStart(disk: Disk, file: string): Stand {
  const stand = baseStand(disk, file)
  const form = baseForm(disk, file)
  if (stand.ms > 0 || (form !== 'rdb' && form !== 'mixed')) return stand
  return { ...stand, ms: Number(readFirstFields(disk, file).get(creationTime) ?? 0) * 1000 }
}

function commandsStand(disk: Disk, file: string): Stand {
  const stand = parseHead(firstLine(disk, file))
  if (stand === undefined) throw new MillraceError('LOG_BASE', `${file} at byte 0: the first line is damaged`)
  return stand
}

/** With its end, as far as the longest first line of ours goes. */
function firstLine(disk: Disk, file: string): string {
  const bytes = Buffer.alloc(edgeBytesMax)
  const fd = disk.openRead(file)
  try {
    const text = bytes.toString('latin1', 0, disk.read(fd, bytes, 0, bytes.length, 0))
    return text.slice(0, text.indexOf('\n') + 1 || text.length)
  } finally {
    disk.close(fd)
  }
}
