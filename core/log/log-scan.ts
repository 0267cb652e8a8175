// Reads a stretch of the log forward or backward, and, where only one key's history is wanted, only those blocks of the
// segments that their indexes name.

import { historySliceMsMax, logMarkBytes } from '../limits.ts'
import { blockOf, markBefore, markBeforeId } from './index-part.ts'
import type { Block, IndexPart } from './index-part.ts'
import { LogCursor, LogGap, segmentAt } from './log-cursor.ts'
import type { LogView } from './log-cursor.ts'
import { SegmentReader } from './reader.ts'
import type { Entry } from './reader.ts'
import { Slices } from './slices.ts'
import type { Segment } from './segments.ts'

export type Scan<T> = {
  /** First and last position that are wanted; what is not safe yet is left out. */
  from: number
  until: number
  backward: boolean
  /** Only entries that may be noted under these hashes (`hashesOf`); undefined: all. */
  hashes: readonly number[] | undefined
  /** What is made of an entry, which is valid during the call only; undefined: it isn't wanted. */
  select: (entry: Entry) => T | undefined
  /** Gets what was selected, in order; false when that is enough. */
  take: (selected: T) => boolean
  /** `take` wants no more than so many: of a stretch that is read as a whole no more are kept. */
  entriesMax?: number
}

/**
 * Resolves with the position at which the scan goes on: behind (backward: before) what was read when `take` had enough,
 * otherwise behind (before) the stretch. Throws LogGap, LOG_DAMAGED, and the disk's errors.
 */
export async function scanLog<T>(view: LogView, scan: Scan<T>): Promise<number> {
  if (scan.backward) return await scanBackward(view, scan)
  if (scan.hashes !== undefined) return await scanKey(view, scan, scan.hashes)
  const cursor = new LogCursor(view, scan.from - 1)
  try {
    await cursor.read((entry) => {
      const selected = scan.select(entry)
      return selected === undefined || scan.take(selected)
    }, scan.until)
    return cursor.position + 1
  } finally {
    cursor.close()
  }
}

async function scanKey<T>(view: LogView, scan: Scan<T>, hashes: readonly number[]): Promise<number> {
  const slices = new Slices(view.monotonicMs, historySliceMsMax)
  const last = Math.min(scan.until, view.safe)
  let { from: position } = scan
  while (position <= last) {
    const segment = segmentAt(view.segments(), position)
    const index = await view.index.upTo(segment, last, slices)
    const from = position
    const blocks = wantedBlocks(index.parts, hashes, from, last)
    const stopped = await inBlocks(view, segment, blocks, slices, {
      ...scan,
      select: (entry) => (entry.position < from || entry.position > last ? undefined : scan.select(entry)),
      take: (entries) => {
        for (const { selected, at } of entries) if (!scan.take(selected)) return at + 1
        return goOn
      },
    })
    if (stopped !== goOn) return stopped
    if (index.end.position < position) throw new LogGap(position, nextFrom(view, segment))
    position = index.end.position + 1
  }
  return Math.max(scan.from, last + 1)
}

async function scanBackward<T>(view: LogView, scan: Scan<T>): Promise<number> {
  const slices = new Slices(view.monotonicMs, historySliceMsMax)
  let position = Math.min(scan.until, view.safe)
  while (position >= scan.from) {
    const segment = segmentAt(view.segments(), position)
    const last = position
    const index = await view.index.upTo(segment, last, slices)
    if (index.end.position < last) throw new LogGap(last, nextFrom(view, segment))
    const blocks = wantedBlocks(index.parts, scan.hashes, scan.from, last).toReversed()
    const stopped = await inBlocks(view, segment, blocks, slices, {
      ...scan,
      select: (entry) => (entry.position < scan.from || entry.position > last ? undefined : scan.select(entry)),
      take: (entries) => {
        for (const { selected, at } of entries.toReversed()) if (!scan.take(selected)) return at - 1
        return goOn
      },
    })
    if (stopped !== goOn) return stopped
    position = segment.from - 1
  }
  return scan.from - 1
}

function nextFrom(view: LogView, segment: Segment): number {
  return view.segments().find((other) => other.from > segment.from)?.from ?? 0
}

/** The blocks that hold entries of the stretch, or those of them that the hashes lead to. */
function wantedBlocks(
  parts: readonly IndexPart[], hashes: readonly number[] | undefined, from: number, last: number,
): Block[] {
  const wanted: Block[] = []
  for (const part of parts) {
    if (part.end.position < from || part.marks[0]!.position >= last) continue
    for (const i of hashes === undefined ? part.marks.keys() : part.blocksOf(hashes)) {
      const block = blockOf(part, i)
      if (block.last >= from && block.mark.position < last) wanted.push(block)
    }
  }
  return wanted
}

type Selected<T> = { selected: T; at: number }

/** `take` gets what was selected of a block, and tells where to stop. */
type Picks<T> = Pick<Scan<T>, 'select' | 'backward' | 'entriesMax'> & {
  take: (entries: readonly Selected<T>[]) => number
}

/** In place of the position at which to stop. */
const goOn = -1

/** Reads blocks of a segment, one after the other. A block may be one frame of any size: not all of it is kept. */
async function inBlocks<T>(
  view: LogView, segment: Segment, blocks: readonly Block[], slices: Slices,
  { select, take, backward, entriesMax = Infinity }: Picks<T>,
): Promise<number> {
  if (blocks.length === 0) return goOn
  // It may have moved to the archive meanwhile.
  const { file } = view.segments().find(({ from }) => from === segment.from) ?? segment
  const reader = new SegmentReader(view.disk, file, segment.from - 1, 0, 2 * logMarkBytes)
  try {
    for (const { mark, end } of blocks) {
      const entries: Selected<T>[] = []
      reader.resume(mark)
      let { ms } = mark
      while (reader.offset < end) {
        if (!reader.isAhead) {
          await reader.ahead()
          slices.begin()
        }
        const went = reader.next((entry) => {
          ms = Math.max(ms, entry.ms)
          entry.ms = ms
          if (!backward && entries.length >= entriesMax) return
          const selected = select(entry)
          if (selected === undefined) return
          entries.push({ selected, at: entry.position })
          if (backward && entries.length >= 2 * entriesMax) entries.splice(0, entriesMax)
        })
        if (!went) throw reader.damage()
        if (slices.isOver) await slices.next()
      }
      const stopped = take(entries)
      if (stopped !== goOn) return stopped
    }
    return goOn
  } finally {
    reader.close()
  }
}

/**
 * The first position whose id is `<ms>-<seq>` or above: `safe` and one when there is none. Where the id lies before
 * what is kept, a position that isn't kept either.
 */
export async function seekId(view: LogView, ms: number, seq: number): Promise<number> {
  const segments = view.segments()
  const { safe } = view
  const first = segments[0]
  if (first === undefined || safe === 0) return 1
  // An id is as a rule that of an entry, or the next one: its seq says where.
  const position = Math.min(Math.max(seq, 1), safe + 1)
  if (position < first.from && ms <= first.ms) return position
  if (position >= first.from) {
    const [before, here] = await msAround(view, position, first.from)
    if (before <= ms && (ms < here || (ms === here && seq <= position))) return position
  }
  const segment = segments.findLast((one) => one.ms < ms || (one.ms === ms && one.from <= seq))
  if (segment === undefined) return first.from === 1 ? 1 : first.from - 1
  const slices = new Slices(view.monotonicMs, historySliceMsMax)
  const { parts } = await view.index.upTo(segment, safe, slices)
  const part = parts.findLast(({ marks }) => markBeforeId(marks, ms, seq) >= 0)
  const start = part?.marks[markBeforeId(part.marks, ms, seq)]?.position ?? segment.from - 1
  let found = safe + 1
  const cursor = new LogCursor(view, start)
  try {
    await cursor.read((entry) => {
      if (entry.ms < ms || (entry.ms === ms && entry.position < seq)) return true
      found = entry.position
      return false
    })
  } finally {
    cursor.close()
  }
  return found
}

/** Unix ms of the entry before a position, 0 where it isn't kept, and of the one there; Infinity behind the last. */
async function msAround(view: LogView, position: number, firstKept: number): Promise<[number, number]> {
  const found: [number, number] = [0, Infinity]
  const cursor = new LogCursor(view, Math.max(position - 1, firstKept) - 1)
  try {
    await cursor.read((entry) => {
      found[entry.position < position ? 0 : 1] = entry.ms
      return entry.position < position
    }, position)
  } finally {
    cursor.close()
  }
  return found
}

/** Unix ms of the entry at a position that is kept. */
export async function msAt(view: LogView, position: number): Promise<number> {
  return (await msAround(view, position, position))[1]
}

/** How many entries with positions up to `position` the log's streams show, of those that are kept. */
export async function shownUpTo(view: LogView, position: number): Promise<number> {
  const slices = new Slices(view.monotonicMs, historySliceMsMax)
  let shown = 0
  for (const segment of view.segments()) {
    if (segment.from > position) break
    const index = await view.index.upTo(segment, Math.min(position, view.safe), slices)
    for (const part of index.parts) {
      if (part.end.position <= position) shown += part.shown
      else if (part.marks[0]!.position < position) shown += await shownInPart(view, segment, part, position, slices)
    }
  }
  return shown
}

async function shownInPart(
  view: LogView, segment: Segment, part: IndexPart, position: number, slices: Slices,
): Promise<number> {
  const block = blockOf(part, markBefore(part.marks, position))
  let shown = block.shownBefore
  await inBlocks(view, segment, [block], slices, {
    backward: false,
    select: (entry) => {
      if (entry.position <= position && view.index.isShown(entry)) shown++
      return undefined
    },
    take: () => goOn,
  })
  return shown
}
