// Reads the log's entries from a position on, out of whatever files hold them, while others append, rotate and archive.
// It never holds the event loop for long: bytes come off the thread, and it yields after a slice of a turn.

import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { historyReadBytes, historySliceMsMax } from '../limits.ts'
import { markBefore } from './index-part.ts'
import type { LogIndex } from './log-index.ts'
import { SegmentReader } from './reader.ts'
import type { Entry, Mark } from './reader.ts'
import type { Segment } from './segments.ts'
import { Slices } from './slices.ts'

/** What there is to read. */
export type LogView = {
  disk: Disk
  monotonicMs: () => number
  /** Last position that may be shown: written or, where each frame is synced, durable. Frames end there. */
  readonly safe: number
  /** All files that there are now, oldest first. */
  segments: () => readonly Segment[]
  /** Where readers of the segment that is appended to may begin, in order, as far as the appender knows. */
  marks: () => readonly Mark[]
  index: LogIndex
}

/** True to go on, false when that is enough. The entry is valid during the visit only. */
export type EntryVisitor = (entry: Entry) => boolean

/** Positions from `from` on are not kept any more; the first one after them that is, or 0 when there is none. */
export class LogGap extends MillraceError {
  readonly from: number
  readonly next: number

  constructor(from: number, next: number) {
    const rest = next === 0 ? '' : `; the next that is kept is ${next}`
    super('LOG_GAP', `position ${from} of the log is not kept any more${rest}`)
    this.from = from
    this.next = next
  }
}

/** The segment that holds a position. Throws LogGap. */
export function segmentAt(segments: readonly Segment[], position: number): Segment {
  const segment = segments.findLast((one) => one.from <= position)
  if (segment !== undefined && segment.to >= position) return segment
  throw new LogGap(position, segments.find((one) => one.from > position)?.from ?? 0)
}

export class LogCursor {
  /** The last position that was visited or passed. */
  position: number
  private readonly view: LogView
  private readonly slices: Slices
  private segment: Segment | undefined
  private reader: SegmentReader | undefined
  private closed: boolean
  /** Bytes are being read off the thread: the file must stay open. */
  private awaits: boolean
  /** Unix ms of what was visited last: entries that Redis wrote have none of their own. */
  private ms: number

  /** `position`: that of the entry before the first one that is wanted. */
  constructor(view: LogView, position: number) {
    this.position = position
    this.view = view
    this.slices = new Slices(view.monotonicMs, historySliceMsMax)
    this.segment = undefined
    this.reader = undefined
    this.closed = false
    this.awaits = false
    this.ms = 0
  }

  close(): void {
    this.closed = true
    if (!this.awaits) this.leave()
  }

  /**
   * Visits entries up to `until` (bounded by what is safe) as long as the visitor wants more; false when it had enough.
   * Throws LogGap where positions are missing, MillraceError LOG_DAMAGED, and the disk's errors.
   */
  async read(visit: EntryVisitor, until = Infinity): Promise<boolean> {
    const { view, slices } = this
    slices.begin()
    for (;;) {
      const last = Math.min(until, view.safe)
      if (this.position >= last || this.closed) return true
      const reader = this.reader ?? this.enter()
      if (!reader.isAhead) {
        await this.ahead(reader)
        slices.begin()
        if (this.closed) return true
      }
      if (!this.frame(reader, visit, last)) return false
      if (slices.isOver) await slices.next()
    }
  }

  private async ahead(reader: SegmentReader): Promise<void> {
    this.awaits = true
    try {
      await reader.ahead()
    } finally {
      this.awaits = false
      if (this.closed) this.leave()
    }
  }

  /** Reads the next frame, or goes on to the next file at this one's end; false when the visitor had enough. */
  private frame(reader: SegmentReader, visit: EntryVisitor, last: number): boolean {
    const { mark } = reader
    let more = true
    const went = reader.next((entry) => {
      if (entry.ms > this.ms) this.ms = entry.ms
      if (!more || entry.position <= this.position || entry.position > last) return
      this.position = entry.position
      entry.ms = this.ms
      more = visit(entry)
    })
    if (!went) this.atEnd(reader)
    // The rest of a frame is read again when more is wanted.
    else if (reader.position > this.position) reader.resume(mark)
    return more
  }

  /** The reader is at its file's end, or at damage. */
  private atEnd(reader: SegmentReader): void {
    const segment = this.segment!
    const damage = reader.finding === undefined ? undefined : reader.damage()
    if (reader.refresh()) return
    if (damage !== undefined) throw damage
    const next = this.view.segments().find((other) => other.from > segment.from)
    if (next === undefined || next.from !== reader.position + 1) throw new LogGap(reader.position + 1, next?.from ?? 0)
    this.leave()
  }

  /** Opens the file that holds the next position. */
  private enter(): SegmentReader {
    const { view } = this
    const position = this.position + 1
    const segment = segmentAt(view.segments(), position)
    const reader = new SegmentReader(view.disk, segment.file, segment.from - 1, 0, historyReadBytes)
    const mark = nearestMark(view, segment, position)
    if (mark !== undefined) reader.resume(mark)
    this.ms = Math.max(segment.ms, mark !== undefined && mark.ms < Infinity ? mark.ms : 0)
    this.segment = segment
    this.reader = reader
    return reader
  }

  private leave(): void {
    this.reader?.close()
    this.reader = undefined
    this.segment = undefined
  }
}

/** The last known place in the segment from which the entry at `position` is reached by reading on; none: its start. */
function nearestMark(view: LogView, segment: Segment, position: number): Mark | undefined {
  const marks = segment.isOpen ? view.marks() : []
  const appended = marks[markBefore(marks, position)]
  const part = view.index.soFar(segment)?.parts.findLast(({ marks: [first] }) => first!.position < position)
  const indexed = part?.marks[markBefore(part.marks, position)]
  if (appended === undefined || indexed === undefined) return appended ?? indexed
  return appended.position > indexed.position ? appended : indexed
}
