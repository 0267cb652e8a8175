// A command's arguments as slices of the buffer they arrived in: no strings, no copies.
// One Args is reused for command after command; whoever keeps arguments beyond the call copies them.

import { constants } from 'node:buffer'

/** Upper bound of the digits that a double holds exactly. */
const exactDigits = 15
const i64Max = 9223372036854775807n
const i64Min = -9223372036854775808n

/**
 * The framed command: argument i is `buf[start[i] .. end[i])`; argument 0 is the command's name.
 * `rawStart..rawEnd` are the bytes of the whole RESP array (`*n\r\n…`) within `buf`, or
 * `rawStart === -1` when the command did not arrive in that form (inline, built by a script).
 */
export class Args {
  buf: Buffer
  start: Int32Array
  end: Int32Array
  count: number
  rawStart: number
  rawEnd: number

  constructor(capacity = 64) {
    this.buf = Buffer.alloc(0)
    this.start = new Int32Array(capacity)
    this.end = new Int32Array(capacity)
    this.count = 0
    this.rawStart = -1
    this.rawEnd = -1
  }

  /** Makes room for `count` arguments; what was framed already is kept. */
  reserve(count: number): void {
    if (count <= this.start.length) return
    const capacity = Math.max(count, this.start.length * 2)
    const start = new Int32Array(capacity)
    const end = new Int32Array(capacity)
    start.set(this.start)
    end.set(this.end)
    this.start = start
    this.end = end
  }

  /** Length of argument i in bytes. */
  size(i: number): number {
    return this.end[i]! - this.start[i]!
  }

  /** True when argument i equals `word` (given in upper case ASCII), whatever its own case. */
  is(i: number, word: string): boolean {
    const length = word.length
    let at = this.start[i]!
    if (this.end[i]! - at !== length) return false
    const buf = this.buf
    for (let j = 0; j < length; j++, at++) {
      let c = buf[at]!
      if (c >= 97 && c <= 122) c -= 32
      if (c !== word.charCodeAt(j)) return false
    }
    return true
  }

  /** Argument i as one character a byte (latin1); for names, errors and maps, never for values. */
  text(i: number): string {
    return latin1(this.buf, this.start[i]!, this.end[i]!)
  }

  /** Argument i for an error text: up to its first NUL, where Redis's own formatting ends. */
  shown(i: number): string {
    const text = this.text(i)
    const zero = text.indexOf('\0')
    return zero < 0 ? text : text.slice(0, zero)
  }

  /** A copy of argument i that outlives the call. */
  copy(i: number): Buffer {
    return Buffer.from(this.buf.subarray(this.start[i]!, this.end[i]!))
  }

  /**
   * Argument i as a signed 64-bit decimal in the only form that Redis takes (no blanks, no plus, no leading
   * zeros). NaN when it isn't one. Beyond 2^53 the value is rounded to a double: use `int64` where each bit counts.
   */
  int(i: number): number {
    return parseInt64(this.buf, this.start[i]!, this.end[i]!)
  }

  /** Argument i as an exact signed 64-bit integer, or undefined when it isn't one. */
  int64(i: number): bigint | undefined {
    return parseBigInt64(this.buf, this.start[i]!, this.end[i]!)
  }

  /** Takes `count` arguments from i on out: it is another command now, whose bytes stand nowhere as they are. */
  remove(i: number, count: number): void {
    this.start.copyWithin(i, i + count, this.count)
    this.end.copyWithin(i, i + count, this.count)
    this.count -= count
    this.rawStart = -1
    this.rawEnd = -1
  }

  /** Copies all arguments into a buffer of their own, in RESP form, framed anew. */
  detach(): Args {
    const copy = new Args(this.count)
    const bytes = encodeCommand(this)
    copy.buf = bytes
    frameCommand(copy, bytes, 0, bytes.length)
    return copy
  }
}

/** Strict i64 decimal in `buf[from..to)` as a double; NaN when it isn't one. */
export function parseInt64(buf: Uint8Array, from: number, to: number): number {
  let at = from
  const negative = at < to && buf[at] === 45
  if (negative) at++
  const digits = to - at
  if (digits <= 0) return NaN
  if (digits > exactDigits) {
    const exact = parseBigInt64(buf, from, to)
    return exact === undefined ? NaN : Number(exact)
  }
  const first = buf[at]!
  if (first === 48) return digits === 1 && !negative ? 0 : NaN
  let value = 0
  for (; at < to; at++) {
    const digit = buf[at]! - 48
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return negative ? -value : value
}

/**
 * Bytes as one character each. An argument of 512 MiB is a few bytes longer than V8's longest string: they are left
 * out, which only names, ids and error texts can bear.
 */
export function latin1(buf: Uint8Array, from: number, to: number): string {
  const end = to - from > constants.MAX_STRING_LENGTH ? from + constants.MAX_STRING_LENGTH : to
  return Buffer.from(buf.buffer, buf.byteOffset + from, end - from).toString('latin1')
}

/** Strict i64 decimal in `buf[from..to)`, exact; undefined when it isn't one. */
export function parseBigInt64(buf: Uint8Array, from: number, to: number): bigint | undefined {
  if (to - from > 20) return undefined
  const text = Buffer.from(buf.buffer, buf.byteOffset + from, to - from).toString('latin1')
  if (!/^(?:0|-?[1-9][0-9]*)$/.test(text)) return undefined
  const value = BigInt(text)
  return value > i64Max || value < i64Min ? undefined : value
}

/**
 * Frames one whole RESP array of bulk strings that begins at `from`. Returns the offset behind it, 0 when more
 * bytes are needed, or -1 when the bytes are no such command. For trusted bytes (log, queue): the broker's own
 * parser gives clients the precise protocol errors.
 */
export function frameCommand(args: Args, buf: Buffer, from: number, to: number): number {
  if (from >= to) return 0
  if (buf[from] !== 42) return -1
  let at = from + 1
  let count = 0
  let c = 0
  while (at < to && (c = buf[at]!) !== 13) {
    if (c < 48 || c > 57) return -1
    count = count * 10 + (c - 48)
    at++
  }
  if (at + 2 > to) return 0
  if (buf[at + 1] !== 10) return -1
  at += 2
  if (count > args.start.length) args.reserve(count)
  const start = args.start
  const end = args.end
  for (let i = 0; i < count; i++) {
    if (at >= to) return 0
    if (buf[at] !== 36) return -1
    at++
    let size = 0
    while (at < to && (c = buf[at]!) !== 13) {
      if (c < 48 || c > 57) return -1
      size = size * 10 + (c - 48)
      at++
    }
    if (at + 2 > to) return 0
    at += 2
    start[i] = at
    at += size
    end[i] = at
    if (at + 2 > to) return 0
    if (buf[at] !== 13 || buf[at + 1] !== 10) return -1
    at += 2
  }
  args.buf = buf
  args.count = count
  args.rawStart = from
  args.rawEnd = at
  return at
}

/** The RESP array of the framed command, in a buffer of its own. */
export function encodeCommand(args: Args): Buffer {
  if (args.rawStart >= 0) return Buffer.from(args.buf.subarray(args.rawStart, args.rawEnd))
  const words: Uint8Array[] = []
  for (let i = 0; i < args.count; i++) words.push(args.buf.subarray(args.start[i]!, args.end[i]!))
  return encodeWords(words)
}

/** The RESP array of `words`; strings are written as UTF-8. */
export function encodeWords(words: readonly (string | Uint8Array)[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)]
  const line = Buffer.from('\r\n')
  for (const word of words) {
    const bytes = typeof word === 'string' ? Buffer.from(word) : word
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, line)
  }
  return Buffer.concat(parts)
}

/** `args` become the command of these words; returns them. */
export function frameWords(args: Args, words: readonly (string | Uint8Array)[]): Args {
  const bytes = encodeWords(words)
  frameCommand(args, bytes, 0, bytes.length)
  return args
}
