// Listpacks as RDB has them: a header, the elements (core/types/list-element.ts has their layout), an end mark.
// https://github.com/antirez/listpack/blob/master/listpack.md
//
//   ┌ bytes u32 │ elements u16 │ element │ … │ 0xff ┐     elements: 65,535 when there are more than that tells

import {
  bodyBytes, elementBytes, ElementReader, ElementWriter, listpackHeaderBytes, stringHeadBytes,
} from '../types/list-element.ts'
import { RdbError } from './rdb-format.ts'
import type { RdbOutput } from './rdb-output.ts'

const countMax = 0xffff
const endMark = 0xff
const two32 = 0x100000000

/** Puts a listpack together. */
export class ListpackWriter {
  private buf: Buffer
  private at: number
  private count: number
  private readonly element: ElementWriter

  constructor() {
    this.buf = Buffer.allocUnsafeSlow(1024)
    this.at = listpackHeaderBytes
    this.count = 0
    this.element = new ElementWriter()
  }

  clear(): void {
    this.at = listpackHeaderBytes
    this.count = 0
  }

  /** Bytes so far. */
  get bytes(): number {
    return this.at + 1
  }

  append(buf: Uint8Array, from: number, to: number): void {
    this.put(this.element.set(buf, from, to))
  }

  /** A whole number within ±2^63. */
  appendInteger(value: number): void {
    const high = Math.floor(value / two32)
    this.appendInt64(high, value - high * two32 | 0)
  }

  /** A number of two words, both as int32 bits. */
  appendInt64(high: number, low: number): void {
    this.put(this.element.setInteger(high, low))
  }

  /** Takes over elements that are encoded already. */
  appendElements(buf: Uint8Array, from: number, to: number, count: number): void {
    this.reserve(to - from)
    this.buf.set(buf.subarray(from, to), this.at)
    this.at += to - from
    this.count += count
  }

  /** Writes the whole as an RDB string. */
  writeTo(out: RdbOutput): void {
    this.reserve(0)
    this.buf.writeUInt32LE(this.bytes, 0)
    this.buf.writeUInt16LE(Math.min(this.count, countMax), 4)
    this.buf[this.at] = endMark
    out.string(this.buf, 0, this.bytes)
  }

  private put(element: ElementWriter): void {
    this.reserve(element.bytes)
    element.write(this.buf, this.at)
    this.at += element.bytes
    this.count++
  }

  private reserve(bytes: number): void {
    const need = this.at + bytes + 1
    if (need <= this.buf.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.buf.length * 2))
    this.buf.copy(grown, 0, 0, this.at)
    this.buf = grown
  }
}

/** Walks over the elements of a listpack in `buf[from..to)`; throws RdbError where it isn't one. */
export class ListpackReader extends ElementReader {
  /** Elements that the header tells, or that were counted where it doesn't. */
  readonly count: number
  private readonly bytes: Uint8Array
  private at: number
  private readonly end: number

  constructor(buf: Uint8Array, from: number, to: number) {
    super()
    const told = listpackCount(buf, from, to)
    this.bytes = buf
    this.at = from + listpackHeaderBytes
    this.end = to - 1
    const counted = this.checkElements()
    if (told >= 0 && told !== counted) throw new RdbError('a listpack whose elements are miscounted')
    this.count = counted
  }

  /** Goes to the next element, which is then `buf[from..to)`; false behind the last. */
  next(): boolean {
    if (this.at === this.end) return false
    this.read(this.bytes, this.at)
    this.at += elementBytes(this.bytes, this.at)
    return true
  }

  /** As `next`, where another element must be. */
  expect(): void {
    if (!this.next()) throw new RdbError('a listpack with too few elements')
  }

  /** The next element as a whole number; exact up to 2^53. */
  integer(): number {
    this.expect()
    const value = Number(Buffer.from(this.buf.subarray(this.from, this.to)).toString('latin1'))
    if (!Number.isInteger(value)) throw new RdbError('a listpack with something in place of an integer')
    return value
  }

  private checkElements(): number {
    let count = 0
    for (let at = this.at; at < this.end; count++) at = passElement(this.bytes, at, this.end)
    return count
  }
}

/** Goes behind the element at `u8[at]`, which must be whole before `u8[end]`; throws RdbError. */
export function passElement(u8: Uint8Array, at: number, end: number): number {
  const head = u8[at]!
  // Small integers and short strings: nearly all there are.
  if (head < 0xc0) {
    const short = head < 0x80 ? 1 : head - 0x7f
    if (at + short < end && u8[at + short] === short) return at + short + 1
  }
  if (at >= end) throw new RdbError('a listpack with too few elements')
  if (head > 0xf4) throw new RdbError(`a listpack with an unknown element 0x${head.toString(16)}`)
  const headBytes = stringHeadBytes(head)
  if (headBytes > 1 && at + headBytes > end) throw crossing()
  const body = bodyBytes(u8, at)
  if (body < 128) {
    if (at + body + 1 > end) throw crossing()
    if (u8[at + body] !== body) throw new RdbError('a listpack with a wrong back length')
    return at + body + 1
  }
  const whole = elementBytes(u8, at)
  if (at + whole > end) throw crossing()
  let back = 0
  for (let i = at + body; i < at + whole; i++) back = back * 128 + (u8[i]! & 0x7f)
  if (back !== body) throw new RdbError('a listpack with a wrong back length')
  return at + whole
}

function crossing(): RdbError {
  return new RdbError('a listpack whose last element crosses its end')
}

/** Elements that the head of the listpack `buf[from..to)` tells, -1 for too many to tell. Throws RdbError. */
export function listpackCount(buf: Uint8Array, from: number, to: number): number {
  const size = to - from
  if (size <= listpackHeaderBytes || buf[to - 1] !== endMark || listpackSize(buf, from) !== size) throw damagedHead()
  const count = buf[from + 4]! | (buf[from + 5]! << 8)
  return count === countMax ? -1 : count
}

/** Bytes that the head of the listpack at `buf[from]` tells. */
export function listpackSize(buf: Uint8Array, from: number): number {
  return (buf[from]! | (buf[from + 1]! << 8) | (buf[from + 2]! << 16) | (buf[from + 3]! << 24)) >>> 0
}

export function damagedHead(): RdbError {
  return new RdbError('a listpack whose head or end is damaged')
}
