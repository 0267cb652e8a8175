// What a worker is told, and what it tells.

import type { Connection } from '../connection.ts'
import type { Backoff } from './backoff.ts'
import type { Codec } from './codec.ts'
import type { AnyJob, Job, NameOf } from './job.ts'

export type WorkerOptions = {
  connection: Connection
  /** The key of the stream; `jobs` by default. */
  stream?: string
  /** The consumer group; `workers` by default. Each group gets every job once. */
  group?: string
  /** Where a group that isn't there yet begins: '0' (default) with all that is in the stream, '$' with what comes. */
  from?: string
  /** The consumer's name; made of host, process and chance by default. No two workers may share one. */
  consumer?: string
  /** Jobs that run at the same time; 16 by default. */
  concurrency?: number
  /** Jobs that are read ahead of those that run; as many as `concurrency` by default. */
  prefetch?: number
  /** How long a job that a crashed worker had stays with it; 30 s by default. Renewed while a handler runs. */
  leaseMs?: number
  /** Deliveries before a job is a dead letter; 5 by default. */
  attempts?: number
  /** Between attempts; exponential from 1 s to 5 min with jitter by default. */
  backoff?: Backoff
  /** The stream of dead letters; the stream's name and `:dead` by default. */
  deadLetters?: string
  /** About how many dead letters are kept; all by default. */
  deadLettersMax?: number
  /** Deletes entries once every group of the stream has settled them; they stay by default. */
  remove?: boolean
  codec?: Codec
  /** How long close() lets running jobs go on before it aborts their signals; 30 s by default. */
  drainMs?: number
  /** Signals of the process that close the worker, and then end the process; SIGTERM by default. */
  signals?: readonly NodeJS.Signals[]
}

/** What a handler returns, or what its promise resolves with, comes with the event `completed`. */
export type Handlers<Jobs> = { [Name in NameOf<Jobs>]: (job: Job<Name, Jobs[Name]>) => unknown }
export type Handler<Jobs> = (job: AnyJob<Jobs>) => unknown

export type WorkerEvents<Jobs> = {
  /** It reads jobs. */
  ready: []
  completed: [job: AnyJob<Jobs>, result: unknown]
  /** An attempt failed; `retried` or `dead` follows. */
  failed: [job: AnyJob<Jobs>, error: unknown]
  retried: [job: AnyJob<Jobs>, error: unknown, delayMs: number]
  /** It was given up; `letter`: the id of its dead letter. */
  dead: [job: AnyJob<Jobs>, error: unknown, letter: string]
  /** Its lease was lost while it ran: another worker has it. */
  stalled: [job: AnyJob<Jobs>]
  /** Nothing is left to do for now. */
  drained: []
  /** The broker refused something, or can't be reached; it is tried again. Nobody has to listen. */
  error: [error: Error]
}

/** One function for all jobs. */
export function handlerOf<Jobs>(handlers: Handlers<Jobs> | Handler<Jobs>): (job: Job) => unknown {
  if (typeof handlers === 'function') return handlers as (job: Job) => unknown
  const byName = new Map<string, (job: never) => unknown>(Object.entries(handlers))
  return (job) => {
    const handler = byName.get(job.name)
    if (handler === undefined) throw new Error(`this worker has no handler for jobs named ${JSON.stringify(job.name)}`)
    return handler(job as never)
  }
}
