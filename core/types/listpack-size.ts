// How many bytes Redis's listpack takes for an element: encoding, data and the length that leads back.
// Format: https://github.com/antirez/listpack/blob/master/listpack.md

import { parseInt64 } from '../args.ts'

/** An integer element. */
export function integerBytes(n: number): number {
  if (n >= 0 && n <= 127) return 2
  if (n >= -4096 && n <= 4095) return 3
  if (n >= -32768 && n <= 32767) return 4
  if (n >= -8388608 && n <= 8388607) return 5
  if (n >= -2147483648 && n <= 2147483647) return 6
  return 10
}

/** A string element, which is kept as an integer when it is one. */
export function listpackBytes(buf: Uint8Array, from: number, to: number): number {
  const size = to - from
  if (size > 0 && size <= 20) {
    const first = buf[from]!
    if ((first >= 48 && first <= 57) || first === 45) {
      const n = parseInt64(buf, from, to)
      if (!Number.isNaN(n)) return integerBytes(n)
    }
  }
  const data = size < 64 ? 1 + size : size < 4096 ? 2 + size : 5 + size
  return data + backBytes(data)
}

function backBytes(bytes: number): number {
  return bytes <= 127 ? 1 : bytes < 16383 ? 2 : bytes < 2097151 ? 3 : bytes < 268435455 ? 4 : 5
}
