// The broker: clients, the turn of the event loop, and the engine behind them.
//
//   a chunk comes ─▶ run(client): its commands, one after the other, replies to the turn's buffer
//   ⋮ more chunks of more clients, the same turn
//   setImmediate  ─▶ endTurn(): the effects become a frame, handed to the OS; safe replies leave

import type { Socket } from 'node:net'
import { Args } from '../core/args.ts'
import { realClock } from '../core/clock.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandTable } from '../core/commands/command-table.ts'
import type { Disk } from '../core/disk.ts'
import { Engine } from '../core/engine.ts'
import type { Appender } from '../core/log/appender.ts'
import { nullLog } from '../core/log/log.ts'
import { realRandom } from '../core/random.ts'
import type { Random } from '../core/random.ts'
import type { Reply } from '../core/reply.ts'
import { Acl } from './acl/acl.ts'
import { Answers } from './answers.ts'
import { Blocking } from './blocking.ts'
import { flagBits } from './command.ts'
import type { BrokerSpec, Command } from './command.ts'
import { createCommands } from './commands/table.ts'
import type { Config } from './config/config.ts'
import { admitSocket, watchClients } from './clients.ts'
import type { Connection } from './connection.ts'
import { brokerGates, dispatch } from './dispatch.ts'
import { allRepliesBytesMax, cronMs, gatherSyncsMax, stopMsMax, turnCommandsMax, turnReplyBytesMax } from './limits.ts'
import { Lookahead } from './lookahead.ts'
import { LatencyMonitor } from './latency-monitor.ts'
import { Listeners } from './listeners.ts'
import { MemoryBound } from './memory-bound.ts'
import { Meter } from './meter.ts'
import { monitorLine } from './monitor.ts'
import { beginTimedTurn, noteSlow, sampleRates } from './observe.ts'
import { KeyspaceEvents } from './notify.ts'
import { Outbox } from './outbox.ts'
import { PubSub } from './pubsub.ts'
import { Rate } from './rates.ts'
import { linkSettings, openLog } from './recovery.ts'
import { ReplicationState } from './replication/replication-state.ts'
import { Scripts } from './scripting/scripts.ts'
import { SlowLog } from './slow-log.ts'
import { freshStats } from './stats.ts'
import type { BrokerStats } from './stats.ts'
import { Tracking } from './tracking.ts'
import { endTransaction } from './transaction.ts'
import { Watches } from './watch.ts'

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning'

export type BrokerOptions = {
  config: Config
  /** Gets a line of the operator's log. */
  report?: (level: LogLevel, text: string) => void
  clock?: Clock
  random?: Random
  disk?: Disk
  /** Commands beside the usual ones; those with `run` fold when the log is replayed. */
  commands?: readonly BrokerSpec[]
}

/** CLIENT PAUSE: until when (broker's monotonic ms), and whether reads wait too. */
export type Pause = { untilMs: number, kind: 'write' | 'all' }

export class Broker {
  readonly config: Config
  readonly engine: Engine
  readonly commands: CommandTable<Command>
  readonly args: Args
  readonly outbox: Outbox
  readonly meter: Meter
  readonly memory: MemoryBound
  readonly blocking: Blocking
  readonly lookahead: Lookahead
  readonly watches: Watches
  readonly pubsub: PubSub
  readonly events: KeyspaceEvents
  readonly tracking: Tracking
  readonly scripts: Scripts
  readonly replication: ReplicationState
  readonly listeners: Listeners
  readonly clients: Map<number, Connection>
  readonly monitors: Set<Connection>
  readonly stats: BrokerStats
  readonly acl: Acl
  readonly slowlog: SlowLog
  readonly latency: LatencyMonitor
  readonly rates: { commands: Rate, netIn: Rate, netOut: Rate }
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string
  /** What the empty views take. */
  readonly startupBytes: number
  readonly report: (level: LogLevel, text: string) => void
  /** The file log, once the directory was recovered and unless `appendonly` is no. */
  appender: Appender | undefined
  gates: number
  pause: Pause | undefined
  startedMs: number
  nextClientId: number
  stopping: boolean
  /** Called once when the broker has stopped of itself (SHUTDOWN). */
  onStopped: (() => void) | undefined
  readonly disk: Disk | undefined
  readonly answers: Answers
  private turnOpen: boolean
  private deferred: Connection[]
  private continuing: boolean
  private cron: NodeJS.Timeout | undefined
  private expiry: NodeJS.Timeout | undefined
  private expiryAtMs: number
  private readonly endTurnLater: () => void
  /** Reads before the turn, and when the turn was last asked whether it waits for more; until when it may. */
  private turnReads: number
  private gatheredReads: number
  private gatherUntilMs: number

  constructor(options: BrokerOptions, engine: Engine) {
    this.config = options.config
    this.engine = engine
    this.disk = options.disk
    this.report = options.report ?? (() => {})
    this.commands = createCommands(options.commands)
    this.args = new Args()
    this.outbox = new Outbox(() => engine.log)
    this.memory = new MemoryBound(this)
    this.meter = new Meter(engine.clock, this.config, noteSlow)
    this.blocking = new Blocking(this)
    this.lookahead = new Lookahead()
    this.watches = new Watches(engine)
    this.pubsub = new PubSub(this)
    this.events = new KeyspaceEvents(this)
    this.tracking = new Tracking(this)
    this.scripts = new Scripts(this)
    this.replication = new ReplicationState(engine.random)
    this.listeners = new Listeners(this.config.values, (socket, secure, path) => this.admit(socket, secure, path))
    this.clients = new Map()
    this.monitors = new Set()
    this.stats = freshStats()
    this.acl = new Acl(this)
    this.slowlog = new SlowLog()
    this.latency = new LatencyMonitor()
    this.rates = { commands: new Rate(), netIn: new Rate(), netOut: new Rate() }
    this.runId = Array.from({ length: 5 }, () => engine.random.u32().toString(16).padStart(8, '0')).join('')
    this.startupBytes = engine.arena.usedBytes
    this.appender = undefined
    this.gates = 0
    this.pause = undefined
    this.startedMs = engine.clock.nowMs()
    this.nextClientId = 1
    this.stopping = false
    this.onStopped = undefined
    this.answers = new Answers(this)
    this.turnOpen = false
    this.deferred = []
    this.continuing = false
    this.cron = undefined
    this.expiry = undefined
    this.expiryAtMs = Infinity
    this.endTurnLater = () => {
      if (!this.turnOpen) return
      if (this.gathers()) setImmediate(this.endTurnLater)
      else this.endTurn()
    }
    this.turnReads = 0
    this.gatheredReads = 0
    this.gatherUntilMs = 0
    linkSettings(this)
    engine.onReplaced = (db, by) => {
      this.watches.replace(db, by)
      this.blocking.replace(db, by)
    }
    const reopened = (error: unknown): void => this.report('warning', `can't listen: ${(error as Error).message}`)
    this.config.onChange(['port', 'bind'], () => void this.listeners.reopenPlain().catch(reopened))
    const tlsNames = [
      'tls-port', 'tls-cert-file', 'tls-key-file', 'tls-key-file-pass', 'tls-ca-cert-file', 'tls-ca-cert-dir',
      'tls-auth-clients', 'tls-protocols', 'tls-ciphers', 'tls-ciphersuites', 'tls-prefer-server-ciphers',
    ]
    this.config.onChange(tlsNames, () => void this.listeners.reopenSecure().catch(reopened))
  }

  /** Opens the doors, folds the log, then serves. Throws MillraceError. */
  async start(): Promise<void> {
    this.gates |= brokerGates.loading
    await this.listeners.open()
    try {
      this.appender = await openLog(this, this.disk)
    } catch (error) {
      await this.listeners.close()
      throw error
    }
    this.gates &= ~brokerGates.loading
    const appender = this.appender
    if (this.stopping) {
      await appender?.close()
      return
    }
    if (appender !== undefined) appender.onProgress = () => this.logProgressed()
    this.tick()
    this.cron = setInterval(() => this.tick(), cronMs)
    this.armExpiry()
  }

  /** Graceful stop: nobody new, what was run is sealed and synced, replies leave, then all is closed. */
  async stop(): Promise<void> {
    if (this.stopping) return
    this.stopping = true
    const clients = Array.from(this.clients.values())
    for (const c of clients) c.closing = true
    await this.listeners.close()
    clearInterval(this.cron)
    clearTimeout(this.expiry)
    // What a script did that has not ended is in no frame, and stays so.
    if (this.scripts.busy !== undefined) this.engine.log.abandon()
    this.endTurn()
    this.engine.seal()
    await this.syncOrGiveUp()
    this.outbox.release()
    for (const c of clients) c.transmit(Buffer.alloc(0), true)
    const until = this.engine.clock.monotonicMs() + stopMsMax
    while (this.clients.size > 0 && this.engine.clock.monotonicMs() < until) {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    for (const c of clients) c.destroy()
    await this.engine.log.close()
  }

  /** Syncs the log for the last time. What a failing disk does not take was never acknowledged: nobody waits for it. */
  private async syncOrGiveUp(): Promise<void> {
    const { log } = this.engine
    const last = { settled: false, synced: false }
    const settle = (synced: boolean): void => {
      last.settled = true
      last.synced = synced
    }
    log.flush().then(() => settle(true), () => settle(false))
    do await new Promise((resolve) => setTimeout(resolve, 1))
    while (!last.settled && log.state === 'ok')
    if (last.synced) return
    this.report('warning', `the last writes could not be synced: ${this.logFailure()}`)
  }

  /** Begins a turn unless one is open; it ends when the event loop has served all that is there. */
  openTurn(): void {
    if (this.turnOpen) return
    this.turnOpen = true
    this.turnReads = this.stats.reads
    this.gatheredReads = -1
    if (this.config.values.latencyMonitorThreshold === 0) this.engine.beginTurn()
    else beginTimedTurn(this)
    this.memory.beginTurn()
    setImmediate(this.endTurnLater)
    // What expired or was evicted may have had waiters.
    if (this.blocking.pending) this.serveBlocked()
  }

  /** Runs what the client sent, for at most its share of the turn. */
  run(c: Connection): void {
    this.openTurn()
    const { outbox, engine, answers } = this
    const r = outbox.reply
    if (c.shareTurn !== outbox.turn) {
      c.shareTurn = outbox.turn
      c.share = turnCommandsMax
    }
    c.lastActiveMs = engine.now
    const changes = engine.changes
    const { current, running } = answers
    answers.begin(c)
    this.meter.start()
    let ahead = 0
    while (!c.halted) {
      if (c.share <= 0 || r.at - answers.currentFrom > turnReplyBytesMax) {
        if (c.parser.bufferedBytes > 0 || c.inputEnded) this.later(c)
        break
      }
      if (ahead-- === 0) ahead = this.lookahead.warm(c.parser, engine.dbs[c.db]!) - 1
      const found = c.parser.next()
      if (found === 1) {
        c.share--
        dispatch(this, c, c.parser.args)
      } else {
        if (found === 2) this.protocolError(c, r)
        break
      }
    }
    this.meter.stop()
    answers.end(current, running)
    if (engine.changes !== changes) c.wroteTurn = outbox.turn
    c.stallIfUnread()
    if (c.parser.bufferedBytes > this.config.values.clientQueryBufferLimit) c.exceedInput()
    else c.adjustReading()
    if (current === undefined && r.at > allRepliesBytesMax) this.endTurn()
  }

  /** Those who wait for keys that became ready get theirs, behind what the command at hand was answered. */
  serveBlocked(): void {
    const { answers } = this
    const { running } = answers
    answers.running = undefined
    this.blocking.serve()
    answers.running = running
  }

  /** The client goes on with what it sent in the next turn. */
  later(c: Connection): void {
    if (c.deferred || c.closed) return
    c.deferred = true
    this.deferred.push(c)
    this.continueSoon()
  }

  /** Forgets a client that is gone. */
  forget(c: Connection): void {
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

  /** Switches the engine's hooks on while somebody watches or caches keys. */
  hookKeys(): void {
    const { engine, watches, tracking } = this
    const caching = tracking.active
    if (!caching && watches.keys === 0) engine.onTouch = undefined
    else engine.onTouch ??= (db, buf, from, to) => {
      if (watches.keys > 0) watches.touch(db, buf, from, to)
      if (tracking.active) tracking.touch(buf, from, to)
    }
    engine.onFlushed = caching ? () => tracking.flush() : undefined
  }

  /** CLIENT PAUSE. */
  pauseFor(ms: number, kind: 'write' | 'all'): void {
    const untilMs = this.engine.clock.monotonicMs() + ms
    const { pause } = this
    // A longer or stricter pause that stands already stays.
    const stricter = pause?.kind === 'all' ? 'all' : kind
    this.pause = { untilMs: Math.max(untilMs, pause?.untilMs ?? 0), kind: stricter }
    this.gates |= brokerGates.paused
  }

  /** CLIENT UNPAUSE, or the pause's end: the commands that waited are run. */
  unpause(): void {
    this.pause = undefined
    this.gates &= ~brokerGates.paused
    for (const c of this.clients.values()) if (c.postponed !== undefined) this.later(c)
  }

  /** True when the pause holds back this command of this client. */
  pauses(c: Connection, command: Command, a: Args): boolean {
    if (this.pause === undefined) return false
    if (this.pause.kind === 'all') return true
    const writes = flagBits.write | flagBits.may_replicate
    const flags = command.name === 'exec' ? c.transaction?.flags ?? 0 : this.scripts.flagsOf(command, a)
    return (flags & writes) !== 0
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
    const blank = text.indexOf(' ')
    const code = blank === -1 ? text : text.slice(0, blank)
    this.stats.errors.set(code, (this.stats.errors.get(code) ?? 0) + 1)
  }

  feedMonitors(c: Connection, command: Command, a: Args): void {
    if ((command.flags & (flagBits.skip_monitor | flagBits.admin)) !== 0) return
    const line = monitorLine(this.engine.clock.nowUs(), c.db, c.addr, a)
    for (const monitor of this.monitors) if (monitor !== c) monitor.push(line)
  }

  private admit(socket: Socket, secure: boolean, unixPath: string): void {
    admitSocket(this, socket, secure, unixPath)
  }

  private protocolError(c: Connection, r: Reply): void {
    r.error(c.parser.error)
    this.countErrorText(c.parser.error)
    r.lastError = ''
    c.parser.clear()
    c.endAfterReply()
  }

  /** What was done in this turn becomes a frame; replies that are safe leave. */
  private endTurn(): void {
    const { engine } = this
    this.tracking.endTurn()
    this.turnOpen = false
    engine.endTurn()
    this.outbox.seal(engine.log.appended)
    if (this.outbox.waitingTurns > 0) this.outbox.release()
    this.armExpiry()
    if (this.memory.needsTurn && !this.stopping) setImmediate(() => this.openTurn())
  }

  /**
   * True when the turn had better take in another round of the event loop: its frame costs a sync, and while commands
   * keep coming from clients that had no part in it yet, one sync serves them, too.
   */
  private gathers(): boolean {
    const { gatherMs } = this.engine.log
    if (gatherMs === 0) return false
    const { reads } = this.stats
    const nowMs = this.engine.clock.monotonicMs()
    if (this.gatheredReads === -1) this.gatherUntilMs = nowMs + gatherSyncsMax * gatherMs
    else if (this.gatheredReads === reads || nowMs >= this.gatherUntilMs) return false
    this.gatheredReads = reads
    return reads - this.turnReads < this.clients.size - 1
  }

  private continueSoon(): void {
    if (this.continuing) return
    this.continuing = true
    setImmediate(() => {
      this.continuing = false
      this.goOn()
    })
  }

  /** Runs those who did not finish in the turn before. */
  private goOn(): void {
    const clients = this.deferred
    this.deferred = []
    for (const c of clients) {
      c.deferred = false
      if (c.closed) continue
      if (c.postponed !== undefined && this.pause === undefined) this.runPostponed(c)
      if (!c.halted) this.run(c)
      if (c.inputEnded && !c.deferred && !c.halted) c.endAfterReply()
      else if (c.inputEnded && c.parked !== undefined) c.destroy()
    }
  }

  private runPostponed(c: Connection): void {
    const args = c.postponed!
    c.postponed = undefined
    this.openTurn()
    const { answers } = this
    const { current, running } = answers
    answers.begin(c)
    this.meter.start()
    dispatch(this, c, args)
    this.meter.stop()
    c.wroteTurn = this.outbox.turn
    answers.end(current, running)
  }

  private logProgressed(): void {
    if (this.engine.log.state === 'ok') this.gates &= ~brokerGates.failing
    else if ((this.gates & brokerGates.failing) === 0) {
      this.gates |= brokerGates.failing
      this.report('warning', `the log can't be written: ${this.logFailure()}`)
    }
    // What was held open goes on its way, and its sync begins, before the replies that became safe are written.
    if (!this.engine.log.holding) this.engine.seal()
    this.outbox.release()
  }

  private tick(): void {
    const nowMs = this.engine.clock.monotonicMs()
    this.appender?.tick(nowMs)
    sampleRates(this, nowMs)
    if ((this.gates & brokerGates.memory) !== 0 && this.memory.tick()) this.openTurn()
    if (this.pause !== undefined && nowMs >= this.pause.untilMs) this.unpause()
    watchClients(this)
  }

  /** Wakes for the next deadline, so that keys expire in time also when nobody asks. */
  private armExpiry(): void {
    let next = Infinity
    for (const db of this.engine.dbs) next = Math.min(next, db.nextDeadline())
    if (next === this.expiryAtMs) return
    clearTimeout(this.expiry)
    this.expiryAtMs = next
    if (next === Infinity || this.stopping) return
    const ms = Math.max(1, Math.min(next - this.engine.clock.nowMs(), 2 ** 31 - 1))
    this.expiry = setTimeout(() => {
      this.expiryAtMs = Infinity
      this.openTurn()
    }, ms)
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
