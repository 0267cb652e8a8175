// Adds jobs to a stream. Jobs that are added in one turn of the event loop leave in one write.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { Span } from '@opentelemetry/api'
import { MillraceError } from '../../core/errors.ts'
import { candid, openClient } from '../connection.ts'
import type { Client, Connection } from '../connection.ts'
import { run } from './script.ts'
import type { ScriptArgument } from './script.ts'
import { addScript, cancelScript } from './add-script.ts'
import { json } from './codec.ts'
import type { Codec } from './codec.ts'
import type { Text } from './delivery.ts'
import { entryFields } from './entry.ts'
import type { JobOptions } from './entry.ts'
import type { JobMap, NameOf } from './job.ts'
import { addedMark, streamKeys } from './keys.ts'
import type { StreamKeys } from './keys.ts'
import { addRetryMs, addRetryMsMax, batchJobsMax, idempotencyMsDefault, scriptJobsMax } from './limits.ts'
import { endSpan, startPublish, traceFields } from './tracing.ts'

export type ProducerOptions = {
  connection: Connection
  /** The key of the stream; `jobs` by default. */
  stream?: string
  codec?: Codec
  /** Of every job, unless it has its own. */
  defaults?: Omit<JobOptions, 'key' | 'idempotencyKey' | 'at'>
}

/** A job to be added. */
export type NewJob<Jobs> = {
  [Name in NameOf<Jobs>]: { name: Name, data: Jobs[Name], options?: JobOptions }
}[NameOf<Jobs>]

type Sending = { fields: Text[], options: JobOptions, resolve: (id: string) => void, reject: (error: unknown) => void }

export class Producer<Jobs extends JobMap<Jobs>> {
  private readonly client: Client
  private readonly redis: Redis
  private readonly keys: StreamKeys
  private readonly codec: Codec
  private readonly defaults: JobOptions | undefined
  private sending: Sending[]
  private unanswered: number
  private idle: (() => void) | undefined
  private closed: boolean
  private closing: Promise<void> | undefined
  /** Jobs that need the script, and whether it is being called. */
  private scripted: Sending[]
  private scripting: boolean
  private readonly flushLater: () => void

  constructor(options: ProducerOptions) {
    this.client = openClient(options.connection, candid)
    this.redis = this.client.redis
    this.keys = streamKeys(options.stream ?? 'jobs')
    this.codec = options.codec ?? json
    this.defaults = options.defaults
    this.sending = []
    this.unanswered = 0
    this.idle = undefined
    this.closed = false
    this.closing = undefined
    this.scripted = []
    this.scripting = false
    this.flushLater = () => this.flush()
  }

  /**
   * Adds a job. Resolves with its entry's id, for a delayed job with a token for `cancel`, once the broker has it as
   * safe as its `appendfsync` promises. A job with an idempotency key is sent again after a lost connection, for a
   * minute; without one it rejects, and may have been added or not.
   */
  add<Name extends NameOf<Jobs>>(name: Name, data: Jobs[Name], options?: JobOptions): Promise<string> {
    const span = startPublish(this.keys, 1)
    return this.traced(span, this.send(name, data, options, span))
  }

  /** Adds many jobs, in their order; resolves with what `add` would for each. Rejects if any was not added. */
  addMany(jobs: readonly NewJob<Jobs>[]): Promise<string[]> {
    const span = startPublish(this.keys, jobs.length)
    return this.traced(span, Promise.all(jobs.map((job) => this.send(job.name, job.data, job.options, span))))
  }

  /** Takes back a delayed job that was not moved to the stream yet; false: there is none of that token. */
  async cancel(token: string): Promise<boolean> {
    return await run(this.redis, cancelScript, [this.keys.delayed, this.keys.delayedJobs], [token]) === 1
  }

  /** Waits for what was added, then closes the connection, unless it is the caller's own. */
  close(): Promise<void> {
    this.closing ??= this.end()
    return this.closing
  }

  private async end(): Promise<void> {
    this.closed = true
    if (this.sending.length > 0) this.flush()
    if (this.unanswered > 0) await new Promise<void>((resolve) => { this.idle = resolve })
    if (this.client.own) this.redis.disconnect()
  }

  private send(name: string, data: unknown, given: JobOptions | undefined, span: Span): Promise<string> {
    const options = this.defaults === undefined ? given ?? none : { ...this.defaults, ...given }
    return new Promise((resolve, reject) => {
      if (this.closed) throw new MillraceError('CLOSED', 'the producer is closed')
      const fields = entryFields(name, this.codec.encode(data), options, traceFields(span))
      if (this.sending.length === 0) process.nextTick(this.flushLater)
      this.sending.push({ fields, options, resolve, reject })
    })
  }

  private async traced<T>(span: Span, work: Promise<T>): Promise<T> {
    if (!span.isRecording()) return work
    try {
      const result = await work
      if (typeof result === 'string') span.setAttribute('messaging.message.id', result)
      endSpan(span)
      return result
    } catch (error) {
      endSpan(span, error)
      throw error
    }
  }

  private flush(): void {
    const { sending } = this
    this.sending = []
    this.unanswered += sending.length
    for (let from = 0; from < sending.length; from += batchJobsMax) {
      this.write(sending.slice(from, from + batchJobsMax))
    }
    if (!this.scripting && this.scripted.length > 0) void this.runScripts()
  }

  /** Sends plain entries in one write; the others wait for the script's turn. */
  private write(batch: readonly Sending[]): void {
    const { stream } = this.keys
    const pipeline = this.redis.pipeline()
    for (const job of batch) {
      if (needsScript(job.options)) this.scripted.push(job)
      else {
        pipeline.xadd(stream, '*', ...job.fields, (error: Error | null | undefined, id?: string | null) => {
          if (error) job.reject(error)
          else job.resolve(id!)
          this.answered(1)
        })
      }
    }
    if (pipeline.length > 0) void pipeline.exec()
  }

  /** One call of the script after the other, so that jobs of a key stay in order whatever is sent again. */
  private async runScripts(): Promise<void> {
    this.scripting = true
    let lossesSince = 0
    while (this.scripted.length > 0) {
      const batch = this.scripted.splice(0, scriptJobsMax)
      try {
        const ids = await run(this.redis, addScript, this.scriptKeys(batch), batch.flatMap(scriptWords)) as string[]
        batch.forEach((job, i) => job.resolve(ids[i]!))
        this.answered(batch.length)
        lossesSince = 0
      } catch (error) {
        if (lossesSince === 0) lossesSince = performance.now()
        const again = isLoss(error) && performance.now() - lossesSince < addRetryMsMax
        const kept = again ? batch.filter((job) => job.options.idempotencyKey !== undefined) : []
        for (const job of batch) if (!kept.includes(job)) job.reject(error)
        this.answered(batch.length - kept.length)
        this.scripted.unshift(...kept)
        if (kept.length > 0) await sleep(addRetryMs)
      }
    }
    this.scripting = false
  }

  private scriptKeys(batch: readonly Sending[]): string[] {
    const { stream, lasts, delayed, delayedJobs } = this.keys
    const marks = batch.map(({ options }) => addedMark(stream, options.idempotencyKey ?? ''))
    return [stream, lasts, delayed, delayedJobs, ...marks]
  }

  private answered(jobs: number): void {
    this.unanswered -= jobs
    if (this.unanswered === 0) this.idle?.()
  }
}

/** What the script is told of a job. */
function scriptWords({ fields, options }: Sending): ScriptArgument[] {
  const { key = '', idempotencyKey, idempotencyMs = idempotencyMsDefault, delayMs = '', at } = options
  const markMs = idempotencyKey === undefined ? 0 : idempotencyMs
  const token = idempotencyKey ?? randomUUID()
  return [key, markMs, delayMs, at === undefined ? '' : at.getTime(), token, fields.length, ...fields]
}

const none: JobOptions = {}

function needsScript({ key, idempotencyKey, delayMs, at }: JobOptions): boolean {
  return key !== undefined || idempotencyKey !== undefined || delayMs !== undefined || at !== undefined
}

/** The connection was lost, or the server refuses for a while: what was sent may be sent again. */
function isLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return !('command' in error && error.name === 'ReplyError') || /^(LOADING|MISCONF|BUSY|TRYAGAIN) /.test(error.message)
}
