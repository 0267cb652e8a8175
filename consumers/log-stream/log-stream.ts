// One stream of the log as a client reads it: which entries it has, and which of them the client may see.

import type { Connection } from '../../broker/connection.ts'
import { effectSpecs } from '../../broker/command.ts'
import type { Args } from '../../core/args.ts'
import { hashesOf } from '../../core/log/index-part.ts'
import { LogCursor, LogGap } from '../../core/log/log-cursor.ts'
import { scanLog, shownUpTo } from '../../core/log/log-scan.ts'
import { StreamId } from '../../core/types/stream-id.ts'
import { readerOf } from './access.ts'
import { EntryKeys } from './entry-keys.ts'
import { nearEntriesMax, replyEntriesBytesMax, replyEntriesMax, replyEntryBytes, replyWordBytes } from './limits.ts'
import { copyEntry } from './log-entry.ts'
import type { LogEntry } from './log-entry.ts'
import { isWanted, matchOfName } from './log-match.ts'
import type { LogMatch } from './log-match.ts'
import { logView } from './log-view.ts'

export type LogStream = {
  /** Name and database of the key that holds its groups. */
  name: Buffer
  db: number
  match: LogMatch
  /** What leads to its entries in the segments' indexes; undefined: they have to be looked through. */
  hashes: readonly number[] | undefined
}

/** The stream that argument i names. */
export function logStreamOf(c: Connection, a: Args, i: number): LogStream {
  const name = a.copy(i)
  const match = matchOfName(name, c.db)!
  return { name, db: c.db, match, hashes: match.kind === 'key' ? hashesOf(match.db, match.key) : undefined }
}

/** Positions, first and last; whether the last comes first; and how many entries at most. */
export type Stretch = { from: number, until: number, backward: boolean, entriesMax: number }

export type Collected = {
  entries: LogEntry[]
  /** Where reading goes on. */
  next: number
  /** There were more bytes than a reply may have. */
  isCut: boolean
}

/** The entries of a stretch that the client may see. Throws LogGap, LOG_DAMAGED. */
export async function collect(c: Connection, stream: LogStream, stretch: Stretch): Promise<Collected> {
  const keys = new EntryKeys(effectSpecs(c.broker.commands))
  const mayRead = readerOf(c)
  const entries: LogEntry[] = []
  let bytes = 0
  const next = await scanLog(logView(c.broker), {
    ...stretch,
    entriesMax: Math.min(stretch.entriesMax, replyEntriesMax),
    hashes: stream.hashes,
    select: (entry) =>
      (isWanted(stream.match, keys.read(entry)) && mayRead(keys) ? copyEntry(entry, keys) : undefined),
    take: (entry: LogEntry) => {
      entries.push(entry)
      bytes += replyBytesOf(entry)
      return entries.length < stretch.entriesMax && bytes < replyEntriesBytesMax
    },
  })
  return { entries, next, isCut: bytes >= replyEntriesBytesMax && entries.length < stretch.entriesMax }
}

/** What the entry takes in a reply, and about that in memory, too. */
function replyBytesOf({ command, args }: LogEntry): number {
  let bytes = replyEntryBytes + command.length
  for (const word of args) bytes += replyWordBytes + word.length
  return bytes
}

/** How many entries up to `until` the stream has, of those that are kept; ACLs don't count. */
export async function countEntries(c: Connection, stream: LogStream, from: number, until: number): Promise<number> {
  const view = logView(c.broker)
  if (stream.match.kind === 'all') return await shownUpTo(view, until) - await shownUpTo(view, from - 1)
  const keys = new EntryKeys(effectSpecs(c.broker.commands))
  let count = 0
  await scanLog(view, {
    from, until, backward: false, hashes: stream.hashes,
    select: (entry) => (isWanted(stream.match, keys.read(entry)) ? true : undefined),
    take: () => {
      count++
      return true
    },
  })
  return count
}

/** In place of an entry that the stream has, but the client may not see. */
export const hidden = 'hidden'

/**
 * The entries of these ids, in the ids' order; undefined where the stream has none (any more). Those of the first ids
 * only where all would be more than a reply may have.
 */
export async function entriesAt(
  c: Connection, stream: LogStream, ids: readonly StreamId[],
): Promise<(LogEntry | typeof hidden | undefined)[]> {
  const view = logView(c.broker)
  const keys = new EntryKeys(effectSpecs(c.broker.commands))
  const mayRead = readerOf(c)
  const found = new Map<number, LogEntry>()
  const unseen = new Set<number>()
  const wanted = [...new Set(ids.map(seqOf))].toSorted((a, b) => a - b)
  let bytes = 0
  let cutAt = Infinity
  let cursor: LogCursor | undefined
  try {
    for (const position of wanted) {
      if (bytes >= replyEntriesBytesMax) {
        cutAt = position
        break
      }
      if (cursor === undefined || position - cursor.position > nearEntriesMax) {
        cursor?.close()
        cursor = new LogCursor(view, position - 1)
      }
      try {
        await cursor.read((entry) => {
          if (entry.position < position) return true
          if (!isWanted(stream.match, keys.read(entry))) return false
          if (!mayRead(keys)) {
            unseen.add(position)
            return false
          }
          const copy = copyEntry(entry, keys)
          found.set(position, copy)
          bytes += replyBytesOf(copy)
          return false
        }, position)
      } catch (error) {
        if (!(error instanceof LogGap)) throw error
        cursor.close()
        cursor = undefined
      }
    }
  } finally {
    cursor?.close()
  }
  const cut = ids.findIndex((id) => seqOf(id) >= cutAt)
  return (cut < 0 ? ids : ids.slice(0, cut)).map((id) => {
    if (unseen.has(seqOf(id))) return hidden
    const entry = found.get(seqOf(id))
    return entry !== undefined && entry.ms === msOf(id) ? entry : undefined
  })
}

const two32 = 0x100000000

/** The halves of an id; beyond 2^53 rounded, which is beyond all entries of a log. */
export function msOf(id: StreamId): number {
  return id.msHigh * two32 + id.msLow
}

export function seqOf(id: StreamId): number {
  return id.seqHigh * two32 + id.seqLow
}

export function idOf(ms: number, position: number): StreamId {
  const id = new StreamId().setMs(ms)
  return id.set(id.msHigh, id.msLow, Math.floor(position / two32), position % two32)
}
