// Which keys go when memory is short, by policy; and how good the choice is.
import fc from 'fast-check'
import test, { type ExecutionContext } from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import type { MemoryPolicy } from '../../../core/keyspace/evict.ts'
import { driver, fold, int, type Word } from '../commands/driver.ts'
import { cache, zipf } from './cache.ts'

const universe = 10_000
const capacity = 2_500
const accesses = 200_000
/** Accesses within one second, which is as fine as idle times are told. */
const accessesPerSecond = 100

type Rates = { rate: number, exactLru: number, best: number }

/** Hit rate of a cache over a zipf pattern, of an exact LRU of the same size, and of one that knows the pattern. */
function hitRates(policy: MemoryPolicy, samples: number, seed: number): Rates {
  const held = cache(policy, capacity, seed)
  held.engine.settings.memorySamples = samples
  const pattern = zipf(universe, 0.9, seed)
  const keys = Array.from({ length: accesses }, () => `key:${pattern.draw()}`)
  let hits = 0
  let counted = 0
  keys.forEach((key, i) => {
    if (i % accessesPerSecond === 0) held.clock.advance(1000)
    const found = held.get(key)
    if (!found) held.put(key, policy.startsWith('volatile') ? 1e9 : undefined)
    if (i < accesses / 4) return
    counted++
    if (found) hits++
  })
  const size = held.engine.db.count
  const lru = new Set<string>()
  let exact = 0
  keys.forEach((key, i) => {
    if (lru.delete(key) && i >= accesses / 4) exact++
    lru.add(key)
    if (lru.size > size) for (const oldest of lru) { lru.delete(oldest); break }
  })
  return { rate: hits / counted, exactLru: exact / counted, best: pattern.share(size) }
}

const percent = (x: number): string => `${(x * 100).toFixed(1)} %`

function report(t: ExecutionContext, policy: string, samples: number, rates: Rates): void {
  t.log(`${policy}, ${samples} samples: ${percent(rates.rate)} hits; exact LRU ${percent(rates.exactLru)}, `
    + `best ${percent(rates.best)}`)
}

test('sampled LRU hits nearly as often as an exact one', (t) => {
  for (const [policy, samples] of [['allkeys-lru', 5], ['allkeys-lru', 10], ['volatile-lru', 5]] as const) {
    const rates = hitRates(policy, samples, 7)
    report(t, policy, samples, rates)
    t.true(rates.rate > rates.exactLru - 0.01)
  }
})

test('LFU keeps what is asked for often: more hits than an exact LRU', (t) => {
  for (const policy of ['allkeys-lfu', 'volatile-lfu'] as const) {
    const rates = hitRates(policy, 5, 8)
    report(t, policy, 5, rates)
    t.true(rates.rate > rates.exactLru)
    t.true(rates.rate <= rates.best + 0.01)
  }
})

test('random eviction is fair and hits less often', (t) => {
  const random = hitRates('allkeys-random', 5, 9)
  report(t, 'allkeys-random', 5, random)
  t.true(random.rate < random.exactLru)

  const held = cache('allkeys-random', 400, 3)
  const times = new Map<string, number>()
  for (let i = 0; i < 60_000; i++) held.put(`key:${i % 2000}`)
  for (const key of held.evicted) times.set(key, (times.get(key) ?? 0) + 1)
  const mean = held.evicted.length / 2000
  const spread = [...times.values()].reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0)
  // Chi-squared of 2,000 keys: each comes back as often as it goes, so it varies less than free draws would.
  t.true(times.size > 1900 && spread < 2300, `${times.size} keys, ${spread.toFixed(0)}`)
})

test('volatile-ttl evicts in the order of the deadlines, exactly', (t) => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1000, max: 1e9 }), { minLength: 30, maxLength: 200 }), (ttls) => {
    const held = cache('volatile-ttl', 10_000, 1)
    ttls.forEach((ttl, i) => held.put(`key:${i}`, ttl))
    held.put('kept')
    const ordered = ttls.map((ttl, i) => [ttl, i] as const)
    held.engine.settings.memoryBytesMax = held.engine.arena.usedBytes >>> 1
    t.is(held.engine.evictor.relieve(), 'enough')
    const gone = held.evicted.map((key) => ttls[Number(key.slice(4))]!)
    t.deepEqual(gone, ordered.map(([ttl]) => ttl).toSorted((a, b) => a - b).slice(0, gone.length))
    t.true(gone.length > 0 && held.has('kept'))
  }), { numRuns: 40 })
})

test('volatile policies evict no key without a deadline, and are exhausted when none is left', (t) => {
  for (const policy of ['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'] as const) {
    const held = cache(policy, 10_000, 5)
    for (let i = 0; i < 100; i++) held.put(`stays:${i}`)
    for (let i = 0; i < 100; i++) held.put(`goes:${i}`, 1e6 + i)
    held.engine.settings.memoryBytesMax = 1
    t.is(held.engine.evictor.relieve(), 'exhausted', policy)
    t.is(held.engine.db.count, 100)
    t.deepEqual(held.evicted.toSorted(), Array.from({ length: 100 }, (_, i) => `goes:${i}`).toSorted())
    t.is(held.engine.stats.evictedKeys, 100)
    t.notThrows(() => held.engine.db.check())
  }
})

test('keys of all databases compete', (t) => {
  for (const policy of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'volatile-ttl'] as const) {
    const d = driver()
    d.engine.setMemoryPolicy(policy)
    for (let i = 0; i < 200; i++) {
      d.session.db = i % 4
      d.clock.advance(1000)
      d.run('SET', `k${i}`, 'v'.repeat(100), 'EX', 100_000 + i)
    }
    d.engine.settings.memoryBytesMax = d.engine.arena.usedBytes - 100 * 100
    t.is(d.engine.evictor.relieve(), 'enough')
    const left = d.engine.dbs.slice(0, 4).map((db) => db.count)
    for (const count of left) t.true(count > 5 && count < 50, `${policy}: ${left.join(' ')}`)
    for (const db of d.engine.dbs) t.notThrows(() => db.check())
  }
})

test('a slice of a turn ends when its time is used up, and the next goes on', (t) => {
  const held = cache('allkeys-lru', 10_000, 5)
  for (let i = 0; i < 500; i++) held.put(`key:${i}`)
  held.engine.settings.memoryBytesMax = 1
  // Each look at the clock takes a millisecond.
  const { clock } = held.engine
  clock.monotonicMs = () => {
    held.clock.advance(1)
    return held.clock.nowMs()
  }
  let turns = 0
  for (let relief = held.engine.evictor.relieve(); relief === 'running'; relief = held.engine.evictor.relieve()) {
    turns++
    t.is(held.engine.evictor.relieve(), 'running', 'no more in this turn')
    held.engine.beginTurn()
  }
  t.true(turns >= 4 && turns <= 10, `${turns} turns`)
  t.is(held.engine.db.count, 0)
})

const key = fc.nat(60).map((n) => `k${n}`)
const command = fc.oneof(
  fc.tuple(fc.constant('SET'), key, fc.nat(300).map((n) => 'v'.repeat(n))),
  fc.tuple(fc.constant('SET'), key, fc.constant('v'), fc.constant('PX'), fc.integer({ min: 1, max: 9000 }).map(String)),
  fc.tuple(fc.constantFrom('GET', 'DEL', 'PERSIST', 'INCR'), key),
  fc.tuple(fc.constant('SADD'), key, fc.string(), fc.string()),
  fc.tuple(fc.constant('XADD'), key, fc.constant('*'), fc.constant('f'), fc.string({ maxLength: 100 })),
  fc.tuple(fc.constant('RENAME'), key, key),
)
const policies = fc.constantFrom<MemoryPolicy>(
  'volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl', 'allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'noeviction',
)
const step = fc.record({
  words: command as fc.Arbitrary<Word[]>, db: fc.nat(2), wait: fc.constantFrom(0, 0, 900), policy: fc.option(policies, { freq: 9 }),
  bound: fc.option(fc.integer({ min: 0, max: 20_000 }), { freq: 5 }),
})

test('evictions are logged: the log folds to the state, and folding evicts nothing by itself', (t) => {
  fc.assert(fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
    const d = driver()
    const base = d.engine.arena.usedBytes
    for (const { words, db, wait, policy, bound } of steps) {
      d.clock.advance(wait)
      if (policy !== null) d.engine.setMemoryPolicy(policy)
      if (bound !== null) d.engine.settings.memoryBytesMax = base + bound
      d.session.db = db
      d.engine.beginTurn()
      const relief = d.engine.evictor.relieve()
      if (relief === 'enough' && d.engine.settings.memoryBytesMax > 0) {
        t.true(d.engine.arena.usedBytes <= d.engine.settings.memoryBytesMax)
      }
      d.run(...words)
    }
    const folded = fold(d.effects)
    t.is(stateDigest(folded), stateDigest(d.engine))
    t.is(folded.stats.evictedKeys, 0)
    for (const db of d.engine.dbs) t.notThrows(() => db.check())
  }), { numRuns: 60 })
})

test('replay never evicts, however much there is', (t) => {
  const d = driver()
  d.engine.setMemoryPolicy('allkeys-random')
  for (let i = 0; i < 100; i++) d.run('SET', `k${i}`, 'v'.repeat(100))
  d.engine.settings.memoryBytesMax = 1
  d.engine.replaying = true
  t.is(d.engine.evictor.relieve(), 'enough')
  d.engine.replaying = false
  d.engine.beginGroup()
  t.is(d.engine.evictor.relieve(), 'enough', 'nor is a transaction disturbed')
  d.engine.endGroup()
  t.is(d.run('DBSIZE'), int(100))
})

test('the rest of a large value that was dropped is freed before another key goes, however it is freed', (t) => {
  for (const lazily of [false, true]) {
    const d = driver()
    d.engine.setMemoryPolicy('volatile-ttl')
    d.engine.settings.lazyEviction = lazily
    d.run('SADD', 'large', ...Array.from({ length: 5000 }, (_, i) => `member:${i}`))
    d.run('EXPIRE', 'large', 100)
    for (let i = 0; i < 50; i++) d.run('SET', `k${i}`, 'v', 'EX', 5000)
    const used = d.engine.arena.usedBytes
    d.engine.settings.memoryBytesMax = used - 100_000
    t.is(d.engine.evictor.relieve(), 'enough')
    t.is(d.run('EXISTS', 'large'), int(0))
    t.is(d.run('DBSIZE'), int(50))
  }
})
