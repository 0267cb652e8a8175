// The library table. Everything is raw access; sizes are borders.
import { checkFunction, checkInt, checkTable, optionalInteger, optionalString } from './args.ts'
import { callBack, meter, spend, tick } from './call.ts'
import type { LuaError } from './error.ts'
import { numberToString } from './number.ts'
import { lessFromLibrary } from './operators.ts'
import { failFromLibrary, raise } from './sites.ts'
import { endOfTable } from './table.ts'
import type { LuaTable } from './table.ts'
import { none, truthy, typeName } from './value.ts'
import type { LuaFunction, LuaResult, LuaValue } from './value.ts'

export function writable(table: LuaTable): LuaTable {
  if (table.readonly) throw failFromLibrary('Attempt to modify a readonly table')
  return table
}

function concat(t: LuaValue, separator: LuaValue, from: LuaValue, to: LuaValue): LuaResult {
  const given = arguments.length
  const between = optionalString(separator, 2, given, '')
  const table = checkTable(t, 1, given)
  const first = optionalInteger(from, 3, given, 1)
  const last = to === undefined ? table.length() : checkInt(to, 4, given)
  let result = ''
  for (let i = first; i <= last; i++) {
    const value = table.getIndex(i)
    if (typeof value === 'string') result += value
    else if (typeof value === 'number') result += numberToString(value)
    else throw raise(`invalid value (${typeName(value)}) at index ${i} in table for 'concat'`)
    if (i < last) result += between
    if (--meter.fuel < 0) tick()
  }
  spend(result.length)
  return result
}

function insert(...args: LuaValue[]): LuaResult {
  const table = checkTable(args[0], 1, args.length)
  let end = table.length() + 1
  if (args.length === 2) {
    writable(table).setIndex(end, args[1])
    return none
  }
  if (args.length !== 3) throw raise("wrong number of arguments to 'insert'")
  const at = checkInt(args[1], 2, args.length)
  if (at > end) end = at
  writable(table)
  for (let i = end; i > at; i--) {
    if (--meter.fuel < 0) tick()
    table.setIndex(i, table.getIndex(i - 1))
  }
  table.setIndex(at, args[2])
  return none
}

function remove(t: LuaValue, position: LuaValue): LuaResult {
  const table = checkTable(t, 1, arguments.length)
  const end = table.length()
  const at = position === undefined ? end : checkInt(position, 2, arguments.length)
  if (at < 1 || at > end) return none
  const value = writable(table).getIndex(at)
  for (let i = at; i < end; i++) table.setIndex(i, table.getIndex(i + 1))
  table.setIndex(end, undefined)
  return value
}

function getn(t: LuaValue): LuaResult {
  return checkTable(t, 1, arguments.length).length()
}

function setn(t: LuaValue): LuaResult {
  checkTable(t, 1, arguments.length)
  throw raise("'setn' is obsolete")
}

function maxn(t: LuaValue): LuaResult {
  const table = checkTable(t, 1, arguments.length)
  let max = 0
  for (let c = table.seek(0); c !== endOfTable; c = table.seek(table.after(c))) {
    const key = table.keyAt(c)
    if (typeof key === 'number' && key > max) max = key
  }
  return max
}

function foreach(t: LuaValue, f: LuaValue): LuaResult {
  const table = checkTable(t, 1, arguments.length)
  const visit = checkFunction(f, 2, arguments.length)
  for (let c = table.seek(0); c !== endOfTable; c = table.seek(table.after(c))) {
    const [result] = callBack(visit, [table.keyAt(c), table.valueAt(c)])
    if (result !== undefined) return result
  }
  return none
}

function foreachi(t: LuaValue, f: LuaValue): LuaResult {
  const table = checkTable(t, 1, arguments.length)
  const visit = checkFunction(f, 2, arguments.length)
  const size = table.length()
  for (let i = 1; i <= size; i++) {
    const [result] = callBack(visit, [i, table.getIndex(i)])
    if (result !== undefined) return result
  }
  return none
}

export function sort(t: LuaValue, order: LuaValue): LuaResult {
  const table = checkTable(t, 1, arguments.length)
  const size = table.length()
  if (order !== undefined) checkFunction(order, 2, arguments.length)
  writable(table)
  const before: Order = (a, b) => truthy(callBack(order, [a, b])[0])
  sortRange(table, 1, size, order === undefined ? lessFromLibrary : before)
  return none
}

export function unordered(): LuaError {
  return raise('invalid order function for sorting')
}

type Order = (a: LuaValue, b: LuaValue) => boolean

export function swap(t: LuaTable, i: number, j: number): void {
  const value = t.getIndex(i)
  t.setIndex(i, t.getIndex(j))
  t.setIndex(j, value)
}

/**
 * Quicksort as Lua does it: the pivot is the median of first, middle and last, and the smaller part is sorted first.
 * It is no stable sort, so where equal values end is seen by scripts, and depends on these very steps.
 */
function sortRange(t: LuaTable, from: number, to: number, before: Order): void {
  let low = from
  let high = to
  while (low < high) {
    if (before(t.getIndex(high), t.getIndex(low))) swap(t, low, high)
    if (high - low === 1) break
    const middle = Math.floor((low + high) / 2)
    if (before(t.getIndex(middle), t.getIndex(low))) swap(t, middle, low)
    else if (before(t.getIndex(high), t.getIndex(middle))) swap(t, middle, high)
    if (high - low === 2) break
    const pivot = t.getIndex(middle)
    swap(t, middle, high - 1)
    const border = partition(t, low, high, pivot, before)
    swap(t, high - 1, border)
    if (border - low < high - border) {
      sortRange(t, low, border - 1, before)
      low = border + 1
    } else {
      sortRange(t, border + 1, high, before)
      high = border - 1
    }
  }
}

function partition(t: LuaTable, low: number, high: number, pivot: LuaValue, before: Order): number {
  let i = low
  let j = high - 1
  for (;;) {
    while (before(t.getIndex(++i), pivot)) if (i > high) throw unordered()
    while (before(pivot, t.getIndex(--j))) if (j < low) throw unordered()
    if (j < i) return i
    if (--meter.fuel < 0) tick()
    swap(t, i, j)
  }
}

export const tableFunctions: readonly [string, LuaFunction][] = [
  ['concat', concat], ['foreach', foreach], ['foreachi', foreachi], ['getn', getn], ['insert', insert], ['maxn', maxn],
  ['remove', remove], ['setn', setn], ['sort', sort],
]
