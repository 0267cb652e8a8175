// The pool of candidates against a sorted array.
import fc from 'fast-check'
import test from 'ava'
import { EvictionPool } from '../../../core/keyspace/eviction-pool.ts'

type Candidate = { score: number, db: number, entry: number }

test('the pool keeps the best sixteen, each once, under its latest score', (t) => {
  const candidate = fc.record({ score: fc.nat(50), db: fc.nat(2), entry: fc.integer({ min: 1, max: 30 }) })
  fc.assert(fc.property(fc.array(candidate, { maxLength: 120 }), (candidates) => {
    const pool = new EvictionPool()
    let model: Candidate[] = []
    for (const c of candidates) {
      const wanted = model.length < 16 || c.score > model[0]!.score
      t.is(pool.wants(c.score), wanted)
      if (!wanted) continue
      pool.add(c.score, c.db, c.entry * 7, c.entry)
      model = model.filter(({ db, entry }) => db !== c.db || entry !== c.entry)
      if (model.length === 16) model.shift()
      const at = model.findLastIndex(({ score }) => score <= c.score) + 1
      model.splice(at, 0, c)
    }
    const held = Array.from({ length: pool.count }, (_, i): Candidate => {
      t.is(pool.hash[i], pool.entry[i]! * 7)
      return { score: pool.score[i]!, db: pool.db[i]!, entry: pool.entry[i]! }
    })
    t.deepEqual(held, model)
  }), { numRuns: 300 })
})
