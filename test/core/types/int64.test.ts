// 64-bit integers as two words against BigInt.
import fc from 'fast-check'
import test from 'ava'
import { compareInt64, formatInt64, int64, int64Digits, parseInt64Words } from '../../../core/types/int64.ts'

const edge = fc.tuple(fc.nat(64), fc.constantFrom(-2n, -1n, 0n, 1n, 2n), fc.boolean())
  .map(([bits, by, negative]) => (negative ? -1n : 1n) * 2n ** BigInt(bits) + by)
const decade = fc.tuple(fc.nat(20), fc.constantFrom(-1n, 0n, 1n), fc.boolean())
  .map(([power, by, negative]) => (negative ? -1n : 1n) * 10n ** BigInt(power) + by)
const any = fc.oneof(edge, decade, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt())

function parse(text: string): bigint | undefined {
  const bytes = Buffer.from(`<${text}>`, 'latin1')
  if (!parseInt64Words(bytes, 1, bytes.length - 1)) return undefined
  return (BigInt(int64[0]!) << 32n) | BigInt(int64[1]! >>> 0)
}

test('every number is read and written as BigInt would, and none beyond 64 bits is read', (t) => {
  fc.assert(fc.property(any, (value) => {
    const inside = value >= -(2n ** 63n) && value < 2n ** 63n
    t.is(parse(String(value)), inside ? value : undefined)
    if (inside) t.is(int64Digits.toString('latin1', formatInt64(int64[0]!, int64[1]!)), String(value))
  }), { numRuns: 5000 })
})

test('only the form in which a number is printed counts as one', (t) => {
  const wrong = ['', '-', '-0', '00', '01', '+1', ' 1', '1 ', '1.0', '1e3', '0x1', '12345678901234567a', '-0001', 'a', '99'.repeat(10)]
  for (const text of wrong) t.is(parse(text), undefined, text)
  t.is(parse('0'), 0n)
})

test('numbers order as numbers do', (t) => {
  const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  fc.assert(fc.property(i64, fc.oneof(i64, fc.constant(0n)), (one, by) => {
    const other = BigInt.asIntN(64, one + (by % 3n))
    const [a, b] = [parts(one), parts(other)]
    t.is(Math.sign(compareInt64(a[0], a[1], b[0], b[1])), one < other ? -1 : one > other ? 1 : 0)
  }), { numRuns: 1000 })
})

function parts(value: bigint): [number, number] {
  return [Number(value >> 32n), Number(BigInt.asIntN(32, value))]
}
