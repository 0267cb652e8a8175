// What handlers throw and what they are told.

/** Thrown by a handler: the job can't succeed, so no further attempt is made; it becomes a dead letter. */
export class GiveUp extends Error {
  override readonly name = 'GiveUp'
}

/** Thrown by a handler: not now, again after `delayMs`; the attempt counts. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater'
  readonly delayMs: number

  constructor(delayMs: number, message = `again in ${delayMs} ms`, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.delayMs = delayMs
  }
}

/** The job is another worker's by now, or was settled by one: this attempt must stop, and has no effect. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
  readonly code = 'LEASELOST'
}

/** The worker is closing and will wait no longer; the job goes to another. */
export class WorkerClosed extends Error {
  override readonly name = 'WorkerClosed'
  readonly code = 'CLOSED'
}
