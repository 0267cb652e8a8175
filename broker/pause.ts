// CLIENT PAUSE: holds back all commands, or those that write, until a time. What was held back runs when it ends.

import type { Args } from '../core/args.ts'
import type { Broker } from './broker.ts'
import { flagBits } from './command.ts'
import type { Command } from './command.ts'
import type { Connection } from './connection.ts'
import { brokerGates } from './gates.ts'

export type PauseKind = 'write' | 'all'

export class Pause {
  private readonly broker: Broker
  /** Whether reads wait, too; undefined when nothing waits. */
  private kind: PauseKind | undefined
  /** Broker's monotonic ms. */
  private untilMs: number

  constructor(broker: Broker) {
    this.broker = broker
    this.kind = undefined
    this.untilMs = 0
  }

  get active(): boolean {
    return this.kind !== undefined
  }

  /** A longer or stricter pause that stands already stays. */
  begin(ms: number, kind: PauseKind): void {
    const { broker } = this
    const untilMs = broker.engine.clock.monotonicMs() + ms
    this.untilMs = this.active ? Math.max(untilMs, this.untilMs) : untilMs
    this.kind = this.kind === 'all' ? 'all' : kind
    broker.gates |= brokerGates.paused
  }

  /** CLIENT UNPAUSE, or the pause's end: the commands that waited are run. */
  end(): void {
    const { broker } = this
    this.kind = undefined
    broker.gates &= ~brokerGates.paused
    for (const c of broker.clients.values()) if (c.postponed !== undefined) broker.later(c)
  }

  /** Ends it when its time is over. */
  tick(monotonicMs: number): void {
    if (this.active && monotonicMs >= this.untilMs) this.end()
  }

  /** True when it holds back this command of this client. */
  holds(c: Connection, command: Command, a: Args): boolean {
    if (this.kind === undefined) return false
    if (this.kind === 'all') return true
    const writes = flagBits.write | flagBits.may_replicate
    const flags = command.name === 'exec' ? c.transaction?.flags ?? 0 : this.broker.scripts.flagsOf(command, a)
    return (flags & writes) !== 0
  }
}
