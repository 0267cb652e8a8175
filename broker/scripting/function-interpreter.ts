// The interpreter of functions. Each library has globals of its own: while it is loaded they hold little more than
// redis.register_function; afterwards what scripts find, but no KEYS and ARGV: those are a function's arguments.

import { libraryLoadMsMax } from '../limits.ts'
import type { ScriptHost } from './host.ts'
import type { JsonLibrary } from './json.ts'
import { Registration } from './library-load.ts'
import type { Library } from './library-load.ts'
import { Kill } from './lua/error.ts'
import type { LuaState } from './lua/state.ts'
import { endOfTable, LuaTable } from './lua/table.ts'
import { redisLibrary } from './redis-library.ts'
import { guardGlobals, newState, protect } from './sandbox.ts'

export class FunctionInterpreter {
  readonly state: LuaState
  private readonly registration: Registration
  private readonly redis: LuaTable
  private readonly host: ScriptHost

  constructor(host: ScriptHost, json: JsonLibrary, yielding: boolean) {
    this.host = host
    this.state = newState(host, json, 'function', yielding)
    this.registration = new Registration()
    this.redis = redisLibrary(host, 'load')
    this.redis.setString('register_function', this.registration.register)
    guardGlobals(this.redis)
    protect(this.redis)
  }

  /** Runs a library's source. Raises LibraryError. */
  load(source: string): Library {
    const { state } = this
    const globals = new LuaTable()
    globals.setString('redis', this.redis)
    guardGlobals(globals)
    globals.readonly = true
    const { hook } = state.meter
    state.meter.hook = this.loadTimer()
    try {
      return this.registration.load(state, globals, source)
    } finally {
      state.meter.hook = hook
      const all = state.globals
      for (let at = all.seek(0); at !== endOfTable; at = all.seek(all.after(at))) {
        globals.set(all.keyAt(at), all.valueAt(at))
      }
    }
  }

  /** Ends a library's load that takes too long; what the log holds was quick enough once. */
  private loadTimer(): () => void {
    const { engine } = this.host.broker
    const untilMs = engine.clock.monotonicMs() + libraryLoadMsMax
    return () => {
      if (!engine.replaying && engine.clock.monotonicMs() > untilMs) throw new Kill('load timeout')
    }
  }
}
