// Other names for commands, or none: `rename-command` of redis.conf. Clients and scripts use the names that were given;
// everything behind dispatch, the log too, knows commands by their own.

import { Args, frameWords } from '../core/args.ts'
import type { CommandTable } from '../core/commands/command-table.ts'
import type { Command } from './command.ts'
import type { Config } from './config/config.ts'
import { lineError } from './config/file.ts'

/** What was sent, under the command's own name; undefined when the name that was sent means nothing any more. */
export function underOwnName(renames: Renames | undefined, sent: Args): Args | undefined {
  return renames === undefined ? sent : renames.translate(sent)
}

export class Renames {
  private readonly commands: CommandTable<Command>
  /** Commands' own names by the names that were given, in lower case; undefined where a name means nothing any more. */
  private readonly own: Map<string, string | undefined>

  /** Throws ConfigError. */
  constructor(config: Config, commands: CommandTable<Command>) {
    this.commands = commands
    this.own = new Map()
    for (const line of config.renames) {
      const [, from, to] = line.words.map((word) => word.toLowerCase()) as [string, string, string]
      const own = this.ownName(from)
      if (own === undefined) throw lineError(line, 'No such command in rename-command', config.product)
      this.own.set(from, undefined)
      if (to === '') continue
      if (this.ownName(to) !== undefined) throw lineError(line, 'Target command name already exists', config.product)
      this.own.set(to, own)
    }
  }

  translate(a: Args): Args | undefined {
    const name = a.text(0).toLowerCase()
    if (!this.own.has(name)) return a
    const own = this.own.get(name)
    if (own === undefined) return undefined
    if (own === name) return a
    return frameWords(new Args(), Array.from({ length: a.count }, (_, i) => (i === 0 ? own : a.copy(i))))
  }

  private ownName(name: string): string | undefined {
    if (this.own.has(name)) return this.own.get(name)
    const bytes = Buffer.from(name, 'latin1')
    return this.commands.find(bytes, 0, bytes.length)?.name
  }
}
