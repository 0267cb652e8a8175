// One client: its socket, what it sent and was not run yet, and all that commands remember of it.

import type { Socket } from 'node:net'
import type { Args } from '../core/args.ts'
import type { Session } from '../core/session.ts'
import type { Broker } from './broker.ts'
import type { Parked } from './blocking.ts'
import type { Command } from './command.ts'
import type { OutputLimit } from './config/words.ts'
import { aheadBytesMax, unreadBytesMax } from './limits.ts'
import type { Replica } from './replication/replica.ts'
import { RequestParser } from './resp/request-parser.ts'
import { onBytes } from './socket.ts'
import type { Subscriptions } from './pubsub.ts'
import type { Tracked } from './tracking.ts'
import type { Transaction } from './transaction.ts'
import type { WatchedKey } from './watch.ts'

/** Why a command of this client can't take the straight way through dispatch; bits of `gates`. */
export const clientGates = {
  stranger: 1, multi: 2, reply: 4, subscribed: 8, monitor: 16, caching: 32, restricted: 64,
} as const

/** `skip-next`: CLIENT REPLY SKIP is being answered; `skip`: the next command's reply is left out. */
export type ReplyMode = 'on' | 'off' | 'skip-next' | 'skip'
export type ClientClass = 'normal' | 'slave' | 'pubsub'

export class Connection implements Session {
  readonly broker: Broker
  readonly id: number
  readonly socket: Socket
  readonly parser: RequestParser
  /** `127.0.0.1:50000`, `[::1]:50000`, or the unix socket's path and `:0`. */
  readonly addr: string
  readonly laddr: string
  readonly unix: boolean
  readonly tls: boolean
  readonly createdMs: number
  db: number
  resp: 2 | 3
  by: Buffer | undefined
  mayBlock: boolean
  noTouch: boolean
  gates: number
  user: string
  /** It proved who it is, or came when the default user was open to all. */
  loggedIn: boolean
  name: string
  libName: string
  libVer: string
  noEvict: boolean
  /** The W3C traceparent that its commands belong to, '' for none. */
  trace: string
  replyMode: ReplyMode
  outputClass: ClientClass
  /** Commands queued since MULTI. */
  transaction: Transaction | undefined
  watched: WatchedKey[]
  /** Undefined while it listens to nothing. */
  subscriptions: Subscriptions | undefined
  /** Undefined unless it wants to hear of changes of what it read (CLIENT TRACKING). */
  tracked: Tracked | undefined
  /** What it told of itself as a replica, or that it is one. */
  replica: Replica | undefined
  /** A watched key changed: EXEC answers nil. */
  dirty: boolean
  parked: Parked | undefined
  /** A command that came during CLIENT PAUSE, to be run afterwards. */
  postponed: Args | undefined
  /** Does not read its replies: runs nothing until it does. */
  stalled: boolean
  /** Runs nothing more; closed once its replies are sent. */
  closing: boolean
  closed: boolean
  /** The client sends no more; closed when the rest of its commands was run. */
  inputEnded: boolean
  /** In the broker's list of those that go on in the next turn. */
  deferred: boolean
  /** The turn that `share` belongs to, and how many commands it may still run in it. */
  shareTurn: number
  share: number
  /** The last turn in which it changed data. */
  wroteTurn: number
  /** Position of the log behind its last change; 0 before the first. */
  wrotePosition: number
  /** Bytes of replies that were made and not given to the socket yet. */
  heldBytes: number
  /** The turn for which the outbox has something, and the last slice of it. */
  outTurn: number
  outTail: number
  lastActiveMs: number
  netIn: number
  netOut: number
  commands: number
  lastCommand: Command | undefined
  /** Since when the soft limit of its output is exceeded (monotonic ms), 0: it isn't. */
  softSinceMs: number
  private reading: boolean

  constructor(broker: Broker, id: number, socket: Socket, tls: boolean, unixPath: string) {
    this.broker = broker
    this.id = id
    this.socket = socket
    this.parser = new RequestParser(broker.config.values, broker.args)
    this.unix = unixPath !== ''
    this.addr = this.unix ? `${unixPath}:0` : address(socket.remoteAddress, socket.remotePort)
    this.laddr = this.unix ? `${unixPath}:0` : address(socket.localAddress, socket.localPort)
    this.tls = tls
    this.createdMs = broker.engine.clock.nowMs()
    this.db = 0
    this.resp = 2
    this.by = undefined
    this.mayBlock = true
    this.noTouch = false
    this.gates = 0
    this.user = 'default'
    this.loggedIn = false
    this.name = ''
    this.libName = ''
    this.libVer = ''
    this.noEvict = false
    this.trace = ''
    this.replyMode = 'on'
    this.outputClass = 'normal'
    this.transaction = undefined
    this.watched = []
    this.subscriptions = undefined
    this.tracked = undefined
    this.replica = undefined
    this.dirty = false
    this.parked = undefined
    this.postponed = undefined
    this.stalled = false
    this.closing = false
    this.closed = false
    this.inputEnded = false
    this.deferred = false
    this.shareTurn = 0
    this.share = 0
    this.wroteTurn = 0
    this.wrotePosition = 0
    this.heldBytes = 0
    this.outTurn = 0
    this.outTail = 0
    this.lastActiveMs = this.createdMs
    this.netIn = 0
    this.netOut = 0
    this.commands = 0
    this.lastCommand = undefined
    this.softSinceMs = 0
    this.reading = true
    this.setUser('default', broker.acl.open)

    onBytes(socket, (bytes, end) => this.take(bytes, end))
    socket.on('drain', () => this.resumeIfRead())
    socket.on('end', () => this.finish())
    socket.on('error', () => this.destroy())
    socket.on('close', () => this.destroy())
  }

  get authenticated(): boolean {
    return (this.gates & clientGates.stranger) === 0
  }

  /** True when nothing of this client may run now. */
  get halted(): boolean {
    return this.closing || this.stalled || this.parked !== undefined || this.postponed !== undefined
  }

  /** Bytes of replies that the client has not taken yet. */
  get outputBytes(): number {
    const bytes = this.heldBytes + this.socket.writableLength
    return this.replica === undefined ? bytes : bytes + this.replica.unsentBytes
  }

  /** The client speaks for `user` from now on; one that has not authenticated yet may do little else. */
  setUser(user: string, loggedIn: boolean): void {
    this.user = user
    this.loggedIn = loggedIn
    this.adjustUser()
    this.nameAuthor()
  }

  setTrace(traceparent: string): void {
    this.trace = traceparent
    this.nameAuthor()
  }

  /** Makes the line that stands before its effects in the log. */
  private nameAuthor(): void {
    const addr = this.addr.replaceAll(/\s/g, '%20')
    const trace = this.trace === '' ? '' : ` trace=${this.trace}`
    this.by = Buffer.from(`#by client=${this.id} user=${encodeURIComponent(this.user)} addr=${addr}${trace}\r\n`)
  }

  /** Its user, or the default user, may have changed. */
  adjustUser(): void {
    const { acl } = this.broker
    const stranger = !this.loggedIn && !acl.open
    this.setGate(clientGates.stranger, stranger)
    this.parser.stranger = stranger
    this.setGate(clientGates.restricted, acl.restricts(this.user))
  }

  setGate(bit: number, on: boolean): void {
    this.gates = on ? this.gates | bit : this.gates & ~bit
  }

  setProtocol(resp: 2 | 3): void {
    this.resp = resp
    this.adjustSubscribed()
  }

  /** In RESP2 a client that listens may do little else: its messages would look like replies. */
  adjustSubscribed(): void {
    this.setGate(clientGates.subscribed, this.subscriptions !== undefined && this.resp === 2)
  }

  setCachingGate(on: boolean): void {
    this.setGate(clientGates.caching, on)
  }

  setReplyMode(mode: ReplyMode): void {
    this.replyMode = mode
    this.setGate(clientGates.reply, mode !== 'on')
  }

  /** It changed data just now. */
  noteWrite(): void {
    this.wroteTurn = this.broker.outbox.turn
    this.wrotePosition = this.broker.engine.log.appended
  }

  /** Sends bytes outside of the order of commands: a push, a line of MONITOR. The bytes must not change afterwards. */
  push(bytes: Buffer): void {
    this.broker.answers.push(this, bytes, 0, bytes.length)
  }

  /** It is sent the stream of replication from now on, and no replies. */
  becomeReplica(): void {
    this.outputClass = 'slave'
    this.setReplyMode('off')
    if (!this.unix) this.socket.setNoDelay(!this.broker.config.values.replDisableTcpNodelay)
  }

  /** Sends bytes of their own at once, past the outbox: what replicas get. */
  sendOut(bytes: Buffer): void {
    this.heldBytes += bytes.length
    this.transmit(bytes, true)
  }

  /** Closes the client once its replies are sent. */
  endAfterReply(): void {
    if (this.closing) return
    this.closing = true
    this.broker.openTurn()
    this.broker.outbox.sendEnd(this)
  }

  /** Closes the client at once; what it has not got is lost. */
  destroy(): void {
    if (this.closed) return
    this.closed = true
    this.closing = true
    this.parser.clear()
    this.broker.forget(this)
    this.socket.destroy()
  }

  /** Gives bytes to the socket; `own`: nobody else writes into them. True when the socket holds on to the buffer. */
  transmit(bytes: Buffer, own: boolean): boolean {
    this.heldBytes -= bytes.length
    if (this.closed) return false
    const socket = this.socket
    let pinned = false
    if (bytes.length > 0) {
      this.netOut += bytes.length
      this.broker.stats.netOut += bytes.length
      if (this.replica !== undefined) this.broker.stats.replicationOut += bytes.length
      this.broker.stats.writes++
      // A socket that is behind, or that encrypts, keeps what it is given: a copy then, lest it keep the whole turn's.
      const held = own || (!this.tls && socket.writableLength === 0) ? bytes : Buffer.from(bytes)
      socket.write(held)
      pinned = held === bytes && !own && socket.writableLength > 0
    }
    if (socket.writableLength > 0) this.enforceOutputLimit()
    if (this.closing && this.heldBytes === 0) socket.destroySoon()
    else if (this.stalled) this.resumeIfRead()
    return pinned
  }

  /** Stops running commands while the client leaves their replies unread, unless its output has a bound of its own. */
  stallIfUnread(): void {
    if (this.outputBytes > unreadBytesMax && this.outputLimit().hard === 0) this.stalled = true
  }

  /** Closes the client when its replies pile up beyond `client-output-buffer-limit` of its class. */
  enforceOutputLimit(): void {
    const limit = this.outputLimit()
    if (this.closed || (limit.hard === 0 && limit.soft === 0)) return
    const bytes = this.outputBytes
    let over = limit.hard > 0 && bytes > limit.hard
    if (limit.soft > 0 && bytes > limit.soft) {
      const nowMs = this.broker.engine.clock.monotonicMs()
      if (this.softSinceMs === 0) this.softSinceMs = nowMs
      else if (nowMs - this.softSinceMs > limit.softSeconds * 1000) over = true
    } else this.softSinceMs = 0
    if (!over) return
    this.broker.stats.outputBufferDisconnections++
    this.broker.report('warning', `client ${this.id} (${this.addr}) closed: beyond its client-output-buffer-limit`)
    this.destroy()
  }

  /** Reads on, or stops reading while much of what was sent has to wait. */
  adjustReading(): void {
    const read = !this.halted && !this.deferred ? true : this.parser.bufferedBytes < aheadBytesMax
    if (read === this.reading || this.closed) return
    this.reading = read
    if (read) this.socket.resume()
    else this.socket.pause()
  }

  private outputLimit(): OutputLimit {
    return this.broker.config.values.clientOutputBufferLimit[this.outputClass]
  }

  private resumeIfRead(): void {
    if (!this.stalled || this.outputBytes > unreadBytesMax) return
    this.stalled = false
    this.broker.later(this)
  }

  /** Runs what came in `bytes[..end)`, which the next read of any socket overwrites. */
  private take(bytes: Buffer, end: number): void {
    if (this.closed) return
    this.netIn += end
    const broker = this.broker
    broker.stats.netIn += end
    broker.stats.reads++
    if (this.closing) return
    const { parser } = this
    parser.feed(bytes, end)
    if (!this.halted && !this.deferred) broker.run(this)
    else if (parser.bufferedBytes > broker.config.values.clientQueryBufferLimit) this.exceedInput()
    else this.adjustReading()
    parser.keep()
  }

  /** What the client sent and didn't complete is beyond `client-query-buffer-limit`. */
  exceedInput(): void {
    this.broker.stats.queryBufferDisconnections++
    this.destroy()
  }

  /** The client will send no more: it gets the replies to what it sent, unless it waits for data. */
  private finish(): void {
    if (this.parked !== undefined || this.postponed !== undefined) this.destroy()
    else if (this.deferred || this.stalled) this.inputEnded = true
    else this.endAfterReply()
  }
}

function address(host: string | undefined, port: number | undefined): string {
  if (host === undefined) return '?:0'
  const plain = host.startsWith('::ffff:') ? host.slice(7) : host
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}
