// pcall and xpcall, plain and yielding. What ends a script from outside, and what is a bug of ours, passes through
// them.
import { checkAny } from './args.ts'
import { callBack, callable, finish, meter, thread } from './call.ts'
import { LuaError } from './error.ts'
import { translate } from './sites.ts'
import type { LuaFunction, LuaPause, LuaResult, LuaSteps, LuaValue } from './value.ts'

/** The value that was raised; throws on what pcall can't catch. */
function raised(error: unknown): LuaValue {
  const translated = translate(error)
  if (translated instanceof LuaError) return translated.value
  throw translated
}

function pcall(...args: LuaValue[]): LuaResult {
  checkAny(1, args.length)
  const { tails } = meter
  try {
    return [true, ...callBack(args[0], args.slice(1))]
  } catch (error) {
    meter.tails = tails
    return [false, raised(error)]
  }
}

function xpcall(f: LuaValue, handler: LuaValue): LuaResult {
  checkAny(2, arguments.length)
  const { tails } = meter
  try {
    return [true, ...callBack(f, [])]
  } catch (error) {
    meter.tails = tails
    return [false, ...callBack(handler, [raised(error)]).slice(0, 1)]
  }
}

type Steps<T> = Generator<LuaPause | readonly LuaValue[], T, readonly LuaValue[] | undefined>

/** A call from a library that yields when the function does. Bears the plain one's name, by which sites.ts knows it. */
const steps = {
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

function* pcallSteps(...args: LuaValue[]): LuaSteps {
  checkAny(1, args.length)
  try {
    return [true, ...(yield* steps.callBack(args[0], args.slice(1)))]
  } catch (error) {
    return [false, raised(error)]
  }
}

function* xpcallSteps(f: LuaValue, handler: LuaValue): LuaSteps {
  checkAny(2, arguments.length)
  try {
    return [true, ...(yield* steps.callBack(f, []))]
  } catch (error) {
    return [false, ...(yield* steps.callBack(handler, [raised(error)])).slice(0, 1)]
  }
}

export function protectFunctions(yielding: boolean): [string, LuaFunction][] {
  return yielding ? [['pcall', pcallSteps], ['xpcall', xpcallSteps]] : [['pcall', pcall], ['xpcall', xpcall]]
}
