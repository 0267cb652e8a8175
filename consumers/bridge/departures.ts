// Messages to core subjects, which nobody promised to deliver: they leave when what was written before them is as safe
// as the log's policy says, as pushes to clients do. Without a connection, or with a server that doesn't keep up, they
// are dropped and counted: at most once, as in Redis.

import type { Headers } from './fields.ts'
import { heldBytesMax } from './limits.ts'
import { subjectFits } from './names.ts'
import type { Surroundings } from './runner.ts'

type Departure = { subject: string, payload: Uint8Array, headers: Headers }

export class Departures {
  sent: number
  dropped: number
  /** Too large, or with too long a name. */
  unfit: number
  private readonly around: Surroundings
  private open: Departure[]
  private readonly closed: { position: number, list: Departure[] }[]
  private bytes: number

  constructor(around: Surroundings) {
    this.around = around
    this.sent = 0
    this.dropped = 0
    this.unfit = 0
    this.open = []
    this.closed = []
    this.bytes = 0
  }

  /** Takes a message that must not change any more. */
  add(subject: string, payload: Uint8Array, headers: Headers): void {
    const { link } = this.around
    if (!link.up || this.bytes > heldBytesMax || !link.keepsUp) this.dropped++
    else if (!subjectFits(subject)) this.unfit++
    else {
      this.bytes += payload.length + subject.length
      this.open.push({ subject, payload, headers })
      // Messages are no data: there may be nothing else in this turn.
      this.around.broker.openTurn()
    }
  }

  turnEnded(appended: number): void {
    if (this.open.length > 0) {
      this.closed.push({ position: appended, list: this.open })
      this.open = []
    }
    this.release()
  }

  /** Sends what has become safe. */
  release(): void {
    if (this.closed.length === 0) return
    const { link, broker } = this.around
    const { safe } = broker.engine.log
    let gone = 0
    for (const { position, list } of this.closed) {
      if (position > safe) break
      gone++
      for (const departure of list) this.send(departure)
    }
    if (gone === 0) return
    this.closed.splice(0, gone)
    link.flush()
  }

  /** Forgets what waits. */
  clear(): void {
    for (const { list } of this.closed) this.dropped += list.length
    this.dropped += this.open.length
    this.closed.length = 0
    this.open = []
    this.bytes = 0
  }

  private send({ subject, payload, headers }: Departure): void {
    const { link } = this.around
    this.bytes -= payload.length + subject.length
    if (!link.up) this.dropped++
    else if (!link.fits(payload, headers)) this.unfit++
    else {
      link.publish(subject, payload, headers)
      this.sent++
    }
  }
}
