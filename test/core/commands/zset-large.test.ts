// Large sorted sets: few bytes a member, ranks and scans right while they shrink, and freed in slices, whoever drops them.
import test from 'ava'
import { formOf, rootOf } from '../../../core/keyspace/entry.ts'
import { seededRandom } from '../../../core/random.ts'
import { scale } from '../../scale.ts'
import { array, bulk, driver, int, type Driver } from './driver.ts'

const count = scale.members
const batch = 10_000
const name = (i: number): string => `job:${i}`

/** A sorted set whose member i has the score i. */
function filled(size: number): Driver {
  const d = driver(1, 1_700_000_000_000, false)
  for (let i = 0; i < size; i += batch) {
    d.run('ZADD', 'z', ...Array.from({ length: Math.min(batch, size - i) }, (_, j) => [String(i + j), name(i + j)]).flat())
    d.effects.length = 0
  }
  return d
}

function check({ engine }: Driver, key: string): void {
  const db = engine.dbs[0]!
  db.check()
  const bytes = Buffer.from(key)
  const entry = db.find(bytes, 0, bytes.length, db.hash(bytes, 0, bytes.length))
  engine.zset.open(rootOf(engine.arena, entry), formOf(engine.arena, entry)).check()
}

test('few bytes a member; ranks, pops and ranges are right while it shrinks to nothing', (t) => {
  const d = filled(count)
  const { arena } = d.engine
  t.is(d.run('ZCARD', 'z'), int(count))
  t.true(arena.usedBytes / count < 56, `${arena.usedBytes / count} bytes a member`)
  check(d, 'z')
  const random = seededRandom(3)
  for (let n = 0; n < 1000; n++) {
    const i = random.u32() % count
    t.is(d.run('ZRANK', 'z', name(i)), int(i))
    t.is(d.run('ZREVRANK', 'z', name(i)), int(count - 1 - i))
    t.is(d.run('ZRANGE', 'z', i, i), array(bulk(name(i))))
    t.is(d.run('ZRANGEBYSCORE', 'z', i, '+inf', 'LIMIT', 0, 1), array(bulk(name(i))))
    t.is(d.run('ZCOUNT', 'z', `(${i}`, 'inf'), int(count - 1 - i))
  }
  t.is(d.run('ZPOPMIN', 'z', count / 4).slice(0, 20), `*${count / 2}\r\n`.concat(bulk(name(0)), bulk('0')).slice(0, 20))
  t.is(d.run('ZREMRANGEBYSCORE', 'z', count / 4, `(${count / 2}`), int(count / 4))
  t.is(d.run('ZRANK', 'z', name(count / 2)), int(0))
  t.is(d.run('ZREMRANGEBYRANK', 'z', -count / 4, -1), int(count / 4))
  check(d, 'z')
  t.is(d.run('ZREVRANGE', 'z', 0, 0), array(bulk(name((count * 3) / 4 - 1))))
  for (let i = count / 2; i < (count * 3) / 4; i += 1000) {
    d.run('ZREM', 'z', ...Array.from({ length: 1000 }, (_, j) => name(i + j)))
    d.effects.length = 0
  }
  t.is(d.run('EXISTS', 'z'), int(0))
  d.engine.lazy.drain()
  arena.check()
  t.true(arena.usedBytes < 4096, `${arena.usedBytes} bytes left`)
})

const size = 20_000
const droppers: [string, ...(string | number)[]][] = [
  ['DEL', 'z'], ['UNLINK', 'z'], ['SET', 'z', 'text'], ['RENAME', 'other', 'z'], ['ZUNIONSTORE', 'z', 1, 'other'],
  ['ZRANGESTORE', 'z', 'other', 0, -1], ['ZDIFFSTORE', 'z', 2, 'other', 'other'], ['PEXPIRE', 'z', -1], ['FLUSHALL', 'ASYNC'],
]
for (const words of droppers) {
  test(`${words.join(' ')} leaves most of a large one to be freed in later turns`, (t) => {
    const d = filled(size)
    d.run('ZADD', 'other', 1, 'a')
    d.run(...words)
    t.is(d.engine.lazy.pending > 0, true)
    t.true(d.engine.arena.blocks > size * 0.9)
    d.engine.lazy.drain()
    d.run('DEL', 'z', 'other')
    d.engine.arena.check()
    t.true(d.engine.arena.usedBytes < 4096)
  })
}
