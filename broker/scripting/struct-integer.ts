// Integers of 1 to 32 bytes as `struct` writes and reads them: in C a number passes through a 64-bit integer, so that
// what is longer has zeros (or, when read, whatever) beyond its lowest eight bytes.

import type { ByteWriter } from './byte-writer.ts'

const two32 = 2 ** 32
const two63 = 2 ** 63
const wide = new DataView(new ArrayBuffer(8))

/** Puts the 64 bits that C's cast of `n` gives into `wide`, lowest byte first. */
function castToWide(n: number): void {
  const whole = Math.trunc(n)
  if (whole >= 2 * two63) wide.setBigUint64(0, 0n, true)
  else if (Number.isNaN(whole) || whole < -two63) wide.setBigUint64(0, 1n << 63n, true)
  else if (Math.abs(whole) < two32 * two32 / 4096) {
    wide.setUint32(0, whole % two32, true)
    wide.setUint32(4, Math.floor(whole / two32), true)
  } else wide.setBigUint64(0, BigInt.asUintN(64, BigInt(whole)), true)
}

export function writeInteger(out: ByteWriter, n: number, size: number, littleEndian: boolean): void {
  castToWide(n)
  for (let i = 0; i < size; i++) {
    const place = littleEndian ? i : size - 1 - i
    out.u8(place < 8 ? wide.getUint8(place) : 0)
  }
}

/** Reads `size` bytes of a one-character-a-byte string. */
export function readInteger(data: string, at: number, size: number, littleEndian: boolean, signed: boolean): number {
  if (size <= 4) return readShort(data, at, size, littleEndian, signed)
  wide.setFloat64(0, 0)
  for (let i = 0; i < Math.min(8, size); i++) {
    wide.setUint8(i, data.charCodeAt(littleEndian ? at + i : at + size - 1 - i))
  }
  const value = wide.getBigUint64(0, true)
  if (!signed) return Number(value)
  // C shifts by the bits modulo 64.
  const mask = BigInt.asUintN(64, ~0n << BigInt((size * 8 - 1) & 63))
  return Number(BigInt.asIntN(64, (value & mask) === 0n ? value : value | mask))
}

function readShort(data: string, at: number, size: number, littleEndian: boolean, signed: boolean): number {
  let value = 0
  for (let i = 0; i < size; i++) {
    value = value * 256 + data.charCodeAt(littleEndian ? at + size - 1 - i : at + i)
  }
  const range = 2 ** (size * 8)
  return signed && value >= range / 2 ? value - range : value
}
