// Bounds and defaults of the worker SDK, the unit last in the name.

/** How often a worker looks whether something is due: leases, retries, delayed jobs, what crashed workers left. */
export const tickMs = 50
/** Retries and delayed jobs that others scheduled are looked for that often. */
export const dueMsMax = 500
/** How long a blocking read waits before it is sent again. */
export const blockMs = 5000
/** How long a stopping worker waits for its read to end before it asks again. */
export const unblockMs = 20
/** Default lease: how long a job may stay unrenewed before another worker takes it. */
export const leaseMsDefault = 30_000
/** A lease is renewed that many times in its length. */
export const renewalsPerLease = 3
/** Expired leases, and jobs that were given back, are looked for as often, and at least at this interval. */
export const reclaimMsMax = 2000
export const concurrencyDefault = 16
/** Default of deliveries before a job is a dead letter. */
export const attemptsDefault = 5
export const backoffDefault = { type: 'exponential', delayMs: 1000, maxMs: 300_000, jitter: 0.5 } as const
/** Finished jobs whose acknowledgement is not confirmed; beyond them nothing more is read. */
export const unsettledJobsMax = 10_000
/** Job ids that one script call takes. */
export const scriptJobsMax = 500
/** Jobs that one command of a producer's batch may hold together. */
export const batchJobsMax = 1000
/** Delayed jobs that one look moves to the stream. */
export const promotedJobsMax = 200
/** Words of one effect command: as many as Lua's unpack takes. */
export const effectWordsMax = 7000
/** How long a publisher's and a finished job's idempotency key is remembered by default. */
export const idempotencyMsDefault = 86_400_000
/** How long running jobs may go on after close() before their signal aborts, and then before they are given up. */
export const drainMsDefault = 30_000
export const abortGraceMs = 1000
/** How long a closing worker waits for the broker to take back what it has. */
export const farewellMsMax = 2000
/** After a refusal by the server (full disk, loading) the same is tried again that much later. */
export const refusedMs = 200
/** How often left-over order marks and consumers are swept, by one worker of the group. */
export const sweepMs = 60_000
/** A consumer without jobs that was not seen for so long is removed. */
export const consumerIdleMsMax = 3_600_000
/** Characters of an error that a dead letter keeps. */
export const errorCharsMax = 4000
/** How long after a lost connection, and for how long, an idempotent add is tried again after a lost connection. */
export const addRetryMs = 100
export const addRetryMsMax = 60_000
/** A worker that found nothing to do for that long says that it is drained. */
export const drainedAfterMs = 100
