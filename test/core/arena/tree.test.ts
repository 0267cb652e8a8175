// Tree against a sorted array, for each kind of key.

import fc from 'fast-check'
import test from 'ava'
import { Arena, byteOf, chunkOf, wordOf } from '../../../core/arena/arena.ts'
import { scoreHigh, scoreLow, scoreOf, Tree } from '../../../core/arena/tree.ts'
import type { TreeKind } from '../../../core/arena/tree.ts'
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
