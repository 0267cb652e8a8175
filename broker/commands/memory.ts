// MEMORY: what the views take. The arena's accounting is exact; what Node itself takes is told apart.

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import { formOf, rootOf, typeOf, types } from '../../core/keyspace/entry.ts'
import type { Reply } from '../../core/reply.ts'
import { opsOf } from '../../core/types/types.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { bindSubcommands } from './bind.ts'
import { clientMemory } from './client-list.ts'
import { memorySpec } from './memory-spec.ts'

/** A key's share of the table that finds it: a slot of eight bytes, seven eighths full at most. */
const slotBytes = 10

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
  r.int(x.arena.usableBytes(entry) + value + slotBytes)
}

export type MemoryFigures = {
  used: number
  peak: number
  startup: number
  clients: number
  overhead: number
  keys: number
  dataset: number
  resident: number
  reserved: number
}

/** The figures of INFO memory and MEMORY STATS, in bytes. */
export function memoryFigures(c: Connection): MemoryFigures {
  const { engine } = c.broker
  const { arena } = engine
  let clients = 0
  for (const other of c.broker.clients.values()) clients += clientMemory(other)
  let keys = 0
  for (const db of engine.dbs) keys += db.count
  const overhead = Math.min(arena.usedBytes, c.broker.startupBytes + keys * slotBytes)
  return {
    used: arena.usedBytes, peak: arena.peakBytes, startup: c.broker.startupBytes, clients, overhead, keys,
    dataset: arena.usedBytes - overhead, resident: process.memoryUsage.rss(), reserved: arena.reservedBytes,
  }
}

function writeStats(c: Connection, _: Args, r: Reply): void {
  const m = memoryFigures(c)
  const net = Math.max(1, m.used - m.startup)
  const busy = c.broker.engine.dbs.filter((db) => db.count > 0)
  const rows: [string, number | string][] = [
    ['peak.allocated', Math.max(m.peak, m.used)], ['total.allocated', m.used], ['startup.allocated', m.startup],
    ['replication.backlog', 0], ['clients.slaves', 0], ['clients.normal', m.clients], ['cluster.links', 0],
    ['aof.buffer', c.broker.engine.log.pendingBytes], ['lua.caches', 0], ['functions.caches', 0],
  ]
  const rest: [string, number | string][] = [
    ['overhead.total', m.overhead], ['keys.count', m.keys],
    ['keys.bytes-per-key', m.keys === 0 ? 0 : Math.trunc((m.used - m.startup) / m.keys)],
    ['dataset.bytes', m.dataset], ['dataset.percentage', String((m.dataset / net) * 100)],
    ['peak.percentage', String((m.used / Math.max(1, m.peak, m.used)) * 100)],
    ['allocator.allocated', m.used], ['allocator.active', m.used], ['allocator.resident', m.reserved],
    ['allocator-fragmentation.ratio', '1'], ['allocator-fragmentation.bytes', 0],
    ['allocator-rss.ratio', String(m.reserved / Math.max(1, m.used))], ['allocator-rss.bytes', m.reserved - m.used],
    ['rss-overhead.ratio', String(m.resident / Math.max(1, m.reserved))],
    ['rss-overhead.bytes', m.resident - m.reserved],
    ['fragmentation', String(m.resident / Math.max(1, m.used))], ['fragmentation.bytes', m.resident - m.used],
  ]
  r.map(rows.length + busy.length + rest.length)
  writeRows(r, rows)
  for (const db of busy) {
    r.text(`db.${db.index}`)
    r.map(2)
    writeRows(r, [['overhead.hashtable.main', db.count * slotBytes], ['overhead.hashtable.expires', 0]])
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
  const m = memoryFigures(c)
  const lines: string[] = []
  if (m.peak > m.used * 1.5) lines.push('The views once took much more memory than now; freed memory is used again.')
  if (m.clients > m.used / 2 && m.clients > 64 << 20) {
    lines.push('Clients hold much memory: some read too slowly, or send large commands.')
  }
  if (m.resident > m.reserved * 3 && m.resident > 512 << 20) {
    lines.push('The process takes much more memory than the views; MEMORY STATS tells the shares.')
  }
  r.verbatim('txt', lines.length === 0 ? 'No problem was found with memory.\n' : `${lines.join('\n')}\n`)
}

function mallocStats(c: Connection, _: Args, r: Reply): void {
  const { arena } = c.broker.engine
  r.verbatim('txt', `arena: ${arena.usedBytes} bytes in ${arena.blocks} blocks, ${arena.reservedBytes} reserved in `
    + `${arena.u8.length} chunks\n`)
}

export const memoryCommands: readonly BrokerSpec[] = [bindSubcommands(memorySpec, {
  doctor,
  'malloc-stats': mallocStats,
  purge: (_, _a, r) => r.ok(),
  stats: writeStats,
  usage,
})]
