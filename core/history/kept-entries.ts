// All entries that a log keeps, in order, while a broker may be at work on it. A file that was moved to the archive
// when its turn comes (ENOENT) is found there: reading goes on behind the last entry that was read. What retention has
// removed by then is an error, never left out.

import { baseForm, checkpointStart, entryFiles } from '../checkpoint/base-file.ts'
import type { Stand } from '../checkpoint/command-format.ts'
import type { RdbVisitor } from '../checkpoint/rdb-file-reader.ts'
import { readFile } from '../checkpoint/rdb-load.ts'
import { skipValue } from '../checkpoint/rdb-skip.ts'
import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { historyFiles } from '../log/history-files.ts'
import { isOrigin, segmentStart } from '../log/log-files.ts'
import type { LogPlace } from '../log/manifest.ts'
import type { Entry } from '../log/reader.ts'
import type { Sources } from '../log/salvage.ts'
import { historyRestartsMax } from '../limits.ts'
import { idText } from './moment.ts'
import type { Moment } from './moment.ts'
import { entriesUpTo } from './past.ts'

/** Goes behind what an RDB holds. */
const passing: RdbVisitor = { library() {}, database() {}, key: (key, input) => skipValue(input, key.type) }

export type KeptStart = {
  /** Files with entries, oldest first; whether the first of them begins with an RDB. */
  files: readonly string[]
  isMixed: boolean
  /** Position of the first entry, and the time of its frame, or of the checkpoint before it (0: nobody knows). */
  position: number
  ms: number
  /** The oldest checkpoint from which on entries tell of all changes. */
  base: (Stand & { file: string }) | undefined
  /** The entries alone give the data as it is. */
  isWhole: boolean
}

/** Where the entries begin that a log keeps. Throws RDB_DAMAGED, and the disk's errors. */
export function keptStart(disk: Disk, { bases, segments, gone = [] }: Sources): KeptStart {
  const oldest = bases.at(-1)
  const isMixed = oldest !== undefined && baseForm(disk, oldest) === 'mixed'
  const files = entryFiles(disk, oldest, segments).filter((file) => disk.size(file) !== 0)
  const begins = files.length === 0 ? undefined : segmentStart(disk, files[0]!)
  const takesOver = bases.findIndex((file, i) => isOrigin(file) || gone.some(({ newer }) => newer === i + 1))
  const file = takesOver < 0 ? oldest : bases[takesOver]
  const isCheckpoint = file !== undefined && baseForm(disk, file) !== 'log'
  const base = isCheckpoint ? { file, ...checkpointStart(disk, file) } : undefined
  // What Redis wrote has no positions: it follows the checkpoint.
  const position = begins?.position ?? (base?.position ?? 0) + 1
  return {
    files, isMixed, position, ms: begins?.ms ?? base?.ms ?? 0, base,
    isWhole: position === 1 && takesOver < 0 && base?.position !== 0,
  }
}

export type KeptEntriesOptions = {
  disk: Disk
  place: LogPlace
  /** Position of the first entry that is wanted, which must be kept, or be the next one. */
  from: number
  /** Undefined: the end. A transaction counts as a whole. */
  until: Moment | undefined
  /** `ms`: the entry's time, or of one without the last that was told before. */
  visit: (entry: Entry, ms: number) => void
}

export type KeptStep = { file: string; bytesRead: number; bytes: number }

/**
 * Visits the entries; yields after each frame, returns where the last of them stands. Throws MillraceError
 * BEFORE_HISTORY, LOG_GAP, LOG_DAMAGED, RDB_DAMAGED, and the disk's errors.
 */
export function* keptEntries(options: KeptEntriesOptions): Generator<KeptStep, Stand, void> {
  const { disk, place, until, visit } = options
  let next = options.from
  let lastMs = 0
  const visitNew = (entry: Entry, ms: number): void => {
    if (entry.position < next) return
    next = entry.position + 1
    lastMs = ms
    visit(entry, ms)
  }
  for (let restarts = 0; ; restarts++) {
    const before = next
    try {
      const start = keptStart(disk, historyFiles(disk, place))
      const { files, position } = filesFrom(disk, start, next)
      const offset = start.isMixed && files[0] === start.files[0] ? yield* endOfRdb(disk, files[0]!) : 0
      return yield* entriesUpTo({
        disk, files, start: { position: position - 1, ms: lastMs }, offset, moment: until, positionMax: Infinity,
        visit: visitNew,
      })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      if (next !== before) restarts = 0
      if (restarts >= historyRestartsMax) throw error
    }
  }
}

/** The files in which the entry at position `from` and those behind it stand, and the position that they begin at. */
function filesFrom(disk: Disk, start: KeptStart, from: number): { files: readonly string[]; position: number } {
  const { files, position, ms } = start
  if (position > from) {
    const kept = `the log is kept from ${idText(ms, position)} on, not from position ${from}`
    throw new MillraceError('BEFORE_HISTORY', `${kept}: log-retention-bytes or -ms removed what was before`)
  }
  const starts = files.map((file) => segmentStart(disk, file)?.position)
  const first = starts.findLastIndex((begins) => begins !== undefined && begins <= from)
  return first < 0 ? { files, position } : { files: files.slice(first), position: starts[first]! }
}

/** The byte where entries begin behind an RDB. */
export function* endOfRdb(disk: Disk, file: string): Generator<KeptStep, number, void> {
  const steps = readFile(disk, file, passing, Infinity, 'values')
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    yield { file, bytesRead: step.value.bytesRead, bytes: step.value.bytesTotal }
  }
}
