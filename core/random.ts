// The only door to randomness, so that a seeded simulation runs production code.

import { randomBytes } from 'node:crypto'

export interface Random {
  /** Uniform in 0 … 2^32-1. */
  u32(): number
}

/** Xoshiro128** (D. Blackman, S. Vigna: https://prng.di.unimi.it/), from four words that are not all zero. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
  return xoshiro(next(), next(), next(), next() | 1)
}

export function realRandom(): Random {
  const seed = randomBytes(16)
  return xoshiro(seed.readUInt32LE(0), seed.readUInt32LE(4), seed.readUInt32LE(8), seed.readUInt32LE(12) | 1)
}

function xoshiro(a: number, b: number, c: number, d: number): Random {
  return {
    u32(): number {
      const scaled = Math.imul(b, 5)
      const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0
      const t = b << 9
      c ^= a
      d ^= b
      b ^= c
      a ^= d
      c ^= t
      d = (d << 11) | (d >>> 21)
      return result
    },
  }
}
