// `for … in pairs(t)` and `ipairs(t)` are nearly all loops there are: generated code walks those tables itself.
import { next, nextIndex } from './base.ts'
import { LuaTable } from './table.ts'
import type { LuaValue } from './value.ts'

/** How a loop is to be run: 1 as pairs() does it, 2 as ipairs(), 0 by calling its iterator. */
export function loopMode(f: LuaValue, state: LuaValue, control: LuaValue): 0 | 1 | 2 {
  if (!(state instanceof LuaTable)) return 0
  if (f === next && control === undefined) return 1
  return f === nextIndex && control === 0 ? 2 : 0
}
