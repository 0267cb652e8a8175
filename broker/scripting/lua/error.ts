// What a script raises. A LuaError carries any value of Lua and has no JavaScript stack; where it was raised is found
// when it is made, because error texts begin with it. `Kill` is what ends a script from outside: no LuaError, so that
// pcall can't catch it.
import type { LuaValue } from './value.ts'

/** A place in a script: the chunk's name ('user_script') and the line, -1 where the place is a library's function. */
export interface Place {
  readonly chunk: string
  readonly line: number
}

export class LuaError {
  readonly value: LuaValue
  /** The innermost place in a script when it was raised: what Redis adds to a script's error. */
  readonly place: Place | undefined

  constructor(value: LuaValue, place?: Place) {
    this.value = value
    this.place = place
  }
}

/** Ends a script whatever it does; throw it from the meter's hook. `reason` is for whoever started the script. */
export class Kill extends Error {
  readonly reason: string

  constructor(reason: string) {
    super(reason)
    this.reason = reason
  }
}

/** A script in a plain state made a coroutine: it is to be run again, in a yielding state. */
export class NeedsYielding extends Kill {
  constructor() {
    super('coroutines need a yielding state')
  }
}
