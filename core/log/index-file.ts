// The index of a segment on disk, beside it: `<segment>.index`, parts behind each other. It is no source of anything: a
// part that is missing, damaged or of another time is made anew from the segment.
//
//   magic u32 │ crc u32 │ bytes u32 │ blocks u32 │ pairs u32 │ bits u32 │ text bytes u32 │ shown u32 │ last frame f64
//   (blocks + 1) × ┌ offset f64 │ position f64 │ ms f64 ┐              a mark each; the last is what follows the part
//   (blocks + 1) × ┌ crc u32 │ db u32 │ author u32 │ shown before u32 ┐
//   directory: 2^bits + 1 × u32 │ hashes: pairs × u32 │ blocks: pairs × u32      by the hash's top bits
//   text: the authors' `#by` lines, a line each
//
// crc: CRC-32 of all behind it. Numbers are little-endian. A part belongs to the segment if the frame that it calls its
// last stands there with its position and checksum: the checksums of frames are chained.

import { crc32 } from 'node:zlib'
import { writeAll } from '../disk.ts'
import type { Disk } from '../disk.ts'
import { headerBytesMax, parseHeader } from './frame.ts'
import type { IndexPart, PartBuilder } from './index-part.ts'
import type { Mark } from './reader.ts'

const magic = 0x3158494d
const headBytes = 40
const pairsPerSlot = 16

export function indexFile(segment: string): string {
  return `${segment}.index`
}

type Layout = { blocks: number; pairs: number; bits: number; textBytes: number }

/** Where the columns begin. */
function layoutOf({ blocks, pairs, bits, textBytes }: Layout) {
  const numbers = headBytes
  const words = numbers + (blocks + 1) * 24
  const directory = words + (blocks + 1) * 16
  const hashes = directory + ((1 << bits) + 1) * 4
  const places = hashes + pairs * 4
  const text = places + pairs * 4
  return { numbers, words, directory, hashes, places, text, end: text + Math.ceil(textBytes / 8) * 8 }
}

function encodePart(part: PartBuilder): Buffer {
  const marks = [...part.marks, part.end]
  const authors = [...new Set(marks.map((mark) => mark.by))]
  const text = Buffer.from(authors.join('\n'), 'latin1')
  const bits = Math.max(0, Math.ceil(Math.log2(Math.max(1, part.pairs / pairsPerSlot))))
  const layout = { blocks: part.marks.length, pairs: part.pairs, bits, textBytes: text.length }
  const at = layoutOf(layout)
  const bytes = Buffer.alloc(at.end)
  const head = [magic, 0, at.end, layout.blocks, layout.pairs, bits, text.length, part.shown]
  head.forEach((word, i) => bytes.writeUInt32LE(word, i * 4))
  bytes.writeDoubleLE(part.lastFrame, 32)
  for (const [i, mark] of marks.entries()) {
    bytes.writeDoubleLE(mark.offset, at.numbers + i * 24)
    bytes.writeDoubleLE(mark.position, at.numbers + i * 24 + 8)
    bytes.writeDoubleLE(mark.ms, at.numbers + i * 24 + 16)
    const words = [mark.crc, mark.db, authors.indexOf(mark.by), part.shownBefore[i] ?? part.shown]
    words.forEach((word, j) => bytes.writeUInt32LE(word, at.words + i * 16 + j * 4))
  }
  placePairs(part, bits, bytes, at)
  text.copy(bytes, at.text)
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4)
  return bytes
}

/** Pairs go to the slots of their hashes' top bits; within a slot they keep their order. */
function placePairs(part: PartBuilder, bits: number, bytes: Buffer, at: ReturnType<typeof layoutOf>): void {
  const starts = new Uint32Array((1 << bits) + 1)
  for (let i = 0; i < part.pairs; i++) {
    const slot = slotOf(part.hashes[i]!, bits) + 1
    starts[slot] = starts[slot]! + 1
  }
  for (let slot = 1; slot < starts.length; slot++) starts[slot] = starts[slot]! + starts[slot - 1]!
  starts.forEach((start, slot) => bytes.writeUInt32LE(start, at.directory + slot * 4))
  for (let i = 0; i < part.pairs; i++) {
    const slot = slotOf(part.hashes[i]!, bits)
    const place = starts[slot]!
    starts[slot] = place + 1
    bytes.writeUInt32LE(part.hashes[i]!, at.hashes + place * 4)
    bytes.writeUInt32LE(part.blocks[i]!, at.places + place * 4)
  }
}

function slotOf(hash: number, bits: number): number {
  return bits === 0 ? 0 : hash >>> (32 - bits)
}

/** A part that stands in a file: its marks are in memory, its keys are looked up. */
export class StoredPart implements IndexPart {
  readonly marks: readonly Mark[]
  readonly end: Mark
  readonly shown: number
  readonly shownBefore: readonly number[]
  /** Byte behind it in its file. */
  readonly fileEnd: number
  private readonly disk: Disk
  private readonly file: () => string
  private readonly from: number
  private readonly layout: Layout

  /** `bytes`: the whole part, which stands at byte `from`; `file`: its file, wherever that is now. */
  constructor(disk: Disk, file: () => string, from: number, bytes: Buffer) {
    this.disk = disk
    this.file = file
    this.from = from
    this.fileEnd = from + bytes.length
    this.layout = {
      blocks: bytes.readUInt32LE(12), pairs: bytes.readUInt32LE(16), bits: bytes.readUInt32LE(20),
      textBytes: bytes.readUInt32LE(24),
    }
    this.shown = bytes.readUInt32LE(28)
    const at = layoutOf(this.layout)
    const authors = bytes.toString('latin1', at.text, at.text + this.layout.textBytes).split('\n')
    const marks: Mark[] = []
    const shownBefore: number[] = []
    for (let i = 0; i <= this.layout.blocks; i++) {
      const numbers = at.numbers + i * 24
      const words = at.words + i * 16
      marks.push({
        offset: bytes.readDoubleLE(numbers), position: bytes.readDoubleLE(numbers + 8),
        ms: bytes.readDoubleLE(numbers + 16), crc: bytes.readUInt32LE(words), db: bytes.readUInt32LE(words + 4),
        by: authors[bytes.readUInt32LE(words + 8)] ?? '',
      })
      shownBefore.push(bytes.readUInt32LE(words + 12))
    }
    this.end = marks.pop()!
    this.marks = marks
    this.shownBefore = shownBefore
  }

  blocksOf(hashes: readonly number[]): number[] {
    try {
      return this.lookUp(hashes)
    } catch {
      // Somebody took the file, or its end, away: reading all is slow, but right.
      return this.marks.map((_, i) => i)
    }
  }

  private lookUp(hashes: readonly number[]): number[] {
    const found = new Set<number>()
    const { bits, pairs } = this.layout
    const at = layoutOf(this.layout)
    const fd = this.disk.openRead(this.file())
    try {
      for (const hash of hashes) {
        const slot = this.read(fd, at.directory + slotOf(hash, bits) * 4, 2)
        const from = slot.readUInt32LE(0)
        const count = Math.min(slot.readUInt32LE(4), pairs) - from
        const keys = this.read(fd, at.hashes + from * 4, count)
        const places = this.read(fd, at.places + from * 4, count)
        for (let i = 0; i < count; i++) if (keys.readUInt32LE(i * 4) === hash) found.add(places.readUInt32LE(i * 4))
      }
    } finally {
      this.disk.close(fd)
    }
    return [...found].toSorted((a, b) => a - b)
  }

  private read(fd: number, at: number, words: number): Buffer {
    const bytes = Buffer.alloc(words * 4)
    const came = this.disk.read(fd, bytes, 0, bytes.length, this.from + at)
    if (came < bytes.length) throw new Error('the index became shorter')
    return bytes
  }
}

/**
 * The part at byte `from` of a segment's index, if it is whole, goes on at `start`, and belongs to the segment; yields
 * after each large read.
 */
export function* readPart(
  disk: Disk, segment: () => string, from: number, start: Mark,
): Generator<void, StoredPart | undefined, void> {
  const file = indexFile(segment())
  const left = disk.size(file) - from
  if (left < headBytes) return undefined
  const head = Buffer.alloc(headBytes)
  const fd = disk.openRead(file)
  try {
    disk.read(fd, head, 0, headBytes, from)
    const size = head.readUInt32LE(8)
    if (head.readUInt32LE(0) !== magic || size > left || size < headBytes) return undefined
    const bytes = Buffer.alloc(size)
    disk.read(fd, bytes, 0, size, from)
    yield
    if (crc32(bytes.subarray(8)) !== bytes.readUInt32LE(4)) return undefined
    yield
    const part = new StoredPart(disk, () => indexFile(segment()), from, bytes)
    const [first] = part.marks
    if (first === undefined || first.offset !== start.offset || first.position !== start.position) return undefined
    return isLastFrame(disk, segment(), bytes.readDoubleLE(32), part.end) ? part : undefined
  } finally {
    disk.close(fd)
  }
}

/** The frame at byte `at` of the segment is the one that `end` stands behind. */
function isLastFrame(disk: Disk, segment: string, at: number, end: Mark): boolean {
  if (disk.size(segment) < end.offset) return false
  if (at < 0) return true
  const line = Buffer.alloc(headerBytesMax)
  const fd = disk.openRead(segment)
  try {
    const came = disk.read(fd, line, 0, line.length, at)
    const lineEnd = line.subarray(0, came).indexOf(10)
    const header = lineEnd < 0 ? undefined : parseHeader(line, 0, lineEnd + 1)
    return header !== undefined && header.crc === end.crc && header.position + header.entries - 1 === end.position
      && at + lineEnd + 1 + header.bodyBytes === end.offset
  } finally {
    disk.close(fd)
  }
}

/** Puts a part at byte `at` of a segment's index; what stood there and behind it goes. */
export function writePart(disk: Disk, segment: () => string, at: number, part: PartBuilder): StoredPart {
  const bytes = encodePart(part)
  const fd = disk.openAppend(indexFile(segment()))
  try {
    disk.truncate(fd, at)
    writeAll(disk, fd, bytes, 0, bytes.length, at)
  } finally {
    disk.close(fd)
  }
  return new StoredPart(disk, () => indexFile(segment()), at, bytes)
}
