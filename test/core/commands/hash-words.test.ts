// Any words after the names of the commands that know of deadlines: what fails changes and logs nothing, and the rest folds.
import fc from 'fast-check'
import test from 'ava'
import { hashCommands } from '../../../core/commands/hash.ts'
import { stateDigest } from '../../../core/digest.ts'
import { driver, fold } from './driver.ts'

const dated = /^h(p?expire|p?expireat|p?ttl|p?expiretime|persist|setex|getex|getdel)$/
const commands = hashCommands.filter((spec) => dated.test(spec.name))
const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('FIELDS', 'fields', '1', '2', 'f', 'g') },
  { weight: 2, arbitrary: fc.constantFrom('EX', 'PX', 'EXAT', 'PXAT', 'KEEPTTL', 'PERSIST', 'FNX', 'FXX', 'NX', 'XX', 'GT', 'LT') },
  { weight: 1, arbitrary: fc.constantFrom('0', '-1', 'x', '', '1700000000050', '70368744177663', '70368744177664', '9223372036854775807') },
)
/** Mostly words in an order that means something, one of them changed. */
const shaped = fc.tuple(
  fc.constantFrom([], ['5'], ['5', 'NX'], ['PX', '7'], ['EXAT', '1'], ['PERSIST'], ['FNX', 'PX', '3'], ['KEEPTTL']),
  fc.constantFrom(['FIELDS', '1', 'f'], ['FIELDS', '2', 'f', 'g'], ['FIELDS', '1', 'f', 'v'], ['FIELDS', '2', 'f', '1', 'g', '2']),
  fc.option(fc.tuple(fc.nat(), word), { freq: 1 }),
).map(([options, fields, change]) => {
  const words: string[] = [...options, ...fields]
  if (change !== null) words[change[0] % words.length] = change[1]
  return words
})
const step = fc.record({
  command: fc.constantFrom(...commands), key: fc.constantFrom('h', 'h', 'none', 's'),
  words: fc.oneof({ weight: 4, arbitrary: shaped }, { weight: 1, arbitrary: fc.array(word, { maxLength: 9 }) }),
  wait: fc.constantFrom(0, 0, 4),
})

test('an error leaves everything as it was', (t) => {
  let answered = 0
  let failed = 0
  fc.assert(fc.property(fc.array(step, { minLength: 40, maxLength: 60 }), fc.constantFrom(512, 1), (steps, entries) => {
    const d = driver()
    d.engine.settings.hashPackEntriesMax = entries
    d.run('SET', 's', 'v')
    for (const { command, key, words, wait } of steps) {
      const call = [command.name, key, ...words]
      // The broker counts the words before.
      if (call.length < -command.arity) continue
      d.clock.advance(wait)
      d.run('HSET', 'h', 'other', '1')
      if (wait === 0) d.run('HSETNX', 'h', 'f', '1')
      const before = stateDigest(d.engine)
      const logged = d.effects.length
      const reply = d.run(...call)
      if (!reply.startsWith('-')) {
        answered++
        if (d.effects.length === logged) t.is(stateDigest(d.engine), before, call.join(' '))
        continue
      }
      failed++
      t.is(d.effects.length, logged, call.join(' '))
      t.is(stateDigest(d.engine), before, call.join(' '))
      t.regex(reply, /^-(ERR|WRONGTYPE) .*\r\n$/)
    }
    for (const db of d.engine.dbs) t.notThrows(() => db.check())
    t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
  }), { numRuns: 60 })
  t.true(answered > 100 && failed > 100, `${answered} answered, ${failed} failed`)
})
