// The key inside an entry of a Dict, in one of two layouts.
//
//   entry     ┌ owner's u32 │ key length u32 (30 bits) │ owner's u32 │ key bytes … ┐
//   member    ┌ length u8 │ bytes … ┐                                to 254 bytes
//             ┌ 255 │ length u32, lowest byte first │ bytes … ┐        longer ones
//
// An `entry` has room for what its owner keeps beside the key. A `member` is the key and nothing else, as small as can
// be: the members of a set.

import { byteOf, chunkOf, wordOf } from './arena.ts'
import type { Arena } from './arena.ts'

export type DictLayout = 'entry' | 'member'

/** Offset of the key's bytes within an entry block. */
export const keyOffset = 12
const keyLengthMask = 0x3fffffff
/** Longest member whose length is one byte. */
const shortMax = 254
const longMark = 255
const longHeadBytes = 5
/** Shorter copies are cheaper as a loop than as a call. */
const shortCopyBytes = 64

export function keyLength(arena: Arena, entry: number): number {
  return arena.u32[chunkOf(entry)]![wordOf(entry) + 1]! & keyLengthMask
}

export function sameKey(arena: Arena, entry: number, buf: Uint8Array, from: number, to: number): boolean {
  const chunk = chunkOf(entry)
  const size = to - from
  if ((arena.u32[chunk]![wordOf(entry) + 1]! & keyLengthMask) !== size) return false
  const u8 = arena.u8[chunk]!
  let at = byteOf(entry) + keyOffset
  for (let i = from; i < to; i++, at++) if (u8[at] !== buf[i]) return false
  return true
}

/** A fresh member block with these bytes. */
export function createMember(arena: Arena, buf: Uint8Array, from: number, to: number): number {
  const size = to - from
  const member = arena.alloc((size <= shortMax ? 1 : longHeadBytes) + size)
  const u8 = arena.u8[chunkOf(member)]!
  let at = byteOf(member)
  if (size <= shortMax) u8[at++] = size
  else {
    u8[at] = longMark
    u8[at + 1] = size & 0xff
    u8[at + 2] = (size >>> 8) & 0xff
    u8[at + 3] = (size >>> 16) & 0xff
    u8[at + 4] = size >>> 24
    at += longHeadBytes
  }
  if (size < shortCopyBytes) for (let i = from; i < to; i++) u8[at++] = buf[i]!
  else u8.set(buf.subarray(from, to), at)
  return member
}

/** A fresh block with the bytes of another member. */
export function copyMember(arena: Arena, member: number): number {
  const size = arena.u8[chunkOf(member)]![byteOf(member)]!
  if (size === longMark) {
    const from = memberStart(arena, member)
    return createMember(arena, arena.u8[chunkOf(member)]!, from, from + memberLength(arena, member))
  }
  const copy = arena.alloc(1 + size)
  const source = arena.u32[chunkOf(member)]!
  const target = arena.u32[chunkOf(copy)]!
  let from = wordOf(member)
  let to = wordOf(copy)
  for (const end = from + ((size + 4) >>> 2); from < end; from++, to++) target[to] = source[from]!
  return copy
}

/** Offset of a member's bytes within `arena.u8[chunkOf(member)]`. */
export function memberStart(arena: Arena, member: number): number {
  const at = byteOf(member)
  return at + (arena.u8[chunkOf(member)]![at] === longMark ? longHeadBytes : 1)
}

export function memberLength(arena: Arena, member: number): number {
  const at = byteOf(member)
  const u8 = arena.u8[chunkOf(member)]!
  const size = u8[at]!
  return size === longMark ? longLength(u8, at) : size
}

export function sameMember(arena: Arena, member: number, buf: Uint8Array, from: number, to: number): boolean {
  const u8 = arena.u8[chunkOf(member)]!
  const size = to - from
  let at = byteOf(member)
  if (size <= shortMax) {
    if (u8[at] !== size) return false
    at++
  } else {
    if (u8[at] !== longMark || longLength(u8, at) !== size) return false
    at += longHeadBytes
  }
  for (let i = from; i < to; i++, at++) if (u8[at] !== buf[i]) return false
  return true
}

function longLength(u8: Uint8Array, at: number): number {
  return (u8[at + 1]! | (u8[at + 2]! << 8) | (u8[at + 3]! << 16) | (u8[at + 4]! << 24)) >>> 0
}
