// Which entries and keys an export is about: database, pattern, and from where to where.

import type { CommandTable } from '../../core/commands/command-table.ts'
import { visitKeys } from '../../core/commands/key-positions.ts'
import { globMatch } from '../../core/keyspace/glob.ts'
import type { Entry } from '../../core/log/reader.ts'
import { findCommand } from '../../broker/command.ts'
import type { Command } from '../../broker/command.ts'
import { UsageError } from './verb.ts'
import type { Given } from './verb.ts'

/** A place in the log: a position, or a time in unix ms. */
export type Bound = { position: number } | { ms: number }

export type Selection = {
  db: number | undefined
  match: Buffer | undefined
  from: Bound | undefined
  until: Bound | undefined
}

export function readSelection(given: Given): Selection {
  const db = given.text('db')
  if (db !== undefined && !/^\d{1,9}$/.test(db)) throw new UsageError(`--db takes a number, not '${db}'`)
  const match = given.text('match')
  return {
    db: db === undefined ? undefined : Number(db),
    match: match === undefined ? undefined : Buffer.from(match),
    from: bound('from', given.text('from')),
    until: bound('until', given.text('until')),
  }
}

function bound(name: string, text: string | undefined): Bound | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return { position: Number(text) }
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new UsageError(`--${name} takes a position or a time (ISO 8601), not '${text}'`)
  return { ms }
}

export function isFrom(from: Bound | undefined, position: number, ms: number): boolean {
  if (from === undefined) return true
  return 'position' in from ? position >= from.position : ms >= from.ms
}

export function isUntil(until: Bound | undefined, position: number, ms: number): boolean {
  if (until === undefined) return true
  return 'position' in until ? position <= until.position : ms <= until.ms
}

export function keyMatches(selection: Selection, db: number, key: Uint8Array): boolean {
  if (selection.db !== undefined && db !== selection.db) return false
  const { match } = selection
  return match === undefined || globMatch(match, 0, match.length, key, 0, key.length)
}

/** The keys of an entry's command. */
export function keysOf(commands: CommandTable<Command>, entry: Entry): Buffer[] {
  const { args } = entry
  const keys: Buffer[] = []
  visitKeys(findCommand(commands, args)?.keys ?? [], args, 0, (arg) => keys.push(args.copy(arg)))
  return keys
}

/** An entry whose command names no key (FLUSHALL, FUNCTION LOAD) is about all of them. */
export function entryMatches(selection: Selection, entry: Entry, keys: readonly Buffer[]): boolean {
  if (selection.db !== undefined && entry.db !== selection.db) return false
  if (selection.match === undefined || keys.length === 0) return true
  return keys.some((key) => keyMatches(selection, entry.db, key))
}
