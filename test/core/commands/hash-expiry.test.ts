// Deadlines of fields against a naive model with a clock of its own, and what the log says of them.
import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { formOf, rootOf, typeOf, types } from '../../../core/keyspace/entry.ts'
import { array, bulk, driver, fold, int, nil, ok, type Driver, type Effect } from './driver.ts'
import { Hashes } from './hash-expiry-model.ts'
import { items, pairs, scanned, texts } from './hash-replies.ts'

const start = 1_700_000_000_000

/** Walks all hashes and the indexes of their deadlines. */
function check(d: Driver): void {
  const { engine } = d
  for (const db of engine.dbs) {
    db.check()
    db.dict.each((entry) => {
      if (typeOf(engine.arena, entry) !== types.hash) return
      engine.hash.open(rootOf(engine.arena, entry), formOf(engine.arena, entry), -1).check()
    })
  }
}

/** The words of an effect. */
function words(effect: Effect): string {
  return texts(effect.command.toString('latin1')).join(' ')
}

const key = fc.constantFrom('h', 'h', 'h', 'other')
const field = fc.oneof(fc.nat(9).map((n) => `f${n}`), fc.constantFrom('', '7', '-12', 'x'.repeat(70)))
const fields = fc.array(field, { minLength: 1, maxLength: 5 })
const value = fc.oneof(fc.nat().map(String), fc.string({ maxLength: 9 }).map((s) => Buffer.from(s).toString('latin1')),
  fc.constant('v'.repeat(66)))
const lifetime = fc.constantFrom(0, 1, 5, 9, 30, 200, 100_000)
const option = fc.constantFrom('PX', 'PXAT', 'KEEPTTL', 'PERSIST', '')
const op = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('HSET' as const), key, field, value }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('HSETNX' as const), key, field, value }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('HINCRBY' as const), key, field }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('HINCRBYFLOAT' as const), key, field }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('HDEL' as const), key, fields }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('HGETDEL' as const), key, fields }) },
  { weight: 6, arbitrary: fc.record({
    kind: fc.constant('HPEXPIRE' as const), key, fields, lifetime, condition: fc.constantFrom(undefined, undefined, 'NX', 'XX', 'GT', 'LT'),
  }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('HPERSIST' as const), key, fields }) },
  { weight: 2, arbitrary: fc.record({
    kind: fc.constant('HSETEX' as const), key, fields, value, option, lifetime, condition: fc.constantFrom('', '', 'FNX', 'FXX'),
  }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('HGETEX' as const), key, fields, option, lifetime }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('COPY' as const, 'RENAME' as const, 'MOVE' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('SET' as const, 'DEL' as const, 'EXPIRE' as const), key }) },
)
type Op = typeof op extends fc.Arbitrary<infer T> ? T : never
const step = fc.record({ op, wait: fc.constantFrom(0, 0, 1, 4, 10, 100) })

/** Runs the command on both; the two replies, in one form. */
function play(d: Driver, m: Hashes, o: Op): [unknown, unknown] {
  switch (o.kind) {
    case 'HSET': return [d.run('HSET', o.key, o.field, o.value), int(m.set(o.key, o.field, o.value) ? 1 : 0)]
    case 'HSETNX': {
      const there = m.at(o.key).has(o.field)
      if (!there) m.set(o.key, o.field, o.value)
      return [d.run('HSETNX', o.key, o.field, o.value), int(there ? 0 : 1)]
    }
    case 'HINCRBY': case 'HINCRBYFLOAT': {
      const found = m.at(o.key).get(o.field) ?? { value: '0', deadline: Infinity }
      const reply = d.run(o.kind, o.key, o.field, '3')
      if (!/^(0|-?[1-9]\d{0,9})$/.test(found.value)) {
        // Not every text that is no integer is no float; what the log says is checked all the same.
        if (!reply.startsWith('-')) m.set(o.key, o.field, items(array(reply))[0]!, found.deadline)
        return [o.kind === 'HINCRBY' && !reply.startsWith('-ERR hash value'), false]
      }
      const sum = String(Number(found.value) + 3)
      m.set(o.key, o.field, sum, found.deadline)
      return [reply, o.kind === 'HINCRBY' ? int(Number(sum)) : bulk(sum)]
    }
    case 'HDEL': {
      const gone = o.fields.filter((f) => m.delete(o.key, f)).length
      return [d.run('HDEL', o.key, ...o.fields), int(gone)]
    }
    case 'HGETDEL': {
      const values = o.fields.map((f) => {
        const found = m.at(o.key).get(f)?.value ?? null
        m.delete(o.key, f)
        return found
      })
      return [items(d.run('HGETDEL', o.key, 'FIELDS', o.fields.length, ...o.fields)), values]
    }
    case 'HPEXPIRE': {
      const condition = o.condition === undefined ? [] : [o.condition]
      const answers = o.fields.map((f) => String(m.expire(o.key, f, m.now + o.lifetime, o.condition as 'NX')))
      return [items(d.run('HPEXPIRE', o.key, o.lifetime, ...condition, 'FIELDS', o.fields.length, ...o.fields)), answers]
    }
    case 'HPERSIST': {
      const answers = o.fields.map((f) => String(m.persist(o.key, f)))
      return [items(d.run('HPERSIST', o.key, 'FIELDS', o.fields.length, ...o.fields)), answers]
    }
    case 'HSETEX': return playSetEx(d, m, o)
    case 'HGETEX': return playGetEx(d, m, o)
    default: return playKey(d, m, o)
  }
}

function playSetEx(d: Driver, m: Hashes, o: Op & { kind: 'HSETEX' }): [unknown, unknown] {
  const option = o.option === 'PERSIST' ? '' : o.option
  const given = option === 'PX' ? ['PX', o.lifetime] : option === 'PXAT' ? ['PXAT', m.now + o.lifetime - 3] : option === '' ? [] : [option]
  const condition = o.condition === '' ? [] : [o.condition]
  const reply = d.run('HSETEX', o.key, ...condition, ...given, 'FIELDS', o.fields.length, ...o.fields.flatMap((f) => [f, o.value]))
  const there = o.fields.filter((f) => m.at(o.key).has(f)).length
  if ((o.condition === 'FNX' && there > 0) || (o.condition === 'FXX' && there < o.fields.length)) return [reply, int(0)]
  for (const f of o.fields) {
    const before = m.at(o.key).get(f)?.deadline ?? Infinity
    m.set(o.key, f, o.value, option === 'KEEPTTL' ? before : option === '' ? Infinity : m.now + o.lifetime - (option === 'PX' ? 0 : 3))
  }
  return [reply, int(1)]
}

function playGetEx(d: Driver, m: Hashes, o: Op & { kind: 'HGETEX' }): [unknown, unknown] {
  const option = o.option === 'KEEPTTL' ? '' : o.option
  const given = option === 'PX' ? ['PX', o.lifetime] : option === 'PXAT' ? ['PXAT', m.now + o.lifetime] : option === '' ? [] : [option]
  const values = o.fields.map((f) => {
    const found = m.at(o.key).get(f)?.value ?? null
    if (option === 'PERSIST') m.persist(o.key, f)
    else if (option !== '') m.expire(o.key, f, m.now + o.lifetime, undefined)
    return found
  })
  return [items(d.run('HGETEX', o.key, ...given, 'FIELDS', o.fields.length, ...o.fields)), values]
}

function playKey(d: Driver, m: Hashes, o: Op): [unknown, unknown] {
  if (o.kind === 'SET') {
    d.run('SET', o.key, 'v')
    d.run('DEL', o.key)
    m.keys.delete(o.key)
  } else if (o.kind === 'DEL') {
    d.run('DEL', o.key)
    m.keys.delete(o.key)
  } else if (o.kind === 'EXPIRE') {
    // The entry moves in memory to make room for a deadline.
    d.run('EXPIRE', o.key, '100000')
  } else if (o.kind === 'COPY') {
    d.run('COPY', 'h', 'other', 'REPLACE')
    m.copy('h', 'other')
  } else if (o.kind === 'RENAME' && m.at('other').size > 0) {
    d.run('RENAME', 'other', 'h')
    m.copy('other', 'h')
    m.keys.delete('other')
  } else if (o.kind === 'MOVE') {
    d.run('MOVE', 'h', '1')
    d.session.db = 1
    d.run('MOVE', 'h', '0')
    d.session.db = 0
  }
  return [0, 0]
}

/** What reading commands show of a key. */
function shown(d: Driver, name: string): Map<string, [string, string]> {
  const all = pairs(d.run('HGETALL', name))
  const deadlines = all.length === 0 ? [] : items(d.run('HPEXPIRETIME', name, 'FIELDS', all.length, ...all.map(([f]) => f)))
  return new Map(all.map(([f, v], i) => [f, [v, deadlines[i]!]]))
}

test('fields live until their deadlines, whatever is done with their hash', (t) => {
  fc.assert(fc.property(
    fc.array(step, { maxLength: 100 }), fc.boolean(), fc.constantFrom([512, 100], [6, 100], [4, 64], [0, 64]),
    (steps, active, [entries, bytes]) => {
      const d = driver(1, start)
      const empty = d.engine.arena.usedBytes
      d.engine.settings.activeExpire = active
      d.engine.settings.hashPackEntriesMax = entries!
      d.engine.settings.hashPackValueBytesMax = bytes!
      const m = new Hashes(start)
      for (const { op: o, wait } of steps) {
        d.clock.advance(wait)
        m.now += wait
        // COPY and MOVE also take what is due but not yet removed, and REPLACE what is nothing but that.
        if (!active && (o.kind === 'COPY' || o.kind === 'RENAME')) continue
        const [ours, theirs] = play(d, m, o)
        t.deepEqual(ours, theirs, JSON.stringify(o))
        for (const name of ['h', 'other']) {
          const model = m.at(name)
          const wanted = new Map([...model].map(([f, e]) => [f, [e.value, e.deadline === Infinity ? '-1' : String(e.deadline)]]))
          t.deepEqual(new Map([...shown(d, name)].toSorted()), new Map([...wanted].toSorted()) as Map<string, [string, string]>)
          t.is(d.run('HLEN', name), int(model.size))
          if (active) t.is(d.run('EXISTS', name), int(model.size > 0 ? 1 : 0))
          t.true(texts(d.run('HRANDFIELD', name, -3)).every((f) => model.has(f)))
          t.is(texts(d.run('HRANDFIELD', name, 100)).length, model.size)
          t.is(new Set(scanned(d.run('HSCAN', name, 0, 'COUNT', 1000, 'NOVALUES'))).size, model.size)
        }
      }
      check(d)
      const folded = fold(d.effects, 2)
      t.is(stateDigest(folded), stateDigest(d.engine))
      const half = d.effects.slice(0, d.effects.length >>> 1)
      t.is(stateDigest(fold(half, 3)), stateDigest(fold(half, 4)))
      d.run('FLUSHALL')
      t.is(d.engine.dbs[0]!.nextDeadline(), Infinity)
      d.engine.lazy.drain()
      d.engine.arena.check()
      t.is(d.engine.arena.usedBytes, empty)
    },
  ), { numRuns: 120 })
})

test('a field goes at its deadline by itself, the hash with its last one, and the log says HDEL', (t) => {
  const d = driver(1, start)
  const events: string[] = []
  d.engine.onEvent = (_, event) => events.push(event)
  d.run('HSET', 'h', 'a', '1', 'b', '2', 'c', '3')
  t.is(d.run('HPEXPIRE', 'h', 10, 'FIELDS', 2, 'a', 'b'), array(int(1), int(1)))
  t.is(d.run('HEXPIRE', 'h', 1, 'FIELDS', 1, 'c'), array(int(1)))
  t.is(d.engine.dbs[0]!.nextDeadline(), start + 10)
  d.clock.advance(9)
  t.is(d.run('HLEN', 'h'), int(3))
  d.clock.advance(1)
  events.length = 0
  d.engine.beginTurn()
  t.is(words(d.effects.at(-1)!), 'HDEL h a b')
  t.deepEqual(events, ['hexpired'])
  t.is(d.engine.dbs[0]!.nextDeadline(), start + 1000)
  d.clock.advance(990)
  d.engine.beginTurn()
  t.deepEqual(events, ['hexpired', 'hexpired', 'del'])
  t.is(d.run('DBSIZE'), int(0))
  t.is(d.engine.stats.expiredSubkeys, 3)
  t.is(d.engine.dbs[0]!.nextDeadline(), Infinity)
})

test('what is logged names absolute times, and no clock of its own takes fields in replay', (t) => {
  const d = driver(1, start)
  d.run('HSET', 'h', 'a', '1', 'b', '2')
  const logged = (...command: (string | number)[]): string => {
    d.run(...command)
    return words(d.effects.at(-1)!)
  }
  t.is(logged('HEXPIRE', 'h', 5, 'FIELDS', 2, 'a', 'nope'), `HPEXPIREAT h ${start + 5000} FIELDS 1 a`)
  t.is(logged('HGETEX', 'h', 'PX', 7, 'FIELDS', 1, 'b'), `HPEXPIREAT h ${start + 7} FIELDS 1 b`)
  t.is(logged('HSETEX', 'h', 'FXX', 'EX', 2, 'FIELDS', 1, 'a', 'v'), `HSETEX h PXAT ${start + 2000} FIELDS 1 a v`)
  t.is(logged('HINCRBYFLOAT', 'h', 'b', '0.5'), 'HSETEX h KEEPTTL FIELDS 1 b 2.5')
  t.is(logged('HGETEX', 'h', 'PERSIST', 'FIELDS', 2, 'b', 'nope'), 'HPERSIST h FIELDS 1 b')
  t.is(logged('HGETDEL', 'h', 'FIELDS', 2, 'nope', 'b'), 'HDEL h b')
  t.is(logged('HPEXPIREAT', 'h', 1, 'FIELDS', 1, 'a'), 'HDEL h a')
  t.is(d.run('EXISTS', 'h'), int(0))

  const late = driver(1, start)
  late.engine.replaying = true
  late.run('HSET', 'h', 'a', '1', 'b', '2')
  late.run('HPEXPIREAT', 'h', 0, 'FIELDS', 1, 'a')
  late.run('HPEXPIREAT', 'h', start + 1, 'FIELDS', 1, 'b')
  late.clock.advance(100)
  t.is(late.run('HLEN', 'h'), int(2))
  t.is(late.run('HGET', 'h', 'b'), bulk('2'))
  late.engine.replaying = false
  late.engine.beginTurn()
  t.is(late.run('EXISTS', 'h'), int(0))
})

test('errors: words in Redis\'s order, nothing changed, nothing logged', (t) => {
  const d = driver(1, start)
  d.run('SET', 's', 'v')
  d.run('HSET', 'h', 'f', 'v')
  d.run('HEXPIRE', 'h', 100, 'FIELDS', 1, 'f')
  const before = stateDigest(d.engine)
  const logged = d.effects.length
  const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'
  const fails = (error: string, ...command: (string | number)[]): void => {
    t.is(d.run(...command), error, command.join(' '))
  }
  for (const name of ['HEXPIRE', 'HPEXPIRE', 'HEXPIREAT', 'HPEXPIREAT']) fails(wrongType, name, 's', 'x', 'FIELDS', 1, 'f', 'g')
  for (const name of ['HTTL', 'HPTTL', 'HEXPIRETIME', 'HPEXPIRETIME', 'HPERSIST', 'HGETDEL', 'HGETEX']) {
    fails(wrongType, name, 's', 'x', 'y', 'z')
  }
  fails(wrongType, 'HSETEX', 's', 'FIELDS', 1, 'f', 'v')
  const integer = '-ERR value is not an integer or out of range\r\n'
  const negative = '-ERR invalid expire time, must be >= 0\r\n'
  const mandatory = '-ERR Mandatory argument FIELDS is missing or not at the right position\r\n'
  const number = '-ERR Number of fields must be a positive integer\r\n'
  const match = '-ERR The `numfields` parameter must match the number of arguments\r\n'
  fails(integer, 'HEXPIRE', 'h', 'x', 'nope', 1, 'f')
  fails(negative, 'HEXPIRE', 'h', -1, 'FIELDS', 1, 'f')
  fails('-ERR invalid expire time in \'hexpire\' command\r\n', 'HEXPIRE', 'h', 70368744178, 'FIELDS', 1, 'f')
  fails('-ERR invalid expire time in \'hpexpireat\' command\r\n', 'HPEXPIREAT', 'h', 2 ** 46, 'FIELDS', 1, 'f')
  fails(mandatory, 'HEXPIRE', 'h', 1, 'NX', 'XX', 'FIELDS', 1, 'f')
  fails('-ERR Parameter `numFields` should be greater than 0\r\n', 'HEXPIRE', 'h', 1, 'FIELDS', 0, 'f')
  fails(match, 'HEXPIRE', 'h', 1, 'FIELDS', 2, 'f')
  fails(mandatory, 'HTTL', 'h', 'f', 1, 'f')
  fails(number, 'HTTL', 'h', 'FIELDS', 'x', 'f')
  fails(match, 'HPERSIST', 'h', 'FIELDS', 2, 'f')
  fails(match, 'HGETDEL', 'h', 'FIELDS', 1, 'f', 'g')
  fails(integer, 'HGETEX', 'h', 'EX', 'x', 'FIELDS', 1, 'f')
  fails(mandatory, 'HGETEX', 'h', 'KEEPTTL', 'FIELDS', 1, 'f')
  fails('-ERR invalid expire time in \'hgetex\' command\r\n', 'HGETEX', 'h', 'PXAT', 2 ** 46, 'FIELDS', 1, 'f')
  fails('-ERR unknown argument: NX\r\n', 'HSETEX', 'h', 'NX', 'FIELDS', 1, 'f', 'v')
  fails('-ERR Only one of FXX or FNX arguments can be specified\r\n', 'HSETEX', 'h', 'FNX', 'FXX', 'FIELDS', 1, 'f', 'v')
  fails('-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified\r\n',
    'HSETEX', 'h', 'EX', 1, 'KEEPTTL', 'FIELDS', 1, 'f', 'v')
  fails('-ERR invalid number of fields\r\n', 'HSETEX', 'h', 'FIELDS', 0, 'f', 'v')
  fails('-ERR wrong number of arguments for \'hsetex\' command\r\n', 'HSETEX', 'h', 'FIELDS', 2, 'f', 'v')
  fails('-ERR wrong number of arguments for \'hsetex\' command\r\n', 'HSETEX', 'h', 'FNX', 'KEEPTTL', 'FIELDS', 1)
  t.is(d.run('HEXPIRE', 'none', 1, 'FIELDS', 2, 'f', 'g'), array(int(-2), int(-2)))
  t.is(d.run('HEXPIRE', 'h', 1, 'NX', 'FIELDS', 1, 'f'), array(int(0)))
  t.is(d.run('HTTL', 'none', 'FIELDS', 1, 'f'), array(int(-2)))
  t.is(d.run('HGETEX', 'none', 'FIELDS', 1, 'f'), array(nil))
  t.is(d.run('HSETEX', 'none', 'FXX', 'FIELDS', 1, 'f', 'v'), int(0))
  t.is(d.run('HSETEX', 'none', 'PXAT', 1, 'FIELDS', 1, 'f', 'v'), int(1))
  t.is(d.run('HPERSIST', 'h', 'FIELDS', 1, 'nope'), array(int(-2)))
  t.is(stateDigest(d.engine), before)
  t.is(d.effects.length, logged)
})

test('HTTL rounds up, HEXPIRETIME too', (t) => {
  const d = driver(1, start)
  d.run('HSET', 'h', 'a', '1', 'b', '2')
  d.run('HPEXPIRE', 'h', 1001, 'FIELDS', 1, 'a')
  t.is(d.run('HTTL', 'h', 'FIELDS', 3, 'a', 'b', 'c'), array(int(2), int(-1), int(-2)))
  t.is(d.run('HPTTL', 'h', 'FIELDS', 1, 'a'), array(int(1001)))
  t.is(d.run('HEXPIRETIME', 'h', 'FIELDS', 1, 'a'), array(int(1_700_000_002)))
  t.is(d.run('HPEXPIRETIME', 'h', 'FIELDS', 1, 'a'), array(int(start + 1001)))
})

test('a listpack turns into a listpackex with its first deadline, and shows what is due first', (t) => {
  const d = driver(1, start)
  const encoding = (): string => texts(array(d.run('OBJECT', 'ENCODING', 'h')))[0]!
  d.run('HSET', 'h', 'a', '1', 'b', '2', 'c', '3', 'd', '4')
  t.is(encoding(), 'listpack')
  d.run('HEXPIRE', 'h', 50, 'FIELDS', 1, 'c')
  t.is(encoding(), 'listpackex')
  d.run('HEXPIRE', 'h', 20, 'FIELDS', 1, 'd')
  t.is(d.run('HKEYS', 'h'), array(...['d', 'c', 'a', 'b'].map(bulk)))
  d.run('HSET', 'h', 'd', '5')
  t.is(d.run('HGETALL', 'h'), array(...['c', '3', 'a', '1', 'b', '2', 'd', '5'].map(bulk)))
  d.run('HPERSIST', 'h', 'FIELDS', 1, 'c')
  t.is(encoding(), 'listpackex')
  d.run('HSET', 'h', 'long', 'x'.repeat(65))
  t.is(encoding(), 'hashtable')
})

test('a hundred thousand fields that are due at once go in slices; what is due is hidden meanwhile', (t) => {
  const d = driver(1, start)
  const count = 100_000
  for (let i = 0; i < count; i += 100) {
    const some = Array.from({ length: 100 }, (_, n) => `f${i + n}`)
    d.run('HSETEX', 'h', 'PX', 50, 'FIELDS', 100, ...some.flatMap((f) => [f, 'v']))
  }
  d.run('HSET', 'h', 'stays', 'v')
  // The time of a slice is up as soon as it is looked at.
  let ms = 0
  d.engine.clock.monotonicMs = () => ms++ * 1000
  d.clock.advance(50)
  const before = d.effects.length
  t.is(d.run('HLEN', 'h'), int(1))
  t.is(d.run('HGETALL', 'h'), array(bulk('stays'), bulk('v')))
  t.is(d.run('HGET', 'h', 'f99999'), nil)
  t.is(d.run('HSET', 'h', 'f99999', 'new'), int(1))
  t.is(d.run('HRANDFIELD', 'h', 5).startsWith('*2\r\n'), true)
  const slices = d.effects.length - before
  t.true(slices > 3 && slices < 50, `${slices} effects`)
  d.engine.clock.monotonicMs = () => 0
  d.engine.beginTurn()
  t.is(d.engine.dbs[0]!.fieldDeadlines.count, 0)
  t.is(d.run('HLEN', 'h'), int(2))
  t.is(d.engine.stats.expiredSubkeys, count)
  check(d)
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
  t.is(d.run('FLUSHALL'), ok)
})
