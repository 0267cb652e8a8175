// HyperLogLogs in memory: sparse and dense ones against an array of registers, and how well they count.
import fc from 'fast-check'
import test from 'ava'
import type { Arena } from '../../../core/arena/arena.ts'
import { placeOf } from '../../../core/types/hll-hash.ts'
import { HyperLogLog, countRegisters } from '../../../core/types/hyperloglog.ts'
import { selfTest } from '../../../core/types/hll-self-test.ts'
import { driver } from '../commands/driver.ts'

const key = Buffer.from('k')

function sketch(): { hll: HyperLogLog, arena: Arena } {
  const { engine } = driver()
  const hll = new HyperLogLog()
  hll.create(engine.db, key, 0, 1, engine.db.hash(key, 0, 1))
  return { hll, arena: engine.arena }
}

/** Registers near each other, so that runs are split and joined, and values that both forms hold. */
const place = fc.oneof(fc.nat(16383), fc.nat(40), fc.integer({ min: 16350, max: 16383 }), fc.integer({ min: 8000, max: 8300 }))
const value = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 32 }), fc.constantFrom(33, 51))
const rises = fc.array(fc.tuple(place, value), { maxLength: 200 })

test('sparse or dense, each register is the highest value that it was given', (t) => {
  fc.assert(fc.property(rises, fc.constantFrom(0, 60, 150, 3000), (steps, bytesMax) => {
    const { hll, arena } = sketch()
    const model = new Uint8Array(16384)
    for (const [index, rank] of steps) {
      const rose = rank > model[index]! ? 1 : 0
      model[index] = Math.max(model[index]!, rank)
      t.is(hll.raise(index, rank, bytesMax), rose)
    }
    const merged = new Uint8Array(16384)
    t.true(hll.mergeInto(merged))
    t.deepEqual(merged, model)
    t.is(hll.count(), countRegisters(model))
    if (steps.some(([, rank]) => rank > 32)) t.false(hll.isSparse)
    t.true(hll.makeDense())
    for (let i = 0; i < 16384; i++) if (hll.register(i) !== model[i]) t.fail(`register ${i}`)
    t.notThrows(() => arena.check())
  }), { numRuns: 60 })
})

test('the error stays within what the size of the sketch promises, up to a million elements', (t) => {
  const standardError = 0.0081
  const squares: number[] = []
  for (let round = 0; round < 8; round++) {
    const registers = new Uint8Array(16384)
    for (let n = 1; n <= 1_000_000; n++) {
      const element = Buffer.from(`${round}:${n}`)
      const at = placeOf(element, 0, element.length)
      const index = at & 16383
      if (at >>> 14 > registers[index]!) registers[index] = at >>> 14
      if (n !== 1000 && n !== 10_000 && n !== 100_000 && n !== 1_000_000) continue
      const error = (countRegisters(registers) - n) / n
      t.true(Math.abs(error) < 4 * standardError, `round ${round}: ${n} elements were counted with an error of ${error}`)
      if (n >= 100_000) squares.push(error * error)
    }
  }
  const spread = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length)
  t.log(`standard error over ${squares.length} sketches: ${(spread * 100).toFixed(2)} %`)
  // Of sixteen samples the spread itself is known to about a fifth.
  t.true(spread < standardError * 1.5)
})

test('the self-test passes', (t) => {
  t.is(selfTest(), undefined)
})
