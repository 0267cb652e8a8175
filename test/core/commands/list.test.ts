// The list commands on an engine alone: replies, events, encodings.
import test from 'ava'
import type { Driver } from './driver.ts'
import { array, bulk, driver, int, nil, ok } from './driver.ts'

const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'
const syntax = '-ERR syntax error\r\n'
const notInteger = '-ERR value is not an integer or out of range\r\n'
const nilArray = '*-1\r\n'

const bulks = (...items: string[]): string => array(...items.map(bulk))
const all = (d: Driver, key: string): string => d.run('LRANGE', key, 0, -1)

/** Notes all events as `event key`. */
function listen(d: Driver): string[] {
  const events: string[] = []
  d.engine.onEvent = (_kind, event, _db, buf, from, to) => {
    events.push(`${event} ${Buffer.from(buf.subarray(from, to)).toString()}`)
  }
  return events
}

test('pushes answer the length, pops answer elements, and the last pop takes the key along', (t) => {
  const d = driver()
  t.is(d.run('RPUSH', 'l', 'a', 'b', 'c'), int(3))
  t.is(d.run('LPUSH', 'l', '1', '2'), int(5))
  t.is(all(d, 'l'), bulks('2', '1', 'a', 'b', 'c'))
  t.is(d.run('LPOP', 'l'), bulk('2'))
  t.is(d.run('RPOP', 'l'), bulk('c'))
  t.is(d.run('LPOP', 'l', '2'), bulks('1', 'a'))
  t.is(d.run('RPOP', 'l', '5'), bulks('b'))
  t.is(d.run('EXISTS', 'l'), int(0))
  t.is(d.engine.db.count, 0)
})

test('RPOP with a count answers the last element first', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', ...Array.from({ length: 3000 }, (_, i) => `element ${i}`))
  t.is(d.run('RPOP', 'l', 1500), bulks(...Array.from({ length: 1500 }, (_, i) => `element ${2999 - i}`)))
  t.is(d.run('LLEN', 'l'), int(1500))
  t.is(d.run('LINDEX', 'l', -1), bulk('element 1499'))
})

test('pops of nothing: nil, a null array with a count, an empty array for none of a list', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', 'a')
  d.run('SET', 's', 'x')
  t.is(d.run('LPOP', 'no'), nil)
  t.is(d.run('LPOP', 'no', 0), nilArray)
  t.is(d.run('RPOP', 'l', 0), '*0\r\n')
  t.is(d.run('RPOP', 's', 0), wrongType)
  t.is(d.run('RPOP', 's', -1), '-ERR value is out of range, must be positive\r\n')
  t.is(d.run('RPOP', 'l', 1, 2), "-ERR wrong number of arguments for 'rpop' command\r\n")
  t.is(d.effects.length, 2)
  d.session.resp = 3
  t.is(d.run('LPOP', 'no') + d.run('LPOP', 'no', 1), '_\r\n_\r\n')
})

test('LPUSHX and RPUSHX push only where a list is', (t) => {
  const d = driver()
  t.is(d.run('LPUSHX', 'l', 'a') + d.run('RPUSHX', 'l', 'a'), int(0) + int(0))
  d.run('RPUSH', 'l', 'b')
  t.is(d.run('LPUSHX', 'l', 'a', '0') + d.run('RPUSHX', 'l', 'c'), int(3) + int(4))
  t.is(all(d, 'l'), bulks('0', 'a', 'b', 'c'))
  t.is(d.effects.length, 3)
})

test('LRANGE takes indexes from both ends and beyond them', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', 'a', 'b', 'c', 'd')
  t.is(d.run('LRANGE', 'l', 1, 2), bulks('b', 'c'))
  t.is(d.run('LRANGE', 'l', -2, -1), bulks('c', 'd'))
  t.is(d.run('LRANGE', 'l', -100, 100), bulks('a', 'b', 'c', 'd'))
  t.is(d.run('LRANGE', 'l', 2, 1) + d.run('LRANGE', 'l', 4, 9) + d.run('LRANGE', 'no', 0, -1), '*0\r\n'.repeat(3))
  t.is(d.run('LRANGE', 'l', 'x', 1), notInteger)
})

test('LRANGE writes every kind of element: short, long and very long strings, integers of all widths', (t) => {
  const d = driver()
  const elements = [
    '', 'a', 'x'.repeat(9), 'x'.repeat(10), 'x'.repeat(63), 'x'.repeat(64), 'x'.repeat(99), 'x'.repeat(100), 'x'.repeat(4095),
    'x'.repeat(4096), 'x'.repeat(70_000), '0', '9', '10', '127', '128', '-1', '-4096', '4095', '4096', '-32768', '8388607',
    '-2147483648', '2147483648', '999999999', '1000000000', '9007199254740993', '9223372036854775807', '-9223372036854775808',
  ]
  d.run('RPUSH', 'l', ...elements)
  t.is(all(d, 'l'), bulks(...elements))
  elements.forEach((element, i) => t.is(d.run('LINDEX', 'l', i), bulk(element)))
})

test('LSET changes the element at an index, or says why not', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', 'a', 'b', 'c')
  t.is(d.run('LSET', 'l', 1, 'B') + d.run('LSET', 'l', -1, 'x'.repeat(10_000)), ok + ok)
  t.is(all(d, 'l'), bulks('a', 'B', 'x'.repeat(10_000)))
  t.is(d.run('LSET', 'l', 3, 'x') + d.run('LSET', 'l', -4, 'x'), '-ERR index out of range\r\n'.repeat(2))
  t.is(d.run('LSET', 'no', 'x', 'x'), '-ERR no such key\r\n')
  t.is(d.run('LSET', 'l', 'x', 'x'), notInteger)
})

test('LINSERT goes before or behind the first element of that value', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', 'a', 'b', 'a', 'c')
  t.is(d.run('LINSERT', 'l', 'before', 'a', '1'), int(5))
  t.is(d.run('LINSERT', 'l', 'AFTER', 'a', '2'), int(6))
  t.is(all(d, 'l'), bulks('1', 'a', '2', 'b', 'a', 'c'))
  t.is(d.run('LINSERT', 'l', 'AFTER', 'z', '2'), int(-1))
  t.is(d.run('LINSERT', 'no', 'AFTER', 'z', '2'), int(0))
  t.is(d.run('LINSERT', 'l', 'beside', 'a', '2'), syntax)
  t.is(d.effects.length, 3)
})

test('LREM removes from the front, from the back, or all', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', 'a', 'b', 'a', 'c', 'a', 'a')
  t.is(d.run('LREM', 'l', 1, 'a') + all(d, 'l'), int(1) + bulks('b', 'a', 'c', 'a', 'a'))
  t.is(d.run('LREM', 'l', -2, 'a') + all(d, 'l'), int(2) + bulks('b', 'a', 'c'))
  t.is(d.run('LREM', 'l', 0, 'z') + d.run('LREM', 'no', 0, 'z'), int(0) + int(0))
  t.is(d.run('LREM', 'l', '-9223372036854775808', 'a'),
    '-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n')
  t.is(d.run('LREM', 'l', '-9223372036854775807', 'a'), int(1))
  d.run('LREM', 'l', 0, 'b')
  d.run('LREM', 'l', 0, 'c')
  t.is(d.run('EXISTS', 'l'), int(0))
})

test('LTRIM keeps a range; what keeps nothing deletes the key', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', ...Array.from({ length: 2000 }, (_, i) => `e${i}`))
  t.is(d.run('LTRIM', 'l', 10, -11) + d.run('LLEN', 'l'), ok + int(1980))
  t.is(d.run('LINDEX', 'l', 0) + d.run('LINDEX', 'l', -1), bulk('e10') + bulk('e1989'))
  const before = d.effects.length
  t.is(d.run('LTRIM', 'l', 0, -1), ok)
  t.is(d.effects.length, before)
  t.is(d.run('LTRIM', 'l', 5, 4) + d.run('EXISTS', 'l') + d.run('LTRIM', 'l', 0, 1), ok + int(0) + ok)
})

test('LPOS: ranks from both ends, counts, and a bound of what is looked at', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', 'a', 'b', 'c', '1', '2', '3', 'c', 'c')
  t.is(d.run('LPOS', 'l', 'c'), int(2))
  t.is(d.run('LPOS', 'l', 'c', 'RANK', 2) + d.run('LPOS', 'l', 'c', 'RANK', -1), int(6) + int(7))
  t.is(d.run('LPOS', 'l', 'c', 'COUNT', 2), array(int(2), int(6)))
  t.is(d.run('LPOS', 'l', 'c', 'COUNT', 0, 'RANK', -2), array(int(6), int(2)))
  t.is(d.run('LPOS', 'l', 'c', 'COUNT', 0, 'MAXLEN', 7), array(int(2), int(6)))
  t.is(d.run('LPOS', 'l', 'c', 'MAXLEN', 2) + d.run('LPOS', 'l', 'c', 'RANK', -3, 'MAXLEN', 5), nil + nil)
  t.is(d.run('LPOS', 'l', '3') + d.run('LPOS', 'l', 'no', 'COUNT', 1) + d.run('LPOS', 'no', 'x'), int(5) + '*0\r\n' + nil)
  t.regex(d.run('LPOS', 'l', 'c', 'RANK', 0), /^-ERR RANK can't be zero/)
  t.is(d.run('LPOS', 'l', 'c', 'COUNT', -1), "-ERR COUNT can't be negative\r\n")
  t.is(d.run('LPOS', 'l', 'c', 'MAXLEN', 'x'), "-ERR MAXLEN can't be negative\r\n")
  t.is(d.run('LPOS', 'l', 'c', 'RANK'), syntax)
})

test('LMOVE and RPOPLPUSH move between ends, and around one list', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', 'a', 'b', 'c')
  t.is(d.run('LMOVE', 'l', 'm', 'LEFT', 'RIGHT') + d.run('LMOVE', 'l', 'm', 'right', 'left'), bulk('a') + bulk('c'))
  t.is(all(d, 'm') + all(d, 'l'), bulks('c', 'a') + bulks('b'))
  t.is(d.run('RPOPLPUSH', 'l', 'l') + all(d, 'l'), bulk('b') + bulks('b'))
  t.is(d.run('LMOVE', 'm', 'm', 'LEFT', 'RIGHT') + all(d, 'm'), bulk('c') + bulks('a', 'c'))
  t.is(d.run('RPOPLPUSH', 'l', 'm') + d.run('EXISTS', 'l') + all(d, 'm'), bulk('b') + int(0) + bulks('b', 'a', 'c'))
  d.run('SET', 's', 'x')
  t.is(d.run('LMOVE', 'no', 's', 'LEFT', 'LEFT') + d.run('LMOVE', 'm', 's', 'LEFT', 'LEFT'), nil + wrongType)
  t.is(d.run('LMOVE', 'm', 's', 'LEFT', 'UP'), syntax)
  t.is(all(d, 'm'), bulks('b', 'a', 'c'))
})

test('moving a large element around a quicklist and between lists keeps it whole', (t) => {
  const d = driver()
  const large = 'x'.repeat(50_000)
  d.run('RPUSH', 'l', large, 'a')
  t.is(d.run('LMOVE', 'l', 'l', 'LEFT', 'RIGHT'), bulk(large))
  t.is(d.run('LMOVE', 'l', 'm', 'RIGHT', 'LEFT'), bulk(large))
  t.is(all(d, 'l') + all(d, 'm'), bulks('a') + bulks(large))
  t.is(d.run('OBJECT', 'ENCODING', 'l') + d.run('OBJECT', 'ENCODING', 'm'), bulk('listpack') + bulk('quicklist'))
})

test('LMPOP pops from the first list that there is', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', 'a', 'b', 'c')
  d.run('SET', 's', 'x')
  t.is(d.run('LMPOP', 2, 'no', 'l', 'LEFT'), array(bulk('l'), bulks('a')))
  t.is(d.run('LMPOP', 1, 'l', 'RIGHT', 'COUNT', 10), array(bulk('l'), bulks('c', 'b')))
  t.is(d.run('LMPOP', 1, 'l', 'LEFT'), nilArray)
  t.is(d.run('LMPOP', 2, 's', 'l', 'LEFT'), wrongType)
  t.is(d.run('LMPOP', 0, 'l', 'LEFT'), '-ERR numkeys should be greater than 0\r\n')
  t.is(d.run('LMPOP', 1, 'l', 'LEFT', 'COUNT', 0), '-ERR count should be greater than 0\r\n')
  t.is(d.run('LMPOP', 2, 'l', 'LEFT') + d.run('LMPOP', 1, 'l', 'UP') + d.run('LMPOP', 1, 'l', 'LEFT', 'COUNT'), syntax.repeat(3))
  t.is(d.run('LMPOP', 1, 'l', 'LEFT', 'COUNT', 1, 'COUNT', 1), syntax)
})

test('blocking commands that may not block answer at once', (t) => {
  const d = driver()
  t.is(d.run('BLPOP', 'l', 0) + d.run('BRPOP', 'l', 'm', 1.5), nilArray + nilArray)
  t.is(d.run('BLMOVE', 'l', 'm', 'LEFT', 'LEFT', 0) + d.run('BRPOPLPUSH', 'l', 'm', 0), nil + nil)
  t.is(d.run('BLMPOP', 0, 1, 'l', 'LEFT'), nilArray)
  d.run('RPUSH', 'l', 'a', 'b', 'c', 'd', 'e')
  t.is(d.run('BLPOP', 'no', 'l', 0) + d.run('BRPOP', 'l', 0), bulks('l', 'a') + bulks('l', 'e'))
  t.is(d.run('BLMOVE', 'l', 'm', 'LEFT', 'LEFT', 0) + d.run('BRPOPLPUSH', 'l', 'm', 0), bulk('b') + bulk('d'))
  t.is(d.run('BLMPOP', 0, 1, 'm', 'LEFT', 'COUNT', 9), array(bulk('m'), bulks('d', 'b')))
})

test('what blocking commands did is logged as what does not block', (t) => {
  const d = driver()
  d.run('RPUSH', 'l', 'a', 'b', 'c', 'd', 'e', 'f')
  d.effects.length = 0
  d.run('BLPOP', 'l', 0)
  d.run('BRPOP', 'l', 0)
  d.run('BLMOVE', 'l', 'm', 'right', 'left', 0)
  d.run('BRPOPLPUSH', 'l', 'm', 0)
  d.run('BLMPOP', 0, 1, 'm', 'RIGHT', 'COUNT', 9)
  d.run('LMPOP', 1, 'l', 'LEFT')
  const words = d.effects.map((effect) => effect.command.toString().split('\r\n').filter((_, i) => i % 2 === 0 && i > 0).join(' '))
  t.deepEqual(words.map((line) => line.trim()), [
    'LPOP l', 'RPOP l', 'LMOVE l m RIGHT LEFT', 'LMOVE l m RIGHT LEFT', 'RPOP m 2', 'LPOP l 1',
  ])
})

for (const [text, error] of [
  ['abc', 'is not a float or out of range'], ['', 'is not a float or out of range'], ['nan', 'is not a float or out of range'],
  ['1 ', 'is not a float or out of range'], ['-1', 'is negative'], ['-0.001', 'is negative'], ['-inf', 'is negative'],
  ['inf', 'is out of range'], ['1e300', 'is out of range'], ['9223372036854775', 'is out of range'],
] as const) {
  test(`a timeout of '${text}' ${error}`, (t) => {
    const d = driver()
    t.is(d.run('BLPOP', 'l', text), `-ERR timeout ${error}\r\n`)
    t.is(d.run('BLMPOP', text, 1, 'l', 'LEFT'), `-ERR timeout ${error}\r\n`)
    t.is(d.run('BLMOVE', 'l', 'm', 'LEFT', 'LEFT', text), `-ERR timeout ${error}\r\n`)
  })
}

test('how long a client waits: seconds with fractions, rounded up to a millisecond, 0 for ever', (t) => {
  const d = driver()
  d.session.mayBlock = true
  const waits: [string, number][] = [
    ['0', 0], ['-0.0001', 0], ['1', 1000], ['0.001', 1], ['0.0001', 1], ['1e-400', 1], ['1.5', 1500], ['0x10', 16_000], ['1e3', 1e6],
  ]
  for (const [text, ms] of waits) {
    t.is(d.run('BLPOP', 'l', text), '')
    t.is(d.engine.block?.timeoutMs, ms, text)
    d.engine.block = undefined
  }
})

test('events, in Redis\'s order', (t) => {
  const d = driver()
  const events = listen(d)
  const expectAfter = (words: (string | number)[], expected: string[]): void => {
    events.length = 0
    d.run(...words)
    t.deepEqual(events, expected, words.join(' '))
  }
  expectAfter(['RPUSH', 'l', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], ['new l', 'rpush l'])
  expectAfter(['LPUSH', 'l', 'a', 'b'], ['lpush l'])
  expectAfter(['LPUSHX', 'l', 'a'], ['lpush l'])
  expectAfter(['LPOP', 'l', 2], ['lpop l'])
  expectAfter(['LPOP', 'l', 0], [])
  expectAfter(['LSET', 'l', 0, 'x'], ['lset l'])
  expectAfter(['LINSERT', 'l', 'BEFORE', 'x', 'y'], ['linsert l'])
  expectAfter(['LINSERT', 'l', 'BEFORE', 'no', 'y'], [])
  expectAfter(['LREM', 'l', 0, 'y'], ['lrem l'])
  expectAfter(['LREM', 'l', 0, 'no'], [])
  expectAfter(['LTRIM', 'l', 0, -1], ['ltrim l'])
  expectAfter(['LMOVE', 'l', 'm', 'LEFT', 'LEFT'], ['new m', 'lpush m', 'lpop l'])
  expectAfter(['BLMOVE', 'm', 'l', 'LEFT', 'RIGHT', 0], ['rpush l', 'lpop m', 'del m'])
  expectAfter(['RPOPLPUSH', 'l', 'l'], ['lpush l', 'rpop l'])
  expectAfter(['LMPOP', 2, 'no', 'l', 'RIGHT', 'COUNT', 2], ['rpop l'])
  expectAfter(['BRPOP', 'l', 0], ['rpop l'])
  expectAfter(['LTRIM', 'l', 1, 0], ['ltrim l', 'del l'])
})

test('keys of another type: WRONGTYPE, and nothing happens', (t) => {
  const d = driver()
  d.run('SET', 's', 'x')
  for (const words of [
    ['LPUSH', 's', 'a'], ['RPUSHX', 's', 'a'], ['LPOP', 's'], ['LLEN', 's'], ['LRANGE', 's', 0, 1], ['LINDEX', 's', 'x'],
    ['LSET', 's', 'x', 'a'], ['LINSERT', 's', 'BEFORE', 'a', 'b'], ['LREM', 's', 0, 'a'], ['LTRIM', 's', 0, 1], ['LPOS', 's', 'a'],
    ['LMOVE', 's', 's', 'LEFT', 'LEFT'], ['BLPOP', 's', 0], ['BLMOVE', 's', 'l', 'LEFT', 'LEFT', 0], ['BLMPOP', 0, 1, 's', 'LEFT'],
  ]) t.is(d.run(...words), wrongType, words.join(' '))
  t.is(d.effects.length, 1)
  t.is(d.run('GET', 's'), bulk('x'))
})

test('OBJECT ENCODING follows list-max-listpack-size up, and half of it down', (t) => {
  const d = driver()
  const encoding = (): string => d.run('OBJECT', 'ENCODING', 'l').split('\r\n')[1]!
  // 8 KiB: a listpack of 7 bytes and 31 elements of 262 bytes has 8,129, which one more would make too large.
  for (let i = 0; i < 31; i++) d.run('RPUSH', 'l', 'x'.repeat(258))
  t.is(encoding(), 'listpack')
  d.run('RPUSH', 'l', 'x'.repeat(258))
  t.is(encoding(), 'quicklist')
  while (encoding() === 'quicklist') d.run('RPOP', 'l')
  t.is(d.run('LLEN', 'l'), int(15))
  d.run('LSET', 'l', 0, 'x'.repeat(9000))
  t.is(encoding(), 'quicklist')
  d.run('LSET', 'l', 0, 'x')
  // The element has a node of its own since it was large, so there are two nodes.
  t.is(encoding(), 'quicklist')
  t.is(d.run('LLEN', 'l'), int(15))
})

test('the whole of a list goes along with RENAME, COPY and MOVE', (t) => {
  const d = driver()
  const elements = Array.from({ length: 5000 }, (_, i) => `element ${i}`)
  d.run('RPUSH', 'l', ...elements)
  d.run('COPY', 'l', 'm')
  d.run('LPOP', 'l', 4000)
  d.run('RENAME', 'l', 'n')
  t.is(all(d, 'm') + all(d, 'n'), bulks(...elements) + bulks(...elements.slice(4000)))
  d.run('MOVE', 'm', 1)
  d.session.db = 1
  t.is(d.run('RPOP', 'm'), bulk('element 4999'))
  d.run('FLUSHALL')
  t.is(d.engine.dbs[0]!.count + d.engine.dbs[1]!.count, 0)
})

test('UNLINK of a long list frees it in slices', (t) => {
  const d = driver()
  for (let i = 0; i < 50; i++) d.run('RPUSH', 'l', ...Array.from({ length: 1000 }, (_, j) => `element ${i} ${j}`))
  const before = d.engine.arena.usedBytes
  d.run('UNLINK', 'l')
  let slices = 0
  for (; !d.engine.lazy.idle; slices++) d.engine.lazy.step(0)
  t.true(slices > 50, `${slices} slices`)
  t.is(d.run('EXISTS', 'l'), int(0))
  t.true(d.engine.arena.usedBytes < before / 100)
  d.engine.arena.check()
})

test('a move to a list that is due finds it gone, and its own list untouched', (t) => {
  const d = driver()
  d.engine.settings.activeExpire = false
  d.run('RPUSH', 'l', 'a', 'b')
  d.run('RPUSH', 'm', 'x', 'y', 'z')
  d.run('PEXPIRE', 'm', 5)
  d.clock.advance(10)
  t.is(d.run('LMOVE', 'l', 'm', 'LEFT', 'RIGHT'), bulk('a'))
  t.is(all(d, 'l') + all(d, 'm'), bulks('b') + bulks('a'))
  d.run('PEXPIRE', 'l', 5)
  d.clock.advance(10)
  t.is(d.run('RPOPLPUSH', 'l', 'm') + d.run('BLPOP', 'l', 'm', 0), nil + bulks('m', 'a'))
  d.engine.arena.check()
})
