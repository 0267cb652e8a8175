// From source text to a function. A chunk is compiled when it is first loaded into a state, in the form that the
// state needs.
import {
  all, areSteps, callable, drop, finish, first, meter, tailCall, tailCallSteps, tick, tickAndPause, unfinished,
} from './call.ts'
import { LuaError } from './error.ts'
import { generate, runtimeNames } from './generate.ts'
import { roundedSize } from './expression-text.ts'
import { loopMode } from './loop.ts'
import * as operators from './operators.ts'
import { parse } from './parser.ts'
import { registerSites } from './sites.ts'
import type { FunctionBody } from './syntax.ts'
import { LuaTable, endOfTable, lastSlot } from './table.ts'
import { none } from './value.ts'
import type { LuaFunction, LuaValue } from './value.ts'

/** What a chunk needs of a state. */
export interface Home {
  readonly globals: LuaTable
  readonly yielding: boolean
}

/** Makes the main function of a chunk; its parameters are `runtimeNames`. */
type Factory = (...runtime: unknown[]) => LuaFunction

/**
 * Compiles a chunk of source text (one char a byte). Errors of syntax are LuaErrors with Lua's text, which begins
 * with the chunk's name, such as 'user_script'.
 */
export function compile(source: string, chunkName: string): LuaChunk {
  return new LuaChunk(source, chunkName, guarded(chunkName, () => parse(source, chunkName)))
}

/** Syntax that is nested deeper than the stack bears. */
function guarded<T>(chunk: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new LuaError(`${chunk}:1: chunk has too many syntax levels`, { chunk, line: 1 })
  }
}

export class LuaChunk {
  readonly name: string
  /** Whether it is better loaded into a yielding state at once: its text speaks of coroutines. */
  readonly wantsYielding: boolean
  private readonly source: string
  private parsed: FunctionBody | undefined
  private readonly loaded = new WeakMap<Home, LuaFunction>()

  constructor(source: string, name: string, parsed: FunctionBody) {
    this.source = source
    this.name = name
    this.wantsYielding = source.includes('coroutine')
    this.parsed = parsed
  }

  /** The chunk's main function in a state. Always the same one: a chunk keeps no variables from run to run. */
  load(home: Home): LuaFunction {
    let main = this.loaded.get(home)
    if (main === undefined) {
      main = guarded(this.name, () => this.make(home))
      this.loaded.set(home, main)
    }
    return main
  }

  private make(home: Home): LuaFunction {
    const body = this.parsed ?? parse(this.source, this.name)
    this.parsed = undefined
    const { source, table } = generate(body, home.yielding, this.name)
    const url = registerSites(table)
    // The one place where source text becomes code: generate.ts lets nothing of the script into it but escaped
    // literals.
    const factory = new Function(...runtimeNames, `${source}\n//# sourceURL=${url}`) as Factory
    const runtime: Record<(typeof runtimeNames)[number], unknown> = {
      $G: home.globals,
      $M: meter,
      $Table: LuaTable,
      $tick: home.yielding ? tickAndPause : tick,
      $index: operators.index,
      $field: operators.field,
      $setIndex: operators.setIndex,
      $setChecked: operators.setChecked,
      $arithmetic: operators.arithmetic,
      $power: operators.power,
      $equal: operators.equal,
      $less: operators.less,
      $lessOrEqual: operators.lessOrEqual,
      $concat: operators.concat,
      $length: operators.lengthOf,
      $loopNumber: operators.loopNumber,
      $first: first,
      $all: all,
      $drop: drop,
      $callable: callable,
      $tailCall: home.yielding ? tailCallSteps : tailCall,
      $unfinished: unfinished,
      $finish: finish,
      $none: none,
      $list: listTable,
      $arg: argTable,
      $fill: fillTable,
      $record: recordTable,
      $setField: operators.setField,
      $slot: lastSlot,
      $steps: areSteps,
      $loopMode: loopMode,
      $end: endOfTable,
      $sites: table,
    }
    return factory(...runtimeNames.map((name) => runtime[name]))
  }
}

/**
 * The table of a constructor that is only a list; `closed` of the values are written one by one, the others are a
 * call's.
 */
function listTable(values: LuaValue[], closed: number): LuaTable {
  const table = new LuaTable(Math.max(roundedSize(closed), values.length), 0)
  takeArray(table, values)
  return table
}

/** `arg`: what `...` stands for, and how many they are. */
function argTable(values: LuaValue[]): LuaTable {
  const count = values.length
  const table = listTable(values, count)
  table.setString('n', count)
  return table
}

function takeArray(table: LuaTable, values: LuaValue[]): void {
  while (values.length > 0 && values[values.length - 1] === undefined) values.pop()
  table.array = values
  table.holes = values.includes(undefined)
}

/**
 * The table of a constructor that has only keys which are written in the source; `keys` is the same array for all its
 * tables.
 */
function recordTable(keys: LuaValue[], values: LuaValue[], size: number): LuaTable {
  const table = new LuaTable(0, size)
  if (!values.includes(undefined)) table.fillRecord(keys, values)
  else for (let i = 0; i < keys.length; i++) table.set(keys[i], values[i])
  return table
}

/** The list of a constructor that has keys too. Lua writes the list last. */
function fillTable(table: LuaTable, values: readonly LuaValue[]): void {
  table.reserve(values.length)
  values.forEach((value, i) => table.setIndex(i + 1, value))
}
