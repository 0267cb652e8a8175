// One MIGRATE: its keys are sent as RESTORE, and deleted here when the target has them. Who asked is parked meanwhile,
// writers of the keys wait, and everybody else is served. https://redis.io/docs/latest/commands/migrate/

import { Args, frameWords, latin1 } from '../../core/args.ts'
import { dump } from '../../core/checkpoint/dump.ts'
import { deadlineOf, hasDeadline } from '../../core/keyspace/entry.ts'
import { Reply } from '../../core/reply.ts'
import type { Broker } from '../broker.ts'
import { findCommand } from '../command.ts'
import type { Connection } from '../connection.ts'
import { migrateWaitMs } from '../limits.ts'
import type { KeyHold } from './key-holds.ts'
import { TargetError } from './target.ts'
import type { Target } from './target.ts'
import type { TargetAddress } from './targets.ts'

export type Order = {
  readonly address: TargetAddress
  /** As the target numbers its databases. */
  readonly db: number
  /** For how long nothing may move on the connection. */
  readonly timeoutMs: number
  readonly copies: boolean
  readonly replaces: boolean
  /** Those that are there. */
  readonly keys: readonly Buffer[]
}

/** Sends the keys, and answers the client when that is done; the client is parked until then. */
export function beginMigration(b: Broker, c: Connection, order: Order): void {
  const parked = b.blocking.parkFor(c, c.lastCommand!, 0, undefined)
  const migration = new Migration(b, c, order)
  void migration.run().then((error) => {
    // The log is closed, or about to be.
    if (b.stopping && mustWait(b)) return
    const write = (r: Reply): void => migration.finish(r, error)
    b.openTurn()
    // Who is gone doesn't hear of it.
    if (c.parked === parked) b.blocking.answer(parked, write)
    else write(new Reply())
    if (b.blocking.pending) b.serveBlocked()
  })
}

class Migration {
  private readonly broker: Broker
  private readonly client: Connection
  private readonly order: Order
  private readonly db: number
  /** Of a replica that clients may write to: what is deleted is its own affair. */
  private readonly follows: boolean
  private readonly hold: KeyHold
  /** Keys that the target has, by name. */
  private readonly moved: Map<string, Buffer>
  /** The first error that the target answered, without its dash. */
  private refusal: string | undefined

  constructor(broker: Broker, client: Connection, order: Order) {
    this.broker = broker
    this.client = client
    this.order = order
    this.db = client.db
    this.follows = broker.following.isReplica
    this.hold = broker.holds.begin(client.db, order.keys.map((key) => latin1(key, 0, key.length)))
    this.moved = new Map()
    this.refusal = undefined
  }

  /** Moves what can be moved; resolves with the error to answer, undefined when there is none. */
  async run(): Promise<string | undefined> {
    const error = await this.transfer()
    if (this.moved.size > 0) await this.writable()
    return error
  }

  /** Deletes what was moved, and lets those go on who waited for the keys. */
  finish(r: Reply, error: string | undefined): void {
    const { broker, hold, moved } = this
    // Whose connection failed before it could be sent again.
    for (const name of hold.changed) moved.delete(name)
    const kept = this.order.copies || moved.size === 0
    if (!kept && broker.following.isReplica && !(this.follows && !broker.config.values.replicaReadOnly)) {
      error = 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)'
    } else if (!kept && hold.broken) error = 'ERR the dataset was replaced while its keys were moved: they were copied'
    else if (!kept) this.deleteMoved()
    broker.holds.end(hold)
    if (error === undefined) return r.ok()
    r.error(error)
    broker.countError(this.client.lastCommand!, error)
  }

  private async transfer(): Promise<string | undefined> {
    const { targets } = this.broker
    const { address, timeoutMs } = this.order
    for (let fresh = false; ; fresh = true) {
      let kept = false
      try {
        const taken = targets.take(address, timeoutMs, fresh)
        kept = taken.kept
        await this.converse(taken.target)
        targets.give(taken.target)
        return this.refusal === undefined ? undefined : `ERR Target instance replied with error: ${this.refusal}`
      } catch (error) {
        if (!(error instanceof TargetError)) throw error
        // A connection that was kept may have been closed by the other side since then.
        const again = kept && !error.timedOut && this.moved.size === 0 && this.refusal === undefined
        if (!again || this.broker.stopping) return `IOERR error or timeout ${error.stage}`
      }
    }
  }

  private deleteMoved(): void {
    const { broker, client } = this
    const args = frameWords(new Args(), ['DEL', ...this.moved.values()])
    const { db } = client
    client.db = this.db
    broker.engine.execute(findCommand(broker.commands, args)!, args, new Reply(), client)
    client.db = db
  }

  private async converse(target: Target): Promise<void> {
    const { address, db, keys, replaces, copies } = this.order
    if (address.login.length > 0 && !await this.asks(target, ['AUTH', ...address.login])) return
    if (target.db !== db) {
      // The keys follow when this is answered: they must not get into another database.
      if (!await this.asks(target, ['SELECT', String(db)])) return
      target.db = db
    }
    await this.send(target, keys, replaces)
    if (copies) return
    for (;;) {
      await this.writable()
      const changed = Array.from(this.hold.changed, (name) => this.moved.get(name)).filter((key) => key !== undefined)
      this.hold.changed.clear()
      if (changed.length === 0) return
      await this.send(target, changed, true)
    }
  }

  private async asks(target: Target, words: readonly (string | Buffer)[]): Promise<boolean> {
    let granted = false
    target.ask(words, (reply) => {
      granted = !reply.startsWith('-')
      if (!granted) this.refusal = reply.slice(1)
    })
    await target.settled()
    return granted
  }

  private async send(target: Target, keys: readonly Buffer[], replaces: boolean): Promise<void> {
    for (const key of keys) {
      await target.room()
      const words = this.restore(key, replaces)
      if (words === undefined) continue
      const name = latin1(key, 0, key.length)
      this.hold.changed.delete(name)
      target.ask(words, (reply) => {
        if (!reply.startsWith('-')) {
          this.moved.set(name, key)
          return
        }
        this.refusal ??= reply.slice(1)
        // What the target had of it is not what we have now.
        this.moved.delete(name)
      })
    }
    await target.settled()
  }

  /** The command that makes the key there; undefined when it is gone by now. */
  private restore(key: Buffer, replaces: boolean): (string | Buffer)[] | undefined {
    const x = this.broker.engine
    const space = x.dbs[this.db]!
    const entry = space.peek(key, 0, key.length, space.hash(key, 0, key.length))
    if (entry === 0 || this.hold.broken) return undefined
    const ttl = hasDeadline(x.arena, entry) ? Math.max(1, deadlineOf(x.arena, entry) - x.now) : 0
    const words = ['RESTORE', key, String(ttl), dump(x, entry)]
    return replaces ? [...words, 'REPLACE'] : words
  }

  private async writable(): Promise<void> {
    const { broker } = this
    while (mustWait(broker) && !broker.stopping) await new Promise((resolve) => setTimeout(resolve, migrateWaitMs))
  }
}

/** CLIENT PAUSE or a change of masters holds up all writes, or a script that takes many turns holds the frame. */
function mustWait(b: Broker): boolean {
  return b.pause.active || b.engine.grouped
}
