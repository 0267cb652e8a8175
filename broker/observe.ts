// What the broker notes of itself while it works: slow commands, slow turns, a slow disk, rates.

import type { Args } from '../core/args.ts'
import type { Broker } from './broker.ts'
import { commandsProcessed, flagBits } from './command.ts'
import type { Command } from './command.ts'
import type { Connection } from './connection.ts'

/** A command took long enough for the slow log, the latency monitor, or both. */
export function noteSlow(command: Command, c: Connection, a: Args, micros: number): void {
  const { config, engine, slowlog, latency } = c.broker
  const { values } = config
  const seconds = Math.floor(engine.clock.nowMs() / 1000)
  const slow = values.slowlogLogSlowerThan
  if (slow >= 0 && micros >= slow && (command.flags & flagBits.skip_slowlog) === 0) {
    slowlog.add(a, seconds, Math.round(micros), c.addr, c.name, values.slowlogMaxLen)
  }
  const ms = Math.round(micros / 1000)
  if (values.latencyMonitorThreshold > 0 && ms >= values.latencyMonitorThreshold) {
    latency.add((command.flags & flagBits.fast) === 0 ? 'command' : 'fast-command', seconds, ms)
  }
}

/** Begins a turn of the engine and takes its time: what it costs is the expiry of due keys. */
export function beginTimedTurn(b: Broker): void {
  const { clock } = b.engine
  const began = clock.monotonicMs()
  b.engine.beginTurn()
  const ms = Math.round(clock.monotonicMs() - began)
  if (ms >= b.config.values.latencyMonitorThreshold) b.latency.add('expire-cycle', Math.floor(clock.nowMs() / 1000), ms)
}

/** The latency monitor, while it is on, hears how long the log's writes take, and the syncs that replies wait for. */
export function timeLog(b: Broker): void {
  const { appender, config, latency } = b
  if (appender === undefined) return
  const { latencyMonitorThreshold: threshold } = config.values
  const note = (event: 'aof-write' | 'aof-fsync-always', took: number): void => {
    const ms = Math.round(took)
    if (ms >= threshold) latency.add(event, Math.floor(b.engine.clock.nowMs() / 1000), ms)
  }
  appender.onWritten = threshold === 0 ? undefined : (ms) => note('aof-write', ms)
  appender.syncs.onTimed = threshold === 0 ? undefined : (ms) => {
    if (config.values.appendfsync === 'always') note('aof-fsync-always', ms)
  }
}

/** Takes the totals that INFO's rates come from; ten times a second. */
export function sampleRates(b: Broker, nowMs: number): void {
  b.rates.commands.sample(commandsProcessed(b.commands), nowMs)
  b.rates.netIn.sample(b.stats.netIn, nowMs)
  b.rates.netOut.sample(b.stats.netOut, nowMs)
  b.rates.replicationIn.sample(b.stats.replicationIn, nowMs)
  b.rates.replicationOut.sample(b.stats.replicationOut, nowMs)
}
