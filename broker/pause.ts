// Pauses: hold back all commands, or those that write, until a time or until whoever asked for it ends it. What was
// held back runs then. Each purpose has a pause of its own (CLIENT UNPAUSE ends no failover's), and what is held back
// is what any of them holds back.
//
// While there is a pause data stay as they are: nothing expires (due keys are hidden) and nothing is evicted. Who
// writes unasked by a client must look at `active` first.

import type { Args } from '../core/args.ts'
import type { Broker } from './broker.ts'
import { flagBits } from './command.ts'
import type { Command } from './command.ts'
import type { Connection } from './connection.ts'
import { brokerGates } from './gates.ts'

export type PauseKind = 'write' | 'all'
/** `client`: CLIENT PAUSE. */
export type PausePurpose = 'client' | 'failover'

/** `untilMs`: broker's monotonic ms, Infinity for no end of its own. */
type Hold = { readonly kind: PauseKind, readonly untilMs: number }

export class Pause {
  /** Due keys are hidden, not removed: since the end of the turn in which a pause began. */
  hidesDue: boolean
  private readonly broker: Broker
  private readonly byPurpose: Map<PausePurpose, Hold>
  /** What the strictest holds back; undefined when nothing is. */
  private kind: PauseKind | undefined

  constructor(broker: Broker) {
    this.hidesDue = false
    this.broker = broker
    this.byPurpose = new Map()
    this.kind = undefined
  }

  get active(): boolean {
    return this.kind !== undefined
  }

  /** A longer or stricter pause for the same purpose stays as it is. */
  begin(purpose: PausePurpose, ms: number, kind: PauseKind): void {
    const { broker } = this
    const before = this.byPurpose.get(purpose)
    const untilMs = Math.max(broker.engine.clock.monotonicMs() + ms, before?.untilMs ?? 0)
    this.byPurpose.set(purpose, { kind: before?.kind === 'all' ? 'all' : kind, untilMs })
    this.adjust()
    // The transaction that asked for it may write on: what is due goes before it, as ever.
    setImmediate(() => this.adjustDue())
  }

  /** The commands that waited run, as far as no other pause holds them back. */
  end(purpose: PausePurpose): void {
    if (!this.byPurpose.delete(purpose)) return
    const { broker } = this
    this.adjust()
    this.adjustDue()
    broker.turn.resume()
  }

  /** Ends those whose time is over. */
  tick(monotonicMs: number): void {
    for (const [purpose, { untilMs }] of this.byPurpose) if (monotonicMs >= untilMs) this.end(purpose)
    if (this.active !== this.hidesDue) this.adjustDue()
  }

  /** True when it holds back this command of this client. */
  holds(c: Connection, command: Command, a: Args): boolean {
    if (this.kind === undefined) return false
    if (this.kind === 'all') return true
    const writes = flagBits.write | flagBits.may_replicate
    const flags = command.name === 'exec' ? c.transaction?.flags ?? 0 : this.broker.scripts.flagsOf(command, a)
    return (flags & writes) !== 0
  }

  private adjust(): void {
    const { broker, byPurpose } = this
    const holds = [...byPurpose.values()]
    if (holds.length === 0) this.kind = undefined
    else this.kind = holds.some(({ kind }) => kind === 'all') ? 'all' : 'write'
    if (this.active) broker.gates |= brokerGates.paused
    else broker.gates &= ~brokerGates.paused
  }

  /** A script that is half done may write yet: `tick` tries again then. */
  private adjustDue(): void {
    const { broker } = this
    if (this.active && broker.engine.grouped) return
    this.hidesDue = this.active
    broker.following.adjustDue()
    broker.expiry.arm()
  }
}
