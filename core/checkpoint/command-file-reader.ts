// A checkpoint as commands, read command by command. Whatever is damaged or missing of it is noticed before it ends.

import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { SegmentReader } from '../log/reader.ts'
import type { Entry } from '../log/reader.ts'
import { BesideLines, edgeBytesMax, parseEnd, parseHead } from './command-format.ts'
import type { FileEnd, Stand } from './command-format.ts'

export type CommandVisitor = {
  /** A command; its position counts those of the file. */
  command: (entry: Entry) => void
  /** What the commands before can't say of a stream (stream-beside.ts), in their database. */
  beside: (bytes: Buffer, db: number) => void
}

/**
 * Visits the whole file; yields behind each frame. Throws MillraceError LOG_BASE with the byte where it can't go on,
 * when everything before was visited.
 */
export function* readCommandFile(
  disk: Disk, file: string, visitor: CommandVisitor,
): Generator<{ bytesRead: number; bytesTotal: number }, Stand, void> {
  const bytesTotal = disk.size(file)
  const { stand, headBytes, end, endBytes } = readEdges(disk, file, bytesTotal)
  const reader = new SegmentReader(disk, file, 0, headBytes)
  const lines = new BesideLines()
  try {
    reader.endAt(bytesTotal - endBytes)
    let db = 0
    reader.onLine = (line) => {
      const bytes = lines.add(line)
      if (bytes !== undefined) visitor.beside(bytes, db)
    }
    const visit = (entry: Entry): void => {
      db = entry.db
      visitor.command(entry)
    }
    while (reader.next(visit)) yield { bytesRead: reader.offset, bytesTotal }
    if (reader.finding !== undefined) throw damaged(file, reader.finding.offset, reader.finding.reason)
    if (reader.position !== end.commands || reader.crc !== end.crc) {
      throw damaged(file, reader.offset, 'the last line is not that of what stands before')
    }
    return stand
  } finally {
    reader.close()
  }
}

type Edges = { stand: Stand; headBytes: number; end: FileEnd; endBytes: number }

function readEdges(disk: Disk, file: string, bytesTotal: number): Edges {
  const bytes = Buffer.alloc(edgeBytesMax)
  const fd = disk.openRead(file)
  try {
    const head = bytes.toString('latin1', 0, disk.read(fd, bytes, 0, bytes.length, 0))
    const headBytes = head.indexOf('\n') + 1
    const stand = parseHead(head.slice(0, headBytes))
    if (stand === undefined) throw damaged(file, 0, 'the first line is damaged')
    const from = Math.max(headBytes, bytesTotal - edgeBytesMax)
    const tail = bytes.toString('latin1', 0, disk.read(fd, bytes, 0, bytesTotal - from, from))
    const line = tail.slice(tail.lastIndexOf('\n', tail.length - 2) + 1)
    const end = parseEnd(line)
    if (end === undefined) throw damaged(file, bytesTotal - line.length, 'the last line is missing or damaged')
    return { stand, headBytes, end, endBytes: line.length }
  } finally {
    disk.close(fd)
  }
}

function damaged(file: string, offset: number, reason: string): MillraceError {
  return new MillraceError('LOG_BASE', `${file} at byte ${offset}: ${reason}`)
}
