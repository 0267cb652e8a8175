// A worker: reads jobs of a stream as one consumer of a group, runs them, settles them.
//
//   intake ─▶ accept ─▶ queue (bounded) ─▶ handler ─▶ settlement: acknowledged │ again later │ dead letter
//   upkeep ─▶ accept    leases, retries and delayed jobs that are due, what crashed workers left

import { EventEmitter } from 'node:events'
import { hostname } from 'node:os'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import fastq from 'fastq'
import { openClient, openOwn, candid, patient } from '../connection.ts'
import type { Client } from '../connection.ts'
import { json } from './codec.ts'
import type { Codec } from './codec.ts'
import type { Delivery } from './delivery.ts'
import { parseEntry } from './entry.ts'
import { GiveUp, LeaseLost, WorkerClosed } from './errors.ts'
import { Group } from './group.ts'
import { Intake } from './intake.ts'
import { Job } from './job.ts'
import type { JobMap } from './job.ts'
import { deadStream, groupKeys } from './keys.ts'
import {
  abortGraceMs, attemptsDefault, backoffDefault, concurrencyDefault, drainedAfterMs, drainMsDefault, farewellMsMax,
  leaseMsDefault, unsettledJobsMax,
} from './limits.ts'
import { Settlement } from './settlement.ts'
import type { SettlementHost } from './settlement.ts'
import { endSpan, startProcess, within } from './tracing.ts'
import { Upkeep } from './upkeep.ts'
import { handlerOf } from './worker-options.ts'
import type { Handler, Handlers, WorkerEvents, WorkerOptions } from './worker-options.ts'

export class Worker<Jobs extends JobMap<Jobs>> extends EventEmitter<WorkerEvents<Jobs>> {
  readonly consumer: string
  private readonly options: WorkerOptions
  private readonly handler: (job: Job) => unknown
  private readonly codec: Codec
  private readonly control: Client
  private readonly reader: Client
  private readonly group: Group
  private readonly settlement: Settlement
  private readonly intake: Intake
  private readonly upkeep: Upkeep
  private readonly queue: fastq.queue<Job>
  private readonly capacity: number
  /** All that is pending for us and known to be: queued, running, being settled. */
  private readonly held: Map<string, Job>
  private queued: number
  private busySince: boolean
  private closing: Promise<void> | undefined
  /** It closes and waits no longer: attempts that fail now don't count. */
  private aborted: boolean
  private readonly onSignal: (signal: NodeJS.Signals) => void

  /** Does nothing before `start`. */
  constructor(options: WorkerOptions, handlers: Handlers<Jobs> | Handler<Jobs>) {
    super()
    const { stream = 'jobs', group = 'workers', concurrency = concurrencyDefault, codec = json } = options
    const prefetch = options.prefetch ?? concurrency
    const keys = groupKeys(stream, group)
    const bytes = codec.binary === true
    const remove = options.remove ?? false
    this.consumer = options.consumer ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
    this.options = options
    this.handler = handlerOf(handlers)
    this.codec = codec
    this.control = openClient(options.connection, patient)
    this.reader = openOwn(options.connection, candid)
    const { redis } = this.control
    const refused = (error: unknown): void => this.report(error)
    this.group = new Group({ redis, keys, consumer: this.consumer, bytes, remove, refused })
    this.settlement = new Settlement(
      this.group, redis, options.deadLetters ?? deadStream(stream), options.deadLettersMax ?? 0, this.settlementHost(),
    )
    this.intake = new Intake(
      this.reader.redis, redis, keys, this.consumer, bytes, Math.max(1, Math.ceil(prefetch / 2)), {
        room: () => this.room,
        accept: (deliveries) => this.accept(deliveries),
        failed: (error) => this.readFailed(error),
      },
    )
    this.upkeep = new Upkeep(this.group, options.leaseMs ?? leaseMsDefault, {
      room: () => this.closing === undefined ? this.room : 0,
      heldIds: () => Array.from(this.held.keys()),
      lost: (ids) => this.loseAll(ids),
      accept: (deliveries) => this.accept(deliveries),
      ticked: (nowMs) => this.sayIfDrained(nowMs),
      refused,
    })
    this.queue = fastq((job: Job, done: fastq.done) => {
      this.queued--
      void this.run(job).catch(refused).finally(() => {
        done(null)
        this.intake.roomGiven()
      })
    }, concurrency)
    this.capacity = concurrency + prefetch
    this.held = new Map()
    this.queued = 0
    this.busySince = true
    this.closing = undefined
    this.aborted = false
    this.onSignal = (signal) => void this.closeBySignal(signal)
  }

  /** Makes the group unless it is there, and begins to read. Rejects when the broker refuses that. */
  async start(): Promise<void> {
    await this.group.detect()
    await this.group.create(this.options.from ?? '0')
    for (const signal of this.options.signals ?? ['SIGTERM']) process.on(signal, this.onSignal)
    this.intake.start()
    this.upkeep.start()
    this.tell('ready')
  }

  /**
   * Reads nothing more, gives back what hasn't begun, lets running jobs end (`drainMs`, then their signals abort),
   * settles them, and closes the connections it made.
   */
  close(): Promise<void> {
    this.closing ??= this.shut()
    return this.closing
  }

  /** Jobs that run now. */
  get running(): number {
    return this.queue.running()
  }

  private get room(): number {
    if (this.held.size > unsettledJobsMax) return 0
    return this.capacity - this.queued - this.queue.running()
  }

  private settlementHost(): SettlementHost {
    return {
      completed: (job, result) => {
        this.drop(job)
        this.tell('completed', job, result)
      },
      retried: (job, error, delayMs) => {
        this.drop(job)
        this.upkeep.expect(delayMs)
        this.tell('retried', job, error, delayMs)
      },
      buried: (job, error, letter) => {
        this.drop(job)
        this.tell('dead', job, error, letter)
      },
      lost: (job) => this.lose(job),
      following: (deliveries) => void this.accept(deliveries),
      refused: (error) => this.report(error),
    }
  }

  /** Takes entries that are pending for us. Those whose key is busy are left to come when it is free. */
  private async accept(deliveries: readonly Delivery[]): Promise<void> {
    if (this.closing !== undefined) return this.giveBack(deliveries.map((delivery) => this.jobOf(delivery)))
    const inTurn: { job: Job, after: string, id: string }[] = []
    for (const delivery of deliveries) {
      if (this.held.has(delivery.id)) continue
      const job = this.jobOf(delivery)
      // Only what was read just now can have one before it: scripts hand out what may run.
      if (job.entry.after !== '' && delivery.isNew) inTurn.push({ job, after: job.entry.after, id: job.id })
      else this.enqueue(job)
    }
    if (inTurn.length === 0) return
    const mayRun = await this.group.insist(() => this.group.turns(inTurn))
    inTurn.forEach(({ job }, i) => {
      if (mayRun[i]) this.enqueue(job)
    })
  }

  private jobOf(delivery: Delivery): Job {
    const entry = parseEntry(delivery.fields)
    const attempts = this.options.attempts ?? attemptsDefault
    const backoff = this.options.backoff ?? backoffDefault
    try {
      const { codec } = this
      const data = codec.binary ? codec.decode(Buffer.from(entry.data)) : codec.decode(String(entry.data))
      return new Job(this.settlement, delivery, entry, data, attempts, backoff)
    } catch (error) {
      return new Job(this.settlement, delivery, entry, new Undecodable(error), attempts, backoff)
    }
  }

  private enqueue(job: Job): void {
    this.held.set(job.id, job)
    this.busySince = true
    if (job.data instanceof Undecodable) this.settlement.bury(job, job.data.error)
    else if (job.attempt > job.attempts) {
      this.settlement.bury(job, new GiveUp(`${job.attempt - 1} deliveries ended with the end of their worker`))
    } else {
      this.queued++
      this.queue.push(job)
    }
  }

  private async run(job: Job): Promise<void> {
    if (job.state !== 'open') return
    const span = startProcess(this.group.at, job)
    let result: unknown
    try {
      result = await within(span, () => this.handler(job))
      if (job.completion !== undefined) await job.completion
    } catch (error) {
      endSpan(span, error)
      this.fail(job, error)
      return
    }
    endSpan(span)
    if (stateOf(job) === 'open') this.settlement.finish(job, result)
    else if (stateOf(job) === 'completed') {
      this.drop(job)
      this.tell('completed', job, result)
    }
  }

  private fail(job: Job, error: unknown): void {
    if (job.state === 'lost') return
    if (job.state === 'completed') {
      this.drop(job)
      this.tell('completed', job, undefined)
      this.report(error)
      return
    }
    if (this.aborted) {
      void this.giveBack([job])
      return
    }
    this.tell('failed', job, error)
    if (error instanceof GiveUp || job.attempt >= job.attempts) this.settlement.bury(job, error)
    else this.settlement.retry(job, error)
  }

  private drop(job: Job): void {
    if (this.held.get(job.id) === job) this.held.delete(job.id)
    this.intake.roomGiven()
  }

  private loseAll(ids: readonly string[]): void {
    for (const id of ids) {
      const job = this.held.get(id)
      if (job !== undefined) this.lose(job)
    }
  }

  private lose(job: Job): void {
    if (job.state !== 'open') return
    job.state = 'lost'
    this.drop(job)
    job.abort(new LeaseLost(`job ${job.id} is another worker's by now`))
    this.tell('stalled', job)
  }

  private sayIfDrained(nowMs: number): void {
    const { waitingSince } = this.intake
    if (!this.busySince || this.held.size > 0 || waitingSince === 0 || nowMs - waitingSince < drainedAfterMs) return
    this.busySince = false
    this.tell('drained')
  }

  private async readFailed(error: unknown): Promise<void> {
    this.report(error)
    if (error instanceof Error && error.message.startsWith('NOGROUP')) {
      await this.group.create('0').catch((reason: unknown) => this.report(reason))
    }
  }

  private async shut(): Promise<void> {
    for (const signal of this.options.signals ?? ['SIGTERM']) process.off(signal, this.onSignal)
    await this.intake.stop()
    await this.giveBack(this.queue.getQueue())
    this.queue.kill()
    this.queued = 0
    await this.drain(this.options.drainMs ?? drainMsDefault)
    if (this.held.size > 0) {
      this.aborted = true
      for (const job of this.held.values()) job.abort(new WorkerClosed('the worker is closing'))
      await this.drain(abortGraceMs)
    }
    this.upkeep.stop()
    await this.giveBack(Array.from(this.held.values()))
    await this.lastly(this.group.leave())
    this.settlement.giveUp()
    this.reader.redis.disconnect()
    if (this.control.own) this.control.redis.disconnect()
  }

  /** Waits until everything that runs has ended and is settled, at most so long. */
  private async drain(ms: number): Promise<void> {
    const until = performance.now() + ms
    while (this.held.size > 0 && performance.now() < until) await sleep(5)
  }

  private async giveBack(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) {
      job.state = 'lost'
      this.held.delete(job.id)
    }
    if (jobs.length === 0) return
    const { leaseMs = leaseMsDefault } = this.options
    await this.lastly(this.group.release(jobs, leaseMs))
  }

  /** A broker that can't be reached holds up no end: what we have there goes to others when its lease is over. */
  private async lastly(work: Promise<void>): Promise<void> {
    const done = work.catch((error: unknown) => this.report(error))
    await Promise.race([done, sleep(farewellMsMax, undefined, { ref: false })])
  }

  private async closeBySignal(signal: NodeJS.Signals): Promise<void> {
    await this.close()
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }

  /** Tells the program's listeners; what they throw is an error of theirs. */
  private tell<Name extends keyof WorkerEvents<Jobs>>(name: Name, ...args: unknown[]): void {
    try {
      (this as EventEmitter).emit(name, ...args)
    } catch (error) {
      this.report(error)
    }
  }

  private report(error: unknown): void {
    const { closing } = this
    if (closing !== undefined && error instanceof WorkerClosed) return
    if (this.listenerCount('error') > 0) (this as EventEmitter).emit('error', error)
  }
}

/** Stands for data that the codec could not read. */
class Undecodable {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = new GiveUp(`its data can't be decoded: ${String(error)}`, { cause: error })
  }
}

/** Reads the state again: handlers change it while they run. */
function stateOf(job: Job): Job['state'] {
  return job.state
}
