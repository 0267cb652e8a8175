// The library cjson.

import { checkNumber, checkString } from './lua/args.ts'
import { argumentError, raise } from './lua/sites.ts'
import { LuaTable } from './lua/table.ts'
import type { LuaFunction, LuaResult, LuaValue } from './lua/value.ts'
import { jsonDefaults } from './json-config.ts'
import type { JsonConfig } from './json-config.ts'
import { decodeJson, NotJson } from './json-decode.ts'
import { encodeJson, Unserialisable } from './json-encode.ts'
import { jsonNull } from './json-null.ts'

const intMax = 2 ** 31 - 1
const onOff = ['off', 'on'] as const
const onOffNull = ['off', 'on', 'null'] as const

export class JsonLibrary {
  config: JsonConfig
  readonly table: LuaTable

  constructor() {
    this.config = jsonDefaults
    this.table = new LuaTable()
    const functions = { ...codecFunctions(this), ...settingFunctions(this) }
    for (const [name, run] of Object.entries(functions)) this.table.setString(name, run)
    this.table.setString('null', jsonNull)
    this.table.setString('_NAME', 'cjson')
    this.table.setString('_VERSION', '2.1.0')
  }

  /** Changes one setting, and returns it. */
  set<Name extends keyof JsonConfig>(name: Name, value: JsonConfig[Name]): JsonConfig[Name] {
    if (this.config[name] !== value) this.config = { ...this.config, [name]: value }
    return value
  }
}

type Functions = Readonly<Record<string, LuaFunction>>

function codecFunctions(library: JsonLibrary): Functions {
  return {
    encode(value) {
      if (arguments.length !== 1) throw argumentError(1, 'expected 1 argument')
      try {
        return encodeJson(library.config, value)
      } catch (error) {
        throw error instanceof Unserialisable ? raise(`Cannot serialise${error.text}`) : error
      }
    },
    decode(text) {
      if (arguments.length !== 1) throw argumentError(1, 'expected 1 argument')
      const source = checkString(text, 1, 1)
      try {
        return decodeJson(library.config, source)
      } catch (error) {
        throw error instanceof NotJson ? raise(error.text) : error
      }
    },
    new: () => new JsonLibrary().table,
  }
}

function settingFunctions(library: JsonLibrary): Functions {
  const arrayMetatable = new LuaTable()
  type Numeric = 'encodeDepthMax' | 'decodeDepthMax' | 'precision'
  const numeric = (name: Numeric, most: number): LuaFunction => (...values) => {
    fewArguments(values.length, 1)
    return library.set(name, integer(values[0], 1, library.config[name], 1, most))
  }
  const switched = (name: 'keepBuffer' | 'decodeInvalid'): LuaFunction => (...values) => {
    fewArguments(values.length, 1)
    return library.set(name, option(values[0], library.config[name] ? 'on' : 'off', onOff) === 'on')
  }
  return {
    encode_sparse_array(...values): LuaResult {
      fewArguments(values.length, 3)
      const { config } = library
      return [
        library.set('sparseConvert', option(values[0], config.sparseConvert ? 'on' : 'off', onOff) === 'on'),
        library.set('sparseRatio', integer(values[1], 2, config.sparseRatio, 0, intMax)),
        library.set('sparseSafe', integer(values[2], 3, config.sparseSafe, 0, intMax)),
      ]
    },
    encode_max_depth: numeric('encodeDepthMax', intMax),
    decode_max_depth: numeric('decodeDepthMax', intMax),
    encode_number_precision: numeric('precision', 14),
    encode_keep_buffer: switched('keepBuffer'),
    decode_invalid_numbers: switched('decodeInvalid'),
    encode_invalid_numbers(...values) {
      fewArguments(values.length, 1)
      const word = library.set('encodeInvalid', option(values[0], library.config.encodeInvalid, onOffNull))
      return word === 'null' ? word : word === 'on'
    },
    decode_array_with_array_mt(...values) {
      fewArguments(values.length, 1)
      const now = library.config.arrayMetatable === undefined ? 'off' : 'on'
      const on = option(values[0], now, onOff) === 'on'
      library.set('arrayMetatable', on ? arrayMetatable : undefined)
      return on
    },
  }
}

function fewArguments(count: number, most: number): void {
  if (count > most) throw argumentError(most + 1, 'found too many arguments')
}

/** An argument that is one of `words`, or a boolean for `off` and `on`; nil leaves things as they are. */
function option<Word extends string>(value: LuaValue, now: Word, words: readonly Word[]): Word {
  if (value === undefined) return now
  if (typeof value === 'boolean') return words[value ? 1 : 0]!
  const text = checkString(value, 1, 1)
  const word = words.find((one) => one === text)
  if (word === undefined) throw argumentError(1, `invalid option '${text}'`)
  return word
}

function integer(value: LuaValue, index: number, now: number, least: number, most: number): number {
  if (value === undefined) return now
  const n = Math.trunc(checkNumber(value, index, index))
  if (!(n >= least && n <= most)) throw argumentError(index, `expected integer between ${least} and ${most}`)
  return n
}
