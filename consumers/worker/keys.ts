// The names of the keys beside a stream of jobs. All begin with the stream's name; the README says what they hold.

export type StreamKeys = { stream: string, lasts: string, delayed: string, delayedJobs: string }
export type GroupKeys = StreamKeys & { group: string, retries: string, waiting: string }

export function streamKeys(stream: string): StreamKeys {
  return { stream, lasts: `${stream}:keys`, delayed: `${stream}:delayed`, delayedJobs: `${stream}:delayed:jobs` }
}

export function groupKeys(stream: string, group: string): GroupKeys {
  const prefix = `${stream}:${group}`
  return { ...streamKeys(stream), group, retries: `${prefix}:retries`, waiting: `${prefix}:waiting` }
}

/** Says that a job with this idempotency key was added. */
export function addedMark(stream: string, idempotencyKey: string): string {
  return `${stream}:added:${idempotencyKey}`
}

/** Says that the effects of a job with this idempotency key were applied for the group. */
export function doneMark(stream: string, group: string, idempotencyKey: string): string {
  return `${stream}:${group}:done:${idempotencyKey}`
}

/** Where jobs go that were given up. */
export function deadStream(stream: string): string {
  return `${stream}:dead`
}
