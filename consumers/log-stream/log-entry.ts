// An entry of the log as a value of its own, for those who keep it beyond the visit.

import { authorOf } from '../../core/log/author.ts'
import type { Author } from '../../core/log/author.ts'
import type { Entry } from '../../core/log/reader.ts'
import type { EntryKeys } from './entry-keys.ts'

export type LogEntry = Author & {
  position: number
  /** Unix ms of its turn; 0 where the log doesn't say. It never goes back: `<ms>-<position>` is the entry's id. */
  ms: number
  db: number
  /** The effect: command (as it was logged) and arguments. */
  command: string
  args: Buffer[]
  /** The keys of its database that it names, in their order. */
  keys: Buffer[]
}

/** Copies the entry and all its words out of the reader's buffer. */
export function copyEntry(entry: Entry, keys: EntryKeys): LogEntry {
  const { args } = entry
  // One copy of the whole command, of which the words are slices.
  const raw = Buffer.from(args.buf.subarray(args.rawStart, args.rawEnd))
  const words: Buffer[] = []
  for (let i = 1; i < args.count; i++) {
    words.push(raw.subarray(args.start[i]! - args.rawStart, args.end[i]! - args.rawStart))
  }
  const named: Buffer[] = []
  for (let i = 0; i < keys.count; i++) {
    named.push(raw.subarray(keys.from[i]! - args.rawStart, keys.to[i]! - args.rawStart))
  }
  return {
    position: entry.position, ms: entry.ms, db: entry.db, command: args.text(0), args: words, keys: named,
    ...authorOf(entry.by),
  }
}
