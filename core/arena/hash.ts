// The hash of keys: HalfSipHash-1-3 (J.-P. Aumasson, D. J. Bernstein: https://github.com/veorq/SipHash), keyed by a
// per-process random seed, so that a client can't choose keys that collide.

/** A u32 hash of `buf[from..to)`; `k0` and `k1` are the two words of the seed. */
export function hashBytes(buf: Uint8Array, from: number, to: number, k0: number, k1: number): number {
  let v0 = k0 | 0
  let v1 = k1 | 0
  let v2 = 0x6c796765 ^ k0
  let v3 = 0x74656462 ^ k1
  const size = to - from
  const whole = from + (size & ~3)
  let at = from
  for (; at < whole; at += 4) {
    const m = buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24)
    v3 ^= m
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= m
  }
  let m = size << 24
  if (at < to) m |= buf[at]!
  if (at + 1 < to) m |= buf[at + 1]! << 8
  if (at + 2 < to) m |= buf[at + 2]! << 16
  v3 ^= m
  for (let round = 0; round < 4; round++) {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    if (round === 0) {
      v0 ^= m
      v2 ^= 0xff
    }
  }
  return (v1 ^ v3) >>> 0
}
