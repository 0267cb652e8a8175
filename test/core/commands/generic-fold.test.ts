// The log of any mixture of these families folds to the state that it came from, twice alike, from any prefix.
import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { driver, fold } from './driver.ts'

const key = fc.constantFrom('a', 'b', 'c', 's', 'long '.repeat(15))
const member = fc.constantFrom('a', 'b', '1', '2', '-7', '70000')
const db = fc.constantFrom('0', '1', '2')
const value = fc.oneof(
  fc.constantFrom('', '0', '41', '-9', '9223372036854775807', '1.5', 'x'.repeat(200)), fc.string({ maxLength: 70 }),
)
const ms = fc.constantFrom('1', '9', '30', '700', '5000')
const at = fc.constantFrom('1699999999990', '1700000000020', '1700000000700', '9223372036854775807')
const small = fc.integer({ min: -3, max: 90 }).map(String)
const word = fc.constant<string>

const command = fc.oneof(
  fc.tuple(word('SET'), key, value),
  fc.tuple(word('SET'), key, value, word('PX'), ms, fc.constantFrom('NX', 'XX', 'GET')),
  fc.tuple(word('SET'), key, value, word('PXAT'), at),
  fc.tuple(word('SET'), key, value, fc.constantFrom('KEEPTTL', 'GET', 'NX')),
  fc.tuple(fc.constantFrom('GETSET', 'SETNX', 'APPEND'), key, value),
  fc.tuple(word('PSETEX'), key, ms, value),
  fc.tuple(word('GETEX'), key, fc.constantFrom('PX', 'PXAT'), fc.oneof(ms, at)),
  fc.tuple(word('GETEX'), key, word('PERSIST')),
  fc.tuple(fc.constantFrom('GETDEL', 'INCR', 'DECR', 'PERSIST', 'GET', 'TTL', 'TYPE'), key),
  fc.tuple(fc.constantFrom('INCRBY', 'DECRBY'), key, small),
  fc.tuple(word('INCRBYFLOAT'), key, fc.constantFrom('0.1', '-1.5', '3', '1e20')),
  fc.tuple(word('SETRANGE'), key, fc.nat(80).map(String), fc.constantFrom('', 'abc')),
  fc.tuple(fc.constantFrom('MSET', 'MSETNX'), key, value, key, value),
  fc.tuple(fc.constantFrom('DEL', 'UNLINK', 'TOUCH', 'EXISTS'), key, key),
  fc.tuple(fc.constantFrom('RENAME', 'RENAMENX', 'COPY'), key, key),
  fc.tuple(word('COPY'), key, key, word('DB'), db, word('REPLACE')),
  fc.tuple(word('MOVE'), key, db),
  fc.tuple(word('PEXPIRE'), key, small, fc.constantFrom('NX', 'XX', 'GT', 'LT')),
  fc.tuple(word('PEXPIREAT'), key, at),
  fc.tuple(word('HSET'), key, fc.constantFrom('f', 'g'), value),
  fc.tuple(word('HSETEX'), key, word('PX'), ms, word('FIELDS'), word('2'), word('f'), value, word('h'), value),
  fc.tuple(word('HPEXPIRE'), key, ms, fc.constantFrom('NX', 'GT'), word('FIELDS'), word('2'), word('f'), word('g')),
  fc.tuple(word('HDEL'), key, word('f')),
  fc.tuple(fc.constantFrom('SADD', 'SREM'), key, member, member, member),
  fc.tuple(word('SADD'), key, fc.constantFrom('x'.repeat(70), '12345678901234'), member, member),
  fc.tuple(fc.constantFrom('SPOP', 'SRANDMEMBER'), key),
  fc.tuple(word('SPOP'), key, fc.nat(3).map(String)),
  fc.tuple(word('SMOVE'), key, key, member),
  fc.tuple(fc.constantFrom('SUNIONSTORE', 'SINTERSTORE', 'SDIFFSTORE'), key, key, key),
  fc.tuple(word('SORT'), key, word('ALPHA'), word('STORE'), key),
  fc.tuple(word('SORT'), key, word('BY'), word('*'), word('GET'), word('*'), word('ALPHA'), word('STORE'), key),
  fc.tuple(word('XADD'), key, word('*'), word('f'), value),
  fc.tuple(word('ZADD'), key, small, value, small, word('m')),
  fc.tuple(fc.constantFrom('ZPOPMIN', 'ZPOPMAX', 'BZPOPMIN'), key, word('1')),
  fc.tuple(fc.constantFrom('LPUSH', 'RPUSH'), key, value, value),
  fc.tuple(fc.constantFrom('LPOP', 'RPOP', 'RPOPLPUSH'), key),
  fc.tuple(fc.constantFrom('RPOPLPUSH', 'LPUSHX'), key, key),
  fc.tuple(word('BLPOP'), key, key, word('0')),
  fc.tuple(fc.constantFrom('SWAPDB'), db, db),
  fc.constantFrom<string[]>(['FLUSHDB'], ['FLUSHDB', 'ASYNC'], ['RANDOMKEY'], ['SCAN', '0'], ['KEYS', '*']),
)
const step = fc.record({ command, database: fc.constantFrom(0, 0, 0, 1), wait: fc.constantFrom(0, 0, 0, 2, 25, 400) })

test('the log folds to the state, also when keys expire only as they are met', (t) => {
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), fc.boolean(), (steps, active) => {
    const d = driver()
    d.engine.settings.activeExpire = active
    const empty = d.engine.arena.usedBytes
    for (const { command: words, database, wait } of steps) {
      d.clock.advance(wait)
      d.session.db = database
      d.run(...words)
    }
    for (const database of d.engine.dbs) t.notThrows(() => database.check())
    t.is(stateDigest(fold(d.effects, 2)), stateDigest(d.engine))
    t.is(stateDigest(fold(d.effects, 3)), stateDigest(d.engine))
    const half = d.effects.slice(0, d.effects.length >>> 1)
    t.is(stateDigest(fold(half, 4)), stateDigest(fold(half, 5)))
    d.run('FLUSHALL')
    d.engine.lazy.drain()
    t.is(d.engine.arena.usedBytes, empty)
    t.notThrows(() => d.engine.arena.check())
  }), { numRuns: 150 })
})
