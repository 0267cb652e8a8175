// The library coroutine. A coroutine is a chain of generators, so it needs the yielding form of the functions in it;
// a script in a plain state that makes one ends with NeedsYielding, for its starter to run it again in a yielding
// state.
import { finish, isCompiled, thread, yieldError } from './call.ts'
import { LuaError, NeedsYielding } from './error.ts'
import { argumentError, raise, translate } from './sites.ts'
import { LuaCoroutine, none, pause } from './value.ts'
import type { LuaFunction, LuaResult, LuaSteps, LuaValue } from './value.ts'

function checkCoroutine(v: LuaValue): LuaCoroutine {
  if (v instanceof LuaCoroutine) return v
  throw argumentError(1, 'coroutine expected')
}

function make(f: LuaValue): LuaCoroutine {
  if (typeof f !== 'function' || !isCompiled(f)) throw argumentError(1, 'Lua function expected')
  return new LuaCoroutine(f)
}

/** Runs a coroutine until it yields or ends. */
function* advance(co: LuaCoroutine, args: readonly LuaValue[]): LuaSteps {
  if (co.status !== 'suspended') throw new LuaError(`cannot resume ${co.status} coroutine`)
  const resumer = thread.current
  let sent: readonly LuaValue[] | undefined = co.steps === undefined ? undefined : args
  if (resumer !== undefined) resumer.status = 'normal'
  co.status = 'running'
  thread.current = co
  try {
    co.steps ??= finish(co.body(...args))
    for (;;) {
      const step = co.steps.next(sent)
      if (step.done === true) {
        co.status = 'dead'
        return Array.isArray(step.value) ? step.value : [step.value as LuaValue]
      }
      if (step.value !== pause) {
        co.status = 'suspended'
        return step.value
      }
      yield pause
      sent = undefined
    }
  } catch (error) {
    co.status = 'dead'
    throw translate(error)
  } finally {
    thread.current = resumer
    if (resumer !== undefined) resumer.status = 'running'
  }
}

function resume(...args: LuaValue[]): LuaResult {
  return resumeSteps(checkCoroutine(args[0]), args.slice(1))
}

function* resumeSteps(co: LuaCoroutine, args: readonly LuaValue[]): LuaSteps {
  try {
    return [true, ...((yield* advance(co, args)) as readonly LuaValue[])]
  } catch (error) {
    if (error instanceof LuaError) return [false, error.value]
    throw error
  }
}

function wrap(f: LuaValue): LuaResult {
  const co = make(f)
  return (...args) => wrappedSteps(co, args)
}

function* wrappedSteps(co: LuaCoroutine, args: readonly LuaValue[]): LuaSteps {
  try {
    return yield* advance(co, args)
  } catch (error) {
    if (error instanceof LuaError && typeof error.value === 'string') throw raise(error.value)
    throw error
  }
}

function yieldValues(...args: LuaValue[]): LuaResult {
  if (thread.current === undefined || thread.current.barriers > 0) throw yieldError()
  return yieldSteps(args)
}

function* yieldSteps(values: readonly LuaValue[]): LuaSteps {
  return (yield values) ?? none
}

function status(v: LuaValue): LuaResult {
  return checkCoroutine(v).status
}

function running(): LuaResult {
  return thread.current
}

function needsYielding(v: LuaValue): LuaResult {
  if (typeof v !== 'function') throw argumentError(1, 'Lua function expected')
  throw new NeedsYielding()
}

export function coroutineFunctions(yielding: boolean): [string, LuaFunction][] {
  if (yielding) {
    return [
      ['create', make], ['resume', resume], ['running', running], ['status', status], ['wrap', wrap],
      ['yield', yieldValues],
    ]
  }
  return [
    ['create', needsYielding], ['resume', (v) => checkCoroutine(v)], ['running', running], ['status', status],
    ['wrap', needsYielding], ['yield', () => {
      throw yieldError()
    }],
  ]
}
