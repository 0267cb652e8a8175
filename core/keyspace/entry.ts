// The arena block behind a key. Dict compares the key inside it, so the first twelve bytes are its convention.
//
//    0        4              8                    12           12+k          12+k+v      usable-8     usable
//   ┌────────┬──────────────┬────────────────────┬────────────┬─────────────┬───────────┬────────────┐
//   │ meta   │ key length k │ string: length v   │ key bytes  │ string only │  (slack)  │ deadline   │
//   │ u32    │ u32, 30 bits │ others: root u32   │            │ value bytes │           │ if flagged │
//   └────────┴──────────────┴────────────────────┴────────────┴─────────────┴───────────┴────────────┘
//
//   meta, from bit 0:  type 4 │ raw 1 │ (spare 2) │ deadline 1 │ access clock 24 (seconds)
//
// The deadline is two little-endian u32, low word first: unix milliseconds.

import { byteOf, chunkOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'

/** Redis's type numbers, as RDB and DEBUG DIGEST use them. */
export const types = { string: 0, list: 1, set: 2, zset: 3, hash: 4, stream: 6 } as const
export type Type = (typeof types)[keyof typeof types]

/** What TYPE answers. */
export const typeNames: Readonly<Record<Type, string>> = {
  0: 'string', 1: 'list', 2: 'set', 3: 'zset', 4: 'hash', 6: 'stream',
}

export const headerBytes = 12
export const deadlineBytes = 8
const typeMask = 15
const rawBit = 1 << 4
const deadlineBit = 1 << 7
const accessShift = 8

function word(arena: Arena, entry: number, index: number): number {
  return arena.u32[chunkOf(entry)]![(byteOf(entry) >>> 2) + index]!
}

function setWord(arena: Arena, entry: number, index: number, value: number): void {
  arena.u32[chunkOf(entry)]![(byteOf(entry) >>> 2) + index] = value
}

export function typeOf(arena: Arena, entry: number): Type {
  return (word(arena, entry, 0) & typeMask) as Type
}

/** Writes the header of a fresh entry: no deadline, not raw. */
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

/** True when the string was built by editing (APPEND, SETRANGE): Redis then reports the encoding `raw`. */
export function isRaw(arena: Arena, entry: number): boolean {
  return (word(arena, entry, 0) & rawBit) !== 0
}

export function setRaw(arena: Arena, entry: number, raw: boolean): void {
  const meta = word(arena, entry, 0)
  setWord(arena, entry, 0, raw ? meta | rawBit : meta & ~rawBit)
}

export function hasDeadline(arena: Arena, entry: number): boolean {
  return (word(arena, entry, 0) & deadlineBit) !== 0
}

/** Unix ms, or -1 when the key has no deadline. */
export function deadlineOf(arena: Arena, entry: number): number {
  const m = arena.u32[chunkOf(entry)]!
  const at = byteOf(entry) >>> 2
  if ((m[at]! & deadlineBit) === 0) return -1
  const end = at + ((arena.usableBytes(entry) - deadlineBytes) >>> 2)
  return m[end + 1]! * 0x100000000 + m[end]!
}

/** Writes the deadline into a block that has room for it (see `blockBytes`); -1 clears the flag. */
export function writeDeadline(arena: Arena, entry: number, ms: number): void {
  const m = arena.u32[chunkOf(entry)]!
  const at = byteOf(entry) >>> 2
  if (ms < 0) {
    m[at] = m[at]! & ~deadlineBit
    return
  }
  const end = at + ((arena.usableBytes(entry) - deadlineBytes) >>> 2)
  const high = Math.floor(ms / 0x100000000)
  m[at] = m[at]! | deadlineBit
  m[end] = ms - high * 0x100000000
  m[end + 1] = high
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
