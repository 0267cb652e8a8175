// The set of touched keys against a model that keeps names: never a no too many, and hardly a yes too many.

import test from 'ava'
import fc from 'fast-check'
import { TouchedKeys } from '../../../core/checkpoint/touched-keys.ts'

const databases = 4
const seed = { k0: 1, k1: 2 }

type Step = { kind: 'add' | 'swap' | 'flush' | 'flushAll'; db: number; other: number; key: number }

const steps: fc.Arbitrary<Step[]> = fc.array(fc.record({
  kind: fc.constantFrom('add', 'add', 'add', 'add', 'swap', 'flush', 'flushAll'),
  db: fc.nat(databases - 1), other: fc.nat(databases - 1), key: fc.nat(30),
}), { maxLength: 60 })

test('databases are followed through SWAPDB and flushes', (t) => {
  fc.assert(fc.property(steps, (list) => {
    const touched = new TouchedKeys(databases, seed)
    const sources = [0, 1, 2, 3]
    const keys = sources.map(() => new Set<number>())
    const flushed = new Set<number>()
    for (const { kind, db, other, key } of list) {
      const name = Buffer.from(`key:${key}`)
      if (kind === 'add') {
        touched.add(db, name, 0, name.length)
        if (!flushed.has(sources[db]!)) keys[sources[db]!]!.add(key)
      } else if (kind === 'swap') {
        touched.swap(db, other)
        const source = sources[db]!
        sources[db] = sources[other]!
        sources[other] = source
      } else if (kind === 'flush') {
        touched.flush(db)
        flushed.add(sources[db]!)
      } else {
        touched.flushAll()
        for (const source of sources) flushed.add(source)
      }
    }
    for (let source = 0; source < databases; source++) {
      if (touched.isFlushed(source) !== flushed.has(source)) return false
      if (touched.sourceOf(touched.numberOf(source)) !== source || sources[touched.numberOf(source)] !== source) return false
      for (let key = 0; key <= 30; key++) {
        const name = Buffer.from(`key:${key}`)
        if (touched.has(source, name, 0, name.length) !== keys[source]!.has(key)) return false
      }
    }
    return true
  }), { numRuns: 300 })
  t.pass()
})

test('a million keys take some ten bytes each, and few others pass for them', (t) => {
  const touched = new TouchedKeys(databases, seed)
  const name = Buffer.alloc(12)
  for (let i = 0; i < 1_000_000; i++) {
    name.writeUInt32LE(i)
    touched.add(0, name, 0, name.length)
  }
  t.true(touched.count > 999_000 && touched.bytes < 12e6)
  let wrong = 0
  for (let i = 0; i < 2_000_000; i++) {
    name.writeUInt32LE(i)
    if (i < 1_000_000 && !touched.has(0, name, 0, name.length)) t.fail(`key ${i} is lost`)
    if (i >= 1_000_000 && touched.has(0, name, 0, name.length)) wrong++
  }
  t.true(wrong < 1000)
})
