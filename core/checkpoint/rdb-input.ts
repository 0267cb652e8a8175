// Where RDB values are read from: bytes in memory, and the format's numbers and strings (see rdb-output.ts). Every read
// throws RdbError where the bytes end too early or can't be what they should.

import { formatInt64, int64Digits } from '../types/int64.ts'
import { decompress } from './lzf.ts'
import { encodings, lengths, RdbError, RdbShortError } from './rdb-format.ts'

const two32 = 0x100000000

/** Where more bytes come from, when those at hand are used up. */
export type InputSource = {
  /** Bytes that it has. */
  bytesLeft: number
  /** Calls `over` with what is not read yet and more, `bytes` at least; false when it hasn't so many. */
  fetch: (bytes: number) => boolean
}

/** What is unpacked to more bytes gets memory of its own. */
const unpackedBytesKept = 64 * 1024

export class RdbInput {
  buf: Buffer
  at: number
  end: number
  /** What `string` read last: `text[from..to)`, until the next call. */
  text: Uint8Array
  from: number
  to: number
  /** Where it stands in `buf` if it is compressed there; `packedTo` is 0 if it isn't. */
  packedFrom: number
  packedTo: number
  /** The words of the length that was read last. */
  high: number
  low: number
  /** All of it counts only if a checksum turns out to be right, which says that what was written is what is read. */
  readonly sealed: boolean
  /** Low bits of the byte that stood in place of a length; -1 when it was a length. */
  private encoding: number
  private readonly stringBytesMax: number
  /** Where compressed strings are unpacked. */
  private unpacked: Buffer | undefined
  private readonly source: InputSource | undefined

  constructor(
    buf: Buffer, from: number, to: number, stringBytesMax: number, source?: InputSource, sealed = false,
  ) {
    this.buf = buf
    this.at = from
    this.end = to
    this.text = buf
    this.from = from
    this.to = from
    this.packedFrom = 0
    this.packedTo = 0
    this.high = 0
    this.low = 0
    this.sealed = sealed
    this.encoding = -1
    this.stringBytesMax = stringBytesMax
    this.unpacked = undefined
    this.source = source
  }

  /** Reads `buf[at..end)` from now on. */
  over(buf: Buffer, at: number, end: number): void {
    this.buf = buf
    this.at = at
    this.end = end
  }

  /** Moves on by so many bytes; returns where they begin in `buf`, which may be another one then. */
  take(bytes: number): number {
    if (bytes > this.end - this.at) this.fetch(bytes)
    const from = this.at
    this.at = from + bytes
    return from
  }

  private fetch(bytes: number): void {
    if (this.source?.fetch(bytes) !== true) throw new RdbShortError('the bytes end within a value')
  }

  byte(): number {
    const at = this.take(1)
    return this.buf[at]!
  }

  u32(): number {
    const at = this.take(4)
    return this.buf.readUInt32LE(at)
  }

  double(): number {
    const at = this.take(8)
    return this.buf.readDoubleLE(at)
  }

  /** A signed 64-bit number of milliseconds; exact up to 2^53. */
  ms(): number {
    const at = this.take(8)
    return this.buf.readInt32LE(at + 4) * two32 + this.buf.readUInt32LE(at)
  }

  /** The same with all its bits. */
  exactMs(): bigint {
    const at = this.take(8)
    return this.buf.readBigInt64LE(at)
  }

  /** A length; exact up to 2^53, `high` and `low` are its words. */
  length(): number {
    this.lengthOrEncoding()
    if (this.encoding >= 0) throw new RdbError('an encoded string in place of a length')
    return this.high * two32 + this.low
  }

  /** A length as a number of things that each take at least one byte. */
  count(): number {
    const count = this.length()
    if (count > this.end - this.at + (this.source?.bytesLeft ?? 0)) throw new RdbShortError('more elements than bytes')
    return count
  }

  private lengthOrEncoding(): void {
    const first = this.byte()
    this.encoding = -1
    this.high = 0
    const kind = first >>> 6
    if (kind === lengths.short) this.low = first & 63
    else if (kind === lengths.middle) this.low = ((first & 63) << 8) | this.byte()
    else if (kind === lengths.encoded) this.encoding = first & 63
    else if (first === lengths.wide32) {
      const at = this.take(4)
      this.low = this.buf.readUInt32BE(at)
    } else if (first === lengths.wide64) {
      const at = this.take(8)
      this.high = this.buf.readUInt32BE(at)
      this.low = this.buf.readUInt32BE(at + 4)
    } else throw new RdbError(`an unknown length 0x${first.toString(16)}`)
  }

  /** Reads a string: `text[from..to)`. */
  string(): void {
    this.packedString()
    if (this.packedTo > 0) this.unpack()
  }

  /**
   * As `string`, but what is compressed stays so: then `packedTo` is not 0, `to` says how many bytes it will have, and
   * `text` has none of them until `unpack`.
   */
  packedString(): void {
    this.lengthOrEncoding()
    this.packedTo = 0
    if (this.encoding < 0) {
      this.from = this.take(this.high * two32 + this.low)
      this.text = this.buf
      this.to = this.at
    } else if (this.encoding === encodings.lzf) this.compressed()
    else if (this.encoding <= encodings.int32) this.integer(1 << this.encoding)
    else throw new RdbError(`an unknown string encoding ${this.encoding}`)
  }

  /** Unpacks what `packedString` left compressed. */
  unpack(): void {
    const out = this.roomFor(this.to)
    if (!decompress(this.buf, this.packedFrom, this.packedTo, out, this.to)) {
      throw new RdbError('compressed bytes are damaged')
    }
    this.text = out
  }

  /** Goes behind a string. */
  passString(): void {
    this.lengthOrEncoding()
    if (this.encoding < 0) this.take(this.high * two32 + this.low)
    else if (this.encoding === encodings.lzf) {
      const packed = this.length()
      this.length()
      this.take(packed)
    } else if (this.encoding <= encodings.int32) this.take(1 << this.encoding)
    else throw new RdbError(`an unknown string encoding ${this.encoding}`)
  }

  /** A string as bytes of its own. */
  copy(): Buffer {
    this.string()
    return Buffer.from(this.text.subarray(this.from, this.to))
  }

  private integer(bytes: number): void {
    const at = this.take(bytes)
    const value = this.buf.readIntLE(at, bytes)
    this.text = int64Digits
    this.from = formatInt64(value >> 31, value)
    this.to = int64Digits.length
  }

  private compressed(): void {
    const packed = this.length()
    const size = this.length()
    if (size > this.stringBytesMax) throw new RdbError('a string beyond proto-max-bulk-len')
    const from = this.take(packed)
    // A copy of 264 bytes takes three, so nothing real is smaller than that.
    if (size > packed * 264) throw new RdbError('compressed bytes are damaged')
    this.from = 0
    this.to = size
    this.packedFrom = from
    this.packedTo = this.at
  }

  private roomFor(bytes: number): Buffer {
    if (bytes > unpackedBytesKept) return Buffer.allocUnsafe(bytes)
    this.unpacked ??= Buffer.allocUnsafeSlow(unpackedBytesKept)
    return this.unpacked
  }
}
