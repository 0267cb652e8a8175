// struct's integers and formats against Buffer's own methods.
import fc from 'fast-check'
import test from 'ava'
import { ByteWriter } from '../../../broker/scripting/byte-writer.ts'
import { structSize } from '../../../broker/scripting/struct-format.ts'
import { readInteger, writeInteger } from '../../../broker/scripting/struct-integer.ts'
import { scale } from '../../scale.ts'

function written(n: number, size: number, littleEndian: boolean): Buffer {
  const writer = new ByteWriter()
  writeInteger(writer, n, size, littleEndian)
  return Buffer.from(writer.take(), 'latin1')
}

test('integers of up to six bytes are those of Buffer', (t) => {
  t.notThrows(() => fc.assert(fc.property(
    fc.integer({ min: 1, max: 6 }), fc.maxSafeInteger(), fc.boolean(),
    (size, n, littleEndian) => {
      const bytes = written(n, size, littleEndian)
      const unsigned = littleEndian ? bytes.readUIntLE(0, size) : bytes.readUIntBE(0, size)
      const signed = littleEndian ? bytes.readIntLE(0, size) : bytes.readIntBE(0, size)
      t.is(BigInt(unsigned), BigInt.asUintN(size * 8, BigInt(n)))
      const text = bytes.toString('latin1')
      t.is(readInteger(`x${text}y`, 1, size, littleEndian, false), unsigned)
      t.is(readInteger(`x${text}y`, 1, size, littleEndian, true), signed)
    },
  ), { numRuns: scale.full ? 20_000 : 3000, seed: scale.seed }))
})

test('eight bytes and more hold 64 bits, the rest is zero', (t) => {
  t.notThrows(() => fc.assert(fc.property(
    fc.integer({ min: 8, max: 32 }), fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), fc.boolean(),
    (size, exact, littleEndian) => {
      const n = Number(exact)
      if (n === 2 ** 63) return
      const bytes = written(n, size, littleEndian)
      const low = littleEndian ? bytes.subarray(0, 8) : bytes.subarray(size - 8)
      t.is(littleEndian ? low.readBigInt64LE() : low.readBigInt64BE(), BigInt(n))
      t.is(bytes.filter((_, i) => (littleEndian ? i >= 8 : i < size - 8)).every((byte) => byte === 0), true)
      if (size === 8) t.is(readInteger(bytes.toString('latin1'), 0, 8, littleEndian, true), n)
    },
  ), { numRuns: 2000, seed: scale.seed }))
})

test('sizes, with and without alignment', (t) => {
  const raise = {
    argument(index: number, text: string): never {
      throw new Error(`#${index}: ${text}`)
    },
    error(text: string): never {
      throw new Error(text)
    },
  }
  const sizes: [string, number][] = [
    ['', 0], ['bhilf', 1 + 2 + 4 + 8 + 4], ['!bi', 8], ['!bl', 16], ['!4bl', 12], ['!2bd', 10], ['bl', 9], ['!bc3h', 6],
    ['i3I7', 10], ['c', 1], ['c20', 20], ['xx b', 3], ['<b>h', 3], ['T', 8],
  ]
  for (const [format, size] of sizes) t.is(structSize(format, raise), size, format)
  const errors: [string, string][] = [
    ['s', `#1: option 's' has no fixed size`], ['c0', `#1: option 'c0' has no fixed size`],
    ['!3b', 'alignment 3 is not a power of 2'], ['i33', 'integral size 33 is larger than limit of 32'],
    ['c2147483648', 'integral size overflow'], ['=b', `#1: invalid format option '='`],
  ]
  for (const [format, text] of errors) t.throws(() => structSize(format, raise), { message: text }, format)
})
