// FUNCTION DUMP's format, and what redis-server wrote in it.
import fc from 'fast-check'
import test from 'ava'
import { dumpLibraries, readDump } from '../../../broker/scripting/library-dump.ts'
import { scale } from '../../scale.ts'

const source = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)), maxLength: 20_000 })

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
