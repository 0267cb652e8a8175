// Random list commands fold from their effects to the same state, also under other thresholds, and agree with an array.
import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { driver, fold } from './driver.ts'
import type { Driver } from './driver.ts'

const key = fc.constantFrom('a', 'b', 'c')
const element = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('x', 'y', '1', '-300', '70000', '9223372036854775807') },
  { weight: 1, arbitrary: fc.nat({ max: 200 }).map((size) => 'z'.repeat(size)) },
)
const elements = fc.array(element, { minLength: 1, maxLength: 12 })
const index = fc.integer({ min: -20, max: 20 }).map(String)
const count = fc.integer({ min: 0, max: 6 }).map(String)
const side = fc.constantFrom('LEFT', 'RIGHT')
const command = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('LPUSH', 'RPUSH'), key, elements).map(([name, k, all]) => [name, k, ...all]) },
  fc.tuple(fc.constantFrom('LPOP', 'RPOP'), key, count),
  fc.tuple(fc.constantFrom('LPOP', 'RPOP', 'LLEN'), key),
  fc.tuple(fc.constant('LSET'), key, index, element),
  fc.tuple(fc.constant('LINSERT'), key, fc.constantFrom('BEFORE', 'AFTER'), element, element),
  fc.tuple(fc.constant('LREM'), key, fc.integer({ min: -2, max: 2 }).map(String), element),
  fc.tuple(fc.constant('LTRIM'), key, index, index),
  fc.tuple(fc.constant('LMOVE'), key, key, side, side),
  fc.tuple(fc.constant('BLMOVE'), key, key, side, side, fc.constant('0')),
  fc.tuple(fc.constant('BRPOPLPUSH'), key, key, fc.constant('0')),
  fc.tuple(fc.constantFrom('BLPOP', 'BRPOP'), key, key, fc.constant('0')),
  fc.tuple(fc.constant('BLMPOP'), fc.constant('0'), fc.constant('2'), key, key, side, fc.constant('COUNT'), count),
  fc.tuple(fc.constant('RENAME'), key, key),
  fc.tuple(fc.constant('COPY'), key, key, fc.constant('REPLACE')),
)

function sound(d: Driver): void {
  for (const name of ['a', 'b', 'c']) {
    const bytes = Buffer.from(name)
    const entry = d.engine.db.find(bytes, 0, 1, d.engine.db.hash(bytes, 0, 1))
    if (entry === 0) continue
    const form = d.run('OBJECT', 'ENCODING', name).includes('listpack') ? 0 : 1
    d.engine.list.open(d.engine.db.rootOf(entry), form).check()
    if (d.engine.list.length === 0) throw new Error('an empty list is left')
  }
  d.engine.arena.check()
}

test('random commands fold to the state they left; failed ones log nothing', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(-2, -1, 4, 1), fc.array(command, { minLength: 1, maxLength: 100 }), (size, commands) => {
      const d = driver()
      d.engine.settings.listPackSize = size
      for (const words of commands) {
        const logged = d.effects.length
        const digest = stateDigest(d.engine)
        const reply = d.run(...words)
        const changed = stateDigest(d.engine) !== digest
        if (changed && d.effects.length === logged) throw new Error(`${words.join(' ')} logged nothing`)
        if (reply.startsWith('-') && (changed || d.effects.length > logged)) throw new Error(`${words.join(' ')} failed, but did something`)
      }
      sound(d)
      return stateDigest(fold(d.effects)) === stateDigest(d.engine)
    }),
    { numRuns: 120 },
  )
  t.pass()
})

test('the same elements have one digest, whatever the encoding', (t) => {
  const one = driver()
  const other = driver(2)
  other.engine.settings.listPackSize = 1
  for (const d of [one, other]) d.run('RPUSH', 'l', 'a', '1', 'b', 'x'.repeat(100))
  t.not(one.run('OBJECT', 'ENCODING', 'l'), other.run('OBJECT', 'ENCODING', 'l'))
  t.is(stateDigest(one.engine), stateDigest(other.engine))
})
