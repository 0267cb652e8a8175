// Tree against a sorted array, for each kind of key.

import fc from 'fast-check'
import test from 'ava'
import { Arena, byteOf, chunkOf, wordOf } from '../../../core/arena/arena.ts'
import { scoreHigh, scoreLow, scoreOf } from '../../../core/arena/score.ts'
import { Tree } from '../../../core/arena/tree.ts'
import type { TreeKind } from '../../../core/arena/tree-walk.ts'
import { seededRandom } from '../../../core/random.ts'

type Item = { key: number; member: string; value: number }

function memberEntry(arena: Arena, member: string): number {
  const entry = arena.alloc(12 + member.length)
  arena.u32[chunkOf(entry)]![wordOf(entry) + 1] = member.length
  arena.u8[chunkOf(entry)]!.write(member, byteOf(entry) + 12, 'latin1')
  return entry
}

function probe(tree: Tree, kind: TreeKind, item: Item): Tree {
  if (kind === 'id') return tree.probeId(item.key >>> 28, item.key >>> 4, 0, item.key & 15)
  if (kind === 'deadline') return tree.probeDeadline(item.key * 0x20000001, item.value)
  const bytes = Buffer.from(item.member)
  return tree.probeScore(item.key - 50, bytes, 0, bytes.length)
}

function compare(a: Item, b: Item): number {
  return a.key - b.key || (a.member < b.member ? -1 : a.member > b.member ? 1 : 0)
}

function agrees(tree: Tree, kind: TreeKind, items: Item[], pick: (n: number) => number): boolean {
  tree.check()
  if (tree.count !== items.length) return false
  let i = 0
  for (let more = tree.first(); more; more = tree.next()) if (tree.value !== items[i++]!.value) return false
  for (let more = tree.last(); more; more = tree.prev()) if (tree.value !== items[--i]!.value) return false
  for (let n = 0; n < Math.min(30, items.length); n++) {
    const rank = pick(items.length)
    const item = items[rank]!
    if (!tree.at(rank) || tree.value !== item.value) return false
    if (probe(tree, kind, item).rank() !== rank) return false
    if (!probe(tree, kind, item).find() || tree.value !== item.value) return false
    if (kind !== 'score') continue
    const absent = { ...item, member: `${item.member}~` }
    const next = items.findIndex((other) => compare(other, absent) > 0)
    if (probe(tree, kind, absent).seek() !== next >= 0) return false
    if (next >= 0 && tree.value !== items[next]!.value) return false
    if (!probe(tree, kind, absent).seekLast() || compare(items.find((o) => o.value === tree.value)!, absent) > 0) return false
  }
  return true
}

for (const kind of ['id', 'deadline', 'score'] as const) {
  test(`${kind} tree: random and ascending inserts and removals agree with a sorted array`, (t) => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 10, max: 50_000 }), fc.boolean(), (seed, range, ascending) => {
        const arena = new Arena({ guard: true })
        const tree = new Tree(arena, kind)
        const random = seededRandom(seed)
        const model = new Map<string, Item>()
        let top = 0
        for (let i = 0; i < 4000; i++) {
          const removing = random.u32() % 100 < (Math.floor(i / 1000) % 2 === 0 ? 25 : 75)
          const key = ascending && !removing ? top++ : random.u32() % (ascending ? top + 1 : range)
          const member = kind === 'score' ? `m${random.u32() % 40}` : ''
          const name = `${key}:${member}`
          const known = model.get(name)
          if (removing) {
            const removed = probe(tree, kind, known ?? { key, member, value: key + 1 }).remove()
            if (removed !== (known !== undefined)) return false
            if (known !== undefined && kind === 'score') arena.free(known.value)
            model.delete(name)
          } else if (known === undefined) {
            const item = { key, member, value: kind === 'score' ? memberEntry(arena, member) : key + 1 }
            probe(tree, kind, item).insert(item.value)
            model.set(name, item)
          }
        }
        if (!agrees(tree, kind, [...model.values()].toSorted(compare), (n) => random.u32() % n)) return false
        arena.check()
        tree.clear(kind === 'score' ? (value) => arena.free(value) : undefined)
        return arena.blocks === 0
      }),
      { numRuns: 15 },
    )
    t.pass()
  })
}

test('ascending ids fill their nodes: 1 item costs little more than its 20 bytes', (t) => {
  const arena = new Arena()
  const tree = new Tree(arena, 'id')
  for (let i = 0; i < 100_000; i++) tree.probeId(0, i, 0, 0).insert(i)
  t.true(tree.memoryBytes() / 100_000 < 22)
  tree.check()
})

test('the items of a walk can be removed as it goes, and values renewed', (t) => {
  const arena = new Arena()
  const tree = new Tree(arena, 'id')
  for (let i = 0; i < 5000; i++) tree.probeId(0, i, 0, 0).insert(i)
  for (let i = 0; i < 5000; i += 2) {
    t.true(tree.probeId(0, i, 0, 0).find())
    tree.removeCurrent()
  }
  for (let more = tree.first(); more; more = tree.next()) tree.setValue(tree.value + 1_000_000)
  tree.check()
  t.is(tree.count, 2500)
  t.true(tree.first())
  t.is(tree.value, 1_000_001)
})

test('deliveries come by their time, and then by the ids in their blocks, wherever the blocks lie', (t) => {
  const delivery = fc.record({ ms: fc.nat(3), id: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(40)), stays: fc.boolean() })
  fc.assert(
    fc.property(fc.uniqueArray(delivery, { selector: (d) => d.id.join(), maxLength: 300, size: 'max' }), (list) => {
      const arena = new Arena({ guard: true })
      const tree = new Tree(arena, 'delivery')
      const blocks = list.map(() => arena.alloc(32)).toReversed()
      list.forEach((d, i) => {
        arena.u32[chunkOf(blocks[i]!)]!.set([0, 0, 0, 0, ...d.id], wordOf(blocks[i]!))
        tree.probeDelivery(d.ms * 0x80000001, blocks[i]!).insert(blocks[i]!)
      })
      tree.check()
      list.forEach((d, i) => {
        if (d.stays) return
        if (!tree.probeDelivery(d.ms * 0x80000001, blocks[i]!).remove()) throw new Error('not found')
        arena.free(blocks[i]!)
      })
      tree.check()
      const left = list.map((d, i) => ({ ...d, block: blocks[i]! })).filter((d) => d.stays).toSorted((a, b) =>
        a.ms - b.ms || a.id[0] - b.id[0] || a.id[1] - b.id[1] || a.id[2] - b.id[2] || a.id[3] - b.id[3])
      let at = 0
      for (let more = tree.first(); more; more = tree.next()) if (tree.value !== left[at++]?.block) return false
      return at === left.length
    }),
    { numRuns: 60 },
  )
  t.pass()
})

test('the order of mapped scores is the order of numbers', (t) => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (a, b) => {
      const [ah, al] = [scoreHigh(a), scoreLow(a)]
      const [bh, bl] = [scoreHigh(b), scoreLow(b)]
      const order = ah - bh || al - bl
      return Math.sign(order) === (a < b ? -1 : a > b ? 1 : 0) && scoreOf(ah, al) === (a === 0 ? 0 : a)
    }),
    { numRuns: 2000, examples: [[0, -0], [Infinity, -Infinity], [5e-324, -5e-324]] },
  )
  t.pass()
})

test('seeks and ranks of absent keys agree with the array, for ids at the ends of each word', (t) => {
  const word = fc.constantFrom(0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff)
  const id = fc.tuple(word, word, word, word)
  type Id = [number, number, number, number]
  const order = (a: Id, b: Id): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]
  const ids = fc.uniqueArray(id, { selector: (key) => key.join(), minLength: 1, maxLength: 400 })
  fc.assert(
    fc.property(ids, fc.array(id, { maxLength: 50 }), (list, probes) => {
      const tree = new Tree(new Arena({ guard: true }), 'id')
      list.forEach((key, i) => tree.probeId(...key).insert(i))
      tree.check()
      const sorted = list.toSorted(order)
      return probes.every((key) => {
        const below = sorted.filter((other) => order(other, key) < 0).length
        const upTo = sorted.filter((other) => order(other, key) <= 0).length
        if (tree.probeId(...key).rank() !== below) return false
        if (tree.seek() !== below < sorted.length) return false
        if (below < sorted.length && tree.value !== list.indexOf(sorted[below]!)) return false
        if (tree.seekLast() !== upTo > 0) return false
        if (upTo > 0 && tree.value !== list.indexOf(sorted[upTo - 1]!)) return false
        return tree.find() === upTo > below
      })
    }),
    { numRuns: 60 },
  )
  t.pass()
})

test('a walk that removes some items sees every other exactly once', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), fc.integer({ min: 0, max: 100 }), (size, s, percent) => {
      const arena = new Arena({ guard: true })
      const tree = new Tree(arena, 'score')
      const random = seededRandom(s)
      const members = Array.from({ length: size }, (_, i) => memberEntry(arena, `m${i}`))
      for (const entry of members) tree.probeMember(random.u32() % 10, entry).insert(entry)
      let left = 0
      let seen = 0
      for (let more = tree.first(); more; seen++) {
        if (random.u32() % 100 >= percent) {
          left++
          more = tree.next()
          continue
        }
        const entry = tree.value
        more = tree.removeAndNext()
        arena.free(entry)
      }
      tree.check()
      arena.check()
      return seen === size && tree.count === left
    }),
    { numRuns: 40 },
  )
  t.pass()
})

test('a tree is as large as its items need: nothing when empty, under a hundred bytes when it begins', (t) => {
  const arena = new Arena({ guard: true })
  const tree = new Tree(arena, 'deadline')
  t.is(tree.memoryBytes() + arena.usedBytes, 0)
  t.false(tree.first() || tree.last() || tree.probeDeadline(1, 1).seek() || tree.seekLast() || tree.remove() || tree.at(0))
  tree.probeDeadline(1, 1).insert(1)
  t.true(arena.usedBytes <= 64)
  for (let i = 2; i < 20_000; i++) tree.probeDeadline(i, i).insert(i)
  for (let i = 19_999; i > 1; i--) t.true(tree.probeDeadline(i, i).remove())
  t.true(arena.usedBytes <= 1024, `${arena.usedBytes} bytes for one item`)
  t.true(tree.probeDeadline(1, 1).remove())
  t.is(tree.root + arena.usedBytes, 0)
})

test('a queue of ids (new at one end, removed at the other) keeps its size', (t) => {
  const arena = new Arena()
  const tree = new Tree(arena, 'id')
  for (let i = 0; i < 200_000; i++) {
    tree.probeId(0, i, 0, 0).insert(i)
    if (i < 5000) continue
    t.true(tree.first())
    if (tree.value !== i - 5000) t.fail(`${tree.value} came out in place of ${i - 5000}`)
    tree.removeCurrent()
  }
  tree.check()
  t.is(tree.count, 5000)
  t.true(tree.memoryBytes() < 5000 * 30, `${tree.memoryBytes()} bytes`)
})

test('random removals down to one in a hundred give most of the memory back', (t) => {
  const arena = new Arena()
  const tree = new Tree(arena, 'deadline')
  for (let i = 0; i < 50_000; i++) tree.probeDeadline(i, 1).insert(1)
  const full = tree.memoryBytes()
  for (let i = 0; i < 50_000; i++) if (i % 100 !== 0) tree.probeDeadline(i, 1).remove()
  tree.check()
  t.true(tree.memoryBytes() < full / 15, `${full} → ${tree.memoryBytes()} bytes`)
})

test('200,000 deadlines in random order: every rank right, and right again while most are removed', (t) => {
  const arena = new Arena()
  const tree = new Tree(arena, 'deadline')
  const random = seededRandom(11)
  const order = Array.from({ length: 200_000 }, (_, i) => i)
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.u32() % (i + 1)
    const swapped = order[i]!
    order[i] = order[j]!
    order[j] = swapped
  }
  for (const n of order) tree.probeDeadline(n * 0x10001, n + 1).insert(n + 1)
  tree.check()
  const wrong = order.filter((n) => !tree.at(n) || tree.value !== n + 1 || tree.probeDeadline(n * 0x10001, n + 1).rank() !== n)
  t.deepEqual(wrong, [])
  const kept = new Set(order.slice(0, 3000))
  for (const n of order) if (!kept.has(n) && !tree.probeDeadline(n * 0x10001, n + 1).remove()) t.fail(`${n} is lost`)
  tree.check()
  const sorted = [...kept].toSorted((a, b) => a - b)
  t.deepEqual(sorted.filter((n, rank) => !tree.at(rank) || tree.value !== n + 1), [])
  t.true(tree.memoryBytes() < 3000 * 50, `${tree.memoryBytes()} bytes`)
})
