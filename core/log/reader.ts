// Reads one file of the log, frame by frame, and says precisely where and how it is damaged.
//
// What can follow a whole frame (or the file's beginning):
//   a frame                          verified: header checksum, position, chained crc, number of entries
//   a plain RESP command             of a redis-server that wrote, or went on with, the file
//   a `#TS:` line                    Redis's own timestamp comments
//   nothing                          the end
// and otherwise it is a tail or damage:
//   torn      the bytes up to the end are the beginning of a frame (of a command) that was never fully written; or the
//             region has holes (zeros up to a sector's end) where a power failure lost pages that were never synced,
//             and no later frame says that this position was durable
//   damaged   anything else: a start from it would lose what was acknowledged, or invent what never was

import { Args, frameCommand } from '../args.ts'
import type { Disk } from '../disk.ts'
import { MillraceError } from '../errors.ts'
import { logReadBytes } from '../limits.ts'
import { bodyCrc, firstCrc, headerBytesMax, isHeaderPrefix, parseHeader } from './frame.ts'
import type { FrameHeader } from './frame.ts'

/** One effect, valid during the visit only. */
export type Entry = {
  position: number
  ms: number
  db: number
  /** The `#by …` line in force, without its line end; '' when there is none. */
  by: string
  /** Between MULTI and EXEC: the position of the transaction's first entry; 0 outside of one. */
  transactionFrom: number
  args: Args
}

/** Where reading may begin: behind a whole frame, with what is in force there. */
export type Mark = {
  /** Byte in the file, and the position of the last entry before it. */
  offset: number
  position: number
  crc: number
  /** Unix ms of the frame before. */
  ms: number
  db: number
  by: string
}

export type Finding = {
  kind: 'torn' | 'damaged'
  file: string
  /** Byte offset of the first byte that is not part of the whole log. */
  offset: number
  /** Position that the entry or frame there has or would have. */
  position: number
  reason: string
}

const sectorBytes = 512

/** In place of the crc of a frame that can't be read. */
export const unknownCrc = -1

/** Reads a file of the log from its beginning. Use: `while (reader.next(visit)) …`, then look at `finding`. */
export class SegmentReader {
  readonly file: string
  /** Why reading ended before the file's end; undefined when it is whole. */
  finding: Finding | undefined
  /** Byte offset behind the last whole frame (or plain command outside a transaction). */
  offset: number
  /** Position of the last whole entry. */
  position: number
  crc: number
  /** True when the file holds commands outside of frames. */
  plain: boolean
  frames: number
  /** Gets the `#` lines within frames, without their ends, but for `#TS`. */
  onLine: ((line: string) => void) | undefined
  private readonly disk: Disk
  private readonly fd: number
  private readonly readBytes: number
  private fileBytes: number
  private readonly entry: Entry
  private buf: Buffer
  /** File offset of buf[0], and how much of buf is filled. */
  private base: number
  private filled: number

  /**
   * `position`: of the entry before its first one; `from`: the byte where commands begin, behind an RDB; `readBytes`:
   * what is read at once.
   */
  constructor(disk: Disk, file: string, position: number, from = 0, readBytes = logReadBytes) {
    this.file = file
    this.finding = undefined
    this.offset = from
    this.position = position
    this.crc = firstCrc
    this.plain = false
    this.frames = 0
    this.onLine = undefined
    this.disk = disk
    this.fd = disk.openRead(file)
    this.readBytes = readBytes
    this.fileBytes = disk.size(file)
    this.entry = { position: 0, ms: 0, db: 0, by: '', transactionFrom: 0, args: new Args() }
    this.buf = Buffer.alloc(0)
    this.base = 0
    this.filled = 0
  }

  close(): void {
    this.disk.close(this.fd)
  }

  get bytes(): number {
    return this.fileBytes
  }

  /** Reads the next frame or plain command and visits its entries; false at the end, or at damage (see `finding`). */
  next(visit: (entry: Entry) => void): boolean {
    if (this.finding !== undefined || this.offset >= this.fileBytes) return false
    const at = this.need(this.offset, headerBytesMax)
    const end = this.filled
    if (this.buf[at] !== 35) return this.plainCommands(visit)
    const lineEnd = this.buf.subarray(at, Math.min(end, at + 1024)).indexOf(10)
    if (lineEnd < 0) {
      if (this.base + end === this.fileBytes && isHeaderPrefix(this.buf, at, end)) return this.torn('a cut header')
      return this.broken('no header, and no line end within 1,024 bytes')
    }
    const header = parseHeader(this.buf, at, at + lineEnd + 1)
    if (header !== undefined) return this.frame(header, lineEnd + 1, visit)
    const line = this.buf.toString('latin1', at, at + lineEnd)
    if (!/^#TS:\d+\r$/.test(line)) return this.broken('a line that is no frame header, or whose checksum is wrong')
    this.offset += lineEnd + 1
    this.plain = true
    return true
  }

  /** The header that stands where reading goes on, whatever its position; undefined when none does. */
  peek(): FrameHeader | undefined {
    if (this.offset >= this.fileBytes) return undefined
    const at = this.need(this.offset, headerBytesMax)
    const lineEnd = this.buf.subarray(at, Math.min(this.filled, at + headerBytesMax)).indexOf(10)
    return lineEnd < 0 ? undefined : parseHeader(this.buf, at, at + lineEnd + 1)
  }

  /**
   * Goes on elsewhere, as if everything up to `offset` had been read: behind damage, or at a gap. `crc` is that of the
   * frame before, `unknownCrc` when it can't be known: then the next frame's own is taken at its word.
   */
  goOn(offset: number, position: number, crc: number): void {
    this.finding = undefined
    this.offset = offset
    this.position = position
    this.crc = crc
  }

  /** Where reading goes on, and what is in force there. */
  get mark(): Mark {
    const { offset, position, crc, entry } = this
    return { offset, position, crc, ms: entry.ms, db: entry.db, by: entry.by }
  }

  /** Goes on at a mark of this file. */
  resume(mark: Mark): void {
    this.goOn(mark.offset, mark.position, mark.crc)
    this.entry.ms = mark.ms
    this.entry.db = mark.db
    this.entry.by = mark.by
    this.entry.transactionFrom = 0
  }

  /** The finding as an error; without one, that the file ended too early. */
  damage(): MillraceError {
    const { offset, position, reason } = this.finding ?? { ...this.mark, reason: 'it ends here' }
    const where = `${this.file} at byte ${offset} (position ${position})`
    return new MillraceError('LOG_DAMAGED', `the log is damaged: ${where}: ${reason}`)
  }

  /** Much of what comes next is in memory, or all that there is; otherwise `ahead` had better be called. */
  get isAhead(): boolean {
    const end = this.base + this.filled
    return this.offset >= this.base && (end - this.offset >= this.readBytes / 2 || end >= this.fileBytes)
  }

  /** What stands from this byte on is not read. */
  endAt(offset: number): void {
    this.fileBytes = Math.min(this.fileBytes, offset)
  }

  /** Reads what comes next off the thread; nothing else may be asked of the reader meanwhile. */
  async ahead(): Promise<void> {
    const { disk, fd, offset } = this
    const wanted = Math.min(this.readBytes, this.fileBytes - offset)
    if (wanted <= 0) return
    if (wanted > this.buf.length) this.buf = Buffer.allocUnsafeSlow(wanted)
    this.filled = 0
    this.base = offset
    this.filled = await new Promise<number>((resolve, reject) => {
      disk.readLater(fd, this.buf, 0, wanted, offset, (error, bytes) => {
        if (error === undefined) resolve(bytes)
        else reject(error)
      })
    })
  }

  /** Looks again at a file that may have grown; true when it has. A torn tail may have been a frame in the making. */
  refresh(): boolean {
    const before = this.fileBytes
    this.fileBytes = Math.max(before, this.disk.size(this.file))
    this.finding = undefined
    this.filled = 0
    return this.fileBytes > before
  }

  private frame(header: FrameHeader, headerBytes: number, visit: (entry: Entry) => void): boolean {
    if (header.position !== this.position + 1) {
      return this.broken(`frame begins at position ${header.position}, expected ${this.position + 1}`)
    }
    if (this.offset + headerBytes + header.bodyBytes > this.fileBytes) {
      return this.torn(`frame of ${header.bodyBytes} bytes is cut`)
    }
    const from = this.need(this.offset, headerBytes + header.bodyBytes) + headerBytes
    const to = from + header.bodyBytes
    const body = this.buf.subarray(from, to)
    if (this.crc !== unknownCrc && bodyCrc(body, this.crc) !== header.crc) {
      return this.broken('crc of the frame is wrong')
    }
    if (!this.visitBody(header, from, to, visit)) return this.broken('frame holds no whole commands')
    this.position += header.entries
    this.offset += headerBytes + header.bodyBytes
    this.crc = header.crc
    this.frames++
    return true
  }

  private visitBody(header: FrameHeader, from: number, to: number, visit: (entry: Entry) => void): boolean {
    const entry = this.entry
    entry.ms = header.ms
    const last = header.position + header.entries - 1
    entry.position = header.position - 1
    for (let at = from; at < to;) {
      if (this.buf[at] === 35) {
        const end = this.buf.indexOf(10, at)
        if (end < 0 || end >= to) return false
        // `#by`, or `#TS`, which the frame's header says better.
        if (this.buf[at + 1] !== 84) {
          entry.by = this.buf.toString('latin1', at, end - 1)
          this.onLine?.(entry.by)
        }
        at = end + 1
        continue
      }
      at = frameCommand(entry.args, this.buf, at, to)
      if (at <= 0) return false
      if (this.bracket()) continue
      if (++entry.position > last) return false
      visit(entry)
    }
    return entry.position === last
  }

  /** Follows SELECT, MULTI and EXEC, which are no entries; true when the command was one of them. */
  private bracket(): boolean {
    const entry = this.entry
    const args = entry.args
    if (args.count === 2 && args.is(0, 'SELECT')) entry.db = args.int(1)
    else if (args.count === 1 && args.is(0, 'MULTI')) entry.transactionFrom = entry.position + 1
    else if (args.count === 1 && args.is(0, 'EXEC')) entry.transactionFrom = 0
    else return false
    return true
  }

  /** One plain command, or one plain transaction as a whole. */
  private plainCommands(visit: (entry: Entry) => void): boolean {
    const entry = this.entry
    const commands: { from: number; to: number }[] = []
    let wanted = headerBytesMax
    let at = this.need(this.offset, wanted)
    let cursor = at
    let open = false
    for (;;) {
      const end = cursor < this.filled ? frameCommand(entry.args, this.buf, cursor, this.filled) : 0
      if (end < 0) return this.broken('bytes that are no command')
      if (end === 0) {
        const had = this.filled - at
        if (this.offset + had >= this.fileBytes) {
          return this.torn(open ? 'transaction is cut' : 'command is cut')
        }
        wanted = Math.max(wanted * 2, had * 2)
        const moved = this.need(this.offset, Math.min(wanted, this.fileBytes - this.offset))
        for (const command of commands) {
          command.from += moved - at
          command.to += moved - at
        }
        cursor += moved - at
        at = moved
        continue
      }
      if (entry.args.is(0, 'MULTI')) open = true
      else if (entry.args.is(0, 'EXEC')) open = false
      commands.push({ from: cursor, to: end })
      cursor = end
      if (!open) break
    }
    this.plain = true
    entry.by = ''
    entry.ms = 0
    entry.position = this.position
    for (const command of commands) {
      frameCommand(entry.args, this.buf, command.from, command.to)
      if (this.bracket()) continue
      this.position++
      entry.position = this.position
      visit(entry)
    }
    this.offset += cursor - at
    return true
  }

  /** Makes sure that `bytes` from file offset `offset` are in the buffer (fewer at the end); where they begin. */
  private need(offset: number, bytes: number): number {
    const end = Math.min(offset + bytes, this.fileBytes)
    if (offset >= this.base && end <= this.base + this.filled) return offset - this.base
    const kept = Math.max(0, this.base + this.filled - offset)
    const wanted = Math.max(end - offset, Math.min(this.readBytes, this.fileBytes - offset))
    const target = wanted > this.buf.length ? Buffer.allocUnsafeSlow(wanted) : this.buf
    if (kept > 0) target.set(this.buf.subarray(offset - this.base, this.filled), 0)
    this.buf = target
    this.base = offset
    this.filled = kept
    while (this.filled < wanted) {
      const came = this.disk.read(this.fd, this.buf, this.filled, wanted, offset + this.filled)
      if (came === 0) break
      this.filled += came
    }
    return 0
  }

  private torn(reason: string): false {
    return this.found('torn', reason)
  }

  /** Damage, unless a power failure explains it. */
  private broken(reason: string): false {
    const later = this.laterFrame()
    const next = this.position + 1
    if (later !== undefined && later.durable >= next) return this.found('damaged', reason)
    const until = later === undefined ? this.fileBytes : later.offset
    if (this.hasHole(this.offset, until)) return this.found('torn', `${reason}; it has holes that were never synced`)
    return this.found('damaged', reason)
  }

  private found(kind: Finding['kind'], reason: string): false {
    this.finding = { kind, file: this.file, offset: this.offset, position: this.position + 1, reason }
    return false
  }

  /** The last valid header behind the damage: where it is, and what it says was durable. */
  private laterFrame(): { offset: number; durable: number } | undefined {
    let first: number | undefined
    let durable = 0
    const magic = Buffer.from('#frame ')
    for (let offset = this.offset + 1; offset < this.fileBytes;) {
      const at = this.need(offset, logReadBytes)
      const end = this.filled
      const found = this.buf.subarray(at, end).indexOf(magic)
      if (found < 0) {
        if (this.base + end >= this.fileBytes) break
        offset = this.base + end - magic.length
        continue
      }
      const line = this.need(offset + found, headerBytesMax)
      const lineEnd = this.buf.subarray(line, Math.min(this.filled, line + headerBytesMax)).indexOf(10)
      const header = lineEnd < 0 ? undefined : parseHeader(this.buf, line, line + lineEnd + 1)
      if (header !== undefined) {
        first ??= offset + found
        durable = Math.max(durable, header.durable)
      }
      offset += found + 1
    }
    return first === undefined ? undefined : { offset: first, durable }
  }

  /** True when some sector of the region is zeros from its (or the region's) beginning to its end. */
  private hasHole(from: number, to: number): boolean {
    for (let sector = from - (from % sectorBytes); sector < to; sector += sectorBytes) {
      const start = Math.max(sector, from)
      const end = Math.min(sector + sectorBytes, this.fileBytes)
      const at = this.need(start, end - start)
      let zeros = true
      for (let i = at; i < at + end - start && zeros; i++) zeros = this.buf[i] === 0
      if (zeros && end > start) return true
    }
    return false
  }
}
