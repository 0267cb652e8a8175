// Histograms of durations: a percentile is never below the true one and at most 7 % above it, and no duration is lost
// between the powers of two.
import test from 'ava'
import fc from 'fast-check'
import { byPowerOfTwo, countMicros, newHistogram, percentile } from '../../core/histogram.ts'

const durations = fc.array(fc.oneof(fc.nat(40), fc.nat(5000), fc.nat(0xffffffff >>> 0)), { minLength: 1, maxLength: 200 })

test('percentiles are those of the durations, to within 7 %', (t) => {
  fc.assert(fc.property(durations, fc.integer({ min: 1, max: 100 }), (micros, p) => {
    const histogram = newHistogram()
    for (const one of micros) countMicros(histogram, one)
    const exact = micros.toSorted((a, b) => a - b)[Math.ceil((micros.length * p) / 100) - 1]!
    const told = percentile(histogram, p)
    t.true(told >= exact && told <= exact * 1.07, `${told} for ${exact}`)
  }))
})

test('each duration counts once, below the first power of two that is no less, or the next', (t) => {
  fc.assert(fc.property(durations, (micros) => {
    const histogram = newHistogram()
    for (const one of micros) countMicros(histogram, one, 2)
    let before = -1
    let sum = 0
    byPowerOfTwo(histogram, (power, count) => {
      t.true(power > before && count > 0)
      before = power
      sum += count
      t.true(micros.filter((one) => one < 2 ** power).length * 2 <= sum)
      t.true(micros.filter((one) => one <= 2 ** power).length * 2 >= sum)
    })
    t.is(sum, micros.length * 2)
  }))
})

test('5 and 6 µs are two classes, 1000 and 1100 µs, too', (t) => {
  const histogram = newHistogram()
  for (const micros of [5, 6, 1000, 1100]) countMicros(histogram, micros)
  t.deepEqual([25, 50, 75, 100].map((p) => percentile(histogram, p)), [5, 6, 1023, 1151])
})
