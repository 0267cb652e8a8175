// Lua's basic functions, those that Redis leaves in its sandbox. pcall and xpcall are in protect.ts, load in
// compile.ts.
import { checkAny, checkInt, checkString, checkTable, optionalInteger } from './args.ts'
import { numberToString, parseNumber } from './number.ts'
import { metacall, metatableOf, setChecked } from './operators.ts'
import { argumentError, failFromLibrary, raise, raiseValue } from './sites.ts'
import { LuaTable, endOfTable } from './table.ts'
import { LuaUserdata, none, typeName } from './value.ts'
import type { LuaFunction, LuaResult, LuaValue } from './value.ts'

/** unpack gives fewer results than this, its arguments included. */
const stackMax = 8000

const addresses = new WeakMap<object, string>()
let objects = 0

/** What stands for an object's address: a number in the order in which they were asked for. */
function address(o: object): string {
  let text = addresses.get(o)
  if (text === undefined) {
    text = `0x55d0${(0x10000000 + 32 * ++objects).toString(16)}`
    addresses.set(o, text)
  }
  return text
}

/** tostring() */
export function toText(v: LuaValue): LuaValue {
  switch (typeof v) {
    case 'string': {
      const made = metacall(v, '__tostring')
      return made === undefined ? v : made.value
    }
    case 'number':
      return numberToString(v)
    case 'undefined':
      return 'nil'
    case 'boolean':
      return v ? 'true' : 'false'
    default: {
      if (v instanceof LuaUserdata) return v.text
      const made = metacall(v, '__tostring')
      return made === undefined ? `${typeName(v)}: ${address(v)}` : made.value
    }
  }
}

export function next(t: LuaValue, key: LuaValue): LuaResult {
  const table = checkTable(t, 1, arguments.length)
  const after = table.cursorAfter(key)
  if (after === endOfTable) throw failFromLibrary("invalid key to 'next'")
  const cursor = table.seek(after)
  return cursor === endOfTable ? undefined : [table.keyAt(cursor), table.valueAt(cursor)]
}

/** The iterator of ipairs(). */
export function nextIndex(t: LuaValue, i: LuaValue): LuaResult {
  const n = checkInt(i, 2, arguments.length) + 1
  const value = checkTable(t, 1, arguments.length).getIndex(n)
  return value === undefined ? none : [n, value]
}

function assert(...args: LuaValue[]): LuaResult {
  checkAny(1, args.length)
  const [v, message] = args
  if (v !== undefined && v !== false) return args
  if (message === undefined) throw raise('assertion failed!')
  throw raise(checkString(message, 2, args.length))
}

function error(v: LuaValue, level: LuaValue): LuaResult {
  throw raiseValue(v, optionalInteger(level, 2, arguments.length, 1))
}

function getmetatable(v: LuaValue): LuaResult {
  checkAny(1, arguments.length)
  const metatable = metatableOf(v)
  return metatable?.getString('__metatable') ?? metatable
}

function setmetatable(v: LuaValue, metatable: LuaValue): LuaResult {
  const table = checkTable(v, 1, arguments.length)
  if (arguments.length < 2 || (metatable !== undefined && !(metatable instanceof LuaTable))) {
    throw argumentError(2, 'nil or table expected')
  }
  if (table.metatable?.getString('__metatable') !== undefined) throw raise('cannot change a protected metatable')
  if (table.readonly) throw failFromLibrary('Attempt to modify a readonly table')
  table.metatable = metatable
  return table
}

function ipairs(t: LuaValue): LuaResult {
  return [nextIndex, checkTable(t, 1, arguments.length), 0]
}

function pairs(t: LuaValue): LuaResult {
  return [next, checkTable(t, 1, arguments.length), undefined]
}

function rawequal(a: LuaValue, b: LuaValue): LuaResult {
  checkAny(1, arguments.length)
  checkAny(2, arguments.length)
  return a === b
}

function rawget(t: LuaValue, key: LuaValue): LuaResult {
  const table = checkTable(t, 1, arguments.length)
  checkAny(2, arguments.length)
  return table.get(key)
}

function rawset(t: LuaValue, key: LuaValue, value: LuaValue): LuaResult {
  const table = checkTable(t, 1, arguments.length)
  checkAny(2, arguments.length)
  checkAny(3, arguments.length)
  if (table.readonly) throw failFromLibrary('Attempt to modify a readonly table')
  if (key === undefined) throw failFromLibrary('table index is nil')
  if (key !== key) throw failFromLibrary('table index is NaN')
  setChecked(table, key, value)
  return table
}

function select(which: LuaValue, ...values: LuaValue[]): LuaResult {
  if (typeof which === 'string' && which.startsWith('#')) return values.length
  const n = checkInt(which, 1, arguments.length)
  const from = n < 0 ? arguments.length + n : n
  if (from < 1) throw argumentError(1, 'index out of range')
  return values.slice(from - 1)
}

function tonumber(v: LuaValue, base: LuaValue): LuaResult {
  if (base === undefined) {
    checkAny(1, arguments.length)
    if (typeof v === 'number') return v
    return typeof v === 'string' ? parseNumber(v) : undefined
  }
  const radix = checkInt(base, 2, arguments.length)
  if (radix === 10) {
    checkAny(1, arguments.length)
    return typeof v === 'string' ? parseNumber(v) : typeof v === 'number' ? v : undefined
  }
  const text = checkString(v, 1, arguments.length)
  if (radix < 2 || radix > 36) throw argumentError(2, 'base out of range')
  return parseUnsigned(text, radix)
}

/** C's strtoul: 64 bits, a minus wraps around, what is too large is the largest. */
function parseUnsigned(text: string, radix: number): number | undefined {
  const match = /^[ \t\n\v\f\r]*([+-]?)(0[xX](?=[0-9a-fA-F]))?([0-9a-zA-Z]*)[ \t\n\v\f\r]*(?:\0|$)/.exec(text)
  if (match === null || match[3] === '' || (match[2] !== undefined && radix !== 16)) return undefined
  let value = 0n
  for (const c of match[3]!) {
    const digit = Number.parseInt(c, 36)
    if (digit >= radix) return undefined
    value = value * BigInt(radix) + BigInt(digit)
  }
  if (value >= 1n << 64n) return 2 ** 64
  return Number(match[1] === '-' ? BigInt.asUintN(64, -value) : value)
}

function tostring(v: LuaValue): LuaResult {
  checkAny(1, arguments.length)
  return toText(v)
}

function type(v: LuaValue): LuaResult {
  checkAny(1, arguments.length)
  return typeName(v)
}

function unpack(t: LuaValue, from: LuaValue, to: LuaValue): LuaResult {
  const table = checkTable(t, 1, arguments.length)
  const i = optionalInteger(from, 2, arguments.length, 1)
  const j = to === undefined ? table.length() : checkInt(to, 3, arguments.length)
  if (i > j) return none
  const count = j - i + 1
  if (count + arguments.length > stackMax) throw raise('too many results to unpack')
  if (i === 1 && count === table.array.length && count !== 1) return table.array.slice()
  return Array.from({ length: count }, (_, n) => table.getIndex(i + n))
}

const collectorOptions = new Map<string, LuaValue>([
  ['collect', 0], ['stop', 0], ['restart', 0], ['count', 0], ['step', false], ['setpause', 200], ['setstepmul', 200],
])

/** Memory is V8's affair: the options are accepted, and there are as many KiB in use as a new state of Lua has. */
function collectgarbage(option: LuaValue): LuaResult {
  const name = option === undefined ? 'collect' : checkString(option, 1, arguments.length)
  if (!collectorOptions.has(name)) throw argumentError(1, `invalid option '${name.replace(/\0.*/s, '')}'`)
  return name === 'count' ? stateKib : collectorOptions.get(name)
}

const stateKib = 40

export const baseFunctions: readonly [string, LuaFunction][] = [
  ['assert', assert], ['collectgarbage', collectgarbage], ['error', error], ['gcinfo', () => stateKib],
  ['getmetatable', getmetatable], ['ipairs', ipairs], ['next', next], ['pairs', pairs], ['rawequal', rawequal],
  ['rawget', rawget], ['rawset', rawset], ['select', select], ['setmetatable', setmetatable], ['tonumber', tonumber],
  ['tostring', tostring], ['type', type], ['unpack', unpack],
]

