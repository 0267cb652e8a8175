// When a key was last used, and how often: what OBJECT tells, and how counters rise and fall.
import test from 'ava'
import { setIdleSeconds, setUseCount, useCount } from '../../../core/keyspace/access.ts'
import { bulk, driver, int, ok, type Driver } from '../commands/driver.ts'

function counting(): Driver {
  const d = driver()
  d.engine.setMemoryPolicy('allkeys-lfu')
  return d
}

function entryOf(d: Driver, name: string): number {
  const key = Buffer.from(name)
  return d.engine.db.find(key, 0, key.length, d.engine.db.hash(key, 0, key.length))
}

test('idle time is told under most policies, frequency under LFU', (t) => {
  const d = driver()
  d.run('SET', 'k', 'v')
  d.clock.advance(7500)
  t.is(d.run('OBJECT', 'IDLETIME', 'k'), int(7))
  t.true(d.run('OBJECT', 'FREQ', 'k').startsWith('-ERR An LFU maxmemory policy is not selected'))
  d.engine.setMemoryPolicy('volatile-lfu')
  t.true(d.run('OBJECT', 'IDLETIME', 'k').startsWith('-ERR An LFU maxmemory policy is selected'))
  d.run('SET', 'fresh', 'v')
  t.is(d.run('OBJECT', 'FREQ', 'fresh'), int(5))
  d.engine.setMemoryPolicy('volatile-ttl')
  setIdleSeconds(d.engine, entryOf(d, 'k'), 1000)
  t.is(d.run('OBJECT', 'IDLETIME', 'k'), int(1000))
})

test('each use may raise the counter, with odds that fall as it rises', (t) => {
  // With the factor 10, the n-th step above the first six takes about 10 n uses; the figures are those of redis.conf.
  for (const [factor, uses, low, high] of [
    [10, 1000, 14, 23], [10, 100_000, 120, 165], [1, 1000, 40, 60], [0, 300, 255, 255], [100, 1000, 7, 13],
  ] as const) {
    const d = counting()
    d.engine.settings.lfuLogFactor = factor
    d.run('SET', 'k', 'v')
    const { db } = d.engine
    const key = Buffer.from('k')
    for (let i = 0; i < uses; i++) db.lookupRead(key, 0, 1, db.hash(key, 0, 1))
    const count = useCount(d.engine, entryOf(d, 'k'))
    t.true(count >= low && count <= high, `factor ${factor}, ${uses} uses: ${count}`)
  }
})

test('minutes without a use take from the counter, as lfu-decay-time says', (t) => {
  const d = counting()
  d.run('SET', 'k', 'v')
  const freq = (): string => d.run('OBJECT', 'FREQ', 'k')
  setUseCount(d.engine, entryOf(d, 'k'), 100)
  t.is(freq(), int(100))
  d.clock.advance(3 * 60_000)
  t.is(freq(), int(97))
  d.engine.settings.lfuDecayMinutes = 2
  t.is(freq(), int(99))
  d.engine.settings.lfuDecayMinutes = 0
  t.is(freq(), int(100))
  d.engine.settings.lfuDecayMinutes = 1
  d.clock.advance(500 * 60_000)
  t.is(freq(), int(0))
  // The field keeps minutes modulo 2^16, so that after 45 days it seems to be new.
  d.clock.advance((65_536 - 503) * 60_000)
  t.is(freq(), int(100))
})

test('an overwritten and a renamed key keeps its counter, a copy begins anew', (t) => {
  const d = counting()
  d.engine.settings.lfuLogFactor = 1_000_000_000
  d.run('SET', 'k', 'v')
  setUseCount(d.engine, entryOf(d, 'k'), 50)
  t.is(d.run('SET', 'k', 'w'), ok)
  t.is(d.run('SET', 'k', 'longer than before'), ok)
  t.is(d.run('SET', 'k', 'w', 'KEEPTTL'), ok)
  t.is(d.run('OBJECT', 'FREQ', 'k'), int(50))
  d.run('RENAME', 'k', 'r')
  t.is(d.run('OBJECT', 'FREQ', 'r'), int(50))
  d.run('COPY', 'r', 'c')
  t.is(d.run('OBJECT', 'FREQ', 'c'), int(5))
  t.is(d.run('GET', 'r'), bulk('w'))
})

test('what only looks does not count, nor does a client that asked not to touch', (t) => {
  const d = counting()
  d.engine.settings.lfuLogFactor = 0
  d.run('SET', 'k', 'v')
  for (const words of [['TTL', 'k'], ['EXISTS', 'k'], ['TYPE', 'k'], ['OBJECT', 'ENCODING', 'k']]) d.run(...words)
  t.is(d.run('OBJECT', 'FREQ', 'k'), int(5))
  d.session.noTouch = true
  d.run('GET', 'k')
  t.is(d.run('OBJECT', 'FREQ', 'k'), int(5))
  d.run('TOUCH', 'k')
  t.is(d.run('OBJECT', 'FREQ', 'k'), int(6))
  d.session.noTouch = false
  d.run('GET', 'k')
  d.run('TOUCH', 'k')
  t.is(d.run('OBJECT', 'FREQ', 'k'), int(8))
})
