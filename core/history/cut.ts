// Where a log must be cut so that it ends at a moment: which files are needed, and how much of each. A moment within a
// frame shortens it: the entries up to there, under a header of its own. A transaction stays whole.

import { Args, frameCommand } from '../args.ts'
import { holdsEntries } from '../checkpoint/base-file.ts'
import type { Stand } from '../checkpoint/command-format.ts'
import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { bodyCrc, firstCrc, parseHeader, renderHeader } from '../log/frame.ts'
import { SegmentReader } from '../log/reader.ts'
import type { Entry } from '../log/reader.ts'
import type { Piece, Sources } from '../log/salvage.ts'
import { isBehind } from './moment.ts'
import type { Moment } from './moment.ts'
import { findBeginning, refuseLost } from './past.ts'

export type CutLog = Stand & {
  base: Piece | undefined
  segments: Piece[]
}

/** Yields after each frame. Throws MillraceError BEFORE_HISTORY, LOG_GAP, LOG_DAMAGED, and the disk's errors. */
export function* cutLog(
  disk: Disk, sources: Sources, moment: Moment | undefined,
): Generator<{ file: string; bytesRead: number; bytes: number }, CutLog, void> {
  const beginning = findBeginning(disk, sources, moment)
  const { base, form, position, ms, files } = beginning
  const cut: CutLog = { base: undefined, segments: [], position, ms }
  if (form === 'mixed') throw new MillraceError('LOG_BASE', `${base!} begins with an RDB; rewrite the log first`)
  if (form !== undefined && !holdsEntries(form)) cut.base = { file: base!, bytes: disk.size(base!) }
  for (const [index, file] of files.entries()) {
    const before = cut.position
    const { piece, isCovered, ended } = yield* cutFile(disk, file, index === files.length - 1, moment, cut)
    if (index === 0 && file === base) cut.base = piece
    else if (cut.position > before) {
      if (isCovered) {
        throw new MillraceError('LOG_GAP', `${file} goes over position ${before}, where the checkpoint stands`)
      }
      cut.segments.push(piece)
    }
    if (ended) break
  }
  refuseLost(beginning, cut)
  return cut
}

type CutFile = {
  piece: Piece
  /** It begins with entries that the checkpoint holds. */
  isCovered: boolean
  /** The moment is within it. */
  ended: boolean
}

function* cutFile(
  disk: Disk, file: string, isLast: boolean, moment: Moment | undefined, stand: Stand,
): Generator<{ file: string; bytesRead: number; bytes: number }, CutFile, void> {
  let kept = 0
  let ended = false
  const visit = (entry: Entry): void => {
    if (ended || entry.position <= stand.position) return
    const ms = entry.ms > 0 ? entry.ms : stand.ms
    const from = entry.transactionFrom > 0 ? entry.transactionFrom : entry.position
    if (moment !== undefined && isBehind(moment, from, ms)) {
      ended = true
      return
    }
    kept++
    stand.position = entry.position
    stand.ms = ms
  }
  const reader = new SegmentReader(disk, file, stand.position)
  try {
    const first = reader.peek()
    const isCovered = first !== undefined && first.position <= stand.position
    if (isCovered) reader.goOn(reader.offset, first.position - 1, firstCrc)
    let { offset, crc } = reader
    while (reader.next(visit)) {
      yield { file, bytesRead: reader.offset, bytes: reader.bytes }
      if (ended) {
        const piece: Piece = { file, bytes: offset }
        if (kept > 0) piece.tail = shortened(disk, file, offset, reader.offset, kept, crc)
        return { piece, isCovered, ended }
      }
      kept = 0
      offset = reader.offset
      crc = reader.crc
    }
    const { finding } = reader
    if (finding !== undefined && (finding.kind === 'damaged' || !isLast)) throw reader.damage()
    return { piece: { file, bytes: offset }, isCovered, ended }
  } finally {
    reader.close()
  }
}

/** The frame in `from..to` of the file with its first entries only. `crc`: that of the frame before. */
function shortened(disk: Disk, file: string, from: number, to: number, entries: number, crc: number): Buffer {
  const frame = readRange(disk, file, from, to)
  const bodyFrom = frame.indexOf(10) + 1
  const header = parseHeader(frame, 0, bodyFrom)!
  const body = frame.subarray(bodyFrom, endOf(frame, bodyFrom, entries))
  const line = renderHeader({
    ...header, entries, bodyBytes: body.length, crc: bodyCrc(body, crc),
  })
  return Buffer.concat([Buffer.from(line, 'latin1'), body])
}

/** The byte behind that many entries, and behind EXEC where they are a transaction. */
function endOf(frame: Buffer, from: number, entries: number): number {
  const args = new Args()
  let isOpen = false
  let at = from
  for (let left = entries; left > 0 || isOpen;) {
    if (frame[at] === 35) {
      at = frame.indexOf(10, at) + 1
      continue
    }
    at = frameCommand(args, frame, at, frame.length)
    if (args.count === 1 && args.is(0, 'MULTI')) isOpen = true
    else if (args.count === 1 && args.is(0, 'EXEC')) isOpen = false
    else if (!(args.count === 2 && args.is(0, 'SELECT'))) left--
  }
  return at
}

function readRange(disk: Disk, file: string, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(to - from)
  const fd = disk.openRead(file)
  try {
    for (let at = 0; at < bytes.length;) {
      const came = disk.read(fd, bytes, at, bytes.length, from + at)
      if (came === 0) throw new MillraceError('SHORT_FILE', `${file} became shorter while it was read`)
      at += came
    }
  } finally {
    disk.close(fd)
  }
  return bytes
}
