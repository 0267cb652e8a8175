// How long a blocking command waits: seconds, with a fraction.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import type { Reply } from '../reply.ts'
import { parseLongDouble } from '../types/long-double.ts'

const msMax = 2 ** 63

/** Argument i in milliseconds, rounded up; 0 is for ever. Writes the error and returns -1 when it is none. */
export function timeoutArgument(x: Engine, a: Args, i: number, r: Reply): number {
  const seconds = parseLongDouble(a.text(i))
  if (seconds === undefined) {
    r.error('ERR timeout is not a float or out of range')
    return -1
  }
  const size = seconds.infinite ? Infinity : Number(seconds.mantissa) * 2 ** seconds.exponent
  // What is too small for a double is a time all the same.
  const ms = Math.ceil(seconds.mantissa !== 0n && size === 0 ? Number.MIN_VALUE : size * 1000)
  if (!seconds.negative) {
    if (ms < msMax - x.now) return ms
    r.error('ERR timeout is out of range')
    return -1
  }
  if (seconds.infinite || size * 1000 >= 1) {
    r.error('ERR timeout is negative')
    return -1
  }
  return 0
}
