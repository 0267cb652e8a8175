// A command as the running broker knows it: the declared spec, its flags as bits, and its counters.

import type { Args } from '../core/args.ts'
import type { EffectSpec } from '../core/checkpoint/effect-keys.ts'
import { CommandTable } from '../core/commands/command-table.ts'
import type { CommandFlag, CommandSpec, Handler, KeySpec } from '../core/commands/spec.ts'
import type { Reply } from '../core/reply.ts'
import type { Connection } from './connection.ts'

/** Serves a command that needs more than the engine: the client, the broker. Writes its reply, or parks the client. */
export type ServeHandler = (c: Connection, a: Args, r: Reply) => void

/** As CommandSpec; `serve` stands in place of `run` where the broker itself is asked. */
export type BrokerSpec = Omit<CommandSpec, 'subcommands'> & {
  serve?: ServeHandler
  subcommands?: readonly BrokerSpec[]
}

const flagNames: readonly CommandFlag[] = [
  'write', 'readonly', 'denyoom', 'admin', 'pubsub', 'noscript', 'blocking', 'loading', 'stale', 'skip_monitor',
  'skip_slowlog', 'fast', 'no_auth', 'may_replicate', 'movablekeys', 'no_multi', 'no_async_loading', 'allow_busy',
  'no_mandatory_keys', 'asking',
]

/** Bit of each flag in `Command.flags`. */
export const flagBits = Object.fromEntries(
  flagNames.map((name, i) => [name, 1 << i]),
) as Record<CommandFlag, number>

export class Command {
  /** Lower case; of a subcommand only its own word. */
  readonly name: string
  /** `client|id` for a subcommand. */
  readonly fullName: string
  readonly spec: BrokerSpec
  /** Number among all commands and subcommands of its broker; access control gives it. */
  id: number
  readonly parent: Command | undefined
  readonly arity: number
  readonly flags: number
  readonly subcommands: CommandTable<Command> | undefined
  readonly keys: readonly KeySpec[] | undefined
  run: Handler | undefined
  readonly serve: ServeHandler | undefined
  /** True when one run costs about nothing, so that its time need not be taken apart from its neighbours'. */
  readonly cheap: boolean
  /** True when one run may visit many elements. */
  readonly slow: boolean
  calls: number
  micros: number
  rejected: number
  failed: number
  /** How long calls took (core/histogram.ts), while `latency-tracking` is on. */
  histogram: Float64Array | undefined

  constructor(spec: BrokerSpec, parent?: Command) {
    this.name = spec.name
    this.fullName = parent === undefined ? spec.name : `${parent.fullName}|${spec.name}`
    this.spec = spec
    this.id = -1
    this.parent = parent
    this.arity = spec.arity
    this.flags = spec.flags.reduce((bits, flag) => bits | flagBits[flag], 0)
    const inner = spec.subcommands?.map((sub) => new Command(sub, this))
    this.subcommands = inner === undefined ? undefined : new CommandTable(inner)
    this.keys = spec.keys
    this.run = spec.run
    this.serve = spec.serve
    this.cheap = spec.complexity.startsWith('O(1)') && spec.serve === undefined && !spec.flags.includes('blocking')
    this.slow = !this.cheap && (this.flags & flagBits.fast) === 0
    this.calls = 0
    this.micros = 0
    this.rejected = 0
    this.failed = 0
    this.histogram = undefined
  }

  get container(): boolean {
    return this.subcommands !== undefined
  }

  /** Forgets the counters: CONFIG RESETSTAT. */
  resetStats(): void {
    this.calls = 0
    this.micros = 0
    this.rejected = 0
    this.failed = 0
    this.histogram = undefined
    for (const sub of this.subcommands?.specs ?? []) sub.resetStats()
  }
}

/** The command that the first words name; a container's subcommand when there is one of that name. */
export function findCommand(commands: CommandTable<Command>, a: Args): Command | undefined {
  const command = commands.find(a.buf, a.start[0]!, a.end[0]!)
  if (command === undefined || command.subcommands === undefined || a.count === 1) return command
  return command.subcommands.find(a.buf, a.start[1]!, a.end[1]!)
}

/** All commands, each followed by its subcommands. */
export function withSubcommands(commands: CommandTable<Command>): Command[] {
  return commands.specs.flatMap((command) => [command, ...(command.subcommands?.specs ?? [])])
}

/** Calls of all commands since the start, or since their counters were reset. */
export function commandsProcessed(commands: CommandTable<Command>): number {
  let calls = 0
  for (const command of commands.specs) {
    calls += command.calls
    for (const sub of command.subcommands?.specs ?? []) calls += sub.calls
  }
  return calls
}

/** Finds what must be known of logged commands to tell which keys they name. */
export function effectSpecs(commands: CommandTable<Command>): (args: Args) => EffectSpec | undefined {
  const known = new Map<Command, EffectSpec>()
  return (args) => {
    const found = findCommand(commands, args)
    if (found === undefined) return undefined
    let spec = known.get(found)
    if (spec === undefined) {
      spec = { name: found.fullName, keys: found.keys ?? [] }
      known.set(found, spec)
    }
    return spec
  }
}
