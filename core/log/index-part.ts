// The index of a stretch of a segment, some MiB of whole frames: blocks of frames, each with a mark that reading may
// begin at; how many entries are shown before each; which blocks name which keys. Built by reading the stretch once.
//
// Keys are noted as 32-bit hashes: two keys of one hash only cost a block that is read in vain. Entries about a whole
// database (FLUSHDB) are noted under a hash of their own.

import type { Args } from '../args.ts'
import { hashBytes } from '../arena/hash.ts'
import { noteKeys } from '../checkpoint/effect-keys.ts'
import type { EffectSpec, KeyNotes } from '../checkpoint/effect-keys.ts'
import { logIndexPartBytes, logMarkBytes } from '../limits.ts'
import { logStreamKind } from '../log-stream-name.ts'
import type { Entry, Mark } from './reader.ts'

/** Finds what must be known of the commands in the log; undefined for unknown ones. */
export type SpecOf = (args: Args) => EffectSpec | undefined

export type Block = {
  /** Where it begins, and the byte where it ends. */
  mark: Mark
  end: number
  /** Position of its last entry, and how many entries of its part are shown before its first one. */
  last: number
  shownBefore: number
}

/** A part that is finished or in the making; block i begins at `marks[i]`. */
export interface IndexPart {
  readonly marks: readonly Mark[]
  /** What is in force behind its last frame. */
  readonly end: Mark
  /** Entries that streams of the log show: all but bookkeeping. */
  readonly shown: number
  readonly shownBefore: ArrayLike<number>
  /** Numbers of the blocks that may name a key of one of these hashes, in order. */
  blocksOf(hashes: readonly number[]): number[]
}

export function blockOf(part: IndexPart, i: number): Block {
  const mark = part.marks[i]!
  const next = part.marks[i + 1] ?? part.end
  return { mark, end: next.offset, last: next.position, shownBefore: part.shownBefore[i]! }
}

/** Index of the last mark before the entry at `position`; -1 when there is none. */
export function markBefore(marks: readonly Mark[], position: number): number {
  return lastMark(marks, (mark) => mark.position < position)
}

/** Index of the last mark before which no entry has an id as high as `<ms>-<position>`; -1 when there is none. */
export function markBeforeId(marks: readonly Mark[], ms: number, position: number): number {
  return lastMark(marks, (mark) => mark.ms < ms || (mark.ms === ms && mark.position < position))
}

function lastMark(marks: readonly Mark[], isBefore: (mark: Mark) => boolean): number {
  let from = 0
  let to = marks.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (isBefore(marks[middle]!)) from = middle + 1
    else to = middle
  }
  return from - 1
}

// Half of the digits of e: hashes are kept in files, so the seed is fixed.
const seed0 = 0x2b7e1516
const seed1 = 0x28aed2a6
const databaseSeed = 0x62e7160f
const allDatabases = -1
const noBytes = new Uint8Array(0)

function keyHash(db: number, buf: Uint8Array, from: number, to: number): number {
  return hashBytes(buf, from, to, seed0 ^ db, seed1)
}

function databaseHash(db: number): number {
  return hashBytes(noBytes, 0, 0, databaseSeed ^ db, seed1)
}

/** The hashes of all that is noted of a key's history. */
export function hashesOf(db: number, key: Uint8Array): number[] {
  return [keyHash(db, key, 0, key.length), databaseHash(db), databaseHash(allDatabases)]
}

/** What is asked of an entry's first key. */
const firstKey = {
  shown: true,
  keys: 0,
  add(_db: number, buf: Uint8Array, from: number, to: number): void {
    if (this.keys++ === 0 && logStreamKind(buf, from, to) !== undefined) this.shown = false
  },
  addAll() {},
  swap() {},
  flush() {},
  flushAll() {},
}

/** The log's streams show the entry: it is no bookkeeping of groups on them. */
export function isShown(entry: Entry, specOf: SpecOf): boolean {
  firstKey.shown = true
  firstKey.keys = 0
  noteKeys(firstKey, entry, specOf(entry.args))
  return firstKey.shown
}

const recentSlots = 4096

/** A part that grows. */
export class PartBuilder implements IndexPart, KeyNotes {
  readonly marks: Mark[]
  readonly shownBefore: number[]
  end: Mark
  shown: number
  /** Byte of the header of its last frame; -1 where it is no frame. */
  lastFrame: number
  /** Pair i: a hash, and a block that it stands in. Of each hash the blocks are in order. */
  hashes: Uint32Array
  blocks: Uint32Array
  pairs: number
  private readonly specOf: SpecOf
  /** Hashes that the block at hand has already, by their low bits. */
  private readonly recent: Uint32Array
  private readonly recentBlock: Int32Array
  private hidden: boolean
  private keys: number

  constructor(start: Mark, specOf: SpecOf) {
    this.marks = [start]
    this.shownBefore = [0]
    this.end = start
    this.shown = 0
    this.lastFrame = -1
    this.hashes = new Uint32Array(1024)
    this.blocks = new Uint32Array(1024)
    this.pairs = 0
    this.specOf = specOf
    this.recent = new Uint32Array(recentSlots)
    this.recentBlock = new Int32Array(recentSlots).fill(-1)
    this.hidden = false
    this.keys = 0
  }

  get isFull(): boolean {
    return this.end.offset - this.marks[0]!.offset >= logIndexPartBytes
  }

  /** Notes an entry of the frame that is being read. */
  entry(entry: Entry): void {
    this.hidden = false
    this.keys = 0
    noteKeys(this, entry, this.specOf(entry.args))
    if (!this.hidden) this.shown++
  }

  /** The frame (or plain commands) that began at byte `from` was read; `end` is what is in force behind it. */
  frame(from: number, framed: boolean, end: Mark): void {
    this.end = end
    this.lastFrame = framed ? from : -1
    if (end.offset - this.marks.at(-1)!.offset < logMarkBytes || this.isFull) return
    this.marks.push(end)
    this.shownBefore.push(this.shown)
  }

  blocksOf(hashes: readonly number[]): number[] {
    const found: number[] = []
    for (let i = 0; i < this.pairs; i++) {
      if (hashes.includes(this.hashes[i]!) && found.at(-1) !== this.blocks[i]) found.push(this.blocks[i]!)
    }
    return found
  }

  add(db: number, buf: Uint8Array, from: number, to: number): void {
    if (this.keys++ === 0 && logStreamKind(buf, from, to) !== undefined) this.hidden = true
    this.note(keyHash(db, buf, from, to))
  }

  addAll(): void {}

  swap(one: number, other: number): void {
    this.note(databaseHash(one))
    this.note(databaseHash(other))
  }

  flush(db: number): void {
    this.note(databaseHash(db))
  }

  flushAll(): void {
    this.note(databaseHash(allDatabases))
  }

  private note(hash: number): void {
    const block = this.marks.length - 1
    const slot = hash & (recentSlots - 1)
    if (this.recent[slot] === hash && this.recentBlock[slot] === block) return
    this.recent[slot] = hash
    this.recentBlock[slot] = block
    if (this.pairs === this.hashes.length) {
      this.hashes = grown(this.hashes)
      this.blocks = grown(this.blocks)
    }
    this.hashes[this.pairs] = hash
    this.blocks[this.pairs++] = block
  }
}

function grown(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2)
  larger.set(words)
  return larger
}
