// The set commands: random runs against a naive model, at sizes on both sides of every threshold; encodings; replies.
import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { array, bulk, driver, fold, int, nil, type Driver } from './driver.ts'

const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'
const notPositive = '-ERR value is out of range, must be positive\r\n'

/** The bulk strings of a flat reply, sorted. */
function members(reply: string): string[] {
  return listed(reply).toSorted()
}

function listed(reply: string): string[] {
  if (!/^[*~]/.test(reply)) throw new Error(`no list: ${reply}`)
  const found: string[] = []
  for (let at = reply.indexOf('\r\n') + 2; at < reply.length;) {
    const line = reply.indexOf('\r\n', at)
    const size = Number(reply.slice(at + 1, line))
    found.push(reply.slice(line + 2, line + 2 + size))
    at = line + 4 + size
  }
  return found
}

function encoding(d: Driver, key: string): string {
  return listed(`*1\r\n${d.run('OBJECT', 'ENCODING', key)}`)[0]!
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i))
const words = (from: number, to: number): string[] => numbers(from, to).map((n) => `m${n}`)

// Random runs against a model.

type Model = Map<string, Set<string>>

/** What the model answers: a count, a sorted list of members, or undefined when the result is random. */
function modelRun(model: Model, [name, ...args]: readonly string[]): number | string[] {
  const of = (key: string): Set<string> => model.get(key) ?? new Set()
  const put = (key: string, set: Set<string>): number => {
    if (set.size > 0) model.set(key, set)
    else model.delete(key)
    return set.size
  }
  const [key, ...rest] = args as [string, ...string[]]
  switch (name) {
    case 'SADD': {
      const before = of(key).size
      return put(key, new Set([...of(key), ...rest])) - before
    }
    case 'SREM': {
      const before = of(key).size
      return before - put(key, new Set([...of(key)].filter((one) => !rest.includes(one))))
    }
    case 'SISMEMBER': return Number(of(key).has(rest[0]!))
    case 'SCARD': return of(key).size
    case 'SMEMBERS': return [...of(key)].toSorted()
    case 'DEL': return Number(model.delete(key))
    case 'SMOVE': {
      const [to, member] = rest as [string, string]
      if (!of(key).has(member)) return 0
      if (to === key) return 1
      put(key, new Set([...of(key)].filter((one) => one !== member)))
      put(to, new Set([...of(to), member]))
      return 1
    }
    case 'SINTER': return [...combine(of, 'SINTER', args)].toSorted()
    case 'SUNION': return [...combine(of, 'SUNION', args)].toSorted()
    case 'SDIFF': return [...combine(of, 'SDIFF', args)].toSorted()
    case 'SINTERCARD': return combine(of, 'SINTER', rest).size
    case 'SINTERSTORE': return put(key, combine(of, 'SINTER', rest))
    case 'SUNIONSTORE': return put(key, combine(of, 'SUNION', rest))
    case 'SDIFFSTORE': return put(key, combine(of, 'SDIFF', rest))
  }
  throw new Error(name)
}

function combine(of: (key: string) => Set<string>, how: string, keys: readonly string[]): Set<string> {
  const [first, ...others] = keys.map(of)
  if (how === 'SUNION') return new Set([first!, ...others].flatMap((set) => [...set]))
  const keeps = how === 'SINTER' ? (one: string) => others.every((set) => set.has(one))
    : (one: string) => !others.some((set) => set.has(one))
  return new Set([...first!].filter(keeps))
}

const key = fc.constantFrom('a', 'b', 'c', 'd')
const integer = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -20, max: 20 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('70000', '-9223372036854775808', '9223372036854775807', '1234567890123456789') },
)
const text = fc.constantFrom('', '-0', '01', 'x', 'y'.repeat(64), 'z'.repeat(65), 'w'.repeat(300), '9223372036854775808')
const few = fc.array(fc.oneof({ weight: 5, arbitrary: integer }, { weight: 1, arbitrary: text }), { minLength: 1, maxLength: 6 })
/** So many at once that thresholds are crossed. */
const many = fc.tuple(fc.boolean(), fc.nat(500), fc.constantFrom(100, 127, 128, 129, 130, 511, 512, 513))
  .map(([integers, from, count]) => (integers ? numbers(from, from + count) : words(from, from + count)))
const some = fc.oneof({ weight: 8, arbitrary: few }, { weight: 1, arbitrary: many })
const keys = fc.array(key, { minLength: 1, maxLength: 4 })
const store = fc.constantFrom('SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE')
const command: fc.Arbitrary<string[]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(key, some).map(([k, list]) => ['SADD', k, ...list]) },
  { weight: 4, arbitrary: fc.tuple(key, some).map(([k, list]) => ['SREM', k, ...list]) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('SCARD', 'SMEMBERS', 'DEL'), key) },
  { weight: 1, arbitrary: fc.tuple(key, fc.oneof(integer, text)).map(([k, one]) => ['SISMEMBER', k, one]) },
  { weight: 2, arbitrary: fc.tuple(key, key, fc.oneof(integer, text)).map(([k, to, one]) => ['SMOVE', k, to, one]) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('SINTER', 'SUNION', 'SDIFF'), keys).map(([name, list]) => [name, ...list]) },
  { weight: 1, arbitrary: keys.map((list) => ['SINTERCARD', String(list.length), ...list]) },
  { weight: 3, arbitrary: fc.tuple(store, key, keys).map(([name, to, list]) => [name, to, ...list]) },
)

test('random commands answer as the model does, and the log folds to the same state', (t) => {
  fc.assert(fc.property(fc.array(command, { maxLength: 60 }), fc.boolean(), (list, small) => {
    const d = driver()
    const empty = d.engine.arena.usedBytes
    if (small) Object.assign(d.engine.settings, { setIntsetEntriesMax: 4, setPackEntriesMax: 5, setPackValueBytesMax: 3 })
    const model: Model = new Map()
    for (const one of list) {
      const wanted = modelRun(model, one)
      const reply = d.run(...one)
      if (typeof wanted === 'number') t.is(reply, int(wanted), one.join(' ').slice(0, 80))
      else t.deepEqual(members(reply), wanted, one.join(' ').slice(0, 80))
    }
    for (const k of ['a', 'b', 'c', 'd']) t.deepEqual(members(d.run('SMEMBERS', k)), [...(model.get(k) ?? [])].toSorted())
    // Replay runs with the usual thresholds, whatever those were that the log was made with.
    t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
    d.run('FLUSHALL')
    d.engine.lazy.drain()
    d.engine.arena.check()
    t.is(d.engine.arena.usedBytes, empty)
  }), { numRuns: 150 })
})

test('random pops and picks take what is there, and the log folds to what they left', (t) => {
  const setOf = fc.oneof(fc.nat(140).map((n) => words(0, n + 1)), fc.nat(600).map((n) => numbers(0, n + 1)))
  const draw = fc.tuple(fc.constantFrom('SPOP', 'SRANDMEMBER'), fc.option(fc.nat(700), { nil: undefined }))
  fc.assert(fc.property(setOf, fc.array(draw, { maxLength: 8 }), (list, draws) => {
    const d = driver()
    const model = new Set(list)
    d.run('SADD', 's', ...list)
    for (const [name, count] of draws) {
      const reply = count === undefined ? d.run(name, 's') : d.run(name, 's', count)
      const taken = count === undefined ? (reply === nil ? [] : listed(`*1\r\n${reply}`)) : listed(reply)
      t.is(taken.length, Math.min(count ?? 1, model.size))
      t.is(new Set(taken).size, taken.length)
      for (const one of taken) t.true(name === 'SPOP' ? model.delete(one) : model.has(one))
      t.deepEqual(members(d.run('SMEMBERS', 's')), [...model].toSorted())
    }
    t.is(d.run('EXISTS', 's'), int(model.size > 0 ? 1 : 0))
    t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
    d.engine.arena.check()
  }), { numRuns: 120 })
})

// Encodings.

test('an intset becomes a listpack with its first text, a hashtable beyond its bounds', (t) => {
  const d = driver()
  d.run('SADD', 'ints', ...numbers(0, 512))
  t.is(encoding(d, 'ints'), 'intset')
  d.run('SADD', 'ints', '512')
  t.is(encoding(d, 'ints'), 'hashtable')
  d.run('SREM', 'ints', '512')
  t.is(encoding(d, 'ints'), 'hashtable')
  d.run('SADD', 'both', ...numbers(0, 127))
  d.run('SADD', 'both', 'x')
  t.is(encoding(d, 'both'), 'listpack')
  d.run('SADD', 'both', 'y')
  t.is(encoding(d, 'both'), 'hashtable')
  d.run('SADD', 'full', ...numbers(0, 128))
  d.run('SADD', 'full', 'x')
  t.is(encoding(d, 'full'), 'hashtable')
})

test('a listpack becomes a hashtable with a long member, or one too many', (t) => {
  const d = driver()
  d.run('SADD', 's', ...words(0, 128))
  t.is(encoding(d, 's'), 'listpack')
  d.run('SADD', 's', 'm0')
  t.is(encoding(d, 's'), 'listpack')
  d.run('SADD', 's', 'm128')
  t.is(encoding(d, 's'), 'hashtable')
  d.run('SADD', 'wide', 'x'.repeat(64))
  t.is(encoding(d, 'wide'), 'listpack')
  d.run('SADD', 'wide', 'x'.repeat(65))
  t.is(encoding(d, 'wide'), 'hashtable')
  d.run('SADD', 'wider', 'x'.repeat(65))
  t.is(encoding(d, 'wider'), 'hashtable')
})

test('a call with more members than an encoding holds converts at once, even when all are there already', (t) => {
  const d = driver()
  d.run('SADD', 's', ...words(0, 64), ...words(0, 65))
  t.is(encoding(d, 's'), 'hashtable')
  d.run('SADD', 'l', ...words(0, 10))
  d.run('SADD', 'l', ...Array.from({ length: 129 }, () => 'm1'))
  t.is(encoding(d, 'l'), 'hashtable')
  d.run('SADD', 'i', ...Array.from({ length: 513 }, () => '1'))
  t.is(encoding(d, 'i'), 'hashtable')
  t.is(d.run('SCARD', 'i'), int(1))
})

test('what is stored or left behind takes the encoding that Redis gives it', (t) => {
  const d = driver()
  d.run('SADD', 'ints', ...numbers(0, 600))
  d.run('SADD', 'some', ...numbers(100, 700))
  t.is(encoding(d, 'ints'), 'hashtable')
  d.run('SINTERSTORE', 'inter', 'ints', 'some')
  t.is(encoding(d, 'inter'), 'intset')
  d.run('SADD', 'ints', 'x')
  d.run('SADD', 'some', 'x')
  d.run('SINTERSTORE', 'inter', 'ints', 'some')
  t.is(encoding(d, 'inter'), 'hashtable')
  d.run('SUNIONSTORE', 'union', 'inter')
  t.is(encoding(d, 'union'), 'hashtable')
  d.run('SDIFFSTORE', 'diff', 'ints', 'some')
  t.is(encoding(d, 'diff'), 'intset')
  d.run('SADD', 'big', ...words(0, 400))
  d.run('SPOP', 'big', 10)
  t.is(encoding(d, 'big'), 'hashtable')
  d.run('SPOP', 'big', 350)
  t.is(encoding(d, 'big'), 'listpack')
})

test('an intset gives its members in order of value, a listpack in order of coming', (t) => {
  const { run } = driver()
  run('SADD', 'i', 3, -1, 700000, 2)
  t.is(run('SMEMBERS', 'i'), array(bulk('-1'), bulk('2'), bulk('3'), bulk('700000')))
  run('SADD', 'i', 'x')
  run('SADD', 'i', 'a', 1)
  t.is(run('SMEMBERS', 'i'), array(...['-1', '2', '3', '700000', 'x', 'a', '1'].map(bulk)))
  run('SADD', 'j', 9, 5)
  run('SADD', 'k', 7, 5)
  t.is(run('SUNION', 'j', 'k'), array(bulk('5'), bulk('7'), bulk('9')))
})

// Replies.

test('wrong types and counts are refused, and nothing changes', (t) => {
  const d = driver()
  const { run } = d
  run('SET', 'text', 'x')
  run('SADD', 's', 'a', 'b')
  const before = d.effects.length
  for (const words of [
    ['SADD', 'text', 'a'], ['SREM', 'text', 'a'], ['SISMEMBER', 'text', 'a'], ['SMISMEMBER', 'text', 'a'], ['SCARD', 'text'],
    ['SMEMBERS', 'text'], ['SPOP', 'text'], ['SPOP', 'text', 1], ['SRANDMEMBER', 'text'], ['SRANDMEMBER', 'text', 1],
    ['SMOVE', 's', 'text', 'nope'], ['SMOVE', 'text', 's', 'x'], ['SINTER', 'none', 'text'], ['SUNION', 's', 'text'],
    ['SDIFF', 'none', 'text'], ['SINTERSTORE', 's', 'none', 'text'], ['SUNIONSTORE', 's', 'text'], ['SDIFFSTORE', 's', 'text'],
    ['SINTERCARD', 2, 'none', 'text'], ['SSCAN', 'text', 0],
  ]) t.is(run(...words), wrongType, words.join(' '))
  t.is(run('SPOP', 's', -1), notPositive)
  t.is(run('SPOP', 's', 'x'), notPositive)
  t.is(run('SPOP', 's', 1, 1), '-ERR syntax error\r\n')
  t.is(run('SRANDMEMBER', 's', 'x'), '-ERR value is not an integer or out of range\r\n')
  t.is(run('SINTERCARD', 0, 's'), '-ERR numkeys should be greater than 0\r\n')
  t.is(run('SINTERCARD', 2, 's'), '-ERR Number of keys can\'t be greater than number of args\r\n')
  t.is(run('SINTERCARD', 1, 's', 'LIMIT', -1), '-ERR LIMIT can\'t be negative\r\n')
  t.is(run('SINTERCARD', 1, 's', 'LIMIT'), '-ERR syntax error\r\n')
  t.is(run('SSCAN', 's', 'x'), '-ERR invalid cursor\r\n')
  t.is(run('SSCAN', 's', 0, 'TYPE', 'set'), '-ERR syntax error\r\n')
  t.is(run('SSCAN', 's', 0, 'COUNT', 0), '-ERR syntax error\r\n')
  t.is(d.effects.length, before)
  t.is(run('SCARD', 's'), int(2))
})

test('absent keys are empty sets', (t) => {
  const d = driver()
  t.is(d.run('SMISMEMBER', 'x', 'a', 'b'), array(int(0), int(0)))
  t.is(d.run('SMEMBERS', 'x'), array())
  t.is(d.run('SPOP', 'x'), nil)
  t.is(d.run('SPOP', 'x', 3), array())
  t.is(d.run('SRANDMEMBER', 'x'), nil)
  t.is(d.run('SRANDMEMBER', 'x', -3), array())
  t.is(d.run('SSCAN', 'x', 0, 'nonsense'), array(bulk('0'), array()))
  t.is(d.run('SINTERCARD', 1, 'x'), int(0))
  t.is(d.run('SDIFFSTORE', 'y', 'x'), int(0))
  t.is(d.effects.length, 0)
  d.session.resp = 3
  t.is(d.run('SPOP', 'x', 3), '~0\r\n')
  t.is(d.run('SRANDMEMBER', 'x', 3), '*0\r\n')
  t.is(d.run('SINTER', 'x'), '~0\r\n')
  d.run('SADD', 's', 'a')
  t.is(d.run('SMEMBERS', 's'), '~1\r\n$1\r\na\r\n')
  t.is(d.run('SUNION', 's', 'x'), '~1\r\n$1\r\na\r\n')
  t.is(d.run('SPOP', 's', 0), '~0\r\n')
  t.is(d.run('SPOP', 's', 5), '~1\r\n$1\r\na\r\n')
})

test('a stored result replaces any value and its deadline; an empty one deletes the key', (t) => {
  const d = driver()
  const { run } = d
  run('SADD', 's', 'a', 'b')
  run('SET', 'x', 'v'.repeat(200), 'PX', 100)
  t.is(run('SUNIONSTORE', 'x', 's'), int(2))
  t.is(run('PTTL', 'x'), int(-1))
  t.is(run('TYPE', 'x'), '+set\r\n')
  t.is(run('SDIFFSTORE', 's', 's', 's'), int(0))
  t.is(run('EXISTS', 's'), int(0))
  run('XADD', 'stream', '1-1', 'f', 'v')
  t.is(run('SINTERSTORE', 'stream', 'x', 'x'), int(2))
  t.is(run('SINTERSTORE', 'x', 'x', 'none'), int(0))
  t.is(run('KEYS', '*'), array(bulk('stream')))
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
  d.engine.dbs[0]!.check()
})

test('the log names what SPOP took', (t) => {
  const d = driver()
  const last = (): string => d.effects.at(-1)!.command.toString()
  d.run('SADD', 's', 'a', 'b', 'c', 'd')
  const one = listed(`*1\r\n${d.run('SPOP', 's')}`)[0]!
  t.is(last(), array(bulk('SREM'), bulk('s'), bulk(one)))
  const two = listed(d.run('SPOP', 's', 2))
  t.is(last(), array(bulk('SREM'), bulk('s'), ...two.map(bulk)))
  d.run('SPOP', 's', 9)
  t.is(last(), array(bulk('DEL'), bulk('s')))
})

test('keys are touched and events told as in Redis', (t) => {
  const d = driver()
  const heard: string[] = []
  d.engine.onTouch = (_db, buf, from, to) => heard.push(`touch ${Buffer.from(buf).toString('latin1', from, to)}`)
  d.engine.onEvent = (kind, event, _db, buf, from, to) => {
    if (kind !== 'n' && kind !== 'm') heard.push(`${kind} ${event} ${Buffer.from(buf).toString('latin1', from, to)}`)
  }
  const hear = (...command: (string | number)[]): string[] => {
    heard.length = 0
    d.run(...command)
    return heard.toSorted()
  }
  t.deepEqual(hear('SADD', 's', 'a', 'b', 'c', 'd'), ['s sadd s', 'touch s'])
  t.deepEqual(hear('SADD', 's', 'a'), [])
  t.deepEqual(hear('SREM', 's', 'a', 'x'), ['s srem s', 'touch s'])
  t.deepEqual(hear('SMOVE', 's', 't', 'b'), ['s sadd t', 's srem s', 'touch s', 'touch t'])
  t.deepEqual(hear('SMOVE', 's', 's', 'c'), [])
  t.deepEqual(hear('SPOP', 's'), ['s spop s', 'touch s'])
  t.deepEqual(hear('SPOP', 's', 0), [])
  t.deepEqual(hear('SPOP', 's', 1), ['g del s', 's spop s', 'touch s'])
  t.deepEqual(hear('SUNIONSTORE', 'u', 't'), ['s sunionstore u', 'touch u'])
  t.deepEqual(hear('SINTERSTORE', 'u', 't'), ['s sinterstore u', 'touch u'])
  t.deepEqual(hear('SDIFFSTORE', 'v', 't'), ['s sdiffstore v', 'touch v'])
  t.deepEqual(hear('SDIFFSTORE', 'v', 't', 'u'), ['g del v', 'touch v'])
  t.deepEqual(hear('SDIFFSTORE', 'v', 't', 'u'), [])
  t.deepEqual(hear('SREM', 't', 'b'), ['g del t', 's srem t', 'touch t'])
})

test('SSCAN finds every member that is there all the while, however the set grows and shrinks', (t) => {
  fc.assert(fc.property(fc.constantFrom('x', ''), fc.integer({ min: 1, max: 70 }), fc.nat(3000), (prefix, count, churn) => {
    const { run } = driver()
    const steady = numbers(0, 400).map((n) => prefix + n)
    run('SADD', 's', ...steady)
    const seen = new Set<string>()
    let cursor = '0'
    let made = 0
    do {
      const [, next, list] = /^\*2\r\n\$\d+\r\n(\d+)\r\n(.*)$/s.exec(run('SSCAN', 's', cursor, 'COUNT', count))!
      for (const one of listed(list!)) seen.add(one)
      if (made < churn) {
        run('SADD', 's', ...words(made, made + 300))
        made += 300
      } else run('SREM', 's', ...words(made - 300, made))
      cursor = next!
    } while (cursor !== '0')
    t.deepEqual(steady.filter((one) => !seen.has(one)), [])
  }), { numRuns: 25 })
})

test('SSCAN lets through what matches', (t) => {
  const { run } = driver()
  for (const size of [10, 1000]) {
    run('SADD', 's', ...words(0, size))
    t.is(run('SSCAN', 's', 0, 'MATCH', 'm7', 'COUNT', 5000), array(bulk('0'), array(bulk('m7'))))
    t.is(run('SSCAN', 's', 0, 'MATCH', 'n*', 'COUNT', 5000), array(bulk('0'), array()))
    t.is(run('SSCAN', 's', '18446744073709551615'), size === 10 ? run('SSCAN', 's', 0) : array(bulk('0'), array()))
  }
})
