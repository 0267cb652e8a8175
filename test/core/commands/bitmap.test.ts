// The bitmap commands against a naive model, and the corners that redis-server has.
import fc from 'fast-check'
import test from 'ava'
import { stateDigest } from '../../../core/digest.ts'
import {
  applyField, bitsOf, bytesOf, clip, operate, operations, padded, type Field, type Overflow,
} from './bitmap-model.ts'
import { array, bulk, driver, fold, int, nil, ok, type Driver, type Word } from './driver.ts'

const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'
const notInteger = '-ERR value is not an integer or out of range\r\n'
const syntax = '-ERR syntax error\r\n'
const badOffset = '-ERR bit offset is not an integer or out of range\r\n'
const badBit = '-ERR bit is not an integer or out of range\r\n'

/** Sizes around those of words, of blocks of words and of blocks of BITOP. */
const size = fc.oneof(fc.nat(70), fc.constantFrom(255, 256, 1000, 16383, 16384, 16385, 40_001))
const bytes = fc.tuple(size, fc.constantFrom('random', 'zeros', 'ones'), fc.integer()).map(([length, kind, seed]) => {
  if (kind === 'zeros') return Buffer.alloc(length)
  if (kind === 'ones') return Buffer.alloc(length, 0xff)
  let state = seed
  return Buffer.from(Array.from({ length }, () => {
    state = Math.imul(state, 1664525) + 1013904223
    return state >>> 24
  }))
})
/** Keys of all lengths modulo eight, since a value follows its key in memory. */
const key = fc.nat(9).map((n) => `k${'x'.repeat(n)}`)

function valueOf(d: Driver, name: string): Buffer {
  const reply = Buffer.from(d.run('GET', name), 'latin1')
  return reply.subarray(reply.indexOf('\n') + 1, -2)
}

test('SETBIT and GETBIT do what an array of bits does', (t) => {
  const step = fc.tuple(fc.oneof(fc.nat(100), fc.nat(2000)), fc.nat(1))
  fc.assert(fc.property(key, fc.array(step, { maxLength: 60 }), (name, steps) => {
    const d = driver()
    let bits = ''
    const found: unknown[] = []
    const wanted: unknown[] = []
    for (const [offset, on] of steps) {
      const held = int(bits[offset] === '1' ? 1 : 0)
      const logged = d.effects.length
      const before = bits
      bits = padded(bits, offset + 1)
      bits = bits.slice(0, offset) + String(on) + bits.slice(offset + 1)
      found.push(d.run('GETBIT', name, offset), d.run('SETBIT', name, offset, on), d.effects.length - logged)
      wanted.push(held, held, bits === before ? 0 : 1)
    }
    t.deepEqual(found, wanted)
    t.is(bitsOf(valueOf(d, name)), steps.length === 0 ? bitsOf(Buffer.from('')) : bits)
    t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
  }), { numRuns: 40 })
})

test('BITCOUNT and BITPOS find what a walk over the bits finds', (t) => {
  const end = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -320_100, max: 320_100 }))
  const unit = fc.constantFrom('BYTE', 'BIT', '')
  // Now and then one odd bit in a row of equal ones, far from the ends.
  const odd = fc.tuple(bytes, fc.nat()).map(([value, at]) => {
    if (value.length > 0) value[at % value.length] = value[at % value.length]! ^ (1 << at % 8)
    return value
  })
  fc.assert(fc.property(key, fc.oneof(bytes, odd), end, end, unit, (name, value, first, last, in_) => {
    const d = driver()
    d.run('SET', name, value)
    const bits = bitsOf(value)
    const words: Word[] = in_ === '' ? [first, last] : [first, last, in_]
    const clipped = clip(first, last, in_ === 'BIT' ? bits.length : value.length)
    const [from, to] = clipped === undefined ? [0, -1] : in_ === 'BIT' ? clipped : [clipped[0] * 8, clipped[1] * 8 + 7]
    const part = bits.slice(from, to + 1)
    const reversed = first < 0 && last < 0 && first > last
    t.is(d.run('BITCOUNT', name, ...words), int(reversed ? 0 : part.replaceAll('0', '').length))
    t.is(d.run('BITCOUNT', name), int(bits.replaceAll('0', '').length))
    for (const bit of ['0', '1']) {
      const found = part.indexOf(bit)
      t.is(d.run('BITPOS', name, bit, ...words), int(found < 0 ? -1 : from + found))
      const open = clip(first, value.length - 1, value.length)
      const behind = open === undefined ? -1 : bits.indexOf(bit, open[0] * 8)
      const none = bit === '0' && open !== undefined ? bits.length : -1
      t.is(d.run('BITPOS', name, bit, first), int(behind < 0 ? none : behind))
    }
  }), { numRuns: 120 })
})

test('BITOP computes each bit from those of its sources, which may be its target', (t) => {
  const operation = fc.constantFrom(...Object.keys(operations))
  const names = ['a', 'bb', 'ccccc', 'dddddddd']
  const sources = fc.array(fc.constantFrom(...names, 'absent'), { minLength: 1, maxLength: 5 })
  const values = fc.tuple(bytes, bytes, bytes, bytes)
  fc.assert(fc.property(operation, sources, values, fc.constantFrom(...names, 'target'), (op, from, held, target) => {
    const d = driver()
    const state = new Map<string, Buffer>(names.map((name, i) => [name, held[i]!]))
    for (const [name, value] of state) d.run('SET', name, value, 'EX', 1000)
    const used = op === 'NOT' ? from.slice(0, 1) : from.length === 1 ? [...from, 'a'] : from
    const reply = d.run('BITOP', op.toLowerCase(), target, ...used)
    const expected = bytesOf(operate(op, used.map((name) => bitsOf(state.get(name) ?? Buffer.alloc(0)))))
    t.is(reply, int(expected.length))
    t.is(d.run('EXISTS', target), int(expected.length > 0 ? 1 : 0))
    if (expected.length > 0) {
      t.true(valueOf(d, target).equals(expected))
      t.is(d.run('TTL', target), int(-1))
    }
    for (const [name, value] of state) if (name !== target) t.true(valueOf(d, name).equals(value))
    t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
    t.notThrows(() => d.engine.arena.check())
  }), { numRuns: 100 })
})

const bigOperand = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const operand = fc.oneof(bigOperand, fc.bigInt({ min: -300n, max: 300n }), fc.constantFrom(
  -(2n ** 63n), 2n ** 63n - 1n, 2n ** 52n - 1n, -(2n ** 52n), 2n ** 52n - 100n, 10n ** 15n - 1n, 1n - 10n ** 15n, 2n ** 53n,
))
const fields = fc.record({
  kind: fc.constantFrom<Field['kind']>('GET', 'SET', 'INCRBY'), signed: fc.boolean(),
  width: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.constantFrom(24, 25, 32, 33, 51, 52, 53, 53, 54, 63, 64)),
  offset: fc.oneof(fc.constant(3), fc.nat(40), fc.nat(300)), operand, overflow: fc.constantFrom<Overflow>('WRAP', 'SAT', 'FAIL'),
}).map((field) => ({ ...field, width: field.signed ? field.width : Math.min(63, field.width) }))

test('BITFIELD reads, sets and increments integers exactly, at any place and width', (t) => {
  const calls = fc.array(fc.array(fields, { maxLength: 6 }), { maxLength: 12 })
  fc.assert(fc.property(key, fc.uint8Array({ maxLength: 30 }), calls, (name, initial, all) => {
    const d = driver()
    let bits = bitsOf(Buffer.from(initial))
    let exists = initial.length > 0
    if (exists) d.run('SET', name, Buffer.from(initial))
    for (const call of all) {
      const words: Word[] = []
      const replies: string[] = []
      const writes = call.filter((field) => field.kind !== 'GET')
      if (writes.length > 0) exists = true
      bits = padded(bits, Math.max(0, ...writes.map((field) => field.offset + field.width)))
      for (const field of call) {
        const type = `${field.signed ? 'i' : 'u'}${field.width}`
        if (field.kind === 'GET') words.push('GET', type, field.offset)
        else words.push('OVERFLOW', field.overflow, field.kind, type, field.offset, field.operand.toString())
        const [after, reply] = applyField(bits, field)
        bits = after
        replies.push(reply === undefined ? nil : int(reply))
      }
      const logged = d.effects.length
      if (writes.length === 0) t.is(d.run('BITFIELD_RO', name, ...words), array(...replies))
      t.is(d.run('BITFIELD', name, ...words), array(...replies))
      if (writes.length === 0) t.is(d.effects.length, logged)
    }
    t.is(d.run('EXISTS', name), int(exists ? 1 : 0))
    if (exists) t.is(bitsOf(valueOf(d, name)), bits)
    t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
  }), { numRuns: 100 })
})

test('#n is the place of the n-th integer of that width', (t) => {
  const { run } = driver()
  t.is(run('BITFIELD', 'k', 'SET', 'u8', '#2', 200, 'SET', 'i5', '#1', -3), array(int(0), int(0)))
  t.is(run('BITFIELD', 'k', 'GET', 'u8', 16, 'GET', 'i5', 5, 'GET', 'u8', '#2'), array(int(200), int(-3), int(200)))
  t.is(run('BITFIELD', 'k', 'GET', 'u8', '#-1'), badOffset)
  t.is(run('BITFIELD', 'k', 'GET', 'u8', '#536870912'), badOffset)
  t.is(run('SETBIT', 'k', '#1', 1), badOffset)
})

test('errors come in Redis\'s words and order, and change nothing', (t) => {
  const d = driver()
  d.run('XADD', 'stream', '1-1', 'f', 'v')
  d.run('SET', 's', 'abc')
  const digest = stateDigest(d.engine)
  const logged = d.effects.length
  const cases: [Word[], string][] = [
    [['SETBIT', 'stream', 'x', 'x'], badOffset], [['SETBIT', 'stream', 1, 2], badBit], [['SETBIT', 's', 1, 'x'], badBit],
    [['SETBIT', 'stream', 1, 1], wrongType], [['SETBIT', 's', 4294967296, 1], badOffset], [['SETBIT', 's', -1, 1], badOffset],
    [['GETBIT', 'stream', 'x'], badOffset], [['GETBIT', 'stream', 1], wrongType],
    [['BITCOUNT', 's', 0], syntax], [['BITCOUNT', 'stream', 0, 'x'], notInteger], [['BITCOUNT', 's', 0, 1, 'WORD'], syntax],
    [['BITCOUNT', 'stream', 0, 1], wrongType], [['BITCOUNT', 'stream'], wrongType], [['BITCOUNT', 'absent', 'x', 1], notInteger],
    [['BITPOS', 's', 2], '-ERR The bit argument must be 1 or 0.\r\n'], [['BITPOS', 'stream', 'x'], notInteger],
    [['BITPOS', 's', 1, 0, 'x', 'WORD'], syntax], [['BITPOS', 's', 1, 0, 'x', 'BIT'], notInteger],
    [['BITPOS', 'stream', 1], wrongType], [['BITPOS', 's', 1, 0, 1, 'BIT', 'x'], syntax],
    [['BITOP', 'NAND', 's', 's', 's'], syntax], [['BITOP', 'OR', 's', 's', 'stream'], wrongType],
    [['BITOP', 'NOT', 's', 's', 's'], '-ERR BITOP NOT must be called with a single source key.\r\n'],
    [['BITOP', 'andor', 's', 'stream'], '-ERR BITOP ANDOR must be called with at least two source keys.\r\n'],
    [['BITFIELD', 's', 'GET', 'u8'], syntax], [['BITFIELD', 'stream', 'OVERFLOW', 'NO'], '-ERR Invalid OVERFLOW type specified\r\n'],
    [['BITFIELD', 's', 'SET', 'u8', 0, 1, 'SET', 'u8', 'x', 1], badOffset], [['BITFIELD', 'stream'], wrongType],
    [['BITFIELD', 's', 'SET', 'u8', 0, 1, 'SET', 'u8', 0, 'x'], notInteger], [['BITFIELD', 'stream', 'SET', 'u8', 0, 1], wrongType],
    [['BITFIELD_RO', 'stream', 'SET', 'u8', 0, 1], '-ERR BITFIELD_RO only supports the GET subcommand\r\n'],
    ...['i65', 'u64', 'u0', 'x8', '', 'i', 'U8', 'u08'].map((type): [Word[], string] => [['BITFIELD', 's', 'GET', type, 0],
      '-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n']),
  ]
  for (const [words, error] of cases) t.is(d.run(...words), error, words.join(' '))
  t.is(stateDigest(d.engine), digest)
  t.is(d.effects.length, logged)
  for (const name of ['absent', 's']) t.is(d.run('BITFIELD', name), array())
})

test('an absent key is an endless row of zeros, an empty string none', (t) => {
  const { run } = driver()
  t.is(run('BITPOS', 'absent', 0), int(0))
  t.is(run('BITPOS', 'absent', 1), int(-1))
  t.is(run('BITPOS', 'absent', 0, 5, 9), int(0))
  t.is(run('BITCOUNT', 'absent', 0, -1, 'BIT'), int(0))
  t.is(run('SET', 'empty', ''), ok)
  t.is(run('BITPOS', 'empty', 0), int(-1))
  t.is(run('GET', 'absent'), nil)
})

test('what sets bits makes a raw string, and tells it as setbit', (t) => {
  const d = driver()
  const events: string[] = []
  d.engine.onEvent = (kind, event, _db, buf, from, to) => {
    events.push(`${kind} ${event} ${Buffer.from(buf.subarray(from, to)).toString()}`)
  }
  d.run('SET', 'n', 12)
  d.run('SETBIT', 'n', 0, 0)
  t.is(d.run('OBJECT', 'ENCODING', 'n'), bulk('raw'))
  d.run('SETBIT', 'n', 0, 1)
  d.run('BITFIELD', 'f', 'SET', 'u8', 0, 255)
  d.run('BITOP', 'AND', 'd', 'n', 'f')
  d.run('BITOP', 'AND', 'd', 'none', 'none')
  d.run('BITOP', 'AND', 'd', 'none', 'none')
  t.deepEqual(events.filter((event) => !/ (new|keymiss) /.test(event)), [
    '$ set n', '$ setbit n', '$ setbit f', '$ set d', 'g del d',
  ])
  t.is(d.run('OBJECT', 'ENCODING', 'f'), bulk('raw'))
})

test('a write that fails has lengthened the string, in the log too', (t) => {
  const d = driver()
  t.is(d.run('BITFIELD', 'k', 'OVERFLOW', 'FAIL', 'SET', 'u8', 8, 256), array(nil))
  t.is(d.run('STRLEN', 'k'), int(2))
  t.is(stateDigest(fold(d.effects)), stateDigest(d.engine))
})

test('what was logged under a larger proto-max-bulk-len still folds', (t) => {
  const d = driver()
  d.engine.settings.stringBytesMax = 2 ** 30
  d.run('SET', 'k', 'x')
  d.engine.settings.stringBytesMax = 1 << 20
  t.is(d.run('SETBIT', 'k', 2 ** 23, 1), badOffset)
  d.engine.replaying = true
  t.is(d.run('SETBIT', 'k', 2 ** 23, 1), int(0))
})
