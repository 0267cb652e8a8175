// A job in a worker's hands, as its handler sees it.

import type { Backoff } from './backoff.ts'
import type { Delivery } from './delivery.ts'
import type { Effects } from './effects.ts'
import type { Entry } from './entry.ts'

/** What a queue carries: the data of each kind of job, by its name. */
export type JobMap<Jobs> = { [Name in keyof Jobs]: unknown }
export type NameOf<Jobs> = keyof Jobs & string

/** Any of the jobs; its `name` tells which. */
export type AnyJob<Jobs> = { [Name in NameOf<Jobs>]: Job<Name, Jobs[Name]> }[NameOf<Jobs>]

/** `open`: not settled; `completed`: acknowledged by `complete`; `lost`: another worker's, or given back. */
export type JobState = 'open' | 'completed' | 'lost'

/** How a job is completed by its worker. */
export type JobHost = { complete(job: Job, effects: Effects | undefined): Promise<unknown[]> }

export class Job<Name extends string = string, Data = unknown> {
  /** The id of its entry. */
  readonly id: string
  readonly name: Name
  readonly data: Data
  /** Empty when it has none; jobs of one key run one at a time. */
  readonly key: string
  readonly idempotencyKey: string
  /** From 1: deliveries by the group, those that ended with a crash included. */
  readonly attempt: number
  /** After this one it is given up. */
  readonly attempts: number
  readonly backoff: Backoff
  /** The entry as it was read. */
  readonly entry: Entry
  /** @internal */
  state: JobState
  /** @internal A call of `complete` that has not ended. */
  completion: Promise<unknown> | undefined
  private readonly host: JobHost
  private controller: AbortController | undefined

  /** @internal */
  constructor(host: JobHost, delivery: Delivery, entry: Entry, data: Data, attempts: number, backoff: Backoff) {
    this.id = delivery.id
    this.name = entry.name as Name
    this.data = data
    this.key = entry.key
    this.idempotencyKey = entry.idempotencyKey
    this.attempt = delivery.deliveries
    this.attempts = entry.attempts ?? attempts
    this.backoff = entry.backoff ?? backoff
    this.entry = entry
    this.state = 'open'
    this.completion = undefined
    this.host = host
    this.controller = undefined
  }

  /** Aborts when the job is no longer this worker's (LeaseLost), or when that waits no longer (WorkerClosed). */
  get signal(): AbortSignal {
    this.controller ??= new AbortController()
    return this.controller.signal
  }

  /**
   * Acknowledges the job and applies `effects` in one transaction: both or neither, and once, whatever crashes. With an
   * idempotency key they are also left out when a job of the same key has applied its own; then the answer is empty.
   * Resolves with the commands' replies (an error reply is an Error, and as in MULTI the others are applied).
   * Rejects with LeaseLost when it was settled elsewhere: nothing was applied.
   */
  complete(effects?: Effects): Promise<unknown[]> {
    const completion = this.host.complete(this as Job, effects)
    this.completion = completion
    // Its worker waits for it, too: a handler that does not must not end the process.
    completion.catch(ignore)
    return completion
  }

  /** @internal */
  abort(reason: Error): void {
    this.controller ??= new AbortController()
    this.controller.abort(reason)
  }
}

function ignore(): void {}
