// The library string, except for format.
import { checkFunction, checkInt, checkInteger, checkString, optionalInteger } from './args.ts'
import { callBack, spend } from './call.ts'
import { LuaError } from './error.ts'
import { numberToString } from './number.ts'
import { index } from './operators.ts'
import { Matcher } from './pattern.ts'
import { argumentError, raise } from './sites.ts'
import { format } from './string-format.ts'
import { LuaTable } from './table.ts'
import { none, truthy, typeName } from './value.ts'
import type { LuaFunction, LuaResult, LuaValue } from './value.ts'

/** The longest string that a script can make: Redis's proto-max-bulk-len, and what V8 bears. */
const stringMax = 512 * 1024 * 1024 - 32
/** Lua's stack has so many places for results. */
const resultsMax = 8000

const caret = 94
const percent = 37

/** A position counted from the end if it is negative; 0 if it is before the beginning. */
function fromEnd(position: number, length: number): number {
  const p = position < 0 ? position + length + 1 : position
  return p >= 0 ? p : 0
}

function byte(v: LuaValue, from: LuaValue, to: LuaValue): LuaResult {
  const s = checkString(v, 1, arguments.length)
  const first = fromEnd(optionalInteger(from, 2, arguments.length, 1), s.length)
  const last = Math.min(fromEnd(optionalInteger(to, 3, arguments.length, first), s.length), s.length)
  const start = Math.max(first, 1)
  if (start > last) return none
  if (start === last) return s.charCodeAt(start - 1)
  if (last - start + 1 > resultsMax - 20) throw raise('stack overflow (string slice too long)')
  return Array.from({ length: last - start + 1 }, (_, i) => s.charCodeAt(start - 1 + i))
}

function char(...codes: LuaValue[]): LuaResult {
  let text = ''
  codes.forEach((v, i) => {
    const code = checkInt(v, i + 1, codes.length)
    if (code < 0 || code > 255) throw argumentError(i + 1, 'invalid value')
    text += String.fromCharCode(code)
  })
  return text
}

function dump(f: LuaValue): LuaResult {
  checkFunction(f, 1, arguments.length)
  throw raise('unable to dump given function')
}

function len(v: LuaValue): LuaResult {
  return checkString(v, 1, arguments.length).length
}

function lower(v: LuaValue): LuaResult {
  return checkString(v, 1, arguments.length).replaceAll(/[A-Z]+/g, (s) => s.toLowerCase())
}

function upper(v: LuaValue): LuaResult {
  return checkString(v, 1, arguments.length).replaceAll(/[a-z]+/g, (s) => s.toUpperCase())
}

function rep(v: LuaValue, times: LuaValue): LuaResult {
  const s = checkString(v, 1, arguments.length)
  const n = checkInteger(times, 2, arguments.length)
  if (n <= 0 || s === '') return ''
  if (s.length * n > stringMax) throw new LuaError('not enough memory')
  spend(s.length * n)
  return s.repeat(n)
}

function reverse(v: LuaValue): LuaResult {
  const s = checkString(v, 1, arguments.length)
  spend(s.length)
  return Buffer.from(Buffer.from(s, 'latin1').toReversed()).toString('latin1')
}

function sub(v: LuaValue, from: LuaValue, to: LuaValue): LuaResult {
  const s = checkString(v, 1, arguments.length)
  const start = Math.max(fromEnd(checkInteger(from, 2, arguments.length), s.length), 1)
  const end = Math.min(fromEnd(optionalInteger(to, 3, arguments.length, -1), s.length), s.length)
  return start > end ? '' : s.slice(start - 1, end)
}

function find(v: LuaValue, p: LuaValue, init: LuaValue, plain: LuaValue): LuaResult {
  const s = checkString(v, 1, arguments.length)
  const pattern = checkString(p, 2, arguments.length)
  const start = startOf(init, arguments.length, s.length)
  if (truthy(plain) || !isPattern(pattern)) {
    const at = s.indexOf(pattern, start)
    return at < 0 ? undefined : [at + 1, at + pattern.length]
  }
  const found = search(s, pattern, start)
  if (found === undefined) return undefined
  return [found.start + 1, found.end, ...found.matcher.captures(found.start, found.end, false)]
}

function match(v: LuaValue, p: LuaValue, init: LuaValue): LuaResult {
  const s = checkString(v, 1, arguments.length)
  const pattern = checkString(p, 2, arguments.length)
  const found = search(s, pattern, startOf(init, arguments.length, s.length))
  if (found === undefined) return undefined
  const captures = found.matcher.captures(found.start, found.end, true)
  return captures.length === 1 ? captures[0] : captures
}

function startOf(init: LuaValue, given: number, length: number): number {
  return Math.min(Math.max(fromEnd(optionalInteger(init, 3, given, 1), length) - 1, 0), length)
}

/** Whether a pattern has special chars, as far as C sees it: up to its first NUL. */
function isPattern(pattern: string): boolean {
  return /^[^\0]*?[\^$*+?.([%-]/.test(pattern)
}

interface Found {
  readonly matcher: Matcher
  readonly start: number
  readonly end: number
}

function search(s: string, pattern: string, from: number): Found | undefined {
  const matcher = new Matcher(s, pattern)
  const anchored = pattern.charCodeAt(0) === caret
  if (anchored) {
    const end = matcher.match(from, 1)
    return end < 0 ? undefined : { matcher, start: from, end }
  }
  for (let start = matcher.candidate(from); start >= 0 && start <= s.length; start = matcher.candidate(start + 1)) {
    const end = matcher.match(start, 0)
    if (end >= 0) return { matcher, start, end }
  }
  return undefined
}

function gmatch(v: LuaValue, p: LuaValue): LuaResult {
  const s = checkString(v, 1, arguments.length)
  const matcher = new Matcher(s, checkString(p, 2, arguments.length))
  let from = 0
  return () => {
    for (let start = matcher.candidate(from); start >= 0 && start <= s.length; start = matcher.candidate(start + 1)) {
      const end = matcher.match(start, 0)
      if (end < 0) continue
      from = end === start ? end + 1 : end
      return matcher.captures(start, end, true)
    }
    return none
  }
}

export function gsub(v: LuaValue, p: LuaValue, replacement: LuaValue, limit: LuaValue): LuaResult {
  const s = checkString(v, 1, arguments.length)
  const pattern = checkString(p, 2, arguments.length)
  const kind = typeof replacement
  if (kind !== 'number' && kind !== 'string' && kind !== 'function' && !(replacement instanceof LuaTable)) {
    throw argumentError(3, 'string/function/table expected')
  }
  const most = limit === undefined ? s.length + 1 : checkInt(limit, 4, arguments.length)
  const with_ = kind === 'number' ? numberToString(replacement as number) : replacement
  const matcher = new Matcher(s, pattern)
  const anchored = pattern.charCodeAt(0) === caret
  let result = ''
  let at = 0
  let count = 0
  while (count < most) {
    if (!anchored) {
      const next = matcher.candidate(at)
      if (next < 0) break
      result += s.slice(at, next)
      at = next
    }
    const end = matcher.match(at, anchored ? 1 : 0)
    if (end >= 0) {
      count++
      result += replaced(matcher, at, end, with_)
    }
    if (end >= 0 && end > at) at = end
    else if (at < s.length) result += s[at++]!
    else break
    if (anchored) break
  }
  spend(s.length)
  return [result + s.slice(at), count]
}

function replaced(matcher: Matcher, start: number, end: number, replacement: LuaValue): string {
  if (typeof replacement === 'string') return expanded(matcher, start, end, replacement)
  let value: LuaValue
  if (typeof replacement === 'function') [value] = callBack(replacement, matcher.captures(start, end, true))
  else value = index(replacement, matcher.capture(0, start, end))
  return replacementText(value) ?? matcher.subject.slice(start, end)
}

/** What replaces a match, given what a function or a table said; undefined: nothing does. */
export function replacementText(value: LuaValue): string | undefined {
  if (!truthy(value)) return undefined
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberToString(value)
  throw raise(`invalid replacement value (a ${typeName(value)})`)
}

/** A replacement's text with %0 to %9 filled in; % before another char stands for that char. */
function expanded(matcher: Matcher, start: number, end: number, text: string): string {
  if (!text.includes('%')) return text
  let result = ''
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== percent) {
      result += text[i]!
      continue
    }
    const c = text[++i] ?? '\0'
    if (c < '0' || c > '9') result += c
    else if (c === '0') result += matcher.subject.slice(start, end)
    else {
      const capture = matcher.capture(Number(c) - 1, start, end)
      result += typeof capture === 'number' ? numberToString(capture) : (capture as string)
    }
  }
  return result
}

export const stringFunctions: readonly [string, LuaFunction][] = [
  ['byte', byte], ['char', char], ['dump', dump], ['find', find], ['format', format], ['gfind', gmatch],
  ['gmatch', gmatch], ['gsub', gsub], ['len', len], ['lower', lower], ['match', match], ['rep', rep],
  ['reverse', reverse], ['sub', sub], ['upper', upper],
]
