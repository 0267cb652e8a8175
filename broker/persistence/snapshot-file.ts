// A checkpoint written to a file, a slice of each turn, while commands go on. It may be a snapshot of live memory: then
// commands that change keys which it has not reached make it write, too. What the disk says then must not reach them,
// and is kept for the end.

import type { ByteSink } from '../../core/checkpoint/checkpoint-writer.ts'
import { writeAll } from '../../core/disk.ts'
import type { Broker } from '../broker.ts'
import { synced } from './copy-file.ts'
import { SnapshotPace } from './snapshot-pace.ts'

/** What is written. */
export type FileSource = {
  /** Goes on until the monotonic clock passes `until`; true when all has gone to the sink. */
  step: (until: number) => boolean
  /** Nobody wants it any more. */
  abandon: () => void
}

export class SnapshotFile {
  private readonly broker: Broker
  private readonly file: string
  private readonly fd: number
  private readonly source: FileSource
  private at: number
  private failure: Error | undefined
  private aborted: boolean

  /** The source is made now. Throws the disk's error when the file can't be made. */
  constructor(broker: Broker, file: string, make: (sink: ByteSink) => FileSource) {
    const { disk } = broker
    this.broker = broker
    this.file = file
    this.at = 0
    this.failure = undefined
    this.aborted = false
    this.fd = disk.openAppend(file)
    disk.truncate(this.fd, 0)
    this.source = make((buf, from, to) => {
      if (this.failure !== undefined) return
      try {
        writeAll(disk, this.fd, buf, from, to, this.at)
        this.at += to - from
      } catch (error) {
        this.failure = error as Error
      }
    })
  }

  /** Writes all of it; false when it was aborted. Throws the disk's error. The file is gone in both cases. */
  async run(): Promise<boolean> {
    const { disk } = this.broker
    const pace = new SnapshotPace(this.broker)
    let stands = false
    try {
      while (!this.aborted && this.failure === undefined) {
        if (this.source.step(pace.sliceEndMs)) break
        await pace.rest()
      }
      if (this.failure === undefined && !this.aborted) await synced(disk, this.fd)
      if (this.failure !== undefined) throw this.failure
      stands = !this.aborted
      return stands
    } finally {
      this.source.abandon()
      disk.close(this.fd)
      if (!stands) disk.unlink(this.file)
    }
  }

  abort(): void {
    this.aborted = true
    this.source.abandon()
  }
}
