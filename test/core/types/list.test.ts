// Lists against an array of strings, at thresholds that make few and many nodes.

import fc from 'fast-check'
import test from 'ava'
import { Arena } from '../../../core/arena/arena.ts'
import { Reply } from '../../../core/reply.ts'
import { defaultSettings } from '../../../core/settings.ts'
import { listForms } from '../../../core/types/list-ends.ts'
import { List } from '../../../core/types/list.ts'

const element = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -5000, max: 5000 }).map(String) },
  { weight: 2, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) },
  { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c') },
  { weight: 3, arbitrary: fc.string({ maxLength: 12 }).map((s) => Buffer.from(s).toString('latin1')) },
  { weight: 1, arbitrary: fc.constantFrom('', '-', '-0', '00', '+1', '9223372036854775808', '-9223372036854775808') },
  { weight: 1, arbitrary: fc.nat({ max: 300 }).map((size) => 'x'.repeat(size)) },
  { weight: 1, arbitrary: fc.constantFrom(63, 64, 1300, 4095, 4096, 9000, 66_000).map((size) => 'y'.repeat(size)) },
)
const elements = fc.array(element, { minLength: 1, maxLength: 9 })
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('push' as const), front: fc.boolean(), elements }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('insert' as const), place: fc.nat(), behind: fc.boolean(), element }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('set' as const), place: fc.nat(), element }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pop' as const), front: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), front: fc.boolean(), count: fc.integer({ min: 0, max: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), place: fc.nat(), count: fc.integer({ min: -3, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('find' as const), place: fc.nat(), limit: fc.integer({ min: 1, max: 40 }) }) },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

function value(list: List): string {
  return Buffer.from(list.value.buf.subarray(list.value.from, list.value.to)).toString('latin1')
}

function pushAll(list: List, front: boolean, elements: readonly string[]): void {
  list.expect(elements.reduce((sum, one) => sum + one.length, 0), elements.length)
  for (const one of elements) {
    // The bytes lie in the middle of a buffer, as a command's argument does.
    const buf = bytes(`$3\r\n${one}\r\n`)
    list.push(front, buf, 4, 4 + one.length)
  }
}

function all(list: List): string[] {
  const found: string[] = []
  list.each((buf, from, to) => found.push(Buffer.from(buf.subarray(from, to)).toString('latin1')))
  return found
}

const bulks = (elements: readonly string[]): string => elements.map((one) => `$${one.length}\r\n${one}\r\n`).join('')

function removed(model: string[], count: number, wanted: string): number {
  let left = count === 0 ? Infinity : Math.abs(count)
  let gone = 0
  for (let i = count < 0 ? model.length - 1 : 0; i >= 0 && i < model.length && left > 0;) {
    if (model[i] === wanted) {
      model.splice(i, 1)
      gone++
      left--
      if (count < 0) i--
    } else i += count < 0 ? -1 : 1
  }
  return gone
}

function apply(list: List, model: string[], s: Step): void {
  if (s.kind === 'push') {
    pushAll(list, s.front, s.elements)
    for (const one of s.elements) if (s.front) model.unshift(one)
    else model.push(one)
    return
  }
  if (model.length === 0) return
  const place = 'place' in s ? s.place % model.length : 0
  if (s.kind === 'pop') {
    list.readEnd(s.front)
    const expected = s.front ? model.shift() : model.pop()
    if (value(list) !== expected) throw new Error(`popped ${value(list)}, not ${expected}`)
    list.dropEnd(s.front)
  } else if (s.kind === 'drop') {
    list.dropEnds(s.front, s.count)
    model.splice(s.front ? 0 : Math.max(0, model.length - s.count), s.count)
  } else if (s.kind === 'insert' || s.kind === 'set') {
    list.expect(s.element.length, 1)
    list.seek(place)
    if (s.kind === 'insert') {
      list.insert(s.behind, bytes(s.element), 0, s.element.length)
      model.splice(place + (s.behind ? 1 : 0), 0, s.element)
    } else {
      list.set(bytes(s.element), 0, s.element.length)
      list.shrink()
      model[place] = s.element
    }
  } else if (s.kind === 'remove') {
    const wanted = model[place]!
    const gone = list.remove(s.count, bytes(wanted), 0, wanted.length)
    if (gone !== removed(model, s.count, wanted)) throw new Error(`${gone} removed`)
  } else find(list, model, place, s.limit)
}

function find(list: List, model: readonly string[], place: number, limit: number): void {
  const wanted = model[place]!
  list.lookFor(bytes(wanted), 0, wanted.length)
  const first = model.indexOf(wanted)
  list.seek(0)
  let looked = list.findNext(limit)
  if (looked !== (first < limit ? first + 1 : -Math.min(limit, model.length))) throw new Error(`first at ${looked - 1}, not ${first}`)
  const last = model.length - 1 - model.lastIndexOf(wanted)
  list.seekEnd()
  looked = list.findPrevious(limit)
  if (looked !== (last < limit ? last + 1 : -Math.min(limit, model.length))) throw new Error(`last at ${looked - 1}, not ${last}`)
  list.endFind()
}

function same(list: List, model: readonly string[], arena: Arena): void {
  list.check()
  if (list.length !== model.length) throw new Error(`${list.length} elements, not ${model.length}`)
  if (all(list).join('|') !== model.join('|')) throw new Error('other elements')
  if (arena.usedBytes !== list.memoryBytes()) throw new Error('memory is miscounted')
  const r = new Reply()
  const from = model.length >> 2
  list.replyRange(r, from, model.length >> 1)
  list.replyLast(r, model.length >> 1)
  const ranges = bulks(model.slice(from, from + (model.length >> 1)))
  const last = bulks(model.slice(model.length - (model.length >> 1)).toReversed())
  if (r.buf.toString('latin1', 0, r.at) !== ranges + last) throw new Error('another reply')
}

test('pushes, pops, insertions, replacements, removals and searches agree with an array', (t) => {
  const settings = fc.constantFrom(1, 2, 3, 5, 16, 128, -1, -2, -5)
  fc.assert(
    fc.property(settings, fc.array(step, { minLength: 1, maxLength: 90 }), (listPackSize, steps) => {
      const arena = new Arena({ guard: true })
      const list = new List(arena, { ...defaultSettings(), listPackSize })
      const model: string[] = []
      for (const s of steps) {
        apply(list, model, s)
        list.check()
      }
      same(list, model, arena)
      const copy = list.copy()
      const { form } = list
      list.free()
      list.open(copy, form)
      same(list, model, arena)
      while (list.root !== 0) {
        list.freeSome(3)
        list.check()
      }
      return arena.blocks === 0
    }),
    { numRuns: 400 },
  )
  t.pass()
})

test('a list of many nodes: index, insertion and removal anywhere, trims that cross nodes', (t) => {
  const arena = new Arena()
  const settings = { ...defaultSettings(), listPackSize: 2 }
  const list = new List(arena, settings)
  const model: string[] = []
  for (let i = 0; i < 20_000; i++) {
    pushAll(list, i % 3 === 0, [`${i}`])
    if (i % 3 === 0) model.unshift(`${i}`)
    else model.push(`${i}`)
  }
  list.check()
  const place = fc.record({ place: fc.nat(), kind: fc.constantFrom('insert', 'remove', 'read') })
  const places = fc.array(place, { minLength: 2000, maxLength: 2000 })
  for (const { place, kind } of fc.sample(places, { numRuns: 1, seed: 7 })[0]!) {
    const index = place % model.length
    list.seek(index)
    if (kind === 'read') {
      list.read()
      if (value(list) !== model[index]) t.fail(`element ${index}`)
    } else if (kind === 'insert') {
      list.insert(true, bytes('new'), 0, 3)
      model.splice(index + 1, 0, 'new')
    } else {
      const wanted = model[index]!
      list.remove(0, bytes(wanted), 0, wanted.length)
      removed(model, 0, wanted)
    }
  }
  same(list, model, arena)
  for (const [front, count] of [[true, 5001], [false, 4999], [true, 1], [false, 3000]] as const) {
    list.dropEnds(front, count)
    model.splice(front ? 0 : model.length - count, count)
    same(list, model, arena)
  }
  list.free()
  t.is(arena.blocks, 0)
})

test('every integer width is stored as short as in a listpack, and printed back', (t) => {
  const arena = new Arena()
  const list = new List(arena, { ...defaultSettings(), listPackSize: -5 })
  const widths: [number, bigint[]][] = [
    [2, [0n, 127n]], [3, [128n, 4095n, -1n, -4096n]], [4, [4096n, 32767n, -4097n, -32768n]],
    [5, [32768n, 8388607n, -32769n, -8388608n]], [6, [8388608n, 2147483647n, -8388609n, -2147483648n]],
    [10, [2147483648n, -2147483649n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]],
  ]
  for (const [size, numbers] of widths) {
    for (const number of numbers) {
      const text = String(number)
      list.push(false, bytes(text), 0, text.length)
      t.is(arena.u32[0]![(list.root & 0x1fffff) * 2]! - 8, size, text)
      list.readEnd(true)
      t.is(value(list), text)
      list.dropEnd(true)
    }
  }
  t.is(arena.blocks, 0)
})

test('a listpack becomes a quicklist beyond its bound, and one again below half of it', (t) => {
  const list = new List(new Arena(), { ...defaultSettings(), listPackSize: 4 })
  pushAll(list, false, ['a', 'b', 'c', 'd'])
  t.is(list.form, listForms.listpack)
  pushAll(list, false, ['e'])
  t.is(list.form, listForms.quicklist)
  t.is(list.nodes, 2)
  list.dropEnd(false)
  list.dropEnd(false)
  t.is(list.form, listForms.quicklist)
  list.dropEnd(true)
  t.is(list.form, listForms.listpack)
  t.deepEqual(all(list), ['b', 'c'])
})

test('a queue that is pushed at one end and popped at the other stays as small as what it holds', (t) => {
  const arena = new Arena()
  const list = new List(arena, defaultSettings())
  for (let i = 0; i < 100_000; i++) {
    pushAll(list, false, [`job:${i}`])
    if (i >= 50) list.dropEnd(true)
  }
  list.check()
  t.is(list.length, 50)
  t.true(list.memoryBytes() < 2 * 50 * 12, `${list.memoryBytes()} bytes`)
})

test('an insertion into a full node splits it, and both halves join their neighbours where they fit', (t) => {
  const list = new List(new Arena({ guard: true }), { ...defaultSettings(), listPackSize: 4 })
  pushAll(list, false, ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3', 'b4', 'c1', 'c2', 'c3', 'c4', 'd1'])
  for (const gone of ['a2', 'a3', 'a4', 'c3', 'c4']) list.remove(0, bytes(gone), 0, 2)
  t.is(list.nodes, 4)
  list.seek(3)
  list.insert(true, bytes('xx'), 0, 2)
  list.check()
  t.is(list.nodes, 3)
  t.deepEqual(all(list), ['a1', 'b1', 'b2', 'b3', 'xx', 'b4', 'c1', 'c2', 'd1'])
})

test('a node of more than 64 KiB, grown by replacements, can be popped empty from the front', (t) => {
  const arena = new Arena({ guard: true })
  const list = new List(arena, { ...defaultSettings(), listPackSize: -5 })
  for (let i = 0; i < 60; i++) pushAll(list, false, [`${i} `.padEnd(1000, 'x')])
  for (let i = 0; i < 60; i++) {
    list.expect(2000, 1)
    list.seek(i)
    list.set(bytes(`${i} `.padEnd(2000, 'y')), 0, 2000)
  }
  t.is(list.nodes, 1)
  for (let i = 0; i < 60; i++) {
    list.readEnd(true)
    t.is(value(list), `${i} `.padEnd(2000, 'y'))
    list.dropEnd(true)
    list.check()
  }
  t.is(arena.blocks, 0)
})

test('an element of nearly 64 KiB goes before another one in a listpack', (t) => {
  const list = new List(new Arena({ guard: true }), { ...defaultSettings(), listPackSize: -5 })
  const long = 'x'.repeat(65_525)
  pushAll(list, false, ['a'])
  pushAll(list, true, [long])
  list.check()
  t.is(list.form, listForms.listpack)
  t.deepEqual(all(list), [long, 'a'])
})
