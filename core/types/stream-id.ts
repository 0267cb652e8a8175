// Stream ids: two unsigned 64-bit numbers, `<ms>-<seq>`, exact to 18446744073709551615, as four u32 words.
// Grammar: https://redis.io/docs/latest/develop/data-types/streams/#entry-ids

import { parseInt64 } from '../args.ts'

const two32 = 0x100000000
/** Redis gives up on longer ones. */
const idBytesMax = 127
const u64Max = 18446744073709551615n

/** A mutable id: commands keep a few of them instead of making objects. */
export class StreamId {
  msHigh: number
  msLow: number
  seqHigh: number
  seqLow: number

  constructor(msHigh = 0, msLow = 0, seqHigh = 0, seqLow = 0) {
    this.msHigh = msHigh
    this.msLow = msLow
    this.seqHigh = seqHigh
    this.seqLow = seqLow
  }

  copy(other: StreamId): this {
    this.msHigh = other.msHigh
    this.msLow = other.msLow
    this.seqHigh = other.seqHigh
    this.seqLow = other.seqLow
    return this
  }

  set(msHigh: number, msLow: number, seqHigh: number, seqLow: number): this {
    this.msHigh = msHigh
    this.msLow = msLow
    this.seqHigh = seqHigh
    this.seqLow = seqLow
    return this
  }

  /** ms from a whole number below 2^53, seq 0. */
  setMs(ms: number): this {
    this.msHigh = Math.floor(ms / two32)
    this.msLow = ms - this.msHigh * two32
    this.seqHigh = 0
    this.seqLow = 0
    return this
  }

  setMin(): this {
    return this.set(0, 0, 0, 0)
  }

  setMax(): this {
    return this.set(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)
  }

  isZero(): boolean {
    return (this.msHigh | this.msLow | this.seqHigh | this.seqLow) === 0
  }

  /** Negative, 0 or positive as this id is below, equal to or above the other. */
  compare(other: StreamId): number {
    return (
      this.msHigh - other.msHigh || this.msLow - other.msLow ||
      this.seqHigh - other.seqHigh || this.seqLow - other.seqLow
    )
  }

  /** The next id; false (and unchanged) at the last one. */
  increment(): boolean {
    if (this.seqLow !== 0xffffffff) this.seqLow++
    else if (this.seqHigh !== 0xffffffff) {
      this.seqHigh++
      this.seqLow = 0
    } else if (this.msLow !== 0xffffffff) this.set(this.msHigh, this.msLow + 1, 0, 0)
    else if (this.msHigh !== 0xffffffff) this.set(this.msHigh + 1, 0, 0, 0)
    else return false
    return true
  }

  /** The id before; false (and unchanged) at 0-0. */
  decrement(): boolean {
    if (this.seqLow !== 0) this.seqLow--
    else if (this.seqHigh !== 0) {
      this.seqHigh--
      this.seqLow = 0xffffffff
    } else if (this.msLow !== 0) this.set(this.msHigh, this.msLow - 1, 0xffffffff, 0xffffffff)
    else if (this.msHigh !== 0) this.set(this.msHigh - 1, 0xffffffff, 0xffffffff, 0xffffffff)
    else return false
    return true
  }

  toString(): string {
    return `${u64Text(this.msHigh, this.msLow)}-${u64Text(this.seqHigh, this.seqLow)}`
  }
}

/** The decimal of a 64-bit number of two words. */
export function u64Text(high: number, low: number): string {
  if (high === 0) return String(low)
  if (high < 0x200000) return String(high * two32 + low)
  return ((BigInt(high) << 32n) | BigInt(low)).toString()
}

/** Where `formatId` writes. */
export const idText = Buffer.alloc(48)
/** The ms whose decimal, with the dash, stands at the beginning of `idText`, up to `dashEnd`. */
let shownHigh = -1
let shownLow = -1
let dashEnd = 0

/** Writes `<ms>-<seq>` to `idText` and returns its length. Ids share their ms as a rule: its digits are kept. */
export function formatId(id: StreamId): number {
  if (id.msLow !== shownLow || id.msHigh !== shownHigh) {
    shownLow = id.msLow
    shownHigh = id.msHigh
    dashEnd = writeU64(id.msHigh, id.msLow, 0)
    idText[dashEnd++] = 45
  }
  return writeU64(id.seqHigh, id.seqLow, dashEnd)
}

/** Writes a decimal at `idText[at]`; returns the offset behind it. */
function writeU64(high: number, low: number, at: number): number {
  if (high === 0 && low < 10) {
    idText[at] = 48 + low
    return at + 1
  }
  const text = u64Text(high, low)
  for (let i = 0; i < text.length; i++) idText[at + i] = text.charCodeAt(i)
  return at + text.length
}

/** Two words of a parsed decimal. */
const parsed = new Uint32Array(2)

/** Unsigned 64-bit decimal in `buf[from..to)`, into `parsed`; false when it is none. */
function parseU64(buf: Buffer, from: number, to: number): boolean {
  if (to - from <= 15) {
    const value = parseInt64(buf, from, to)
    if (!(value >= 0)) return value < 0 ? false : parseLoose(buf.toString('latin1', from, to))
    parsed[0] = Math.floor(value / two32)
    parsed[1] = value % two32
    return true
  }
  return parseLoose(buf.toString('latin1', from, to))
}

/**
 * What strtoull takes, as Redis does: blanks and a plus before the digits, zeros before the first; and behind blanks
 * even a minus, which counts from 2^64 down.
 */
function parseLoose(text: string): boolean {
  const match = /^([ \t-\r]*)([+-]?)([0-9]{1,126})$/.exec(text)
  if (match === null || (match[2] === '-' && match[1] === '')) return false
  let value = BigInt(match[3]!)
  if (value > u64Max) return false
  if (match[2] === '-') value = BigInt.asUintN(64, -value)
  parsed[0] = Number(value >> 32n)
  parsed[1] = Number(value & 0xffffffffn)
  return true
}

export type IdForm = 'invalid' | 'ms' | 'full' | 'auto-seq'

/** So many digits are exact in a double. */
const exactDigits = 15

/**
 * Parses `<ms>`, `<ms>-<seq>` or, where `autoSeq` allows it, `<ms>-*` from `buf[from..to)` into `id`. Where the seq is
 * missing, `id` gets seq 0 and the caller decides what it means.
 */
export function parseId(buf: Buffer, from: number, to: number, id: StreamId, autoSeq = false): IdForm {
  // Nearly every id is few digits, a dash and few digits; the rest goes the long way.
  let at = from
  let digit = 0
  let ms = 0
  while (at < to && (digit = buf[at]! - 48) >= 0 && digit <= 9) {
    ms = ms * 10 + digit
    at++
  }
  const dash = at
  if (dash > from && dash - from <= exactDigits && dash + 1 < to && buf[dash] === 45 && to - dash <= exactDigits) {
    let seq = 0
    at++
    while (at < to && (digit = buf[at]! - 48) >= 0 && digit <= 9) {
      seq = seq * 10 + digit
      at++
    }
    if (at === to) {
      const msHigh = Math.floor(ms / two32)
      const seqHigh = Math.floor(seq / two32)
      id.set(msHigh, ms - msHigh * two32, seqHigh, seq - seqHigh * two32)
      return 'full'
    }
  }
  return parseAnyId(buf, from, to, id, autoSeq)
}

function parseAnyId(buf: Buffer, from: number, to: number, id: StreamId, autoSeq: boolean): IdForm {
  if (to - from > idBytesMax) return 'invalid'
  for (let i = from; i < to; i++) if (buf[i] === 0) to = i
  let dash = from
  while (dash < to && buf[dash] !== 45) dash++
  if (!parseU64(buf, from, dash)) return 'invalid'
  id.set(parsed[0]!, parsed[1]!, 0, 0)
  if (dash === to) return 'ms'
  if (autoSeq && dash + 2 === to && buf[dash + 1] === 42) return 'auto-seq'
  if (!parseU64(buf, dash + 1, to)) return 'invalid'
  id.seqHigh = parsed[0]!
  id.seqLow = parsed[1]!
  return 'full'
}
