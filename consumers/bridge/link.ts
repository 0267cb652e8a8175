// The connection to NATS, one for all bridges of a broker. The client library's own reconnecting is off: it keeps what
// was published while there was no connection and sends it later, in an order that nobody asked for. Here each
// connection is a new one, and every bridge begins anew from what is acknowledged.

import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type * as nats from 'nats'
import type { Authenticator, ConnectionOptions, Msg, NatsConnection } from 'nats'
import type { Broker } from '../../broker/broker.ts'
import { Backoff } from './backoff.ts'
import type { Headers } from './fields.ts'
import {
  apiMsMax, closeMsMax, connectMsMax, pingMs, reconnectMsMax, reconnectMsMin, unansweredPingsMax, unflushedBytesMax,
} from './limits.ts'

/** What a header line adds to its name and value, and the line before all headers with the one behind. */
const headerLineBytes = 4
const headerFrameBytes = 14

type Library = typeof nats

/** What hears of the connection. */
export type LinkUser = {
  connected: () => void
  disconnected: () => void
  /** The server refused a publish to, or a subscription of, this subject. */
  refused: (operation: string, subject: string) => void
}

/** JetStream answered an error. */
export class ApiError extends Error {
  readonly code: number
  readonly errCode: number

  constructor(error: { code: number, err_code?: number, description?: string }) {
    super(error.description ?? `error ${error.code}`)
    this.code = error.code
    this.errCode = error.err_code ?? 0
  }
}

export type LinkState = 'off' | 'connecting' | 'connected'

export class Link {
  state: LinkState
  /** Why there is no connection. */
  lastError: string
  connects: number
  private readonly broker: Broker
  private readonly user: LinkUser
  private nats: NatsConnection | undefined
  /** Loaded for the first connection: a start without bridges needs not pay for it. */
  private library: Library | undefined
  private wanted: AbortController | undefined
  private dialing: Promise<void>
  private readonly backoff: Backoff
  private unflushed: number
  private flushing: boolean

  constructor(broker: Broker, user: LinkUser) {
    this.broker = broker
    this.user = user
    this.state = 'off'
    this.lastError = ''
    this.connects = 0
    this.nats = undefined
    this.library = undefined
    this.wanted = undefined
    this.dialing = Promise.resolve()
    this.backoff = new Backoff(reconnectMsMin, reconnectMsMax)
    this.unflushed = 0
    this.flushing = false
  }

  /** One that closes is none any more, though those that use it hear of its end a little later. */
  get up(): boolean {
    return this.state === 'connected' && this.nats?.isClosed() === false
  }

  /** Name and version of the server, '' without a connection. */
  get server(): string {
    const { nats } = this
    return nats === undefined ? '' : `${nats.getServer()} ${nats.info?.version}`
  }

  /** Largest payload with headers that the server takes. */
  get payloadBytesMax(): number {
    return this.nats?.info?.max_payload ?? 0
  }

  /** True when the server takes a message of that size. */
  fits(payload: Uint8Array, list: Headers): boolean {
    return messageBytes(payload, list) <= this.payloadBytesMax
  }

  /** Wants a connection from now on. */
  open(): void {
    if (this.wanted !== undefined) return
    const wanted = new AbortController()
    this.wanted = wanted
    this.backoff.reset()
    this.dialing = this.dialing.then(() => this.dial(wanted.signal))
  }

  /** Wants none any more; resolves when it is gone, or when a server that doesn't answer was waited for long enough. */
  async close(): Promise<void> {
    this.wanted?.abort()
    this.wanted = undefined
    const gone = Promise.allSettled([this.nats?.close(), this.dialing])
    await Promise.race([gone, delay(closeMsMax, undefined, { ref: false })])
  }

  /** Drops the connection, and makes another one. */
  reset(why: string): void {
    this.lastError = why
    void this.nats?.close()
  }

  /** Sends a message; over a connection that has just ended it is lost, as all that was not acknowledged. */
  publish(subject: string, payload: Uint8Array, list: Headers, reply?: string): void {
    if (!this.up) return
    const message = this.library!.headers()
    for (const [name, value] of list) message.append(name, value)
    this.unflushed += payload.length + subject.length
    this.nats!.publish(subject, payload, { headers: message, ...(reply === undefined ? {} : { reply }) })
  }

  /** A subject for answers, that nobody else has. */
  inbox(): string {
    return this.library!.createInbox()
  }

  /** Sends what asks for messages, and has no headers. */
  ask(subject: string, request: object, reply: string): void {
    if (this.up) this.nats!.publish(subject, JSON.stringify(request), { reply })
  }

  /** Calls back for each message, until the connection ends or the returned function is called. */
  subscribe(subject: string, take: (message: Msg) => void): () => void {
    const callback = (error: Error | null, message: Msg): void => {
      if (error !== null) return
      try {
        take(message)
      } catch (thrown) {
        // Thrown into the library it would leave a connection that reads nothing any more.
        this.reset(`a message could not be taken: ${(thrown as Error).message}`)
      }
    }
    const subscription = this.nats!.subscribe(subject, { callback })
    return () => subscription.unsubscribe()
  }

  /** Asks JetStream's API: `STREAM.INFO.orders`. Throws ApiError for its errors, others where it doesn't answer. */
  async api<T>(what: string, request?: object): Promise<T> {
    const { nats } = this
    if (nats === undefined) throw new Error('there is no connection')
    const payload = request === undefined ? '' : JSON.stringify(request)
    const message = await nats.request(this.apiSubject(what), payload, { timeout: apiMsMax })
    const answer = message.json<T & { error?: { code: number, err_code?: number, description?: string } }>()
    if (answer.error !== undefined) throw new ApiError(answer.error)
    return answer
  }

  apiSubject(what: string): string {
    const domain = this.broker.config.values.bridgeNatsDomain
    return domain === '' ? `$JS.API.${what}` : `$JS.${domain}.API.${what}`
  }

  /** False while so much was sent and not taken by the server that more had better be left out. */
  get keepsUp(): boolean {
    return this.unflushed < unflushedBytesMax
  }

  /** Asks the server to say how far it has read. */
  flush(): void {
    const { nats } = this
    if (nats === undefined || this.flushing || this.unflushed === 0) return
    const sent = this.unflushed
    this.flushing = true
    nats.flush().then(() => {
      if (nats !== this.nats) return
      this.flushing = false
      this.unflushed -= sent
      this.flush()
    }, () => {})
  }

  /** Dials until a connection stands, and again when it has ended, until nobody wants one. */
  private async dial(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.state = 'connecting'
      try {
        this.library ??= await import('nats')
        const nats = await this.library.connect(this.options(this.library))
        if (signal.aborted) await nats.close()
        else await this.serve(nats)
      } catch (error) {
        this.note(error as Error)
      }
      if (signal.aborted) break
      const wait = this.backoff.wait()
      // Half of it at random, so that many brokers don't come at once.
      const ms = wait / 2 + (this.broker.engine.random.u32() / 2 ** 32) * (wait / 2)
      await delay(ms, undefined, { signal }).catch(() => {})
    }
    this.state = 'off'
  }

  /** From a connection's beginning to its end. */
  private async serve(nats: NatsConnection): Promise<void> {
    this.nats = nats
    this.state = 'connected'
    this.lastError = ''
    this.backoff.reset()
    this.connects++
    this.unflushed = 0
    this.flushing = false
    this.broker.report('notice', `bridge: connected to NATS at ${this.server}`)
    const ended = nats.closed()
    void this.watch(nats)
    this.user.connected()
    const error = await ended
    this.nats = undefined
    this.state = 'connecting'
    const known = this.lastError === '' ? 'the connection ended' : this.lastError
    const why = error instanceof Error ? oneLine(error) : known
    this.lastError = why
    this.broker.report('notice', `bridge: no connection to NATS any more: ${why}`)
    this.user.disconnected()
  }

  private async watch(nats: NatsConnection): Promise<void> {
    for await (const status of nats.status()) {
      const context = (status as { permissionContext?: { operation: string, subject: string } }).permissionContext
      if (context !== undefined) this.user.refused(context.operation, context.subject)
    }
  }

  private note(error: Error): void {
    const why = oneLine(error)
    if (this.lastError === why) return
    this.lastError = why
    this.broker.report('warning', `bridge: can't connect to NATS: ${why}`)
  }

  private options(library: Library): ConnectionOptions {
    const { values } = this.broker.config
    const tls = values.bridgeNatsTls || values.bridgeNatsUrl.includes('tls://')
    return {
      servers: values.bridgeNatsUrl.split(/[\s,]+/).filter((word) => word !== ''),
      name: `millrace ${values.port}`,
      reconnect: false,
      noEcho: true,
      timeout: connectMsMax,
      pingInterval: pingMs,
      maxPingOut: unansweredPingsMax,
      authenticator: this.authenticators(library),
      ...(tls ? {
        tls: {
          caFile: values.bridgeNatsTlsCaFile || undefined, certFile: values.bridgeNatsTlsCertFile || undefined,
          keyFile: values.bridgeNatsTlsKeyFile || undefined,
        },
      } : {}),
    }
  }

  private authenticators(library: Library): Authenticator[] {
    const { values } = this.broker.config
    const list: Authenticator[] = []
    if (values.bridgeNatsUser !== '') {
      list.push(library.usernamePasswordAuthenticator(values.bridgeNatsUser, values.bridgeNatsPassword))
    }
    if (values.bridgeNatsToken !== '') list.push(library.tokenAuthenticator(values.bridgeNatsToken))
    if (values.bridgeNatsNkeyFile !== '') {
      const seed = readFileSync(values.bridgeNatsNkeyFile, 'latin1').trim()
      list.push(library.nkeyAuthenticator(Buffer.from(seed)))
    }
    if (values.bridgeNatsCredsFile !== '') {
      list.push(library.credsAuthenticator(readFileSync(values.bridgeNatsCredsFile)))
    }
    return list
  }
}

/** Texts of OpenSSL end with a line end, which would end a line of INFO. */
function oneLine({ message }: Error): string {
  return message.replaceAll(/\s+/g, ' ').trim()
}

/** What the server counts of a message: its payload, and its headers as they are sent. */
export function messageBytes(payload: Uint8Array, list: Headers): number {
  return list.reduce((sum, [name, value]) => sum + name.length + value.length + headerLineBytes,
    payload.length + headerFrameBytes)
}
