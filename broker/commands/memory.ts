// MEMORY: what the views take. The arena's accounting is exact; what Node itself takes is told apart.

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import { formOf, hasDeadline, rootOf, typeOf, types } from '../../core/keyspace/entry.ts'
import type { Reply } from '../../core/reply.ts'
import { opsOf } from '../../core/types/types.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { bindSubcommands } from './bind.ts'
import { diagnose } from './memory-doctor.ts'
import { memoryFigures, ratio } from './memory-figures.ts'
import { memorySpec } from './memory-spec.ts'

/** A key's share of the table that finds it: a slot of eight bytes, seven eighths full at most. */
const slotBytes = 10
/** A deadline's share of its Tree. */
const deadlineSlotBytes = 18

function usage(c: Connection, a: Args, r: Reply): void {
  for (let i = 3; i < a.count; i += 2) {
    if (!a.is(i, 'SAMPLES') || i + 1 >= a.count) return r.error(replies.syntax)
    const samples = a.int(i + 1)
    if (Number.isNaN(samples)) return r.error(replies.notInteger)
    if (samples < 0) return r.error(replies.syntax)
  }
  const x = c.broker.engine
  const db = x.dbs[c.db]!
  const [from, to] = [a.start[2]!, a.end[2]!]
  const entry = db.peek(a.buf, from, to, db.hash(a.buf, from, to))
  if (entry === 0) return r.nil()
  const type = typeOf(x.arena, entry)
  const [root, form] = [rootOf(x.arena, entry), formOf(x.arena, entry)]
  const value = type === types.string ? 0 : opsOf(type).memoryBytes(x, root, form)
  const dated = hasDeadline(x.arena, entry) ? deadlineSlotBytes : 0
  r.int(x.arena.usableBytes(entry) + value + slotBytes + dated)
}

function writeStats(c: Connection, _: Args, r: Reply): void {
  const m = memoryFigures(c.broker)
  const net = Math.max(1, m.used - m.startup)
  const rows: [string, number | string][] = [
    ['peak.allocated', m.peak], ['total.allocated', m.used], ['startup.allocated', m.startup],
    ['replication.backlog', m.backlog], ['clients.slaves', m.replicas], ['clients.normal', m.clients],
    ['cluster.links', 0],
    ['aof.buffer', m.log], ['lua.caches', c.broker.scripts.cache.bytes],
    ['functions.caches', c.broker.engine.libraries.bytes],
  ]
  // Without the `db.dict.rehashing.count` of Redis 7.4: clients from before it take what begins with `db.` for a map.
  const rest: [string, number | string][] = [
    ['overhead.db.hashtable.lut', m.tables.reduce((sum, { main, deadlines }) => sum + main + deadlines, 0)],
    ['overhead.db.hashtable.rehashing', 0], ['overhead.total', m.overhead], ['keys.count', m.keys],
    ['keys.bytes-per-key', m.keys === 0 ? 0 : Math.trunc((m.used - m.startup) / m.keys)],
    ['dataset.bytes', m.dataset], ['dataset.percentage', String((m.dataset / net) * 100)],
    ['peak.percentage', String(ratio(m.used, m.peak) * 100)],
    ['allocator.allocated', m.allocated], ['allocator.active', m.active], ['allocator.resident', m.reserved],
    ['allocator.muzzy', 0],
    ['allocator-fragmentation.ratio', String(ratio(m.active, m.allocated))],
    ['allocator-fragmentation.bytes', m.active - m.allocated],
    ['allocator-rss.ratio', String(ratio(m.reserved, m.active))], ['allocator-rss.bytes', m.reserved - m.active],
    ['rss-overhead.ratio', String(ratio(m.resident, m.reserved))], ['rss-overhead.bytes', m.resident - m.reserved],
    ['fragmentation', String(ratio(m.resident, m.expected))], ['fragmentation.bytes', m.resident - m.expected],
  ]
  r.map(rows.length + m.tables.length + rest.length)
  writeRows(r, rows)
  for (const { db, main, deadlines } of m.tables) {
    r.text(`db.${db}`)
    r.map(2)
    writeRows(r, [['overhead.hashtable.main', main], ['overhead.hashtable.expires', deadlines]])
  }
  writeRows(r, rest)
}

function writeRows(r: Reply, rows: readonly (readonly [string, number | string])[]): void {
  for (const [name, value] of rows) {
    r.text(name)
    if (typeof value === 'number') r.int(value)
    else r.double(value)
  }
}

function doctor(c: Connection, _: Args, r: Reply): void {
  r.verbatim('txt', diagnose(c.broker))
}

function purge(c: Connection, _: Args, r: Reply): void {
  c.broker.engine.arena.purge()
  r.ok()
}

function mallocStats(c: Connection, _: Args, r: Reply): void {
  const { arena } = c.broker.engine
  r.verbatim('txt', `arena: ${arena.usedBytes} bytes in ${arena.blocks} blocks, pages of ${arena.activeBytes} bytes, `
    + `${arena.reservedBytes} bytes reserved in ${arena.u8.length} chunks\n`)
}

export const memoryCommands: readonly BrokerSpec[] = [bindSubcommands(memorySpec, {
  doctor,
  'malloc-stats': mallocStats,
  purge,
  stats: writeStats,
  usage,
})]
