// The generic key commands: what they answer, touch, announce and log.
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import { array, bulk, driver, fold, int, nil, ok, type Driver } from './driver.ts'

const noKey = '-ERR no such key\r\n'
const notInteger = '-ERR value is not an integer or out of range\r\n'
const start = 1_700_000_000_000

/** Names the keys that were touched, and the events, from now on. */
function listen(d: Driver): string[] {
  const heard: string[] = []
  d.engine.onTouch = (db, buf, from, to) => heard.push(`touch ${db} ${Buffer.from(buf).toString('latin1', from, to)}`)
  d.engine.onEvent = (kind, event, db, buf, from, to) =>
    heard.push(`${kind} ${event} ${db} ${Buffer.from(buf).toString('latin1', from, to)}`)
  return heard
}

test('DEL, UNLINK, EXISTS and TOUCH count keys, EXISTS as often as they are named', (t) => {
  const { run } = driver()
  run('MSET', 'a', '1', 'b', '2', 'c', '3')
  t.is(run('EXISTS', 'a', 'a', 'x', 'b'), int(3))
  t.is(run('TOUCH', 'a', 'x'), int(1))
  t.is(run('DEL', 'a', 'a', 'x'), int(1))
  t.is(run('UNLINK', 'b', 'c'), int(2))
  t.is(run('DBSIZE'), int(0))
  t.is(run('TYPE', 'a'), '+none\r\n')
  t.is(run('RANDOMKEY'), nil)
})

test('RENAME takes value and deadline along, RENAMENX only to a free name', (t) => {
  const { run } = driver()
  t.is(run('RENAME', 'a', 'a'), noKey)
  run('SET', 'a', 'x'.repeat(50), 'PX', 500)
  run('SET', 'b', '2')
  t.is(run('RENAME', 'a', 'a'), ok)
  t.is(run('RENAMENX', 'a', 'a'), int(0))
  t.is(run('RENAMENX', 'a', 'b'), int(0))
  t.is(run('RENAME', 'a', 'b'), ok)
  t.is(run('PTTL', 'b'), int(500))
  t.is(run('STRLEN', 'b'), int(50))
  t.is(run('RENAMENX', 'b', 'c'.repeat(200)), int(1))
  t.is(run('PTTL', 'c'.repeat(200)), int(500))
  t.is(run('DBSIZE'), int(1))
})

test('COPY and MOVE cross databases and never overwrite unasked', (t) => {
  const { run, session } = driver()
  run('SET', 'a', '1', 'PX', 500)
  t.is(run('COPY', 'a', 'a'), '-ERR source and destination objects are the same\r\n')
  t.is(run('COPY', 'a', 'a', 'DB', 1), int(1))
  t.is(run('COPY', 'a', 'b'), int(1))
  run('SET', 'a', '2')
  t.is(run('COPY', 'a', 'b'), int(0))
  t.is(run('COPY', 'a', 'b', 'REPLACE'), int(1))
  t.is(run('PTTL', 'b'), int(-1))
  t.is(run('MOVE', 'a', 1), int(0))
  t.is(run('MOVE', 'b', 1), int(1))
  t.is(run('MOVE', 'a', 0), '-ERR source and destination objects are the same\r\n')
  t.is(run('MOVE', 'a', 16), '-ERR DB index is out of range\r\n')
  t.is(run('MOVE', 'a', 'x'), notInteger)
  t.is(run('COPY', 'a', 'z', 'DB', '4294967296'),
    '-ERR value is out of range, value must between -2147483648 and 2147483647\r\n')
  session.db = 1
  t.is(run('MGET', 'a', 'b'), array(bulk('1'), bulk('2')))
  t.is(run('PTTL', 'a'), int(500))
})

test('EXPIRE obeys its conditions', (t) => {
  const { run } = driver()
  run('SET', 'k', 'v')
  t.is(run('EXPIRE', 'k', 10, 'XX'), int(0))
  t.is(run('EXPIRE', 'k', 10, 'GT'), int(0))
  t.is(run('EXPIRE', 'k', 10, 'LT'), int(1))
  t.is(run('EXPIRE', 'k', 20, 'NX'), int(0))
  t.is(run('EXPIRE', 'k', 20, 'gt', 'xx'), int(1))
  t.is(run('EXPIRE', 'k', 20, 'GT'), int(0))
  t.is(run('EXPIRE', 'k', 20, 'LT'), int(0))
  t.is(run('PEXPIRETIME', 'k'), int(start + 20_000))
  t.is(run('EXPIRETIME', 'k'), int(start / 1000 + 20))
  t.is(run('PERSIST', 'k'), int(1))
  t.is(run('PERSIST', 'k'), int(0))
  t.is(run('EXPIRE', 'k', 1, 'NX', 'GT'), '-ERR NX and XX, GT or LT options at the same time are not compatible\r\n')
  t.is(run('EXPIRE', 'k', 1, 'LT', 'GT'), '-ERR GT and LT options at the same time are not compatible\r\n')
  t.is(run('EXPIRE', 'k', 1, 'foo'), '-ERR Unsupported option foo\r\n')
  t.is(run('EXPIRE', 'k', '9223372036854775807'), '-ERR invalid expire time in \'expire\' command\r\n')
  t.is(run('PEXPIRE', 'k', '9223372036854775807'), '-ERR invalid expire time in \'pexpire\' command\r\n')
  t.is(run('EXPIRE', 'k', 'x'), notInteger)
  t.is(run('EXPIRE', 'k', -1), int(1))
  t.is(run('TTL', 'k'), int(-2))
})

test('deadlines are exact to the last bit, also through moves and the log', (t) => {
  const d = driver()
  const { run } = d
  for (const ms of [2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n - 2n, 2n ** 63n - 1n]) {
    run('SET', 'k', 'v', 'PXAT', ms.toString())
    t.is(run('PEXPIRETIME', 'k'), int(ms))
    t.is(run('PTTL', 'k'), int(ms - BigInt(start)))
    run('APPEND', 'k', 'x'.repeat(100))
    run('RENAME', 'k', 'l')
    t.is(run('PEXPIRETIME', 'l'), int(ms))
    t.is(run('PEXPIREAT', 'l', (ms - 1n).toString(), 'GT'), int(0))
    t.is(run('PEXPIREAT', 'l', (ms - 1n).toString(), 'LT'), int(1))
    t.is(run('PEXPIRETIME', 'l'), int(ms - 1n))
  }
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
  t.notThrows(() => d.engine.dbs[0]!.check())
})

test('TTL rounds to the nearest second', (t) => {
  const { run } = driver()
  run('SET', 'k', 'v', 'PX', 1499)
  t.is(run('TTL', 'k'), int(1))
  run('PEXPIRE', 'k', 1500)
  t.is(run('TTL', 'k'), int(2))
  run('PEXPIRE', 'k', 1)
  t.is(run('TTL', 'k'), int(0))
})

test('SCAN and KEYS filter, and refuse what they don\'t know', (t) => {
  const { run } = driver()
  run('MSET', 'k1', '1', 'k2', '2', 'other', '3')
  t.is(run('SCAN', 0, 'COUNT', 1000, 'MATCH', 'o*', 'TYPE', 'STRING'), array(bulk('0'), array(bulk('other'))))
  t.is(run('SCAN', 0, 'COUNT', 1000, 'TYPE', 'stream'), array(bulk('0'), array()))
  t.is(run('SCAN', '99999999999'), array(bulk('0'), array()))
  t.is(run('SCAN', 'x'), '-ERR invalid cursor\r\n')
  t.is(run('SCAN', 0, 'COUNT', 0), '-ERR syntax error\r\n')
  t.is(run('SCAN', 0, 'COUNT', 'x'), notInteger)
  t.is(run('SCAN', 0, 'MATCH'), '-ERR syntax error\r\n')
  t.is(run('KEYS', 'o*'), array(bulk('other')))
  t.is(run('KEYS', '*').split('\r\n').length, 8)
})

test('watchers and listeners hear of each change, once, in order', (t) => {
  const d = driver()
  const heard = listen(d)
  const hear = (...words: (string | number)[]): string[] => {
    heard.length = 0
    d.run(...words)
    return [...heard]
  }
  t.deepEqual(hear('SET', 'a', '1', 'EX', 9), ['n new 0 a', 'touch 0 a', '$ set 0 a', 'g expire 0 a'])
  t.deepEqual(hear('INCR', 'a'), ['touch 0 a', '$ incrby 0 a'])
  t.deepEqual(hear('GET', 'b'), ['m keymiss 0 b'])
  t.deepEqual(hear('PERSIST', 'a'), ['touch 0 a', 'g persist 0 a'])
  t.deepEqual(hear('RENAME', 'a', 'b'), ['n new 0 b', 'touch 0 a', 'touch 0 b', 'g rename_from 0 a', 'g rename_to 0 b'])
  t.deepEqual(hear('MOVE', 'b', 2), ['n new 2 b', 'touch 0 b', 'touch 2 b', 'g move_from 0 b', 'g move_to 2 b'])
  t.deepEqual(hear('SETRANGE', 'c', 1, 'x'), ['n new 0 c', 'touch 0 c', '$ setrange 0 c'])
  t.deepEqual(hear('COPY', 'c', 'd', 'DB', 1), ['n new 1 d', 'touch 1 d', 'g copy_to 1 d'])
  t.deepEqual(hear('EXPIRE', 'c', -1), ['touch 0 c', 'g del 0 c'])
  t.deepEqual(hear('DEL', 'c'), [])
  d.run('SET', 'e', '1', 'PX', 5)
  d.clock.advance(5)
  t.deepEqual(hear('DBSIZE'), ['touch 0 e', 'x expired 0 e'])
})

test('OBJECT tells idle time without ending it', (t) => {
  const { run, clock } = driver()
  run('SET', 'k', 'v')
  clock.advance(5000)
  t.is(run('OBJECT', 'IDLETIME', 'k'), int(5))
  t.is(run('TYPE', 'k'), '+string\r\n')
  t.is(run('OBJECT', 'IDLETIME', 'k'), int(5))
  run('GET', 'k')
  t.is(run('OBJECT', 'IDLETIME', 'k'), int(0))
  t.true(run('OBJECT', 'FREQ', 'k').startsWith('-ERR An LFU maxmemory policy is not selected'))
  t.is(run('OBJECT', 'ENCODING', 'absent'), nil)
})

test('FLUSHDB, FLUSHALL and SWAPDB act on whole databases, and fold back', (t) => {
  const d = driver()
  const { run, session, engine } = d
  const replaced: string[] = []
  engine.onReplaced = (db, by) => replaced.push(`${db} ${by}`)
  run('SET', 'a', '0')
  session.db = 1
  run('SET', 'a', '1', 'PX', 100)
  t.is(run('SWAPDB', 0, 1), ok)
  t.is(run('GET', 'a'), bulk('0'))
  run('SET', 'b', '1')
  session.db = 0
  t.is(run('PTTL', 'a'), int(100))
  t.is(stateDigest(fold(d.effects)), stateDigest(engine))
  t.is(run('FLUSHDB'), ok)
  t.is(run('DBSIZE'), int(0))
  session.db = 1
  t.is(run('DBSIZE'), int(2))
  t.is(run('FLUSHALL', 'SYNC'), ok)
  t.is(run('DBSIZE'), int(0))
  t.deepEqual(replaced, ['0 1', '0 -1', '1 -1'])
  t.is(run('FLUSHALL', 'NOW'), '-ERR syntax error\r\n')
  t.is(run('SWAPDB', 'x', 1), '-ERR invalid first DB index\r\n')
  t.is(run('SWAPDB', 1, 'x'), '-ERR invalid second DB index\r\n')
  t.is(run('SWAPDB', 1, 16), '-ERR DB index is out of range\r\n')
  t.is(stateDigest(fold(d.effects)), stateDigest(engine))
})
