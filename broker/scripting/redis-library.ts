// The table `redis` that scripts and functions see.
// https://redis.io/docs/latest/develop/interact/programmability/lua-api/

import { Args } from '../../core/args.ts'
import { findCommand } from '../command.ts'
import { redisVersion } from '../product.ts'
import { underOwnName } from '../renames.ts'
import { frameValues } from './call-arguments.ts'
import type { ScriptHost } from './host.ts'
import { numberToString, parseNumber } from './lua/number.ts'
import { raiseText } from './raise.ts'
import { LuaTable } from './lua/table.ts'
import { none } from './lua/value.ts'
import type { LuaFunction, LuaValue } from './lua/value.ts'
import { fieldOf } from './reply-value.ts'
import { sha1Hex } from './script-cache.ts'

const logLevels = ['debug', 'verbose', 'notice', 'warning'] as const
const wrongArguments = 'ERR wrong number or type of arguments'
const constants = {
  LOG_DEBUG: 0, LOG_VERBOSE: 1, LOG_NOTICE: 2, LOG_WARNING: 3,
  REPL_NONE: 0, REPL_AOF: 1, REPL_SLAVE: 2, REPL_REPLICA: 2, REPL_ALL: 3,
} as const

/** `redis` of scripts (`eval`), of functions, and of a library while it is loaded. */
export type Audience = 'eval' | 'function' | 'load'

export function redisLibrary(host: ScriptHost, audience: Audience): LuaTable {
  const table = new LuaTable()
  const add = (functions: Readonly<Record<string, LuaFunction>>): void => {
    for (const [name, run] of Object.entries(functions)) table.setString(name, run)
  }
  add({ log: logFunction(host) })
  if (audience !== 'load') add(callFunctions(host))
  if (audience === 'eval') add(evalFunctions())
  for (const [name, value] of Object.entries(constants)) {
    if (audience !== 'load' || name.startsWith('LOG_')) table.setString(name, value)
  }
  const [major, minor, patch] = redisVersion.split('.').map(Number)
  table.setString('REDIS_VERSION', redisVersion)
  table.setString('REDIS_VERSION_NUM', (major! << 16) | (minor! << 8) | patch!)
  return table
}

function callFunctions(host: ScriptHost): Readonly<Record<string, LuaFunction>> {
  const args = new Args()
  return {
    call: (...values) => host.call(values, true),
    pcall: (...values) => host.call(values, false),
    error_reply(text) {
      if (arguments.length !== 1 || typeof text !== 'string') return fieldOf('err', wrongArguments)
      return fieldOf('err', errorText(text))
    },
    status_reply(text) {
      if (arguments.length !== 1 || typeof text !== 'string') return fieldOf('err', wrongArguments)
      return fieldOf('ok', text)
    },
    sha1hex(text) {
      if (arguments.length !== 1) throw raiseText('ERR wrong number of arguments')
      return sha1Hex(plainText(text) ?? '')
    },
    setresp(version) {
      if (arguments.length !== 1) throw raiseText('ERR redis.setresp() requires one argument.')
      const wanted = Math.trunc(toNumber(version) ?? 0)
      if (wanted !== 2 && wanted !== 3) throw raiseText('ERR RESP version must be 2 or 3.')
      host.setProtocol(wanted)
      return none
    },
    set_repl(flags) {
      if (arguments.length !== 1) throw raiseText('ERR redis.set_repl() requires two arguments.')
      const wanted = Math.trunc(toNumber(flags) ?? 0)
      if (!(wanted >= 0 && wanted <= constants.REPL_ALL)) {
        throw raiseText('ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.')
      }
      return none
    },
    acl_check_cmd(...values) {
      if (values.length === 0) throw raiseText('ERR Please specify at least one argument for this redis lib call')
      if (!frameValues(args, values)) {
        throw raiseText('ERR Lua redis lib command arguments must be strings or integers')
      }
      const own = underOwnName(host.broker.renames, args)
      const command = own === undefined ? undefined : findCommand(host.broker.commands, own)
      if (command === undefined) throw raiseText('ERR Invalid command passed to redis.acl_check_cmd()')
      return host.broker.acl.allows(host.run!.client, command, own!)
    },
  }
}

/** What has meant something once, and what is for the debugger that scripts don't have here. */
function evalFunctions(): Readonly<Record<string, LuaFunction>> {
  return { replicate_commands: () => true, breakpoint: () => false, debug: () => none }
}

function logFunction(host: ScriptHost): LuaFunction {
  return (level, ...words) => {
    if (words.length === 0) throw raiseText('ERR redis.log() requires two arguments or more.')
    const number = toNumber(level)
    if (number === undefined) throw raiseText('ERR First argument must be a number (log level).')
    const name = logLevels[Math.trunc(number)]
    if (name === undefined) throw raiseText('ERR Invalid debug level.')
    host.log(name, words.map(plainText).filter((word) => word !== undefined).join(' '))
    return none
  }
}

/** A string, or a number as Lua writes it; undefined for anything else. */
function plainText(value: LuaValue): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? numberToString(value) : undefined
}

/** `CODE text` stays as it is, a single word gets the generic code in front; a leading dash is left out. */
function errorText(text: string): string {
  const bare = text.startsWith('-') ? text.slice(1) : text
  const clean = bare.replaceAll(/^[\r\n]+|[\r\n]+$/g, '').replaceAll(/[\r\n]/g, ' ')
  return clean.includes(' ') ? clean : `ERR ${clean}`
}

function toNumber(value: LuaValue): number | undefined {
  return typeof value === 'string' ? parseNumber(value) : typeof value === 'number' ? value : undefined
}
