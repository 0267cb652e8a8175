// Where a checkpoint's bytes go: a new file that is synced as it grows, so that the system has no gigabytes to write at
// once while others wait for their own syncs.

import { writeAll } from '../disk.ts'
import type { Disk } from '../disk.ts'
import { checkpointSyncBytes } from '../limits.ts'

export class CheckpointSink {
  /** Bytes that were written. */
  bytes: number
  private readonly disk: Disk
  private readonly fd: number
  private synced: number

  /** The file is made anew. */
  constructor(disk: Disk, file: string) {
    this.bytes = 0
    this.disk = disk
    this.fd = disk.openAppend(file)
    this.synced = 0
    disk.truncate(this.fd, 0)
  }

  write(buf: Uint8Array, from: number, to: number): void {
    writeAll(this.disk, this.fd, buf, from, to, this.bytes)
    this.bytes += to - from
    if (this.bytes - this.synced < checkpointSyncBytes) return
    this.disk.sync(this.fd)
    this.synced = this.bytes
  }

  /** All of it is on the medium when that returns. */
  sync(): void {
    this.disk.sync(this.fd)
  }

  close(): void {
    this.disk.close(this.fd)
  }
}
