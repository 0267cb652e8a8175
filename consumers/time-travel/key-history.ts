// The entries that touched a key: those whose command names it, and those that are about its whole database.

import type { Args } from '../../core/args.ts'
import type { EffectSpec } from '../../core/checkpoint/effect-keys.ts'
import type { Disk } from '../../core/disk.ts'
import { MillraceError } from '../../core/errors.ts'
import { isBefore, isBehind } from '../../core/history/moment.ts'
import type { Moment } from '../../core/history/moment.ts'
import { entriesUpTo } from '../../core/history/past.ts'
import { segmentStart } from '../../core/log/log-files.ts'
import type { Entry } from '../../core/log/reader.ts'
import type { Sources } from '../../core/log/salvage.ts'
import { EntryKeys } from '../log-stream/entry-keys.ts'
import { copyEntry } from '../log-stream/log-entry.ts'
import type { LogEntry } from '../log-stream/log-entry.ts'

export type KeyHistoryOptions = {
  disk: Disk
  sources: Sources
  specOf: (args: Args) => EffectSpec | undefined
  db: number
  key: Buffer
  from: Moment | undefined
  to: Moment | undefined
  positionMax?: number
  count: number
  newestFirst: boolean
  /** What the entries that are found may take. */
  bytesMax: number
}

export type KeyEntry = LogEntry & {
  /** Position of its transaction's first entry, 0 outside of one. */
  transactionFrom: number
  /** It may have read other keys than those that it names (SORT … BY, GET). */
  readsAny: boolean
}

/** Yields after each frame. Throws MillraceError LOG_DAMAGED, HISTORY_MEMORY, and the disk's errors. */
export function* keyHistory(
  options: KeyHistoryOptions,
): Generator<{ file: string; bytesRead: number; bytes: number }, KeyEntry[], void> {
  const { disk, db, key, from, to, count, newestFirst, positionMax = Infinity } = options
  const groups = groupsOf(options)
  if (newestFirst) groups.reverse()
  const found: KeyEntry[] = []
  const keys = new NamedKeys(options.specOf)
  let bytes = 0
  for (const { files, start } of groups) {
    if (found.length >= count) break
    const here: KeyEntry[] = []
    const left = count - found.length
    const visit = (entry: Entry): void => {
      if (!newestFirst && here.length >= left) return
      if (from !== undefined && isBefore(from, entry.position, entry.ms)) return
      keys.readsAny = false
      if (!keys.read(entry).has(db, key)) return
      const kept = { ...copyEntry(entry, keys), transactionFrom: entry.transactionFrom, readsAny: keys.readsAny }
      bytes += bytesOf(kept)
      here.push(kept)
      if (here.length > left) bytes -= bytesOf(here.shift()!)
      if (bytes > options.bytesMax) {
        const reason = `these entries take more than ${options.bytesMax} bytes: ask for fewer`
        throw new MillraceError('HISTORY_MEMORY', reason)
      }
    }
    yield* entriesUpTo({ disk, files, start, offset: 0, moment: to, positionMax, visit })
    found.push(...(newestFirst ? here.toReversed() : here))
  }
  return found
}

type Group = { files: string[]; start: { position: number; ms: number } }

/**
 * Files that are read by themselves; all in one where Redis wrote some of them, for only reading all in order tells
 * positions then. Those that end before `from` or begin behind `to` are left out.
 */
function groupsOf({ disk, sources, from, to }: KeyHistoryOptions): Group[] {
  const base = sources.bases.at(-1)
  const all = base !== undefined && base.endsWith('.aof') ? [base, ...sources.segments] : sources.segments
  const files = all.filter((file) => disk.size(file) > 0)
  const starts = files.map((file) => segmentStart(disk, file))
  if (starts.includes(undefined)) return [{ files, start: { position: 0, ms: 0 } }]
  const groups: Group[] = []
  for (const [i, file] of files.entries()) {
    const start = starts[i]!
    const next = starts[i + 1]
    if (next !== undefined && from !== undefined && isBefore(from, next.position - 1, next.ms)) continue
    if (to !== undefined && isBehind(to, start.position, start.ms)) continue
    groups.push({ files: [file], start: { position: start.position - 1, ms: start.ms } })
  }
  return groups
}

function bytesOf({ args }: KeyEntry): number {
  return args.reduce((sum, word) => sum + word.length, 0)
}

class NamedKeys extends EntryKeys {
  readsAny = false

  override addAll(): void {
    this.readsAny = true
  }
}
