// Finds where a damaged file of the log is whole again: for those who want to know what it still holds. A start never
// goes on behind damage.

import type { Disk } from '../disk.ts'
import { logReadBytes } from '../limits.ts'
import { headerBytesMax, parseHeader } from './frame.ts'
import type { FrameHeader } from './frame.ts'
import { unknownCrc } from './reader.ts'
import type { SegmentReader } from './reader.ts'

/** Where frames go on, and what is known of the frame before. */
export type Resumption = {
  offset: number
  /** The last position before it. */
  position: number
  crc: number
  /** Time of the first frame there. */
  ms: number
}

const magic = Buffer.from('#frame ')

/** Where whole frames go on behind the reader's finding, undefined when nowhere. */
export function findResumption(disk: Disk, reader: SegmentReader): Resumption | undefined {
  const damaged = reader.peek()
  const fd = disk.openRead(reader.file)
  try {
    if (damaged !== undefined && damaged.position === reader.position + 1) {
      // The header is whole, so it tells where its body ends and what the next frame's crc is chained on.
      const end = reader.offset + headerLength(disk, fd, reader.offset) + damaged.bodyBytes
      const next = headerAt(disk, fd, end)
      const position = damaged.position + damaged.entries - 1
      if (next?.position === position + 1) return { offset: end, position, crc: damaged.crc, ms: next.ms }
    }
    return scan(disk, fd, reader)
  } finally {
    disk.close(fd)
  }
}

function scan(disk: Disk, fd: number, reader: SegmentReader): Resumption | undefined {
  const buf = Buffer.allocUnsafe(logReadBytes)
  for (let offset = reader.offset + 1; offset < reader.bytes;) {
    const filled = fill(disk, fd, buf, offset)
    if (filled < magic.length) return undefined
    for (let at = buf.indexOf(magic); at >= 0 && at < filled; at = buf.indexOf(magic, at + 1)) {
      const header = headerAt(disk, fd, offset + at)
      if (header === undefined || header.position <= reader.position) continue
      return { offset: offset + at, position: header.position - 1, crc: unknownCrc, ms: header.ms }
    }
    offset += filled - magic.length + 1
  }
  return undefined
}

function headerAt(disk: Disk, fd: number, offset: number): FrameHeader | undefined {
  const line = Buffer.alloc(headerBytesMax)
  const filled = fill(disk, fd, line, offset)
  const end = line.subarray(0, filled).indexOf(10)
  return end < 0 ? undefined : parseHeader(line, 0, end + 1)
}

function headerLength(disk: Disk, fd: number, offset: number): number {
  const line = Buffer.alloc(headerBytesMax)
  return line.subarray(0, fill(disk, fd, line, offset)).indexOf(10) + 1
}

function fill(disk: Disk, fd: number, buf: Buffer, offset: number): number {
  let filled = 0
  while (filled < buf.length) {
    const came = disk.read(fd, buf, filled, buf.length, offset + filled)
    if (came === 0) break
    filled += came
  }
  return filled
}
