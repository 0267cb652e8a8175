// IntSet against a sorted list of BigInts.
import fc from 'fast-check'
import test from 'ava'
import { Arena } from '../../../core/arena/arena.ts'
import { IntSet } from '../../../core/types/intset.ts'

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -40, max: 40 }).map(BigInt) },
  { weight: 2, arbitrary: fc.constantFrom(-32769n, -32768n, 32767n, 32768n, -(2n ** 31n), 2n ** 31n - 1n) },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
)
const steps = fc.array(fc.tuple(fc.constantFrom('add', 'add', 'remove'), value), { maxLength: 200 })

const high = (n: bigint): number => Number(n >> 32n)
const low = (n: bigint): number => Number(BigInt.asIntN(32, n))

function listed(ints: IntSet): bigint[] {
  return Array.from({ length: ints.count }, (_, i) => {
    ints.read(i)
    return (BigInt(ints.high) << 32n) | BigInt(ints.low >>> 0)
  })
}

test('integers of all widths come and go in order', (t) => {
  fc.assert(fc.property(steps, (list) => {
    const arena = new Arena({ guard: true })
    const ints = new IntSet(arena)
    const model = new Set<bigint>()
    for (const [what, n] of list) {
      t.is(ints.find(high(n), low(n)), model.has(n))
      if (what === 'add') {
        t.is(ints.add(high(n), low(n)), !model.has(n))
        model.add(n)
      } else t.is(ints.remove(high(n), low(n)), model.delete(n))
    }
    t.deepEqual(listed(ints), [...model].toSorted((a, b) => (a < b ? -1 : 1)))
    arena.check()
    ints.clear()
    t.is(arena.usedBytes, 0)
  }), { numRuns: 300 })
})

test('small integers take two bytes each, and room is given back', (t) => {
  const arena = new Arena({ guard: true })
  const ints = new IntSet(arena)
  for (let i = 0; i < 500; i++) ints.add(0, i)
  t.true(ints.memoryBytes() <= 1024 + 128, `${ints.memoryBytes()} bytes`)
  for (let i = 499; i > 3; i--) ints.removeAt(i)
  t.true(ints.memoryBytes() <= 24, `${ints.memoryBytes()} bytes`)
})
