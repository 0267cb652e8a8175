// The arena block behind a key. Dict compares the key inside it, so the first twelve bytes are its convention.
//
//    0        4              8                    12           12+k          12+k+v      usable-8     usable
//   ┌────────┬──────────────┬────────────────────┬────────────┬─────────────┬───────────┬────────────┐
//   │ meta   │ key length k │ string: length v   │ key bytes  │ string only │  (slack)  │ deadline   │
//   │ u32    │ u32, 30 bits │ others: root u32   │            │ value bytes │           │ if flagged │
//   └────────┴──────────────┴────────────────────┴────────────┴─────────────┴───────────┴────────────┘
//
//   meta, from bit 0:  type 4 │ form 2 │ (spare 1) │ deadline 1 │ access clock 24 (seconds)
//
// The deadline is two little-endian u32, low word first: unix milliseconds.

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'

/** Redis's type numbers, as RDB and DEBUG DIGEST use them. */
export const types = { string: 0, list: 1, set: 2, zset: 3, hash: 4, stream: 6 } as const
export type Type = (typeof types)[keyof typeof types]

/** What TYPE answers. */
export const typeNames: Readonly<Record<Type, string>> = {
  0: 'string', 1: 'list', 2: 'set', 3: 'zset', 4: 'hash', 6: 'stream',
}

/**
 * Of a string: how its bytes came to be, which OBJECT ENCODING and REFCOUNT show: `auto` as SET stores it, `raw` built
 * by editing (APPEND, SETRANGE), `text` never an integer (INCRBYFLOAT), `lone` a copied integer that isn't shared.
 * Every other type numbers its encodings with it, and starts from 0.
 */
export const forms = { auto: 0, raw: 1, text: 2, lone: 3 } as const
export type Form = (typeof forms)[keyof typeof forms]

export const headerBytes = 12
export const deadlineBytes = 8
export const typeMask = 15
const formShift = 4
const formMask = 3 << formShift
export const deadlineBit = 1 << 7
export const accessShift = 8

function word(arena: Arena, entry: number, index: number): number {
  return arena.u32[chunkOf(entry)]![wordOf(entry) + index]!
}

function setWord(arena: Arena, entry: number, index: number, value: number): void {
  arena.u32[chunkOf(entry)]![wordOf(entry) + index] = value
}

export function typeOf(arena: Arena, entry: number): Type {
  return (word(arena, entry, 0) & typeMask) as Type
}

export function setType(arena: Arena, entry: number, type: Type): void {
  setWord(arena, entry, 0, (word(arena, entry, 0) & ~typeMask) | type)
}

/** Writes the header of a fresh entry: no deadline, its form `auto`. */
export function initEntry(arena: Arena, entry: number, type: Type, keyBytes: number, accessSeconds: number): void {
  setWord(arena, entry, 0, type | (accessSeconds << accessShift))
  setWord(arena, entry, 1, keyBytes)
  setWord(arena, entry, 2, 0)
}

export function keyLength(arena: Arena, entry: number): number {
  return word(arena, entry, 1) & 0x3fffffff
}

/** A copy of the key. */
export function keyOf(arena: Arena, entry: number): Buffer {
  const at = byteOf(entry) + headerBytes
  return Buffer.from(arena.u8[chunkOf(entry)]!.subarray(at, at + keyLength(arena, entry)))
}

/** Value length of a string, root pointer of other types. */
export function rootOf(arena: Arena, entry: number): number {
  return word(arena, entry, 2)
}

export function setRoot(arena: Arena, entry: number, root: number): void {
  setWord(arena, entry, 2, root)
}

export function formOf(arena: Arena, entry: number): Form {
  return ((word(arena, entry, 0) & formMask) >>> formShift) as Form
}

export function setForm(arena: Arena, entry: number, form: Form): void {
  setWord(arena, entry, 0, (word(arena, entry, 0) & ~formMask) | (form << formShift))
}

export function hasDeadline(arena: Arena, entry: number): boolean {
  return (word(arena, entry, 0) & deadlineBit) !== 0
}

/** Word of the deadline within `arena.u32[chunkOf(entry)]`, in a block that has room for it. */
function deadlineAt(arena: Arena, entry: number): number {
  return wordOf(entry) + ((arena.usableBytes(entry) - deadlineBytes) >>> 2)
}

/** Unix ms, or -1 when the key has no deadline. Beyond 2^53 rounded to a double: see `exactDeadlineOf`. */
export function deadlineOf(arena: Arena, entry: number): number {
  if (!hasDeadline(arena, entry)) return -1
  const words = arena.u32[chunkOf(entry)]!
  const at = deadlineAt(arena, entry)
  return words[at + 1]! * 0x100000000 + words[at]!
}

/** The deadline to the last bit: clients may set any that a signed 64-bit integer holds. -1 when there is none. */
export function exactDeadlineOf(arena: Arena, entry: number): bigint {
  if (!hasDeadline(arena, entry)) return -1n
  const words = arena.u32[chunkOf(entry)]!
  const at = deadlineAt(arena, entry)
  return (BigInt(words[at + 1]!) << 32n) | BigInt(words[at]!)
}

/** Writes the deadline into a block that has room for it (see `blockBytes`); -1 clears the flag. */
export function writeDeadline(arena: Arena, entry: number, ms: number): void {
  const meta = word(arena, entry, 0)
  if (ms < 0) {
    setWord(arena, entry, 0, meta & ~deadlineBit)
    return
  }
  setWord(arena, entry, 0, meta | deadlineBit)
  const words = arena.u32[chunkOf(entry)]!
  const at = deadlineAt(arena, entry)
  const high = Math.floor(ms / 0x100000000)
  words[at] = ms - high * 0x100000000
  words[at + 1] = high
}

/** As `writeDeadline`, for a deadline beyond 2^53. */
export function writeExactDeadline(arena: Arena, entry: number, ms: bigint): void {
  setWord(arena, entry, 0, word(arena, entry, 0) | deadlineBit)
  const words = arena.u32[chunkOf(entry)]!
  const at = deadlineAt(arena, entry)
  words[at] = Number(ms & 0xffffffffn)
  words[at + 1] = Number(ms >> 32n)
}

/** Seconds (mod 2^24) of the last access. */
export function accessOf(arena: Arena, entry: number): number {
  return word(arena, entry, 0) >>> accessShift
}

export function setAccess(arena: Arena, entry: number, seconds: number): void {
  setWord(arena, entry, 0, (word(arena, entry, 0) & 0xff) | (seconds << accessShift))
}

/** Bytes a block needs for a key and, of a string, its value. */
export function blockBytes(keyBytes: number, valueBytes: number, withDeadline: boolean): number {
  return headerBytes + keyBytes + valueBytes + (withDeadline ? deadlineBytes : 0)
}

/** Byte offset, within `arena.u8[chunkOf(entry)]`, of a string's first value byte. */
export function valueStart(arena: Arena, entry: number): number {
  return byteOf(entry) + headerBytes + keyLength(arena, entry)
}
