// What libraries expect of their arguments, and the errors of Lua's auxiliary library when they don't get it. Each
// check is given the argument, its number from 1, and how many arguments there were: a missing argument is 'no
// value', not nil.
import { numberToString, parseNumber } from './number.ts'
import { argumentError } from './sites.ts'
import type { LuaTable } from './table.ts'
import { LuaTable as Table } from './table.ts'
import { typeName } from './value.ts'
import type { LuaFunction, LuaValue } from './value.ts'

export function typeError(v: LuaValue, argument: number, given: number, expected: string): Error {
  const got = argument > given ? 'no value' : typeName(v)
  return argumentError(argument, `${expected} expected, got ${got}`) as unknown as Error
}

export function checkAny(argument: number, given: number): void {
  if (argument > given) throw argumentError(argument, 'value expected')
}

export function checkTable(v: LuaValue, argument: number, given: number): LuaTable {
  if (v instanceof Table) return v
  throw typeError(v, argument, given, 'table')
}

export function checkFunction(v: LuaValue, argument: number, given: number): LuaFunction {
  if (typeof v === 'function') return v
  throw typeError(v, argument, given, 'function')
}

/** A string, or a number's text. */
export function checkString(v: LuaValue, argument: number, given: number): string {
  if (typeof v === 'string') return v
  if (typeof v === 'number') return numberToString(v)
  throw typeError(v, argument, given, 'string')
}

export function optionalString(v: LuaValue, argument: number, given: number, otherwise: string): string {
  return v === undefined ? otherwise : checkString(v, argument, given)
}

export function checkNumber(v: LuaValue, argument: number, given: number): number {
  if (typeof v === 'number') return v
  const n = typeof v === 'string' ? parseNumber(v) : undefined
  if (n === undefined) throw typeError(v, argument, given, 'number')
  return n
}

/** A number cut to an integer as C casts a double to 64 bits. */
export function checkInteger(v: LuaValue, argument: number, given: number): number {
  return toInteger(checkNumber(v, argument, given))
}

export function optionalInteger(v: LuaValue, argument: number, given: number, otherwise: number): number {
  return v === undefined ? otherwise : checkInteger(v, argument, given)
}

/** A number cut to 32 bits as C casts it, by way of 64. */
export function checkInt(v: LuaValue, argument: number, given: number): number {
  return toInt(checkNumber(v, argument, given))
}

export function toInteger(n: number): number {
  if (!(n > -(2 ** 63) && n < 2 ** 63)) return -(2 ** 63)
  const cut = Math.trunc(n)
  return cut === 0 ? 0 : cut
}

export function toInt(n: number): number {
  return Number.isSafeInteger(n) ? n | 0 : Number(BigInt.asIntN(32, BigInt(toInteger(n))))
}
