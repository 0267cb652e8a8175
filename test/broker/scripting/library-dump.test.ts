// FUNCTION DUMP's format, and what redis-server wrote in it.
import fc from 'fast-check'
import test from 'ava'
import { dumpLibraries, readDump } from '../../../broker/scripting/library-dump.ts'
import { crc64 } from '../../../core/checkpoint/crc64.ts'
import { expandLzf } from '../../../core/checkpoint/lzf.ts'
import { scale } from '../../scale.ts'

const source = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)), maxLength: 20_000 })

function expand(bytes: readonly number[], size: number): string | undefined {
  return expandLzf(Buffer.from(bytes), 0, bytes.length, size)?.toString('latin1')
}

test('what was dumped is read, whatever its length', (t) => {
  t.notThrows(() => fc.assert(fc.property(fc.array(source, { maxLength: 4, size: 'max' }), (sources) => {
    t.deepEqual(readDump(dumpLibraries(sources)), sources)
  }), { numRuns: 100, seed: scale.seed }))
  t.deepEqual(readDump(dumpLibraries(['x'.repeat(70_000)])), ['x'.repeat(70_000)])
})

test('a dump of redis-server 7.0 with compressed text', (t) => {
  const dump = '9cNAR0CUHyMhbHVhIG5hbWU9YQpyZWRpcy5yZWdpc3Rlcl9mdW5jCnRpb24oImZhIiwg4AAOCykgcmV0dXJuICJhYuBFAQUiIGVuZCkK'
    + 'AJlooTrAf7Jj'
  const text = `#!lua name=a\nredis.register_function("fa", function() return "${'ab'.repeat(40)}" end)`
  t.deepEqual(readDump(Buffer.from(dump, 'base64')), [text])
})

test('every flipped byte is noticed', (t) => {
  const dump = dumpLibraries(['#!lua name=a\nx', '#!lua name=b\ny'])
  for (let i = 0; i < dump.length; i++) {
    const flipped = Buffer.from(dump)
    flipped[i]! ^= 1
    t.is(readDump(flipped), 'checksum', `byte ${i}`)
  }
  for (let size = 0; size < dump.length; size++) t.is(readDump(dump.subarray(0, size)), 'checksum')
})

test('the checksum is the one of the standard', (t) => {
  t.is(crc64(Buffer.from('123456789')), 0xe9c6d914c4b8d9can)
})

test('LZF: literals, short and long matches, matches that overlap themselves', (t) => {
  t.is(expand([2, 97, 98, 99], 3), 'abc')
  t.is(expand([0, 97, 0x20, 0], 4), 'aaaa')
  t.is(expand([2, 97, 98, 99, 0xe0, 3, 2], 15), 'abcabcabcabcabc')
  t.is(expand([2, 97, 98, 99], 4), undefined, 'too short')
  t.is(expand([2, 97, 98], 3), undefined, 'cut')
  t.is(expand([0, 97, 0x20, 9], 4), undefined, 'back beyond the start')
  t.is(expand([0, 97, 0x20], 4), undefined, 'an offset that is cut')
})
