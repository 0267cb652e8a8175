// The only door to time.

export interface Clock {
  /** Unix time in whole milliseconds. */
  nowMs(): number
  /** Unix time in microseconds. */
  nowUs(): number
  /** Milliseconds since some moment, with a fraction; never goes back. */
  monotonicMs(): number
}

export function realClock(): Clock {
  return {
    nowMs: () => Date.now(),
    nowUs: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
    monotonicMs: () => performance.now(),
  }
}

/** A clock that stands still until it is told otherwise: for replay and for simulations. */
export type ManualClock = Clock & { set(ms: number): void; advance(ms: number): void }

export function manualClock(startMs: number): ManualClock {
  let now = startMs
  return {
    nowMs: () => now,
    nowUs: () => now * 1000,
    monotonicMs: () => now,
    set(ms) {
      now = ms
    },
    advance(ms) {
      now += ms
    },
  }
}
