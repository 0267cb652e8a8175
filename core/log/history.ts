// Reads a log's entries in order, and nothing else: the files stay as they are, a torn tail of the last one is its end.

import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { firstCrc } from './frame.ts'
import { SegmentReader } from './reader.ts'
import type { Entry } from './reader.ts'

export type HistoryOptions = {
  disk: Disk
  /** Segments, oldest first. */
  files: readonly string[]
  /** The position before the first entry. What comes up to it is left out. */
  after: number
  /** Byte where the commands of the first file begin, behind an RDB. */
  offset?: number
  visit: (entry: Entry) => void
  /** Asked after each frame whether that is enough. */
  enough?: () => boolean
}

/** Yields after each frame; returns the last position that was read. Throws MillraceError LOG_DAMAGED, LOG_GAP. */
export function* readHistory(
  options: HistoryOptions,
): Generator<{ file: string, bytesRead: number, bytes: number }, number, void> {
  const { disk, files, visit } = options
  let position = options.after
  const visitNew = (entry: Entry): void => {
    if (entry.position > options.after) visit(entry)
  }
  for (const [index, file] of files.entries()) {
    const reader = new SegmentReader(disk, file, position, index === 0 ? options.offset ?? 0 : 0)
    try {
      const first = reader.peek()
      // Of an archive only the end is wanted, or it begins where retention has left off.
      const isOverlap = first !== undefined && first.position <= position
      if (first !== undefined && (index === 0 || isOverlap)) reader.goOn(reader.offset, first.position - 1, firstCrc)
      else if (first !== undefined && first.position > position + 1) {
        throw new MillraceError('LOG_GAP', `the positions ${position + 1} to ${first.position - 1} are in no file`)
      }
      while (reader.next(visitNew)) {
        yield { file, bytesRead: reader.offset, bytes: reader.bytes }
        if (options.enough?.() === true) return reader.position
      }
      const { finding } = reader
      if (finding !== undefined && (finding.kind === 'damaged' || index < files.length - 1)) throw reader.damage()
      position = Math.max(position, reader.position)
    } finally {
      reader.close()
    }
  }
  return position
}
