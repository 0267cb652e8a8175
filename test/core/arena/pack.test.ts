// Pack against an array of strings.

import fc from 'fast-check'
import test from 'ava'
import { Arena } from '../../../core/arena/arena.ts'
import { buildPack } from '../../../core/arena/pack-build.ts'
import { Pack } from '../../../core/arena/pack.ts'

function text(pack: Pack, at: number): string {
  pack.read(at)
  return Buffer.from(pack.buf.subarray(pack.from, pack.to)).toString('latin1')
}

function put(pack: Pack, at: number, element: string): number {
  // The bytes lie in the middle of a buffer, as a command's argument does.
  const buf = Buffer.from(`$3\r\n${element}\r\n`, 'latin1')
  return pack.insert(at, buf, 4, 4 + element.length)
}

function forward(pack: Pack): string[] {
  const all: string[] = []
  for (let at = pack.first(); at !== 0; at = pack.next(at)) all.push(text(pack, at))
  return all
}

function backward(pack: Pack): string[] {
  const all: string[] = []
  for (let at = pack.last(); at !== 0; at = pack.prev(at)) all.push(text(pack, at))
  return all.toReversed()
}

const number = fc.oneof(
  fc.integer({ min: -70, max: 70 }),
  fc.maxSafeInteger(),
  fc.constantFrom(-128, -129, 127, 128, -32768, -32769, 32767, 32768, 2 ** 31, -(2 ** 31), 2 ** 39, -(2 ** 47) - 1),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
)
const element = fc.oneof(
  { weight: 4, arbitrary: number.map(String) },
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }).map((s) => Buffer.from(s).toString('latin1')) },
  { weight: 1, arbitrary: fc.constantFrom('', '-', '-0', '00', '01', '+1', '1e3', '9007199254740992', '-9007199254740992') },
  { weight: 1, arbitrary: fc.constantFrom('99999999999999999999', '1 ', ' 1', '1.0', '9223372036854775807') },
  { weight: 1, arbitrary: fc.nat({ max: 300 }).map((size) => 'x'.repeat(size)) },
  { weight: 1, arbitrary: fc.constantFrom(4095, 4096, 16_383, 20_000).map((size) => 'y'.repeat(size)) },
)
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('insert' as const), place: fc.nat(), element }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('append' as const), element }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('replace' as const), place: fc.nat(), element }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), place: fc.nat(), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('find' as const), place: fc.nat(), skip: fc.nat({ max: 2 }), element }) },
  { weight: 2, arbitrary: fc.record({
    kind: fc.constant('move' as const), place: fc.nat(), count: fc.integer({ min: 1, max: 3 }), to: fc.nat(),
  }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reserve' as const), place: fc.nat(), bytes: fc.nat({ max: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fit' as const), place: fc.nat() }) },
)

test('inserts, replacements, removals and searches agree with an array, read from both ends', (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), (steps) => {
      const arena = new Arena({ guard: true })
      const pack = new Pack(arena)
      const model: string[] = []
      for (const s of steps) {
        if (s.kind === 'append') {
          if (text(pack, put(pack, 0, s.element)) !== s.element) return false
          model.push(s.element)
        } else if (model.length === 0) continue
        else {
          const index = s.place % model.length
          const at = pack.at(index)
          if (pack.at(index - model.length) !== at) return false
          const bytes = 'element' in s ? Buffer.from(s.element, 'latin1') : Buffer.alloc(0)
          if (s.kind === 'insert') {
            if (put(pack, at, s.element) !== at) return false
            model.splice(index, 0, s.element)
          } else if (s.kind === 'replace') {
            if (pack.replace(at, bytes, 0, bytes.length) !== at || !pack.equals(at, bytes, 0, bytes.length)) return false
            model[index] = s.element
          } else if (s.kind === 'remove') {
            const after = pack.remove(at, s.count)
            model.splice(index, s.count)
            if (after !== pack.at(index)) return false
          } else if (s.kind === 'reserve') pack.reserve(s.bytes)
          else if (s.kind === 'fit') pack.fit()
          else if (s.kind === 'move') {
            const count = Math.min(s.count, model.length - index)
            const to = s.to % (model.length + 1)
            if (to > index && to < index + count) continue
            const moved = model.splice(index, count)
            const place = to > index ? to - count : to
            const target = to === model.length + count ? 0 : pack.at(to)
            model.splice(place, 0, ...moved)
            if (pack.move(at, count, target) !== pack.at(place)) return false
          } else {
            const wanted = model.findIndex((other, i) => i >= index && (i - index) % (s.skip + 1) === 0 && other === s.element)
            if (pack.find(at, s.skip, bytes, 0, bytes.length) !== (wanted === -1 ? 0 : pack.at(wanted))) return false
          }
        }
        pack.check()
        if (pack.count !== model.length || pack.at(model.length) !== 0 || pack.at(-1 - model.length) !== 0) return false
      }
      if (forward(pack).join('|') !== model.join('|') || backward(pack).join('|') !== model.join('|')) return false
      arena.check()
      if (arena.usedBytes !== pack.memoryBytes()) return false
      pack.clear()
      return arena.blocks === 0
    }),
    { numRuns: 200 },
  )
  t.pass()
})

test('integers come back as they went in, whether given as numbers or as digits, in few bytes', (t) => {
  fc.assert(
    fc.property(number, (value) => {
      const pack = new Pack(new Arena({ guard: true }))
      const at = pack.insertInteger(0, value)
      const size = pack.bytes - 8
      const digits = Buffer.from(String(value === 0 ? 0 : value))
      if (!pack.isInteger(at) || pack.integer(at) !== (value === 0 ? 0 : value)) return false
      if (!pack.equals(at, digits, 0, digits.length) || text(pack, at) !== digits.toString()) return false
      pack.replace(at, digits, 0, digits.length)
      pack.check()
      const bits = value < 0 ? Math.log2(-value) : Math.log2(value + 1)
      return pack.bytes - 8 === size && size <= 3 + (bits + 1) / 8
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

test('what looks like a number but would print otherwise stays a string', (t) => {
  const pack = new Pack(new Arena({ guard: true }))
  for (const same of ['-0', '00', '007', '+7', '7 ', '1e3', '0x10', '9007199254740992', '-', '']) {
    t.false(pack.isInteger(put(pack, 0, same)), same)
    t.is(text(pack, pack.last()), same)
  }
  t.throws(() => pack.insertInteger(0, 2 ** 53), { message: /no integer/ })
  t.throws(() => pack.insertInteger(0, 0.5), { message: /no integer/ })
  pack.check()
})

test('a small pack is small, and gives its block back when it empties', (t) => {
  const arena = new Arena({ guard: true })
  const pack = new Pack(arena)
  t.is(pack.count + pack.bytes + pack.first() + pack.last() + pack.at(0), 0)
  for (let i = 0; i < 10; i++) put(pack, 0, `${i}`)
  t.is(pack.bytes, 8 + 10 * 2)
  t.is(pack.memoryBytes(), 32)
  while (pack.count > 0) pack.remove(pack.first())
  t.is(pack.root + arena.blocks, 0)
})

test('a pack of megabytes grows without copying it each time, and shrinks with its content', (t) => {
  const arena = new Arena()
  const pack = new Pack(arena)
  const big = 'z'.repeat(1000)
  let moves = 0
  let root = 0
  for (let i = 0; i < 3000; i++) {
    put(pack, 0, i % 2 === 0 ? big : `${i}`)
    if (pack.root !== root) moves++
    root = pack.root
  }
  t.true(moves < 200, `${moves} moves`)
  pack.check()
  t.is(text(pack, pack.at(2001)), '2001')
  t.is(pack.remove(pack.at(10), 2980), pack.at(10))
  t.is(text(pack, pack.at(10)), big)
  pack.check()
  arena.check()
  t.true(arena.usedBytes < 2 * pack.bytes)
})

test('a pack that is built at once, or copied, is as one that grew', (t) => {
  fc.assert(fc.property(fc.array(element, { minLength: 1, maxLength: 200 }), (elements) => {
    const arena = new Arena({ guard: true })
    const bytes = Buffer.from(elements.map((one) => `<${one}>`).join(''), 'latin1')
    const start = new Int32Array(elements.length + 1)
    const end = new Int32Array(elements.length + 1)
    let from = 0
    elements.forEach((one, i) => {
      start[i + 1] = from + 1
      end[i + 1] = from + 1 + one.length
      from += one.length + 2
    })
    const pack = new Pack(arena, buildPack(arena, bytes, start, end, 1, elements.length))
    pack.check()
    const grown = new Pack(arena)
    for (const one of elements) put(grown, 0, one)
    const copy = new Pack(arena, grown.copy())
    copy.check()
    return pack.bytes === grown.bytes && forward(pack).join('|') === elements.join('|') && forward(copy).join('|') === elements.join('|')
  }), { numRuns: 200 })
  t.is(new Pack(new Arena()).copy(), 0)
})

test('one Pack object turns from one root to another', (t) => {
  const arena = new Arena({ guard: true })
  const pack = new Pack(arena)
  const roots = Array.from({ length: 20 }, () => 0)
  for (let i = 0; i < 400; i++) {
    put(pack.open(roots[i % 20]!), 0, `item ${i}`)
    roots[i % 20] = pack.root
  }
  roots.forEach((root, n) => {
    t.is(pack.open(root).count, 20)
    t.is(text(pack, pack.at(3)), `item ${60 + n}`)
    pack.clear()
  })
  t.is(arena.blocks, 0)
})
