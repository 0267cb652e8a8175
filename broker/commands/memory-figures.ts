// The figures of INFO memory, MEMORY STATS and MEMORY DOCTOR, in bytes.
//
//   used       = arena blocks + what clients hold + the log's open frame
//   overhead   = what the empty server takes, tables of keys and deadlines, clients, the open frame
//   dataset    = used - overhead
//   allocated ≤ active (pages cut into blocks) ≤ reserved (chunks; those never touched are not resident)
//   resident   = the whole process, with Node's own code and heap
//   expected   = used + what the process held when it started: the measure for resident, as used alone is where the
//                process is small; beyond it is fragmentation, and garbage of Node's heap

import type { Broker } from '../broker.ts'
import { clientMemory } from './client-list.ts'

export type TableFigures = { db: number, main: number, deadlines: number }

export type MemoryFigures = {
  used: number
  peak: number
  startup: number
  clients: number
  replicas: number
  backlog: number
  log: number
  overhead: number
  dataset: number
  keys: number
  /** By database that holds keys. */
  tables: readonly TableFigures[]
  allocated: number
  active: number
  /** What of the reserved chunks may be resident. */
  reserved: number
  resident: number
  expected: number
}

export function memoryFigures(broker: Broker): MemoryFigures {
  const { engine, memory, startupBytes, startupResidentBytes } = broker
  const { arena } = engine
  memory.sample()
  const clients = memory.clientBytes
  const log = engine.log.pendingBytes
  const tables: TableFigures[] = []
  let keys = 0
  let tableBytes = 0
  for (const db of engine.dbs) {
    if (db.count === 0) continue
    const main = db.dict.memoryBytes()
    const deadlines = db.deadlines.memoryBytes() + db.fieldDeadlines.memoryBytes() + db.plannedStreams.memoryBytes()
    tables.push({ db: db.index, main, deadlines })
    tableBytes += main + deadlines
    keys += db.count
  }
  const used = arena.usedBytes + clients + log
  const overhead = Math.min(used, startupBytes + tableBytes + clients + log)
  const replicas = [...broker.replicas.all].reduce((sum, { client }) => sum + clientMemory(client), 0)
  const resident = process.memoryUsage.rss()
  return {
    used, peak: Math.max(used, memory.peakBytes), startup: startupBytes, clients, replicas,
    backlog: broker.replication.backlog?.memoryBytes ?? 0, log, overhead,
    dataset: used - overhead, keys, tables, allocated: arena.usedBytes, active: arena.activeBytes,
    reserved: Math.max(arena.activeBytes, Math.min(arena.reservedBytes, resident)), resident,
    expected: used + startupResidentBytes,
  }
}

/** `part` as a multiple of `whole`. */
export function ratio(part: number, whole: number): number {
  return part / Math.max(1, whole)
}
