// The appender: seals a turn's effects (open-frame.ts collects them) as one frame, and hands it to the OS in one write.
//
//   appended      in the open frame, in memory
//   sealed        a frame has it; it is written in the same call, unless the disk refuses
//   written       the operating system has it: it survives the process
//   durable       synced: it survives a power failure
//
// At most one fdatasync runs, off the thread; the next one covers everything written meanwhile. Under `always` the
// frame stays open while one runs (as long as the turns' clock stands): small frames would cost more than they win.
// Where syncs are quick, `always` syncs on the thread (syncs.ts).
//
// When a write fails, the file is cut back to its last whole frame and the frame waits in memory, its replies with it;
// `tick` tries again, in order. When a sync fails, nobody knows what the medium holds, and a later success proves
// nothing about those pages (the kernel drops them, marked clean): the log is broken, its unsynced replies never
// leave, and a restart recovers from what can be read.

import { writeAll } from '../disk.ts'
import type { Disk } from '../disk.ts'
import { heldFrameBytesMax, logMarkBytes, logMarksMax, syncIntervalMs } from '../limits.ts'
import { bodyCrc, firstCrc, renderHeader } from './frame.ts'
import type { Log, LogState } from './log.ts'
import { bodyStart, OpenFrame } from './open-frame.ts'
import type { Mark } from './reader.ts'
import { Syncs } from './syncs.ts'

export type SyncPolicy = 'always' | 'everysec' | 'no'

/** Where the segment that is appended to stands. */
export type SegmentEnd = {
  fd: number
  /** Its length in bytes, all whole frames. */
  bytes: number
  /** The crc of its last frame, `firstCrc` for none. */
  crc: number
  /** The last position that the log holds. */
  position: number
}

export type AppenderOptions = {
  disk: Disk
  end: SegmentEnd
  /** Unix ms of the log's last frame, or later; unknown when it is left out. */
  endMs?: number
  policy: SyncPolicy
  /** `aof-timestamp-enabled`: frames whose second is another than the one before begin with Redis's `#TS:` line. */
  stamps?: boolean
  /** Makes the next segment's file when `rotate` is called. */
  nextSegment: () => number
  /** Tells how long writes and syncs take, so that quick ones run on the thread; without it none does. */
  monotonicMs?: () => number
}

export class Appender extends OpenFrame implements Log {
  state: LogState
  failure: Error | undefined
  sealed: number
  written: number
  durable: number
  /** Unix ms of the last sealed frame; 0: nobody knows. */
  sealedMs: number
  onProgress: (() => void) | undefined
  /** Called with each frame that is sealed: its body `buf[from..to)`, and the position that it ends at. */
  onFrame: ((buf: Buffer, from: number, to: number, position: number) => void) | undefined
  /** Called with the milliseconds that each write of a frame took; while it is set the clock is asked for them. */
  onWritten: ((ms: number) => void) | undefined
  /** Frames that were sealed. */
  frames: number
  readonly syncs: Syncs
  /** Bytes of the current segment. */
  segmentBytes: number
  /** Where readers of the current segment may begin, from its (or this process's) beginning on. */
  marks: Mark[]
  private policy: SyncPolicy
  private readonly disk: Disk
  private readonly monotonicMs: (() => number) | undefined
  private readonly nextSegment: () => number
  private fd: number
  private crc: number
  private stamps: boolean
  /** Unix seconds of the segment's last `#TS:` line. */
  private stampedSecond: number
  /** Bytes of the segment up to its last mark. */
  private markedBytes: number
  /** Frames that the disk refused, oldest first. */
  private readonly waiting: { bytes: Buffer; position: number; crc: number }[]
  /** The file may end in a part of a frame that couldn't be cut off yet. */
  private tornTail: boolean
  private lastSync: number
  private now: number
  private readonly rotations: { done: (position: number) => void; failed: (error: Error) => void }[]
  private readonly flushed: { position: number; done: () => void; failed: (error: Error) => void }[]

  constructor(options: AppenderOptions) {
    super(options.end.bytes > 0)
    this.state = 'ok'
    this.failure = undefined
    this.sealed = options.end.position
    this.written = options.end.position
    this.durable = options.end.position
    this.onProgress = undefined
    this.onFrame = undefined
    this.onWritten = undefined
    this.frames = 0
    this.syncs = new Syncs(options.disk, options.monotonicMs)
    this.segmentBytes = options.end.bytes
    const { bytes: offset, position, crc } = options.end
    this.marks = [{ offset, position, crc, ms: options.endMs ?? Infinity, db: 0, by: '' }]
    this.policy = options.policy
    this.disk = options.disk
    this.monotonicMs = options.monotonicMs
    this.nextSegment = options.nextSegment
    this.fd = options.end.fd
    this.crc = options.end.crc
    this.sealedMs = options.endMs ?? 0
    this.stamps = options.stamps ?? false
    this.stampedSecond = -1
    this.markedBytes = offset
    this.waiting = []
    this.tornTail = false
    this.lastSync = 0
    this.now = 0
    this.rotations = []
    this.flushed = []
  }

  get safe(): number {
    return this.policy === 'always' ? this.durable : this.written
  }

  get appended(): number {
    return this.sealed + this.entries
  }

  get holding(): boolean {
    return this.policy === 'always' && this.syncs.running && this.state === 'ok' && this.at < heldFrameBytesMax
  }

  get gatherMs(): number {
    return this.syncsHere && this.entries > 0 && this.state === 'ok' ? this.syncs.usualMs : 0
  }

  /** Bytes of frames that the disk refused. */
  get waitingBytes(): number {
    return this.waiting.reduce((bytes, frame) => bytes + frame.bytes.length, 0)
  }

  setPolicy(policy: SyncPolicy): void {
    this.policy = policy
    if (policy === 'always') this.syncSoon()
    this.onProgress?.()
  }

  setStamps(stamps: boolean): void {
    this.stamps = stamps
  }

  seal(ms: number): void {
    if (this.entries === 0) return
    const bodyFrom = this.stamps ? this.stamp(ms) : bodyStart
    const body = this.buf.subarray(bodyFrom, this.at)
    const crc = bodyCrc(body, this.crc)
    const header = renderHeader({
      position: this.sealed + 1, entries: this.entries, bodyBytes: body.length, ms, durable: this.durable, crc,
    })
    const from = bodyFrom - header.length
    this.buf.write(header, from, 'latin1')
    this.sealed += this.entries
    this.sealedMs = ms
    this.frames++
    this.crc = crc
    this.entries = 0
    if (this.onFrame !== undefined) this.onFrame(this.buf, bodyFrom, this.at, this.sealed)
    if (this.state === 'ok') this.write(from, crc)
    else this.waiting.push({ bytes: Buffer.from(this.buf.subarray(from, this.at)), position: this.sealed, crc })
    this.nextFrame()
    if (this.rotations.length > 0) this.rotateNow()
  }

  /** Puts the second of the frame before its body, unless the segment says it already; where the body begins. */
  private stamp(ms: number): number {
    const second = Math.floor(ms / 1000)
    if (second === this.stampedSecond) return bodyStart
    this.stampedSecond = second
    const line = `#TS:${second}\r\n`
    this.buf.write(line, bodyStart - line.length, 'latin1')
    return bodyStart - line.length
  }

  /** To be called ten times a second or so: syncs under `everysec`, and tries what failed again. */
  tick(monotonicMs: number): void {
    this.now = monotonicMs
    if (this.state === 'failing') this.retry()
    if (this.rotations.length > 0) this.rotateNow()
    if (this.policy === 'everysec' && monotonicMs - this.lastSync >= syncIntervalMs) this.syncSoon()
  }

  flush(): Promise<void> {
    if (this.state === 'broken') return Promise.reject(this.failure!)
    if (this.durable >= this.appended) return Promise.resolve()
    const done = new Promise<void>((resolve, reject) => {
      this.flushed.push({ position: this.appended, done: resolve, failed: reject })
    })
    this.syncSoon()
    return done
  }

  /**
   * Ends the segment, synced, and begins the next, as soon as no frame is half done: the cut is between two frames.
   * Resolves with the last position before it. Rejects when the disk refuses; the segment goes on then.
   */
  async rotate(): Promise<number> {
    await this.flush()
    return await new Promise((done, failed) => {
      this.rotations.push({ done, failed })
      this.rotateNow()
    })
  }

  /** Rotates for whoever waits for it, unless a frame, a sync or the disk is in the way; they are asked again then. */
  private rotateNow(): void {
    if (this.rotations.length === 0 || this.entries > 0 || this.syncs.running) return
    if (this.state !== 'ok') {
      for (const { failed } of this.rotations.splice(0)) failed(this.failure!)
      return
    }
    const waiters = this.rotations.splice(0)
    try {
      // All but the last turn's frame was synced off the thread before.
      if (this.durable < this.written) {
        this.disk.sync(this.fd)
        this.synced(this.written)
      }
    } catch (error) {
      this.breakDown(error as Error)
      for (const { failed } of waiters) failed(error as Error)
      return
    }
    try {
      const fd = this.nextSegment()
      this.disk.close(this.fd)
      this.fd = fd
    } catch (error) {
      for (const { failed } of waiters) failed(error as Error)
      return
    }
    this.segmentBytes = 0
    this.stampedSecond = -1
    this.crc = firstCrc
    this.beginSegment()
    this.markedBytes = 0
    this.marks = [{ offset: 0, position: this.sealed, crc: firstCrc, ms: this.sealedMs, db: 0, by: '' }]
    for (const { done } of waiters) done(this.sealed)
  }

  async close(): Promise<void> {
    if (this.state === 'ok') await this.flush()
    while (this.syncs.running) await new Promise((resolve) => setImmediate(resolve))
    this.disk.close(this.fd)
  }

  private write(from: number, crc: number): void {
    const bytes = this.at - from
    const began = this.onWritten === undefined ? 0 : this.monotonicMs?.() ?? 0
    try {
      writeAll(this.disk, this.fd, this.buf, from, this.at, this.segmentBytes)
    } catch (error) {
      this.waiting.push({ bytes: Buffer.from(this.buf.subarray(from, this.at)), position: this.sealed, crc })
      this.fail(error as Error)
      return
    }
    this.onWritten?.((this.monotonicMs?.() ?? 0) - began)
    this.segmentBytes += bytes
    this.written = this.sealed
    if (this.segmentBytes - this.markedBytes >= logMarkBytes) this.mark()
    // A rotation that waits syncs the frame itself.
    if (this.rotations.length > 0 && !this.syncs.running) return
    if (this.policy === 'always' || this.flushed.length > 0) this.syncSoon()
  }

  /** A reader may begin behind the frame that was written just now. */
  private mark(): void {
    const { segmentBytes: offset, sealed: position, crc, sealedMs: ms, lastDb, lastBy } = this
    this.markedBytes = offset
    // However long the segment becomes: every second one does it then.
    if (this.marks.length >= logMarksMax) this.marks = this.marks.filter((_, i) => i % 2 === 0)
    const by = lastBy?.toString('latin1').trimEnd() ?? ''
    this.marks.push({ offset, position, crc, ms, db: Math.max(0, lastDb), by })
  }

  private fail(error: Error): void {
    this.state = 'failing'
    this.failure = error
    this.tornTail = true
    this.cutTail()
    this.onProgress?.()
  }

  /** Cuts what a failed write left behind the last whole frame. */
  private cutTail(): boolean {
    if (!this.tornTail) return true
    try {
      this.disk.truncate(this.fd, this.segmentBytes)
      this.tornTail = false
      return true
    } catch (error) {
      this.failure = error as Error
      return false
    }
  }

  private retry(): void {
    if (!this.cutTail()) return
    for (;;) {
      const frame = this.waiting[0]
      if (frame === undefined) break
      try {
        writeAll(this.disk, this.fd, frame.bytes, 0, frame.bytes.length, this.segmentBytes)
      } catch (error) {
        this.fail(error as Error)
        return
      }
      this.waiting.shift()
      this.segmentBytes += frame.bytes.length
      this.written = frame.position
    }
    this.state = 'ok'
    this.failure = undefined
    if (this.policy === 'always' || this.flushed.length > 0) this.syncSoon()
    this.onProgress?.()
  }

  /** Syncs are quick, and each frame needs one: they run on the thread. */
  private get syncsHere(): boolean {
    return this.policy === 'always' && this.syncs.areQuick
  }

  private syncSoon(): void {
    if (this.syncs.running || this.durable >= this.written || this.state === 'broken') return
    const position = this.written
    this.syncs.start(this.fd, this.syncsHere, (error) => this.syncEnded(position, error))
  }

  private syncEnded(position: number, error: Error | undefined): void {
    this.lastSync = this.now
    if (error === undefined) this.synced(position)
    else this.breakDown(error)
    if (this.rotations.length > 0) this.rotateNow()
  }

  private synced(position: number): void {
    this.durable = position
    while (this.flushed.length > 0 && this.flushed[0]!.position <= position) this.flushed.shift()!.done()
    if (this.written > position && (this.policy === 'always' || this.flushed.length > 0)) this.syncSoon()
    this.onProgress?.()
  }

  private breakDown(error: Error): void {
    this.state = 'broken'
    this.failure = error
    for (const waiter of this.flushed.splice(0)) waiter.failed(error)
    this.onProgress?.()
  }
}
