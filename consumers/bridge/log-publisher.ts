// Publishes entries of the log to JetStream, each under its id: what is sent a second time within the stream's window
// of duplicates is taken once. For `millrace replay --into nats://…`.

import { connect, headers as emptyHeaders } from 'nats'
import type { JetStreamClient, NatsConnection } from 'nats'
import { MillraceError } from '../../core/errors.ts'

export class LogPublisher {
  private readonly nats: NatsConnection
  private readonly stream: JetStreamClient
  private readonly subject: string

  /** Throws MillraceError NATS_CONNECT. `server`: nats://[user:password@]host[:port] */
  static async open(server: URL, subject: string): Promise<LogPublisher> {
    const { host, username, password } = server
    const login = username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
    try {
      return new LogPublisher(await connect({ servers: host, reconnect: false, ...login }), subject)
    } catch (error) {
      throw new MillraceError('NATS_CONNECT', `${host}: ${(error as Error).message}`, error)
    }
  }

  private constructor(nats: NatsConnection, subject: string) {
    this.nats = nats
    this.stream = nats.jetstream()
    this.subject = subject
  }

  /** Resolves when a stream has stored it, with the error when none has. */
  async publish(id: string, headers: Readonly<Record<string, string>>, data: Uint8Array): Promise<Error | undefined> {
    const sent = emptyHeaders()
    for (const [name, value] of Object.entries(headers)) sent.set(name, value)
    try {
      await this.stream.publish(this.subject, data, { msgID: id, headers: sent })
      return undefined
    } catch (error) {
      const { code, message } = error as Error & { code?: string }
      const isUnheard = code === '503'
      return new Error(isUnheard ? `no stream takes the subject ${this.subject}` : message, { cause: error })
    }
  }

  async close(): Promise<void> {
    await this.nats.close()
  }
}
