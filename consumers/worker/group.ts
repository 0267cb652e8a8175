// A consumer of a group: what it asks the broker, as methods.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { run } from './script.ts'
import type { Script, ScriptArgument } from './script.ts'
import { scriptDeliveries } from './delivery.ts'
import type { Delivery, Text } from './delivery.ts'
import { WorkerClosed } from './errors.ts'
import type { Job } from './job.ts'
import { doneMark } from './keys.ts'
import type { GroupKeys } from './keys.ts'
import { consumerIdleMsMax, idempotencyMsDefault, promotedJobsMax, refusedMs, sweepMs } from './limits.ts'
import {
  buryScript, completeScript, dueScript, leaveScript, reclaimScript, releaseScript, renewScript, retryScript,
  scriptKeys, settleScript, sweepScript, turnScript,
} from './scripts.ts'

export type GroupOptions = {
  redis: Redis
  keys: GroupKeys
  consumer: string
  /** The codec is binary: entries come as bytes. */
  bytes: boolean
  /** Entries are deleted once every group has settled them. */
  remove: boolean
  /** Hears of refusals (a full disk, a server that loads); what was refused is tried again. */
  refused: (error: unknown) => void
}

/** What became of a completion: `lost`: the job was settled before; nothing was applied. */
export type Completion = { state: 'lost' | 'done', replies: unknown[], following: Delivery[] }

export class Group {
  readonly keys: GroupKeys
  /** Where its jobs are, for spans and dead letters. */
  readonly at: { readonly stream: string, readonly group: string, readonly consumer: string }
  private readonly options: GroupOptions
  private readonly redis: Redis
  private closed: boolean
  private hasAckDelete: boolean

  constructor(options: GroupOptions) {
    this.options = options
    this.redis = options.redis
    this.keys = options.keys
    this.at = { stream: options.keys.stream, group: options.keys.group, consumer: options.consumer }
    this.closed = false
    this.hasAckDelete = false
  }

  /** Makes the group, and the stream, unless they are there; `from`: the id after which it begins. */
  async create(from: string): Promise<void> {
    try {
      await this.redis.xgroup('CREATE', this.keys.stream, this.keys.group, from, 'MKSTREAM')
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('BUSYGROUP')) throw error
    }
  }

  /** Finds out what the server has that redis-server 7 has not. */
  async detect(): Promise<void> {
    const [info] = await this.redis.command('INFO', 'XACKDEL') as unknown[]
    this.hasAckDelete = info !== null && info !== undefined
  }

  /** Jobs without a key need no script to be settled. */
  get settlesPlainly(): boolean {
    return !this.options.remove || this.hasAckDelete
  }

  /** Calls until it isn't refused. Rejects with WorkerClosed after `giveUp`. */
  async insist<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call()
      } catch (error) {
        this.options.refused(error)
        if (this.closed) throw new WorkerClosed('the worker was closed', { cause: error })
        await sleep(refusedMs)
      }
    }
  }

  /** Nothing is tried again from now on. */
  giveUp(): void {
    this.closed = true
  }

  /** Acknowledges jobs that nothing waits for: one command for all. */
  async acknowledge(jobs: readonly Job[]): Promise<void> {
    const { stream, group } = this.keys
    const ids = jobs.map((job) => job.id)
    if (!this.options.remove) await this.redis.xack(stream, group, ...ids)
    else await this.redis.call('XACKDEL', stream, group, 'ACKED', 'IDS', ids.length, ...ids)
  }

  /** Of entries and those before them of the same key: which may run now. The others come when their turn is. */
  async turns(pairs: readonly { after: string, id: string }[]): Promise<boolean[]> {
    const answers = await this.call(turnScript, pairs.flatMap(({ after, id }) => [after, id])) as number[]
    return answers.map((answer) => answer === 1)
  }

  /** Acknowledges jobs and answers what has waited for them. */
  async settle(jobs: readonly Job[]): Promise<Delivery[]> {
    return scriptDeliveries(await this.call(settleScript, [this.removal, ...jobs.flatMap(({ id, key }) => [id, key])]))
  }

  async complete(job: Job, effects: readonly ScriptArgument[]): Promise<Completion> {
    const { id, key, idempotencyKey } = job
    const mark = doneMark(this.keys.stream, this.keys.group, idempotencyKey)
    const markMs = idempotencyKey === '' ? 0 : idempotencyMsDefault
    const reply = await this.call(completeScript, [this.removal, id, key, markMs, ...effects], [mark])
    const [state, replies, following] = reply as [number, unknown[], unknown]
    return { state: state === 0 ? 'lost' : 'done', replies, following: scriptDeliveries(following) }
  }

  /** Schedules the next attempts; answers for each whether the job was still ours. */
  async retry(jobs: readonly { job: Job, delayMs: number }[]): Promise<boolean[]> {
    const answers = await this.call(retryScript, jobs.flatMap(({ job, delayMs }) => [job.id, delayMs])) as number[]
    return answers.map((answer) => answer === 1)
  }

  /** Moves a job to a stream of dead letters; the answer's `id` is empty when the job was no longer ours. */
  async bury(
    job: Job, dead: string, lengthMax: number, letter: readonly Text[],
  ): Promise<{ id: string, following: Delivery[] }> {
    const reply = await this.call(buryScript, [this.removal, job.id, job.key, lengthMax, ...letter], [dead])
    const [id, following] = reply as [Text, unknown]
    return { id: String(id), following: scriptDeliveries(following) }
  }

  /** Renews leases; answers the ids that are no longer ours. */
  async renew(ids: readonly string[]): Promise<string[]> {
    return (await this.call(renewScript, ids) as Text[]).map(String)
  }

  /** Gives jobs back, to be taken by others at once; this delivery doesn't count. */
  async release(jobs: readonly Job[], leaseMs: number): Promise<void> {
    await this.call(releaseScript, [leaseMs, ...jobs.flatMap((job) => [job.id, Math.max(job.attempt - 1, 0)])])
  }

  /** Moves delayed jobs that are due, and takes at most `room` retries that are; `waitMs` -1: nothing is scheduled. */
  async due(room: number): Promise<{ waitMs: number, deliveries: Delivery[] }> {
    const [waitMs, deliveries] = await this.call(dueScript, [room, promotedJobsMax]) as [number, unknown]
    return { waitMs, deliveries: scriptDeliveries(deliveries) }
  }

  /** Takes what others left unrenewed for `leaseMs`, looking at `room` entries from `cursor` on. */
  async reclaim(leaseMs: number, cursor: string, room: number): Promise<{ cursor: string, deliveries: Delivery[] }> {
    const [next, deliveries] = await this.call(reclaimScript, [leaseMs, cursor, room]) as [Text, unknown]
    return { cursor: String(next), deliveries: scriptDeliveries(deliveries) }
  }

  /** Removes this consumer, unless it owes something. */
  async leave(): Promise<void> {
    await this.call(leaveScript, [])
  }

  /** Removes what nobody needs any more. One worker of the group does so at a time. */
  async sweep(): Promise<void> {
    const lock = `${this.keys.stream}:${this.keys.group}:sweep`
    let cursor = '0'
    do cursor = String(await this.call(sweepScript, [sweepMs / 2, consumerIdleMsMax, cursor], [lock]))
    while (cursor !== '0' && cursor !== '' && !this.closed)
  }

  private get removal(): '0' | '1' {
    return this.options.remove ? '1' : '0'
  }

  private call(script: Script, args: readonly ScriptArgument[], keys: readonly string[] = []): Promise<unknown> {
    const words = [this.at.group, this.at.consumer, ...args]
    return run(this.redis, script, [...scriptKeys(this.keys), ...keys], words, this.options.bytes)
  }
}
