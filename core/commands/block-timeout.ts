// Timeouts of blocking commands and pauses, as milliseconds: of seconds with fractions, of whole milliseconds.

import type { Args } from '../args.ts'
import { parseDouble } from '../double.ts'
import { replies } from '../errors.ts'
import type { Reply } from '../reply.ts'
import { longDoubleAt } from '../types/long-double.ts'

/** A signed 64-bit integer holds no more milliseconds. */
const timeoutMsMax = 2 ** 63

/**
 * Argument i in milliseconds, rounded up, 0 for ever. Writes the error and returns -1 when it is no such time. `nowMs`:
 * the time from which it counts, as the end must have a date, too.
 */
export function timeoutArgument(a: Args, i: number, r: Reply, nowMs: number): number {
  let seconds = parseDouble(a.buf, a.start[i]!, a.end[i]!)
  if (Number.isNaN(seconds)) {
    // Redis reads long doubles here, which reach further: what is too small for a double is a time all the same.
    const long = longDoubleAt(a.buf, a.start[i]!, a.end[i]!)
    if (long !== undefined) {
      const size = long.infinite || long.exponent > 0 ? Infinity : Number.MIN_VALUE
      seconds = long.negative ? -size : size
    }
  }
  // Less than a millisecond before now is no time at all: it is rounded up to 0, which is for ever.
  const ms = Math.ceil(seconds * 1000)
  if (Number.isNaN(ms)) r.error('ERR timeout is not a float or out of range')
  else if (ms < 0) r.error(replies.timeoutNegative)
  else if (ms + nowMs < timeoutMsMax) return seconds > 0 && ms === 0 ? 1 : Math.abs(ms)
  else r.error(replies.timeoutOutOfRange)
  return -1
}

/** Argument i as whole milliseconds from `nowMs` on, 0 for ever; the error where it is no such time. */
export function timeoutMsArgument(a: Args, i: number, nowMs: number): number | string {
  const ms = a.int(i)
  if (Number.isNaN(ms)) return replies.timeoutNotInteger
  if (ms < 0) return replies.timeoutNegative
  return ms + nowMs < timeoutMsMax ? ms : replies.timeoutOutOfRange
}
