// A state: the globals of scripts and the libraries. There are two kinds. In a plain state functions run to their end
// as JavaScript functions do. In a yielding state they are generators, which coroutines need, and by which a script
// that runs long lets others have their turn: `runYielding` pauses each time that the meter's hook was called. A
// chunk can be loaded into both.
import { baseFunctions } from './base.ts'
import { callable, finish, meter, settle, thread, yieldError } from './call.ts'
import type { Meter } from './call.ts'
import { coroutineFunctions } from './coroutine.ts'
import { loadFunctions } from './load.ts'
import { mathFunctions, osFunctions, random } from './math.ts'
import { pausingStringFunctions, pausingTableFunctions } from './pausing-library.ts'
import { protectFunctions } from './protect.ts'
import { shared } from './operators.ts'
import { translate } from './sites.ts'
import { stringFunctions } from './string.ts'
import { tableFunctions } from './table-library.ts'
import { LuaTable } from './table.ts'
import { pause } from './value.ts'
import type { LuaFunction, LuaValue } from './value.ts'

export class LuaState {
  readonly globals = new LuaTable()
  readonly yielding: boolean
  readonly stringMetatable = new LuaTable()
  /** Counts loops and calls, and asks its hook now and then; the same for all states, as one script runs at a time. */
  readonly meter: Meter = meter

  constructor(options: { readonly yielding: boolean }) {
    this.yielding = options.yielding
    const { globals } = this
    globals.setString('_VERSION', 'Lua 5.1')
    globals.setString('_G', globals)
    this.add(globals, [...baseFunctions, ...protectFunctions(this.yielding), ...loadFunctions(this)])
    const string = this.library('string', stringFunctions)
    this.stringMetatable.setString('__index', string)
    const table = this.library('table', tableFunctions)
    if (this.yielding) {
      this.add(string, pausingStringFunctions)
      this.add(table, pausingTableFunctions)
    }
    const math = this.library('math', mathFunctions)
    math.setString('pi', Math.PI)
    math.setString('huge', Infinity)
    this.library('os', osFunctions)
    this.library('coroutine', coroutineFunctions(this.yielding))
  }

  /** Where math.random stands, which all states share; set it before a script is run a second time. */
  get randomState(): number {
    return random.state
  }

  set randomState(state: number) {
    random.state = state
  }

  private library(name: string, functions: readonly [string, LuaFunction][]): LuaTable {
    const table = this.add(new LuaTable(0, functions.length), functions)
    this.globals.setString(name, table)
    return table
  }

  private add(table: LuaTable, functions: readonly [string, LuaFunction][]): LuaTable {
    for (const [name, f] of functions) table.setString(name, f)
    return table
  }

  /** Calls a function of a plain state. Throws a LuaError, or the Kill that the hook threw. */
  call(f: LuaValue, args: readonly LuaValue[]): readonly LuaValue[] {
    this.enter()
    try {
      const result = settle((typeof f === 'function' ? f : callable(f))(...args))
      return Array.isArray(result) ? (result as readonly LuaValue[]) : [result as LuaValue]
    } catch (error) {
      throw translate(error)
    }
  }

  /** Calls a function of a yielding state; pauses each time that the hook was called, and returns the results. */
  *runYielding(f: LuaValue, args: readonly LuaValue[]): Generator<undefined, readonly LuaValue[], undefined> {
    this.enter()
    try {
      const steps = finish((typeof f === 'function' ? f : callable(f))(...args))
      for (;;) {
        const step = steps.next()
        if (step.done === true) {
          return Array.isArray(step.value) ? (step.value as readonly LuaValue[]) : [step.value as LuaValue]
        }
        if (step.value !== pause) throw yieldError()
        yield undefined
        shared.stringMetatable = this.stringMetatable
      }
    } catch (error) {
      throw translate(error)
    }
  }

  private enter(): void {
    shared.stringMetatable = this.stringMetatable
    meter.tails = 0
    thread.current = undefined
    meter.fuel = meter.interval
    meter.stackSeen = meter.interval
  }
}

