// Receives a dataset from a master into a file, by its length or up to a mark, without holding it in memory.
//
//   $<bytes>\r\n <the file>            $EOF:<mark, 40 bytes>\r\n <the file> <mark>

import { writeAll } from '../../core/disk.ts'
import type { Disk } from '../../core/disk.ts'

const markBytes = 40

/** The line before a dataset, without its CRLF: how long it is (-1: it isn't told), or what mark ends it. */
export function datasetLine(line: string): { bytesTotal: number; mark: Buffer | undefined } {
  const match = /^\$(?:EOF:(.{40})|(\d{1,15}))$/.exec(line)
  if (match === null) throw new Error(`the master sent ${JSON.stringify(line.slice(0, 80))} in place of a dataset`)
  return {
    bytesTotal: match[2] === undefined ? -1 : Number(match[2]),
    mark: match[1] === undefined ? undefined : Buffer.from(match[1], 'latin1'),
  }
}

export class DatasetReceiver {
  readonly file: string
  /** Bytes of the file that are there; its length when the master told it, else -1. */
  bytes: number
  readonly bytesTotal: number
  private readonly disk: Disk
  private readonly mark: Buffer | undefined
  private fd: number
  /** The last bytes that came: they may be the mark, or its beginning. */
  private tail: Buffer

  /** `line`: without its CRLF. Throws when it is none that begins a dataset. */
  constructor(disk: Disk, file: string, line: string) {
    const { bytesTotal, mark } = datasetLine(line)
    this.file = file
    this.bytes = 0
    this.bytesTotal = bytesTotal
    this.mark = mark
    this.disk = disk
    this.tail = Buffer.alloc(0)
    this.fd = disk.openAppend(file)
    disk.truncate(this.fd, 0)
  }

  /** Takes bytes; returns what follows the file when it is whole, else undefined. */
  take(bytes: Buffer): Buffer | undefined {
    if (this.mark === undefined) {
      const lacking = this.bytesTotal - this.bytes
      const part = bytes.subarray(0, lacking)
      this.write(part)
      return bytes.length < lacking ? undefined : Buffer.from(bytes.subarray(lacking))
    }
    const all = this.tail.length === 0 ? bytes : Buffer.concat([this.tail, bytes])
    const kept = Math.min(markBytes, all.length)
    this.tail = Buffer.from(all.subarray(all.length - kept))
    this.write(all.subarray(0, all.length - kept))
    return this.tail.equals(this.mark) ? Buffer.alloc(0) : undefined
  }

  /** What came is on the medium when that returns. */
  sync(): void {
    this.disk.sync(this.fd)
  }

  close(): void {
    if (this.fd >= 0) this.disk.close(this.fd)
    this.fd = -1
  }

  /** Closes and removes the file. */
  discard(): void {
    this.close()
    if (this.disk.size(this.file) >= 0) this.disk.unlink(this.file)
  }

  private write(bytes: Buffer): void {
    if (bytes.length > 0) writeAll(this.disk, this.fd, bytes, 0, bytes.length, this.bytes)
    this.bytes += bytes.length
  }
}
