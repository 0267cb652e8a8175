// cjson's two directions against JSON.parse, JSON.stringify, and each other.
import fc from 'fast-check'
import test from 'ava'
import { jsonDefaults } from '../../../broker/scripting/json-config.ts'
import { decodeJson, NotJson } from '../../../broker/scripting/json-decode.ts'
import { encodeJson } from '../../../broker/scripting/json-encode.ts'
import type { Unserialisable } from '../../../broker/scripting/json-encode.ts'
import { jsonNull } from '../../../broker/scripting/json-null.ts'
import { LuaTable } from '../../../broker/scripting/lua/table.ts'
import type { LuaValue } from '../../../broker/scripting/lua/value.ts'
import { scale } from '../../scale.ts'

type Plain = null | boolean | number | string | Plain[] | { [name: string]: Plain }

const latin1 = (text: string): string => Buffer.from(text).toString('latin1')

/** A value of JavaScript as Lua would hold it; strings become UTF-8, one character a byte. */
function toLua(value: Plain): LuaValue {
  if (value === null) return jsonNull
  if (typeof value === 'string') return latin1(value)
  if (typeof value !== 'object') return value
  const table = new LuaTable()
  if (Array.isArray(value)) value.forEach((item, i) => table.setIndex(i + 1, toLua(item)))
  else for (const [name, item] of Object.entries(value)) table.setString(latin1(name), toLua(item))
  return table
}

function tableOf(...keys: number[]): LuaTable {
  const made = new LuaTable()
  for (const key of keys) made.setIndex(key, key)
  return made
}

const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

// Lua can't tell an empty object from an empty array, and numbers keep 14 digits.
const plain = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' }, fc.constant(null), fc.boolean(), fc.string({ unit: 'binary' }),
    fc.integer(), fc.integer({ min: -9999, max: 9999 }).map((n) => n / 16),
    fc.array(tie('value'), { minLength: 1, maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { minKeys: 1, maxKeys: 5 }),
  ),
})).value

const runs = { numRuns: scale.full ? 20_000 : 2000, seed: scale.seed }

test('what was encoded is what JSON.parse reads', (t) => {
  t.notThrows(() => fc.assert(fc.property(plain, (value) => {
    const text = Buffer.from(encodeJson(jsonDefaults, toLua(value)), 'latin1').toString()
    t.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
  }), runs))
})

test('what JSON.stringify wrote, in whatever layout, is decoded', (t) => {
  const layouts = fc.constantFrom(undefined, 1, '\t')
  t.notThrows(() => fc.assert(fc.property(plain, layouts, (value, space) => {
    const decoded = decodeJson(jsonDefaults, latin1(JSON.stringify(value, null, space)))
    t.is(encodeJson(jsonDefaults, decoded), encodeJson(jsonDefaults, toLua(value)))
  }), runs))
})

test('escapes of any character mean the character', (t) => {
  t.notThrows(() => fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 8 }), (text) => {
    const escaped = Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`)
    t.is(decodeJson(jsonDefaults, `"${escaped.join('')}"`), latin1(text))
  }), runs))
})

test('a text that was cut is no JSON, and the error says where it ends', (t) => {
  const text = '{"a":[1,{"b":"c"}],"d":null}'
  for (let size = 0; size < text.length; size++) {
    const error = t.throws(() => decodeJson(jsonDefaults, text.slice(0, size)), { any: true }) as unknown
    t.true(error instanceof NotJson)
    const { text: message } = error as NotJson
    t.regex(message, /^Expected .* but found (T_END|unexpected end of string|invalid token) at character \d+$/)
  }
})

test('sparse arrays: gaps are null up to a bound, then an error, or an object when that is asked for', (t) => {
  t.is(encodeJson(jsonDefaults, tableOf(1, 3)), '[1,null,3]')
  t.is(encodeJson(jsonDefaults, tableOf(10)), '[null,null,null,null,null,null,null,null,null,10]')
  const error = t.throws(() => encodeJson(jsonDefaults, tableOf(11)), { any: true }) as unknown
  t.is((error as Unserialisable).text, ' table: excessively sparse array')
  t.is(encodeJson({ ...jsonDefaults, sparseConvert: true }, tableOf(11)), '{"11":11}')
  t.is(encodeJson({ ...jsonDefaults, sparseRatio: 0 }, tableOf(11)).length, '[null,'.length + 9 * 5 + '11]'.length)
  t.is(encodeJson(jsonDefaults, tableOf(-1)), '{"-1":-1}')
  t.is(encodeJson(jsonDefaults, tableOf()), '{}')
})

test('nesting is bounded both ways', (t) => {
  const thousand = decodeJson(jsonDefaults, nest(1000))
  t.is(encodeJson(jsonDefaults, thousand), `${'['.repeat(999)}{}${']'.repeat(999)}`)
  const deep = t.throws(() => decodeJson(jsonDefaults, nest(1001)), { any: true }) as unknown
  t.is((deep as NotJson).text, 'Found too many nested data structures (1001) at character 1001')
  const outer = new LuaTable()
  outer.setIndex(1, thousand)
  const error = t.throws(() => encodeJson(jsonDefaults, outer), { any: true }) as unknown
  t.is((error as Unserialisable).text, ', excessive nesting (1001)')
})

test('a decoded array keeps its nature when that is asked for', (t) => {
  const config = { ...jsonDefaults, arrayMetatable: new LuaTable() }
  t.is(encodeJson(config, decodeJson(config, '{"a":[],"b":{}}')), '{"a":[],"b":{}}')
  t.is(encodeJson(jsonDefaults, decodeJson(jsonDefaults, '[[]]')), '[{}]')
})
