// The whole dataset as an RDB file for replicas, exactly as it is at its cut, made a slice of each turn while commands
// go on. Either it is sent as it is made: then little of it is in memory at a time. Or it is made as a file first, for
// replicas that must know its length beforehand.

import path from 'node:path'
import { beginFile } from '../../core/checkpoint/rdb-save.ts'
import { Snapshot } from '../../core/checkpoint/snapshot.ts'
import type { SnapshotOptions } from '../../core/checkpoint/snapshot.ts'
import type { Disk } from '../../core/disk.ts'
import type { Broker } from '../broker.ts'
import { datasetReadBytes } from '../limits.ts'
import { SnapshotFile } from '../persistence/snapshot-file.ts'
import { Backlog } from './backlog.ts'

/** What replicas read, each at its own place. */
export type Dataset = {
  /** Nothing is added any more. */
  readonly complete: boolean
  /** The bytes from number `at` on (from 1), as far as they are at hand; none where there are none yet. */
  read: (at: number) => Buffer
  /** Nobody needs the bytes before number `needed` any more. */
  trim: (needed: number) => void
}

export type DatasetOptions = SnapshotOptions & {
  /** False after REPLCONF rdb-filter-only functions: only libraries are wanted. */
  keys: boolean
}

/** Made as fast as replicas take it. */
export class StreamedDataset implements Dataset {
  complete: boolean
  private readonly bytes: Backlog
  private readonly snapshot: Snapshot | undefined

  /** The cut is now. `head` goes before the file. */
  constructor(b: Broker, options: DatasetOptions, head: Buffer) {
    this.complete = false
    this.bytes = new Backlog(0, 0)
    this.bytes.append(head, 0, head.length)
    const keep = (buf: Buffer, from: number, to: number): void => this.bytes.append(buf, from, to)
    if (options.keys) this.snapshot = new Snapshot(b.engine, keep, options)
    else beginFile(b.engine, keep, options).end()
  }

  /** Bytes that were made. */
  get size(): number {
    return this.bytes.last
  }

  /** Goes on until the monotonic clock passes `until`; true when the file is complete. */
  step(until: number): boolean {
    return this.snapshot === undefined || this.snapshot.step(until)
  }

  /** `tail` follows the file. */
  end(tail: Buffer): void {
    this.bytes.append(tail, 0, tail.length)
    this.complete = true
  }

  abandon(): void {
    this.snapshot?.abandon()
  }

  read(at: number): Buffer {
    return this.bytes.read(at)
  }

  trim(needed: number): void {
    this.bytes.trim(needed)
  }
}

/** A file of its own, which has no name any more once it is complete. */
export class StoredDataset implements Dataset {
  complete: boolean
  size: number
  private readonly disk: Disk
  private readonly file: string
  private readonly writing: SnapshotFile
  private fd: number

  /** The cut is now. Throws the disk's error. */
  constructor(b: Broker, options: DatasetOptions) {
    this.complete = false
    this.size = 0
    this.disk = b.disk
    this.file = path.join(b.config.values.dir, `temp-sync-${process.pid}.rdb`)
    this.writing = new SnapshotFile(b, this.file, (sink) => new Snapshot(b.engine, sink, options))
    this.fd = -1
  }

  /** Makes all of it; false when it was abandoned. Throws the disk's error. */
  async make(): Promise<boolean> {
    if (!await this.writing.run()) return false
    const { disk, file } = this
    this.size = disk.size(file)
    this.fd = disk.openRead(file)
    disk.unlink(file)
    this.complete = true
    return true
  }

  /** Nobody reads it any more. */
  abandon(): void {
    this.writing.abort()
    if (this.fd >= 0) this.disk.close(this.fd)
    this.fd = -1
  }

  read(at: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(datasetReadBytes, this.size + 1 - at)))
    if (bytes.length === 0) return bytes
    return bytes.subarray(0, this.disk.read(this.fd, bytes, 0, bytes.length, at - 1))
  }

  trim(): void {}
}
