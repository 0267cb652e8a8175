// Hashes against a map of strings, at sizes across the thresholds; forms, order, random fields, HSCAN while a hash changes.
import fc from 'fast-check'
import test from 'ava'
import { addField, readHashField } from '../../../core/commands/hash-key.ts'
import { stateDigest } from '../../../core/digest.ts'
import { formOf, types } from '../../../core/keyspace/entry.ts'
import { hashForms } from '../../../core/types/hash.ts'
import { array, bulk, driver, fold, int, nil, ok, type Driver } from './driver.ts'
import { pairs, scanned, texts } from './hash-replies.ts'

const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'

function limits(d: Driver, entries: number, bytes: number): void {
  d.engine.settings.hashPackEntriesMax = entries
  d.engine.settings.hashPackValueBytesMax = bytes
}

const field = fc.oneof(
  { weight: 6, arbitrary: fc.nat(30).map((n) => `f${n}`) },
  { weight: 2, arbitrary: fc.integer({ min: -70, max: 300 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('', '0', '-0', '007', '9007199254740993', 'x'.repeat(127), 'x'.repeat(128), 'y'.repeat(300)) },
)
const value = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 20 }).map((s) => Buffer.from(s).toString('latin1')) },
  { weight: 4, arbitrary: fc.integer().map(String) },
  { weight: 1, arbitrary: fc.constantFrom('', '9223372036854775807', '-9223372036854775808', '1.5', '-1234567890123456') },
  { weight: 1, arbitrary: fc.constantFrom(63, 64, 65, 127, 128, 400, 4095, 4096).map((size) => 'z'.repeat(size)) },
)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('HSET' as const), fc.array(fc.tuple(field, value), { minLength: 1, maxLength: 6 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('HSETNX' as const), field, value) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('HDEL' as const), fc.array(field, { minLength: 1, maxLength: 8 })) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('HINCRBY' as const), field, fc.oneof(fc.integer(), fc.constantFrom(2 ** 53 - 1, 1e15))) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('COPY' as const, 'RENAME' as const)) },
)

test('a hash is a map, whatever form it has', (t) => {
  fc.assert(fc.property(
    fc.array(step, { maxLength: 80 }), fc.constantFrom([0, 64], [1, 8], [8, 64], [8, 5000], [512, 5000]),
    (steps, [entries, bytes]) => {
      const d = driver()
      const empty = d.engine.arena.usedBytes
      limits(d, entries!, bytes!)
      const model = new Map<string, string>()
      for (const s of steps) {
        if (s[0] === 'HSET') {
          const fresh = new Set(s[1].map(([f]) => f).filter((f) => !model.has(f))).size
          if (d.run('HSET', 'h', ...s[1].flat()) !== int(fresh)) return false
          for (const [f, v] of s[1]) model.set(f, v)
        } else if (s[0] === 'HSETNX') {
          if (d.run('HSETNX', 'h', s[1], s[2]) !== int(model.has(s[1]) ? 0 : 1)) return false
          if (!model.has(s[1])) model.set(s[1], s[2])
        } else if (s[0] === 'HDEL') {
          const gone = new Set(s[1].filter((f) => model.delete(f))).size
          if (d.run('HDEL', 'h', ...s[1]) !== int(gone)) return false
        } else if (s[0] === 'HINCRBY') {
          const before = model.get(s[1]) ?? '0'
          const reply = d.run('HINCRBY', 'h', s[1], s[2])
          const sum = /^(0|-?[1-9]\d*)$/.test(before) ? BigInt(before) + BigInt(s[2]) : undefined
          if (sum === undefined) {
            if (reply !== '-ERR hash value is not an integer\r\n') return false
          } else if (BigInt.asIntN(64, sum) !== sum) {
            if (reply !== '-ERR increment or decrement would overflow\r\n') return false
          } else {
            if (reply !== int(sum)) return false
            model.set(s[1], String(sum))
          }
        } else if (model.size > 0) {
          d.run(s[0], 'h', 'other')
          d.run('RENAME', 'other', 'h')
        }
        if (d.run('HLEN', 'h') !== int(model.size)) return false
      }
      d.engine.dbs[0]!.check()
      const seen = pairs(d.run('HGETALL', 'h'))
      if (JSON.stringify(seen.toSorted()) !== JSON.stringify([...model].toSorted())) return false
      if (seen.some(([f, v]) => d.run('HGET', 'h', f) !== bulk(v))) return false
      if (d.run('HKEYS', 'h') !== array(...seen.map(([f]) => bulk(f)))) return false
      if (d.run('HVALS', 'h') !== array(...seen.map(([, v]) => bulk(v)))) return false
      // The thresholds of whoever folds the log may be others.
      if (stateDigest(fold(d.effects)) !== stateDigest(d.engine)) return false
      d.run('DEL', 'h')
      d.engine.lazy.drain()
      d.engine.arena.check()
      return d.engine.arena.usedBytes === empty
    },
  ), { numRuns: 150 })
  t.pass()
})

test('a hash becomes a table with one field too many or one byte too many, and stays one', (t) => {
  const d = driver()
  const encoding = (): string => texts(array(d.run('OBJECT', 'ENCODING', 'h')))[0]!
  limits(d, 4, 10)
  d.run('HSET', 'h', 'a', '1', 'b', '2', 'c', '3', 'd', '0123456789')
  t.is(encoding(), 'listpack')
  d.run('HSET', 'h', 'a', '5')
  t.is(encoding(), 'listpack')
  d.run('HSET', 'h', 'e', '5')
  t.is(encoding(), 'hashtable')
  d.run('HDEL', 'h', 'a', 'b', 'c')
  t.is(encoding(), 'hashtable')
  d.run('DEL', 'h')
  d.run('HSET', 'h', 'f', '01234567890')
  t.is(encoding(), 'hashtable')
  d.run('DEL', 'h')
  d.run('HINCRBYFLOAT', 'h', 'f', '12345678.125')
  t.is(encoding(), 'hashtable')
  d.run('DEL', 'h')
  // Pairs are counted before they are looked at.
  d.run('HSET', 'h', 'a', '1', 'a', '2', 'a', '3', 'a', '4', 'a', '5')
  t.is(encoding(), 'hashtable')
  d.run('DEL', 'h')
  limits(d, 0, 64)
  d.run('HSETNX', 'h', 'f', 'v')
  t.is(encoding(), 'hashtable')
})

test('a few fields with long values are a hashtable to clients and a pack inside, until they are many or get deadlines', (t) => {
  const d = driver()
  const form = (): number => {
    const entry = d.engine.dbs[0]!.find(Buffer.from('h'), 0, 1, d.engine.dbs[0]!.hash(Buffer.from('h'), 0, 1))
    t.is(d.run('OBJECT', 'ENCODING', 'h'), bulk('hashtable'))
    return formOf(d.engine.arena, entry)
  }
  const begin = (): void => {
    d.run('DEL', 'h')
    d.run('HSET', 'h', 'name', 'n', 'data', 'x'.repeat(500), 'n', '1')
  }
  begin()
  t.is(form(), hashForms.longpack)
  d.run('HSET', 'h', 'data', 'short')
  t.is(form(), hashForms.longpack)
  t.is(d.run('COPY', 'h', 'other'), int(1))
  for (let i = 0; i < 30; i++) d.run('HSET', 'h', `f${i}`, i)
  t.is(form(), hashForms.hashtable)
  t.is(d.run('HGETALL', 'other'), array(...['name', 'n', 'data', 'short', 'n', '1'].map(bulk)))
  begin()
  d.run('HSET', 'h', 'more', 'x'.repeat(4000))
  t.is(form(), hashForms.hashtable)
  begin()
  d.run('HEXPIRE', 'h', 1, 'FIELDS', 1, 'n')
  t.is(form(), hashForms.hashtable)
  t.is(d.run('HTTL', 'h', 'FIELDS', 2, 'n', 'name'), array(int(1), int(-1)))
})

test('what reads RDB files and SORT find in fields', (t) => {
  const { engine } = driver()
  const text = Buffer.from('field0123value')
  for (const fields of [3, 40, 600]) {
    engine.hash.create()
    for (let i = 0; i < fields; i++) {
      text.write(String(i).padStart(4, '0'), 5)
      addField(engine, text, 0, 9, text, i % 7 === 3 ? 0 : 9, 14, i % 5 === 4 ? 1000 + i : -1)
    }
    const { root, form } = engine.hash
    t.is(form, fields === 600 ? hashForms.hashtable : fields === 40 ? hashForms.listpackex : hashForms.listpack)
    const db = engine.dbs[0]!
    const key = Buffer.from(`k${fields}`)
    const entry = db.storeValue(key, 0, key.length, db.hash(key, 0, key.length), types.hash, root, form)
    db.check()
    engine.replaying = true
    t.true(readHashField(engine, entry, Buffer.from('field0002'), 0, 9))
    t.is(Buffer.from(engine.hash.buf.subarray(engine.hash.from, engine.hash.to)).toString(), 'value')
    t.false(readHashField(engine, entry, Buffer.from('field9999'), 0, 9))
    t.false(readHashField(engine, 0, Buffer.from('field0002'), 0, 9))
    let seen = 0
    engine.hash.open(root, form, -1).each((field, from, to, value, start, end, deadline) => {
      const i = Number(Buffer.from(field.subarray(from, to)).toString().slice(5))
      seen++
      t.is(deadline, i % 5 === 4 ? 1000 + i : -1)
      t.is(end - start, i % 7 === 3 ? 14 : 5)
      t.true(value.length > 0)
    })
    t.is(seen, fields)
    engine.replaying = false
  }
})

test('a listpack keeps the order in which fields came', (t) => {
  const d = driver()
  d.run('HSET', 'h', 'z', '1', 'a', '2', '10', '3')
  d.run('HSET', 'h', 'a', 'a longer value')
  d.run('HDEL', 'h', 'z')
  d.run('HSET', 'h', 'z', '4')
  t.is(d.run('HGETALL', 'h'), array(...['a', 'a longer value', '10', '3', 'z', '4'].map(bulk)))
  t.is(d.run('HMGET', 'h', '10', 'nope', 'z'), array(bulk('3'), nil, bulk('4')))
  t.is(d.run('HSTRLEN', 'h', 'a'), int(14))
})

test('wrong types, missing keys and wrong words change nothing and log nothing', (t) => {
  const d = driver()
  d.run('SET', 's', 'v')
  d.run('HSET', 'h', 'n', 'x', 'max', '9223372036854775807')
  const before = stateDigest(d.engine)
  const logged = d.effects.length
  const calls = [
    ['HSET', 's', 'f', 'v'], ['HSETNX', 's', 'f', 'v'], ['HMSET', 's', 'f', 'v'], ['HDEL', 's', 'f'], ['HINCRBY', 's', 'f', '1'],
    ['HINCRBYFLOAT', 's', 'f', '1'], ['HGET', 's', 'f'], ['HMGET', 's', 'f'], ['HGETALL', 's'], ['HKEYS', 's'], ['HVALS', 's'],
    ['HLEN', 's'], ['HSTRLEN', 's', 'f'], ['HEXISTS', 's', 'f'], ['HRANDFIELD', 's'], ['HRANDFIELD', 's', '1'], ['HSCAN', 's', '0'],
  ]
  for (const call of calls) t.is(d.run(...call), wrongType, call.join(' '))
  t.is(d.run('HSET', 'h', 'f'), '-ERR wrong number of arguments for \'hset\' command\r\n')
  t.is(d.run('HMSET', 'h', 'f', 'v', 'g'), '-ERR wrong number of arguments for \'hmset\' command\r\n')
  t.is(d.run('HINCRBY', 'h', 'n', '1'), '-ERR hash value is not an integer\r\n')
  t.is(d.run('HINCRBY', 'h', 'max', '1'), '-ERR increment or decrement would overflow\r\n')
  t.is(d.run('HINCRBYFLOAT', 'h', 'n', '1'), '-ERR hash value is not a float\r\n')
  t.is(d.run('HINCRBYFLOAT', 'h', 'm', 'inf'), '-ERR value is NaN or Infinity\r\n')
  t.is(d.run('HDEL', 'none', 'f'), int(0))
  t.is(d.run('HDEL', 'h', 'nope'), int(0))
  t.is(d.run('HGETALL', 'none'), array())
  t.is(d.run('HMGET', 'none', 'a', 'b'), array(nil, nil))
  t.is(d.run('HSCAN', 'none', '0', 'nope'), array(bulk('0'), array()))
  t.is(d.run('HSCAN', 'h', '0', 'nope'), '-ERR syntax error\r\n')
  t.is(d.run('HSCAN', 'h', '0', 'TYPE', 'hash'), '-ERR syntax error\r\n')
  t.is(d.run('HRANDFIELD', 'h', '1', 'nope'), '-ERR syntax error\r\n')
  t.is(stateDigest(d.engine), before)
  t.is(d.effects.length, logged)
})

test('HRANDFIELD: counts, repetitions, and pairs within pairs in RESP3', (t) => {
  const d = driver()
  for (const entries of [512, 2]) {
    limits(d, entries, 64)
    d.run('DEL', 'h')
    d.run('HSET', 'h', 'a', '1', 'b', '2', 'c', '3')
    t.is(d.run('HRANDFIELD', 'none'), nil)
    t.is(d.run('HRANDFIELD', 'none', 3), array())
    t.is(d.run('HRANDFIELD', 'h', 0), array())
    t.deepEqual(texts(d.run('HRANDFIELD', 'h', 9)).toSorted(), ['a', 'b', 'c'])
    t.is(new Set(texts(d.run('HRANDFIELD', 'h', 2))).size, 2)
    t.is(texts(d.run('HRANDFIELD', 'h', -20)).length, 20)
    t.deepEqual(pairs(d.run('HRANDFIELD', 'h', 5, 'WITHVALUES')).toSorted(), [['a', '1'], ['b', '2'], ['c', '3']])
    d.session.resp = 3
    t.regex(d.run('HRANDFIELD', 'h', 2, 'WITHVALUES'), /^\*2\r\n(\*2\r\n\$1\r\n[abc]\r\n\$1\r\n[123]\r\n){2}$/)
    t.is(d.run('HGETALL', 'none'), '%0\r\n')
    d.session.resp = 2
  }
})

test('HSCAN finds every field that stays, while others come and go, and shows values only when wanted', (t) => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 900 }), fc.boolean(), fc.integer(),
    (count, start, growing, seed) => {
      const d = driver(seed)
      limits(d, 128, 64)
      const stay = Array.from({ length: 200 }, (_, i) => `stay:${i}`)
      d.run('HSET', 'h', ...stay.flatMap((f) => [f, 'v']))
      let others = start
      for (let i = 0; i < start; i++) d.run('HSET', 'h', `other:${i}`, i)
      const seen = new Set<string>()
      let cursor = '0'
      do {
        const reply = d.run('HSCAN', 'h', cursor, 'COUNT', count, 'MATCH', 'stay:*', 'NOVALUES')
        cursor = reply.split('\r\n')[2]!
        for (const f of scanned(reply)) seen.add(f)
        for (let i = 0; i < 50; i++) {
          if (growing && others < 6000) d.run('HSET', 'h', `other:${others++}`, '1')
          else if (!growing && others > 0) d.run('HDEL', 'h', `other:${--others}`)
        }
      } while (cursor !== '0')
      t.deepEqual(stay.filter((f) => !seen.has(f)), [])
      t.deepEqual([...seen].filter((f) => !f.startsWith('stay:')), [])
    }), { numRuns: 20 })
})

test('HMSET answers OK, and a hash that loses its last field is no key any more', (t) => {
  const d = driver()
  t.is(d.run('HMSET', 'h', 'a', '1', 'b', '2'), ok)
  t.is(d.run('HDEL', 'h', 'a', 'b', 'b', 'c'), int(2))
  t.is(d.run('EXISTS', 'h'), int(0))
  t.is(d.run('DBSIZE'), int(0))
})

test('HINCRBYFLOAT is logged as what it came to', (t) => {
  const d = driver()
  t.is(d.run('HINCRBYFLOAT', 'h', 'f', '10.5'), bulk('10.5'))
  t.is(d.run('HINCRBYFLOAT', 'h', 'f', '0.1'), bulk('10.6'))
  t.is(d.effects.at(-1)!.command.toString(), '*4\r\n$4\r\nHSET\r\n$1\r\nh\r\n$1\r\nf\r\n$4\r\n10.6\r\n')
})
