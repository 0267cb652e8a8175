// One element of a list as bytes: just as an element of Redis's listpack, so that encodings change where Redis's do, an
// element takes what it takes there, and RDB can take over whole nodes.
// Format: https://github.com/antirez/listpack/blob/master/listpack.md
//
//   element   ┌ head │ payload │ back length ┐
//
//   head      0xxxxxxx               the integer 0 … 127, no payload
//             10xxxxxx               a string of 0 … 63 bytes
//             110xxxxx + 1 byte      an integer of 13 bits, no payload
//             1110xxxx + 1 byte      a string of up to 4,095 bytes, the length's low byte last
//             11110000 + 4 bytes     a longer string, the length's lowest byte first
//             111100nn + 2, 3, 4     an integer of 16, 24, 32 bits (nn = 01, 10, 11), lowest byte first
//             11110100 + 8 bytes     an integer of 64 bits
//   back      bytes of head and payload, seven bits a byte, to be read backwards: the last byte has the lowest bits,
//             and its top bit is set when there are more to the left
//
// A string that is a 64-bit integer as it would be printed is stored as one, in the shortest form: so equal elements
// have equal bytes.

import { writeDigits } from '../digits.ts'
import { formatInt64, int64, int64Digits, parseInt64Words } from './int64.ts'

/** Before the first element of a listpack: its bytes u32, its elements u16. */
export const listpackHeaderBytes = 6
const shortMax = 63
const middleMax = 4095
const middleHead = 0xe0
const longHead = 0xf0
const int16Head = 0xf1
const int24Head = 0xf2
const int32Head = 0xf3
const int64Head = 0xf4
/** Most bytes that a 64-bit integer takes in decimal. */
const decimalBytesMax = 20
/** Shorter copies are cheaper as a loop than as a call. */
const shortCopyBytes = 40
const noBytes = new Uint8Array(0)

/** Bytes of the back length behind `body` bytes. */
function backBytes(body: number): number {
  return body < 128 ? 1 : body < 16383 ? 2 : body < 2097151 ? 3 : body < 268435455 ? 4 : 5
}

/** Bytes of the head and payload of the element at `u8[at]`. */
export function bodyBytes(u8: Uint8Array, at: number): number {
  const head = u8[at]!
  if (head < 0x80) return 1
  if (head < 0xc0) return 1 + (head & shortMax)
  if (head < middleHead) return 2
  if (head < longHead) return 2 + (((head & 15) << 8) | u8[at + 1]!)
  if (head === longHead) return 5 + longLength(u8, at)
  return head === int64Head ? 9 : head - int16Head + 3
}

function longLength(u8: Uint8Array, at: number): number {
  return u8[at + 1]! | (u8[at + 2]! << 8) | (u8[at + 3]! << 16) | (u8[at + 4]! << 24)
}

/** Bytes of the whole element at `u8[at]`. */
export function elementBytes(u8: Uint8Array, at: number): number {
  const body = bodyBytes(u8, at)
  return body < 128 ? body + 1 : body + backBytes(body)
}

/** Where the element that ends at `u8[end]` begins. */
export function elementBefore(u8: Uint8Array, end: number): number {
  let at = end - 1
  let body = u8[at]! & 0x7f
  for (let shift = 7; u8[at]! >= 0x80; shift += 7) body |= (u8[--at]! & 0x7f) << shift
  return at - body
}

/** Bytes of head before a string's payload, 0 when the element is an integer. */
export function stringHeadBytes(head: number): number {
  if (head < 0x80) return 0
  if (head < 0xc0) return 1
  if (head < middleHead) return 0
  if (head < longHead) return 2
  return head === longHead ? 5 : 0
}

/** Reads the integer element at `u8[at]` into `int64`. */
export function readInteger(u8: Uint8Array, at: number): void {
  const head = u8[at]!
  let low: number
  if (head < 0x80) low = head
  else if (head < middleHead) low = ((((head & 31) << 8) | u8[at + 1]!) << 19) >> 19
  else if (head === int16Head) low = ((u8[at + 1]! | (u8[at + 2]! << 8)) << 16) >> 16
  else if (head === int24Head) low = ((u8[at + 1]! | (u8[at + 2]! << 8) | (u8[at + 3]! << 16)) << 8) >> 8
  else low = longLength(u8, at)
  int64[0] = head === int64Head ? longLength(u8, at + 4) : low >> 31
  int64[1] = low
}

/** Prints the integer element at `u8[at]` to the end of `integerDigits`; returns where it begins there. */
export function printInteger(u8: Uint8Array, at: number): number {
  readInteger(u8, at)
  const high = int64[0]!
  const low = int64[1]!
  return high === low >> 31 ? writeDigits(integerDigits, integerDigits.length, low) : formatInt64(high, low)
}

export const integerDigits = int64Digits

/** Points at the bytes of one element: strings where they stand, integers printed. */
export class ElementReader {
  buf: Uint8Array
  from: number
  to: number

  constructor() {
    this.buf = noBytes
    this.from = 0
    this.to = 0
  }

  read(u8: Uint8Array, at: number): void {
    const skip = stringHeadBytes(u8[at]!)
    if (skip === 0) {
      this.buf = integerDigits
      this.from = printInteger(u8, at)
      this.to = integerDigits.length
      return
    }
    this.buf = u8
    this.from = at + skip
    this.to = at + bodyBytes(u8, at)
  }
}

/** An element that is about to be written or looked for. */
export class ElementWriter {
  /** Bytes of the whole element. */
  bytes: number
  /** Bytes of the string that it was made of. */
  size: number
  private head: number
  private body: number
  private buf: Uint8Array
  private from: number
  private high: number
  private low: number
  /** The encoded form, for `equals`. */
  private probe: Uint8Array

  constructor() {
    this.bytes = 0
    this.size = 0
    this.head = 0
    this.body = 0
    this.buf = noBytes
    this.from = 0
    this.high = 0
    this.low = 0
    this.probe = new Uint8Array(128)
  }

  /** Takes in the string `buf[from..to)`, which must stay until it is written. */
  set(buf: Uint8Array, from: number, to: number): this {
    const size = to - from
    this.size = size
    if (size > 0 && size <= decimalBytesMax) {
      const first = buf[from]!
      if (first < 58 && first > 44 && parseInt64Words(buf, from, to)) return this.setInteger(int64[0]!, int64[1]!)
    }
    this.buf = buf
    this.from = from
    if (size <= shortMax) {
      this.head = 0x80 | size
      this.body = size + 1
      this.bytes = size + 2
      return this
    }
    this.head = size <= middleMax ? middleHead : longHead
    this.body = size + (size <= middleMax ? 2 : 5)
    this.bytes = this.body + backBytes(this.body)
    return this
  }

  /** Takes in an integer: both words as signed 32-bit integers. */
  setInteger(high: number, low: number): this {
    this.high = high
    this.low = low
    if (high !== low >> 31) {
      this.head = int64Head
      this.body = 9
    } else {
      const value = low
      if (value >= 0 && value < 128) {
        this.head = value
        this.body = 1
      } else if (value >= -4096 && value < 4096) {
        this.head = 0xc0 | ((value >> 8) & 31)
        this.body = 2
      } else if (value >= -32768 && value < 32768) {
        this.head = int16Head
        this.body = 3
      } else if (value >= -8388608 && value < 8388608) {
        this.head = int24Head
        this.body = 4
      } else {
        this.head = int32Head
        this.body = 5
      }
    }
    this.bytes = this.body + 1
    return this
  }

  /** Writes the element to `u8[at …]`. */
  write(u8: Uint8Array, at: number): void {
    const { head, body } = this
    u8[at] = head
    if (head >= 0x80 && head < 0xc0) {
      const { buf, from, size } = this
      if (size >= shortCopyBytes) u8.set(buf.subarray(from, from + size), at + 1)
      else for (let i = 0; i < size; i++) u8[at + 1 + i] = buf[from + i]!
      u8[at + body] = body
      return
    }
    if (head === middleHead || head === longHead) this.writeLong(u8, at)
    else {
      const { low } = this
      if (body > 1) u8[at + 1] = low
      if (body > 2) u8[at + 2] = low >>> 8
      if (body > 3) u8[at + 3] = low >>> 16
      if (body > 4) u8[at + 4] = low >>> 24
      if (body > 5) {
        const { high } = this
        u8[at + 5] = high
        u8[at + 6] = high >>> 8
        u8[at + 7] = high >>> 16
        u8[at + 8] = high >>> 24
      }
      u8[at + body] = body
    }
  }

  private writeLong(u8: Uint8Array, at: number): void {
    const { size, from, body } = this
    let to = at + 5
    if (size <= middleMax) {
      u8[at] = middleHead | (size >>> 8)
      u8[at + 1] = size
      to = at + 2
    } else for (let i = 0; i < 4; i++) u8[at + 1 + i] = size >>> (i * 8)
    u8.set(this.buf.subarray(from, from + size), to)
    let rest = body
    for (let i = this.bytes - 1; i > body; i--) {
      u8[at + i] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    u8[at + body] = rest
  }

  /** Makes the element ready for `equals`. */
  prepareProbe(): void {
    if (this.bytes > this.probe.length) this.probe = new Uint8Array(this.bytes)
    this.write(this.probe, 0)
  }

  /** True when the element at `u8[at]` is the one that `prepareProbe` was called with. */
  equals(u8: Uint8Array, at: number): boolean {
    const { probe, body } = this
    if (u8[at] !== probe[0]) return false
    for (let i = 1; i < body; i++) if (u8[at + i] !== probe[i]) return false
    return true
  }

  /** Forgets a large probe. */
  releaseProbe(): void {
    if (this.probe.length > middleMax) this.probe = new Uint8Array(128)
    this.buf = noBytes
  }
}
