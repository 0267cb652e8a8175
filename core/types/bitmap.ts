// Strings as arrays of bits, the first bit of each byte its highest, and as integers of 1 to 64 bits at any place.
// Functions here read and change bytes in place; that the string is long enough is the callers' part (bitmap-key.ts).

/** Bits that one read or write of four bytes takes at any place within a byte. */
const pieceBits = 24

/** Up to 24 bits from bit `at` on of the string `bytes[start … start + size)`; zero behind its end. */
function readPiece(bytes: Uint8Array, start: number, size: number, at: number, bits: number): number {
  const byte = Math.floor(at / 8)
  let word = 0
  for (let i = 0; i < 4; i++) word = (word << 8) | (byte + i < size ? bytes[start + byte + i]! : 0)
  return (word << at % 8) >>> (32 - bits)
}

function writePiece(bytes: Uint8Array, start: number, at: number, bits: number, value: number): void {
  const offset = at % 8
  const last = offset + bits
  const spare = 32 - last
  const mask = (0xffffffff >>> (32 - bits)) << spare
  const word = value << spare
  let place = start + Math.floor(at / 8)
  for (let shift = 24; shift >= 0 && 24 - shift < last; shift -= 8, place++) {
    bytes[place] = (bytes[place]! & ~(mask >>> shift)) | ((word >>> shift) & (mask >>> shift) & 0xff)
  }
}

/** An unsigned number of up to 53 bits. */
export function readBits(bytes: Uint8Array, start: number, size: number, at: number, bits: number): number {
  let value = 0
  for (let left = bits; left > 0;) {
    const piece = left > pieceBits ? pieceBits : left
    value = value * 2 ** piece + readPiece(bytes, start, size, at, piece)
    at += piece
    left -= piece
  }
  return value
}

/** Writes a number from 0 to 2^bits - 1, of up to 53 bits. */
export function writeBits(bytes: Uint8Array, start: number, at: number, bits: number, value: number): void {
  let rest = value
  for (let left = bits; left > 0;) {
    const piece = left > pieceBits ? pieceBits : left
    const low = rest % 2 ** piece
    writePiece(bytes, start, at + left - piece, piece, low)
    rest = (rest - low) / 2 ** piece
    left -= piece
  }
}

/** As `writeBits`, of 33 to 64 bits, for a value of less than 2^53 either way, in two's complement. */
export function writeWideBits(bytes: Uint8Array, start: number, at: number, bits: number, value: number): void {
  const high = Math.floor(value / 0x100000000)
  writeBits(bytes, start, at, bits - 32, high < 0 ? high + 2 ** (bits - 32) : high)
  writeBits(bytes, start, at + bits - 32, 32, value - high * 0x100000000)
}

/** As `readBits`, of up to 64 bits. */
export function readBigBits(bytes: Uint8Array, start: number, size: number, at: number, bits: number): bigint {
  const high = bits > 32 ? bits - 32 : 0
  const low = BigInt(readBits(bytes, start, size, at + high, bits - high))
  return high === 0 ? low : (BigInt(readBits(bytes, start, size, at, high)) << 32n) | low
}

/** As `writeBits`, of up to 64 bits; higher bits of the value are left out. */
export function writeBigBits(bytes: Uint8Array, start: number, at: number, bits: number, value: bigint): void {
  const high = bits > 32 ? bits - 32 : 0
  const lowBits = bits - high
  writeBits(bytes, start, at + high, lowBits, Number(BigInt.asUintN(lowBits, value)))
  if (high > 0) writeBits(bytes, start, at, high, Number(BigInt.asUintN(high, value >> 32n)))
}
