// The library functions that call functions of a script again and again, as a yielding state has them: they pause
// where those pause. What they do is what string.ts and table-library.ts do; coroutines can't yield across them, as
// in Lua 5.1.
import { checkFunction, checkInt, checkString, checkTable } from './args.ts'
import { gsub, replacementText } from './string.ts'
import { Matcher } from './pattern.ts'
import { pausing } from './protect.ts'
import type { Steps } from './protect.ts'
import { swap, sort, unordered, writable } from './table-library.ts'
import type { LuaTable } from './table.ts'
import { endOfTable } from './table.ts'
import { none, truthy } from './value.ts'
import type { LuaFunction, LuaResult, LuaSteps, LuaValue } from './value.ts'

function gsubPausing(...args: LuaValue[]): LuaResult {
  const [s, p, replacement, limit] = args
  if (typeof replacement !== 'function') return (gsub as LuaFunction)(...args)
  const subject = checkString(s, 1, args.length)
  const pattern = checkString(p, 2, args.length)
  const most = limit === undefined ? subject.length + 1 : checkInt(limit, 4, args.length)
  return gsubSteps(subject, pattern, replacement, most)
}

function* gsubSteps(s: string, pattern: string, replacement: LuaFunction, most: number): LuaSteps {
  const matcher = new Matcher(s, pattern)
  const anchored = pattern.startsWith('^')
  let result = ''
  let at = 0
  let count = 0
  while (count < most) {
    const end = matcher.match(at, anchored ? 1 : 0)
    if (end >= 0) {
      count++
      const [value] = yield* pausing.callBack(replacement, matcher.captures(at, end, true))
      result += replacementText(value) ?? s.slice(at, end)
    }
    if (end >= 0 && end > at) at = end
    else if (at < s.length) result += s[at++]!
    else break
    if (anchored) break
  }
  return [result + s.slice(at), count]
}

function foreachPausing(t: LuaValue, f: LuaValue): LuaResult {
  const table = checkTable(t, 1, arguments.length)
  return foreachSteps(table, checkFunction(f, 2, arguments.length))
}

function* foreachSteps(table: LuaTable, visit: LuaFunction): LuaSteps {
  for (let c = table.seek(0); c !== endOfTable; c = table.seek(table.after(c))) {
    const [result] = yield* pausing.callBack(visit, [table.keyAt(c), table.valueAt(c)])
    if (result !== undefined) return result
  }
  return none
}

function foreachiPausing(t: LuaValue, f: LuaValue): LuaResult {
  const table = checkTable(t, 1, arguments.length)
  return foreachiSteps(table, checkFunction(f, 2, arguments.length), table.length())
}

function* foreachiSteps(table: LuaTable, visit: LuaFunction, size: number): LuaSteps {
  for (let i = 1; i <= size; i++) {
    const [result] = yield* pausing.callBack(visit, [i, table.getIndex(i)])
    if (result !== undefined) return result
  }
  return none
}

function sortPausing(...args: LuaValue[]): LuaResult {
  const [t, order] = args
  if (typeof order !== 'function') return (sort as LuaFunction)(...args)
  const table = checkTable(t, 1, args.length)
  return sortSteps(writable(table), 1, table.length(), order)
}

function* before(order: LuaFunction, a: LuaValue, b: LuaValue): Steps<boolean> {
  return truthy((yield* pausing.callBack(order, [a, b]))[0])
}

function* sortSteps(t: LuaTable, from: number, to: number, order: LuaFunction): LuaSteps {
  let low = from
  let high = to
  while (low < high) {
    if (yield* before(order, t.getIndex(high), t.getIndex(low))) swap(t, low, high)
    if (high - low === 1) break
    const middle = Math.floor((low + high) / 2)
    if (yield* before(order, t.getIndex(middle), t.getIndex(low))) swap(t, middle, low)
    else if (yield* before(order, t.getIndex(high), t.getIndex(middle))) swap(t, middle, high)
    if (high - low === 2) break
    const pivot = t.getIndex(middle)
    swap(t, middle, high - 1)
    const border = yield* partition(t, low, high, pivot, order)
    swap(t, high - 1, border)
    if (border - low < high - border) {
      yield* sortSteps(t, low, border - 1, order)
      low = border + 1
    } else {
      yield* sortSteps(t, border + 1, high, order)
      high = border - 1
    }
  }
  return none
}

function* partition(t: LuaTable, low: number, high: number, pivot: LuaValue, order: LuaFunction): Steps<number> {
  let i = low
  let j = high - 1
  for (;;) {
    while (yield* before(order, t.getIndex(++i), pivot)) if (i > high) throw unordered()
    while (yield* before(order, pivot, t.getIndex(--j))) if (j < low) throw unordered()
    if (j < i) return i
    swap(t, i, j)
  }
}

export const pausingStringFunctions: readonly [string, LuaFunction][] = [['gsub', gsubPausing]]

export const pausingTableFunctions: readonly [string, LuaFunction][] = [
  ['foreach', foreachPausing], ['foreachi', foreachiPausing], ['sort', sortPausing],
]
