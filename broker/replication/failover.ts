// A failover that is asked for: we hand our role over to a replica that has all we have, and follow it.
//
//   no-failover
//     │ FAILOVER
//   waiting-for-sync         writes are held back
//     │ a replica has all
//   failover-in-progress     we follow it, and ask it by PSYNC … FAILOVER
//     │ it takes over
//   no-failover
//
// Until it took over, all can be called off: we lead on. https://redis.io/docs/latest/commands/failover/

import type { Broker } from '../broker.ts'
import type { Replica } from './replica.ts'

export type FailoverState = 'no-failover' | 'waiting-for-sync' | 'failover-in-progress'

export type FailoverOptions = {
  /** Who is to take over; undefined: whoever has all first. */
  target: { host: string, port: number } | undefined
  /** For how long it may take until the replica has all; 0: for ever. */
  timeoutMs: number
  /** Then hand over nevertheless. */
  forced: boolean
}

export class Failover {
  state: FailoverState
  private readonly broker: Broker
  private options: FailoverOptions
  /** Monotonic ms. */
  private untilMs: number
  private readonly look: () => void

  constructor(broker: Broker) {
    this.state = 'no-failover'
    this.broker = broker
    this.options = { target: undefined, timeoutMs: 0, forced: false }
    this.untilMs = Infinity
    // Handing over ends the turn: not in the middle of what a replica said.
    this.look = () => void setImmediate(() => this.check())
  }

  get active(): boolean {
    return this.state !== 'no-failover'
  }

  /** Replicas must have the same bytes as we for a while: nothing goes to the stream but effects. */
  get isWaiting(): boolean {
    return this.state === 'waiting-for-sync'
  }

  /** Holds writes back, and waits for the replica. */
  begin(options: FailoverOptions): void {
    const { broker } = this
    this.options = options
    this.untilMs = options.timeoutMs === 0 ? Infinity : this.nowMs + options.timeoutMs
    this.state = 'waiting-for-sync'
    broker.pause.begin('failover', Infinity, 'write')
    broker.replicas.onAck.add(this.look)
    broker.report('notice', 'failover: waits until a replica has all')
    this.look()
  }

  /** Calls it off: we lead on. */
  abort(why: string): void {
    if (!this.active) return
    const { broker } = this
    broker.report('notice', `failover aborted: ${why}`)
    const handedOver = this.state === 'failover-in-progress'
    this.clear()
    if (handedOver) broker.following.lead()
  }

  /** The target answered PSYNC … FAILOVER. */
  answered(accepted: boolean): void {
    if (this.state !== 'failover-in-progress') return
    if (accepted) this.clear()
    else this.abort('its target refused PSYNC')
  }

  /** Ten times a second. */
  tick(): void {
    if (this.isWaiting) this.check()
  }

  private get nowMs(): number {
    return this.broker.engine.clock.monotonicMs()
  }

  /** Hands over if somebody has all, or gives up when the time is over. */
  private check(): void {
    if (!this.isWaiting || this.broker.stopping) return
    const { target, forced } = this.options
    if (this.nowMs >= this.untilMs) {
      if (forced) this.handOver(target!.host, target!.port)
      else this.abort('no replica had all in time')
      return
    }
    const { engine, replicas, replication } = this.broker
    engine.seal()
    replicas.release()
    const last = replication.masterReplOffset
    if (engine.log.pendingBytes > 0 || engine.grouped || replicas.stream.pending) return
    const replica = target === undefined
      ? replicas.online.find(({ acked }) => acked === last)
      : replicas.find(target.host, target.port)
    if (replica !== undefined && replica.acked === last) this.handOver(replica.ip, replica.listeningPort)
  }

  private handOver(host: string, port: number): void {
    const { broker } = this
    broker.replicas.onAck.delete(this.look)
    this.state = 'failover-in-progress'
    broker.report('notice', `failover: ${host}:${port} is to take over`)
    broker.following.follow(host, port)
  }

  private clear(): void {
    const { broker } = this
    broker.replicas.onAck.delete(this.look)
    this.state = 'no-failover'
    broker.pause.end('failover')
  }
}

/** Why no failover can begin: the error, without its dash. */
export function failoverRefusal(b: Broker, options: FailoverOptions): string | undefined {
  const { target, timeoutMs, forced } = options
  if (b.failover.active) return 'ERR FAILOVER already in progress.'
  if (b.following.isReplica) return 'ERR FAILOVER is not valid when server is a replica.'
  if (b.replicas.all.size === 0) return 'ERR FAILOVER requires connected replicas.'
  if (forced && (timeoutMs === 0 || target === undefined)) {
    return 'ERR FAILOVER with force option requires both a timeout and target HOST and IP.'
  }
  if (target === undefined) return undefined
  const replica: Replica | undefined = b.replicas.find(target.host, target.port)
  if (replica === undefined) return 'ERR FAILOVER target HOST and PORT is not a replica.'
  return replica.stage === 'online' ? undefined : 'ERR FAILOVER target replica is not online.'
}
