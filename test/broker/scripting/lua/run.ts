// Runs a script as EVAL would, in both forms, and gives its results or the value it raised.
import { LuaError } from '../../../../broker/scripting/lua/error.ts'
import { compile } from '../../../../broker/scripting/lua/compile.ts'
import { LuaState } from '../../../../broker/scripting/lua/state.ts'
import type { LuaValue } from '../../../../broker/scripting/lua/value.ts'

export interface Outcome {
  readonly values?: readonly LuaValue[]
  readonly error?: LuaValue
  readonly line?: number
}

function outcome(run: () => readonly LuaValue[]): Outcome {
  try {
    return { values: run() }
  } catch (error) {
    if (!(error instanceof LuaError)) throw error
    return { error: error.value, line: error.place?.line }
  }
}

/** Each run has states of its own. */
export function runPlain(source: string): Outcome {
  const state = new LuaState({ yielding: false })
  return outcome(() => state.call(compile(source, 'user_script').load(state), []))
}

export function runYielding(source: string): Outcome {
  const state = new LuaState({ yielding: true })
  return outcome(() => {
    const steps = state.runYielding(compile(source, 'user_script').load(state), [])
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
    }
  })
}
