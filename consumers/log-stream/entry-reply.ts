// An entry of the log as a stream's entry: id, and fields in a fixed order.
//
//   pos db cmd key arg1 … argN user client addr trace
//
// `cmd arg1 … argN` is the effect, word for word; `key` is the first key that it names, '' for none. A field for each
// argument: values of any bytes need no quoting, and clients that make an object of the fields lose none.

import { idText } from '../../core/history/moment.ts'
import type { Reply } from '../../core/reply.ts'
import type { LogEntry } from './log-entry.ts'

const fieldsBeside = 8

export function replyLogEntry(r: Reply, entry: LogEntry): void {
  const { args } = entry
  r.array(2)
  r.text(idText(entry.ms, entry.position))
  r.array((fieldsBeside + args.length) * 2)
  field(r, 'pos', String(entry.position))
  field(r, 'db', String(entry.db))
  field(r, 'cmd', entry.command)
  r.text('key')
  const key = entry.keys[0]
  if (key === undefined) r.text('')
  else r.bulk(key, 0, key.length)
  for (const [i, arg] of args.entries()) {
    r.text(`arg${i + 1}`)
    r.bulk(arg, 0, arg.length)
  }
  field(r, 'user', entry.user)
  field(r, 'client', String(entry.client))
  field(r, 'addr', entry.addr)
  field(r, 'trace', entry.trace)
}

export function replyLogEntries(r: Reply, entries: readonly LogEntry[]): void {
  r.array(entries.length)
  for (const entry of entries) replyLogEntry(r, entry)
}

function field(r: Reply, name: string, value: string): void {
  r.text(name)
  r.text(value)
}
