// Values as JSON, the way lua-cjson writes them: `/` and DEL are escaped, other bytes stay as they are, numbers have 14
// digits, a table whose keys are positive integers is an array with `null` in its gaps, an empty one an object.

import type { JsonConfig } from './json-config.ts'
import { jsonNull } from './json-null.ts'
import { endOfTable, LuaTable } from './lua/table.ts'
import { typeName } from './lua/value.ts'
import type { LuaValue } from './lua/value.ts'
import { formatG } from './number-text.ts'

/** Why a value can't be encoded, without `Cannot serialise`. */
export class Unserialisable {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const exactBelow = 1e14

/** The JSON of a value. Raises Unserialisable. */
export function encodeJson(config: JsonConfig, value: LuaValue): string {
  return encode(config, value, 0)
}

function encode(config: JsonConfig, value: LuaValue, depth: number): string {
  switch (typeof value) {
    case 'string': return quote(value)
    case 'number': return encodeNumber(config, value)
    case 'boolean': return value ? 'true' : 'false'
    case 'undefined': return 'null'
  }
  if (value === jsonNull) return 'null'
  if (!(value instanceof LuaTable)) throw refused(value, 'type not supported')
  depth++
  if (depth > config.encodeDepthMax) throw new Unserialisable(`, excessive nesting (${depth})`)
  const items = arrayItems(config, value)
  if (items > 0) return encodeArray(config, value, items, depth)
  if (value.metatable !== undefined && value.metatable === config.arrayMetatable) return '[]'
  return encodeObject(config, value, depth)
}

function encodeArray(config: JsonConfig, table: LuaTable, items: number, depth: number): string {
  let text = '['
  for (let i = 1; i <= items; i++) {
    if (i > 1) text += ','
    text += encode(config, table.getIndex(i), depth)
  }
  return `${text}]`
}

function encodeObject(config: JsonConfig, table: LuaTable, depth: number): string {
  let text = '{'
  for (let at = table.seek(0); at !== endOfTable; at = table.seek(table.after(at))) {
    if (text.length > 1) text += ','
    const key = table.keyAt(at)
    if (typeof key === 'string') text += quote(key)
    else if (typeof key === 'number') text += `"${encodeNumber(config, key)}"`
    else throw refused(key, 'table key must be a number or string')
    text += `:${encode(config, table.valueAt(at), depth)}`
  }
  return `${text}}`
}

/** Length of a table that is an array, the greatest of its keys; 0 for an empty table, -1 for an object. */
function arrayItems(config: JsonConfig, table: LuaTable): number {
  if (table.keys.length === 0 && !table.holes) return table.array.length
  let most = 0
  let items = 0
  for (let at = table.seek(0); at !== endOfTable; at = table.seek(table.after(at))) {
    const key = table.keyAt(at)
    if (typeof key !== 'number' || key < 1 || Math.floor(key) !== key) return -1
    if (key > most) most = key
    items++
  }
  if (config.sparseRatio > 0 && most > items * config.sparseRatio && most > config.sparseSafe) {
    if (!config.sparseConvert) throw refused(table, 'excessively sparse array')
    return -1
  }
  return most
}

function encodeNumber(config: JsonConfig, n: number): string {
  if (Number.isInteger(n) && n < exactBelow && n > -exactBelow && config.precision === 14) {
    return n === 0 && Object.is(n, -0) ? '-0' : String(n)
  }
  if (!Number.isFinite(n)) {
    if (config.encodeInvalid === 'off') throw refused(n, 'must not be NaN or Inf')
    if (config.encodeInvalid === 'null') return 'null'
    if (n !== n) return 'nan'
  }
  return formatG(n, config.precision)
}

function refused(value: LuaValue, reason: string): Unserialisable {
  return new Unserialisable(` ${typeName(value)}: ${reason}`)
}

// eslint-disable-next-line no-control-regex
const special = /["\\/\u0000-\u001f\u007f]/
// eslint-disable-next-line no-control-regex
const specials = /["\\/\u0000-\u001f\u007f]/g

const escapes = new Map([
  ['"', '\\"'], ['\\', '\\\\'], ['/', '\\/'], ['\b', '\\b'], ['\t', '\\t'], ['\n', '\\n'], ['\f', '\\f'],
  ['\r', '\\r'],
])

function quote(text: string): string {
  return special.test(text) ? `"${text.replaceAll(specials, escapeOf)}"` : `"${text}"`
}

function escapeOf(char: string): string {
  return escapes.get(char) ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}
