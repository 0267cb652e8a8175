// SORT: against a naive model, with BY and GET in all forms; what it stores, and what the log says of it.
import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { array, bulk, driver, fold, int, nil, ok, type Driver } from './driver.ts'

const notDouble = '-ERR One or more scores can\'t be converted into double\r\n'
const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'
const list = (...items: (string | number)[]): string => array(...items.map((item) => bulk(String(item))))

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one, 'latin1'), Buffer.from(other, 'latin1'))

type Case = {
  source: 'list' | 'set' | 'zset'
  elements: string[]
  alpha: boolean
  descending: boolean
  by: 'itself' | 'string' | 'field' | 'nosort'
  limit: [number, number] | undefined
  gets: ('#' | 'w_*' | 'h_*->f' | 'fixed')[]
  store: boolean
  /** Called by a script, or within MULTI. */
  scripted: boolean
}

const element = fc.oneof(fc.integer({ min: -30, max: 30 }).map(String), fc.constantFrom('1.5', '-0.25', '1e2', 'inf', '9007199254740993'))
const caseArb: fc.Arbitrary<Case> = fc.record({
  source: fc.constantFrom('list', 'set', 'zset'),
  elements: fc.uniqueArray(element, { minLength: 1, maxLength: 40 }),
  alpha: fc.boolean(),
  descending: fc.boolean(),
  by: fc.constantFrom('itself', 'string', 'field', 'nosort'),
  limit: fc.option(fc.tuple(fc.integer({ min: -3, max: 45 }), fc.integer({ min: -2, max: 45 })), { nil: undefined }),
  gets: fc.array(fc.constantFrom('#', 'w_*', 'h_*->f', 'fixed'), { maxLength: 3 }),
  store: fc.boolean(),
  scripted: fc.boolean(),
})

/** Every third element has no weight. */
const weightOf = (one: string): string | undefined => one.length % 3 === 0 ? undefined : String((one.length * 7 + one.charCodeAt(0)) % 11)

function wordsOf(one: Case): string[] {
  const by = { itself: [], string: ['BY', 'w_*'], field: ['BY', 'h_*->f'], nosort: ['BY', 'nosort'] }[one.by]
  return [
    'SORT', 'k', ...by, ...one.limit === undefined ? [] : ['LIMIT', ...one.limit.map(String)],
    ...one.gets.flatMap((get) => ['GET', get]), ...one.descending ? ['DESC'] : [], ...one.alpha ? ['ALPHA'] : [],
    ...one.store ? ['STORE', 'd'] : [],
  ]
}

/** What is to come: each element with what GET finds for it. The elements are as the key gives them. */
function modelSort(one: Case, native: readonly string[]): (string | undefined)[] {
  let { by, alpha } = one
  if (by === 'nosort' && one.source === 'set' && (one.store || one.scripted)) {
    by = 'itself'
    alpha = true
  }
  const weight = (text: string): string | undefined => by === 'itself' ? text : weightOf(text)
  const compare = (a: string, b: string): number => {
    const [x, y] = [weight(a), weight(b)]
    if (!alpha) return number(x) - number(y) || byBytes(a, b)
    if (x === undefined || y === undefined) return Number(x !== undefined) - Number(y !== undefined)
    return byBytes(x, y)
  }
  let sorted = [...native]
  if (by !== 'nosort') sorted = sorted.toSorted((a, b) => one.descending ? compare(b, a) : compare(a, b))
  else if (one.descending && one.source !== 'set') sorted.reverse()
  const [offset, count] = one.limit ?? [0, -1]
  const from = Math.max(offset, 0)
  const chosen = sorted.slice(from, count < 0 ? sorted.length : from + count)
  const found = { '#': (text: string) => text, 'w_*': weightOf, 'h_*->f': weightOf, fixed: () => undefined }
  return one.gets.length === 0 ? chosen : chosen.flatMap((text) => one.gets.map((get) => found[get](text)))
}

const number = (text: string | undefined): number => text === undefined ? 0 : text === 'inf' ? 1e300 : Number(text)

function fill(d: Driver, { source, elements }: Case): string[] {
  if (source === 'list') d.run('RPUSH', 'k', ...elements)
  if (source === 'set') d.run('SADD', 'k', ...elements)
  if (source === 'zset') d.run('ZADD', 'k', ...elements.flatMap((one, i) => [(i * 7) % 5, one]))
  for (const one of elements) {
    const weight = weightOf(one)
    if (weight === undefined) continue
    d.run('SET', `w_${one}`, weight)
    d.run('HSET', `h_${one}`, 'f', weight, 'other', 'x')
  }
  const how = { list: ['LRANGE', 'k', 0, -1], set: ['SMEMBERS', 'k'], zset: ['ZRANGE', 'k', 0, -1] }[source]
  return [...d.run(...how).matchAll(/\$\d+\r\n(.*)\r\n/g)].map((match) => match[1]!)
}

test('random calls sort as the model does, and the log folds to what they stored', (t) => {
  fc.assert(fc.property(caseArb, (one) => {
    const d = driver()
    d.session.mayBlock = !one.scripted
    const native = fill(d, one)
    const wanted = modelSort(one, native)
    const reply = d.run(...wordsOf(one))
    if (one.store) {
      t.is(reply, int(wanted.length))
      t.is(d.run('LRANGE', 'd', 0, -1), list(...wanted.map((text) => text ?? '')))
    } else t.is(reply, array(...wanted.map((text) => text === undefined ? nil : bulk(text))), wordsOf(one).join(' '))
    // Replay finds other hashes, and so another order in sets.
    t.is(stateDigest(fold(d.effects, 2)), stateDigest(d.engine))
  }), { numRuns: 400 })
})

test('numbers are read as C reads them', (t) => {
  const { run } = driver()
  run('RPUSH', 'l', '', ' 3', '0x10', '-inf', '1e1', '2\0x')
  t.is(run('SORT', 'l'), list('-inf', '', '2\0x', ' 3', '1e1', '0x10'))
  t.is(run('SORT', 'l', 'DESC', 'LIMIT', 1, 2), list('1e1', ' 3'))
  for (const wrong of ['x', '1 ', 'nan', '1e999', '1e-310', ' ', '--1']) {
    run('DEL', 'l')
    run('RPUSH', 'l', 1, wrong)
    t.is(run('SORT', 'l'), notDouble, wrong)
    t.is(run('SORT', 'l', 'LIMIT', 5, 1), notDouble, wrong)
  }
})

test('equal numbers come in order of their bytes, reversed with DESC', (t) => {
  const { run } = driver()
  run('RPUSH', 'l', '1.0', '01', '1', '+1', '1e0')
  t.is(run('SORT', 'l'), list('+1', '01', '1', '1.0', '1e0'))
  t.is(run('SORT', 'l', 'DESC'), list('1e0', '1.0', '1', '01', '+1'))
})

test('texts with much in common, or nothing, and numbers that differ in their last bits are put in order', (t) => {
  const tail = fc.string({ unit: fc.constantFrom('\0', 'a', 'b', '\xff'), maxLength: 9 })
  const text = fc.tuple(fc.constantFrom('', 'member:', 'm', 'member:0000'), tail)
  const number = fc.oneof(fc.integer({ min: -3, max: 3 }),
    fc.tuple(fc.nat(9), fc.constantFrom(-1, 1)).map(([by, sign]) => sign * (2 ** 52 + by)),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -10, max: 10 }).filter((n) => n === 0 || Math.abs(n) > 1e-300))
  const elements = fc.oneof(
    fc.record({ alpha: fc.constant(true), list: fc.array(text.map((parts) => parts.join('')), { minLength: 1, maxLength: 60 }) }),
    fc.record({ alpha: fc.constant(false), list: fc.array(number.map(String), { minLength: 1, maxLength: 60 }) }),
  )
  fc.assert(fc.property(elements, fc.boolean(), ({ alpha, list: native }, descending) => {
    const { run } = driver()
    run('RPUSH', 'l', ...native)
    const compare = alpha ? byBytes : (a: string, b: string) => Number(a) - Number(b) || byBytes(a, b)
    const wanted = native.toSorted((a, b) => descending ? compare(b, a) : compare(a, b))
    run('SORT', 'l', ...alpha ? ['ALPHA'] : [], descending ? 'DESC' : 'ASC', 'STORE', 'd')
    t.is(run('LRANGE', 'd', 0, -1), list(...wanted))
  }), { numRuns: 400 })
})

test('patterns name strings and fields of hashes, nothing else', (t) => {
  const { run } = driver()
  run('RPUSH', 'l', 1, 2)
  run('MSET', 'a_1_b', 'x', 'a_2_b', 'y', '*', 'star', 'a->', 'odd', '1', 'one')
  run('HSET', 'h1', 'f', 'field', '', 'empty', 'f->g', 'arrow')
  run('RPUSH', 'w_1', 'list')
  const get = (...patterns: string[]): string => run('SORT', 'l', 'BY', 'nosort', 'LIMIT', 0, 1, ...patterns.flatMap((one) => ['GET', one]))
  t.is(get('a_*_b', '*', '#', '##'), array(bulk('x'), bulk('one'), bulk('1'), nil))
  t.is(get('h*->f', 'h*->nope', 'a_*_b->f', 'h*'), array(bulk('field'), nil, nil, nil))
  t.is(get('h*->f->g', 'w_*', 'fixed', 'none*'), array(bulk('arrow'), nil, nil, nil))
  t.is(get('h*->', 'h->*', ''), array(nil, nil, nil))
  run('SET', 'h1->', 'no field is named')
  t.is(get('h*->'), array(bulk('no field is named')))
  t.is(get('a\0*'), array(nil), 'a NUL ends the pattern')
  t.is(run('SORT', 'l', 'BY', 'nosort', 'GET', 'a_*_b', 'STORE', 'l'), int(2))
  t.is(run('LRANGE', 'l', 0, -1), list('x', 'y'))
})

test('a stored result replaces what was there; an empty one deletes it', (t) => {
  const d = driver()
  const { run } = d
  const heard: string[] = []
  run('SADD', 's', 3, 1, 2)
  run('SET', 'd', 'x', 'PX', 100)
  d.engine.onEvent = (kind, event, _db, buf, from, to) => heard.push(`${kind} ${event} ${Buffer.from(buf).toString('latin1', from, to)}`)
  d.engine.onReady = (_db, buf, from, to) => heard.push(`ready ${Buffer.from(buf).toString('latin1', from, to)}`)
  t.is(run('SORT', 's', 'STORE', 'd'), int(3))
  t.deepEqual(heard.splice(0), ['l sortstore d', 'ready d'])
  t.is(run('PTTL', 'd'), int(-1))
  t.is(d.effects.at(-2)!.command.toString(), list('DEL', 'd'))
  t.is(d.effects.at(-1)!.command.toString(), list('RPUSH', 'd', 1, 2, 3))
  t.is(run('SORT', 's', 'LIMIT', 3, 1, 'STORE', 'd'), int(0))
  t.deepEqual(heard.splice(0).filter((one) => !one.startsWith('n')), ['g del d'])
  t.is(run('SORT', 'none', 'STORE', 'd'), int(0))
  t.is(run('EXISTS', 'd'), int(0))
  t.is(run('SORT', 's', 'BY', 'nosort', 'DESC', 'STORE', 's'), int(3))
  t.is(run('LRANGE', 's', 0, -1), list(3, 2, 1), 'a set without an order gets one')
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
})

test('what stored a hash\'s field that is due since folds all the same', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', 1)
  d.run('HSET', 'h_1', 'f', 'v')
  d.run('HPEXPIRE', 'h_1', 10, 'FIELDS', 1, 'f')
  d.engine.settings.activeExpire = false
  d.clock.advance(20)
  t.is(d.run('SORT', 'l', 'GET', 'h_*->f', 'STORE', 'd'), int(1))
  t.is(d.run('LRANGE', 'd', 0, -1), list(''))
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
})

test('options are checked before the key, and what is refused changes nothing', (t) => {
  const d = driver()
  const { run } = d
  run('SET', 'text', 'x')
  run('RPUSH', 'l', 'x')
  const before = d.effects.length
  t.is(run('SORT', 'text', 'NOPE'), '-ERR syntax error\r\n')
  t.is(run('SORT', 'text', 'LIMIT', 1), '-ERR syntax error\r\n')
  t.is(run('SORT', 'text', 'LIMIT', 'x', 1), '-ERR value is not an integer or out of range\r\n')
  t.is(run('SORT_RO', 'l', 'STORE', 'd'), '-ERR syntax error\r\n')
  t.is(run('SORT', 'text'), wrongType)
  t.is(run('SORT', 'text', 'STORE', 'l'), wrongType)
  t.is(run('SORT', 'l', 'STORE', 'text'), notDouble)
  t.is(run('SORT', 'none'), array())
  t.is(run('SORT_RO', 'l', 'ALPHA'), list('x'))
  t.is(d.effects.length, before)
  t.is(run('SET', 'text', 'y'), ok)
})

test('a sorted set is left in its large encoding, as Redis leaves it', (t) => {
  const { run, engine } = driver()
  run('ZADD', 'z', 2, 'a', 1, 'b')
  t.is(run('SORT', 'z', 'BY', 'nosort', 'DESC'), list('a', 'b'))
  t.is(run('OBJECT', 'ENCODING', 'z'), bulk('skiplist'))
  t.is(run('ZRANGE', 'z', 0, -1), list('b', 'a'))
  engine.arena.check()
})
