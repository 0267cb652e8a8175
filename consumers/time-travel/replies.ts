// How the answers of LOG are written.

import { idText } from '../../core/history/moment.ts'
import type { Fault } from '../../core/log/verify-segment.ts'
import type { Reply } from '../../core/reply.ts'
import type { KeyEntry } from './key-history.ts'
import type { VerifySummary } from './question.ts'

/** Codes of MillraceError and what clients read in their place, as the first word of the error. */
const codes: Readonly<Record<string, string>> = {
  BEFORE_HISTORY: 'NOHISTORY', LOG_GAP: 'NOHISTORY', HISTORY_MEMORY: 'OOM', LOG_DAMAGED: 'LOGDAMAGED',
  RDB_DAMAGED: 'LOGDAMAGED', LOG_MANIFEST: 'LOGDAMAGED', LOG_ARCHIVE: 'LOGDAMAGED',
}

export function failureText(code: string, message: string): string {
  return `${codes[code] ?? 'ERR'} ${message}`
}

/** An array of maps; of an entry that `shows` refuses, `args` are nil. */
export function writeHistory(r: Reply, entries: readonly KeyEntry[], shows: (entry: KeyEntry) => boolean): void {
  r.array(entries.length)
  for (const entry of entries) {
    const { position, ms, db, command, args, user, client, addr, trace, transactionFrom } = entry
    r.map(11)
    text(r, 'id', idText(ms, position))
    number(r, 'position', position)
    number(r, 'ms', ms)
    number(r, 'db', db)
    text(r, 'command', command)
    r.text('args')
    if (shows(entry)) {
      r.array(args.length)
      for (const word of args) r.bulk(word, 0, word.length)
    } else r.nilArray()
    text(r, 'user', user)
    number(r, 'client', client)
    text(r, 'addr', addr)
    text(r, 'trace', trace)
    number(r, 'transaction', transactionFrom)
  }
}

export function writeSummary(r: Reply, summary: VerifySummary): void {
  const { files, bytes, entries, findings, faults } = summary
  r.map(6)
  text(r, 'status', findings === 0 ? 'whole' : 'damaged')
  number(r, 'files', files)
  number(r, 'bytes', bytes)
  number(r, 'entries', entries)
  number(r, 'findings', findings)
  r.text('faults')
  r.array(faults.length)
  for (const fault of faults) writeFault(r, fault)
}

function writeFault(r: Reply, { kind, file, offset, position, reason }: Fault): void {
  r.map(5)
  text(r, 'kind', kind)
  r.text('file')
  r.utf8(file)
  number(r, 'offset', offset)
  number(r, 'position', position)
  r.text('reason')
  r.utf8(reason)
}

export type PositionFacts = {
  /** Of the last entry: unix ms of its frame (0: nobody knows), position. */
  ms: number
  position: number
  written: number
  durable: number
  /** The first entry that is kept; undefined: none. */
  first: { ms: number, position: number } | undefined
}

export function writePosition(r: Reply, { ms, position, written, durable, first }: PositionFacts): void {
  r.map(5)
  text(r, 'id', idText(ms, position))
  number(r, 'position', position)
  number(r, 'written', written)
  number(r, 'durable', durable)
  r.text('first-id')
  if (first === undefined) r.nil()
  else r.text(idText(first.ms, first.position))
}

function text(r: Reply, name: string, value: string): void {
  r.text(name)
  r.text(value)
}

function number(r: Reply, name: string, value: number): void {
  r.text(name)
  r.int(value)
}
