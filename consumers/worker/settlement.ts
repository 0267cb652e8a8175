// Settles jobs: acknowledges them together, schedules further attempts, buries those that were given up.

import type { Redis } from 'ioredis'
import { delayAfter } from './backoff.ts'
import { Batch } from './batch.ts'
import type { Delivery, Text } from './delivery.ts'
import { effectWords } from './effects.ts'
import type { Effects } from './effects.ts'
import { LeaseLost, RetryLater } from './errors.ts'
import type { Group } from './group.ts'
import type { Job } from './job.ts'
import { errorCharsMax, scriptJobsMax } from './limits.ts'
import { endSpan, startSettle } from './tracing.ts'

/** What the settlement tells its worker. */
export type SettlementHost = {
  completed(job: Job, result: unknown): void
  retried(job: Job, error: unknown, delayMs: number): void
  buried(job: Job, error: unknown, letter: string): void
  /** The job is another's by now. */
  lost(job: Job): void
  /** Entries that waited for those that were settled. */
  following(deliveries: readonly Delivery[]): void
  refused(error: unknown): void
}

type Finished = { job: Job, result: unknown }
type Failed = { job: Job, error: unknown, delayMs: number }

export class Settlement {
  private readonly group: Group
  private readonly redis: Redis
  private readonly host: SettlementHost
  private readonly dead: string
  private readonly deadMax: number
  private readonly acks: Batch<Finished>
  private readonly turns: Batch<Finished>
  private readonly retries: Batch<Failed>
  private readonly letters: Set<Promise<void>>

  /** `deadMax`: bound of the dead-letter stream, 0: none. */
  constructor(group: Group, redis: Redis, dead: string, deadMax: number, host: SettlementHost) {
    this.group = group
    this.redis = redis
    this.host = host
    this.dead = dead
    this.deadMax = deadMax
    const refused = (error: unknown): void => host.refused(error)
    this.acks = new Batch(scriptJobsMax, (items) => this.sendAcks(items), refused)
    this.turns = new Batch(scriptJobsMax, (items) => this.sendTurns(items), refused)
    this.retries = new Batch(scriptJobsMax, (items) => this.sendRetries(items), refused)
    this.letters = new Set()
  }

  /** The handler is done: the job is acknowledged with all that finish meanwhile. */
  finish(job: Job, result: unknown): void {
    if (job.key === '' && this.group.settlesPlainly) this.acks.push({ job, result })
    else this.turns.push({ job, result })
  }

  /** Acknowledges with effects. Rejects with LeaseLost, or with what `effects` throws. */
  async complete(job: Job, effects: Effects | undefined): Promise<unknown[]> {
    if (job.state !== 'open') throw lostError(job)
    const words = await effectWords(this.redis, effects)
    const span = startSettle(this.group.at, 'complete', [job])
    const { state, replies, following } = await this.group.insist(() => this.group.complete(job, words))
    endSpan(span)
    this.host.following(following)
    if (state === 'lost') {
      this.host.lost(job)
      throw lostError(job)
    }
    job.state = 'completed'
    return replies
  }

  /** The next attempt is made after a while. */
  retry(job: Job, error: unknown): void {
    const delayMs = error instanceof RetryLater ? error.delayMs : delayAfter(job.backoff, job.attempt, Math.random())
    this.retries.push({ job, error, delayMs })
  }

  /** The job becomes a dead letter, which says where it came from and why it was given up. */
  bury(job: Job, error: unknown): void {
    const work = this.sendLetter(job, error).catch((reason: unknown) => this.host.refused(reason))
    this.letters.add(work)
    void work.finally(() => this.letters.delete(work))
  }

  /** Resolves when all is settled. */
  async idle(): Promise<void> {
    await Promise.all([this.acks.idle(), this.turns.idle(), this.retries.idle(), ...this.letters])
  }

  /** Tries nothing again from now on. */
  giveUp(): void {
    for (const batch of [this.acks, this.turns, this.retries]) batch.stop()
    this.group.giveUp()
  }

  private async sendAcks(items: Finished[]): Promise<void> {
    const jobs = items.map(({ job }) => job)
    const span = startSettle(this.group.at, 'ack', jobs)
    await this.group.acknowledge(jobs)
    endSpan(span)
    for (const { job, result } of items) this.host.completed(job, result)
  }

  private async sendTurns(items: Finished[]): Promise<void> {
    const jobs = items.map(({ job }) => job)
    const span = startSettle(this.group.at, 'ack', jobs)
    const following = await this.group.settle(jobs)
    endSpan(span)
    for (const { job, result } of items) this.host.completed(job, result)
    this.host.following(following)
  }

  private async sendRetries(items: Failed[]): Promise<void> {
    const span = startSettle(this.group.at, 'nack', items.map(({ job }) => job))
    const ours = await this.group.retry(items)
    endSpan(span)
    items.forEach(({ job, error, delayMs }, i) => {
      if (ours[i]) this.host.retried(job, error, delayMs)
      else this.host.lost(job)
    })
  }

  private async sendLetter(job: Job, error: unknown): Promise<void> {
    const span = startSettle(this.group.at, 'reject', [job])
    const letter = this.letterOf(job, error)
    const { id, following } = await this.group.insist(() => this.group.bury(job, this.dead, this.deadMax, letter))
    endSpan(span)
    if (id === '') this.host.lost(job)
    else this.host.buried(job, error, id)
    this.host.following(following)
  }

  /** Its fields, and the names of a group policy's dead letter for the rest. */
  private letterOf(job: Job, error: unknown): Text[] {
    const { entry } = job
    const fields: Text[] = ['name', entry.name, 'data', entry.data]
    if (entry.key !== '') fields.push('key', entry.key)
    if (entry.idempotencyKey !== '') fields.push('idem', entry.idempotencyKey)
    if (entry.traceparent !== '') fields.push('traceparent', entry.traceparent)
    const { stream, group, consumer } = this.group.at
    return [
      ...fields, 'dead-stream', stream, 'dead-group', group, 'dead-id', job.id, 'dead-consumer', consumer,
      'dead-deliveries', String(job.attempt), 'dead-error', String(error).slice(0, errorCharsMax),
      'dead-stack', stackOf(error).slice(0, errorCharsMax), 'dead-time', String(Date.now()),
    ]
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? '' : ''
}

function lostError(job: Job): LeaseLost {
  return new LeaseLost(`job ${job.id} is no longer this worker's`)
}
