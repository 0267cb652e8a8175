// Client-side caching: clients that keep copies of what they read are told which keys changed.
// https://redis.io/docs/latest/develop/reference/client-side-caching/
//
// By default the table remembers which clients read which keys, until a key changes: then each of them is told once.
// A client in broadcasting mode is told of every change of a key with one of its prefixes, gathered by turn. What
// tells a client of its own command's changes follows the command's reply. The table holds ids of clients, not the
// clients, and names of keys whatever their database. While nobody tracks, the engine has no hook and pays nothing.

import { latin1 } from '../core/args.ts'
import type { Args } from '../core/args.ts'
import { visitKeys } from '../core/commands/key-positions.ts'
import type { Broker } from './broker.ts'
import { flagBits } from './command.ts'
import type { Command } from './command.ts'
import type { Connection } from './connection.ts'
import { InvalidationWriter } from './invalidation.ts'
import { Prefixes } from './tracking-prefixes.ts'

/** How one client wants to be told. */
export type Tracked = {
  /** Id of the client that is told in its place; 0: itself. */
  redirect: number
  bcast: boolean
  optin: boolean
  optout: boolean
  noloop: boolean
  /** CLIENT CACHING was given for the next command or transaction. */
  caching: boolean
  /** The client that was to be told in its place is gone. */
  broken: boolean
  prefixes: Buffer[]
}

export type TrackingOptions = Pick<Tracked, 'redirect' | 'bcast' | 'optin' | 'optout' | 'noloop'>

/** Commands that read by way of others, which are tracked themselves. */
const scripts = new Set(['eval_ro', 'evalsha_ro', 'fcall_ro'])
/** How many keys one command may push out of a table that is over its bound. */
const evictedAtOnceMax = 100

export class Tracking {
  private readonly broker: Broker
  /** Ids of the clients that read a key, by the key (one character a byte). */
  private readonly table: Map<string, number | Set<number>>
  private readonly prefixes: Prefixes
  private readonly writer: InvalidationWriter
  /** Keys of which the client whose command runs is told after its reply; undefined: all keys. */
  private readonly pending: (Buffer | undefined)[]
  /** Clients that track. */
  clients: number
  /** Pairs of key and client in the table. */
  items: number

  constructor(broker: Broker) {
    this.broker = broker
    this.table = new Map()
    this.prefixes = new Prefixes()
    this.writer = new InvalidationWriter(broker)
    this.pending = []
    this.clients = 0
    this.items = 0
  }

  get keys(): number {
    return this.table.size
  }

  get prefixCount(): number {
    return this.prefixes.size
  }

  /** True while changes of keys matter to anybody. */
  get active(): boolean {
    return this.clients > 0 || this.table.size > 0
  }

  /** CLIENT TRACKING ON; prefixes that came before stay. */
  enable(c: Connection, options: TrackingOptions, prefixes: readonly Buffer[]): void {
    if (c.tracked === undefined) this.clients++
    const before = c.tracked?.prefixes ?? []
    c.tracked = { ...options, caching: c.tracked?.caching ?? false, broken: false, prefixes: before }
    if (!options.bcast) return
    for (const prefix of prefixes.length === 0 ? [Buffer.alloc(0)] : prefixes) {
      if (before.some((other) => other.equals(prefix))) continue
      before.push(prefix)
      this.prefixes.add(prefix, c)
    }
  }

  /** CLIENT TRACKING OFF, or the end of the client. */
  disable(c: Connection): void {
    const { tracked } = c
    if (tracked === undefined) return
    for (const prefix of tracked.prefixes) this.prefixes.remove(prefix, c)
    this.setCaching(c, false)
    c.tracked = undefined
    this.clients--
  }

  setCaching(c: Connection, on: boolean): void {
    c.tracked!.caching = on
    c.setCachingGate(on)
  }

  /** A tracking client ran a command: the keys that it read are remembered, if its mode says so. */
  remember(c: Connection, command: Command, a: Args): void {
    const { bcast, optin, optout, caching } = c.tracked!
    if (bcast || (command.flags & flagBits.readonly) === 0 || (optin && !caching) || (optout && caching)) return
    if (command.spec.keys === undefined || scripts.has(command.name)) return
    visitKeys(command.spec.keys, a, 0, (arg) => this.note(a.text(arg), c.id))
    this.trim()
  }

  /** A key changed, came due or was evicted. */
  touch(buf: Uint8Array, from: number, to: number): void {
    const by = this.broker.answers.running
    if (this.prefixes.size > 0) this.prefixes.touch(buf, from, to, by)
    if (this.table.size === 0) return
    const id = latin1(buf, from, to)
    this.invalidate(id, by)
  }

  /** All keys of a database went. */
  flush(): void {
    for (const c of this.broker.clients.values()) if (c.tracked !== undefined) this.tell(c, undefined)
    this.table.clear()
    this.items = 0
  }

  /** The client whose command is done is told what concerned itself. */
  sendPending(c: Connection): void {
    for (const key of this.pending.splice(0)) this.writer.send(c, key)
  }

  get hasPending(): boolean {
    return this.pending.length > 0
  }

  /** The turn ends: who is in broadcasting mode is told of the turn's changes. */
  endTurn(): void {
    if (this.prefixes.changed) this.prefixes.drain((c, keys) => this.writer.sendList(c, keys))
  }

  private note(id: string, client: number): void {
    const known = this.table.get(id)
    if (known === undefined) this.table.set(id, client)
    else if (typeof known === 'number') {
      if (known === client) return
      this.table.set(id, new Set([known, client]))
    } else {
      if (known.has(client)) return
      known.add(client)
    }
    this.items++
  }

  private invalidate(id: string, by: Connection | undefined): void {
    const readers = this.table.get(id)
    if (readers === undefined) return
    this.table.delete(id)
    this.items -= typeof readers === 'number' ? 1 : readers.size
    const key = Buffer.from(id, 'latin1')
    if (typeof readers === 'number') this.tellReader(readers, key, by)
    else for (const reader of readers) this.tellReader(reader, key, by)
    this.writer.end()
  }

  private tellReader(reader: number, key: Buffer, by: Connection | undefined): void {
    const c = this.broker.clients.get(reader)
    if (c?.tracked === undefined || c.tracked.bcast || (c.tracked.noloop && c === by)) return
    this.tell(c, key)
  }

  private tell(c: Connection, key: Buffer | undefined): void {
    if (c !== this.broker.answers.running) this.writer.send(c, key)
    else {
      this.pending.push(key)
      this.broker.answers.due = true
    }
  }

  /** Keys beyond `tracking-table-max-keys` are forgotten, the oldest first; their readers are told. */
  private trim(): void {
    const { trackingTableMaxKeys } = this.broker.config.values
    if (trackingTableMaxKeys === 0) return
    let left = evictedAtOnceMax
    while (this.table.size > trackingTableMaxKeys && left-- > 0) {
      this.invalidate(this.table.keys().next().value!, undefined)
    }
  }
}
