// Sorted sets in both encodings against a naive model, at the thresholds and with a million members.
import fc from 'fast-check'
import test from 'ava'
import { Arena } from '../../../core/arena/arena.ts'
import { seededRandom } from '../../../core/random.ts'
import { nextUp, packed, treed, Zset } from '../../../core/types/zset.ts'
import { ZsetModel } from './zset-model.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const member = fc.oneof(
  fc.constantFrom('', 'a', 'b', '1', '10', '-7', '007', '\xff', 'x'.repeat(40), 'y'.repeat(64)),
  fc.integer({ min: 0, max: 60 }).map(String),
)
const score = fc.oneof(
  fc.integer({ min: -5, max: 5 }), fc.constantFrom(0.5, -2.25, 12.99, 0.1, 1e-7, 1e300, 5e-324, -5e-324, Infinity, -Infinity),
  fc.constantFrom(2 ** 53, 2 ** 53 - 1, -(2 ** 53), 1700000000123, 1700000000.123), fc.double({ noNaN: true }),
)
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), member, score }),
  fc.record({ kind: fc.constant('set' as const), member, score }),
  fc.record({ kind: fc.constant('remove' as const), member }),
  fc.record({ kind: fc.constant('pop' as const), last: fc.boolean() }),
  fc.record({ kind: fc.constant('cut' as const), rank: fc.nat(70), count: fc.nat(5) }),
  fc.record({ kind: fc.constant('score' as const), bound: score, open: fc.boolean() }),
)

function open(arena: Arena): Zset {
  return new Zset(arena, { k0: 1, k1: 2 })
}

/** All items, walked forward. */
function itemsOf(zset: Zset): { member: string; score: number }[] {
  const items: { member: string; score: number }[] = []
  for (let more = zset.first(); more; more = zset.next()) {
    zset.read()
    const text = Buffer.from(zset.buf.subarray(zset.from, zset.to)).toString('latin1')
    items.push({ member: text, score: zset.score === 0 ? 0 : zset.score })
  }
  return items
}

for (const entriesMax of [0, 3, 20, 1000]) {
  test(`agrees with a plain array, with up to ${entriesMax} members in a pack`, (t) => {
    fc.assert(fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const arena = new Arena({ guard: true })
      const zset = open(arena).create(entriesMax === 0 ? treed : packed)
      const model = new ZsetModel()
      for (const one of steps) {
        if (one.kind === 'set') {
          const value = one.score === 0 ? 0 : one.score
          const key = bytes(one.member)
          const found = zset.find(key, 0, key.length)
          t.is(found ? zset.score : undefined, model.score(one.member))
          if (found) zset.change(value, key, 0, key.length)
          else zset.insert(value, key, 0, key.length, entriesMax, 50)
          model.set(one.member, value)
        } else if (one.kind === 'remove') {
          const key = bytes(one.member)
          const found = zset.count > 0 && zset.find(key, 0, key.length)
          if (found) {
            t.is(zset.rank(), model.rank(one.member))
            zset.removeFound()
          }
          t.is(model.remove(one.member), found)
        } else if (one.kind === 'pop') {
          const item = one.last ? model.items.at(-1) : model.items[0]
          t.is(one.last ? zset.last() : zset.first(), item !== undefined)
          if (item === undefined) continue
          t.is(zset.score, item.score)
          zset.remove()
          model.remove(item.member)
        } else if (one.kind === 'cut') {
          let more = zset.item(one.rank)
          for (let left = one.count; more && left > 0; left--) more = zset.remove()
          model.items.splice(one.rank, one.count)
          if (more) t.is(zset.score, model.items[one.rank]!.score)
        } else {
          const bound = one.bound === 0 ? 0 : one.bound
          const above = model.between(bound, one.open, Infinity, false)
          t.is(zset.seekScore(bound, one.open), above.length > 0)
          if (above.length > 0) t.is(zset.rank(), model.items.length - above.length)
          const below = model.between(-Infinity, false, bound, one.open)
          t.is(zset.seekScoreBack(bound, one.open), below.length > 0)
          if (below.length > 0) t.is(zset.rank(), below.length - 1)
          t.is(zset.countBelow(bound, !one.open), below.length)
        }
        t.is(zset.count, model.items.length)
      }
      zset.check()
      t.deepEqual(itemsOf(zset), model.items)
      zset.toPack(entriesMax, 50)
      t.deepEqual(itemsOf(zset), model.items)
      zset.free()
      t.is(arena.usedBytes, 0)
    }), { numRuns: 60 })
  })
}

test('the next double is the smallest above', (t) => {
  const pairs = [[0, 5e-324], [-0, 5e-324], [-5e-324, -0], [1, 1 + 2 ** -52], [-1, -1 + 2 ** -53], [Infinity, Infinity]] as const
  for (const [value, next] of pairs) t.is(nextUp(value), next)
  t.is(nextUp(Number.MAX_VALUE), Infinity)
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const next = nextUp(value)
    t.true(next > value)
    const middle = value / 2 + next / 2
    t.true(middle === value || middle === next || Math.abs(value) < 1e-300)
  }))
})

test('a million members: ranks, ranges, scores, a scan that loses nothing, freed in slices', (t) => {
  const count = 1_000_000
  const random = seededRandom(7)
  const arena = new Arena()
  const zset = open(arena).create(treed)
  const scores = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const key = bytes(`member:${i}`)
    scores[i] = random.u32() % 5000 === 0 ? 42 : random.u32() / 16
    zset.find(key, 0, key.length)
    zset.insert(scores[i]!, key, 0, key.length, 128, 64)
  }
  t.is(zset.count, count)
  const order = Array.from({ length: count }, (_, i) => i).toSorted((a, b) =>
    scores[a]! - scores[b]! || Buffer.compare(bytes(`member:${a}`), bytes(`member:${b}`)))
  for (let n = 0; n < 2000; n++) {
    const rank = random.u32() % count
    const key = bytes(`member:${order[rank]}`)
    t.true(zset.find(key, 0, key.length))
    t.is(zset.score, scores[order[rank]!]!)
    t.is(zset.rank(), rank)
    t.true(zset.item(rank))
    zset.read()
    t.is(key.compare(Buffer.from(zset.buf.subarray(zset.from, zset.to))), 0)
    const bound = random.u32() / 16
    let below = 0
    for (let low = 0, high = count; low < high;) {
      const middle = (low + high) >>> 1
      if (scores[order[middle]!]! < bound) low = below = middle + 1
      else high = middle
    }
    t.is(zset.countBelow(bound, false), below)
    t.is(zset.seekScore(bound, false), below < count)
    if (below < count) t.is(zset.rank(), below)
  }

  const seen = new Set<string>()
  let cursor = 0
  let steps = 0
  do {
    cursor = zset.scan(cursor, 500, () => {
      const text = Buffer.from(zset.buf.subarray(zset.from, zset.to)).toString('latin1')
      if (zset.score !== scores[Number(text.slice(7))]) t.fail(text)
      if (text.length > 1) seen.add(text)
    })
    // Members that come and go meanwhile don't hide the others.
    const key = bytes(`passing:${steps}`)
    if (steps % 2 === 0 && !zset.find(key, 0, key.length)) {
      zset.insert(-1, key, 0, key.length, 128, 64)
      zset.find(key, 0, key.length)
      zset.removeFound()
    }
    steps++
  } while (cursor !== 0)
  t.is(seen.size, count)

  const live = arena.blocks
  let slices = 0
  while (!zset.freeSome(1000)) {
    slices++
    if (slices > 100_000) t.fail('the slices never end')
  }
  t.true(slices > 500)
  t.true(live > count)
  t.is(arena.usedBytes, 0)
})
