// RDB files, read as a stream: bytes are pushed as they come (from a file, from a socket), records are visited when
// they are whole. The window holds what is not visited yet, so it grows to the largest value, whatever the file's size.
//
//   push(bytes) … step(visitor) → 'record' again and again, 'more' when bytes are lacking, 'end' behind the checksum
//
// With a source it fetches them itself, within a record too: the window grows to the longest string only.

import { Crc64 } from './crc64.ts'
import {
  rdbChecksumBytes, RdbError, rdbHeaderBytes, rdbMagic, rdbOpcodes, RdbShortError, rdbTypes, rdbVersionMax,
} from './rdb-format.ts'
import { RdbInput } from './rdb-input.ts'
import type { InputSource } from './rdb-input.ts'
import { streamExtraName } from './stream-extra.ts'
import { StringRun } from './string-run.ts'

/** Values that extra facts may stand before. */
const streamTypes = new Set<number>([rdbTypes.streamListpacks, rdbTypes.streamListpacks2, rdbTypes.streamListpacks3])
const windowBytes = 1024 * 1024

/** What stands before a key, good until the next one. */
export type RdbKey = {
  /** Of `rdbTypes`. */
  type: number
  name: Uint8Array
  from: number
  to: number
  /** Unix ms, -1 for none; and the same where a double can't hold it. */
  deadline: number
  exactDeadline: bigint | undefined
  /** -1 where the file doesn't say. */
  idleSeconds: number
  frequency: number
  /** What of a stream has no place in its type (stream-extra.ts). */
  extra: Buffer | undefined
}

/**
 * What a file says, in order. When `key` throws RdbShortError, the record comes again with more bytes: it must have
 * changed nothing by then.
 */
export type RdbVisitor = {
  aux?: (name: string, value: string) => void
  /** A library's source, one character a byte. */
  library: (source: string) => void
  database: (index: number) => void
  sizes?: (keys: number, dated: number) => void
  /** Must read the value, or skip it, from `input`. The name may stand elsewhere then. */
  key: (key: RdbKey, input: RdbInput) => void
  /** As `key` for many plain strings at once. Returns how many of them it took: the next one comes to `key`. */
  strings?: (run: StringRun) => number
}

/** What a file is read from. */
export type ByteSource = {
  bytes: number
  /** Reads into `buf[from..to)`; returns how many bytes came, 0 at the end. */
  read: (buf: Buffer, from: number, to: number) => number
}

export class RdbFileReader implements InputSource {
  version: number
  /** Bytes of the file that were visited. */
  offset: number
  /** Bytes that the source still has. */
  bytesLeft: number
  private readonly input: RdbInput
  private readonly crc: Crc64
  private readonly checks: boolean
  private readonly source: ByteSource | undefined
  private readonly run: StringRun
  private window: Buffer
  /** Of the window: where it stands in the file, what was visited of it, what counts to the checksum, what is there. */
  private base: number
  private start: number
  private summed: number
  private filled: number
  /** With fewer bytes than that the record at hand is not whole. */
  private wanted: number
  private ended: boolean
  private readonly current: RdbKey

  /**
   * `stringBytesMax`: longest string that is believed; `checks`: `rdbchecksum`; without `source` bytes are pushed;
   * `sealed`: a checksum is there, and must be right.
   */
  constructor(stringBytesMax: number, checks: boolean, source?: ByteSource, sealed = false) {
    this.version = 0
    this.offset = 0
    this.bytesLeft = source?.bytes ?? 0
    this.window = Buffer.allocUnsafeSlow(windowBytes)
    this.input = new RdbInput(this.window, 0, 0, stringBytesMax, this, sealed)
    this.crc = new Crc64()
    this.checks = checks
    this.source = source
    this.run = new StringRun()
    this.base = 0
    this.start = 0
    this.summed = 0
    this.filled = 0
    this.wanted = 0
    this.ended = false
    this.current = {
      type: 0, name: this.window, from: 0, to: 0, deadline: -1, exactDeadline: undefined, idleSeconds: -1,
      frequency: -1, extra: undefined,
    }
  }

  /** Where the next bytes may be written: `buf[from..to)`, then `came(bytes)`. At least one byte. */
  room(): { buf: Buffer; from: number; to: number } {
    if (this.filled === this.window.length) this.makeRoom()
    return { buf: this.window, from: this.filled, to: this.window.length }
  }

  came(bytes: number): void {
    this.filled += bytes
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const { buf, from, to } = this.room()
      const size = Math.min(to - from, bytes.length - at)
      buf.set(bytes.subarray(at, at + size), from)
      this.came(size)
      at += size
    }
  }

  /** No more bytes will come. */
  end(): void {
    this.ended = true
  }

  /** Bytes that were pushed behind the file's end. */
  rest(): Buffer {
    return this.window.subarray(this.start, this.filled)
  }

  /** Bytes for a record at whose beginning there are too few: called by `input` where there is a source. */
  fetch(bytes: number): boolean {
    const { input, source } = this
    if (source === undefined || bytes > input.end - input.at + this.bytesLeft) return false
    this.keepName()
    this.forget(input.at, bytes > this.window.length ? Math.max(bytes, this.window.length * 2) : 0)
    while (this.filled < bytes) {
      const came = source.read(this.window, this.filled, this.window.length)
      this.bytesLeft = came === 0 ? 0 : this.bytesLeft - came
      if (came === 0) break
      this.filled += came
    }
    input.over(this.window, 0, this.filled)
    return this.filled >= bytes
  }

  /** Visits one record, or many of plain strings. Throws RdbError; `offset` is where the record begins. */
  step(visitor: RdbVisitor): 'record' | 'more' | 'end' {
    const had = this.filled - this.start
    if (had < this.wanted && !this.ended) return 'more'
    const { input } = this
    if (visitor.strings !== undefined && this.version > 0) {
      this.run.read(this.window, this.start, this.filled)
      const taken = this.run.count === 0 ? 0 : visitor.strings(this.run)
      if (taken > 0) {
        this.wanted = 0
        this.pass(this.run.end[taken - 1]!)
        return 'record'
      }
    }
    input.over(this.window, this.start, this.filled)
    let last: boolean
    try {
      if (this.version === 0) {
        this.header()
        last = false
      } else last = this.record(visitor)
    } catch (error) {
      if (!(error instanceof RdbShortError) || this.ended || this.source !== undefined) throw error
      this.wanted = Math.max(had * 2, 64)
      return 'more'
    }
    this.wanted = 0
    this.pass(input.at)
    if (last && this.checks) this.verify()
    return last ? 'end' : 'record'
  }

  private header(): void {
    const { input } = this
    const at = input.take(rdbHeaderBytes)
    const text = input.buf.toString('latin1', at, at + rdbHeaderBytes)
    if (!text.startsWith(rdbMagic)) throw new RdbError('no RDB file: it doesn\'t begin with REDIS')
    const version = /^\d{4}$/.test(text.slice(rdbMagic.length)) ? Number(text.slice(rdbMagic.length)) : 0
    if (version < 1 || version > rdbVersionMax) {
      throw new RdbError(`RDB version ${text.slice(rdbMagic.length)}; versions up to ${rdbVersionMax} are known`)
    }
    this.version = version
  }

  /** Reads one record; true when it was the end. */
  private record(visitor: RdbVisitor): boolean {
    const { input, current } = this
    current.deadline = -1
    current.exactDeadline = undefined
    current.idleSeconds = -1
    current.frequency = -1
    current.extra = undefined
    for (;;) {
      const opcode = input.byte()
      switch (opcode) {
        case rdbOpcodes.deadlineMs: {
          current.deadline = input.ms()
          if (!Number.isSafeInteger(current.deadline)) {
            input.at -= 8
            current.exactDeadline = input.exactMs()
          }
          continue
        }
        case rdbOpcodes.deadlineSeconds: {
          current.deadline = input.u32() * 1000
          continue
        }
        case rdbOpcodes.idle: {
          current.idleSeconds = input.length()
          continue
        }
        case rdbOpcodes.frequency: {
          current.frequency = input.byte()
          continue
        }
        case rdbOpcodes.aux: {
          const name = this.text()
          const value = this.text()
          if (name === streamExtraName) {
            current.extra = Buffer.from(value, 'latin1')
            continue
          }
          visitor.aux?.(name, value)
          return false
        }
        case rdbOpcodes.library: {
          visitor.library(this.text())
          return false
        }
        case rdbOpcodes.database: {
          visitor.database(input.length())
          return false
        }
        case rdbOpcodes.resize: {
          const keys = input.length()
          const dated = input.length()
          visitor.sizes?.(keys, dated)
          return false
        }
        case rdbOpcodes.slotInfo: {
          for (let i = 0; i < 3; i++) input.length()
          return false
        }
        case rdbOpcodes.end: {
          if (this.version >= 5) input.take(rdbChecksumBytes)
          return true
        }
        case rdbOpcodes.libraryPreview: throw new RdbError('functions of a preview of Redis 7.0 (opcode 246)')
        case rdbOpcodes.moduleData: throw new RdbError('data of a module (opcode 247); there are no modules here')
        default: {
          current.type = opcode
          if (current.extra !== undefined && !streamTypes.has(opcode)) {
            throw new RdbError('extra facts about a stream before another type')
          }
          input.string()
          this.name()
          visitor.key(current, input)
          return false
        }
      }
    }
  }

  /** Keeps the key that `input` has read, for reading the value makes it forget. */
  private name(): void {
    const { input, current } = this
    current.name = input.text
    current.from = input.from
    current.to = input.to
    if (input.text !== input.buf) this.keepName()
  }

  /** The key gets bytes of its own: what it stands in is about to hold others. */
  private keepName(): void {
    const { current } = this
    current.name = Buffer.from(current.name.subarray(current.from, current.to))
    current.to -= current.from
    current.from = 0
  }

  private text(): string {
    const { input } = this
    input.string()
    return Buffer.from(input.text.buffer, input.text.byteOffset + input.from, input.to - input.from).toString('latin1')
  }

  /** The record ends at `at` of the window. */
  private pass(at: number): void {
    this.start = at
    this.offset = this.base + at
  }

  /** What the window has before `until` counts to the checksum. */
  private sum(until: number): void {
    if (this.checks) this.crc.update(this.window, this.summed, until)
    this.summed = until
  }

  private verify(): void {
    // The checksum doesn't count to itself.
    const at = this.start - rdbChecksumBytes
    const isThere = this.version >= 5 && (this.window.readUInt32LE(at) !== 0 || this.window.readUInt32LE(at + 4) !== 0)
    if (!isThere) {
      if (this.input.sealed) throw new RdbError('no checksum, and bytes behind the end')
      return
    }
    this.sum(at)
    const low = this.window.readUInt32LE(at)
    const high = this.window.readUInt32LE(at + 4)
    if (low !== this.crc.low || high !== this.crc.high) {
      this.offset -= rdbChecksumBytes
      throw new RdbError('the checksum is not that of the bytes before it')
    }
  }

  private makeRoom(): void {
    const kept = this.filled - this.start
    const grows = kept * 2 > this.window.length
    this.forget(this.start, grows ? Math.max(this.window.length * 2, Math.min(this.wanted, kept * 4)) : 0)
  }

  /** Moves what the window has from `at` on to its beginning; to that of one of so many bytes, unless they are 0. */
  private forget(at: number, bytes: number): void {
    this.sum(at)
    const target = bytes > 0 ? Buffer.allocUnsafeSlow(bytes) : this.window
    target.set(this.window.subarray(at, this.filled), 0)
    this.window = target
    this.base += at
    this.start = 0
    this.summed = 0
    this.filled -= at
  }
}
