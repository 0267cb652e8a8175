// The replicas of this broker: who is there, full and partial syncs, and what is looked after ten times a second.
// A full sync is cut between two frames: the dataset as it stands, and the stream from its next byte on. Several
// replicas that ask at about the same time (`repl-diskless-sync-delay`) share one.

import { Appender } from '../../core/log/appender.ts'
import type { Broker } from '../broker.ts'
import type { Connection } from '../connection.ts'
import { brokerGates } from '../gates.ts'
import { FullSync } from './full-sync.ts'
import type { History } from './history-file.ts'
import { Replica } from './replica.ts'
import { passingLog, ReplicationStream } from './stream.ts'

const second = 1000
const drainMs = 5
const ping = Buffer.from('*1\r\n$4\r\nPING\r\n')
const getAck = Buffer.from('*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n')
const newline = Buffer.from('\n')

export class Replicas {
  /** Those that asked for a sync, in the order in which they came. */
  readonly all: Set<Replica>
  readonly stream: ReplicationStream
  fullSyncs: number
  partialSyncs: number
  refusedPartialSyncs: number
  /** SHUTDOWN NOW: a stop does not wait for replicas. */
  hurried: boolean
  /** Called when a replica told how far it is, and when the log is another one. */
  readonly onAck: Set<() => void>
  private readonly broker: Broker
  private tapped: Appender | undefined
  private pingedMs: number
  private newlineMs: number
  /** Since when nobody is there (monotonic ms). */
  private aloneMs: number
  private askedAcks: boolean
  /** The full sync whose dataset is being made. */
  private syncing: FullSync | undefined
  /** The disk refused the last dataset; the operator knows. */
  private refused: boolean

  constructor(broker: Broker) {
    this.all = new Set()
    this.stream = new ReplicationStream(broker.replication)
    this.fullSyncs = 0
    this.partialSyncs = 0
    this.refusedPartialSyncs = 0
    this.hurried = false
    this.onAck = new Set()
    this.broker = broker
    this.tapped = undefined
    this.pingedMs = 0
    this.newlineMs = 0
    this.aloneMs = 0
    this.askedAcks = false
    this.syncing = undefined
    this.refused = false
    this.stream.onForeign = (name) => this.dropForeign(name)
    broker.replication.onFed = () => this.send()
  }

  /** What INFO counts of syncs begins anew. */
  resetStats(): void {
    this.fullSyncs = 0
    this.partialSyncs = 0
    this.refusedPartialSyncs = 0
  }

  /** Somebody may want the stream. */
  get active(): boolean {
    return this.broker.replication.backlog !== undefined
  }

  get online(): Replica[] {
    return [...this.all].filter((replica) => replica.stage === 'online')
  }

  /** Replicas that spoke within `min-replicas-max-lag`. */
  get good(): number {
    const { minReplicasMaxLag } = this.broker.config.values
    return this.online.filter((replica) => this.lagSeconds(replica) <= minReplicasMaxLag).length
  }

  /** `min-replicas-to-write` is not met: writes are refused. */
  get tooFew(): boolean {
    const { gates, config } = this.broker
    return (gates & brokerGates.replicas) !== 0 && this.good < config.values.minReplicasToWrite
  }

  lagSeconds(replica: Replica): number {
    return Math.floor((this.nowMs - replica.ackedMs) / second)
  }

  /** The replica that says it is at this address. */
  find(host: string, port: number): Replica | undefined {
    const wanted = host.toLowerCase()
    return [...this.all].find(({ ip, listeningPort }) => listeningPort === port && ip.toLowerCase() === wanted)
  }

  /** What a client told of itself by REPLCONF. */
  of(c: Connection): Replica {
    return c.replica ??= new Replica(c, this.broker.replication)
  }

  /** SYNC and PSYNC: the client becomes a replica. `next`: the byte that it wants first. */
  sync(c: Connection, replid: string, next: number, plain: boolean): void {
    const { replication } = this.broker
    const replica = this.of(c)
    replica.plainSync = plain
    replica.sinceMs = this.nowMs
    replica.ackedMs = this.nowMs
    c.becomeReplica()
    if (!plain && replication.continues(replid, next)) {
      this.partialSyncs++
      c.sendOut(Buffer.from(replica.followsHistories ? `+CONTINUE ${replication.replid}\r\n` : '+CONTINUE\r\n'))
      replica.acked = next - 1
      this.all.add(replica)
      replica.follow(next)
      this.broker.report('notice', `replica ${c.addr} goes on from byte ${next}`)
      replica.send()
      return
    }
    if (!plain && replid !== '?') this.refusedPartialSyncs++
    this.fullSyncs++
    replica.stage = 'waits'
    this.all.add(replica)
    if (!this.broker.config.values.replDisklessSync) setImmediate(() => this.startSyncs())
  }

  /** The client is gone. */
  forget(replica: Replica): void {
    if (!this.all.delete(replica)) return
    replica.leaveSync()
    this.broker.report('notice', `replica ${replica.client.addr} is gone`)
    if (this.all.size === 0) this.aloneMs = this.nowMs
    this.trim()
    this.tellWaiters()
  }

  /** REPLCONF ACK */
  heard(replica: Replica, offset: number, onDisk: number): void {
    replica.ackedMs = this.nowMs
    if (offset > replica.acked) replica.acked = offset
    if (onDisk > replica.ackedOnDisk) replica.ackedOnDisk = onDisk
    if (replica.stage === 'silent') {
      replica.stage = 'online'
      replica.send()
    }
    this.tellWaiters()
  }

  /** How many replicas have all bytes up to `last`; none while that is unknown. */
  haveUpTo(last: number | undefined): number {
    if (last === undefined) return 0
    return this.online.filter((replica) => replica.acked >= last).length
  }

  onDiskUpTo(last: number | undefined): number {
    if (last === undefined) return 0
    return this.online.filter((replica) => replica.ackedOnDisk >= last).length
  }

  /** Asks all replicas how far they are, once for all who want to know in this turn. */
  askAcks(): void {
    if (this.askedAcks) return
    this.askedAcks = true
    setImmediate(() => {
      this.askedAcks = false
      if (this.broker.failover.isWaiting) return
      if (this.broker.engine.log.pendingBytes > 0) this.stream.takeLater(getAck)
      else this.put(getAck)
    })
  }

  /** Sends a command that is no effect. */
  put(bytes: Buffer): void {
    const { log } = this.broker.engine
    this.stream.takeCommand(bytes, log)
    this.release()
  }

  /** A turn was sealed, or the log made progress. */
  release(): void {
    const { broker } = this
    if (broker.replication.backlog === undefined) return
    const leads = broker.replication.role === 'master' && this.tapped !== undefined
    if (leads && broker.engine.log !== this.tapped && (broker.gates & brokerGates.loading) === 0) {
      this.logWasReplaced()
    }
    this.stream.release(broker.engine.log)
    broker.following.link?.released()
  }

  /** Ten times a second. */
  tick(): void {
    const { broker, nowMs } = this
    const { values } = broker.config
    const { backlog } = broker.replication
    if (backlog === undefined && this.all.size === 0) return
    for (const replica of this.all) {
      const silent = nowMs - replica.ackedMs > values.replTimeout * second
      if (silent && !replica.plainSync && replica.stage === 'online') {
        broker.report('warning', `replica ${replica.client.addr} has not been heard for repl-timeout: closed`)
        replica.client.destroy()
      } else if (replica.stuckMs > values.replTimeout * second) {
        broker.report('warning', `replica ${replica.client.addr} took nothing of the dataset for repl-timeout: closed`)
        replica.client.destroy()
      }
    }
    if (nowMs - this.newlineMs >= second) {
      this.newlineMs = nowMs
      for (const { stage, client } of this.all) if (stage === 'waits' || stage === 'cut') client.sendOut(newline)
    }
    const period = values.replPingReplicaPeriod * second
    const pings = broker.replication.role === 'master' && !broker.failover.isWaiting
    if (pings && this.online.length > 0 && nowMs - this.pingedMs >= period) {
      this.pingedMs = nowMs
      this.put(ping)
    }
    this.trim()
    this.startSyncs()
    if (this.all.size > 0 || backlog === undefined || values.replBacklogTtl === 0) return
    if (broker.replication.role === 'master' && nowMs - this.aloneMs > values.replBacklogTtl * second) this.endStream()
  }

  /** The broker stops: waits until the replicas have all, for at most `shutdown-timeout`. */
  async drain(): Promise<void> {
    this.release()
    const untilMs = this.nowMs + this.broker.config.values.shutdownTimeout * second
    const behind = (): number => this.online.length - this.haveUpTo(this.stream.last)
    if (this.hurried || behind() === 0) return
    this.put(getAck)
    while (behind() > 0 && this.nowMs < untilMs) await new Promise((resolve) => setTimeout(resolve, drainMs))
    if (behind() > 0) this.broker.report('warning', `${behind()} replicas don't have all that was written`)
  }

  private get nowMs(): number {
    return this.broker.engine.clock.monotonicMs()
  }

  private send(): void {
    for (const replica of this.all) replica.send()
    this.trim()
  }

  private trim(): void {
    let needed = Infinity
    for (const replica of this.all) if (replica.stage !== 'waits') needed = Math.min(needed, replica.next)
    this.broker.replication.backlog?.trim(needed)
  }

  /** Begins the full syncs that wait, if it is time for them. */
  private startSyncs(): void {
    const { broker, nowMs } = this
    const { values } = broker.config
    const waiting = [...this.all].filter((replica) => replica.stage === 'waits')
    if (this.syncing !== undefined) {
      for (const replica of waiting) if (!this.marks(replica)) this.syncing.admits(replica)
      return
    }
    if (waiting.length === 0) return
    const longest = Math.max(...waiting.map((replica) => nowMs - replica.sinceMs))
    const enough = values.replDisklessSyncMaxReplicas > 0 && waiting.length >= values.replDisklessSyncMaxReplicas
    if (values.replDisklessSync && !enough && longest < values.replDisklessSyncDelay * second) return
    this.cut(waiting)
  }

  /** Cuts between two frames; later when a script holds a frame, or the log fails. */
  private cut(waiting: readonly Replica[]): void {
    const { broker } = this
    const { engine } = broker
    if (engine.grouped || engine.log.state !== 'ok' || broker.loading.active || broker.stopping) return
    engine.seal()
    if (engine.log.pendingBytes > 0) return
    this.release()
    this.beginStream()
    this.tapped!.nameDatabase()
    const first = waiting[0]!
    const marked = this.marks(first)
    const same = waiting.filter((one) => one.libraryOnly === first.libraryOnly && this.marks(one) === marked)
    for (const replica of same) replica.ackedMs = this.nowMs
    let sync: FullSync
    try {
      sync = new FullSync(broker, same, marked, this.stream.last)
    } catch (error) {
      // It is tried again, as after a BGSAVE that the disk refused.
      if (!this.refused) broker.report('warning', `a dataset for replicas can't be made: ${(error as Error).message}`)
      this.refused = true
      return
    }
    this.refused = false
    this.syncing = sync
    void sync.run().then(() => {
      this.syncing = undefined
      this.startSyncs()
    })
  }

  /** It is sent a dataset while that is made, and finds its end by a mark. */
  private marks(replica: Replica): boolean {
    return this.broker.config.values.replDisklessSync && replica.readsMarks
  }

  /** Other data are about to take the place of ours: what is being made of them is no dataset. */
  abandonSync(): void {
    for (const { stage, client } of this.all) if (stage === 'cut' || stage === 'loads') client.destroy()
  }

  /** The stream begins with the first replica: from here on frames are listened to. */
  private beginStream(): void {
    const { broker } = this
    const { replication } = broker
    this.tap()
    if (replication.backlog !== undefined) return
    if (replication.role === 'master') replication.newHistory()
    replication.openBacklog(broker.config.values.replBacklogSize)
  }

  /** We were a replica and lead now: our own effects are the stream from here on. */
  promoted(): void {
    if (this.broker.replication.backlog === undefined) return
    this.aloneMs = this.nowMs
    this.beginStream()
    this.tapped!.nameDatabase()
  }

  private tap(): void {
    const { engine } = this.broker
    if (!(engine.log instanceof Appender)) engine.log = passingLog(engine.log.sealed)
    const appender = engine.log as Appender
    if (this.tapped === appender) return
    if (this.tapped !== undefined) this.tapped.onFrame = undefined
    this.tapped = appender
    appender.onFrame = (buf, from, to, position) => this.stream.takeFrame(buf, from, to, position)
  }

  /** Another log took the place of ours unannounced: what it had sealed so far was not heard of. */
  private logWasReplaced(): void {
    this.tap()
    this.closeFed()
    this.stream.clear()
    this.broker.replication.barrier()
  }

  /** They must ask again: what they followed is no more. */
  closeAll(): void {
    for (const replica of this.all) replica.client.destroy()
  }

  /** As `closeAll`, but who waits for the dataset will get what it needs anyway. */
  private closeFed(): void {
    for (const replica of this.all) if (replica.stage !== 'waits') replica.client.destroy()
  }

  /** A graceful stop left this history: replicas may go on where they were. */
  resume(history: History): void {
    const { replication } = this.broker
    replication.adopt(history.replid, history.offset)
    replication.branchHistory()
    this.aloneMs = this.nowMs
    replication.openBacklog(this.broker.config.values.replBacklogSize)
    this.beginStream()
    this.tapped!.nameDatabase()
  }

  /** The log is another one now: frames are listened to there, if they were before. */
  followLog(): void {
    if (this.tapped !== undefined) this.beginStream()
    this.tellWaiters()
  }

  private tellWaiters(): void {
    for (const heard of this.onAck) heard()
  }

  /** Nobody came back for long enough: what was is forgotten, and costs nothing any more. */
  private endStream(): void {
    const { replication } = this.broker
    if (this.tapped !== undefined) this.tapped.onFrame = undefined
    this.tapped = undefined
    this.stream.clear()
    replication.closeBacklog()
    replication.newHistory()
  }

  /** An effect that redis-server 7 can't run: who has not got it yet needs the whole dataset instead. */
  private dropForeign(name: string): void {
    if (this.all.size > 0) {
      this.broker.report('warning', `${name} came with Redis 8: replicas are sent the whole dataset anew, because a `
        + 'redis-server 7 would silently differ')
    }
    this.closeFed()
  }
}
