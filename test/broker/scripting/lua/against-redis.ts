// Runs a snippet here and on redis-server and gives what each says: all results, and the text of an error.
import { LuaError } from '../../../../broker/scripting/lua/error.ts'
import { compile } from '../../../../broker/scripting/lua/compile.ts'
import { raise } from '../../../../broker/scripting/lua/sites.ts'
import { LuaState } from '../../../../broker/scripting/lua/state.ts'
import { LuaTable } from '../../../../broker/scripting/lua/table.ts'

/** Shows values without addresses; tables in the order of pairs(), unless that depends on addresses. */
export const harness = `
local function show(v, depth)
  local kind = type(v)
  if kind == 'table' then
    if depth > 3 then return '{...}' end
    local parts, ordered = {}, true
    for k, x in pairs(v) do
      if type(k) == 'table' or type(k) == 'function' then ordered = false end
      parts[#parts + 1] = '[' .. show(k, depth + 1) .. ']=' .. show(x, depth + 1)
    end
    if not ordered then table.sort(parts) end
    return '{' .. table.concat(parts, ',') .. '#' .. #v .. '}'
  end
  if kind == 'string' then return string.format('%q', v) end
  if kind == 'function' or kind == 'thread' then return kind end
  return tostring(v)
end
local f, problem = loadstring(ARGV[1], '@user_script')
if not f then return 'syntax: ' .. problem end
local function pack(...) return select('#', ...), {...} end
local n, r = pack(pcall(f))
local parts = {}
for i = 1, n do parts[i] = show(r[i], 0) end
-- The sign of NaN and addresses are the machine's.
local text = string.gsub(table.concat(parts, ' '), '%-nan', 'nan')
return (string.gsub(text, '0x%x+', 'address'))
`

/** A state with the globals that Redis protects. */
export function sandbox(yielding: boolean): LuaState {
  const state = new LuaState({ yielding })
  const { globals } = state
  for (const name of ['string', 'table', 'math', 'os', 'coroutine']) (globals.getString(name) as LuaTable).readonly = true
  globals.setString('KEYS', new LuaTable())
  globals.setString('os', undefined)
  globals.readonly = true
  globals.metatable = new LuaTable()
  globals.metatable.setString('__index', (_, name) => {
    throw raise(`Script attempted to access nonexistent global variable '${String(name)}'`)
  })
  state.stringMetatable.readonly = true
  return state
}

const chunk = compile(harness, 'user_script')

/** What the snippet gives here. */
export function runHere(state: LuaState, snippet: string): string {
  const argv = new LuaTable()
  argv.setIndex(1, snippet)
  state.globals.setString('ARGV', argv)
  try {
    if (!state.yielding) return String(state.call(chunk.load(state), [])[0])
    const steps = state.runYielding(chunk.load(state), [])
    for (;;) {
      const step = steps.next()
      if (step.done === true) return String(step.value[0])
    }
  } catch (error) {
    if (error instanceof LuaError) return `error: ${String(error.value)}`
    throw error
  }
}
