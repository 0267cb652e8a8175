// Errors that carry a table, as redis.call's do: `{err = text}`, and the place in the script.

import type { LuaError } from './lua/error.ts'
import { raiseValue } from './lua/sites.ts'
import { fieldOf } from './reply-value.ts'
import type { LuaValue } from './lua/value.ts'

/** An error of any value. */
export function raiseTable(value: LuaValue): LuaError {
  return raiseValue(value, 1)
}

/** An error that is `{err = text}`; the text begins with its code. */
export function raiseText(text: string): LuaError {
  return raiseValue(fieldOf('err', text), 1)
}
