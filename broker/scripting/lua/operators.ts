// Lua's operators where JavaScript's own don't do: tables, metatables, coercions, and the errors.
import { callBack, callable, handled } from './call.ts'
import { numberToString, parseNumber } from './number.ts'
import { operationError, raise } from './sites.ts'
import { LuaTable } from './table.ts'
import { typeName } from './value.ts'
import type { LuaValue } from './value.ts'

/** The longest chain of __index or __newindex. */
const chainMax = 100

/** What all strings share. The state that runs sets it. */
export const shared: { stringMetatable: LuaTable | undefined } = { stringMetatable: undefined }

export function metatableOf(v: LuaValue): LuaTable | undefined {
  if (v instanceof LuaTable) return v.metatable
  return typeof v === 'string' ? shared.stringMetatable : undefined
}

function handlerOf(v: LuaValue, event: string): LuaValue {
  return metatableOf(v)?.getString(event)
}

/** object[key] */
export function index(object: LuaValue, key: LuaValue): LuaValue {
  if (object instanceof LuaTable) {
    const value = object.get(key)
    if (value !== undefined || object.metatable === undefined) return value
  }
  return indexByMetatable(object, key)
}

/**
 * object.key, where the key is written in the source. Tables that inherit from tables are followed without a further
 * call.
 */
export function field(object: LuaValue, key: string): LuaValue {
  let at = object
  for (let i = 0; i < chainMax && at instanceof LuaTable; i++) {
    const value = at.getString(key)
    if (value !== undefined || at.metatable === undefined) return value
    const handler = at.metatable.getString('__index')
    if (handler === undefined) return undefined
    if (!(handler instanceof LuaTable)) break
    at = handler
  }
  return indexByMetatable(at, key)
}

function indexByMetatable(object: LuaValue, key: LuaValue): LuaValue {
  let at = object
  for (let i = 0; i < chainMax; i++) {
    if (at instanceof LuaTable) {
      const value = at.get(key)
      if (value !== undefined || at.metatable === undefined) return value
    }
    const handler = handlerOf(at, '__index')
    if (handler === undefined) {
      if (at instanceof LuaTable) return undefined
      throw operationError('index', at, i === 0 ? 0 : -1)
    }
    if (typeof handler === 'function') return handled(handler, at, key)
    at = handler
  }
  throw raise('loop in gettable')
}

/** object[key] = value */
export function setIndex(object: LuaValue, key: LuaValue, value: LuaValue): void {
  if (object instanceof LuaTable && object.metatable === undefined && !object.readonly) {
    if (typeof key === 'string') object.setString(key, value)
    else if (typeof key === 'number' && key === key) object.setIndex(key, value)
    else setChecked(object, key, value)
    return
  }
  setByMetatable(object, key, value)
}

function setByMetatable(object: LuaValue, key: LuaValue, value: LuaValue): void {
  let at = object
  for (let i = 0; i < chainMax; i++) {
    let handler: LuaValue
    if (at instanceof LuaTable) {
      if (at.readonly) throw raise('Attempt to modify a readonly table')
      handler = at.metatable?.getString('__newindex')
      if (handler === undefined || at.get(key) !== undefined) {
        setChecked(at, key, value)
        return
      }
    } else {
      handler = handlerOf(at, '__newindex')
      if (handler === undefined) throw operationError('index', at, i === 0 ? 0 : -1)
    }
    if (typeof handler === 'function') {
      const f = handler as unknown as (...args: LuaValue[]) => undefined
      handled(() => f(at, key, value), at, key)
      return
    }
    at = handler
  }
  throw raise('loop in settable')
}

/** object.key = value, where the key is written in the source. */
export function setField(object: LuaValue, key: string, value: LuaValue): void {
  if (object instanceof LuaTable && object.metatable === undefined && !object.readonly) object.setString(key, value)
  else setByMetatable(object, key, value)
}

/** A raw write that refuses the keys that no table has. */
export function setChecked(table: LuaTable, key: LuaValue, value: LuaValue): void {
  if (key === undefined) throw raise('table index is nil')
  if (key !== key) throw raise('table index is NaN')
  table.set(key, value)
}

/** The number that a value is for arithmetic: numbers, and strings that are one. */
export function toNumber(v: LuaValue): number | undefined {
  if (typeof v === 'number') return v
  return typeof v === 'string' ? parseNumber(v) : undefined
}

const functions: Record<string, (a: number, b: number) => number> = {
  __add: (a, b) => a + b,
  __sub: (a, b) => a - b,
  __mul: (a, b) => a * b,
  __div: (a, b) => a / b,
  __mod: (a, b) => a - Math.floor(a / b) * b,
  __pow: power,
  __unm: (a) => -a,
}

/** a ^ b as C's pow has it: JavaScript differs where a is 1 or -1. */
export function power(a: number, b: number): number {
  if (a === 1 || (a === -1 && (b === Infinity || b === -Infinity))) return 1
  return a ** b
}

/** Arithmetic where an operand is no number. */
export function arithmetic(event: string, a: LuaValue, b: LuaValue): LuaValue {
  const x = toNumber(a)
  const y = toNumber(b)
  if (x !== undefined && y !== undefined) return functions[event]!(x, y)
  const handler = handlerOf(a, event) ?? handlerOf(b, event)
  if (handler !== undefined) return handled(typeof handler === 'function' ? handler : callable(handler, -1), a, b)
  if (x === undefined) throw operationError('perform arithmetic on', a, 0)
  throw operationError('perform arithmetic on', b, 1)
}

/** a == b where neither is the other. */
export function equal(a: LuaValue, b: LuaValue): boolean {
  if (a === b) return true
  if (!(a instanceof LuaTable) || !(b instanceof LuaTable)) return false
  const handler = commonHandler(a, b, '__eq')
  return handler !== undefined && isTrue(call(handler, a, b))
}

function commonHandler(a: LuaValue, b: LuaValue, event: string): LuaValue {
  const left = handlerOf(a, event)
  if (left === undefined) return undefined
  return left === handlerOf(b, event) ? left : undefined
}

function call(handler: LuaValue, a: LuaValue, b: LuaValue): LuaValue {
  return handled(typeof handler === 'function' ? handler : callable(handler, -1), a, b)
}

function isTrue(v: LuaValue): boolean {
  return v !== undefined && v !== false
}

/** a < b; `swapped` where the source has b > a. */
export function less(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b
  if (typeof a === 'string' && typeof b === 'string') return a < b
  const handler = typeName(a) === typeName(b) ? commonHandler(a, b, '__lt') : undefined
  if (handler !== undefined) return isTrue(call(handler, a, b))
  throw orderError(a, b)
}

/** `less` for libraries: its errors have no position. Its name is known to sites.ts. */
export function lessFromLibrary(a: LuaValue, b: LuaValue): boolean {
  return less(a, b)
}

/** a <= b */
export function lessOrEqual(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a <= b
  if (typeof a === 'string' && typeof b === 'string') return a <= b
  if (typeName(a) !== typeName(b)) throw orderError(a, b)
  const handler = commonHandler(a, b, '__le')
  if (handler !== undefined) return isTrue(call(handler, a, b))
  const opposite = commonHandler(b, a, '__lt')
  if (opposite !== undefined) return !isTrue(call(opposite, b, a))
  throw orderError(a, b)
}

function orderError(a: LuaValue, b: LuaValue): Error | ReturnType<typeof raise> {
  const left = typeName(a)
  const right = typeName(b)
  return raise(left === right ? `attempt to compare two ${left} values` : `attempt to compare ${left} with ${right}`)
}

/** a .. b */
export function concat(a: LuaValue, b: LuaValue): LuaValue {
  if (typeof a === 'string' && typeof b === 'string') return a + b
  const left = typeof a === 'number' ? numberToString(a) : a
  const right = typeof b === 'number' ? numberToString(b) : b
  if (typeof left === 'string' && typeof right === 'string') return left + right
  const handler = handlerOf(a, '__concat') ?? handlerOf(b, '__concat')
  if (handler !== undefined) return call(handler, a, b)
  if (typeof left === 'string') throw operationError('concatenate', b, 1)
  throw operationError('concatenate', a, 0)
}

/** #v */
export function lengthOf(v: LuaValue): LuaValue {
  if (typeof v === 'string') return v.length
  if (v instanceof LuaTable) return v.length()
  throw operationError('get length of', v, 0)
}

/** The start, limit or step of a numeric loop. */
export function loopNumber(v: LuaValue, what: string): number {
  const n = toNumber(v)
  if (n === undefined) throw raise(`'for' ${what} must be a number`)
  return n
}

/** What a metatable's function gives for one value, asked by a library. */
export function metacall(v: LuaValue, event: string): { value: LuaValue } | undefined {
  const handler = handlerOf(v, event)
  return handler === undefined ? undefined : { value: callBack(handler, [v])[0] }
}
