// Lifetimes in arguments: EX PX EXAT PXAT of SET and GETEX, and the plain ones of SETEX, EXPIRE and their like.
// A deadline is a number of ms as long as a double holds it; the rare one beyond 2^53 is exact as a bigint besides.

import type { Args } from '../args.ts'
import { replies } from '../errors.ts'

/** Unix ms, and the same to the last bit where the double is rounded. */
export type Deadline = { ms: number; exact: bigint | undefined }

const i64Max = 9223372036854775807n
const i64Min = -9223372036854775808n

/** How a lifetime is meant: in seconds or ms, from now on or as a unix time. */
export const lifetimes = {
  EX: { factor: 1000, relative: true },
  PX: { factor: 1, relative: true },
  EXAT: { factor: 1000, relative: false },
  PXAT: { factor: 1, relative: false },
} as const
export type Lifetime = keyof typeof lifetimes

export function invalidExpire(command: string): string {
  return `ERR invalid expire time in '${command}' command`
}

function fromBig(ms: bigint): Deadline {
  return { ms: Number(ms), exact: ms > BigInt(Number.MAX_SAFE_INTEGER) ? ms : undefined }
}

/** The deadline that argument i of SET, SETEX, GETEX … means; an error's text when it means none. */
export function parseLifetime(a: Args, i: number, lifetime: Lifetime, now: number, command: string): Deadline | string {
  const given = a.int64(i)
  if (given === undefined) return replies.notInteger
  const { factor, relative } = lifetimes[lifetime]
  if (given <= 0n || given > i64Max / BigInt(factor)) return invalidExpire(command)
  const ms = given * BigInt(factor) + (relative ? BigInt(now) : 0n)
  return ms > i64Max ? invalidExpire(command) : fromBig(ms)
}

/** As `parseLifetime` for EXPIRE and its like, which also take what is past. */
export function parseExpire(a: Args, i: number, lifetime: Lifetime, now: number, command: string): Deadline | string {
  const given = a.int64(i)
  if (given === undefined) return replies.notInteger
  const { factor, relative } = lifetimes[lifetime]
  const big = BigInt(factor)
  if (given > i64Max / big || given < i64Min / big) return invalidExpire(command)
  const ms = given * big + (relative ? BigInt(now) : 0n)
  return ms > i64Max ? invalidExpire(command) : fromBig(ms)
}

/** The deadline in decimal, for effects. */
export function deadlineText(deadline: Deadline): string {
  return deadline.exact === undefined ? String(deadline.ms) : deadline.exact.toString()
}
