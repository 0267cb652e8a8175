// Sparse HyperLogLogs: the registers in order as runs of equal ones, in Redis's code.
//
//   00 llllll              ZERO    l+1 registers (1 … 64) are 0
//   01 llllll llllllll     XZERO   l+1 registers (1 … 16,384) are 0
//   1 vvvvv ll             VAL     l+1 registers (1 … 4) are v+1 (1 … 32)
//
// How a run is split when one of its registers changes, and which neighbours are joined again, is Redis's way too:
// after the same additions both have the same bytes. `start` and `end` are the offsets of the first code and behind the
// last.

import { registers } from './hll-hash.ts'

/** Highest value that VAL can say. */
export const sparseRankMax = 32
const valRunMax = 4
const zeroRunMax = 64
/** Codes that are looked at for joining, from the one before the change on. */
const joinedCodesMax = 5

export function isVal(code: number): boolean {
  return code >= 0x80
}

export function isLongZero(code: number): boolean {
  return code >= 0x40 && code < 0x80
}

/** Registers of the code at `at`; 0 when it is torn by the end. */
export function runOf(u8: Uint8Array, at: number, end: number): number {
  const code = u8[at]!
  if (code >= 0x80) return (code & 3) + 1
  if (code < 0x40) return code + 1
  return at + 1 < end ? (((code & 0x3f) << 8) | u8[at + 1]!) + 1 : 0
}

export function valueOf(code: number): number {
  return ((code >>> 2) & 31) + 1
}

function val(value: number, run: number): number {
  return 0x80 | ((value - 1) << 2) | (run - 1)
}

/** What is to stand in place of a code, and how many bytes of it count. */
const sequence = new Uint8Array(5)
let sequenceBytes = 0

function putZeros(run: number): void {
  if (run === 0) return
  if (run > zeroRunMax) {
    sequence[sequenceBytes++] = 0x40 | ((run - 1) >>> 8)
    sequence[sequenceBytes++] = (run - 1) & 0xff
  } else sequence[sequenceBytes++] = run - 1
}

function putVal(value: number, run: number): void {
  if (run > 0) sequence[sequenceBytes++] = val(value, run)
}

/**
 * A change that was found out and not made yet: the code at `at` (`oldBytes` long) gives way to `newBytes` others;
 * `before` is the code before it.
 */
export const change = { at: 0, before: 0, oldBytes: 0, newBytes: 0 }

/**
 * Finds out what raising a register to `value` (1 … 32) takes: 1 leaves it in `change`; 0: the register is as high
 * already; -1: the codes don't reach the register, they are damaged.
 */
export function plan(u8: Uint8Array, start: number, end: number, index: number, value: number): -1 | 0 | 1 {
  let at = start
  let before = start
  let first = 0
  let run = 0
  let next = start
  // All but the time of a sparse addition goes here.
  for (;;) {
    if (at >= end) return -1
    const code = u8[at]!
    next = at + 1
    if (code >= 0x80) run = (code & 3) + 1
    else if (code < 0x40) run = code + 1
    else run = (((code & 0x3f) << 8) | u8[next++]!) + 1
    if (index < first + run) break
    before = at
    at = next
    first += run
  }
  if (next > end) return -1

  const code = u8[at]!
  const held = isVal(code) ? valueOf(code) : 0
  if (held >= value) return 0
  sequenceBytes = 0
  if (held > 0) putVal(held, index - first)
  else putZeros(index - first)
  putVal(value, 1)
  if (held > 0) putVal(held, first + run - 1 - index)
  else putZeros(first + run - 1 - index)
  change.at = at
  change.before = before
  change.oldBytes = isLongZero(code) ? 2 : 1
  change.newBytes = sequenceBytes
  return 1
}

/** Makes the planned change, for which there is room; offsets are `moved` higher than planned. Returns the new end. */
export function apply(u8: Uint8Array, end: number, moved: number): number {
  const at = change.at + moved
  const delta = change.newBytes - change.oldBytes
  if (delta !== 0) u8.copyWithin(at + change.newBytes, at + change.oldBytes, end)
  for (let i = 0; i < change.newBytes; i++) u8[at + i] = sequence[i]!
  return join(u8, change.before + moved, end + delta)
}

/** Joins neighbours of one value near a change. Returns the new end. */
function join(u8: Uint8Array, from: number, end: number): number {
  let at = from
  for (let left = joinedCodesMax; at < end && left > 0; left--) {
    const code = u8[at]!
    const next = at + 1 < end ? u8[at + 1]! : 0
    if (isVal(code) && isVal(next) && valueOf(code) === valueOf(next)) {
      const run = (code & 3) + (next & 3) + 2
      if (run <= valRunMax) {
        u8[at] = val(valueOf(code), run)
        u8.copyWithin(at + 1, at + 2, end)
        end--
        continue
      }
    }
    at += isLongZero(code) ? 2 : 1
  }
  return end
}

/** Calls `visit` with the first register of each VAL run, its length and value; false when the codes are damaged. */
export function eachRun(
  u8: Uint8Array, start: number, end: number, visit: (first: number, run: number, value: number) => void,
): boolean {
  let first = 0
  for (let at = start; at < end;) {
    const code = u8[at]!
    const run = runOf(u8, at, end)
    if (run === 0 || first + run > registers) return false
    if (isVal(code)) visit(first, run, valueOf(code))
    at += isLongZero(code) ? 2 : 1
    first += run
  }
  return first === registers
}

/** The codes as PFDEBUG DECODE shows them. */
export function decodeSparse(u8: Uint8Array, start: number, end: number): string {
  const shown: string[] = []
  for (let at = start; at < end;) {
    const code = u8[at]!
    const run = runOf(u8, at, end)
    if (isVal(code)) shown.push(`v:${valueOf(code)},${run}`)
    else shown.push(`${isLongZero(code) ? 'Z' : 'z'}:${run}`)
    at += isLongZero(code) ? 2 : 1
  }
  return shown.join(' ')
}
