// Doubles as text: what C's strtod takes, and how Redis prints them.
import fc from 'fast-check'
import test from 'ava'
import { doubleText, formatDouble, formatDouble17, parseBound, parseDouble, writeDouble } from '../../core/double.ts'

const parse = (text: string): number => parseDouble(Buffer.from(text, 'latin1'), 0, text.length)
const bound = (text: string): number => parseBound(Buffer.from(text, 'latin1'), 0, text.length)
const written = (value: number): string => doubleText.toString('latin1', writeDouble(value))
const anyDouble = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger(),
  fc.tuple(fc.integer(), fc.integer({ min: 0, max: 12 })).map(([units, places]) => units / 10 ** places),
)

test('what strtod takes as a whole is a number, and nothing else is', (t) => {
  const taken: [string, number][] = [
    ['0', 0], ['-0', -0], ['007', 7], ['+1.5', 1.5], ['.5', 0.5], ['5.', 5], ['-.25', -0.25], ['1e3', 1000], ['1E-2', 0.01],
    ['inf', Infinity], ['-Infinity', -Infinity], ['+INF', Infinity], ['0x10', 16], ['-0X.8p1', -1], ['0x1p-2', 0.25],
    ['5e-324', 5e-324], ['0e999', 0], ['123456789012345678', 123456789012345680], ['0.1234567890123456789', 0.12345678901234568],
  ]
  for (const [text, value] of taken) t.is(parse(text), value, text)
  const refused = [
    '', ' ', '.', '-', '+', '-.', '1.2.3', '1 ', ' 1', '1\0', 'nan', '-nan', '1e', 'e1', '0x', '0x.p1', 'infinit', '1e400', '-1e400',
    '1e-400', '0x1p2000', '0xep-2000', '1,5', '--1',
  ]
  for (const text of refused) t.is(parse(text), NaN, JSON.stringify(text))
})

test('a bound may have blanks before it, be nothing at all, or leave the range', (t) => {
  const taken: [string, number][] = [
    ['', 0], [' \t1', 1], ['1e400', Infinity], ['-1e400', -Infinity], ['1e-400', 0], ['1\0x', 1], ['\0', 0], ['0xep-2000', 0],
  ]
  for (const [text, value] of taken) t.is(bound(text), value, JSON.stringify(text))
  for (const text of [' ', '1 ', 'nan', 'x', '1x']) t.is(bound(text), NaN, text)
})

test('the notation changes where the fpconv library changes it', (t) => {
  const texts: [number, string][] = [
    [0.1, '0.1'], [1e20, '1e+20'], [123456789012345680000, '123456789012345680000'], [1e-5, '0.00001'], [1e-7, '1e-7'],
    [1.5e-10, '1.5e-10'], [1.23456789e-4, '1.23456789e-4'], [1.23456789e-3, '0.00123456789'], [-0, '-0'], [Infinity, 'inf'],
    [-Infinity, '-inf'], [NaN, 'nan'], [4503599627370496, '4503599627370496'], [4503599627370497, '4503599627370497'],
    [9007199254740992, '9007199254740992'], [1e15, '1000000000000000'], [1e16, '10000000000000000'], [-1.5e300, '-1.5e+300'],
    [1764457000123456768, '1764457000123456768'], [-(2 ** 62), '-4611686018427387904'], [2 ** 62 + 1024, '4611686018427389000'],
    [12345.678, '12345.678'], [5e-324, '5e-324'],
  ]
  for (const [value, text] of texts) {
    t.is(formatDouble(value), text)
    t.is(written(value), text)
  }
  t.is(formatDouble17(0.1), '0.10000000000000001')
  t.is(formatDouble17(1e16), '10000000000000000')
  t.is(formatDouble17(1e17), '1e+17')
  t.is(formatDouble17(1e-5), '1.0000000000000001e-05')
  t.is(formatDouble17(-2.5), '-2.5')
})

/** The rules of fpconv, from the shortest digits and the place of their point. */
function fpconv(value: number): string {
  const [mantissa, exponent] = Math.abs(value).toExponential().split('e') as [string, string]
  const digits = mantissa.replace('.', '')
  const power = Number(exponent)
  const behind = digits.length - 1 - power
  const sign = value < 0 ? '-' : ''
  if (behind <= 0 && Math.abs(power) < digits.length + 7) return sign + digits + '0'.repeat(-behind)
  if (behind > 0 && (behind < 7 || Math.abs(power) < 4)) {
    const padded = digits.padStart(behind + 1, '0')
    return `${sign}${padded.slice(0, -behind)}.${padded.slice(-behind)}`
  }
  return `${sign}${mantissa}e${power < 0 ? '-' : '+'}${Math.abs(power)}`
}

test('fractions are printed as the fpconv library prints them', (t) => {
  const fraction = fc.tuple(fc.integer(), fc.integer({ min: 1, max: 18 })).map(([units, places]) => units / 10 ** places)
  fc.assert(fc.property(fc.oneof(fraction, fc.double({ noNaN: true, noDefaultInfinity: true })), (value) => {
    if (!Number.isInteger(value)) t.is(formatDouble(value), fpconv(value))
  }), { numRuns: 5000 })
})

test('what is printed reads back as the same double', (t) => {
  fc.assert(fc.property(anyDouble, (value) => {
    t.is(parse(formatDouble(value)), value)
    t.is(parse(written(value)), value)
    t.is(parse(formatDouble17(value)), value)
    if (Object.is(value, -0)) return
    t.is(parse(String(value)), value)
    t.is(bound(` ${value}`), value)
  }), { numRuns: 2000 })
})
