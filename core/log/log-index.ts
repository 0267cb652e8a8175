// The indexes of a log's segments: read from beside them where they are there and whole, otherwise made by reading the
// segments, and put there. That of the segment that grows is brought up to date when somebody asks for it; nothing of
// it is done when entries are appended.

import type { Disk } from '../disk.ts'
import { historyReadBytes, logIndexesMax } from '../limits.ts'
import { firstCrc } from './frame.ts'
import { readPart, writePart } from './index-file.ts'
import type { StoredPart } from './index-file.ts'
import { isShown, PartBuilder } from './index-part.ts'
import type { IndexPart, SpecOf } from './index-part.ts'
import { segmentStart } from './log-files.ts'
import { SegmentReader } from './reader.ts'
import type { Entry, Mark } from './reader.ts'
import type { Segment } from './segments.ts'
import type { Slices } from './slices.ts'

export type SegmentIndex = {
  /** In order, without gaps; they cover the segment up to `end`. */
  readonly parts: readonly IndexPart[]
  readonly end: Mark
}

export class LogIndex {
  private readonly disk: Disk
  private readonly specOf: SpecOf
  private readonly fileAt: (position: number) => string | undefined
  /** By the position of the segment's first entry, the one used last at the end. */
  private readonly known: Map<number, GrowingIndex>

  /** `fileAt`: where the segment that begins at a position is now. */
  constructor(disk: Disk, specOf: SpecOf, fileAt: (position: number) => string | undefined) {
    this.disk = disk
    this.specOf = specOf
    this.fileAt = fileAt
    this.known = new Map()
  }

  /**
   * The index of the segment, to its end or, of the one that is appended to, up to `position` at least.
   * Throws MillraceError LOG_DAMAGED, and the disk's errors.
   */
  async upTo(segment: Segment, position: number, slices: Slices): Promise<SegmentIndex> {
    let index = this.known.get(segment.from)
    index ??= new GrowingIndex(this.disk, segment, this.specOf, () => this.fileAt(segment.from) ?? segment.file)
    this.known.delete(segment.from)
    this.known.set(segment.from, index)
    if (this.known.size > logIndexesMax) this.known.delete(this.known.keys().next().value!)
    await index.extend(segment, position, slices)
    return index
  }

  /** What is known of the segment's index now. */
  soFar(segment: Segment): SegmentIndex | undefined {
    return this.known.get(segment.from)
  }

  /** The log's streams show the entry: it is no bookkeeping of theirs. */
  isShown(entry: Entry): boolean {
    return isShown(entry, this.specOf)
  }
}

class GrowingIndex implements SegmentIndex {
  readonly parts: (StoredPart | PartBuilder)[]
  private readonly disk: Disk
  private readonly specOf: SpecOf
  private readonly start: Mark
  /** Where the segment is now. */
  private readonly file: () => string
  /** It covers all of a segment that is not appended to any more. */
  private isWhole: boolean
  /** Bytes of its own file that count; undefined until somebody looked. */
  private storedBytes: number | undefined
  /** The extension that is under way; the next one waits for it. */
  private running: Promise<void>

  constructor(disk: Disk, segment: Segment, specOf: SpecOf, file: () => string) {
    this.parts = []
    this.disk = disk
    this.specOf = specOf
    this.start = { offset: 0, position: segment.from - 1, crc: firstCrc, ms: segment.ms, db: 0, by: '' }
    this.file = file
    this.isWhole = false
    this.storedBytes = undefined
    this.running = Promise.resolve()
  }

  get end(): Mark {
    return this.parts.at(-1)?.end ?? this.start
  }

  extend(segment: Segment, position: number, slices: Slices): Promise<void> {
    if (this.isWhole || (segment.isOpen && this.end.position >= position)) return Promise.resolve()
    const done = this.running.then(() => this.grow(segment, position, slices))
    this.running = done.catch(() => {})
    return done
  }

  private async grow(segment: Segment, position: number, slices: Slices): Promise<void> {
    if (this.storedBytes === undefined) await this.load(slices)
    const wanted = segment.isOpen ? position : Infinity
    if (this.isWhole || this.end.position >= wanted) return
    const reader = new SegmentReader(this.disk, this.file(), this.end.position, 0, historyReadBytes)
    try {
      reader.resume(this.end)
      await this.readOn(reader, wanted, slices)
      if (reader.finding !== undefined) {
        // What it was told of entries in the damaged frame is not true.
        if (this.parts.at(-1) instanceof PartBuilder) this.parts.pop()
        throw reader.damage()
      }
    } finally {
      reader.close()
    }
    if (segment.isOpen) return
    this.isWhole = true
    const last = this.parts.at(-1)
    if (last instanceof PartBuilder) this.store(last)
  }

  private async readOn(reader: SegmentReader, wanted: number, slices: Slices): Promise<void> {
    let part = this.openPart()
    while (this.end.position < wanted) {
      if (!reader.isAhead) {
        await reader.ahead()
        slices.begin()
      }
      const { offset, frames } = reader
      if (!reader.next((entry) => part.entry(entry))) {
        if (reader.finding === undefined && reader.refresh()) continue
        return
      }
      const { mark } = reader
      part.frame(offset, reader.frames > frames, { ...mark, ms: Math.max(mark.ms, part.end.ms) })
      if (part.isFull) {
        this.store(part)
        part = this.openPart()
      }
      if (slices.isOver) await slices.next()
    }
  }

  /** The part that grows; a new one behind those that are full. */
  private openPart(): PartBuilder {
    const last = this.parts.at(-1)
    if (last instanceof PartBuilder && !last.isFull) return last
    const part = new PartBuilder(this.end, this.specOf)
    this.parts.push(part)
    return part
  }

  /** Puts the last part on disk, if those before it are there, and lets go of what can be looked up. */
  private store(part: PartBuilder): void {
    const before = this.parts.at(-2)
    if (before instanceof PartBuilder || part.end.offset === part.marks[0]!.offset) return
    try {
      const stored = writePart(this.disk, this.file, this.storedBytes ?? 0, part)
      this.parts[this.parts.length - 1] = stored
      this.storedBytes = stored.fileEnd
    } catch (error) {
      // A disk that refuses: the part stays in memory.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
    }
  }

  private async load(slices: Slices): Promise<void> {
    for (let at = 0; ;) {
      const steps = readPart(this.disk, this.file, at, this.end)
      let step = steps.next()
      while (step.done !== true) {
        if (slices.isOver) await slices.next()
        step = steps.next()
      }
      this.storedBytes = at
      if (step.value === undefined) return
      this.parts.push(step.value)
      at = step.value.fileEnd
    }
  }
}

/** Makes the index of a segment that is not appended to any more, and puts it beside it, unless it is there. */
export async function indexSegment(disk: Disk, file: string, specOf: SpecOf, slices: Slices): Promise<void> {
  const start = disk.size(file) > 0 ? segmentStart(disk, file) : undefined
  if (start === undefined) return
  const index = new LogIndex(disk, specOf, () => file)
  await index.upTo({ file, from: start.position, ms: start.ms, to: Infinity, isOpen: false }, Infinity, slices)
}
