// How long a failed job waits before its next attempt.

export type Backoff = {
  readonly type: 'fixed' | 'exponential'
  /** After the first attempt; exponential: doubled after each further one. */
  readonly delayMs: number
  readonly maxMs?: number
  /** Part of the delay that is random, 0 to 1: jobs that failed together don't come back together. */
  readonly jitter?: number
}

/** Milliseconds to wait after attempt `attempt` (from 1) failed; `random` is in [0, 1). */
export function delayAfter(backoff: Backoff, attempt: number, random: number): number {
  const factor = backoff.type === 'fixed' ? 1 : 2 ** Math.min(attempt - 1, 52)
  const delay = Math.min(backoff.delayMs * factor, backoff.maxMs ?? Infinity)
  return Math.round(delay * (1 - (backoff.jitter ?? 0) * random))
}

/** The backoff that an entry's `backoff` field describes; undefined when it is none. */
export function parseBackoff(text: string): Backoff | undefined {
  try {
    const { type, delayMs, maxMs, jitter } = JSON.parse(text) as Partial<Backoff>
    if ((type !== 'fixed' && type !== 'exponential') || !(Number(delayMs) >= 0)) return undefined
    return { type, delayMs: Number(delayMs), maxMs: Number(maxMs ?? Infinity), jitter: Number(jitter ?? 0) }
  } catch {
    return undefined
  }
}
