// The hash of HyperLogLog elements against the same written down with BigInts.
import fc from 'fast-check'
import test from 'ava'
import { placeOf } from '../../../core/types/hll-hash.ts'

const wrap = (n: bigint): bigint => BigInt.asUintN(64, n)
const little = (part: Uint8Array): bigint => part.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
const m = 0xc6a4a7935bd1e995n

function murmurHash64A(bytes: Uint8Array): bigint {
  let h = wrap(0xadc83b19n ^ (BigInt(bytes.length) * m))
  const whole = bytes.length - (bytes.length % 8)
  for (let at = 0; at < whole; at += 8) {
    let k = wrap(little(bytes.subarray(at, at + 8)) * m)
    k = wrap((k ^ (k >> 47n)) * m)
    h = wrap((h ^ k) * m)
  }
  if (whole < bytes.length) h = wrap((h ^ little(bytes.subarray(whole))) * m)
  h = wrap((h ^ (h >> 47n)) * m)
  return h ^ (h >> 47n)
}

test('register and rank are those of the 64-bit hash', (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(9), (bytes, before) => {
    const hash = murmurHash64A(bytes)
    let rest = (hash >> 14n) | (1n << 50n)
    let rank = 1
    for (; (rest & 1n) === 0n; rest >>= 1n) rank++
    const buf = Buffer.concat([Buffer.alloc(before, 7), bytes, Buffer.alloc(9, 9)])
    const place = placeOf(buf, before, before + bytes.length)
    t.is(place & 16383, Number(hash & 16383n))
    t.is(place >>> 14, rank)
  }), { numRuns: 1000 })
})
