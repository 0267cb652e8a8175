// The hash of keys: every bit counts, and the seed keys all of it.

import test from 'ava'
import { hashBytes } from '../../../core/arena/hash.ts'
import { seededRandom } from '../../../core/random.ts'

function bitsOf(word: number): number {
  let bits = 0
  for (let rest = word; rest !== 0; rest &= rest - 1) bits++
  return bits
}

test('a flipped bit of the key or of the seed flips about half of the hash', (t) => {
  const random = seededRandom(1)
  for (const size of [1, 3, 4, 7, 16, 33]) {
    let flipped = 0
    let tries = 0
    for (let round = 0; round < 40; round++) {
      const key = Buffer.from(Array.from({ length: size }, () => random.u32() & 0xff))
      const [k0, k1] = [random.u32(), random.u32()]
      const before = hashBytes(key, 0, size, k0, k1)
      for (let bit = 0; bit < size * 8; bit++) {
        key[bit >>> 3] = key[bit >>> 3]! ^ (1 << (bit & 7))
        flipped += bitsOf(before ^ hashBytes(key, 0, size, k0, k1))
        key[bit >>> 3] = key[bit >>> 3]! ^ (1 << (bit & 7))
        tries++
      }
      for (let bit = 0; bit < 32; bit++) {
        flipped += bitsOf(before ^ hashBytes(key, 0, size, k0 ^ (1 << bit), k1))
        flipped += bitsOf(before ^ hashBytes(key, 0, size, k0, k1 ^ (1 << bit)))
        tries += 2
      }
    }
    t.true(Math.abs(flipped / tries - 16) < 0.3, `${size} bytes: ${flipped / tries} of 32 bits`)
  }
})

test('the hash depends on the bytes alone, not on where they lie', (t) => {
  const text = Buffer.from('user:1000:session')
  for (let size = 0; size <= text.length; size++) {
    const alone = hashBytes(text.subarray(0, size), 0, size, 5, 6)
    for (let offset = 0; offset < 9; offset++) {
      const buf = Buffer.alloc(40, 0xff)
      text.copy(buf, offset, 0, size)
      t.is(hashBytes(buf, offset, offset + size, 5, 6), alone)
    }
  }
})

test('keys that count up fill the top and the middle bits evenly', (t) => {
  const buckets = 1024
  for (const shift of [22, 12, 0]) {
    const counts = new Int32Array(buckets)
    for (let i = 0; i < 100 * buckets; i++) {
      const key = Buffer.from(`key:${i}`)
      counts[(hashBytes(key, 0, key.length, 1, 2) >>> shift) & (buckets - 1)]!++
    }
    let chi = 0
    for (const count of counts) chi += (count - 100) ** 2 / 100
    t.true(chi > buckets - 6 * Math.sqrt(2 * buckets) && chi < buckets + 6 * Math.sqrt(2 * buckets), `${chi}`)
  }
})
