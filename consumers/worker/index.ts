// The entry `millrace/worker`: adding jobs to a stream, and working on them.

export { Producer } from './producer.ts'
export type { NewJob, ProducerOptions } from './producer.ts'
export { Worker } from './worker.ts'
export type { Handler, Handlers, WorkerEvents, WorkerOptions } from './worker-options.ts'
export type { AnyJob, Job } from './job.ts'
export type { JobOptions } from './entry.ts'
export type { Backoff } from './backoff.ts'
export { json } from './codec.ts'
export type { Codec } from './codec.ts'
export type { Effects } from './effects.ts'
export { GiveUp, LeaseLost, RetryLater, WorkerClosed } from './errors.ts'
export type { Connection, EmbeddedBroker } from '../connection.ts'
