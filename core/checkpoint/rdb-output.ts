// Where RDB values are written to: a growing buffer, and the format's numbers and strings.
//
//   length   00nnnnnn │ 01nnnnnn n │ 10000000 u32 big-endian │ 10000001 u64 big-endian
//   string   length, bytes │ 110000ee little-endian integer │ 11000011, compressed length, length, LZF bytes

import { int64, parseInt64Words } from '../types/int64.ts'
import { compress } from './lzf.ts'
import { encodings, lengths } from './rdb-format.ts'

const initialBytes = 4096
/** Shorter strings are not worth compressing, as in Redis. */
const compressBytesMin = 21
/** Most digits of an integer that is written as one. */
const integerDigitsMax = 11
const two32 = 0x100000000

export class RdbOutput {
  buf: Buffer
  at: number
  /** `rdbcompression` */
  compresses: boolean

  constructor(compresses: boolean) {
    this.buf = Buffer.allocUnsafeSlow(initialBytes)
    this.at = 0
    this.compresses = compresses
  }

  /** What was written so far; valid until more is. */
  bytes(): Buffer {
    return this.buf.subarray(0, this.at)
  }

  reserve(bytes: number): void {
    const need = this.at + bytes
    if (need <= this.buf.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.buf.length * 2))
    this.buf.copy(grown, 0, 0, this.at)
    this.buf = grown
  }

  byte(value: number): void {
    this.reserve(1)
    this.buf[this.at++] = value
  }

  u16(value: number): void {
    this.reserve(2)
    this.at = this.buf.writeUInt16LE(value, this.at)
  }

  u32(value: number): void {
    this.reserve(4)
    this.at = this.buf.writeUInt32LE(value >>> 0, this.at)
  }

  /** A signed 64-bit number of milliseconds, little-endian; a whole number that a double holds. */
  ms(value: number): void {
    const high = Math.floor(value / two32)
    this.u32(value - high * two32)
    this.u32(high)
  }

  exactMs(value: bigint): void {
    this.reserve(8)
    this.at = this.buf.writeBigInt64LE(value, this.at)
  }

  double(value: number): void {
    this.reserve(8)
    this.at = this.buf.writeDoubleLE(value, this.at)
  }

  raw(bytes: Uint8Array, from: number, to: number): void {
    this.reserve(to - from)
    this.buf.set(bytes.subarray(from, to), this.at)
    this.at += to - from
  }

  /** A length below 2^53. */
  length(value: number): void {
    const high = Math.floor(value / two32)
    this.length64(high, value - high * two32)
  }

  /** A length of two unsigned words. */
  length64(high: number, low: number): void {
    this.reserve(9)
    const { buf } = this
    if (high !== 0) {
      buf[this.at++] = lengths.wide64
      this.at = buf.writeUInt32BE(high >>> 0, this.at)
      this.at = buf.writeUInt32BE(low >>> 0, this.at)
    } else if (low < 64) buf[this.at++] = low
    else if (low < 16384) {
      buf[this.at++] = (lengths.middle << 6) | (low >>> 8)
      buf[this.at++] = low
    } else {
      buf[this.at++] = lengths.wide32
      this.at = buf.writeUInt32BE(low >>> 0, this.at)
    }
  }

  /** A string: as an integer or compressed where that is shorter. */
  string(bytes: Uint8Array, from: number, to: number): void {
    const size = to - from
    if (size <= integerDigitsMax && parseInt64Words(bytes, from, to) && this.integer(int64[0]!, int64[1]!)) return
    if (this.compresses && size >= compressBytesMin && this.compressed(bytes, from, to)) return
    this.length(size)
    this.raw(bytes, from, to)
  }

  /** A string of `size` bytes as it was read: compressed if these are fewer. */
  packedString(bytes: Uint8Array, from: number, to: number, size: number): void {
    if (to - from < size) this.packed(bytes, from, to, size)
    else this.string(bytes, from, to)
  }

  private integer(high: number, low: number): boolean {
    if (high !== low >> 31) return false
    this.reserve(5)
    const wide = low < -32768 || low > 32767
    const encoding = wide ? encodings.int32 : low < -128 || low > 127 ? encodings.int16 : encodings.int8
    this.buf[this.at++] = (lengths.encoded << 6) | encoding
    for (let i = 0; i < 1 << encoding; i++) this.buf[this.at++] = low >> (i * 8)
    return true
  }

  private compressed(bytes: Uint8Array, from: number, to: number): boolean {
    const size = to - from
    const room = Buffer.allocUnsafe(size - 4)
    const packed = compress(bytes, from, to, room)
    if (packed === 0) return false
    this.packed(room, 0, packed, size)
    return true
  }

  private packed(bytes: Uint8Array, from: number, to: number, size: number): void {
    this.byte((lengths.encoded << 6) | encodings.lzf)
    this.length(to - from)
    this.length(size)
    this.raw(bytes, from, to)
  }
}
