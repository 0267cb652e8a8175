// Calls, from the side of those who make them: results, tail calls, functions that are none, and calls from libraries.
import { getHeapStatistics } from 'node:v8'
import { LuaError } from './error.ts'
import { operationError } from './sites.ts'
import { LuaTable } from './table.ts'
import { none, pause } from './value.ts'
import type { LuaCoroutine, LuaFunction, LuaResult, LuaSteps, LuaValue } from './value.ts'

/**
 * A call in tail position that was put off, so that a chain of them needs no stack. It is the result of the function
 * that makes it; an array, so that whoever looks whether a result is a single value notices it without a further
 * check.
 */
export class TailCall extends Array<LuaValue> {
  callee: LuaFunction = nothing
  args: readonly LuaValue[] = none
}

function nothing(): LuaResult {
  return none
}

export function tailCall(callee: LuaFunction, args: readonly LuaValue[]): TailCall {
  const call = new TailCall()
  call.callee = callee
  call.args = args
  return call
}

const generatorFunction = Object.getPrototypeOf(function* () {}) as object

/**
 * Whether a function of a yielding state comes from a script: libraries' functions are no generators, they return
 * them.
 */
export function isCompiled(f: LuaFunction): boolean {
  return Object.getPrototypeOf(f) === generatorFunction
}

/**
 * A call in tail position of the yielding form: only functions that yield are put off, libraries are called where
 * they stand.
 */
export function tailCallSteps(callee: LuaFunction, args: readonly LuaValue[]): LuaResult {
  return isCompiled(callee) ? tailCall(callee, args) : callee(...args)
}

const largeBytes = 16 * 1024 * 1024
const bytesPerLoopBits = 8

/** How long a script runs until the hook is asked. */
export class Meter {
  /** Loops and calls that are left until then. */
  fuel = 0
  /** Loops and calls from one hook to the next. */
  interval = 20_000
  /** What looks at a script that runs long. It may throw a Kill. */
  hook: () => void = () => {}
  /**
   * A script may not fill more of V8's heap than this, and what else is in it: an error that it can catch, not the
   * process's end.
   */
  heapBytesMax = Math.floor(getHeapStatistics().heap_size_limit * 0.85)
  /** How much fuel there was when the stack was seen to have room. */
  stackSeen = 0
  /** How many calls in tail position are real calls now. */
  tails = 0
}

/** What counts now; one script runs at a time. */
export const meter = new Meter()

/** How many loops and calls may pass until the stack is looked at again, and the arguments that take the room. */
const stackUnseenMax = 32
const stackRoom = Array.from({ length: 12_288 }, () => 0)

function takeRoom(): void {}

/**
 * Before the host does what must not be half done: a stack that is nearly full overflows here, not in the midst of it.
 * `fuel` is what the host's work counts for the meter.
 */
export function enterHost(fuel: number): void {
  const unseen = meter.stackSeen - meter.fuel
  if (unseen < 0 || unseen > stackUnseenMax) {
    // V8 lays the arguments on the stack whether somebody wants them or not.
    Reflect.apply(takeRoom, undefined, stackRoom)
    meter.stackSeen = meter.fuel
  }
  meter.fuel -= fuel
  meter.stackSeen -= fuel
}

/** The coroutine that runs, if any. */
export const thread: { current: LuaCoroutine | undefined } = { current: undefined }

export function tick(): void {
  meter.fuel = meter.interval
  if (getHeapStatistics().used_heap_size > meter.heapBytesMax) throw new LuaError('not enough memory')
  meter.hook()
}

/** Counts a string that a library makes like the loops that it would take to make it; before it is made, if it can. */
export function spend(bytes: number): void {
  if (bytes > largeBytes && getHeapStatistics().used_heap_size + bytes > meter.heapBytesMax) {
    throw new LuaError('not enough memory')
  }
  meter.fuel -= bytes >>> bytesPerLoopBits
  if (meter.fuel < 0) tick()
}

export function* tickAndPause(): LuaSteps {
  tick()
  yield pause
  return undefined
}

/** Follows tail calls to their result, and runs what yields to its end: for those who can't yield themselves. */
export function settle(result: LuaResult): LuaValue | readonly LuaValue[] {
  let r = result
  while (typeof r === 'object' && !(r instanceof LuaTable)) {
    if (r instanceof TailCall) r = followTail(r)
    else if (isSteps(r)) r = drive(r)
    else return r
  }
  return r
}

function followTail(call: TailCall): LuaResult {
  const before = meter.tails
  meter.tails = 0
  const result = call.callee(...call.args)
  meter.tails = before
  return result
}

export function isSteps(r: object): r is LuaSteps {
  return 'next' in r
}

/** What coroutine.yield raises where nothing can wait for it. */
export function yieldError(): LuaError {
  return new LuaError('attempt to yield across metamethod/C-call boundary')
}

function drive(steps: LuaSteps): LuaResult {
  let step = steps.next()
  for (;;) {
    if (step.done === true) return step.value
    step = step.value === pause ? steps.next() : steps.throw(yieldError())
  }
}

/** `settle` for those who can yield. */
export function* finish(result: LuaResult): LuaSteps {
  let r = result
  while (typeof r === 'object' && !(r instanceof LuaTable)) {
    if (r instanceof TailCall) return yield* finishTail(r)
    if (!isSteps(r)) return r
    r = yield* r
  }
  return r
}

function* finishTail(call: TailCall): LuaSteps {
  let r: LuaResult = call
  while (typeof r === 'object' && !(r instanceof LuaTable)) {
    if (r instanceof TailCall) r = r.callee(...r.args)
    else if (isSteps(r)) r = yield* r
    else return r
  }
  return r
}

/** Whether a result is a library's generator. */
export function areSteps(r: LuaResult): boolean {
  return typeof r === 'object' && !(r instanceof LuaTable) && isSteps(r)
}

/** Whether a result of the yielding form must go through `finish`. */
export function unfinished(r: LuaResult): boolean {
  return typeof r === 'object' && !(r instanceof LuaTable) && (r instanceof TailCall || isSteps(r))
}

/** The first of a call's results, nil if there are none. */
export function first(r: LuaResult): LuaValue {
  return Array.isArray(r) ? firstOf(r) : (r as LuaValue)
}

function firstOf(r: readonly LuaValue[]): LuaValue {
  if (!(r instanceof TailCall)) return r[0]
  const settled = settle(r)
  return Array.isArray(settled) ? (settled[0] as LuaValue) : (settled as LuaValue)
}

/** All of a call's results. */
export function all(r: LuaResult): readonly LuaValue[] {
  if (!Array.isArray(r)) return [r as LuaValue]
  if (!(r instanceof TailCall)) return r
  const settled = settle(r)
  return Array.isArray(settled) ? settled : [settled as LuaValue]
}

/** A call whose results nobody wants. */
export function drop(r: LuaResult): void {
  if (Array.isArray(r) && r instanceof TailCall) settle(r)
}

/** A call from a library: all results. Its name is known to sites.ts. */
export function callBack(f: LuaValue, args: readonly LuaValue[]): readonly LuaValue[] {
  const result = settle((typeof f === 'function' ? f : callable(f))(...args))
  return Array.isArray(result) ? (result as readonly LuaValue[]) : [result as LuaValue]
}

/**
 * What a value that is no function does when it is called: its metatable's __call, or an error. `operand` says which
 * of the site's names is the value's.
 */
export function callable(f: LuaValue, operand = 0): LuaFunction {
  const handler = f instanceof LuaTable ? f.metatable?.getString('__call') : undefined
  if (typeof handler === 'function') return (...args) => handler(f, ...args)
  return () => {
    throw operationError('call', f, operand)
  }
}

/** A handler's first result. */
export function handled(handler: LuaFunction, a: LuaValue, b: LuaValue): LuaValue {
  const r = handler(a, b)
  if (typeof r !== 'object' || r instanceof LuaTable) return r as LuaValue
  const settled = settle(r)
  return Array.isArray(settled) ? (settled[0] as LuaValue) : (settled as LuaValue)
}
