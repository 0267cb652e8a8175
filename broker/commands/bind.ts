// Puts handlers to the declarations of a container's subcommands, so that long declarations can stand in a file of
// their own.

import type { Handler } from '../../core/commands/spec.ts'
import type { BrokerSpec, ServeHandler } from '../command.ts'
import { writeHelp } from './help.ts'

/**
 * The container with its subcommands served, or (`runners`) run by the engine, which logs them; HELP is written from
 * the declarations.
 */
export function bindSubcommands(
  spec: BrokerSpec, handlers: Readonly<Record<string, ServeHandler>>, runners: Readonly<Record<string, Handler>> = {},
): BrokerSpec {
  const names = new Set([...Object.keys(handlers), ...Object.keys(runners)])
  const subcommands = spec.subcommands!.map((sub): BrokerSpec => {
    names.delete(sub.name)
    const run = runners[sub.name]
    if (run !== undefined) return { ...sub, run }
    const serve = sub.name === 'help' ? helpOf(spec) : handlers[sub.name]
    if (serve === undefined) throw new Error(`${spec.name}|${sub.name} has no handler`)
    return { ...sub, serve }
  })
  if (names.size > 0) throw new Error(`${spec.name} declares no ${[...names].join(', ')}`)
  return { ...spec, subcommands }
}

function helpOf(spec: BrokerSpec): ServeHandler {
  return (_, _a, r) => writeHelp(r, spec)
}
