// The values of Lua 5.1 as JavaScript sees them. nil is undefined, a boolean is a boolean, a number is a number, and a
// string is a string with one char a byte (latin1: chars 0 to 255), so that `#s`, comparison and equality are V8's own.
// A function is a JavaScript function; what it returns is the convention that everything in this folder keeps:
//
//   one result              the value itself (nil: undefined)
//   no or several results   an array of them, which nobody may change afterwards (no result: `none`)
//
// so that the most frequent call allocates nothing. An array is never a value of Lua, which makes the two kinds
// distinct. In the yielding form (see state.ts) a function compiled from Lua returns a generator that ends with such
// a result.
import { LuaTable } from './table.ts'
import type { LuaObject } from './table.ts'

export type LuaValue = undefined | boolean | number | string | LuaObject | LuaUserdata | LuaFunction

/**
 * What a call gives: one value, an array of none or several, or (yielding form only) the generator that will end with
 * them.
 */
export type LuaResult = LuaValue | readonly LuaValue[] | LuaSteps

export type LuaFunction = (...args: LuaValue[]) => LuaResult

/**
 * A function of the yielding form under way. It yields `pause` to whoever runs the script, or what coroutine.yield
 * was given.
 */
export type LuaSteps = Generator<LuaPause | readonly LuaValue[], LuaResult, readonly LuaValue[] | undefined>

export const pause = Symbol('pause')
export type LuaPause = typeof pause

/** No results. */
export const none: readonly LuaValue[] = Object.freeze([])

/** A thread of Lua: what coroutine.create gives. */
export class LuaCoroutine {
  readonly body: LuaFunction
  steps: LuaSteps | undefined = undefined
  status: 'suspended' | 'running' | 'normal' | 'dead' = 'suspended'
  /** How many library functions are under way in it that it can't yield across. */
  barriers = 0

  constructor(body: LuaFunction) {
    this.body = body
  }
}

/** A light userdata: something of a library that only it understands. `text` is what tostring() gives. */
export class LuaUserdata {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export function truthy(v: LuaValue): boolean {
  return v !== undefined && v !== false
}

/** The name of a value's type, as type() gives it. */
export function typeName(v: LuaValue): string {
  switch (typeof v) {
    case 'undefined':
      return 'nil'
    case 'object':
      return v instanceof LuaTable ? 'table' : v instanceof LuaUserdata ? 'userdata' : 'thread'
    default:
      return typeof v
  }
}
