// A connection to the server that keys move to. It fails once, for good: with the stage that Redis names in its errors.

import net from 'node:net'
import type { Socket } from 'node:net'
import tls from 'node:tls'
import { encodeWords } from '../../core/args.ts'
import type { Broker } from '../broker.ts'
import { migrateAheadBytesMax, migrateIdleMs, migrateReplyBytesMax } from '../limits.ts'
import { tlsClientOptions } from '../listeners.ts'

export class TargetError extends Error {
  /** What was under way: `connecting to the client`, or `writing` or `reading to target instance`. */
  readonly stage: string
  readonly timedOut: boolean

  constructor(stage: string, cause: Error | undefined, timedOut: boolean) {
    super(`error or timeout ${stage}`, { cause })
    this.name = 'TargetError'
    this.stage = stage
    this.timedOut = timedOut
  }
}

const stages = {
  connecting: 'connecting to the client', writing: 'writing to target instance', reading: 'reading to target instance',
} as const

type Waiter = { done: () => boolean, resolve: () => void, reject: (error: Error) => void }

export class Target {
  /** Who may use it again: the address, and who we are there. */
  readonly id: string
  /** The database that is selected there. */
  db: number
  private readonly socket: Socket
  private readonly onEnd: (target: Target) => void
  private readonly questions: ((reply: string) => void)[]
  private connected: boolean
  private idle: boolean
  private input: string
  private failure: TargetError | undefined
  private waiter: Waiter | undefined

  constructor(b: Broker, id: string, host: string, port: number, timeoutMs: number, onEnd: (target: Target) => void) {
    this.id = id
    this.db = 0
    this.onEnd = onEnd
    this.questions = []
    this.connected = false
    this.idle = false
    this.input = ''
    this.failure = undefined
    this.waiter = undefined
    const greet = (): void => {
      this.connected = true
      this.look()
    }
    const secure = b.config.values.tlsCluster
    this.socket = secure
      ? tls.connect({ host, port, ...tlsClientOptions(b.config.values) }, greet)
      : net.connect({ host, port }, greet)
    this.socket.setNoDelay(true)
    this.socket.setTimeout(timeoutMs)
    this.socket.on('timeout', () => this.fail(undefined, true))
    this.socket.on('data', (bytes: Buffer) => this.take(bytes))
    this.socket.on('drain', () => this.look())
    this.socket.on('error', (error) => this.fail(error, false))
    this.socket.on('close', () => this.fail(undefined, false))
  }

  /** Sends a command whose reply is one line, which `answered` gets. */
  ask(words: readonly (string | Buffer)[], answered: (reply: string) => void): void {
    this.questions.push(answered)
    if (this.failure === undefined) this.socket.write(encodeWords(words))
  }

  /** All that was asked is answered. Rejects with TargetError. */
  settled(): Promise<void> {
    return this.until(() => this.connected && this.questions.length === 0)
  }

  /** There is room for more to be sent. Rejects with TargetError. */
  room(): Promise<void> {
    return this.until(() => this.connected && this.socket.writableLength < migrateAheadBytesMax)
  }

  /** Nobody uses it just now: it closes itself after a while. */
  rest(): void {
    this.idle = true
    this.socket.setTimeout(migrateIdleMs)
    this.socket.unref()
  }

  /** It is used again. */
  wake(timeoutMs: number): void {
    this.idle = false
    this.socket.setTimeout(timeoutMs)
    this.socket.ref()
  }

  end(): void {
    this.fail(undefined, false)
  }

  private until(done: () => boolean): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure)
    if (done()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.waiter = { done, resolve, reject }
    })
  }

  private look(): void {
    const { waiter } = this
    if (waiter === undefined || !waiter.done()) return
    this.waiter = undefined
    waiter.resolve()
  }

  private take(bytes: Buffer): void {
    this.input += bytes.toString('latin1')
    for (let end = this.input.indexOf('\r\n'); end >= 0; end = this.input.indexOf('\r\n')) {
      const line = this.input.slice(0, end)
      this.input = this.input.slice(end + 2)
      const answered = this.questions.shift()
      if (answered === undefined) return this.fail(new Error(`unasked: ${line}`), false)
      answered(line)
    }
    if (this.input.length > migrateReplyBytesMax) this.fail(new Error('a reply without an end'), false)
    else this.look()
  }

  private fail(cause: Error | undefined, timedOut: boolean): void {
    if (this.failure !== undefined) return
    this.failure = new TargetError(this.stageOf(cause), cause, timedOut)
    this.socket.destroy()
    this.onEnd(this)
    const { waiter } = this
    this.waiter = undefined
    if (!this.idle) waiter?.reject(this.failure)
  }

  /** A refused connection is noticed by the first write, as Redis sees it. */
  private stageOf(cause: NodeJS.ErrnoException | undefined): string {
    if (!this.connected) return cause?.code === 'ECONNREFUSED' ? stages.writing : stages.connecting
    return this.socket.writableLength > 0 ? stages.writing : stages.reading
  }
}
