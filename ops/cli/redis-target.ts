// Sends the log's effects to a redis-server, in order, transactions as transactions. The first that is refused ends it;
// so that nothing behind it is done, each goes when the one before was answered, unless more may be on their way.

import type net from 'node:net'
import { encodeWords } from '../../core/args.ts'
import { MillraceError } from '../../core/errors.ts'
import { errorIn, replyEnd } from './reply-stream.ts'
import { connectRedis } from './redis-address.ts'
import type { Sent, Target } from './replay-target.ts'
import { Interrupted } from './verb.ts'
import type { Io } from './verb.ts'

/** Commands of a state that may be on their way at once: their order doesn't matter. */
const stateAwaitedMax = 1000

/** How often a signal is looked for while a server doesn't answer. */
const lookMs = 100

/** What a reply is to: an entry is taken when the reply to its own command, or to its transaction's EXEC, is there. */
type Awaited = { position: number, name: string, takes: boolean }

export class RedisTarget implements Target {
  taken: number
  private readonly io: Io
  private readonly socket: net.Socket
  private readonly awaited: Awaited[]
  /** So many commands may be on their way. */
  private readonly awaitedMax: number
  private db: number
  /** Position that the open transaction began at, and of its last entry. */
  private open: number
  private last: number
  private rest: Buffer
  private failure: Error | undefined
  /** Called whenever replies came, or none will. */
  private progressed: () => void

  static async open(io: Io, address: string, awaitedMax: number): Promise<RedisTarget> {
    const { socket, auth, db } = connectRedis(address)
    const target = new RedisTarget(io, socket, awaitedMax)
    try {
      if (auth !== undefined) target.write(encodeWords(auth), 0, 'AUTH', false)
      await target.select(db)
      return target
    } catch (error) {
      target.close()
      throw error
    }
  }

  private constructor(io: Io, socket: net.Socket, awaitedMax: number) {
    this.taken = -1
    this.io = io
    this.socket = socket
    this.awaited = []
    this.awaitedMax = awaitedMax
    this.db = -1
    this.open = 0
    this.last = 0
    this.rest = Buffer.alloc(0)
    this.failure = undefined
    this.progressed = () => {}
    socket.on('data', (chunk: Buffer) => this.receive(chunk))
    socket.on('drain', () => this.progressed())
    socket.on('error', (error) => this.fail(error))
    socket.on('close', () => this.fail(new MillraceError('TARGET_ENDED', 'the server closed the connection')))
  }

  async send({ position, db, transactionFrom, command }: Sent): Promise<void> {
    if (transactionFrom !== this.open) this.frameEnded()
    await this.room(this.awaitedMax)
    await this.select(db)
    if (transactionFrom !== this.open) {
      this.write(encodeWords(['MULTI']), position, 'MULTI', false)
      this.open = transactionFrom
    }
    this.write(command, position, '', transactionFrom === 0)
    this.last = position
  }

  /** Sends a command that is no entry of the log; resolves as `send`. */
  async sendOther(db: number, command: Buffer): Promise<void> {
    await this.room(stateAwaitedMax)
    await this.select(db)
    this.write(command, 0, 'a command of the state', false)
  }

  /** Ends the transaction that is open. */
  frameEnded(): void {
    if (this.open === 0) return
    this.write(encodeWords(['EXEC']), this.last, 'EXEC', true)
    this.open = 0
  }

  async finish(): Promise<void> {
    await this.until(() => this.awaited.length === 0)
  }

  close(): void {
    this.socket.destroy()
  }

  /** What follows must not be done in another database: the reply is awaited. */
  private async select(db: number): Promise<void> {
    if (db === this.db) return
    this.write(encodeWords(['SELECT', String(db)]), 0, 'SELECT', false)
    this.db = db
    await this.finish()
  }

  private room(awaitedMax: number): Promise<void> {
    return this.until(() => this.awaited.length < awaitedMax && !this.socket.writableNeedDrain)
  }

  private write(bytes: Buffer, position: number, name: string, takes: boolean): void {
    this.awaited.push({ position, name, takes })
    this.socket.write(bytes)
  }

  private async until(met: () => boolean): Promise<void> {
    while (this.failure === undefined && !met()) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.progressed = resolve
        timer = setTimeout(resolve, lookMs)
      })
      clearTimeout(timer)
      if (this.io.interruption.asked) throw new Interrupted('interrupted')
    }
    if (this.failure !== undefined) throw this.failure
  }

  private receive(chunk: Buffer): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk])
    try {
      for (let end = replyEnd(bytes, 0); end > 0; end = replyEnd(bytes, 0)) {
        this.take(errorIn(bytes.subarray(0, end)))
        bytes = bytes.subarray(end)
      }
    } catch (error) {
      this.fail(error as Error)
    }
    this.rest = Buffer.from(bytes)
    this.progressed()
  }

  private take(error: string | undefined): void {
    const { position, name, takes } = this.awaited.shift()!
    if (error !== undefined) {
      const what = position === 0 ? name : `position ${position}${name === '' ? '' : ` (${name})`}`
      this.fail(new MillraceError('TARGET_REFUSED', `${what} was refused: ${error}`))
    } else if (takes && this.failure === undefined) this.taken = position
  }

  private fail(error: Error): void {
    this.failure ??= error
    this.progressed()
  }
}
