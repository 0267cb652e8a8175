// Varints against BigInt.

import fc from 'fast-check'
import test from 'ava'
import { readSmallVarint, readVarint, varint, varintBytes, varintEnd, writeVarint } from '../../../core/arena/varint.ts'

const word = fc.oneof(fc.nat({ max: 0xffffffff }), fc.constantFrom(0, 1, 127, 128, 0x7fffffff, 0x80000000, 0xffffffff))

test('any 64-bit number comes back from as many bytes as were foretold', (t) => {
  fc.assert(
    fc.property(word, word, fc.nat({ max: 20 }), (high, low, at) => {
      const u8 = new Uint8Array(40).fill(0xff)
      const end = writeVarint(u8, at, high, low)
      if (end - at !== varintBytes(high, low)) return false
      // As in LEB128: seven bits a byte, the lowest first.
      let value = 0n
      for (let i = end - 1; i >= at; i--) value = (value << 7n) | BigInt(u8[i]! & 0x7f)
      if (value !== (BigInt(high) << 32n) + BigInt(low) || u8[end - 1]! > 0x7f) return false
      return readVarint(u8, at) === end && varint[0] === high && varint[1] === low
    }),
    { numRuns: 2000, examples: [[0xffffffff, 0xffffffff, 0], [1, 0, 0], [0, 0, 0], [0x80000000, 0, 3]] },
  )
  t.pass()
})

test('each power of two and the number before it take the fewest bytes', (t) => {
  for (let bit = 0n; bit < 64n; bit++) {
    for (const value of [1n << bit, (1n << bit) - 1n]) {
      const [high, low] = [Number(value >> 32n), Number(value & 0xffffffffn)]
      t.is(varintBytes(high, low), Math.max(1, Math.ceil(value.toString(2).length / 7)))
      const u8 = new Uint8Array(10)
      t.is(readVarint(u8, 0), 1)
      writeVarint(u8, 0, high, low)
      readVarint(u8, 0)
      t.is((BigInt(varint[0]!) << 32n) + BigInt(varint[1]!), value)
    }
  }
})

test('a number below 2^32 reads in one step', (t) => {
  fc.assert(
    fc.property(word, (low) => {
      const u8 = new Uint8Array(12).fill(0xff)
      const end = writeVarint(u8, 2, 0, low)
      return readSmallVarint(u8, 2) === low && varintEnd[0] === end
    }),
    { numRuns: 1000 },
  )
  t.pass()
})
