// What is written to whom just now. Handlers of all clients write into one buffer (see outbox.ts): here is noted whose
// part of it is being written, so that replies to others, and pushes, find their place between the replies.

import type { Reply } from '../core/reply.ts'
import type { Broker } from './broker.ts'
import { clientGates } from './connection.ts'
import type { Connection } from './connection.ts'

/** `bytes[from..to)` */
type Push = { bytes: Buffer, from: number, to: number }

export class Answers {
  private readonly broker: Broker
  /** Whose part of the reply buffer is being written, and where it begins. */
  current: Connection | undefined
  currentFrom: number
  /** Whose command is being run, so that what it is pushed follows its reply. */
  running: Connection | undefined
  /** There is something to push to it. */
  due: boolean
  private readonly pushes: Push[]

  constructor(broker: Broker) {
    this.broker = broker
    this.current = undefined
    this.currentFrom = 0
    this.running = undefined
    this.due = false
    this.pushes = []
  }

  /** The commands of a client begin; give `end` who was `current` and `running` before. */
  begin(c: Connection): void {
    const { reply } = this.broker.outbox
    this.current = c
    this.running = c
    this.currentFrom = reply.at
    reply.resp = c.resp
  }

  /** They end: the client gets what was written. */
  end(current: Connection | undefined, running: Connection | undefined): void {
    this.broker.outbox.send(this.current!, this.currentFrom)
    this.current = current
    this.running = running
  }

  /** Writes a reply to a client out of its turn, also while another client's command is being run. */
  replyTo(c: Connection, write: (r: Reply) => void): void {
    const { broker, current } = this
    broker.openTurn()
    const { outbox, engine } = broker
    const r = outbox.reply
    const { resp } = r
    if (current !== undefined) this.sendCurrent()
    const mark = r.at
    this.current = c
    this.currentFrom = mark
    r.resp = c.resp
    const { changes } = engine
    write(r)
    r.lastError = ''
    if (engine.changes !== changes) c.noteWrite()
    if ((c.gates & clientGates.reply) !== 0) r.rewind(Math.max(mark, this.currentFrom))
    this.sendCurrent()
    r.resp = resp
    this.current = current
  }

  /** As `replyTo`, where a command is run to write the reply: what its client is pushed meanwhile follows it. */
  runFor(c: Connection, write: (r: Reply) => void): void {
    const { running } = this
    this.running = c
    this.replyTo(c, write)
    if (this.due) this.flush()
    this.running = running
  }

  /**
   * Sends `bytes[from..to)`, which must not change any more, outside of the order of commands; what is for the client
   * whose command runs follows its reply.
   */
  push(c: Connection, bytes: Buffer, from: number, to: number): void {
    if (c.closing) return
    if (c === this.running) {
      this.pushes.push({ bytes, from, to })
      this.due = true
    } else this.pushNow(c, bytes, from, to)
  }

  /** As `push`, but also what is for the client whose command runs goes at once: its reply was sent. */
  pushNow(c: Connection, bytes: Buffer, from: number, to: number): void {
    if (c.closing) return
    this.broker.openTurn()
    if (c === this.current) this.sendCurrent()
    this.broker.outbox.share(c, bytes, from, to)
  }

  /** After a command: its client gets what it was pushed meanwhile, first what is about the keys that it caches. */
  flush(): void {
    const c = this.running!
    this.due = false
    if (c === this.current) this.sendCurrent()
    this.broker.tracking.sendPending(c)
    for (const { bytes, from, to } of this.pushes) this.pushNow(c, bytes, from, to)
    this.pushes.length = 0
  }

  /** Who is current gets what was written for it so far. */
  private sendCurrent(): void {
    const { outbox } = this.broker
    outbox.send(this.current!, this.currentFrom)
    this.currentFrom = outbox.reply.at
  }
}
