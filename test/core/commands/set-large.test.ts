// Sets of a million members: nothing is lost, nothing twice, random members are fair, and memory comes back.
import test from 'ava'
import { formOf, rootOf } from '../../../core/keyspace/entry.ts'
import { scale } from '../../scale.ts'
import { driver, int, type Driver } from './driver.ts'

const count = scale.members
const batch = 10_000
const name = (i: number): string => `member:${i}`
/** Of a set that shrinks one in a hundred stays. */
const stays = (i: number): boolean => i % 100 === 0

function listed(reply: string): string[] {
  return [...reply.matchAll(/\$\d+\r\n(.*)\r\n/g)].map((match) => match[1]!)
}

/** Runs a command over members `from` to `to`, some thousand at a time. */
function each(d: Driver, command: string, key: string, from: number, to: number): void {
  for (let i = from; i < to; i += batch) {
    const members = Array.from({ length: Math.min(batch, to - i) }, (_, j) => name(i + j))
    d.run(command, key, ...members)
    d.effects.length = 0
  }
}

/** Walks the books of the key space and of the set at a key. */
function check({ engine }: Driver, key: string): void {
  const db = engine.dbs[0]!
  db.check()
  const bytes = Buffer.from(key)
  const entry = db.find(bytes, 0, bytes.length, db.hash(bytes, 0, bytes.length))
  engine.sets.one.open(rootOf(engine.arena, entry), formOf(engine.arena, entry)).dict.check()
}

function filled(): Driver {
  const d = driver(1, 1_700_000_000_000, false)
  each(d, 'SADD', 's', 0, count)
  return d
}

test('all members are there, in few bytes each, and go again', (t) => {
  const d = filled()
  const { arena } = d.engine
  t.is(d.run('SCARD', 's'), int(count))
  // A pointer, a hash and their share of free slots; a length and up to 14 bytes, rounded up to 16.
  t.true(arena.usedBytes / count < 32, `${arena.usedBytes / count} bytes a member`)
  check(d, 's')
  for (let i = 0; i < count; i += 997) t.is(d.run('SISMEMBER', 's', name(i)), int(1))
  for (let i = count; i < count + 1000; i++) t.is(d.run('SISMEMBER', 's', name(i)), int(0))
  each(d, 'SREM', 's', 0, count)
  t.is(d.run('EXISTS', 's'), int(0))
  arena.check()
  t.true(arena.usedBytes < 4096, `${arena.usedBytes} bytes left`)
})

test('random members are spread evenly over the set, alone and in samples', (t) => {
  const d = filled()
  const buckets = 500
  const per = 100
  for (const draw of [() => listed(d.run('SRANDMEMBER', 's', -buckets * per)), () => listed(d.run('SRANDMEMBER', 's', buckets * per))]) {
    const counts = new Float64Array(buckets)
    const members = draw()
    t.is(members.length, buckets * per)
    for (const member of members) counts[Math.floor((Number(member.slice(7)) / count) * buckets)]!++
    // Chi-squared: its mean is the degrees of freedom, its variance twice that.
    const chi = counts.reduce((sum, one) => sum + (one - per) ** 2 / per, 0)
    t.true(chi < buckets + 5 * Math.sqrt(2 * buckets), `${chi}`)
  }
})

test('SSCAN loses no member that stays while the set shrinks to a hundredth, or doubles', (t) => {
  for (const grows of [false, true]) {
    const d = filled()
    const seen = new Set<string>()
    let cursor = '0'
    let at = 0
    let calls = 0
    do {
      const reply = d.run('SSCAN', 's', cursor, 'COUNT', 500)
      cursor = /^\*2\r\n\$\d+\r\n(\d+)/.exec(reply)![1]!
      for (const member of listed(reply)) seen.add(member)
      const to = Math.min(count, at + 600)
      for (; at < to; at++) {
        if (grows) d.run('SADD', 's', name(count + at))
        else if (!stays(at)) d.run('SREM', 's', name(at))
      }
      calls++
    } while (cursor !== '0')
    t.true(calls < count / 100, `${calls} calls`)
    for (let i = 0; i < count; i += 100) if (!seen.has(name(i))) t.fail(`${name(i)} is lost`)
    check(d, 's')
  }
})

test('SPOP takes many at once, each of them once, and leaves the rest', (t) => {
  const d = filled()
  const left = new Set(Array.from({ length: count }, (_, i) => name(i)))
  for (const share of [0.001, 0.3, 0.9, 0.999]) {
    const wanted = Math.floor(left.size * share)
    const popped = listed(d.run('SPOP', 's', wanted))
    t.is(popped.length, wanted)
    for (const member of popped) if (!left.delete(member)) t.fail(`${member} was not there`)
    t.is(d.run('SCARD', 's'), int(left.size))
  }
  t.deepEqual(listed(d.run('SMEMBERS', 's')).toSorted(), [...left].toSorted())
  d.engine.arena.check()
})

test('intersection, union and difference of large sets', (t) => {
  const d = filled()
  const half = count / 2
  each(d, 'SADD', 'other', half, count + half)
  t.is(d.run('SINTERSTORE', 'inter', 's', 'other'), int(half))
  t.is(d.run('SINTERCARD', 2, 's', 'other', 'LIMIT', half - 1), int(half - 1))
  t.is(d.run('SUNIONSTORE', 'union', 's', 'other'), int(count + half))
  t.is(d.run('SDIFFSTORE', 'difference', 's', 'other'), int(half))
  t.is(d.run('SINTERCARD', 2, 'inter', 'difference'), int(0))
  t.is(d.run('SUNIONSTORE', 'again', 'inter', 'difference'), int(count))
  t.is(d.run('SDIFFSTORE', 'none', 's', 'again'), int(0))
  t.is(d.run('SINTERCARD', 3, 's', 'again', 'union'), int(count))
  for (const key of ['inter', 'union', 'difference', 'again']) check(d, key)
})
