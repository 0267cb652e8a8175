// What a script's error is to its client: `ERR user_script:1: boom script: <sha>, on @user_script:1.`

import type { LuaError } from './lua/error.ts'
import { LuaTable } from './lua/table.ts'
import { toText } from './lua/base.ts'

/** The error's text, beginning with its code. */
export function errorMessage(error: LuaError): string {
  const { value } = error
  if (!(value instanceof LuaTable)) return `ERR ${String(toText(value))}`
  const err = value.getString('err')
  return typeof err === 'string' || typeof err === 'number' ? String(err) : 'ERR unknown error'
}

/** The same with the script's name, and the line where it happened. */
export function errorReplyText(error: LuaError, name: string): string {
  const { place } = error
  const at = place === undefined ? '' : `, on @${place.chunk}:${place.line}.`
  return `${errorMessage(error)} script: ${name}${at}`
}

/** True when a command's own error was counted where it happened. */
export function isCounted(error: LuaError): boolean {
  const { value } = error
  return value instanceof LuaTable && value.getString('ignore_error_stats_update') === true
}
