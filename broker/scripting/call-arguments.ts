// The arguments of redis.call as a command: RESP in one buffer that is used again, so that an effect is logged by
// copying its bytes, as a client's is.

import type { Args } from '../../core/args.ts'
import { formatDouble } from '../../core/double.ts'
import type { LuaValue } from './lua/value.ts'

const initialBytes = 4096
const keptBytesMax = 1 << 20
const shortChars = 24
/** A word's header, its line ends: `$` and up to ten digits. */
const wordBytesMax = 16

/**
 * Frames the values as a command; false when one of them is neither string nor number.
 */
export function frameValues(a: Args, values: readonly LuaValue[]): boolean {
  const count = values.length
  a.reserve(count)
  a.count = count
  a.rawStart = 0
  let at = startFrame(a, count)
  for (let i = 0; i < count; i++) {
    let value = values[i]
    if (typeof value === 'number') value = numberText(value)
    else if (typeof value !== 'string') return false
    const size = value.length
    if (at + size + wordBytesMax > a.buf.length) grow(a, at, size + wordBytesMax)
    const buf = a.buf
    buf[at++] = 36
    at = writeCount(buf, at, size)
    a.start[i] = at
    if (size <= shortChars) for (let j = 0; j < size; j++) buf[at++] = value.charCodeAt(j)
    else at += buf.write(value, at, 'latin1')
    a.end[i] = at
    buf[at++] = 13
    buf[at++] = 10
  }
  a.rawEnd = at
  return true
}

function startFrame(a: Args, count: number): number {
  if (a.buf.length < initialBytes || a.buf.length > keptBytesMax) a.buf = Buffer.allocUnsafeSlow(initialBytes)
  a.buf[0] = 42
  return writeCount(a.buf, 1, count)
}

/** Digits and a line end. */
function writeCount(buf: Buffer, at: number, n: number): number {
  if (n < 10) buf[at++] = 48 + n
  else if (n < 100) {
    const tens = (n / 10) | 0
    buf[at++] = 48 + tens
    buf[at++] = 48 + n - tens * 10
  } else {
    const text = String(n)
    for (let i = 0; i < text.length; i++) buf[at++] = text.charCodeAt(i)
  }
  buf[at++] = 13
  buf[at++] = 10
  return at
}

function grow(a: Args, used: number, more: number): void {
  const grown = Buffer.allocUnsafeSlow(Math.max(used + more, a.buf.length * 2))
  a.buf.copy(grown, 0, 0, used)
  a.buf = grown
}

/** A number as redis.call writes it: as a score, but that zero has no sign. The NaN that 0/0 makes on x86 has one. */
export function numberText(n: number): string {
  if (n === 0) return '0'
  return n === n ? formatDouble(n) : '-nan'
}
