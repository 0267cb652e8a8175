// Splits an inline command into words with the quoting of redis-cli and redis.conf:
// "…" knows \n \r \t \b \a \xHH and \c for any other c; '…' knows only \'; a blank must follow a closing quote.

import type { Args } from '../../core/args.ts'

const none = -1

/** Frames the words of `buf[from..to)` in `args`. Returns their number, or -1 when quotes are unbalanced. */
export function splitInline(args: Args, buf: Buffer, from: number, to: number): number {
  const count = splitPlain(args, buf, from, to)
  return count >= 0 ? count : splitQuoted(args, buf, from, to)
}

/** As `splitInline` of a line without quotes or zero bytes, whose words are framed where they stand; -1 for others. */
function splitPlain(args: Args, buf: Buffer, from: number, to: number): number {
  let count = 0
  let at = from
  for (;;) {
    while (at < to && isBlank(buf[at]!)) at++
    if (at >= to) break
    args.reserve(count + 1)
    args.start[count] = at
    for (; at < to && !isSeparator(buf[at]!); at++) {
      const c = buf[at]!
      if (c === 34 || c === 39 || c === 0) return -1
    }
    args.end[count++] = at
  }
  args.buf = buf
  args.count = count
  args.rawStart = -1
  args.rawEnd = -1
  return count
}

/** As `splitInline`; the words get a buffer of their own, as quotes make them shorter than the line. */
function splitQuoted(args: Args, buf: Buffer, from: number, to: number): number {
  const out = Buffer.allocUnsafe(to - from + 1)
  let length = 0
  let count = 0
  let at = from
  for (;;) {
    while (at < to && isBlank(buf[at]!)) at++
    if (at >= to || buf[at] === 0) break
    args.reserve(count + 1)
    args.start[count] = length
    let quote = none
    for (;;) {
      const c = at < to ? buf[at]! : none
      if (quote !== none) {
        if (c === none) return -1
        if (c === 92 && quote === 34 && at + 1 < to) {
          const hex = escapedHex(buf, at, to)
          out[length++] = hex === none ? escaped(buf[at + 1]!) : hex
          at += hex === none ? 2 : 4
          continue
        }
        if (c === 92 && quote === 39 && at + 1 < to && buf[at + 1] === 39) {
          out[length++] = 39
          at += 2
          continue
        }
        at++
        if (c !== quote) out[length++] = c
        else if (at < to && !isBlank(buf[at]!)) return -1
        else break
      } else if (c === none || c === 0 || isSeparator(c)) break
      else {
        if (c === 34 || c === 39) quote = c
        else out[length++] = c
        at++
      }
    }
    args.end[count++] = length
  }
  args.buf = out
  args.count = count
  args.rawStart = -1
  args.rawEnd = -1
  return count
}

function isBlank(c: number): boolean {
  return c === 32 || (c >= 9 && c <= 13)
}

function isSeparator(c: number): boolean {
  return c === 32 || c === 10 || c === 13 || c === 9
}

function hexDigit(c: number | undefined): number {
  if (c === undefined) return none
  if (c >= 48 && c <= 57) return c - 48
  const lower = c | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : none
}

/** The byte that `\xHH` at `at` stands for, or -1. */
function escapedHex(buf: Buffer, at: number, to: number): number {
  if (at + 3 >= to || buf[at + 1] !== 120) return none
  const high = hexDigit(buf[at + 2])
  const low = hexDigit(buf[at + 3])
  return high === none || low === none ? none : high * 16 + low
}

function escaped(c: number): number {
  if (c === 110) return 10
  if (c === 114) return 13
  if (c === 116) return 9
  if (c === 98) return 8
  if (c === 97) return 7
  return c
}
