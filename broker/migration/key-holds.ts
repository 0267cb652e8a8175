// Keys that are on their way to another server: commands that may write one of them wait, and whatever changes one all
// the same is noted.

import { latin1 } from '../../core/args.ts'
import type { Args } from '../../core/args.ts'
import { visitKeys } from '../../core/commands/key-positions.ts'
import type { Broker } from '../broker.ts'
import { flagBits } from '../command.ts'
import type { Command } from '../command.ts'
import type { Connection } from '../connection.ts'
import { brokerGates } from '../gates.ts'

/** The keys of one MIGRATE, each as one character a byte. */
export type KeyHold = {
  readonly db: number
  readonly names: ReadonlySet<string>
  /** Those that changed since they were sent. */
  readonly changed: Set<string>
  /** Another dataset took the place of the one that the keys belong to. */
  broken: boolean
}

export class KeyHolds {
  private readonly broker: Broker
  private readonly holds: Set<KeyHold>

  constructor(broker: Broker) {
    this.broker = broker
    this.holds = new Set()
  }

  get active(): boolean {
    return this.holds.size > 0
  }

  begin(db: number, names: readonly string[]): KeyHold {
    const hold: KeyHold = { db, names: new Set(names), changed: new Set(), broken: false }
    this.holds.add(hold)
    this.broker.gates |= brokerGates.held
    this.broker.hookKeys()
    return hold
  }

  /** The commands that waited for these keys are run, unless others hold them, too. */
  end(hold: KeyHold): void {
    const { broker } = this
    this.holds.delete(hold)
    if (!this.active) broker.gates &= ~brokerGates.held
    broker.hookKeys()
    broker.turn.resume()
  }

  /** All data is about to be replaced: nothing that was sent may be deleted here. */
  breakAll(): void {
    for (const hold of this.holds) hold.broken = true
  }

  /** A key changed. */
  touch(db: number, buf: Uint8Array, from: number, to: number): void {
    const name = latin1(buf, from, to)
    for (const hold of this.holds) if (hold.db === db && hold.names.has(name)) hold.changed.add(name)
  }

  /** True when the command may write a key that is held, in whatever database. */
  holdsBack(c: Connection, command: Command, a: Args): boolean {
    const t = c.transaction
    if (t === undefined) return this.mayWrite(command, a)
    return command.fullName === 'exec' && t.commands.some((queued, i) => this.mayWrite(queued, t.args[i]!))
  }

  private mayWrite(command: Command, a: Args): boolean {
    const flags = this.broker.scripts.flagsOf(command, a)
    if ((flags & (flagBits.write | flagBits.may_replicate)) === 0) return false
    const { group } = command.spec
    // Scripts may write keys that they didn't name.
    if (group === 'scripting') return true
    if (command.keys === undefined) return group !== 'pubsub'
    let held = false
    const known = visitKeys(command.keys, a, 0, (arg) => {
      const name = a.text(arg)
      for (const hold of this.holds) if (hold.names.has(name)) held = true
    })
    return held || !known
  }
}
