// COMMAND: every command described from its declaration.

import type { Args } from '../../core/args.ts'
import { keyFlags, visitKeys } from '../../core/commands/key-positions.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import { findCommandByName } from '../acl/rules.ts'
import { withSubcommands } from '../command.ts'
import type { BrokerSpec, Command } from '../command.ts'
import type { Connection } from '../connection.ts'
import { bindSubcommands } from './bind.ts'
import { categoriesOf } from './categories.ts'
import { writeCommandDocs } from './command-docs.ts'
import { writeCommandInfo } from './command-info.ts'
import { commandSpec } from './command-spec.ts'
import { matches } from './pattern.ts'

/** The command that the arguments from `i` on call, subcommand included. */
export function findCalled(c: Connection, a: Args, i: number): Command | undefined {
  const command = c.broker.commands.find(a.buf, a.start[i]!, a.end[i]!)
  if (command?.subcommands === undefined || (command.serve ?? command.run) !== undefined) return command
  return i + 1 < a.count ? command.subcommands.find(a.buf, a.start[i + 1]!, a.end[i + 1]!) : command
}

function writeAll(c: Connection, r: Reply): void {
  const all = c.broker.commands.specs
  r.array(all.length)
  for (const command of all) writeCommandInfo(r, command)
}

function info(c: Connection, a: Args, r: Reply): void {
  if (a.count === 2) return writeAll(c, r)
  r.array(a.count - 2)
  for (let i = 2; i < a.count; i++) {
    const command = findCommandByName(c.broker.commands, a.text(i))
    if (command === undefined) r.nil()
    else writeCommandInfo(r, command)
  }
}

function docs(c: Connection, a: Args, r: Reply): void {
  const chosen = new Set<Command>(a.count === 2 ? c.broker.commands.specs : [])
  for (let i = 2; i < a.count; i++) {
    const command = findCommandByName(c.broker.commands, a.text(i))
    if (command !== undefined) chosen.add(command)
  }
  r.map(chosen.size)
  for (const command of chosen) {
    r.text(command.fullName)
    writeCommandDocs(r, command)
  }
}

function list(c: Connection, a: Args, r: Reply): void {
  const all = withSubcommands(c.broker.commands)
  const names = (chosen: readonly Command[]): void => {
    r.array(chosen.length)
    for (const command of chosen) r.text(command.fullName)
  }
  if (a.count === 2) return names(all)
  if (a.count !== 5 || !a.is(2, 'FILTERBY')) return r.error(replies.syntax)
  const word = a.text(4).toLowerCase()
  if (a.is(3, 'MODULE')) names([])
  else if (a.is(3, 'ACLCAT')) names(all.filter((command) => (categoriesOf(command.spec) as string[]).includes(word)))
  else if (a.is(3, 'PATTERN')) names(all.filter((command) => matches(a, 4, command.fullName)))
  else r.error(replies.syntax)
}

type FoundKey = { arg: number, flags: readonly string[] }

function getKeys(c: Connection, a: Args, r: Reply, withFlags: boolean): void {
  const command = findCalled(c, a, 2)
  if (command === undefined) return r.error('ERR Invalid command specified')
  const specs = command.spec.keys ?? []
  if (specs.every((spec) => spec.flags.includes('not_key'))) return r.error('ERR The command has no key arguments')
  const count = a.count - 2
  if (command.arity > 0 ? count !== command.arity : count < -command.arity) {
    return r.error('ERR Invalid number of arguments specified for command')
  }

  const keys: FoundKey[] = []
  const fits = visitKeys(specs, a, 2, (arg, spec) => keys.push({ arg, flags: keyFlags(command.fullName, spec, a, 2) }))
  if (!fits && !command.spec.flags.includes('no_mandatory_keys')) {
    return r.error('ERR Invalid arguments specified for command')
  }
  r.array(keys.length)
  for (const { arg, flags } of keys) {
    if (withFlags) r.array(2)
    r.bulk(a.buf, a.start[arg]!, a.end[arg]!)
    if (!withFlags) continue
    r.set(flags.length)
    for (const flag of flags) r.simple(flag)
  }
}

const container = bindSubcommands(commandSpec, {
  count: (c, _, r) => r.int(c.broker.commands.specs.length),
  docs,
  getkeys: (c, a, r) => getKeys(c, a, r, false),
  getkeysandflags: (c, a, r) => getKeys(c, a, r, true),
  info,
  list,
})

/** COMMAND without a subcommand describes everything. */
export const commandCommands: readonly BrokerSpec[] = [{ ...container, serve: (c, _, r) => writeAll(c, r) }]
