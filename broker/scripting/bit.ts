// The library bit, Lua BitOp: operations on 32 bits; results are signed. https://bitop.luajit.org/semantics.html

import { checkNumber } from './lua/args.ts'
import { LuaTable } from './lua/table.ts'
import type { LuaFunction, LuaValue } from './lua/value.ts'

const scratch = new DataView(new ArrayBuffer(8))
/** 2^52 + 2^51: a double beyond it keeps no fraction, and its lowest 32 bits are the number modulo 2^32. */
const roundingBias = 6755399441055744

/** Any number as a signed 32-bit one: rounded to even, then cut. */
function toBit(value: LuaValue, index: number, count: number): number {
  const x = typeof value === 'number' ? value : checkNumber(value, index, count)
  const int = x | 0
  if (int === x) return int
  scratch.setFloat64(0, x + roundingBias)
  return scratch.getInt32(4)
}

/** Hexadecimal, `|digits|` of them (8 at most), in capitals when `digits` is negative. */
function toHex(value: LuaValue, digits: LuaValue): LuaValue {
  const bits = toBit(value, 1, arguments.length)
  const asked = digits === undefined ? 8 : toBit(digits, 2, arguments.length)
  const count = Math.min(8, Math.abs(asked))
  const hex = (bits >>> 0).toString(16).padStart(8, '0').slice(8 - count)
  return asked < 0 ? hex.toUpperCase() : hex
}

function folded(combine: (a: number, b: number) => number): LuaFunction {
  return (...values) => {
    let bits = toBit(values[0], 1, values.length)
    for (let i = 1; i < values.length; i++) bits = combine(bits, toBit(values[i], i + 1, values.length))
    return bits
  }
}

function shifting(shift: (bits: number, by: number) => number): LuaFunction {
  return function shifted(value, by) {
    const bits = toBit(value, 1, arguments.length)
    return shift(bits, toBit(by, 2, arguments.length) & 31)
  }
}

function swapBytes(bits: number): number {
  return (bits >>> 24) | ((bits >>> 8) & 0xff00) | ((bits << 8) & 0xff0000) | (bits << 24)
}

const functions: Readonly<Record<string, LuaFunction>> = {
  tobit(value) {
    return toBit(value, 1, arguments.length)
  },
  bnot(value) {
    return ~toBit(value, 1, arguments.length)
  },
  bswap(value) {
    return swapBytes(toBit(value, 1, arguments.length))
  },
  tohex: toHex,
  band: folded((a, b) => a & b),
  bor: folded((a, b) => a | b),
  bxor: folded((a, b) => a ^ b),
  lshift: shifting((bits, by) => bits << by),
  rshift: shifting((bits, by) => (bits >>> by) | 0),
  arshift: shifting((bits, by) => bits >> by),
  rol: shifting((bits, by) => (bits << by) | (by === 0 ? 0 : bits >>> (32 - by))),
  ror: shifting((bits, by) => (bits >>> by) | (by === 0 ? 0 : bits << (32 - by))),
}

export function bitLibrary(): LuaTable {
  const library = new LuaTable()
  for (const [name, run] of Object.entries(functions)) library.setString(name, run)
  return library
}
