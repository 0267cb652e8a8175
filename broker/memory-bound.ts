// Holds used memory under `maxmemory`: before each command, and in turns of its own while more must go than one turn
// has time for.
//
// What counts is what INFO calls used_memory, less the log's open frame (mem_not_counted_for_evict): the exact bytes of
// the arena, and what clients hold (input that was not run, output that was not read, queued transactions, a constant
// for each), which is summed up ten times a second. Node's own heap is not counted: it doesn't grow with the data.

import type { Broker } from './broker.ts'
import { clientMemory } from './commands/client-list.ts'
import type { Connection } from './connection.ts'
import type { Relief } from '../core/keyspace/evict.ts'

export class MemoryBound {
  /** Memory was full, and nothing might go, when the last command began: scripts must not take more, either. */
  exhausted: boolean
  /** Bytes of clients, as last summed up. */
  clientBytes: number
  /** Most that was used, as far as it was looked at. */
  peakBytes: number
  private readonly broker: Broker
  /** More must go: the next turns go on. */
  private unfinished: boolean
  /** Since when memory is over the bound (monotonic ms), 0 when it isn't; and how long it was before. */
  private overSinceMs: number
  private overMs: number

  constructor(broker: Broker) {
    this.exhausted = false
    this.clientBytes = 0
    this.peakBytes = 0
    this.broker = broker
    this.unfinished = false
    this.overSinceMs = 0
    this.overMs = 0
  }

  /** Before a command of `c`: true when commands that need memory must be refused. */
  refuses(c: Connection): boolean {
    const relief = this.relieve()
    // While more must go than there is time for, nobody adds more than one command a turn.
    if (relief === 'running') c.share = 0
    this.exhausted = relief === 'exhausted'
    return this.exhausted
  }

  /** Between commands, before writes that no client sent: whether those that need memory are refused. */
  look(): void {
    if (this.broker.engine.settings.memoryBytesMax > 0) this.exhausted = this.relieve() === 'exhausted'
  }

  /** A turn begins: goes on with what the one before did not finish. */
  beginTurn(): void {
    if (this.unfinished) this.relieve()
  }

  /** A turn ends; true when another is needed at once. */
  get needsTurn(): boolean {
    return this.unfinished
  }

  /** The bound or the policy changed. */
  changed(): void {
    const { broker } = this
    this.sample()
    const { evictor, settings } = broker.engine
    if (settings.memoryBytesMax === 0) {
      this.unfinished = false
      this.exhausted = false
      this.settle('enough')
    } else if (evictor.usedBytes > settings.memoryBytesMax) {
      broker.report('warning', `maxmemory (${settings.memoryBytesMax}) is below the memory in use `
        + `(${evictor.usedBytes}): keys are evicted, or writes refused, as maxmemory-policy says`)
      this.unfinished = true
    }
  }

  /** Sums up what clients hold. */
  sample(): void {
    let bytes = 0
    // What replicas were not sent is left out: evicting keys would only add to it.
    for (const c of this.broker.clients.values()) if (c.outputClass !== 'slave') bytes += clientMemory(c)
    this.clientBytes = bytes
    const { engine } = this.broker
    engine.evictor.besideBytes = bytes
    this.peakBytes = Math.max(this.peakBytes, engine.arena.peakBytes, engine.arena.usedBytes + bytes)
  }

  /** Ten times a second; true when a turn is needed because of what clients hold. */
  tick(): boolean {
    this.sample()
    const { evictor, settings } = this.broker.engine
    if (evictor.usedBytes > settings.memoryBytesMax && settings.memoryPolicy !== 'noeviction') this.unfinished = true
    return this.unfinished
  }

  /** For how long memory has been over the bound, and all such times together, in ms. */
  get overNowMs(): number {
    return this.overSinceMs === 0 ? 0 : this.broker.engine.clock.monotonicMs() - this.overSinceMs
  }

  get overTotalMs(): number {
    return this.overMs + this.overNowMs
  }

  /** CONFIG RESETSTAT */
  resetStats(): void {
    this.overMs = 0
    this.overSinceMs = 0
  }

  private relieve(): Relief {
    const { engine, pause, latency, config } = this.broker
    const { evictor, settings, clock } = engine
    if (evictor.usedBytes <= settings.memoryBytesMax) return this.settle('enough')
    if (this.broker.replication.role === 'slave' && config.values.replicaIgnoreMaxmemory) return this.settle('enough')
    // While writes are paused, data stay as they are. What can't be logged must not happen; writes are refused anyway.
    // Nothing goes under a script that takes many turns.
    if (pause.active || engine.log.state !== 'ok' || engine.grouped) {
      this.unfinished = false
      return 'enough'
    }
    const threshold = config.values.latencyMonitorThreshold
    const began = threshold > 0 ? clock.monotonicMs() : 0
    const relief = this.settle(evictor.relieve())
    if (threshold > 0) {
      const ms = Math.round(clock.monotonicMs() - began)
      if (ms >= threshold) latency.add('eviction-cycle', Math.floor(clock.nowMs() / 1000), ms)
    }
    return relief
  }

  private settle(relief: Relief): Relief {
    this.unfinished = relief === 'running'
    if (relief !== 'enough') {
      if (this.overSinceMs === 0) this.overSinceMs = this.broker.engine.clock.monotonicMs()
    } else if (this.overSinceMs !== 0) {
      this.overMs += this.overNowMs
      this.overSinceMs = 0
    }
    return relief
  }
}
