// Where RDB values are read from: bytes in memory, and the format's numbers and strings (see rdb-output.ts). Every read
// throws RdbError where the bytes end too early or can't be what they should.

import { formatInt64, int64Digits } from '../types/int64.ts'
import { decompress } from './lzf.ts'
import { encodings, lengths, RdbError, RdbShortError } from './rdb-format.ts'

const two32 = 0x100000000

export class RdbInput {
  buf: Buffer
  at: number
  end: number
  /** What `string` read last: `text[from..to)`, until the next call. */
  text: Uint8Array
  from: number
  to: number
  /** The words of the length that was read last. */
  high: number
  low: number
  /** Low bits of the byte that stood in place of a length; -1 when it was a length. */
  private encoding: number
  private readonly stringBytesMax: number

  constructor(buf: Buffer, from: number, to: number, stringBytesMax: number) {
    this.buf = buf
    this.at = from
    this.end = to
    this.text = buf
    this.from = from
    this.to = from
    this.high = 0
    this.low = 0
    this.encoding = -1
    this.stringBytesMax = stringBytesMax
  }

  /** Reads `buf[at..end)` from now on. */
  over(buf: Buffer, at: number, end: number): void {
    this.buf = buf
    this.at = at
    this.end = end
  }

  /** Moves on by so many bytes; returns where they begin. */
  take(bytes: number): number {
    const from = this.at
    if (bytes > this.end - from) throw new RdbShortError('the bytes end within a value')
    this.at = from + bytes
    return from
  }

  byte(): number {
    return this.buf[this.take(1)]!
  }

  u32(): number {
    return this.buf.readUInt32LE(this.take(4))
  }

  double(): number {
    return this.buf.readDoubleLE(this.take(8))
  }

  /** A signed 64-bit number of milliseconds; exact up to 2^53. */
  ms(): number {
    const at = this.take(8)
    return this.buf.readInt32LE(at + 4) * two32 + this.buf.readUInt32LE(at)
  }

  /** The same with all its bits. */
  exactMs(): bigint {
    return this.buf.readBigInt64LE(this.take(8))
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
    if (count > this.end - this.at) throw new RdbShortError('more elements than bytes')
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
    else if (first === lengths.wide32) this.low = this.buf.readUInt32BE(this.take(4))
    else if (first === lengths.wide64) {
      this.high = this.buf.readUInt32BE(this.take(4))
      this.low = this.buf.readUInt32BE(this.take(4))
    } else throw new RdbError(`an unknown length 0x${first.toString(16)}`)
  }

  /** Reads a string: `text[from..to)`. */
  string(): void {
    this.lengthOrEncoding()
    if (this.encoding < 0) {
      this.from = this.take(this.high * two32 + this.low)
      this.text = this.buf
      this.to = this.at
    } else if (this.encoding === encodings.lzf) this.compressed()
    else if (this.encoding <= encodings.int32) this.integer(1 << this.encoding)
    else throw new RdbError(`an unknown string encoding ${this.encoding}`)
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
    const value = this.buf.readIntLE(this.take(bytes), bytes)
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
    const out = Buffer.allocUnsafe(size)
    if (!decompress(this.buf, from, this.at, out)) throw new RdbError('compressed bytes are damaged')
    this.text = out
    this.from = 0
    this.to = size
  }
}
