// What clients are to be sent. One reply buffer serves all clients of a turn of the event loop: each gets a slice of
// it, written in one piece when the turn's frame is safe, as the log's policy says. Turns leave in order, replies too.

import { Reply } from '../core/reply.ts'
import type { Log } from '../core/log/log.ts'
import type { Connection } from './connection.ts'
import { replyBufferBytesMax } from './limits.ts'

const initialBytes = 1 << 16

/** The slices of one sealed turn: client, then `buf[from..to)`, or bytes of its own. */
type Turn = {
  buf: Buffer
  clients: Connection[]
  from: number[]
  to: number[]
  bytes: (Buffer | undefined)[]
  position: number
}

function emptyTurn(): Turn {
  return { buf: Buffer.alloc(0), clients: [], from: [], to: [], bytes: [], position: 0 }
}

export class Outbox {
  /** Where the handlers of the open turn write. */
  readonly reply: Reply
  /** Number of the open turn. */
  turn: number
  private readonly log: () => Log
  private open: Turn
  private waiting: Turn[]
  private spare: Buffer | undefined

  constructor(log: () => Log) {
    this.reply = new Reply()
    this.turn = 1
    this.log = log
    this.open = emptyTurn()
    this.waiting = []
    this.spare = undefined
  }

  /** Gives the client what was written to `reply` since `from`. */
  send(c: Connection, from: number): void {
    const to = this.reply.at
    if (to === from) return
    const turn = this.open
    const last = turn.clients.length - 1
    c.heldBytes += to - from
    if (last >= 0 && turn.clients[last] === c && turn.to[last] === from && turn.bytes[last] === undefined) {
      turn.to[last] = to
      return
    }
    turn.clients.push(c)
    turn.from.push(from)
    turn.to.push(to)
    turn.bytes.push(undefined)
  }

  /** Gives the client bytes of their own, which must not change any more; many clients may share them. */
  sendBytes(c: Connection, bytes: Buffer): void {
    const turn = this.open
    c.heldBytes += bytes.length
    turn.clients.push(c)
    turn.from.push(0)
    turn.to.push(bytes.length)
    turn.bytes.push(bytes)
  }

  /** Has the client closed once all it was given is sent. */
  sendEnd(c: Connection): void {
    this.sendBytes(c, Buffer.alloc(0))
  }

  /** Ends the turn whose frame was sealed at `position`: what is safe leaves, the rest waits. */
  seal(position: number): void {
    const turn = this.open
    this.turn++
    if (turn.clients.length === 0) {
      this.reply.at = 0
      return
    }
    turn.buf = this.reply.buf
    turn.position = position
    const log = this.log()
    if (log.state !== 'ok' && position > log.safe) this.passReaders(turn)
    if (this.waiting.length === 0 && position <= log.safe) {
      const pinned = deliver(turn)
      if (pinned || this.reply.buf.length > replyBufferBytesMax) this.reply.buf = this.freshBuffer()
      clear(turn)
    } else if (turn.clients.length > 0) {
      this.waiting.push(turn)
      this.reply.buf = this.freshBuffer()
      this.open = emptyTurn()
    }
    this.reply.at = 0
  }

  /** Lets go what has become safe. */
  release(): void {
    const safe = this.log().safe
    let gone = 0
    for (const turn of this.waiting) {
      if (turn.position > safe) break
      gone++
      if (!deliver(turn) && turn.buf.length <= replyBufferBytesMax) this.spare = turn.buf
    }
    if (gone > 0) this.waiting.splice(0, gone)
  }

  /** Turns whose replies wait for the log. */
  get waitingTurns(): number {
    return this.waiting.length
  }

  /** While the log fails, clients that wrote nothing and wait for nothing get their replies: reads go on. */
  private passReaders(turn: Turn): void {
    const kept = emptyTurn()
    const passed = emptyTurn()
    const held = new Set<Connection>()
    for (const earlier of this.waiting) for (const c of earlier.clients) held.add(c)
    turn.clients.forEach((c, i) => {
      const into = held.has(c) || c.wroteTurn === this.turn - 1 ? kept : passed
      into.clients.push(c)
      into.from.push(turn.from[i]!)
      into.to.push(turn.to[i]!)
      const bytes = turn.bytes[i]
      into.bytes.push(bytes ?? Buffer.from(turn.buf.subarray(turn.from[i], turn.to[i])))
    })
    deliver(passed)
    turn.clients = kept.clients
    turn.from = kept.from
    turn.to = kept.to
    turn.bytes = kept.bytes
  }

  private freshBuffer(): Buffer {
    const spare = this.spare
    this.spare = undefined
    return spare ?? Buffer.allocUnsafeSlow(initialBytes)
  }
}

/** Writes all slices to their sockets; true when a socket still holds the turn's buffer. */
function deliver(turn: Turn): boolean {
  const { clients, from, to, bytes, buf } = turn
  let pinned = false
  for (let i = 0; i < clients.length; i++) {
    const own = bytes[i]
    if (own !== undefined) clients[i]!.transmit(own, true)
    else if (clients[i]!.transmit(buf.subarray(from[i], to[i]), false)) pinned = true
  }
  return pinned
}

function clear(turn: Turn): void {
  turn.clients.length = 0
  turn.from.length = 0
  turn.to.length = 0
  turn.bytes.length = 0
}
