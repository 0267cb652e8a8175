// pcall and xpcall, plain and yielding. pcall is Redis's own: of an error that is a table with a field `err` it gives
// that field, as scripts of older servers expect; a table without one is followed by what the field holds. What ends
// a script from outside, and what is a bug of ours, passes through them.
import { checkAny } from './args.ts'
import { callBack, callable, finish, meter, thread } from './call.ts'
import { LuaError } from './error.ts'
import { index } from './operators.ts'
import { translate } from './sites.ts'
import { LuaTable } from './table.ts'
import type { LuaFunction, LuaPause, LuaResult, LuaSteps, LuaValue } from './value.ts'

const handlerFailuresMax = 10

/** The value that was raised; throws on what pcall can't catch. */
function raised(error: unknown): LuaValue {
  const translated = translate(error)
  if (translated instanceof LuaError) return translated.value
  throw translated
}

function failure(value: LuaValue): LuaResult {
  if (!(value instanceof LuaTable)) return [false, value]
  const err = index(value, 'err')
  return typeof err === 'string' || typeof err === 'number' ? [false, err] : [false, value, err]
}

function pcall(...args: LuaValue[]): LuaResult {
  if (args.length === 0) return true
  const { tails } = meter
  try {
    return [true, ...callBack(args[0], args.slice(1))]
  } catch (error) {
    meter.tails = tails
    return failure(raised(error))
  }
}

/**
 * What the handler of xpcall makes of an error. If it fails it is asked about its own error; in Lua until the stack
 * is full.
 */
function explained(handler: LuaValue, value: LuaValue): LuaValue {
  let about = value
  for (let i = 0; i < handlerFailuresMax; i++) {
    try {
      return callBack(handler, [about])[0]
    } catch (error) {
      about = raised(error)
    }
  }
  return 'error in error handling'
}

function xpcall(f: LuaValue, handler: LuaValue): LuaResult {
  checkAny(2, arguments.length)
  const { tails } = meter
  try {
    return [true, ...callBack(f, [])]
  } catch (error) {
    meter.tails = tails
    return [false, explained(handler, raised(error))]
  }
}

export type Steps<T> = Generator<LuaPause | readonly LuaValue[], T, readonly LuaValue[] | undefined>

/** A call from a library that yields when the function does. Bears the plain one's name, by which sites.ts knows it. */
export const pausing = {
  *callBack(f: LuaValue, args: readonly LuaValue[]): Steps<readonly LuaValue[]> {
    // Lua 5.1 can't yield across pcall; only pauses pass.
    const co = thread.current
    if (co !== undefined) co.barriers++
    let result: LuaResult
    try {
      result = yield* finish((typeof f === 'function' ? f : callable(f))(...args))
    } finally {
      if (co !== undefined) co.barriers--
    }
    return Array.isArray(result) ? (result as readonly LuaValue[]) : [result as LuaValue]
  },
}

function pcallSteps(...args: LuaValue[]): LuaResult {
  return args.length === 0 ? true : protectedSteps(args)
}

function* protectedSteps(args: readonly LuaValue[]): LuaSteps {
  try {
    return [true, ...(yield* pausing.callBack(args[0], args.slice(1)))]
  } catch (error) {
    return failure(raised(error))
  }
}

function xpcallSteps(f: LuaValue, handler: LuaValue): LuaResult {
  checkAny(2, arguments.length)
  return explainedSteps(f, handler)
}

function* explainedSteps(f: LuaValue, handler: LuaValue): LuaSteps {
  try {
    return [true, ...(yield* pausing.callBack(f, []))]
  } catch (error) {
    return [false, explained(handler, raised(error))]
  }
}

export function protectFunctions(yielding: boolean): [string, LuaFunction][] {
  return yielding ? [['pcall', pcallSteps], ['xpcall', xpcallSteps]] : [['pcall', pcall], ['xpcall', xpcall]]
}
