// Which entries of the log a reader wants: all, those about one key, those about keys that match a pattern.

import { globMatch } from '../../core/keyspace/glob.ts'
import { logStreamKind, logStreamPrefixBytes } from '../../core/log-stream-name.ts'
import type { EntryKeys } from './entry-keys.ts'

export type LogMatch =
  | { kind: 'all' }
  /** Entries that name the key of this database, and those that empty or exchange the whole database. */
  | { kind: 'key', db: number, key: Buffer }
  /** Entries that name a key of this database that the glob matches, and those about the whole database. */
  | { kind: 'match', db: number, pattern: Buffer }

/** What the name of a stream stands for, for a client that has selected database `db`; undefined for other keys. */
export function matchOfName(name: Uint8Array, db: number): LogMatch | undefined {
  const kind = logStreamKind(name, 0, name.length)
  if (kind === undefined) return undefined
  const rest = Buffer.from(name.subarray(logStreamPrefixBytes[kind]))
  if (kind === 'all') return { kind }
  return kind === 'key' ? { kind, db, key: rest } : { kind, db, pattern: rest }
}

/** The entry belongs to what is wanted; bookkeeping never does. */
export function isWanted(match: LogMatch, keys: EntryKeys): boolean {
  if (keys.isBookkeeping) return false
  if (match.kind === 'all') return true
  if (match.kind === 'key') return keys.has(match.db, match.key)
  const { db, pattern } = match
  for (let i = 0; i < keys.count; i++) {
    if (keys.db[i] !== db) continue
    if (globMatch(pattern, 0, pattern.length, keys.buf, keys.from[i]!, keys.to[i]!)) return true
  }
  return keys.hasDatabase(db)
}
