// Clients that wait: for keys to become ready, for a time, or for the log.
//
// A handler that has nothing to answer leaves what it waits for in `engine.block`; its client is parked here and runs
// nothing more. When a command (or a whole transaction) made one of its keys ready, the clients that wait for the key
// run their command again in the order in which they came; who still finds nothing stays where it stands. Once nothing
// is left that the next in the queue waits for, nobody behind is asked: a push costs the same whether one or thousands
// wait.

import type { Args } from '../core/args.ts'
import type { Block } from '../core/engine.ts'
import { typeOf } from '../core/keyspace/entry.ts'
import type { Type } from '../core/keyspace/entry.ts'
import type { Reply } from '../core/reply.ts'
import type { Broker } from './broker.ts'
import type { Command } from './command.ts'
import type { Connection } from './connection.ts'
import { refuse, reject } from './dispatch.ts'
import { brokerGates } from './gates.ts'
import { againMsHeld, timerMsMax } from './limits.ts'
import { isCurious, WaitQueue } from './wait-queue.ts'
import type { Place } from './wait-queue.ts'
import { keyId } from './watch.ts'

/** While one of these is set, time alone wakes nobody. */
const heldGates =
  brokerGates.loading | brokerGates.failing | brokerGates.paused | brokerGates.busy | brokerGates.unsaved

/** A parked client: with `retry` for keys, without it for something that calls `answer` itself. */
export type Parked = {
  readonly client: Connection
  readonly command: Command
  /** Where it stands in the queues of its keys. */
  places: readonly Place[]
  readonly retry: Args | undefined
  readonly type: Type | undefined
  readonly rivals: string | undefined
  readonly wakeOnDelete: boolean
  /** Writes the reply for when the time is up; without it CLIENT UNBLOCK does not end the wait. */
  readonly onTimeout: ((r: Reply) => void) | undefined
  /** Broker's monotonic ms; 0 for no end. */
  readonly untilMs: number
  timer: NodeJS.Timeout | undefined
  /** Runs `retry` when time alone may have made something ready. */
  again: NodeJS.Timeout | undefined
  /** Called when the wait ends, however it does. */
  onEnd: (() => void) | undefined
}

export class Blocking {
  private readonly broker: Broker
  private readonly byKey: Map<string, WaitQueue>
  private readonly ready: Set<string>
  private wakers: number
  /** Clients that are parked. */
  count: number

  constructor(broker: Broker) {
    this.broker = broker
    this.byKey = new Map()
    this.ready = new Set()
    this.wakers = 0
    this.count = 0
  }

  /** Keys that somebody waits for. */
  get keys(): number {
    return this.byKey.size
  }

  /** Those of them whose end somebody wants to know, too. */
  get keysOfWakers(): number {
    let keys = 0
    for (const queue of this.byKey.values()) if (queue.hears()) keys++
    return keys
  }

  /** Parks the client with what its handler asked for. */
  park(c: Connection, command: Command, block: Block): void {
    const onTimeout = (r: Reply): void => (block.nil === 'array' ? r.nilArray() : r.nil())
    const parked = this.add(c, command, block.timeoutMs, onTimeout, block)
    const queues = new Set(block.keys.map((key) => this.queueOf(c.db, key)))
    parked.places = Array.from(queues, (queue) => queue.join(parked))
    if (block.wakeOnDelete) this.wakers++
    this.armAgain(parked, block.againMs)
    this.hook()
  }

  /** Parks the client until `answer` is called or the time (ms, 0 for ever) is up: WAITAOF, DEBUG and their like. */
  parkFor(c: Connection, command: Command, timeoutMs: number, onTimeout: ((r: Reply) => void) | undefined): Parked {
    return this.add(c, command, timeoutMs, onTimeout, undefined)
  }

  /** Ends the wait of a parked client with a reply; does nothing when it waits no more. */
  answer(parked: Parked, write: (r: Reply) => void): void {
    const c = parked.client
    if (c.parked !== parked) return
    this.remove(c)
    if (parked.onTimeout !== undefined) parked.command.calls++
    this.broker.answers.replyTo(c, write)
    this.broker.later(c)
  }

  /** CLIENT UNBLOCK: as if the time were up, or with an error. False when the client isn't blocked. */
  unblock(c: Connection, how: 'timeout' | 'error'): boolean {
    const parked = c.parked
    if (parked?.onTimeout === undefined) return false
    if (how === 'timeout') this.answer(parked, parked.onTimeout)
    else this.refuse(parked, 'UNBLOCKED client unblocked via CLIENT UNBLOCK')
    return true
  }

  /** Ends the wait of a parked client with an error, which counts as its command's. */
  refuse(parked: Parked, error: string): void {
    this.answer(parked, (r) => {
      r.error(error)
      this.broker.countError(parked.command, error)
    })
  }

  /** Forgets the wait of a client, without a reply. */
  remove(c: Connection): void {
    const parked = c.parked
    if (parked === undefined) return
    c.parked = undefined
    this.count--
    clearTimeout(parked.timer)
    clearTimeout(parked.again)
    for (const place of parked.places) {
      const { queue } = place
      queue.leave(place)
      if (queue.first === undefined) this.byKey.delete(queue.id)
    }
    if (parked.wakeOnDelete) this.wakers--
    parked.onEnd?.()
    this.hook()
  }

  /** True when keys became ready that clients wait for: `serve` then runs them. */
  get pending(): boolean {
    return this.ready.size > 0
  }

  /** Runs the commands of those who wait for keys that became ready, until nothing moves any more. */
  serve(): void {
    while (this.ready.size > 0) {
      const ids = [...this.ready]
      this.ready.clear()
      for (const id of ids) {
        const queue = this.byKey.get(id)
        if (queue !== undefined) this.serveQueue(queue)
      }
    }
  }

  private serveQueue(queue: WaitQueue): void {
    let held = this.typeAt(queue)
    let idle: Set<string> | undefined
    for (let place = queue.first; place !== undefined; place = place.next) {
      if (held === undefined && queue.curious === 0) return
      const { parked } = place
      const { rivals } = parked
      if (parked.type !== held && !isCurious(parked)) continue
      if (rivals !== undefined && idle?.has(rivals) === true) continue
      if (parked.client.parked !== parked) continue
      const served = this.retry(parked)
      if (served) held = this.typeAt(queue)
      else if (rivals !== undefined) (idle ??= new Set()).add(rivals)
    }
  }

  /** What the key holds now, undefined when nothing is there. */
  private typeAt(queue: WaitQueue): Type | undefined {
    const x = this.broker.engine
    const { key } = queue
    const db = x.dbs[queue.db]!
    const entry = db.find(key, 0, key.length, db.hash(key, 0, key.length))
    return entry === 0 ? undefined : typeOf(x.arena, entry)
  }

  private queueOf(db: number, key: Buffer): WaitQueue {
    const id = keyId(db, key, 0, key.length)
    let queue = this.byKey.get(id)
    if (queue === undefined) {
      queue = new WaitQueue(db, key, id)
      this.byKey.set(id, queue)
    }
    return queue
  }

  /** Runs the command of a parked client again; true when the client got its answer. */
  private retry(parked: Parked): boolean {
    const { broker } = this
    const x = broker.engine
    const c = parked.client
    broker.answers.runFor(c, (r) => {
      // Access may have been taken away while the client waited, or memory have run out.
      const refusal = (broker.gates | c.gates) === 0 ? undefined : refuse(broker, c, parked.command, parked.retry!)
      if (refusal !== undefined) {
        reject(broker, c, parked.command, refusal, r)
        this.remove(c)
        broker.later(c)
        return
      }
      broker.meter.before(parked.command)
      x.execute(parked.command, parked.retry!, r, c)
      if (c.tracked !== undefined) broker.tracking.remember(c, parked.command, parked.retry!)
      broker.meter.again(parked.command, c, parked.retry!)
      if (x.block !== undefined) {
        this.armAgain(parked, x.block.againMs)
        x.block = undefined
        return
      }
      parked.command.calls++
      if (r.lastError !== '') broker.countError(parked.command, r.lastError)
      this.remove(c)
      broker.later(c)
    })
    return c.parked !== parked
  }

  private add(
    client: Connection, command: Command, timeoutMs: number, onTimeout: ((r: Reply) => void) | undefined,
    block: Block | undefined,
  ): Parked {
    const nowMs = this.broker.engine.clock.monotonicMs()
    const untilMs = timeoutMs > 0 ? nowMs + timeoutMs : 0
    const parked: Parked = {
      client, command, places: [], retry: block?.retry, type: block?.type, rivals: block?.rivals,
      wakeOnDelete: block?.wakeOnDelete ?? false, onTimeout, untilMs, timer: undefined, again: undefined,
      onEnd: undefined,
    }
    client.parked = parked
    this.count++
    // A wait counts when it ends, and only once.
    if (onTimeout !== undefined) command.calls--
    if (timeoutMs > 0) this.arm(parked, timeoutMs)
    return parked
  }

  private arm(parked: Parked, ms: number): void {
    parked.timer = setTimeout(() => {
      const left = parked.untilMs - this.broker.engine.clock.monotonicMs()
      if (left >= 1) this.arm(parked, left)
      else this.answer(parked, parked.onTimeout!)
    }, Math.min(ms, timerMsMax))
  }

  /** While clients are held up (paused, loading) it looks again a little later. */
  private armAgain(parked: Parked, ms = Infinity): void {
    clearTimeout(parked.again)
    if (ms === Infinity) return
    parked.again = setTimeout(() => {
      if ((this.broker.gates & heldGates) !== 0) this.armAgain(parked, againMsHeld)
      else this.retry(parked)
      if (this.pending) this.serve()
    }, Math.min(ms, timerMsMax))
  }

  private hook(): void {
    const x = this.broker.engine
    if (this.byKey.size === 0) x.onReady = undefined
    else x.onReady ??= (db, buf, from, to) => this.mark(keyId(db, buf, from, to))
    if (this.wakers === 0) x.onGone = undefined
    else x.onGone ??= (db, buf, from, to) => this.mark(keyId(db, buf, from, to))
  }

  private mark(id: string): void {
    if (this.byKey.has(id)) this.ready.add(id)
  }

  /** The keys of `db` go, or change places with those of `by`: all who wait there look again. */
  replace(db: number, by: number): void {
    for (const id of this.byKey.keys()) {
      const of = Number(id.slice(0, id.indexOf(':')))
      if (of === db || of === by) this.ready.add(id)
    }
  }
}
