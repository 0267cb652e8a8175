// Numbers as C prints them, against exact arithmetic.
import fc from 'fast-check'
import test from 'ava'
import { numberText } from '../../../broker/scripting/call-arguments.ts'
import { formatG } from '../../../broker/scripting/number-text.ts'
import { scale } from '../../scale.ts'

const bits = new DataView(new ArrayBuffer(8))

/** A positive double as numerator and denominator. */
function fraction(x: number): [bigint, bigint] {
  bits.setFloat64(0, x)
  const raw = bits.getBigUint64(0)
  const biased = Number(raw >> 52n)
  const mantissa = (raw & ((1n << 52n) - 1n)) | (biased === 0 ? 0n : 1n << 52n)
  const exponent = Math.max(biased, 1) - 1075
  return exponent >= 0 ? [mantissa << BigInt(exponent), 1n] : [mantissa, 1n << BigInt(-exponent)]
}

/** Digits of x rounded to `precision`, ties to even, by division. */
function exactDigits(x: number, precision: number): string {
  const [n, d] = fraction(x)
  let power = Math.floor(Math.log10(x)) + 1
  for (;; power--) {
    const shift = precision - power
    const [top, bottom] = shift >= 0 ? [n * 10n ** BigInt(shift), d] : [n, d * 10n ** BigInt(-shift)]
    let digits = top / bottom
    const rest = (top % bottom) * 2n
    if (rest > bottom || (rest === bottom && digits % 2n === 1n)) digits++
    const text = digits.toString()
    if (text.length === precision) return `${text}e${power - 1}`
    if (text.length > precision) return `${text.slice(0, precision)}e${power}`
  }
}

/** The digits and the power of a `%g` text. */
function normal(text: string, precision: number): string {
  const [mantissa, power] = text.split('e') as [string, string | undefined]
  const [whole, part] = mantissa.split('.') as [string, string | undefined]
  const all = whole + (part ?? '')
  const lead = /^0*/.exec(all)![0].length
  return `${all.slice(lead).padEnd(precision, '0').slice(0, precision)}e${Number(power ?? 0) + whole.length - 1 - lead}`
}

const positive = fc.oneof(
  fc.double({ min: 1e-300, max: 1e300, noNaN: true }),
  // Halves and eighths of large integers have ties at their last digit.
  fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 12 })).map(([n, p]) => (Math.abs(n) + 1) / 2 ** p),
)

test('%.14g and %.17g round as C does, ties to even', (t) => {
  t.notThrows(() => fc.assert(fc.property(positive, fc.constantFrom(14, 17, 3, 1), (x, precision) => {
    t.is(normal(formatG(x, precision), precision), exactDigits(x, precision), String(x))
  }), { numRuns: scale.full ? 50_000 : 5000, seed: scale.seed }))
})

test('the shape of the text', (t) => {
  const shapes: [number, number, string][] = [
    [0.5, 14, '0.5'], [100, 14, '100'], [1e14, 14, '1e+14'], [1e15, 17, '1000000000000000'], [1e17, 17, '1e+17'],
    [0.0001, 14, '0.0001'], [0.00001, 14, '1e-05'], [-1.5, 14, '-1.5'], [1e100, 14, '1e+100'], [-0, 14, '-0'],
    [123456789012345.125, 17, '123456789012345.12'], [Infinity, 14, 'inf'], [-Infinity, 14, '-inf'], [NaN, 17, '-nan'],
    [1 / 3, 3, '0.333'], [999.5, 3, '1e+03'],
  ]
  for (const [x, precision, text] of shapes) t.is(formatG(x, precision), text)
})

test('redis.call writes integers as such up to 2^62, other numbers with the fewest digits', (t) => {
  const numbers: [number, string][] = [
    [1, '1'], [-0, '0'], [7208960000413695, '7208960000413695'], [1e17, '100000000000000000'], [2 ** 62, '4611686018427387904'],
    [2 ** 63, '9223372036854776000'], [0.1, '0.1'], [NaN, '-nan'], [-1e18, '-1000000000000000000'], [1.5, '1.5'],
  ]
  for (const [n, text] of numbers) t.is(numberText(n), text)
})
