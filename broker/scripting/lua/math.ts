// The libraries math and os. math.random is Redis's: drand48's generator, with the same seed in every
// process and never seeded anew but by scripts; all states draw from it.
import { checkInt, checkNumber } from './args.ts'
import { power } from './operators.ts'
import { argumentError, raise } from './sites.ts'
import type { LuaFunction, LuaResult, LuaValue } from './value.ts'

const degree = Math.PI / 180

/** A function of one number. */
function unary(f: (x: number) => LuaResult): LuaFunction {
  return function (v: LuaValue) {
    return f(checkNumber(v, 1, arguments.length))
  }
}

/** A function of two numbers; C looks at the second one first. */
function binary(f: (x: number, y: number) => number): LuaFunction {
  return function (a: LuaValue, b: LuaValue) {
    const y = checkNumber(b, 2, arguments.length)
    return f(checkNumber(a, 1, arguments.length), y)
  }
}

/** The best of one or more numbers. */
function best(isBetter: (x: number, y: number) => boolean): LuaFunction {
  return function (...args: LuaValue[]) {
    let result = checkNumber(args[0], 1, args.length)
    for (let i = 1; i < args.length; i++) {
      const x = checkNumber(args[i], i + 1, args.length)
      if (isBetter(x, result)) result = x
    }
    return result
  }
}

/** The mantissa in [0.5, 1) and the exponent. */
function frexp(x: number): LuaResult {
  if (x === 0 || !Number.isFinite(x)) return [x, 0]
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(x))) + 1)
  let mantissa = x * 2 ** -exponent
  while (Math.abs(mantissa) < 0.5) {
    mantissa *= 2
    exponent--
  }
  while (Math.abs(mantissa) >= 1) {
    mantissa /= 2
    exponent++
  }
  return [mantissa, exponent]
}

function ldexp(v: LuaValue, e: LuaValue): LuaResult {
  let exponent = Math.max(-5000, Math.min(5000, checkInt(e, 2, arguments.length)))
  let x = checkNumber(v, 1, arguments.length)
  // In steps, so that only the last one can round.
  for (; exponent > 1000; exponent -= 1000) x *= 2 ** 1000
  for (; exponent < -1000; exponent += 1000) x *= 2 ** -1000
  return x * 2 ** exponent
}

function modf(x: number): LuaResult {
  const whole = Math.trunc(x)
  const fraction = Number.isFinite(x) ? x - whole : Number.isNaN(x) ? NaN : 0
  return [whole, fraction === 0 && (x < 0 || Object.is(x, -0)) ? -0 : fraction]
}

/** drand48's generator: x ← 0x5DEECE66D x + 11 in 48 bits, kept in two halves of 24. */
export class Random {
  private high = 0x1234ab
  private low = 0xcd330e

  seed(seed: number): void {
    const value = seed >>> 0
    this.high = value >>> 8
    this.low = ((value & 0xff) << 16) | 0x330e
  }

  /** Its 48 bits, to put it back to where it was. */
  get state(): number {
    return this.high * 0x1000000 + this.low
  }

  set state(state: number) {
    this.high = Math.floor(state / 0x1000000)
    this.low = state % 0x1000000
  }

  /** The upper 31 bits of the next number. */
  next(): number {
    const product = this.low * 0xece66d + 11
    this.high = (this.high * 0xece66d + this.low * 0x5de + Math.floor(product / 0x1000000)) % 0x1000000
    this.low = product % 0x1000000
    return this.high * 128 + (this.low >>> 17)
  }
}

const randomMax = 0x7fffffff

export const random = new Random()

const randomFunctions: readonly [string, LuaFunction][] = [
  ['random', (...args: LuaValue[]) => {
    const r = (random.next() % randomMax) / randomMax
    if (args.length === 0) return r
    if (args.length > 2) throw raise('wrong number of arguments')
    const first = checkInt(args[0], 1, args.length)
    if (args.length === 1) {
      if (first < 1) throw argumentError(1, 'interval is empty')
      return Math.floor(r * first) + 1
    }
    const last = checkInt(args[1], 2, args.length)
    if (first > last) throw argumentError(2, 'interval is empty')
    return Math.floor(r * ((last - first + 1) | 0)) + first
  }],
  ['randomseed', function (seed: LuaValue) {
    random.seed(checkInt(seed, 1, arguments.length))
    return []
  }],
]

export const mathFunctions: readonly [string, LuaFunction][] = [
  ['abs', unary(Math.abs)], ['acos', unary(Math.acos)], ['asin', unary(Math.asin)], ['atan', unary(Math.atan)],
  ['atan2', binary(Math.atan2)], ['ceil', unary(Math.ceil)], ['cos', unary(Math.cos)], ['cosh', unary(Math.cosh)],
  ['deg', unary((x) => x / degree)], ['exp', unary(Math.exp)], ['floor', unary(Math.floor)],
  ['fmod', binary((x, y) => x % y)], ['frexp', unary(frexp)], ['ldexp', ldexp], ['log', unary(Math.log)],
  ['log10', unary(Math.log10)], ['max', best((x, y) => x > y)], ['min', best((x, y) => x < y)],
  ['mod', binary((x, y) => x % y)], ['modf', unary(modf)], ['pow', binary(power)], ['rad', unary((x) => x * degree)],
  ['sin', unary(Math.sin)], ['sinh', unary(Math.sinh)], ['sqrt', unary(Math.sqrt)], ['tan', unary(Math.tan)],
  ['tanh', unary(Math.tanh)], ...randomFunctions,
]

export const osFunctions: readonly [string, LuaFunction][] = [
  ['clock', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  }],
]
