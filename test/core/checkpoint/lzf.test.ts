import fc from 'fast-check'
import test from 'ava'
import { Crc64 } from '../../../core/checkpoint/crc64.ts'
import { compress, decompress } from '../../../core/checkpoint/lzf.ts'

test('the checksum of the digits 1 to 9 is the one that the polynomial\'s authors give', (t) => {
  const digits = Buffer.from('123456789')
  const crc = new Crc64().update(digits, 0, 4).update(digits, 4, 9)
  t.is(crc.high.toString(16) + crc.low.toString(16).padStart(8, '0'), 'e9c6d914c4b8d9ca')
})

const repetitive = fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 6 }), fc.nat(300)), { maxLength: 12 })
  .map((runs) => Buffer.concat(runs.flatMap(([run, times]) => Array<Uint8Array>(times).fill(run))))

test('what is compressed decompresses to itself, and only when it fits', (t) => {
  fc.assert(fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 600 })), fc.nat(5), (bytes, room) => {
    const out = Buffer.alloc(bytes.length + room)
    const size = compress(bytes, 0, bytes.length, out)
    if (size === 0) return
    const back = Buffer.alloc(bytes.length)
    t.true(decompress(out, 0, size, back))
    t.deepEqual(back, Buffer.from(bytes))
    // Into anything smaller than it took it does not fit.
    t.is(compress(bytes, 0, bytes.length, Buffer.alloc(size - 1)), 0)
  }), { numRuns: 400 })
})

test('long runs shrink to a hundredth', (t) => {
  const bytes = Buffer.from('abc'.repeat(10_000))
  t.true(compress(bytes, 0, bytes.length, Buffer.alloc(bytes.length)) < bytes.length / 80)
})

test('damaged bytes are refused or give other bytes, and write nowhere else', (t) => {
  fc.assert(fc.property(repetitive, fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes, noise) => {
    const out = Buffer.alloc(bytes.length)
    t.is(typeof decompress(noise, 0, noise.length, out), 'boolean')
    const packed = Buffer.alloc(bytes.length + 1)
    const size = compress(bytes, 0, bytes.length, packed)
    if (size < 2) return
    t.false(decompress(packed, 0, size - 1, out), 'cut')
    t.false(decompress(packed, 0, size, Buffer.alloc(bytes.length + 1)), 'too much room')
  }), { numRuns: 400 })
})

function expand(bytes: readonly number[], size: number): string | undefined {
  const out = Buffer.alloc(size)
  return decompress(Buffer.from(bytes), 0, bytes.length, out) ? out.toString('latin1') : undefined
}

test('literals, short and long copies, copies that overlap themselves, and their damage', (t) => {
  t.is(expand([2, 97, 98, 99], 3), 'abc')
  t.is(expand([0, 97, 0x20, 0], 4), 'aaaa')
  t.is(expand([2, 97, 98, 99, 0xe0, 3, 2], 15), 'abcabcabcabcabc')
  t.is(expand([2, 97, 98, 99], 4), undefined, 'too short')
  t.is(expand([2, 97, 98], 3), undefined, 'cut')
  t.is(expand([0, 97, 0x20, 9], 4), undefined, 'back beyond the start')
  t.is(expand([0, 97, 0x20], 4), undefined, 'an offset that is cut')
})
