// Expiry to the millisecond, SCAN while the database grows and shrinks, lazy freeing, and memory that comes back.
import fc from 'fast-check'
import test from 'ava'
import { Dict } from '../../../core/arena/dict.ts'
import type { Type } from '../../../core/keyspace/entry.ts'
import { array, bulk, driver, int, nil, ok, type Driver } from '../commands/driver.ts'

function check({ engine }: Driver): void {
  engine.arena.check()
  for (const db of engine.dbs) db.check()
}

test('a key is there until its deadline and gone at it, by itself, and the log says DEL', (t) => {
  const d = driver()
  d.run('SET', 'k', 'v', 'PX', 100)
  d.run('SET', 'l', 'v', 'PX', 200)
  d.clock.advance(99)
  t.is(d.run('GET', 'k'), bulk('v'))
  t.is(d.run('DBSIZE'), int(2))
  d.clock.advance(1)
  d.engine.beginTurn()
  t.is(d.engine.dbs[0]!.count, 1)
  t.is(d.effects.at(-1)!.command.toString(), '*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n')
  t.is(d.engine.stats.expiredKeys, 1)
  t.is(d.engine.dbs[0]!.nextDeadline(), d.clock.nowMs() + 100)
})

test('with active expiry off look-ups hide what is due, and log it when they meet it', (t) => {
  const d = driver()
  d.engine.settings.activeExpire = false
  for (const key of ['a', 'b', 'c', 'd']) d.run('SET', key, 'v', 'PX', 10)
  d.clock.advance(10)
  const before = d.effects.length
  t.is(d.run('DBSIZE'), int(4))
  t.is(d.run('KEYS', '*'), array())
  t.is(d.effects.length, before)
  t.is(d.run('GET', 'a'), nil)
  t.is(d.run('EXISTS', 'b'), int(0))
  t.is(d.run('SCAN', '0'), array(bulk('0'), array()))
  t.is(d.run('DBSIZE'), int(0))
  t.is(d.effects.length, before + 4)
})

test('in replay nothing expires by itself', (t) => {
  const d = driver()
  d.run('SET', 'k', 'v', 'PX', 10)
  d.clock.advance(10)
  d.engine.replaying = true
  t.is(d.run('GET', 'k'), bulk('v'))
  t.is(d.run('PEXPIREAT', 'k', 5), int(1))
  t.is(d.run('DBSIZE'), int(1))
  d.engine.replaying = false
  t.is(d.run('GET', 'k'), nil)
})

test('random deadlines, values and lengths keep the index and the arena in order', (t) => {
  const stepArb = fc.record({
    key: fc.nat(30), size: fc.constantFrom(0, 3, 8, 30, 100, 3000), ms: fc.integer({ min: 1, max: 50 }),
    kind: fc.constantFrom('SET', 'PSETEX', 'PEXPIRE', 'PERSIST', 'APPEND', 'SETRANGE', 'RENAME', 'COPY', 'MOVE', 'DEL'),
    wait: fc.constantFrom(0, 0, 1, 20),
  })
  fc.assert(fc.property(fc.array(stepArb, { maxLength: 150 }), (steps) => {
    const d = driver()
    const empty = d.engine.arena.usedBytes
    for (const { key, size, ms, kind, wait } of steps) {
      d.clock.advance(wait)
      const value = 'x'.repeat(size)
      if (kind === 'SET' || kind === 'APPEND') d.run(kind, key, value)
      else if (kind === 'PSETEX') d.run(kind, key, ms, value)
      else if (kind === 'PEXPIRE') d.run(kind, key, ms)
      else if (kind === 'SETRANGE') d.run(kind, key, size, 'abc')
      else if (kind === 'RENAME' || kind === 'COPY') d.run(kind, key, (key + size) % 31)
      else if (kind === 'MOVE') d.run(kind, key, 1)
      else d.run(kind, key)
    }
    t.notThrows(() => check(d))
    d.clock.advance(100)
    d.engine.beginTurn()
    for (const db of d.engine.dbs) t.is(db.nextDeadline(), Infinity)
    d.run('FLUSHALL')
    t.is(d.engine.arena.usedBytes, empty)
  }), { numRuns: 100 })
})

test('overwriting, editing and deleting in a circle takes no more memory', (t) => {
  const d = driver()
  const circle = (): void => {
    for (let i = 0; i < 400; i++) {
      d.run('SET', i, 'x'.repeat((i * 37) % 300), 'PX', 50 + i)
      d.run('APPEND', i, 'y'.repeat(i % 90))
      if (i % 3 === 0) d.run('SET', i, '1')
      if (i % 5 === 0) d.run('UNLINK', i)
    }
  }
  circle()
  for (let i = 0; i < 400; i++) d.run('DEL', i)
  const reserved = d.engine.arena.reservedBytes
  const used = d.engine.arena.usedBytes
  for (let round = 0; round < 10; round++) {
    circle()
    for (let i = 0; i < 400; i++) d.run('DEL', i)
  }
  t.is(d.engine.arena.usedBytes, used)
  t.is(d.engine.arena.reservedBytes, reserved)
})

test('SCAN finds every key that stays, while others come and go', (t) => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 400 }), fc.boolean(),
    fc.integer(), (count, start, growing, seed) => {
      const d = driver(seed)
      const keys = Array.from({ length: 300 }, (_, i) => `stay:${i}`)
      for (const key of keys) d.run('SET', key, '1')
      for (let i = 0; i < start; i++) d.run('SET', `other:${i}`, '1')
      const seen = new Set<string>()
      let cursor = '0'
      let others = start
      do {
        const reply = d.run('SCAN', cursor, 'COUNT', count, 'MATCH', 'stay:*').split('\r\n')
        cursor = reply[2]!
        for (let i = 5; i < reply.length; i += 2) seen.add(reply[i]!)
        for (let i = 0; i < 60; i++) {
          if (growing && others < 5000) d.run('SET', `other:${others++}`, '1')
          else if (!growing && others > 0) d.run('DEL', `other:${--others}`)
        }
      } while (cursor !== '0')
      t.deepEqual(keys.filter((key) => !seen.has(key)), [])
    }), { numRuns: 25 })
})

test('an asynchronous flush answers at once and gives the memory back in later turns', (t) => {
  const d = driver()
  const empty = d.engine.arena.usedBytes
  for (let i = 0; i < 3000; i++) d.run('SET', i, 'x'.repeat(i % 100), 'PX', 1000 + i)
  t.is(d.run('FLUSHALL', 'ASYNC'), ok)
  t.is(d.engine.lazy.pending, 3000)
  t.is(d.run('DBSIZE'), int(0))
  t.is(d.run('SET', 'k', 'v'), ok)
  t.is(d.run('DEL', 'k'), int(1))
  d.engine.lazy.drain()
  t.is(d.engine.lazy.pending, 0)
  t.is(d.engine.lazy.freed, 3000)
  t.is(d.engine.arena.usedBytes, empty)
  t.notThrows(() => d.engine.arena.check())
})

test('one step of lazy freeing stops when its time is up', (t) => {
  const d = driver()
  const { engine } = d
  for (let i = 0; i < 2000; i++) d.run('SET', i, 'v')
  engine.dbs[0]!.clear(true)
  t.true(engine.dbs[0]!.dict instanceof Dict)
  const before = engine.lazy.pending
  t.false(engine.lazy.step(0))
  t.true(engine.lazy.freed > 0 && engine.lazy.freed < before)
})

test('an unlinked stream goes in slices, with its groups', (t) => {
  const d = driver()
  const { engine } = d
  d.run('SET', 'k', 'v')
  d.run('DEL', 'k')
  const empty = engine.arena.usedBytes
  for (let i = 1; i <= 2000; i++) d.run('XADD', 's', `${i}-1`, 'field', 'value'.repeat(i % 20))
  d.run('XGROUP', 'CREATE', 's', 'g', '0')
  d.run('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', 500, 'STREAMS', 's', '>')
  const full = engine.arena.usedBytes
  t.is(d.run('UNLINK', 's'), int(1))
  t.is(engine.lazy.pending, 1)
  t.false(engine.lazy.step(0))
  t.true(engine.arena.usedBytes < full)
  t.is(engine.lazy.pending, 1)
  engine.lazy.drain()
  t.is(engine.lazy.freed, 1)
  t.is(engine.arena.usedBytes, empty)
  t.notThrows(() => engine.arena.check())
})

test('entries of other types are the type\'s own to free', (t) => {
  const { engine } = driver()
  const db = engine.dbs[0]!
  const key = Buffer.from('k')
  const hash = db.hash(key, 0, 1)
  db.create(5 as Type, key, 0, 1, hash)
  t.throws(() => db.remove(db.find(key, 0, 1, hash), hash), { message: /no operations/ })
})
