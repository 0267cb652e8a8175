// Walks over the keys of a database: SCAN's steps and what it lets through.

import { byteOf, chunkOf } from '../arena/arena.ts'
import { headerBytes, keyLength, typeNames, typeOf } from './entry.ts'
import { globMatch } from './glob.ts'
import type { Keyspace } from './keyspace.ts'

/** The last cursor; those beyond it are at the end. */
export const cursorMax = 0xffffffff

/** What SCAN lets through; undefined lets all through. */
export type ScanFilter = { pattern: Buffer | undefined; type: string | undefined }

/** True when the pattern says no more than `*`. */
export function matchesAll(pattern: Uint8Array): boolean {
  return pattern.length === 1 && pattern[0] === 42
}

/** True when the entry's key matches. */
export function keyMatches(db: Keyspace, entry: number, pattern: Uint8Array): boolean {
  const at = byteOf(entry) + headerBytes
  const u8 = db.arena.u8[chunkOf(entry)]!
  return globMatch(pattern, 0, pattern.length, u8, at, at + keyLength(db.arena, entry))
}

/**
 * One step: gives `found` the live entries of about `count` that it comes across, removes due ones, and returns the
 * next cursor, 0 at the end. A cursor is a place in hash space, so a key that is there all the while is found, however
 * the database grows and shrinks. `found` must not change the database.
 */
export function scanKeys(
  db: Keyspace, cursor: number, count: number, filter: ScanFilter, found: (entry: number) => void,
): number {
  if (cursor > cursorMax) return 0
  const { pattern, type } = filter
  const due: number[] = []
  const next = db.dict.scan(cursor, count, (entry) => {
    if (pattern !== undefined && !keyMatches(db, entry, pattern)) return
    if (type !== undefined && typeNames[typeOf(db.arena, entry)] !== type) return
    if (db.isDue(entry)) due.push(entry)
    else found(entry)
  })
  for (const entry of due) db.expireIfDue(entry, db.dict.hashOf(entry))
  return next
}
