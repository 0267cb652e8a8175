// Where a script is. Compiled code keeps no record of the current line: that would cost every call. Instead each
// operation that can fail, each call above all, stands on a line of its own in the generated JavaScript, and when
// something is raised V8's stack tells that line; the chunk's table of sites tells what stands there in Lua.
import { LuaError } from './error.ts'
import type { Place } from './error.ts'
import { numberToString } from './number.ts'
import { typeName } from './value.ts'
import type { LuaValue } from './value.ts'

/** An operation that can fail. Names are as Lua's error texts have them: "global 'x'". */
export interface Site {
  readonly line: number
  /** The names of its operands, or of what is called; the second, if any, is what libraries know themselves by. */
  readonly names: readonly (string | undefined)[]
  /** Whether it is a call, and whether it is one in tail position. */
  readonly call: boolean
  readonly tail: boolean
  /** Whether it is a function's beginning. */
  readonly entry?: boolean
}

/** The sites of a chunk by line of the generated JavaScript. */
export interface SiteTable {
  readonly chunk: string
  readonly sites: readonly (Site | undefined)[]
}

type Level =
  | { readonly kind: 'script'; readonly site: Site; readonly chunk: string }
  | { readonly kind: 'native' | 'tail' }

/** Chunks by the name that V8 knows them by. Code of a chunk keeps its table alive. */
const tables = new Map<string, WeakRef<SiteTable>>()
const dropped = new FinalizationRegistry<string>((url) => tables.delete(url))
let chunks = 0

const urlPrefix = 'lua-chunk-'
/**
 * Functions through which libraries do what a script could do itself: the sites behind them are not where it is done.
 */
const boundaries = new Set(['callBack', 'lessFromLibrary', 'failFromLibrary'])

/** Functions that make calls in tail position which were put off. */
const tails = new Set(['followTail', 'finishTail'])

export function registerSites(table: SiteTable): string {
  const url = `${urlPrefix}${++chunks}`
  tables.set(url, new WeakRef(table))
  dropped.register(table, url)
  return url
}

function siteAt(url: string, line: number): Level | undefined {
  const table = tables.get(url)?.deref()
  const site = table?.sites[line]
  return site === undefined ? undefined : { kind: 'script', site, chunk: table!.chunk }
}

/** Who called whom, the innermost first; at least `count` levels if there are so many. */
function levels(count: number): Level[] {
  const before = { prepare: Error.prepareStackTrace, limit: Error.stackTraceLimit }
  Error.prepareStackTrace = (_, frames) => frames
  Error.stackTraceLimit = 12 + 8 * count
  const holder: { stack?: NodeJS.CallSite[] } = {}
  Error.captureStackTrace(holder, levels)
  const frames = holder.stack ?? []
  Error.prepareStackTrace = before.prepare
  Error.stackTraceLimit = before.limit

  const found: Level[] = []
  for (const frame of frames) {
    if (found.length >= count) break
    const url = frame.getScriptNameOrSourceURL()
    if (url?.startsWith(urlPrefix) === true) {
      const level = siteAt(url, frame.getLineNumber() ?? 0)
      if (level === undefined) continue
      const isCaller = found.length > 0 && found.at(-1)!.kind === 'script'
      found.push(isCaller && level.kind === 'script' && level.site.tail ? { kind: 'tail' } : level)
    } else if (found.length > 0 && tails.has(frame.getFunctionName() ?? '')) {
      found.push({ kind: 'tail' })
    } else if (boundaries.has(frame.getFunctionName() ?? '')) {
      found.push({ kind: 'native' })
    }
  }
  return found
}

function placeOf(level: Level | undefined): Place | undefined {
  return level?.kind === 'script' ? { chunk: level.chunk, line: level.site.line } : undefined
}

function positioned(level: Level | undefined, message: string): LuaError {
  const place = placeOf(level)
  return new LuaError(place === undefined ? message : `${place.chunk}:${place.line}: ${message}`, place)
}

/** A library's error: the text with its caller's position before it. */
export function raise(message: string): LuaError {
  return positioned(levels(1)[0], message)
}

/** What error() makes: `level` as its second argument; only strings get a position. */
export function raiseValue(value: LuaValue, level: number): LuaError {
  const found = levels(Math.max(1, Math.min(level, 200)))
  const place = placeOf(found[0])
  if (level < 1 || (typeof value !== 'string' && typeof value !== 'number')) return new LuaError(value, place)
  const text = typeof value === 'number' ? numberToString(value) : value
  const at = placeOf(found[level - 1])
  return new LuaError(at === undefined ? text : `${at.chunk}:${at.line}: ${text}`, place)
}

/** An error without a position: what Lua's core raises while a library runs. */
export function failFromLibrary(message: string): LuaError {
  return new LuaError(message, placeOf(levels(3).find((level) => level.kind === 'script')))
}

/** An error about an argument, numbered from 1 as the library counts; a method's caller counts without the object. */
export function argumentError(argument: number, problem: string): LuaError {
  const level = levels(1)[0]
  const names = level?.kind === 'script' && level.site.call ? level.site.names : []
  const description = names[1] ?? names[0]
  const name = description === undefined ? '?' : description.slice(description.indexOf(' ') + 2, -1)
  let number = argument
  if (description?.startsWith('method ') === true && --number === 0) {
    return positioned(level, `calling '${name}' on bad self (${problem})`)
  }
  return positioned(level, `bad argument #${number} to '${name}' (${problem})`)
}

/** An operation on a value that has no such operation. `operand` says which of the site's names is the value's. */
export function operationError(operation: string, value: LuaValue, operand: number): LuaError {
  const level = levels(1)[0]
  const name = level?.kind === 'script' ? level.site.names[operand] : undefined
  const type = typeName(value)
  const what = name === undefined ? `a ${type} value` : `${name} (a ${type} value)`
  return positioned(level, `attempt to ${operation} ${what}`)
}

function isEntry(level: Level | undefined): boolean {
  return level?.kind !== 'script' || level.site.entry === true
}

/** What V8 raised by itself, as Lua would have raised it; other errors are bugs and go on as they are. */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if ((error as NodeJS.ErrnoException).code === 'ERR_STRING_TOO_LONG') return new LuaError('not enough memory')
  if (!(error instanceof RangeError)) return error
  if (error.message.startsWith('Maximum call stack')) {
    const frames = [...(error.stack ?? '').matchAll(/(lua-chunk-\d+):(\d+):\d+/g)]
    const level = frames.map((frame) => siteAt(frame[1]!, Number(frame[2]))).find((found) => !isEntry(found))
    return positioned(level, 'stack overflow')
  }
  const memory = /^Invalid (string|array) length|allocation failed/.test(error.message)
  return memory ? new LuaError('not enough memory') : error
}
