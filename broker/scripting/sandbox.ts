// What scripts find in their globals besides Lua's own: redis, cjson, cmsgpack, struct, bit. Everything is read-only to
// them, and a global that doesn't exist is an error.

import { bitLibrary } from './bit.ts'
import type { ScriptHost } from './host.ts'
import type { JsonLibrary } from './json.ts'
import { raise } from './lua/sites.ts'
import { LuaState } from './lua/state.ts'
import { LuaTable } from './lua/table.ts'
import type { LuaFunction, LuaResult, LuaSteps, LuaValue } from './lua/value.ts'
import { msgpackLibrary } from './msgpack.ts'
import { redisLibrary } from './redis-library.ts'
import { readClock } from './script-run.ts'
import { structLibrary } from './struct.ts'

/** An interpreter for scripts or functions; `yielding` ones can pause. */
export function newState(
  host: ScriptHost, json: JsonLibrary, audience: 'eval' | 'function', yielding: boolean,
): LuaState {
  const state = new LuaState({ yielding })
  const { globals } = state
  globals.setString('redis', redisLibrary(host, audience))
  globals.setString('cjson', json.table)
  globals.setString('cmsgpack', msgpackLibrary())
  globals.setString('struct', structLibrary())
  globals.setString('bit', bitLibrary())
  recordClock(host, globals.getString('os') as LuaTable)
  const pcall = globals.getString('pcall') as LuaFunction
  globals.setString('pcall', yielding ? plainErrorsSteps(pcall) : plainErrors(pcall))
  guardGlobals(globals)
  protect(globals)
  protect(state.stringMetatable)
  return state
}

/** os.clock, so that a script which is run again reads what it read. */
function recordClock(host: ScriptHost, os: LuaTable): void {
  const clock = os.getString('clock') as () => number
  os.setString('clock', () => (host.run === undefined ? clock() : readClock(host.run, clock)))
}

/** pcall gives the text of an error that is a table with `err`, as scripts knew it before there were such. */
function plainErrors(pcall: LuaFunction): LuaFunction {
  return (...args) => plainError(pcall(...args))
}

function plainErrorsSteps(pcall: LuaFunction): LuaFunction {
  return function* plainErrorSteps(...args): LuaSteps {
    return plainError(yield* pcall(...args) as LuaSteps)
  }
}

function plainError(result: LuaResult): LuaResult {
  if (!Array.isArray(result) || result[0] !== false || !(result[1] instanceof LuaTable)) return result
  const err: LuaValue = result[1].getString('err')
  return typeof err === 'string' ? [false, err] : result
}

/** Reading a global that isn't there is an error. */
export function guardGlobals(globals: LuaTable): void {
  const metatable = new LuaTable()
  metatable.setString('__index', (_table: LuaValue, name: LuaValue) => {
    throw raise(`Script attempted to access nonexistent global variable '${String(name)}'`)
  })
  metatable.readonly = true
  globals.metatable = metatable
}

/** Makes a table and all tables in it read-only. */
export function protect(table: LuaTable): void {
  if (table.readonly) return
  table.readonly = true
  for (const value of [...table.array, ...table.values]) if (value instanceof LuaTable) protect(value)
}
