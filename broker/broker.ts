// The broker: clients, and the engine behind them. What it does has rooms of its own: the turn, start and stop, …

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Args } from '../core/args.ts'
import { realClock } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandTable } from '../core/commands/command-table.ts'
import { realDisk } from '../core/disk.ts'
import type { Disk } from '../core/disk.ts'
import { Engine } from '../core/engine.ts'
import type { Appender } from '../core/log/appender.ts'
import { nullLog } from '../core/log/log.ts'
import { realRandom } from '../core/random.ts'
import type { Random } from '../core/random.ts'
import { Acl } from './acl/acl.ts'
import { Answers } from './answers.ts'
import { Blocking } from './blocking.ts'
import type { Command } from './command.ts'
import { createCommands } from './commands/table.ts'
import type { Config } from './config/config.ts'
import { ClientBound } from './client-bound.ts'
import { admitSocket } from './clients.ts'
import { connectInProcess } from './in-process.ts'
import type { Connection } from './connection.ts'
import { brokerGates } from './gates.ts'
import { Extensions } from './extension.ts'
import type { Extension } from './extension.ts'
import { ExpiryTimer } from './expiry-timer.ts'
import { Lookahead } from './lookahead.ts'
import { LatencyMonitor } from './latency-monitor.ts'
import { startBroker, stopBroker } from './lifecycle.ts'
import { Listeners } from './listeners.ts'
import { MemoryBound } from './memory-bound.ts'
import { Meter } from './meter.ts'
import { Monitors } from './monitor.ts'
import { noteSlow } from './observe.ts'
import { KeyHolds } from './migration/key-holds.ts'
import { Targets } from './migration/targets.ts'
import { KeyspaceEvents } from './notify.ts'
import { Outbox } from './outbox.ts'
import { Pause } from './pause.ts'
import { Loading } from './persistence/loading.ts'
import { Persistence } from './persistence/persistence.ts'
import { PubSub } from './pubsub.ts'
import { newRates } from './rates.ts'
import type { Rates } from './rates.ts'
import { Renames } from './renames.ts'
import { linkDoors, linkSettings } from './settings.ts'
import { Failover } from './replication/failover.ts'
import { Following } from './replication/following.ts'
import { Replicas } from './replication/replicas.ts'
import { linkReplicas } from './replication/settings.ts'
import { ReplicationState } from './replication/replication-state.ts'
import { Scripts } from './scripting/scripts.ts'
import { SlowLog } from './slow-log.ts'
import { countCode, freshStats } from './stats.ts'
import type { BrokerStats } from './stats.ts'
import { Tracking } from './tracking.ts'
import type { Tracer } from './tracer.ts'
import { endTransaction } from './transaction.ts'
import { Turn } from './turn.ts'
import { Watches } from './watch.ts'

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning'

export type BrokerOptions = {
  config: Config
  /** Gets a line of the operator's log. */
  report?: (level: LogLevel, text: string) => void
  clock?: Clock
  random?: Random
  disk?: Disk
  /** What stands on the broker and is no part of it. */
  extensions?: readonly Extension[]
}

export class Broker {
  readonly config: Config
  readonly engine: Engine
  readonly commands: CommandTable<Command>
  /** Set where `rename-command` names some. */
  readonly renames: Renames | undefined
  readonly args: Args
  readonly outbox: Outbox
  readonly meter: Meter
  readonly memory: MemoryBound
  readonly clientBound: ClientBound
  readonly blocking: Blocking
  readonly lookahead: Lookahead
  readonly watches: Watches
  readonly pubsub: PubSub
  readonly events: KeyspaceEvents
  readonly tracking: Tracking
  readonly scripts: Scripts
  readonly replication: ReplicationState
  readonly replicas: Replicas
  readonly following: Following
  readonly failover: Failover
  readonly listeners: Listeners
  readonly clients: Map<number, Connection>
  readonly monitors: Monitors
  readonly stats: BrokerStats
  readonly acl: Acl
  readonly slowlog: SlowLog
  readonly latency: LatencyMonitor
  readonly rates: Rates
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string
  /** What the empty views take. */
  readonly startupBytes: number
  /** What the process held then: Node, its libraries and code. */
  readonly startupResidentBytes: number
  readonly report: (level: LogLevel, text: string) => void
  /** The file log, once the directory was recovered and unless `appendonly` is no. */
  appender: Appender | undefined
  gates: number
  startedMs: number
  nextClientId: number
  stopping: boolean
  /** Called once when the broker has stopped of itself (SHUTDOWN). */
  onStopped: (() => void) | undefined
  readonly disk: Disk
  /** Other processes see the same files. */
  readonly onRealDisk: boolean
  readonly answers: Answers
  readonly turn: Turn
  readonly pause: Pause
  /** Keys that MIGRATE moves, and connections to where. */
  readonly holds: KeyHolds
  readonly targets: Targets
  readonly loading: Loading
  readonly persistence: Persistence
  readonly expiry: ExpiryTimer
  readonly extensions: Extensions
  /** Told when there may be more in the log that may be shown; they must be quick. */
  readonly logFollowers: Set<() => void>
  /** Set while somebody wants traces. */
  tracer: Tracer | undefined
  /** What runs ten times a second, from start to stop. */
  cron: NodeJS.Timeout | undefined

  constructor(options: BrokerOptions, engine: Engine) {
    this.config = options.config
    this.engine = engine
    this.disk = options.disk ?? realDisk()
    this.onRealDisk = options.disk === undefined
    this.report = options.report ?? (() => {})
    this.commands = createCommands(options.extensions)
    this.renames = this.config.renames.length === 0 ? undefined : new Renames(this.config, this.commands)
    this.args = new Args()
    this.outbox = new Outbox(() => engine.log)
    this.memory = new MemoryBound(this)
    this.clientBound = new ClientBound(this)
    this.meter = new Meter(engine.clock, this.config, noteSlow)
    this.blocking = new Blocking(this)
    this.lookahead = new Lookahead()
    this.watches = new Watches(engine)
    this.pubsub = new PubSub(this)
    this.events = new KeyspaceEvents(this)
    this.tracking = new Tracking(this)
    this.scripts = new Scripts(this)
    this.replication = new ReplicationState(engine.random)
    this.replicas = new Replicas(this)
    this.following = new Following(this)
    this.failover = new Failover(this)
    this.listeners = new Listeners(this.config.values, (socket, secure, path) => this.admit(socket, secure, path))
    this.clients = new Map()
    this.monitors = new Monitors(engine.clock)
    this.stats = freshStats()
    this.acl = new Acl(this)
    this.slowlog = new SlowLog()
    this.latency = new LatencyMonitor()
    this.rates = newRates()
    this.runId = Array.from({ length: 5 }, () => engine.random.u32().toString(16).padStart(8, '0')).join('')
    this.startupBytes = engine.arena.usedBytes
    this.startupResidentBytes = process.memoryUsage.rss()
    this.appender = undefined
    this.gates = 0
    this.startedMs = engine.clock.nowMs()
    this.nextClientId = 1
    this.stopping = false
    this.onStopped = undefined
    this.answers = new Answers(this)
    this.turn = new Turn(this)
    this.pause = new Pause(this)
    this.holds = new KeyHolds(this)
    this.targets = new Targets(this)
    this.loading = new Loading(this)
    this.persistence = new Persistence(this)
    this.expiry = new ExpiryTimer(this)
    this.logFollowers = new Set()
    this.tracer = undefined
    this.cron = undefined
    linkSettings(this)
    linkReplicas(this)
    engine.onReplaced = (db, by) => {
      this.watches.replace(db, by)
      this.blocking.replace(db, by)
    }
    linkDoors(this)
    this.extensions = new Extensions(this, options.extensions ?? [])
  }

  /** Opens the doors, folds the log, then serves. Throws MillraceError. */
  start(): Promise<void> {
    return startBroker(this)
  }

  /** Graceful stop: what was run is sealed and synced, replies leave, then all is closed. */
  stop(): Promise<void> {
    return stopBroker(this)
  }

  /** A connection that never leaves the process, for clients that take any Duplex. */
  connect(): Duplex {
    return connectInProcess(this)
  }

  openTurn(): void {
    this.turn.open()
  }

  /** Runs what the client sent, for at most its share of the turn. */
  run(c: Connection): void {
    this.turn.run(c)
  }

  /** The client goes on with what it sent in the next turn. */
  later(c: Connection): void {
    this.turn.later(c)
  }

  /** Those who wait for keys that became ready get theirs, behind what the command at hand was answered. */
  serveBlocked(): void {
    const { answers } = this
    const { running } = answers
    answers.running = undefined
    this.blocking.serve()
    answers.running = running
  }

  /** Forgets a client that is gone. */
  forget(c: Connection): void {
    if (c.replica !== undefined) this.replicas.forget(c.replica)
    this.blocking.remove(c)
    this.watches.unwatch(c)
    this.pubsub.forget(c)
    this.tracking.disable(c)
    this.hookKeys()
    this.monitors.delete(c)
    this.clients.delete(c.id)
  }

  /** RESET, as far as the broker's own state goes. */
  resetClient(c: Connection): void {
    this.discard(c)
    this.pubsub.forget(c)
    this.tracking.disable(c)
    this.hookKeys()
    this.monitors.delete(c)
  }

  /** Leaves MULTI and WATCH. */
  discard(c: Connection): void {
    endTransaction(c)
  }

  /** Switches the engine's hooks on while somebody watches, caches or moves keys. */
  hookKeys(): void {
    const { engine, watches, tracking, holds } = this
    const caching = tracking.active
    if (!caching && watches.keys === 0 && !holds.active) engine.onTouch = undefined
    else engine.onTouch ??= (db, buf, from, to) => {
      if (watches.keys > 0) watches.touch(db, buf, from, to)
      if (tracking.active) tracking.touch(buf, from, to)
      if (holds.active) holds.touch(db, buf, from, to)
    }
    engine.onFlushed = caching ? () => tracking.flush() : undefined
  }

  setMemoryGate(bounded: boolean): void {
    if (bounded) this.gates |= brokerGates.memory
    else this.gates &= ~brokerGates.memory
  }

  /** True when commands that need memory must be refused, as of when the last command began. */
  outOfMemory(): boolean {
    return (this.gates & brokerGates.memory) !== 0 && this.memory.exhausted
  }

  /** Why the log fails, as the operating system puts it. */
  logFailure(): string {
    const error = this.engine.log.failure as NodeJS.ErrnoException | undefined
    if (error?.code === 'ENOSPC') return 'No space left on device'
    if (error?.code === 'EIO') return 'Input/output error'
    return error?.message ?? 'unknown error'
  }

  /** Counts the error that a command answered. */
  countError(command: Command, text: string): void {
    command.failed++
    this.countErrorText(text)
  }

  countErrorText(text: string): void {
    this.stats.errorReplies++
    const codes = countCode(this.stats, text)
    if (codes === undefined) return
    this.report('warning', 'Errorstats stopped: scripts seem to make up the first words of their errors. See INFO '
      + `errorstats; CONFIG RESETSTAT lets it begin anew. Codes so far: ${codes.toSorted().join(', ')}`)
  }

  private admit(socket: Socket, secure: boolean, unixPath: string): void {
    admitSocket(this, socket, secure, unixPath)
  }

  /** The log's state or what of it is safe has changed. */
  logProgressed(): void {
    if (this.engine.log.state === 'ok') this.gates &= ~brokerGates.failing
    else if ((this.gates & brokerGates.failing) === 0) {
      this.gates |= brokerGates.failing
      this.report('warning', `the log can't be written: ${this.logFailure()}`)
    }
    // What was held open goes on its way, and its sync begins, before the replies that became safe are written.
    if (!this.engine.log.holding) this.engine.seal()
    this.outbox.release()
    this.replicas.release()
    if (this.logFollowers.size > 0) this.tellLogFollowers()
  }

  tellLogFollowers(): void {
    for (const tell of this.logFollowers) tell()
  }
}

/** A broker with an empty engine; `start` folds the log and opens the doors. */
export function createBroker(options: BrokerOptions): Broker {
  const engine = new Engine({
    clock: options.clock ?? realClock(),
    random: options.random ?? realRandom(),
    log: nullLog(),
    databases: options.config.values.databases,
  })
  return new Broker(options, engine)
}
