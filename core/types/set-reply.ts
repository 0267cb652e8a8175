// All members of a set as bulk strings of a reply, straight from where they stand.

import { byteOf, chunkOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { memberLength, memberStart } from '../arena/dict-key.ts'
import { digitsMax, writeDigits } from '../digits.ts'
import type { Reply } from '../reply.ts'
import { formatInt64, int64Digits } from './int64.ts'
import { replyElements } from './pack-reply.ts'
import { setForms } from './set.ts'
import type { MemberSet } from './set.ts'

/** A member of at most so many bytes is copied in a loop. */
const shortBytesMax = 63
/** Bytes that a short member or an integer takes in a reply, at most. */
const shortReplyBytesMax = shortBytesMax + 8
/** A pack's elements begin behind its header. */
const packHeaderBytes = 8
const digits = Buffer.alloc(digitsMax)

/** Writes all members, without what begins the reply. */
export function replyMembers(r: Reply, set: MemberSet): void {
  if (set.form === setForms.dict) replyTable(r, set)
  else if (set.form === setForms.intset) replyIntegers(r, set)
  else if (set.root !== 0) {
    const { pack } = set
    const start = byteOf(set.root)
    const u8 = pack.arena.u8[chunkOf(set.root)]!
    replyElements(r, u8, start + packHeaderBytes, start + pack.bytes, pack.count)
  }
}

function replyTable(r: Reply, set: MemberSet): void {
  const { arena } = set.dict
  const { walk } = set
  walk.start(set.root)
  for (let member = walk.next(); member !== 0; member = walk.next()) replyMember(r, arena, member)
}

/** Writes the member at that place. */
export function replyPlace(r: Reply, set: MemberSet, place: number): void {
  if (set.form === setForms.dict) replyMember(r, set.dict.arena, place)
  else {
    set.moveTo(place)
    r.bulk(set.buf, set.from, set.to)
  }
}

function replyMember(r: Reply, arena: Arena, member: number): void {
  const u8 = arena.u8[chunkOf(member)]!
  const at = byteOf(member)
  const size = u8[at]!
  if (size > shortBytesMax) {
    const from = memberStart(arena, member)
    r.bulk(u8, from, from + memberLength(arena, member))
  } else replyShort(r, u8, at + 1, size)
}

/** As `bulk`, for what is so short that its length has two digits at most. */
function replyShort(r: Reply, u8: Uint8Array, from: number, size: number): void {
  if (r.at + shortReplyBytesMax > r.buf.length) r.reserve(shortReplyBytesMax)
  const { buf } = r
  let out = r.at
  buf[out++] = 36
  if (size < 10) buf[out++] = 48 + size
  else {
    const tens = (size / 10) | 0
    buf[out++] = 48 + tens
    buf[out++] = 48 + size - tens * 10
  }
  buf[out++] = 13
  buf[out++] = 10
  for (const end = from + size; from < end; from++) buf[out++] = u8[from]!
  buf[out++] = 13
  buf[out++] = 10
  r.at = out
}

function replyIntegers(r: Reply, set: MemberSet): void {
  const { ints } = set
  const { count } = ints
  for (let i = 0; i < count; i++) {
    ints.read(i)
    if (ints.high === ints.low >> 31) {
      const from = writeDigits(digits, digitsMax, ints.low)
      replyShort(r, digits, from, digitsMax - from)
    } else {
      const from = formatInt64(ints.high, ints.low)
      replyShort(r, int64Digits, from, int64Digits.length - from)
    }
  }
}
