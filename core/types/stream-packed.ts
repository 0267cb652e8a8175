// Blocks of streams that are Redis's listpacks still, just as a checkpoint had them, compressed or not: loading copies
// bytes, and whoever first looks into such a block turns it into one of ours (stream-layout.ts draws those).
//
//   packed     ┌ used bytes │ live entries │ marks, entries │ listpack bytes │ base id ×4 ┐ u32, then:
//   listpack   ┌ bytes u32 │ elements u16 │ live │ deleted │ n │ field ×n │ 0 │ entry │ entry │ … │ 0xff ┐
//   entry      ┌ flags │ ms − base ms │ seq − base seq │ n unless the same fields │ (field,) value … │ elements ┐
//
// What is packed was verified when it came, or is marked: then it is when it is looked into (a checkpoint's checksum
// said that it is what was written). Fewer used bytes than the listpack has say that it is compressed
// (core/checkpoint/lzf.ts).

import { byteOf, chunkOf, wordOf } from '../arena/arena.ts'
import type { Arena } from '../arena/arena.ts'
import { writeVarint } from '../arena/varint.ts'
import { decompress } from '../checkpoint/lzf.ts'
import { RdbError } from '../checkpoint/rdb-format.ts'
import { StreamNodes } from '../checkpoint/stream-node.ts'
import { int64 } from './int64.ts'
import {
  bodyBytes, elementBytes, integerDigits, listpackHeaderBytes, printInteger, readInteger, stringHeadBytes,
} from './list-element.ts'
import type { StreamId } from './stream-id.ts'
import { blockHeaderBytes, deletedFlag, sameFieldsFlag } from './stream-layout.ts'

/** In the word of the entries, of which there are never so many. */
const packedMark = 0x80000000
const unverifiedMark = 0x40000000
const entriesMask = unverifiedMark - 1
/** No element grows more than this when its integer is printed, and no entry more by its head. */
const growthMax = 3
const entryGrowthBytesMax = 32
/** Where blocks are made: at least so many bytes, and no more than that are kept for the next. */
const scratchBytesMin = 16 * 1024
const scratchBytesKept = 1024 * 1024
const noBytes: Buffer = Buffer.alloc(0)
let scratch = noBytes
let listpack = noBytes
const packed: PackedBytes = { buf: noBytes, from: 0, to: 0, bytes: 0, verified: true }
const nodes = new StreamNodes()

/** A listpack as RDB has it: `buf[from..to)`, compressed unless `bytes`, its true size, are just as many. */
export type PackedBytes = { buf: Uint8Array; from: number; to: number; bytes: number; verified: boolean }

/** A block of its own that holds the listpack. */
export function createPacked(
  arena: Arena, base: StreamId, live: number, entries: number,
  { buf, from, to, bytes, verified }: PackedBytes,
): number {
  const used = blockHeaderBytes + to - from
  const block = arena.alloc(used)
  const words = arena.u32[chunkOf(block)]!
  const head = wordOf(block)
  words[head] = used
  words[head + 1] = live
  words[head + 2] = packedMark + (verified ? 0 : unverifiedMark) + entries
  words[head + 3] = bytes
  words[head + 4] = base.msHigh
  words[head + 5] = base.msLow
  words[head + 6] = base.seqHigh
  words[head + 7] = base.seqLow
  arena.u8[chunkOf(block)]!.set(buf.subarray(from, to), byteOf(block) + blockHeaderBytes)
  return block
}

export function isPacked(arena: Arena, block: number): boolean {
  return arena.u32[chunkOf(block)]![wordOf(block) + 2]! >= packedMark
}

/** The listpack of a packed block, good until the arena changes. */
export function packedBytes(arena: Arena, block: number, into: PackedBytes): PackedBytes {
  const words = arena.u32[chunkOf(block)]!
  const head = wordOf(block)
  into.buf = arena.u8[chunkOf(block)]!
  into.from = byteOf(block) + blockHeaderBytes
  into.to = byteOf(block) + words[head]!
  into.bytes = words[head + 3]!
  into.verified = (words[head + 2]! & unverifiedMark) === 0
  return into
}

/**
 * The packed block as one of ours, in a new block; the old one is freed. Throws RdbError, and changes nothing, where an
 * unverified one is no node.
 */
export function unpack(arena: Arena, block: number): number {
  const words = arena.u32[chunkOf(block)]!
  const head = wordOf(block)
  const entries = words[head + 2]! & entriesMask
  const { buf, from, to, bytes, verified } = packedBytes(arena, block, packed)
  let source = buf
  let at = from
  if (to - from < bytes) {
    source = listpack = roomy(listpack, bytes)
    at = 0
    if (!decompress(buf, from, to, listpack, bytes)) throw new RdbError('compressed bytes are damaged')
  }
  if (!verified) verify(source, at, bytes, words, head)
  scratch = roomy(scratch, bytes * growthMax + entries * entryGrowthBytesMax)
  const used = blockHeaderBytes + transcribe(source, at, entries, words[head + 6]!, words[head + 7]!)
  const fresh = arena.alloc(used)
  const target = arena.u32[chunkOf(fresh)]!
  const place = wordOf(fresh)
  for (let i = 1; i < 8; i++) target[place + i] = words[head + i]!
  target[place] = used
  target[place + 2] = entries
  arena.u8[chunkOf(fresh)]!.set(scratch.subarray(0, used - blockHeaderBytes), byteOf(fresh) + blockHeaderBytes)
  arena.free(block)
  if (scratch.length > scratchBytesKept) scratch = noBytes
  if (listpack.length > scratchBytesKept) listpack = noBytes
  packed.buf = noBytes
  return fresh
}

/** Verifies the listpack of the block whose words begin at `head`. */
function verify(u8: Uint8Array, from: number, bytes: number, words: Uint32Array, head: number): void {
  nodes.base.set(words[head + 4]!, words[head + 5]!, words[head + 6]!, words[head + 7]!)
  nodes.last.setMin()
  nodes.read(u8, from, from + bytes)
  if (nodes.live !== words[head + 1]! || nodes.entries !== (words[head + 2]! & entriesMask)) {
    throw new RdbError('a stream\'s node is miscounted')
  }
}

/** The buffer, or a larger one when it has fewer bytes. */
function roomy(buf: Buffer, bytes: number): Buffer {
  return bytes <= buf.length ? buf : Buffer.allocUnsafeSlow(Math.max(bytes, scratchBytesMin))
}

/** Writes fields and entries of the listpack at `u8[from]` to `scratch`; returns their bytes. */
function transcribe(u8: Uint8Array, from: number, entries: number, baseHigh: number, baseLow: number): number {
  let at = from + listpackHeaderBytes
  at += elementBytes(u8, at)
  at += elementBytes(u8, at)
  const fields = integerAt(u8, at)
  at += elementBytes(u8, at)
  let end = writeVarint(scratch, 0, 0, fields)
  for (let i = 0; i < fields; i++) {
    end = copyElement(u8, at, end)
    at += elementBytes(u8, at)
  }
  at += elementBytes(u8, at)
  for (let i = 0; i < entries; i++) {
    const flags = integerAt(u8, at) & (deletedFlag | sameFieldsFlag)
    at += elementBytes(u8, at)
    // One byte is enough for the length of most entries.
    const start = end
    end = start + 2
    readInteger(u8, at)
    at += elementBytes(u8, at)
    const later = int64[0] !== 0 || int64[1] !== 0
    end = writeVarint(scratch, end, int64[0]! >>> 0, int64[1]! >>> 0)
    readInteger(u8, at)
    at += elementBytes(u8, at)
    const low = (int64[1]! >>> 0) + (later ? baseLow : 0)
    const high = int64[0]! + (later ? baseHigh : 0) + (low > 0xffffffff ? 1 : 0)
    end = writeVarint(scratch, end, high >>> 0, low >>> 0)
    let words = fields
    if ((flags & sameFieldsFlag) === 0) {
      const pairs = integerAt(u8, at)
      at += elementBytes(u8, at)
      end = writeVarint(scratch, end, 0, pairs)
      words = pairs * 2
    }
    for (; words > 0; words--) {
      end = copyElement(u8, at, end)
      at += elementBytes(u8, at)
    }
    at += elementBytes(u8, at)
    end = closeEntry(start, end, flags)
  }
  return end
}

/** Puts the flags and the length before the entry whose rest is `scratch[start + 2..end)`; returns where it ends. */
function closeEntry(start: number, end: number, flags: number): number {
  const rest = end - start - 2
  scratch[start] = flags
  if (rest < 0x80) {
    scratch[start + 1] = rest
    return end
  }
  const more = rest < 0x4000 ? 1 : rest < 0x200000 ? 2 : rest < 0x10000000 ? 3 : 4
  scratch.copyWithin(start + 2 + more, start + 2, end)
  writeVarint(scratch, start + 1, 0, rest)
  return end + more
}

function integerAt(u8: Uint8Array, at: number): number {
  readInteger(u8, at)
  return int64[1]!
}

/** Writes the element at `u8[at]` as length and bytes to `scratch[end …]`; returns where they end. */
function copyElement(u8: Uint8Array, at: number, end: number): number {
  const skip = stringHeadBytes(u8[at]!)
  if (skip === 0) {
    const first = printInteger(u8, at)
    end = writeVarint(scratch, end, 0, integerDigits.length - first)
    for (let i = first; i < integerDigits.length; i++) scratch[end++] = integerDigits[i]!
    return end
  }
  const last = at + bodyBytes(u8, at)
  end = writeVarint(scratch, end, 0, last - at - skip)
  if (last - at < 64) for (let i = at + skip; i < last; i++) scratch[end++] = u8[i]!
  else {
    scratch.set(u8.subarray(at + skip, last), end)
    end += last - at - skip
  }
  return end
}
