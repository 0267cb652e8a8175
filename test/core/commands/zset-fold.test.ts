// The log of sorted set commands folds to the state that it came from, also under other thresholds.
import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import type { Engine } from '../../../core/engine.ts'
import { driver, fold } from './driver.ts'
import type { Driver } from './driver.ts'

const key = fc.constantFrom('a', 'b', 'c')
const member = fc.oneof(fc.integer({ min: 0, max: 30 }).map((n) => `m${n}`), fc.constantFrom('', '7', '-3', 'x'.repeat(70)))
const score = fc.oneof(
  fc.integer({ min: -3, max: 9 }).map(String), fc.constantFrom('inf', '-inf', '0.1', '1.5', '-0', '1e300', '0x10', 'bad', '5e-324'),
)
const bound = fc.oneof(score, score.map((text) => `(${text}`), fc.constantFrom('-inf', '+inf'))
const lex = fc.oneof(member.map((text) => `[${text}`), member.map((text) => `(${text}`), fc.constantFrom('-', '+'))
const rank = fc.integer({ min: -8, max: 8 }).map(String)
const word = fc.constant<string>
const count = fc.constantFrom('1', '2', '9')
const flags = fc.subarray(['NX', 'XX', 'GT', 'LT', 'CH', 'INCR'], { maxLength: 2 })

const command = fc.oneof(
  fc.tuple(word('ZADD'), key, score, member, score, member),
  fc.tuple(key, flags, score, member).map(([k, f, s, m]) => ['ZADD', k, ...f, s, m]),
  fc.tuple(key, fc.array(fc.tuple(score, member), { minLength: 1, maxLength: 9 })).map(([k, pairs]) => ['ZADD', k, ...pairs.flat()]),
  fc.tuple(word('ZINCRBY'), key, score, member),
  fc.tuple(word('ZREM'), key, member, member),
  fc.tuple(fc.constantFrom('ZPOPMIN', 'ZPOPMAX'), key, count),
  fc.tuple(fc.constantFrom('BZPOPMIN', 'BZPOPMAX'), key, key, word('0')),
  fc.tuple(word('ZMPOP'), word('2'), key, key, fc.constantFrom('MIN', 'MAX'), word('COUNT'), count),
  fc.tuple(word('BZMPOP'), word('0.5'), word('2'), key, key, fc.constantFrom('MIN', 'MAX'), word('COUNT'), count),
  fc.tuple(word('ZREMRANGEBYRANK'), key, rank, rank),
  fc.tuple(word('ZREMRANGEBYSCORE'), key, bound, bound),
  fc.tuple(word('ZREMRANGEBYLEX'), key, lex, lex),
  fc.tuple(word('ZRANGESTORE'), key, key, rank, rank),
  fc.tuple(word('ZRANGESTORE'), key, key, bound, bound, word('BYSCORE')),
  fc.tuple(word('ZRANGESTORE'), key, key, lex, lex, word('BYLEX'), word('LIMIT'), word('1'), word('5')),
  fc.tuple(fc.constantFrom('ZUNIONSTORE', 'ZINTERSTORE'), key, word('2'), key, key, word('WEIGHTS'), score, score),
  fc.tuple(fc.constantFrom('ZUNIONSTORE', 'ZINTERSTORE'), key, word('2'), key, key, word('AGGREGATE'), fc.constantFrom('MIN', 'MAX')),
  fc.tuple(word('ZDIFFSTORE'), key, word('2'), key, key),
  fc.tuple(fc.constantFrom('ZRANDMEMBER', 'ZCARD', 'DEL', 'UNLINK'), key),
  fc.tuple(fc.constantFrom('COPY', 'RENAME'), key, key),
  fc.tuple(word('SET'), key, word('text')),
)

const limits = (d: Driver, entries: number, bytes: number): Driver => {
  d.engine.settings.zsetPackEntriesMax = entries
  d.engine.settings.zsetPackValueBytesMax = bytes
  return d
}

/** The log folded by an engine with other thresholds. */
function foldWithin(d: Driver, entries: number, bytes: number): Engine {
  const other = limits(driver(9), entries, bytes)
  other.engine.replaying = true
  for (const effect of d.effects) other.replay(effect)
  return other.engine
}

test('the log folds to the state under any thresholds, and a command that fails leaves no trace', (t) => {
  fc.assert(fc.property(fc.array(command, { maxLength: 100 }), fc.constantFrom(0, 4, 12, 128), (commands, entries) => {
    const d = limits(driver(), entries, 64)
    const empty = d.engine.arena.usedBytes
    for (const words of commands) {
      const logged = d.effects.length
      const { changes } = d.engine
      const before = stateDigest(d.engine)
      const reply = d.run(...words)
      if (reply.startsWith('-') || d.effects.length === logged) {
        t.is(stateDigest(d.engine), before, words.join(' '))
        t.is(d.engine.changes, changes)
        t.is(d.effects.length, logged)
      }
    }
    for (const database of d.engine.dbs) database.check()
    t.is(stateDigest(fold(d.effects, 2)), stateDigest(d.engine))
    t.is(stateDigest(foldWithin(d, 0, 0)), stateDigest(d.engine))
    t.is(stateDigest(foldWithin(d, 6, 1000)), stateDigest(d.engine))
    t.is(stateDigest(foldWithin(d, 1000, 1000)), stateDigest(d.engine))
    d.run('FLUSHALL')
    d.engine.lazy.drain()
    t.is(d.engine.arena.usedBytes, empty)
    d.engine.arena.check()
  }), { numRuns: 150 })
})

test('what waits or chooses among keys is logged as what it took', (t) => {
  const d = driver()
  d.run('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd')
  d.run('BZPOPMIN', 'none', 'z', '0.5')
  d.run('BZMPOP', '0', '2', 'none', 'z', 'MAX', 'COUNT', '2')
  d.run('ZMPOP', '1', 'z', 'MIN')
  t.deepEqual(d.effects.slice(1).map((effect) => effect.command.toString().replaceAll(/[*$]\d+\r\n/g, '').trim().split('\r\n').join(' ')), [
    'ZPOPMIN z', 'ZPOPMAX z 2', 'ZPOPMIN z',
  ])
  t.is(d.run('EXISTS', 'z'), ':0\r\n')
})
