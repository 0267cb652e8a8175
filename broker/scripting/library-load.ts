// A library's source text run once, to see which functions it registers.
// https://redis.io/docs/latest/develop/interact/programmability/functions-intro/

import { compile } from './lua/compile.ts'
import { raiseText } from './raise.ts'
import { Kill, LuaError } from './lua/error.ts'
import type { LuaState } from './lua/state.ts'
import { endOfTable, LuaTable } from './lua/table.ts'
import { none } from './lua/value.ts'
import type { LuaFunction, LuaResult, LuaValue } from './lua/value.ts'
import { errorMessage } from './error-message.ts'
import { BadShebang, flagOf, readLibrary } from './shebang.ts'

export type LibraryFunction = {
  readonly name: string
  readonly library: string
  readonly flags: number
  readonly description: string | undefined
  readonly callback: LuaFunction
}

export type Library = {
  readonly name: string
  readonly source: string
  readonly functions: readonly LibraryFunction[]
}

/** Why a library can't be loaded, without `ERR`. */
export class LibraryError {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const namePattern = /^[A-Za-z0-9_]+$/
const badName = 'Library names can only contain letters, numbers, or underscores(_) and must be at least one character '
  + 'long'

/** Name and body of a source text whose first line is in order. Raises LibraryError. */
export function describeLibrary(source: string): { name: string, body: string } {
  try {
    const { engine, name, body } = readLibrary(source)
    if (!namePattern.test(name)) throw new LibraryError(badName)
    if (engine.toLowerCase() !== 'lua') throw new LibraryError(`Engine '${engine}' not found`)
    return { name, body }
  } catch (error) {
    throw error instanceof BadShebang ? new LibraryError(error.text) : error
  }
}

/** Where redis.register_function puts what it is given, while a library is being loaded. */
export class Registration {
  private library: string
  private functions: LibraryFunction[]

  constructor() {
    this.library = ''
    this.functions = []
  }

  /** Runs the library's body with the globals of loading. Raises LibraryError. */
  load(state: LuaState, globals: LuaTable, source: string): Library {
    const { name, body } = describeLibrary(source)
    this.library = name
    this.functions = []
    let main: LuaFunction
    try {
      main = compile(body, 'user_function').load({ globals, yielding: state.yielding })
    } catch (error) {
      if (error instanceof LuaError) throw new LibraryError(`Error compiling function: ${plainMessage(error)}`)
      throw error
    }
    try {
      if (state.yielding) for (const _ of state.runYielding(main, none)) continue
      else state.call(main, none)
    } catch (error) {
      if (error instanceof LuaError) throw new LibraryError(`Error registering functions: ${errorMessage(error)}`)
      if (error instanceof Kill) throw new LibraryError('Error registering functions: FUNCTION LOAD timeout')
      throw error
    }
    if (this.functions.length === 0) throw new LibraryError('No functions registered')
    return { name, source, functions: this.functions }
  }

  /** redis.register_function */
  readonly register = (...values: LuaValue[]): LuaResult => {
    const asked = values.length === 1 ? readNamed(values[0]) : readPositional(values)
    if (!namePattern.test(asked.name)) throw refused(badName)
    if (this.functions.some((fn) => fn.name === asked.name)) throw refused('Function already exists in the library')
    this.functions.push({ ...asked, library: this.library })
    return none
  }
}

type Asked = Omit<LibraryFunction, 'library'>

function readPositional(values: readonly LuaValue[]): Asked {
  if (values.length !== 2) throw refused('wrong number of arguments to redis.register_function')
  const [name, callback] = values
  if (!isText(name)) throw refused('first argument to redis.register_function must be a string')
  if (typeof callback !== 'function') throw refused('second argument to redis.register_function must be a function')
  return { name: String(name), callback, flags: 0, description: undefined }
}

function readNamed(table: LuaValue): Asked {
  if (!(table instanceof LuaTable)) {
    throw refused('calling redis.register_function with a single argument is only applicable to Lua table '
      + '(representing named arguments).')
  }
  let name: string | undefined
  let description: string | undefined
  let callback: LuaFunction | undefined
  let flags = 0
  for (let at = table.seek(0); at !== endOfTable; at = table.seek(table.after(at))) {
    const key = table.keyAt(at)
    const value = table.valueAt(at)
    if (!isText(key)) throw refused('named argument key given to redis.register_function is not a string')
    if (key === 'function_name') {
      if (!isText(value)) throw refused('function_name argument given to redis.register_function must be a string')
      name = String(value)
    } else if (key === 'description') {
      if (!isText(value)) throw refused('description argument given to redis.register_function must be a string')
      description = String(value)
    } else if (key === 'callback') {
      if (typeof value !== 'function') {
        throw refused('callback argument given to redis.register_function must be a function')
      }
      callback = value
    } else if (key === 'flags') flags = readFlags(value)
    else throw refused('unknown argument given to redis.register_function')
  }
  if (name === undefined) throw refused('redis.register_function must get a function name argument')
  if (callback === undefined) throw refused('redis.register_function must get a callback argument')
  return { name, description, callback, flags }
}

function readFlags(list: LuaValue): number {
  if (!(list instanceof LuaTable)) {
    throw refused('flags argument to redis.register_function must be a table representing function flags')
  }
  let flags = 0
  for (let i = 1; list.getIndex(i) !== undefined; i++) {
    const flag = flagOf(String(list.getIndex(i)))
    if (flag === undefined) throw refused('unknown flag given')
    flags |= flag
  }
  return flags
}

/** C takes a number for a string. */
function isText(value: LuaValue): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function refused(text: string): LuaError {
  return raiseText(`ERR ${text}`)
}

function plainMessage(error: LuaError): string {
  return String(error.value)
}
