// The turn of the event loop: what all clients sent in it runs, then its effects become one frame.
//
//   a chunk comes ─▶ run(client): its commands, one after the other, replies to the turn's buffer
//   ⋮ more chunks of more clients, the same turn
//   setImmediate  ─▶ end(): the effects become a frame, handed to the OS; safe replies leave
//
// A client runs at most its share of a turn; the rest of what it sent runs in the next, as does what a pause held back.

import type { Reply } from '../core/reply.ts'
import type { Broker } from './broker.ts'
import type { Connection } from './connection.ts'
import { dispatch } from './dispatch.ts'
import { allRepliesBytesMax, gatherSyncsMax, turnCommandsMax, turnReplyBytesMax } from './limits.ts'
import { beginTimedTurn } from './observe.ts'

export class Turn {
  private readonly broker: Broker
  private isOpen: boolean
  private deferred: Connection[]
  private continuing: boolean
  private readonly endLater: () => void
  /** Reads before the turn, and when the turn was last asked whether it waits for more; until when it may. */
  private readsBefore: number
  private gatheredReads: number
  private gatherUntilMs: number
  /** Changes of the engine before the commands of the client at hand. */
  private changesBefore: number

  constructor(broker: Broker) {
    this.broker = broker
    this.isOpen = false
    this.deferred = []
    this.continuing = false
    this.endLater = () => {
      if (!this.isOpen) return
      if (this.gathers()) setImmediate(this.endLater)
      else this.end()
    }
    this.readsBefore = 0
    this.gatheredReads = 0
    this.gatherUntilMs = 0
    this.changesBefore = 0
  }

  /** The client whose commands run just now changed something with them. */
  get hasWritten(): boolean {
    return this.broker.engine.changes !== this.changesBefore
  }

  /** Begins a turn unless one is open; it ends when the event loop has served all that is there. */
  open(): void {
    if (this.isOpen) return
    const { broker } = this
    this.isOpen = true
    this.readsBefore = broker.stats.reads
    this.gatheredReads = -1
    if (broker.config.values.latencyMonitorThreshold === 0) broker.engine.beginTurn()
    else beginTimedTurn(broker)
    broker.memory.beginTurn()
    setImmediate(this.endLater)
    // What expired or was evicted may have had waiters.
    if (broker.blocking.pending) broker.serveBlocked()
  }

  /** Runs what the client sent, for at most its share of the turn. */
  run(c: Connection): void {
    this.open()
    const { broker } = this
    const { outbox, engine, answers, lookahead } = broker
    const r = outbox.reply
    if (c.shareTurn !== outbox.turn) {
      c.shareTurn = outbox.turn
      c.share = turnCommandsMax
    }
    c.lastActiveMs = engine.now
    this.changesBefore = engine.changes
    const { current, running } = answers
    answers.begin(c)
    broker.meter.start()
    let ahead = 0
    while (!c.halted) {
      if (c.share <= 0 || r.at - answers.currentFrom > turnReplyBytesMax) {
        if (c.parser.bufferedBytes > 0 || c.inputEnded) this.later(c)
        break
      }
      if (ahead-- === 0) ahead = lookahead.warm(c.parser, engine.dbs[c.db]!) - 1
      const found = c.parser.next()
      if (found === 1) {
        c.share--
        dispatch(broker, c, c.parser.args)
      } else {
        if (found === 2) this.protocolError(c, r)
        break
      }
    }
    broker.meter.stop()
    answers.end(current, running)
    if (engine.changes !== this.changesBefore) c.noteWrite()
    c.stallIfUnread()
    if (c.parser.bufferedBytes > broker.config.values.clientQueryBufferLimit) c.exceedInput()
    else c.adjustReading()
    if (current === undefined && r.at > allRepliesBytesMax) this.end()
  }

  /** The client goes on with what it sent in the next turn. */
  later(c: Connection): void {
    if (c.deferred || c.closed) return
    c.deferred = true
    this.deferred.push(c)
    this.continueSoon()
  }

  /** What was done in this turn becomes a frame; replies that are safe leave. */
  end(): void {
    const { broker } = this
    const { engine, outbox } = broker
    broker.tracking.endTurn()
    this.isOpen = false
    engine.endTurn()
    outbox.seal(engine.log.appended)
    if (outbox.waitingTurns > 0) outbox.release()
    if (broker.replicas.active) broker.replicas.release()
    broker.expiry.arm()
    if (broker.extensions.followTurns) broker.extensions.turnEnded(engine.log.appended)
    if (broker.logFollowers.size > 0) broker.tellLogFollowers()
    if (broker.clientBound.limited) broker.clientBound.turnEnded()
    if (broker.memory.needsTurn && !broker.stopping) setImmediate(() => this.open())
  }

  /** What was held back runs in the next turn, as far as nothing else holds it back. */
  resume(): void {
    for (const c of this.broker.clients.values()) if (c.postponed !== undefined) this.later(c)
  }

  /**
   * True when the turn had better take in another round of the event loop: its frame costs a sync, and while commands
   * keep coming from clients that had no part in it yet, one sync serves them, too.
   */
  private gathers(): boolean {
    const { broker } = this
    const { gatherMs } = broker.engine.log
    if (gatherMs === 0) return false
    const { reads } = broker.stats
    const nowMs = broker.engine.clock.monotonicMs()
    if (this.gatheredReads === -1) this.gatherUntilMs = nowMs + gatherSyncsMax * gatherMs
    else if (this.gatheredReads === reads || nowMs >= this.gatherUntilMs) return false
    this.gatheredReads = reads
    return reads - this.readsBefore < broker.clients.size - 1
  }

  private continueSoon(): void {
    if (this.continuing) return
    this.continuing = true
    setImmediate(() => {
      this.continuing = false
      this.goOn()
    })
  }

  /** Runs those who did not finish in the turn before. */
  private goOn(): void {
    const clients = this.deferred
    this.deferred = []
    for (const c of clients) {
      c.deferred = false
      if (c.closed) continue
      if (c.postponed !== undefined) this.runPostponed(c)
      if (!c.halted) this.run(c)
      if (c.inputEnded && !c.deferred && !c.halted) c.endAfterReply()
      else if (c.inputEnded && c.parked !== undefined) c.destroy()
    }
  }

  private runPostponed(c: Connection): void {
    const args = c.postponed!
    c.postponed = undefined
    this.open()
    const { broker } = this
    const { answers, engine } = broker
    this.changesBefore = engine.changes
    const { current, running } = answers
    answers.begin(c)
    broker.meter.start()
    dispatch(broker, c, args)
    broker.meter.stop()
    if (engine.changes !== this.changesBefore) c.noteWrite()
    answers.end(current, running)
  }

  private protocolError(c: Connection, r: Reply): void {
    r.error(c.parser.error)
    this.broker.countErrorText(c.parser.error)
    r.lastError = ''
    c.parser.clear()
    c.endAfterReply()
  }
}
