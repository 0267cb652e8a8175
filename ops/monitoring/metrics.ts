// The figures of a broker, taken when somebody asks: reading counters that are kept anyway costs the hot path nothing.
// Names follow OpenTelemetry's semantic conventions where they have one; `millrace.` stands before what is ours.

import type { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Broker } from '../../broker/broker.ts'
import { withSubcommands } from '../../broker/command.ts'
import type { Command } from '../../broker/command.ts'
import { mayCall } from '../../broker/inner-client.ts'
import type { Metric, HistogramPoint } from '../../broker/metric.ts'
import { memoryFigures } from '../../broker/commands/memory-figures.ts'
import { byPowerOfTwo } from '../../core/histogram.ts'
import type { StreamFigures } from './stream-figures.ts'

export type LoopDelay = ReturnType<typeof monitorEventLoopDelay>
type NumberPoints = Record<string, number>

const secondsPerMicro = 1e-6
/** Classes of a histogram that are shown one by one: 1 µs up to 2^23 µs, about eight seconds. */
const classesShown = 24
const bounds = Array.from({ length: classesShown }, (_, power) => 2 ** power * secondsPerMicro)

/** All figures of the broker and of its extensions. */
export function brokerMetrics(b: Broker, streams: StreamFigures, loopDelay: LoopDelay): Metric[] {
  return [
    ...commandMetrics(b), ...clientMetrics(b), ...logMetrics(b), ...memoryMetrics(b), ...keyMetrics(b),
    ...replicaMetrics(b), ...checkpointMetrics(b), ...loopMetrics(loopDelay),
    ...(mayCall(b) ? [...streams.metrics(), ...b.extensions.metrics()] : []),
  ]
}

function commandMetrics(b: Broker): Metric[] {
  const called = withSubcommands(b.commands)
    .filter((command) => command.calls > 0 || command.rejected > 0)
  const each = (value: (command: Command) => number): { attributes: Record<string, string>, value: number }[] =>
    called.map((command) => ({
      attributes: { command: command.fullName, family: command.spec.group }, value: value(command),
    }))
  const families = Map.groupBy(called, (command) => command.spec.group)
  return [
    {
      kind: 'counter', name: 'millrace.commands', unit: '{command}', description: 'Commands that were run',
      points: each((command) => command.calls),
    },
    {
      kind: 'counter', name: 'millrace.commands.failed', unit: '{command}',
      description: 'Commands that answered an error when they ran', points: each((command) => command.failed),
    },
    {
      kind: 'counter', name: 'millrace.commands.rejected', unit: '{command}',
      description: 'Commands that were refused before they ran', points: each((command) => command.rejected),
    },
    {
      kind: 'histogram', name: 'millrace.command.duration', unit: 's',
      description: 'Time of commands on the thread, by family (while latency-tracking is on)',
      points: [...families].flatMap(([family, commands]) => familyTimes(family, commands)),
    },
    {
      kind: 'counter', name: 'millrace.errors', unit: '{error}', description: 'Error replies by their code',
      points: [...b.stats.errors].map(([code, value]) => ({ attributes: { code }, value })),
    },
  ]
}

function familyTimes(family: string, commands: readonly Command[]): HistogramPoint[] {
  const timed = commands.filter((command) => command.histogram !== undefined)
  if (timed.length === 0) return []
  const sum = timed.reduce((micros, command) => micros + command.micros, 0)
  return [histogramPoint({ family }, timed.map((command) => command.histogram!), sum * secondsPerMicro)]
}

/** One point of histograms as core/histogram.ts counts them; `sum` in seconds. */
function histogramPoint(
  attributes: Record<string, string>, histograms: readonly Float64Array[], sum: number,
): HistogramPoint {
  const counts = Array.from({ length: classesShown + 1 }, () => 0)
  let count = 0
  for (const histogram of histograms) {
    byPowerOfTwo(histogram, (power, times) => {
      counts[Math.min(power, classesShown)]! += times
      count += times
    })
  }
  return { attributes, bounds, counts, count, sum }
}

function clientMetrics(b: Broker): Metric[] {
  return [
    gauge('millrace.clients', '{client}', 'Clients that are connected', b.clients.size),
    gauge('millrace.clients.blocked', '{client}', 'Clients that wait for keys', b.blocking.count),
    counter('millrace.connections', '{connection}', 'Connections that came in', b.stats.connections),
    counter('millrace.connections.rejected', '{connection}', 'Connections turned away', b.stats.rejectedConnections),
    {
      kind: 'counter', name: 'millrace.network.io', unit: 'By', description: 'Bytes from and to clients',
      points: points('direction', { receive: b.stats.netIn, transmit: b.stats.netOut }),
    },
    {
      kind: 'gauge', name: 'millrace.pubsub', unit: '{subscription}', description: 'What is listened to',
      points: points('kind', {
        channel: b.pubsub.count('channel'), pattern: b.pubsub.count('pattern'), shard: b.pubsub.count('shard'),
      }),
    },
  ]
}

function logMetrics(b: Broker): Metric[] {
  const { log } = b.engine
  const { appender } = b
  const states = { ok: 0, failing: 0, broken: 0, [log.state]: 1 }
  const metrics: Metric[] = [
    {
      kind: 'gauge', name: 'millrace.log.position', unit: '{entry}', description: 'Position of the last entry',
      points: points('stage', { appended: log.appended, written: log.written, durable: log.durable }),
    },
    {
      kind: 'gauge', name: 'millrace.log.state', unit: '', description: '1 for the state that the log is in',
      points: points('state', states),
    },
    gauge('millrace.log.pending', 'By', 'Effects that are in no frame yet', log.pendingBytes),
  ]
  if (appender === undefined) return metrics
  return [
    ...metrics,
    counter('millrace.log.frames', '{frame}', 'Frames that were sealed', appender.frames),
    gauge('millrace.log.size', 'By', 'Bytes of the log that a start would read', b.persistence.logBytes),
    {
      kind: 'histogram', name: 'millrace.log.sync.duration', unit: 's', description: 'Time of an fsync of the log',
      points: [histogramPoint({}, [appender.syncs.times], appender.syncs.msSum / 1000)],
    },
  ]
}

function memoryMetrics(b: Broker): Metric[] {
  const m = memoryFigures(b)
  const { arena } = b.engine
  return [
    {
      kind: 'gauge', name: 'millrace.memory', unit: 'By', description: 'Memory',
      points: points('kind', {
        used: m.used, dataset: m.dataset, clients: m.clients, log: m.log, reserved: m.reserved, resident: m.resident,
        heap: process.memoryUsage().heapUsed,
      }),
    },
    gauge('millrace.memory.limit', 'By', 'maxmemory, 0 for none', b.config.values.maxmemory),
    gauge('millrace.arena.blocks', '{block}', 'Blocks of the arena that are in use', arena.blocks),
  ]
}

function keyMetrics(b: Broker): Metric[] {
  const { dbs, stats } = b.engine
  const held = dbs.filter((db) => db.count > 0)
  return [
    {
      kind: 'gauge', name: 'millrace.keys', unit: '{key}', description: 'Keys',
      points: held.map((db) => ({ attributes: { db: db.index }, value: db.count })),
    },
    {
      kind: 'gauge', name: 'millrace.keys.volatile', unit: '{key}', description: 'Keys with a deadline',
      points: held.map((db) => ({ attributes: { db: db.index }, value: db.deadlines.count })),
    },
    counter('millrace.keys.expired', '{key}', 'Keys whose time was up', stats.expiredKeys),
    counter('millrace.fields.expired', '{field}', 'Fields of hashes whose time was up', stats.expiredSubkeys),
    counter('millrace.keys.evicted', '{key}', 'Keys that went because memory was short', stats.evictedKeys),
    {
      kind: 'counter', name: 'millrace.lookups', unit: '{lookup}', description: 'Look-ups of keys by reads',
      points: points('result', { hit: stats.keyspaceHits, miss: stats.keyspaceMisses }),
    },
  ]
}

function replicaMetrics(b: Broker): Metric[] {
  const { replication, replicas, following } = b
  return [
    gauge('millrace.replicas', '{replica}', 'Replicas that are connected', replicas.all.size),
    gauge('millrace.replication.offset', 'By', 'Offset in the stream of replication', replication.masterReplOffset),
    gauge('millrace.replication.following', '', '1 for a replica of another server', following.isReplica ? 1 : 0),
  ]
}

function checkpointMetrics(b: Broker): Metric[] {
  const { persistence } = b
  return [
    {
      kind: 'counter', name: 'millrace.checkpoints', unit: '{checkpoint}', description: 'Checkpoints begun',
      points: points('kind', { save: persistence.saves, rewrite: persistence.rewrites }),
    },
    {
      kind: 'gauge', name: 'millrace.checkpoints.failed', unit: '', description: '1 where the last one failed',
      points: points('kind', {
        save: persistence.lastSave === 'ok' ? 0 : 1, rewrite: persistence.lastRewrite === 'ok' ? 0 : 1,
      }),
    },
    gauge('millrace.checkpoints.unsaved', '{change}', 'Changes since the last dump', persistence.changes),
  ]
}

/** How late timers fire, since somebody last asked. */
function loopMetrics(delay: LoopDelay): Metric[] {
  const metric: Metric = {
    kind: 'gauge', name: 'nodejs.eventloop.delay', unit: 's', description: 'Delay of the event loop',
    points: points('statistic', {
      p50: seconds(delay.percentile(50)), p99: seconds(delay.percentile(99)), max: seconds(delay.max),
    }),
  }
  delay.reset()
  return [metric]
}

function seconds(ns: number): number {
  return Number.isFinite(ns) ? ns / 1e9 : 0
}

function points(attribute: string, values: NumberPoints): { attributes: Record<string, string>, value: number }[] {
  return Object.entries(values).map(([word, value]) => ({ attributes: { [attribute]: word }, value }))
}

function gauge(name: string, unit: string, description: string, value: number): Metric {
  return { kind: 'gauge', name, unit, description, points: [{ attributes: {}, value }] }
}

function counter(name: string, unit: string, description: string, value: number): Metric {
  return { kind: 'counter', name, unit, description, points: [{ attributes: {}, value }] }
}
