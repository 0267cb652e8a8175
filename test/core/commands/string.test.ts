// The string commands against a naive model, and the corners that redis-server has.
import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { array, bulk, driver, fold, int, nil, ok, type Driver } from './driver.ts'

test('SET stores, overwrites with shorter and longer values, and GET returns the bytes', (t) => {
  const { run } = driver()
  for (const size of [0, 1, 5, 44, 45, 63, 64, 65, 500, 20_000, 3, 0, 70_000]) {
    const value = 'x'.repeat(size)
    t.is(run('SET', 'k', value), ok)
    t.is(run('GET', 'k'), bulk(value))
    t.is(run('STRLEN', 'k'), int(size))
  }
  t.is(run('SET', '', ''), ok)
  t.is(run('GET', ''), bulk(''))
  t.is(run('GET', 'absent'), nil)
})

test('SET takes its options in any order and refuses those that don\'t go together', (t) => {
  const { run } = driver()
  const syntax = '-ERR syntax error\r\n'
  t.is(run('SET', 'k', 'v', 'nx', 'EX', 10), ok)
  t.is(run('SET', 'k', 'w', 'NX'), nil)
  t.is(run('SET', 'k', 'w', 'NX', 'GET'), bulk('v'))
  t.is(run('SET', 'k', 'w', 'KEEPTTL', 'XX', 'GET'), bulk('v'))
  t.is(run('TTL', 'k'), int(10))
  t.is(run('SET', 'k', 'w', 'GET'), bulk('w'))
  t.is(run('TTL', 'k'), int(-1))
  t.is(run('SET', 'z', 'w', 'XX'), nil)
  t.is(run('SET', 'z', 'w', 'XX', 'GET'), nil)
  t.is(run('EXISTS', 'z'), int(0))
  t.is(run('SET', 'k', 'v', 'EX', 1, 'EX', 7), ok)
  t.is(run('TTL', 'k'), int(7))
  for (const options of [['NX', 'XX'], ['EX', '1', 'PX', '1'], ['KEEPTTL', 'EX', '1'], ['EX'], ['PERSIST'], ['FOO']]) {
    t.is(run('SET', 'k', 'v', ...options), syntax, options.join(' '))
  }
  t.is(run('SET', 'k', 'v', 'EX', '0'), '-ERR invalid expire time in \'set\' command\r\n')
  t.is(run('SET', 'k', 'v', 'EX', '9223372036854775'), '-ERR invalid expire time in \'set\' command\r\n')
  t.is(run('SET', 'k', 'v', 'PX', 'x'), '-ERR value is not an integer or out of range\r\n')
  t.is(run('SETEX', 'k', '-1', 'v'), '-ERR invalid expire time in \'setex\' command\r\n')
})

test('lifetimes are logged as points in time', (t) => {
  const { run, effects } = driver()
  run('SET', 'a', '1', 'EX', 10)
  run('SETEX', 'b', 10, '1')
  run('GETEX', 'a', 'PX', 500)
  run('EXPIRE', 'b', 1)
  run('GETEX', 'b', 'PERSIST')
  run('GETDEL', 'b')
  run('GETSET', 'b', 'c')
  run('INCRBYFLOAT', 'f', '0.1')
  run('EXPIRE', 'b', -1)
  t.deepEqual(effects.map((e) => e.command.toString().split('\r\n').filter((_, i) => i > 0 && i % 2 === 0).join(' ')), [
    'SET a 1 PXAT 1700000010000', 'SET b 1 PXAT 1700000010000', 'PEXPIREAT a 1700000000500',
    'PEXPIREAT b 1700000001000', 'PERSIST b', 'DEL b', 'SET b c', 'SET f 0.1 KEEPTTL', 'DEL b',
  ])
})

test('commands that change nothing log nothing', (t) => {
  const { run, effects } = driver()
  run('SET', 'k', 'v')
  const before = effects.length
  for (const command of [
    ['SETNX', 'k', 'w'], ['SET', 'k', 'w', 'NX'], ['SET', 'z', 'w', 'XX'], ['DEL', 'z'], ['PERSIST', 'k'], ['GETEX', 'k'],
    ['EXPIRE', 'z', '5'], ['SETRANGE', 'z', '3', ''], ['MSETNX', 'y', '1', 'k', '2'], ['INCR', 'k'], ['GETDEL', 'z'],
    ['RENAMENX', 'k', 'k'], ['COPY', 'z', 'y'], ['MOVE', 'z', '1'], ['FLUSHDB', 'x'], ['TOUCH', 'k'],
  ]) run(...command)
  t.is(effects.length, before)
  t.is(run('FLUSHALL'), ok)
  t.is(run('FLUSHALL'), ok)
  t.is(effects.length, before + 1)
})

test('INCR and its like are exact over all of 64 bits', (t) => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -1000n, max: 1000n })),
    fc.nat(15), (big, by, shift) => {
      const { run } = driver()
      const start = big / 10n ** BigInt(shift)
      run('SET', 'n', start.toString())
      const sum = start + by
      const fits = sum >= -(2n ** 63n) && sum < 2n ** 63n
      t.is(run('INCRBY', 'n', by.toString()), fits ? int(sum) : '-ERR increment or decrement would overflow\r\n')
      t.is(run('GET', 'n'), bulk((fits ? sum : start).toString()))
    }), { numRuns: 300 })
  const { run } = driver()
  t.is(run('DECRBY', 'n', '-9223372036854775808'), '-ERR decrement would overflow\r\n')
  t.is(run('DECR', 'n'), int(-1))
  for (const bad of ['', ' 1', '1 ', '+1', '01', '-0', '1.0', '9223372036854775808']) {
    run('SET', 'n', bad)
    t.is(run('INCR', 'n'), '-ERR value is not an integer or out of range\r\n', bad)
  }
})

test('OBJECT ENCODING and REFCOUNT answer as redis-server would', (t) => {
  const { run } = driver()
  const encoding = (key: string): string => run('OBJECT', 'ENCODING', key)
  run('SET', 'k', '12345')
  t.is(encoding('k'), bulk('int'))
  t.is(run('OBJECT', 'REFCOUNT', 'k'), int(1))
  run('APPEND', 'k', '6')
  t.is(encoding('k'), bulk('raw'))
  t.is(run('INCR', 'k'), int(123457))
  t.is(encoding('k'), bulk('int'))
  run('SET', 'k', 'x'.repeat(44))
  t.is(encoding('k'), bulk('embstr'))
  run('SET', 'k', 'x'.repeat(45))
  t.is(encoding('k'), bulk('raw'))
  run('SET', 'k', '12345678901234567890')
  t.is(encoding('k'), bulk('embstr'))
  run('SETRANGE', 'z', 0, '12')
  t.is(encoding('z'), bulk('raw'))
  run('COPY', 'z', 'y')
  t.is(encoding('y'), bulk('raw'))
  run('APPEND', 'fresh', '12')
  t.is(encoding('fresh'), bulk('int'))
  run('INCRBYFLOAT', 'fresh', '1')
  t.is(encoding('fresh'), bulk('embstr'))
  run('GETSET', 'z', '77')
  t.is(encoding('z'), bulk('int'))
  t.is(run('OBJECT', 'REFCOUNT', 'z'), int(2147483647))
  run('COPY', 'z', 'copy')
  t.is(encoding('copy'), bulk('int'))
  t.is(run('OBJECT', 'REFCOUNT', 'copy'), int(1))
  t.is(encoding('absent'), nil)
})

test('GETRANGE and SETRANGE agree with slices', (t) => {
  const bound = fc.integer({ min: -12, max: 12 })
  fc.assert(fc.property(fc.string({ maxLength: 10, unit: 'binary-ascii' }), bound, bound, (value, from, to) => {
    const { run } = driver()
    run('SET', 'k', value)
    const start = from < 0 ? Math.max(0, value.length + from) : from
    const last = to < 0 ? Math.max(0, value.length + to) : to
    const empty = from < 0 && to < 0 && from > to
    t.is(run('GETRANGE', 'k', from, to), bulk(empty ? '' : value.slice(start, last + 1)))
  }), { numRuns: 300 })
  const { run } = driver()
  t.is(run('SETRANGE', 'k', 3, 'ab'), int(5))
  t.is(run('GET', 'k'), bulk('\0\0\0ab'))
  t.is(run('SETRANGE', 'k', 1, 'xy'), int(5))
  t.is(run('GET', 'k'), bulk('\0xyab'))
  t.is(run('SETRANGE', 'k', 536870912, 'x'), '-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n')
  t.is(run('SETRANGE', 'k', -1, 'x'), '-ERR offset is out of range\r\n')
})

test('LCS finds a longest common subsequence and its stretches', (t) => {
  const { run } = driver()
  run('MSET', 'a', 'ohmytext', 'b', 'mynewtext')
  t.is(run('LCS', 'a', 'b'), bulk('mytext'))
  t.is(run('LCS', 'a', 'b', 'LEN'), int(6))
  t.is(run('LCS', 'a', 'b', 'IDX', 'MINMATCHLEN', 4, 'WITHMATCHLEN'),
    array(bulk('matches'), array(array(pair(4, 7), pair(5, 8), int(4))), bulk('len'), int(6)))
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'b', 'c') }), fc.string({ unit: fc.constantFrom('a', 'b') }),
    (one, other) => {
      run('MSET', 'a', one, 'b', other)
      const common = /^\$\d+\r\n([abc]*)\r\n$/.exec(run('LCS', 'a', 'b'))![1]!
      t.true(isSubsequence(common, one) && isSubsequence(common, other))
      t.is(run('LCS', 'a', 'b', 'LEN'), int(longest(one, other)))
      t.is(common.length, longest(one, other))
    }), { numRuns: 100 })
})

function pair(x: number, y: number): string {
  return array(int(x), int(y))
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0
  for (const c of whole) if (c === part[at]) at++
  return at === part.length
}

function longest(a: string, b: string): number {
  if (a === '' || b === '') return 0
  const rows = Array.from({ length: a.length + 1 }, () => Array.from({ length: b.length + 1 }, () => 0))
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      rows[i]![j] = a[i - 1] === b[j - 1] ? rows[i - 1]![j - 1]! + 1 : Math.max(rows[i - 1]![j]!, rows[i]![j - 1]!)
    }
  }
  return rows[a.length]![b.length]!
}

type Model = Map<string, { value: string; at: number }>

/** What the model answers to a command it knows. */
function modelRun(model: Model, now: number, [name, key, ...rest]: readonly string[]): string {
  for (const [k, { at }] of model) if (at <= now) model.delete(k)
  const held = model.get(key!)
  const put = (value: string, at = Infinity): void => {
    model.set(key!, { value, at })
  }
  if (name === 'SET') {
    put(rest[0]!)
    return ok
  }
  if (name === 'PSETEX') {
    put(rest[1]!, now + Number(rest[0]))
    return ok
  }
  if (name === 'GET') return held === undefined ? nil : bulk(held.value)
  if (name === 'DEL' || name === 'UNLINK') return int(model.delete(key!) ? 1 : 0)
  if (name === 'APPEND') {
    put((held?.value ?? '') + rest[0], held?.at)
    return int(model.get(key!)!.value.length)
  }
  if (name === 'INCRBY') {
    const before = held?.value ?? '0'
    if (!/^(0|-?[1-9]\d*)$/.test(before)) return '-ERR value is not an integer or out of range\r\n'
    put(String(Number(before) + Number(rest[0])), held?.at)
    return int(Number(model.get(key!)!.value))
  }
  if (name === 'PEXPIRE') {
    if (held === undefined) return int(0)
    held.at = now + Number(rest[0])
    if (held.at <= now) model.delete(key!)
    return int(1)
  }
  if (name === 'PERSIST') {
    if (held === undefined || held.at === Infinity) return int(0)
    held.at = Infinity
    return int(1)
  }
  if (name === 'PTTL') return int(held === undefined ? -2 : held.at === Infinity ? -1 : held.at - now)
  if (name === 'RENAME') {
    if (held === undefined) return '-ERR no such key\r\n'
    model.delete(key!)
    model.set(rest[0]!, held)
    return ok
  }
  if (name === 'COPY') {
    if (held === undefined || model.has(rest[0]!)) return int(0)
    model.set(rest[0]!, { ...held })
    return int(1)
  }
  if (name === 'DBSIZE') return int(model.size)
  throw new Error(name)
}

const keyArb = fc.constantFrom('a', 'b', 'c', '', 'long key '.repeat(9))
const valueArb = fc.oneof(
  fc.constantFrom('', '0', '12', '-7', 'x'.repeat(44), 'y'.repeat(300)), fc.string({ maxLength: 90, unit: 'binary-ascii' }),
)
const lifeArb = fc.integer({ min: -5, max: 60 }).map(String)
const commandArb = fc.oneof(
  fc.tuple(fc.constantFrom('SET', 'APPEND'), keyArb, valueArb),
  fc.tuple(fc.constantFrom('GET', 'DEL', 'UNLINK', 'PERSIST', 'PTTL'), keyArb),
  fc.tuple(fc.constant('PSETEX'), keyArb, fc.integer({ min: 1, max: 60 }).map(String), valueArb),
  fc.tuple(fc.constant('PEXPIRE'), keyArb, lifeArb),
  fc.tuple(fc.constant('INCRBY'), keyArb, fc.integer({ min: -9, max: 120 }).map(String)),
  fc.tuple(fc.constantFrom('RENAME', 'COPY'), keyArb, keyArb).filter(([, a, b]) => a !== b),
  fc.constant(['DBSIZE']),
)
const stepArb = fc.record({ command: commandArb, wait: fc.constantFrom(0, 0, 0, 1, 7, 40) })

test('random commands with a moving clock answer as the model does, and the log folds to the same state', (t) => {
  fc.assert(fc.property(fc.array(stepArb, { maxLength: 120 }), (steps) => {
    const d = driver()
    const model: Model = new Map()
    const empty = d.engine.arena.usedBytes
    for (const { command, wait } of steps) {
      d.clock.advance(wait)
      t.is(d.run(...command), modelRun(model, d.clock.nowMs(), command), command.join(' '))
    }
    checkBooks(t, d)
    t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
    d.run('FLUSHALL')
    t.is(d.engine.arena.usedBytes, empty)
  }), { numRuns: 150 })
})

function checkBooks(t: { notThrows: (run: () => void) => void }, { engine }: Driver): void {
  t.notThrows(() => {
    engine.arena.check()
    for (const db of engine.dbs) db.check()
  })
}
