// Which entries and keys an export is about: database, pattern, and from where to where.

import type { CommandTable } from '../../core/commands/command-table.ts'
import { visitKeys } from '../../core/commands/key-positions.ts'
import { isBefore, parseMoment } from '../../core/history/moment.ts'
import type { Moment } from '../../core/history/moment.ts'
import { globMatch } from '../../core/keyspace/glob.ts'
import type { Entry } from '../../core/log/reader.ts'
import { findCommand } from '../../broker/command.ts'
import type { Command } from '../../broker/command.ts'
import { UsageError } from './verb.ts'
import type { Given } from './verb.ts'

export type Selection = {
  db: number | undefined
  match: Buffer | undefined
  from: Moment | undefined
  until: Moment | undefined
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

/** A position, an id or a time. */
function bound(name: string, text: string | undefined): Moment | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return { position: Number(text) }
  const moment = parseMoment(text)
  if (moment === undefined) {
    throw new UsageError(`--${name} takes a position, an id (<ms>-<n>) or a time (ISO 8601), not '${text}'`)
  }
  return moment
}

export function isFrom(from: Moment | undefined, position: number, ms: number): boolean {
  return from === undefined || !isBefore(from, position, ms)
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
