// Connections to other servers that MIGRATE keeps for a while: many keys move by many commands, one behind the other.

import type { Broker } from '../broker.ts'
import { migrateTargetsKept } from '../limits.ts'
import { Target, TargetError } from './target.ts'

/** `login`: none, a password, or a user and a password. */
export type TargetAddress = { readonly host: string, readonly port: number, readonly login: readonly Buffer[] }

export class Targets {
  private readonly broker: Broker
  private readonly idle: Map<string, Target[]>
  private readonly open: Set<Target>
  /** Connections that wait for their next use. */
  idleCount: number

  constructor(broker: Broker) {
    this.broker = broker
    this.idle = new Map()
    this.open = new Set()
    this.idleCount = 0
  }

  /**
   * A connection that was kept, unless a `fresh` one is wanted; it may fail as soon as it is used. Throws TargetError
   * where none can be begun: for a host that is no name, or certificates that can't be read.
   */
  take(address: TargetAddress, timeoutMs: number, fresh: boolean): { target: Target, kept: boolean } {
    const id = JSON.stringify(address)
    const target = fresh ? undefined : this.idle.get(id)?.pop()
    if (target !== undefined) {
      this.idleCount--
      target.wake(timeoutMs)
      return { target, kept: true }
    }
    const made = this.begin(id, address, timeoutMs)
    this.open.add(made)
    return { target: made, kept: false }
  }

  /** Keeps a connection on which nothing is under way. */
  give(target: Target): void {
    if (!this.open.has(target)) return
    if (this.idleCount >= migrateTargetsKept || this.broker.stopping) return target.end()
    this.idleCount++
    const same = this.idle.get(target.id)
    if (same === undefined) this.idle.set(target.id, [target])
    else same.push(target)
    target.rest()
  }

  /** Ends all connections, also those in use. */
  close(): void {
    for (const target of this.open) target.end()
  }

  private begin(id: string, { host, port }: TargetAddress, timeoutMs: number): Target {
    const { broker } = this
    try {
      return new Target(broker, id, host, port, timeoutMs, (ended) => this.forget(ended))
    } catch (error) {
      broker.report('warning', `MIGRATE can't connect: ${(error as Error).message}`)
      throw new TargetError('connecting to the client', error as Error, false)
    }
  }

  private forget(target: Target): void {
    this.open.delete(target)
    const same = this.idle.get(target.id)
    const at = same?.indexOf(target) ?? -1
    if (at >= 0) {
      this.idleCount--
      same!.splice(at, 1)
    }
    if (same?.length === 0) this.idle.delete(target.id)
  }
}
