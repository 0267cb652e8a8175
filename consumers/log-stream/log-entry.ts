// An entry of the log as a value of its own, for those who keep it beyond the visit.

import type { Entry } from '../../core/log/reader.ts'
import type { EntryKeys } from './entry-keys.ts'

export type LogEntry = {
  position: number
  /** Unix ms of its turn; 0 where the log doesn't say. It never goes back: `<ms>-<position>` is the entry's id. */
  ms: number
  db: number
  /** The effect: command (as it was logged) and arguments. */
  command: string
  args: Buffer[]
  /** The keys of its database that it names, in their order. */
  keys: Buffer[]
  /** Who wrote it: '' and 0 where nobody did (expiry, eviction) or the log doesn't say. */
  user: string
  client: number
  addr: string
  /** W3C traceparent of the writer, '' for none. */
  trace: string
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
  const author = authorOf(entry.by)
  return {
    position: entry.position, ms: entry.ms, db: entry.db, command: args.text(0), args: words, keys: named, ...author,
  }
}

type Author = Pick<LogEntry, 'user' | 'client' | 'addr' | 'trace'>

const nobody: Author = { user: '', client: 0, addr: '', trace: '' }
let lastLine = ''
let lastAuthor = nobody

/** Reads a `#by …` line; that of the entry before as a rule, so it is remembered. */
function authorOf(line: string): Author {
  if (line === '') return nobody
  if (line === lastLine) return lastAuthor
  lastAuthor = {
    user: decoded(field(line, 'user')), client: Number(field(line, 'client')) || 0, addr: field(line, 'addr'),
    trace: field(line, 'trace'),
  }
  lastLine = line
  return lastAuthor
}

function field(line: string, name: string): string {
  const from = line.indexOf(` ${name}=`)
  if (from < 0) return ''
  const value = from + name.length + 2
  const to = line.indexOf(' ', value)
  return to < 0 ? line.slice(value) : line.slice(value, to)
}

/** Names of users are escaped in the log; one that isn't is taken as it stands. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
