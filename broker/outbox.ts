// What clients are to be sent. One reply buffer serves all clients of a turn of the event loop: each gets a slice of
// it, written in one piece when the turn's frame is safe, as the log's policy says. Turns leave in order, replies too.
// Pushes are slices of buffers that many clients share; what one client got in a turn leaves as one write.

import { Reply } from '../core/reply.ts'
import type { Log } from '../core/log/log.ts'
import type { Connection } from './connection.ts'
import { gatherBytesMax, replyBufferBytesMax } from './limits.ts'

const initialBytes = 1 << 16

/**
 * The slices of one sealed turn. Client k's first one is `heads[k]`, the one behind slice i is `next[i]` (-1: none).
 * Slice i is `bytes[i][from[i]..to[i])`; without bytes of its own it lies in the turn's reply buffer `buf`.
 */
type Turn = {
  buf: Buffer
  clients: Connection[]
  heads: number[]
  from: number[]
  to: number[]
  next: number[]
  bytes: (Buffer | undefined)[]
  position: number
}

function emptyTurn(): Turn {
  return { buf: Buffer.alloc(0), clients: [], heads: [], from: [], to: [], next: [], bytes: [], position: 0 }
}

export class Outbox {
  /** Where the handlers of the open turn write. */
  readonly reply: Reply
  /** Number of the open turn. */
  turn: number
  /** A script holds the open frame for many turns. */
  stuck: boolean
  private readonly log: () => Log
  private open: Turn
  private waiting: Turn[]
  private spare: Buffer | undefined
  /** Position of the turn that was sealed last. */
  private position: number

  constructor(log: () => Log) {
    this.reply = new Reply()
    this.turn = 1
    this.stuck = false
    this.log = log
    this.open = emptyTurn()
    this.waiting = []
    this.spare = undefined
    this.position = 0
  }

  /** Gives the client what was written to `reply` since `from`. */
  send(c: Connection, from: number): void {
    const to = this.reply.at
    if (to !== from) this.add(c, undefined, from, to)
  }

  /** Gives the client bytes of their own, which must not change any more; many clients may share them. */
  sendBytes(c: Connection, bytes: Buffer): void {
    this.add(c, bytes, 0, bytes.length)
  }

  /** Gives the client `bytes[from..to)`, which must not change any more; many clients may share them. */
  share(c: Connection, bytes: Buffer, from: number, to: number): void {
    this.add(c, bytes, from, to)
  }

  /** Has the client closed once all it was given is sent. */
  sendEnd(c: Connection): void {
    this.sendBytes(c, Buffer.alloc(0))
  }

  /** Ends the turn whose frame was sealed at `position`: what is safe leaves, the rest waits. */
  seal(position: number): void {
    const turn = this.open
    this.turn++
    const wrote = position !== this.position
    this.position = position
    if (turn.clients.length === 0) {
      this.reply.at = 0
      return
    }
    turn.buf = this.reply.buf
    turn.position = position
    const log = this.log()
    if ((log.state !== 'ok' || this.stuck) && position > log.safe) this.passReaders(turn, wrote)
    if (this.waiting.length === 0 && position <= log.safe) {
      const pinned = deliver(turn)
      if (pinned || this.reply.buf.length > replyBufferBytesMax) this.reply.buf = this.freshBuffer()
      clear(turn)
    } else if (turn.clients.length > 0) {
      this.waiting.push(turn)
      this.reply.buf = this.freshBuffer()
      this.open = emptyTurn()
    } else clear(turn)
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

  private add(c: Connection, bytes: Buffer | undefined, from: number, to: number): void {
    const turn = this.open
    c.heldBytes += to - from
    const slice = turn.from.length
    if (c.outTurn === this.turn) {
      const tail = c.outTail
      if (turn.bytes[tail] === bytes && turn.to[tail] === from) {
        turn.to[tail] = to
        return
      }
      turn.next[tail] = slice
    } else {
      c.outTurn = this.turn
      turn.clients.push(c)
      turn.heads.push(slice)
    }
    c.outTail = slice
    turn.from.push(from)
    turn.to.push(to)
    turn.next.push(-1)
    turn.bytes.push(bytes)
  }

  /**
   * While the log fails, or a script holds the frame, clients that wrote nothing and wait for nothing get their
   * replies: reads go on. In a turn that wrote, what was pushed to others may tell of the writes: it waits, too.
   */
  private passReaders(turn: Turn, wrote: boolean): void {
    const held = new Set<Connection>()
    for (const earlier of this.waiting) for (const c of earlier.clients) held.add(c)
    const keeps = turn.clients.map((c, k) =>
      held.has(c) || c.wroteTurn === this.turn - 1 || (wrote && hasPushes(turn, turn.heads[k]!)))
    const passed = { ...turn, clients: turn.clients.filter((_, k) => !keeps[k]) }
    passed.heads = turn.heads.filter((_, k) => !keeps[k])
    turn.heads = turn.heads.filter((_, k) => keeps[k])
    turn.clients = turn.clients.filter((_, k) => keeps[k])
    if (deliver(passed)) this.reply.buf = this.freshBuffer()
  }

  private freshBuffer(): Buffer {
    const spare = this.spare
    this.spare = undefined
    return spare ?? Buffer.allocUnsafeSlow(initialBytes)
  }
}

function hasPushes(turn: Turn, head: number): boolean {
  for (let i = head; i >= 0; i = turn.next[i]!) if (turn.bytes[i] !== undefined) return true
  return false
}

/** Writes what each client has to its socket; true when a socket still holds the turn's buffer. */
function deliver(turn: Turn): boolean {
  const { clients, heads, from, to, next, bytes, buf } = turn
  let pinned = false
  for (let k = 0; k < clients.length; k++) {
    const head = heads[k]!
    if (next[head] !== -1) gather(turn, clients[k]!, head)
    else {
      const shared = bytes[head]
      const whole = shared !== undefined && shared.length === to[head]! - from[head]!
      const slice = whole ? shared : (shared ?? buf).subarray(from[head], to[head])
      if (clients[k]!.transmit(slice, whole) && shared === undefined) pinned = true
    }
  }
  return pinned
}

/** Several slices leave as one piece, or, when they are large, as they are but in one system call. */
function gather(turn: Turn, c: Connection, head: number): void {
  const { from, to, next, bytes, buf } = turn
  let size = 0
  for (let i = head; i >= 0; i = next[i]!) size += to[i]! - from[i]!
  if (size > gatherBytesMax) {
    c.socket.cork()
    for (let i = head; i >= 0; i = next[i]!) {
      const shared = bytes[i]
      const slice = (shared ?? buf).subarray(from[i], to[i])
      // Small pieces and those of the turn's buffer are copied: the socket keeps what it is given for a while.
      const own = shared !== undefined && slice.length === shared.length
      c.transmit(own ? slice : Buffer.from(slice), true)
    }
    c.socket.uncork()
    return
  }
  const whole = Buffer.allocUnsafe(size)
  let at = 0
  for (let i = head; i >= 0; i = next[i]!) {
    const source = bytes[i] ?? buf
    at += source.copy(whole, at, from[i], to[i])
  }
  c.transmit(whole, true)
}

function clear(turn: Turn): void {
  turn.clients.length = 0
  turn.heads.length = 0
  turn.from.length = 0
  turn.to.length = 0
  turn.next.length = 0
  turn.bytes.length = 0
}
