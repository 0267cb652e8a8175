// All commands that the broker knows: those of the engine and its own.

import { coreCommands } from '../../core/commands/table.ts'
import { CommandTable } from '../../core/commands/command-table.ts'
import { Command } from '../command.ts'
import type { BrokerSpec } from '../command.ts'
import { pingCommands } from './ping.ts'
import { transactionCommands } from './transactions.ts'

const families: readonly (readonly BrokerSpec[])[] = [pingCommands, transactionCommands, coreCommands]

/** A table of its own for each broker, because it counts. */
export function createCommands(): CommandTable<Command> {
  return new CommandTable(families.flat().map((spec) => new Command(spec)))
}
