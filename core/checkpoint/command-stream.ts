// A stream as the commands that make it: its entries, where it stands, its groups, their consumers, and what is
// pending. What these can't say stands in lines behind them (stream-beside.ts).

import type { Engine } from '../engine.ts'
import { StreamId } from '../types/stream-id.ts'
import { deliveriesMax } from '../types/stream-policy.ts'
import type { CommandOutput } from './command-output.ts'

const id = new StreamId()
const deleted = new StreamId()
/** What Redis counts up to. */
const countMax = '9223372036854775807'

export function writeStreamCommands(engine: Engine, root: number, key: Buffer, out: CommandOutput): void {
  const stream = engine.stream.open(root)
  const word = (u8: Buffer, from: number, to: number): void => out.word(u8, from, to)
  for (let more = stream.first(); more; more = stream.forward()) {
    out.begin('XADD', key)
    out.text(stream.id.toString())
    stream.eachWord(word)
    out.end()
  }
  // A stream without entries: one that goes as it comes.
  if (stream.length === 0) write(out, 'XADD', key, 'MAXLEN', '0', '0-1', 'x', 'y')
  const added = Math.max(stream.entriesAdded, stream.length)
  const last = stream.lastId(id).toString()
  const words = [last, 'ENTRIESADDED', String(added)]
  if (stream.maxDeletedId(deleted).compare(id) <= 0) words.push('MAXDELETEDID', deleted.toString())
  write(out, 'XSETID', key, ...words)
  for (const group of engine.groups.list(stream.groups)) writeGroup(engine, key, group, out)
}

function writeGroup(engine: Engine, key: Buffer, group: number, out: CommandOutput): void {
  const { groups } = engine
  const name = groups.groupName(group)
  beginGroupCommand(out, 'CREATE', key, name)
  out.text(groups.lastDelivered(group, id).toString())
  out.text('ENTRIESREAD')
  out.text(String(groups.entriesRead(group)))
  out.end()
  for (const consumer of groups.list(groups.consumers(group))) {
    const owner = groups.consumerName(consumer)
    if (!groups.isNobody(consumer)) {
      beginGroupCommand(out, 'CREATECONSUMER', key, name)
      out.word(owner, 0, owner.length)
      out.end()
    }
    const pending = groups.openPending(groups.consumerPending(consumer))
    for (let more = pending.first(); more; more = pending.next()) {
      const deliveries = groups.deliveries(pending.value)
      out.begin('XCLAIM', key)
      out.word(name, 0, name.length)
      out.word(owner, 0, owner.length)
      out.text('0')
      out.text(groups.pendingId(pending.value, id).toString())
      out.text('TIME')
      out.text(String(groups.delivered(pending.value)))
      out.text('RETRYCOUNT')
      out.text(deliveries === deliveriesMax ? countMax : String(deliveries))
      out.text('JUSTID')
      out.text('FORCE')
      out.end()
    }
  }
}

/** XGROUP names its subcommand before the key. */
function beginGroupCommand(out: CommandOutput, subcommand: string, key: Buffer, group: Buffer): void {
  out.begin('XGROUP', Buffer.from(subcommand))
  out.word(key, 0, key.length)
  out.word(group, 0, group.length)
}

function write(out: CommandOutput, name: string, key: Buffer, ...words: string[]): void {
  out.begin(name, key)
  for (const word of words) out.text(word)
  out.end()
}
