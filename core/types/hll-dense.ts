// Dense HyperLogLogs: 16,384 registers of six bits each, packed from the low bit of each byte up.
//
//   ┌────────┬────────┬────────┐
//   │11000000│22221111│33333322│ …     three bytes hold four registers
//   └────────┴────────┴────────┘
//
// `start` is the offset of the first register's byte.

import { registers } from './hll-hash.ts'

export const denseBytes = (registers * 6) / 8

export function readRegister(u8: Uint8Array, start: number, index: number): number {
  const bit = index * 6
  const at = start + (bit >>> 3)
  const shift = bit & 7
  // A register that begins at bit 2 or before ends in its byte; the last one does.
  return shift <= 2 ? (u8[at]! >>> shift) & 63 : ((u8[at]! | (u8[at + 1]! << 8)) >>> shift) & 63
}

export function writeRegister(u8: Uint8Array, start: number, index: number, value: number): void {
  const bit = index * 6
  const at = start + (bit >>> 3)
  const shift = bit & 7
  u8[at] = (u8[at]! & ~(63 << shift)) | (value << shift)
  if (shift > 2) u8[at + 1] = (u8[at + 1]! & ~(63 >>> (8 - shift))) | (value >>> (8 - shift))
}

/** Counts the registers by their value. */
export function countDense(u8: Uint8Array, start: number, counts: Uint32Array): void {
  const end = start + denseBytes
  for (let at = start; at < end; at += 3) {
    const word = u8[at]! | (u8[at + 1]! << 8) | (u8[at + 2]! << 16)
    counts[word & 63]!++
    counts[(word >>> 6) & 63]!++
    counts[(word >>> 12) & 63]!++
    counts[word >>> 18]!++
  }
}

/** Raises each of `highest` to the register's value where that is more. */
export function mergeDense(u8: Uint8Array, start: number, highest: Uint8Array): void {
  for (let at = start, i = 0; i < registers; at += 3, i += 4) {
    const word = u8[at]! | (u8[at + 1]! << 8) | (u8[at + 2]! << 16)
    if ((word & 63) > highest[i]!) highest[i] = word & 63
    if (((word >>> 6) & 63) > highest[i + 1]!) highest[i + 1] = (word >>> 6) & 63
    if (((word >>> 12) & 63) > highest[i + 2]!) highest[i + 2] = (word >>> 12) & 63
    if (word >>> 18 > highest[i + 3]!) highest[i + 3] = word >>> 18
  }
}

/** Writes all registers at once; each of `values` is at most 63. */
export function packDense(u8: Uint8Array, start: number, values: Uint8Array): void {
  for (let at = start, i = 0; i < registers; at += 3, i += 4) {
    const word = values[i]! | (values[i + 1]! << 6) | (values[i + 2]! << 12) | (values[i + 3]! << 18)
    u8[at] = word & 0xff
    u8[at + 1] = (word >>> 8) & 0xff
    u8[at + 2] = word >>> 16
  }
}
