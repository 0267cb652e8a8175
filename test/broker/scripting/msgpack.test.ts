// cmsgpack: what is packed is unpacked again, in the shortest form of the format.
import fc from 'fast-check'
import test from 'ava'
import { ByteWriter } from '../../../broker/scripting/byte-writer.ts'
import { LuaTable } from '../../../broker/scripting/lua/table.ts'
import type { LuaValue } from '../../../broker/scripting/lua/value.ts'
import { MsgpackReader } from '../../../broker/scripting/msgpack-decode.ts'
import type { BadMsgpack } from '../../../broker/scripting/msgpack-decode.ts'
import { encodeMsgpack } from '../../../broker/scripting/msgpack-encode.ts'
import { scale } from '../../scale.ts'

type Plain = boolean | number | string | Plain[] | Map<string, Plain>

function pack(value: LuaValue): string {
  const writer = new ByteWriter()
  encodeMsgpack(writer, value, 0)
  return writer.take()
}

function unpack(text: string): LuaValue {
  const reader = new MsgpackReader(text, 0)
  const value = reader.value()
  if (reader.at !== text.length) throw new Error(`${text.length - reader.at} bytes are left`)
  return value
}

function toLua(value: Plain): LuaValue {
  if (typeof value !== 'object') return value
  const table = new LuaTable()
  if (Array.isArray(value)) value.forEach((item, i) => table.setIndex(i + 1, toLua(item)))
  else for (const [name, item] of value) table.setString(name, toLua(item))
  return table
}

/** Without the order of keys, which is the tables' own affair. */
function fromLua(value: LuaValue): unknown {
  if (!(value instanceof LuaTable)) return value
  if (value.keys.length === 0) return value.array.map(fromLua)
  return sorted(value.keys.map((key, i) => [String(key), fromLua(value.values[i])]))
}

function canonical(value: Plain): unknown {
  if (typeof value !== 'object') return value
  return Array.isArray(value) ? value.map(canonical) : sorted([...value].map(([name, item]) => [name, canonical(item)]))
}

function sorted(pairs: [string, unknown][]): unknown {
  return { pairs: pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)) }
}

const hex = (n: number): string => Buffer.from(pack(n), 'latin1').toString('hex')

function tableOf(...keys: LuaValue[]): LuaTable {
  const made = new LuaTable()
  for (const key of keys) made.set(key, true)
  return made
}

const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)), maxLength: 300 })
const integer = fc.oneof(fc.integer({ min: -200, max: 70_000 }), fc.maxSafeInteger(), fc.constantFrom(2 ** 62, -(2 ** 63)))
const plain = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' }, fc.boolean(), bytes, integer,
    fc.oneof(fc.double({ noNaN: true }), fc.float({ noNaN: true })).map((n) => (n === 0 ? 0 : n)),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(bytes, tie('value'), { minKeys: 1, maxKeys: 20 }).map((o) => new Map(Object.entries(o))),
  ),
})).value

test('what was packed is unpacked', (t) => {
  t.notThrows(() => fc.assert(fc.property(plain, (value) => {
    t.deepEqual(fromLua(unpack(pack(toLua(value)))), canonical(value))
  }), { numRuns: scale.full ? 10_000 : 1000, seed: scale.seed }))
})

test('numbers take the shortest form', (t) => {
  const forms: [number, string][] = [
    [0, '00'], [127, '7f'], [128, 'cc80'], [255, 'ccff'], [256, 'cd0100'], [65536, 'ce00010000'],
    [2 ** 32, 'cf0000000100000000'], [-1, 'ff'], [-32, 'e0'], [-33, 'd0df'], [-129, 'd1ff7f'], [-32769, 'd2ffff7fff'],
    [-2147483649, 'd3ffffffff7fffffff'], [-(2 ** 63), 'd38000000000000000'], [2 ** 63, 'ca5f000000'], [1.5, 'ca3fc00000'],
    [0.1, 'cb3fb999999999999a'], [1e300, 'cb7e37e43c8800759c'], [Infinity, 'ca7f800000'], [NaN, 'cbfff8000000000000'],
    [-0, '00'],
  ]
  for (const [n, form] of forms) t.is(hex(n), form, String(n))
})

test('a table is an array when its keys are 1 to n, else a map; the seventeenth level is nil', (t) => {
  t.is(pack(tableOf()), '\x90')
  t.is(pack(tableOf(1, 2)), '\x92\xc3\xc3')
  t.is(pack(tableOf(2, 1)), '\x92\xc3\xc3')
  t.is(pack(tableOf(2)), '\x81\x02\xc3')
  t.is(pack(tableOf(1.5)), '\x81\xca\x3f\xc0\0\0\xc3')
  t.is(pack(tableOf('a')), '\x81\xa1a\xc3')
  let nested = tableOf(1)
  for (let i = 0; i < 20; i++) {
    const outer = new LuaTable()
    outer.setIndex(1, nested)
    nested = outer
  }
  t.is(pack(nested), `${'\x91'.repeat(16)}\xc0`)
})

test('bytes that are cut or of an unknown kind are refused', (t) => {
  const whole = pack(toLua(['text', 1.5, [70_000, new Map([['key', 'v'.repeat(40)]])]]))
  for (let size = 0; size < whole.length; size++) {
    const error = t.throws(() => unpack(whole.slice(0, size)), { any: true }) as unknown
    t.is((error as BadMsgpack).text, 'Missing bytes in input.')
  }
  for (const lead of ['\xc1', '\xc4', '\xc7', '\xd4']) {
    const error = t.throws(() => unpack(`${lead}\x01\x01\x01`), { any: true }) as unknown
    t.is((error as BadMsgpack).text, 'Bad data format in input.')
  }
})
