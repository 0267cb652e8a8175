// An entry of the log as the object that a line of NDJSON holds.

import { isUtf8 } from 'node:buffer'
import { authorOf } from '../../core/log/author.ts'
import type { Author } from '../../core/log/author.ts'
import type { Entry } from '../../core/log/reader.ts'
import type { LogEntry } from '../../consumers/log-stream/log-entry.ts'

/** Text where the bytes are UTF-8. */
type Bytes = string | { base64: string }

export type Event = {
  position: number
  /** ISO 8601; null where the log doesn't say (what Redis wrote). */
  time: string | null
  db: number
  command: string
  keys: Bytes[]
  args: Bytes[]
  /** Who wrote it: null where nobody did (expiry, eviction) or the log doesn't say. */
  user: string | null
  client: number | null
  addr: string | null
}

export function renderEvent(entry: Entry, keys: readonly Buffer[]): Event {
  const { args } = entry
  const words: Buffer[] = []
  for (let i = 1; i < args.count; i++) words.push(args.buf.subarray(args.start[i]!, args.end[i]!))
  return eventOf(entry, args.text(0), keys, words, authorOf(entry.by))
}

/** The same of an entry that was kept. */
export function renderLogEntry(entry: LogEntry): Event {
  return eventOf(entry, entry.command, entry.keys, entry.args, entry)
}

function eventOf(
  { position, ms, db }: Pick<Entry, 'position' | 'ms' | 'db'>, command: string, keys: readonly Buffer[],
  args: readonly Buffer[], { user, client, addr }: Author,
): Event {
  return {
    position, time: ms > 0 ? new Date(ms).toISOString() : null, db, command, keys: keys.map(rendered),
    args: args.map(rendered), user: user === '' ? null : user, client: client === 0 ? null : client,
    addr: addr === '' ? null : addr,
  }
}

function rendered(bytes: Buffer): Bytes {
  return isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') }
}
