// Sends the log's entries to JetStream, in order: each when the one before is stored, unless more may be on their way.

import { LogPublisher } from '../../consumers/bridge/log-publisher.ts'
import { idText } from '../../core/history/moment.ts'
import { MillraceError } from '../../core/errors.ts'
import type { Sent, Target } from './replay-target.ts'
import { UsageError } from './verb.ts'

export class NatsTarget implements Target {
  taken: number
  private readonly publisher: LogPublisher
  private readonly awaitedMax: number
  /** In order; each resolves with why it was not taken. */
  private readonly awaited: { position: number, failed: Promise<Error | undefined> }[]

  /** `nats://[user:password@]host[:port]/subject` */
  static async open(address: string, awaitedMax: number): Promise<NatsTarget> {
    const url = URL.canParse(address) ? new URL(address) : undefined
    const subject = decodeURIComponent(url?.pathname.slice(1) ?? '')
    if (url === undefined || !/^[^\s*>]+$/.test(subject)) {
      throw new UsageError(`--into takes nats://host[:port]/subject, not '${address}'`)
    }
    return new NatsTarget(await LogPublisher.open(url, subject), awaitedMax)
  }

  private constructor(publisher: LogPublisher, awaitedMax: number) {
    this.taken = -1
    this.publisher = publisher
    this.awaitedMax = awaitedMax
    this.awaited = []
  }

  async send({ position, ms, event }: Sent): Promise<void> {
    const { time, db, command, keys } = event
    const key = keys.find((one) => typeof one === 'string' && /^[ -~]+$/.test(one))
    const headers: Record<string, string> = {
      'Millrace-Position': String(position), 'Millrace-Db': String(db), 'Millrace-Command': command,
      ...time === null ? {} : { 'Millrace-Time': time },
      ...typeof key === 'string' ? { 'Millrace-Key': key } : {},
    }
    const failed = this.publisher.publish(idText(ms, position), headers, Buffer.from(JSON.stringify(event)))
    this.awaited.push({ position, failed })
    if (this.awaited.length >= this.awaitedMax) await this.takeOne()
  }

  frameEnded(): void {}

  async finish(): Promise<void> {
    while (this.awaited.length > 0) await this.takeOne()
  }

  close(): void {
    void this.publisher.close()
  }

  private async takeOne(): Promise<void> {
    const { position, failed } = this.awaited.shift()!
    const error = await failed
    if (error !== undefined) {
      throw new MillraceError('TARGET_REFUSED', `position ${position} was refused: ${error.message}`, error)
    }
    this.taken = position
  }
}
