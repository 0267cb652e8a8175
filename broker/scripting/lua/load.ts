// load and loadstring: chunks that a script makes itself.
import { checkFunction, checkString, optionalString } from './args.ts'
import { callBack, meter, tick } from './call.ts'
import { compile } from './compile.ts'
import type { Home } from './compile.ts'
import { LuaError } from './error.ts'
import { numberToString } from './number.ts'
import { raise, translate } from './sites.ts'
import type { LuaFunction, LuaResult, LuaValue } from './value.ts'

/** How much of a source text names its chunk. */
const nameMax = 43

/** A chunk's name as error texts have it: '=name' and '@name' are names, anything else is source text. */
export function chunkId(name: string): string {
  if (name.startsWith('=') || name.startsWith('@')) return name.slice(1, 60)
  const line = /^[^\n\0]*/.exec(name)![0]
  const text = line.slice(0, nameMax)
  return text.length < name.length ? `[string "${text}..."]` : `[string "${text}"]`
}

function failure(error: unknown): LuaResult {
  const translated = translate(error)
  if (translated instanceof LuaError) return [undefined, translated.value]
  throw translated
}

/** What a reader function gives, piece by piece, until it gives nil or nothing. */
function readAll(reader: LuaFunction): string {
  let source = ''
  for (;;) {
    const [piece] = callBack(reader, [])
    if (piece === undefined || piece === '') return source
    if (typeof piece !== 'string' && typeof piece !== 'number') throw raise('reader function must return a string')
    source += typeof piece === 'number' ? numberToString(piece) : piece
    if (--meter.fuel < 0) tick()
  }
}

export function loadFunctions(home: Home): [string, LuaFunction][] {
  function chunk(source: string, name: string): LuaResult {
    try {
      return compile(source, chunkId(name)).load(home)
    } catch (error) {
      return failure(error)
    }
  }

  function loadstring(s: LuaValue, name: LuaValue): LuaResult {
    const source = checkString(s, 1, arguments.length)
    return chunk(source, optionalString(name, 2, arguments.length, source))
  }

  function load(f: LuaValue, name: LuaValue): LuaResult {
    const reader = checkFunction(f, 1, arguments.length)
    const id = optionalString(name, 2, arguments.length, '=(load)')
    let source: string
    try {
      source = readAll(reader)
    } catch (error) {
      return failure(error)
    }
    return chunk(source, id)
  }

  return [['load', load], ['loadstring', loadstring]]
}
