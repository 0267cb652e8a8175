// What a master sends to its replicas, in order: the effects of each frame, and between frames what is no effect (PING,
// PUBLISH, REPLCONF GETACK). Nothing goes to the stream before the log is as safe as replies need it to be: a replica
// must not know what we might not know after a crash.

import type { Log } from '../../core/log/log.ts'
import { Appender } from '../../core/log/appender.ts'
import { firstCrc } from '../../core/log/frame.ts'
import type { Disk } from '../../core/disk.ts'
import { frameEndsMax } from '../limits.ts'
import { effectsOf } from './effects.ts'
import type { ReplicationState } from './replication-state.ts'

/** A frame's last position, and the last byte of the stream that it is in. */
type FrameEnd = { readonly position: number, readonly last: number }

type Piece = { bytes: Buffer, position: number, foreign: string | undefined }

export class ReplicationStream {
  /** Called when the stream is about to hold an effect that redis-server 7 doesn't know. */
  onForeign: ((name: string) => void) | undefined
  private readonly state: ReplicationState
  private readonly waiting: Piece[]
  /** Commands that follow the effects of the open turn. */
  private later: Buffer[]
  private waitingBytes: number
  /** Of the last frames, oldest first; without any, all that was logged was in the stream up to byte `before`. */
  private ends: FrameEnd[]
  private before: number

  constructor(state: ReplicationState) {
    this.onForeign = undefined
    this.state = state
    this.waiting = []
    this.later = []
    this.waitingBytes = 0
    this.ends = []
    this.before = 0
  }

  /** Number of the last byte, with those that wait for the log. */
  get last(): number {
    return this.state.masterReplOffset + this.waitingBytes
  }

  /** Something has not gone to the replicas yet. */
  get pending(): boolean {
    return this.waiting.length > 0 || this.later.length > 0
  }

  /** Takes a frame that was sealed: the body `buf[from..to)`, which ends at `position`. */
  takeFrame(buf: Buffer, from: number, to: number, position: number): void {
    if (this.state.role !== 'master' || this.state.backlog === undefined) return
    const { bytes, foreign } = effectsOf(buf, from, to)
    this.put({ bytes, position, foreign })
    this.ends.push({ position, last: this.last })
    if (this.ends.length < frameEndsMax) return
    this.ends = this.ends.slice(frameEndsMax >> 1)
  }

  /** The last byte of what was logged up to `position`; undefined while that is in no frame. */
  lastOf(position: number, log: Log): number | undefined {
    if (position > log.sealed) return undefined
    const { ends } = this
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[middle]!.position < position) low = middle + 1
      else high = middle
    }
    if (low < ends.length) return ends[low]!.last
    return ends.length > 0 ? this.last : this.before
  }

  /** Puts a command that is no effect behind all that was sealed. */
  takeCommand(bytes: Buffer, log: Log): void {
    if (this.state.role !== 'master' || this.state.backlog === undefined) return
    this.put({ bytes, position: log.appended, foreign: undefined })
  }

  /** As `takeCommand`, behind what the open turn writes. */
  takeLater(bytes: Buffer): void {
    this.later.push(bytes)
  }

  /** Lets go what the log has made safe. */
  release(log: Log): void {
    if (this.later.length > 0 && log.pendingBytes === 0) {
      for (const bytes of this.later.splice(0)) this.takeCommand(bytes, log)
    }
    const { safe } = log
    let gone = 0
    for (const piece of this.waiting) {
      if (piece.position > safe) break
      gone++
    }
    if (gone === 0) return
    for (const piece of this.waiting.splice(0, gone)) {
      this.waitingBytes -= piece.bytes.length
      if (piece.foreign === undefined) this.state.feed(piece.bytes)
      else {
        this.onForeign?.(piece.foreign)
        this.state.feed(piece.bytes)
        this.state.barrier()
      }
    }
  }

  /** Forgets what waits: the stream ends here. */
  clear(): void {
    this.waiting.length = 0
    this.later.length = 0
    this.waitingBytes = 0
    this.ends = []
    this.before = this.last
  }

  private put(piece: Piece): void {
    this.waiting.push(piece)
    this.waitingBytes += piece.bytes.length
  }
}

/** A log that keeps nothing but makes frames, for replicas of a broker with `appendonly no`. Goes on at `position`. */
export function passingLog(position: number): Appender {
  return new Appender({
    disk: nowhere, policy: 'no', nextSegment: () => 0, end: { fd: 0, bytes: 0, crc: firstCrc, position },
  })
}

/** Takes all bytes and keeps none. */
const nowhere: Disk = {
  openAppend: () => 0,
  openRead: () => 0,
  close() {},
  write: (_fd, _buf, from, to) => to - from,
  read: () => 0,
  readLater: (_fd, _buf, _from, _to, _position, done) => void setImmediate(() => done(undefined, 0)),
  truncate() {},
  sync() {},
  syncLater: (_fd, done) => void setImmediate(() => done(undefined)),
  syncFolder() {},
  makeFolder() {},
  list: () => [],
  size: () => -1,
  rename() {},
  unlink() {},
}
