// LZF, the compression of long strings in RDB (M. Lehmann: http://oldhome.schmorp.de/marc/liblzf.html).
//
//   000nnnnn                        n + 1 literal bytes follow
//   nnnooooo  oooooooo              a copy of n + 2 bytes (n from 1 to 6) from o + 1 bytes back
//   111ooooo  nnnnnnnn  oooooooo    a copy of n + 9 bytes

import { WordView } from '../arena/word-view.ts'

const literalsMax = 32
const distanceMax = 8192
const copyMax = 264
/** Bytes that are moved at a time. */
const wide = 8
const hashBits = 14
/** Where each hashed triple was last seen, plus one; 0 for never. */
const seen = new Uint32Array(1 << hashBits)

/** Compresses `buf[from..to)` into `out`; returns the bytes written, 0 when they don't fit there. */
export function compress(buf: Uint8Array, from: number, to: number, out: Uint8Array): number {
  seen.fill(0)
  const limit = out.length
  let at = from
  let end = 0
  let literals = from
  while (at + 2 < to) {
    const triple = (buf[at]! << 16) | (buf[at + 1]! << 8) | buf[at + 2]!
    const slot = Math.imul(triple, 0x9e3779b1) >>> (32 - hashBits)
    const before = seen[slot]! - 1
    seen[slot] = at + 1
    const distance = at - before
    const repeats = before >= from && distance <= distanceMax &&
      buf[before] === buf[at] && buf[before + 1] === buf[at + 1] && buf[before + 2] === buf[at + 2]
    if (!repeats) {
      at++
      continue
    }
    let length = 3
    const most = Math.min(copyMax, to - at)
    while (length < most && buf[before + length] === buf[at + length]) length++
    end = writeLiterals(buf, literals, at, out, end)
    if (end < 0 || end + 3 > limit) return 0
    const back = distance - 1
    if (length < 9) out[end++] = ((length - 2) << 5) | (back >>> 8)
    else {
      out[end++] = 0xe0 | (back >>> 8)
      out[end++] = length - 9
    }
    out[end++] = back
    at += length
    literals = at
  }
  end = writeLiterals(buf, literals, to, out, end)
  return Math.max(0, end)
}

/** Returns the offset behind what was written, -1 when it doesn't fit. */
function writeLiterals(buf: Uint8Array, from: number, to: number, out: Uint8Array, end: number): number {
  let at = from
  while (at < to) {
    const run = Math.min(literalsMax, to - at)
    if (end + 1 + run > out.length) return -1
    out[end++] = run - 1
    for (const last = at + run; at < last; at++) out[end++] = buf[at]!
  }
  return end
}

/** Decompresses `buf[from..to)` into `out[0..size)`, which it must fill; false when the bytes are damaged. */
export function decompress(buf: Uint8Array, from: number, to: number, out: Uint8Array, size = out.length): boolean {
  const source = input.over(buf)
  const target = output.over(out)
  // Eight bytes at a time where there is room for seven too many: measured more than twice as fast.
  const wideFrom = buf.length - wide
  const wideTo = out.length - wide
  let at = from
  let end = 0
  while (at < to) {
    const control = buf[at++]!
    if (control < literalsMax) {
      const last = at + control + 1
      const until = end + control + 1
      if (last > to || until > size) return false
      if (last <= wideFrom && until <= wideTo) {
        for (; end < until; at += wide, end += wide) target.setBigUint64(end, source.getBigUint64(at))
        at = last
        end = until
      } else while (at < last) out[end++] = buf[at++]!
      continue
    }
    let length = control >>> 5
    if (length === 7) {
      if (at >= to) return false
      length += buf[at++]!
    }
    if (at >= to) return false
    let back = end - ((control & 31) << 8) - buf[at++]! - 1
    const until = end + length + 2
    if (back < 0 || until > size) return false
    if (end - back >= wide && until <= wideTo) {
      for (; end < until; back += wide, end += wide) target.setBigUint64(end, target.getBigUint64(back))
      end = until
    } else while (end < until) out[end++] = out[back++]!
  }
  return end === size
}

/**
 * Decompresses the beginning of `buf[from..to)` into `out[0..size)`, `bytes` of it or a little more; returns how many,
 * fewer where the bytes end or are damaged.
 */
export function decompressStart(
  buf: Uint8Array, from: number, to: number, out: Uint8Array, size: number, bytes: number,
): number {
  let at = from
  let end = 0
  while (end < bytes && at < to) {
    const control = buf[at++]!
    if (control < literalsMax) {
      const last = Math.min(at + control + 1, to)
      while (at < last && end < size) out[end++] = buf[at++]!
      continue
    }
    let length = control >>> 5
    if (length === 7) length += buf[at++]!
    let back = end - ((control & 31) << 8) - buf[at++]! - 1
    if (at > to || back < 0) return end
    for (const until = Math.min(end + length + 2, size); end < until;) out[end++] = out[back++]!
  }
  return end
}

const input = new WordView()
const output = new WordView()
