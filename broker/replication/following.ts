// We as a replica: whom we follow, the link to it, and what the change of roles means for clients.

import type { Broker } from '../broker.ts'
import { brokerGates } from '../gates.ts'
import type { History } from './history-file.ts'
import { MasterLink } from './master-link.ts'

const second = 1000

export class Following {
  /** '' while we are a master. */
  host: string
  port: number
  link: MasterLink | undefined
  /** Database that the master's stream is at: a partial sync goes on there. */
  streamDb: number
  private readonly broker: Broker
  /** Monotonic ms: last try, since when there is no link, last acknowledgement. */
  private triedMs: number
  private downMs: number
  private ackedMs: number
  /** A dataset that is being loaded, also when its link ended meanwhile: only one at a time. */
  private installing: boolean

  constructor(broker: Broker) {
    this.host = ''
    this.port = 0
    this.link = undefined
    this.streamDb = 0
    this.broker = broker
    this.triedMs = -Infinity
    this.downMs = 0
    this.ackedMs = 0
    this.installing = false
    broker.config.onChange(['replica-read-only'], () => this.adjustDue())
  }

  get isReplica(): boolean {
    return this.host !== ''
  }

  get isUp(): boolean {
    return this.link?.stage === 'connected'
  }

  /** Data are too old to be shown: the link is down, and `replica-serve-stale-data` is no. */
  get isStale(): boolean {
    return this.isReplica && !this.isUp && !this.broker.config.values.replicaServeStaleData
  }

  /** As ROLE names it. */
  get stage(): string {
    return this.link?.stage ?? 'connect'
  }

  /** Seconds since something came, -1 without a link. */
  get lastSeconds(): number {
    return this.isUp ? Math.floor((this.nowMs - this.link!.lastMs) / second) : -1
  }

  get downSeconds(): number {
    return Math.floor((this.nowMs - this.downMs) / second)
  }

  /** REPLICAOF host port: true unless we follow it already. */
  follow(host: string, port: number): boolean {
    if (this.host === host && this.port === port) return false
    const { broker } = this
    const was = this.isReplica
    if (!was) this.closeStream()
    this.host = host
    this.port = port
    broker.replication.role = 'slave'
    broker.gates |= brokerGates.replica
    broker.config.values.replicaof = `${host} ${port}`
    this.adjustDue()
    const text = 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)'
    if (!was) for (const c of broker.clients.values()) {
      if (c.parked === undefined) continue
      broker.blocking.refuse(c.parked, text)
      c.endAfterReply()
    }
    // In a failover they may stay until the history has another name.
    if (!broker.failover.active) broker.replicas.closeAll()
    if (!was) this.streamDb = 0
    this.downMs = this.nowMs
    this.triedMs = -Infinity
    this.endLink('another master')
    this.connect()
    return true
  }

  /** REPLICAOF NO ONE: we go on as a master, with a history that branches off here. */
  lead(): void {
    const { broker } = this
    if (!this.isReplica) return
    // What the master sent is in the stream already: its frame must not be taken for effects of our own.
    const sealed = this.sealTurn()
    this.host = ''
    this.endLink('we are a master now')
    broker.replication.role = 'master'
    broker.gates &= ~brokerGates.replica
    broker.config.values.replicaof = ''
    this.adjustDue()
    broker.replicas.closeAll()
    if (sealed) {
      broker.replication.branchHistory()
      broker.replicas.promoted()
    } else {
      broker.replication.closeBacklog()
      broker.replication.newHistory()
    }
    broker.openTurn()
    broker.report('notice', 'MASTER MODE enabled: we follow nobody any more')
  }

  /** At the start, as `replicaof` says; `history` is what a graceful stop left. */
  start(history: History | undefined): void {
    const { broker } = this
    const [host, port] = broker.config.values.replicaof.split(' ')
    if (host === undefined || port === undefined) return
    if (history !== undefined) {
      broker.replication.adopt(history.replid, history.offset)
      broker.replication.openBacklog(broker.config.values.replBacklogSize)
    }
    this.follow(host, Number(port))
    if (history !== undefined) this.streamDb = history.db
  }

  /** The link is up. */
  connected(): void {
    this.ackedMs = this.nowMs
  }

  /** Ten times a second. */
  tick(): void {
    if (!this.isReplica) return
    const { link, nowMs } = this
    if (link === undefined) return this.connect()
    link.tick()
    if (nowMs - this.ackedMs < second) return
    this.ackedMs = nowMs
    link.acknowledge()
  }

  /** Loads a dataset unless one is being loaded. */
  async install(load: () => Promise<number>): Promise<number> {
    if (this.installing) throw new Error('another dataset is being loaded')
    this.installing = true
    try {
      return await load()
    } finally {
      this.installing = false
    }
  }

  stop(): void {
    this.host = ''
    this.endLink('the broker stops')
  }

  /** Makes a frame of what was done so far in this turn; false in the middle of a transaction. */
  private sealTurn(): boolean {
    const { engine } = this.broker
    engine.seal()
    return engine.log.pendingBytes === 0 && !engine.grouped
  }

  /** Our own stream ends. Where it lacks some of our effects, nobody can tell where we stand: it is forgotten. */
  private closeStream(): void {
    const { replicas, replication } = this.broker
    const sealed = this.sealTurn()
    replicas.release()
    if (sealed && replicas.stream.last === replication.masterReplOffset) return
    replicas.stream.clear()
    replication.closeBacklog()
  }

  private get nowMs(): number {
    return this.broker.engine.clock.monotonicMs()
  }

  private connect(): void {
    if (this.nowMs - this.triedMs < second || this.installing || this.broker.stopping) return
    this.triedMs = this.nowMs
    const { host, port } = this
    const ended = (why: string): void => this.broker.report('warning', `no link to master ${host}:${port}: ${why}`)
    try {
      const link: MasterLink = new MasterLink(this.broker, host, port, (why) => {
        if (this.link !== link) return
        this.link = undefined
        this.downMs = this.nowMs
        ended(why)
      })
      this.link = link
    } catch (error) {
      ended((error as Error).message)
    }
  }

  private endLink(why: string): void {
    const { link } = this
    this.link = undefined
    link?.end(why)
  }

  /** What becomes of due keys, by role, `replica-read-only` and pauses. */
  adjustDue(): void {
    const { engine, config, pause } = this.broker
    if (!this.isReplica) engine.due = pause.hidesDue ? 'hidden' : 'removed'
    else engine.due = config.values.replicaReadOnly ? 'hidden' : 'removed-on-access'
  }
}
