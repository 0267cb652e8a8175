// The entries that touched a key: those whose command names it, and those that are about its whole database. Where a
// segment has an index, only the blocks that may name the key are read.

import type { Args } from '../../core/args.ts'
import { entryFiles } from '../../core/checkpoint/base-file.ts'
import type { Stand } from '../../core/checkpoint/command-format.ts'
import type { EffectSpec } from '../../core/checkpoint/effect-keys.ts'
import type { Disk } from '../../core/disk.ts'
import { MillraceError } from '../../core/errors.ts'
import { isBefore, isBehind } from '../../core/history/moment.ts'
import type { Moment } from '../../core/history/moment.ts'
import { endOfRdb, keptStart } from '../../core/history/kept-entries.ts'
import { entriesUpTo } from '../../core/history/past.ts'
import { firstCrc } from '../../core/log/frame.ts'
import { readPart } from '../../core/log/index-file.ts'
import { blockOf, hashesOf } from '../../core/log/index-part.ts'
import { segmentStart } from '../../core/log/log-files.ts'
import { SegmentReader } from '../../core/log/reader.ts'
import type { Entry, Mark } from '../../core/log/reader.ts'
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
  const newest = groups.at(-1)
  if (newestFirst) groups.reverse()
  const found: KeyEntry[] = []
  const keys = new NamedKeys(options.specOf)
  let bytes = 0
  for (const group of groups) {
    const left = count - found.length
    if (left === 0) break
    const here: KeyEntry[] = []
    const isFull = (): boolean => !newestFirst && here.length >= left
    const visit = (entry: Entry, ms: number): void => {
      if (isFull() || (from !== undefined && isBefore(from, entry.position, ms))) return
      keys.readsAny = false
      if (!keys.read(entry).has(db, key)) return
      const kept = { ...copyEntry(entry, keys), ms, transactionFrom: entry.transactionFrom, readsAny: keys.readsAny }
      bytes += bytesOf(kept)
      here.push(kept)
      if (here.length > left) bytes -= bytesOf(here.shift()!)
      if (bytes > options.bytesMax) {
        const reason = `these entries take more than ${options.bytesMax} bytes: ask for fewer`
        throw new MillraceError('HISTORY_MEMORY', reason)
      }
    }
    const { files, start, isMixed } = group
    if (isMixed || files.length > 1) {
      const offset = isMixed ? yield* endOfRdb(disk, files[0]!) : 0
      yield* entriesUpTo({ disk, files, start, offset, moment: to, positionMax, visit })
    } else yield* entriesOfFile(options, group, group === newest, visit, isFull)
    found.push(...(newestFirst ? here.toReversed() : here))
  }
  return found
}

/** Visits the entries of one file that may be about the key: its index, as far as there is one, says where they are. */
function* entriesOfFile(
  { disk, db, key, to, positionMax = Infinity }: KeyHistoryOptions, { files, start }: Group, mayBeTorn: boolean,
  visit: (entry: Entry, ms: number) => void, isEnough: () => boolean,
): Generator<{ file: string; bytesRead: number; bytes: number }, void, void> {
  const file = files[0]!
  const reader = new SegmentReader(disk, file, start.position)
  let ended = false
  let ms = 0
  const take = (entry: Entry): void => {
    ms = Math.max(ms, entry.ms)
    if (entry.position > positionMax || (to !== undefined && isBehind(to, entry.position, ms))) ended = true
    if (!ended) visit(entry, ms)
  }
  try {
    for (const { mark, end } of yield* stretchesOf(disk, file, start, hashesOf(db, key))) {
      reader.resume(mark)
      ms = mark.ms
      while (reader.offset < end && reader.next(take)) {
        if (ended || isEnough()) return
        yield { file, bytesRead: reader.offset, bytes: reader.bytes }
      }
      if (reader.finding !== undefined && (reader.finding.kind === 'damaged' || !mayBeTorn)) throw reader.damage()
    }
  } finally {
    reader.close()
  }
}

/** From where to where: blocks that the index names, and what is behind the index. */
function* stretchesOf(
  disk: Disk, file: string, start: Stand, hashes: readonly number[],
): Generator<{ file: string; bytesRead: number; bytes: number }, { mark: Mark; end: number }[], void> {
  const stretches: { mark: Mark; end: number }[] = []
  let mark: Mark = { offset: 0, position: start.position, crc: firstCrc, ms: start.ms, db: 0, by: '' }
  for (let at = 0; ;) {
    const steps = readPart(disk, () => file, at, mark)
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) yield { file, bytesRead: 0, bytes: 0 }
    const part = step.value
    if (part === undefined) return [...stretches, { mark, end: Infinity }]
    for (const i of part.blocksOf(hashes)) stretches.push(blockOf(part, i))
    mark = part.end
    at = part.fileEnd
  }
}

/** `isMixed`: the first file begins with an RDB. */
type Group = { files: readonly string[]; start: Stand; isMixed: boolean }

/**
 * Files that are read by themselves; all in one where Redis wrote some of them, for only reading all in order tells
 * positions then. Those that end before `from` or begin behind `to` are left out.
 */
function groupsOf({ disk, sources, from, to }: KeyHistoryOptions): Group[] {
  const files = entryFiles(disk, sources.bases.at(-1), sources.segments).filter((file) => disk.size(file) !== 0)
  const starts = files.map((file) => segmentStart(disk, file))
  if (starts.includes(undefined)) {
    const { position, isMixed } = keptStart(disk, sources)
    return [{ files, start: { position: position - 1, ms: 0 }, isMixed }]
  }
  const groups: Group[] = []
  for (const [i, file] of files.entries()) {
    const start = starts[i]!
    const next = starts[i + 1]
    if (next !== undefined && from !== undefined && isBefore(from, next.position - 1, next.ms)) continue
    if (to !== undefined && isBehind(to, start.position, start.ms)) continue
    groups.push({ files: [file], start: { position: start.position - 1, ms: start.ms }, isMixed: false })
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
