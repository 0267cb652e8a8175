// All commands that the broker knows: those of the engine and its own.

import { coreCommands } from '../../core/commands/table.ts'
import { CommandTable } from '../../core/commands/command-table.ts'
import { Command } from '../command.ts'
import type { BrokerSpec } from '../command.ts'
import { joinCommands } from '../extension.ts'
import type { Extension } from '../extension.ts'
import { aclCommands } from './acl.ts'
import { clientCommands } from './client.ts'
import { clusterCommands } from './cluster.ts'
import { commandCommands } from './command.ts'
import { configCommands } from './config.ts'
import { connectionCommands } from './connection.ts'
import { debugCommands } from './debug.ts'
import { failoverCommands } from './failover.ts'
import { functionCommands } from './function.ts'
import { infoCommands } from './info.ts'
import { latencyCommands } from './latency.ts'
import { lolwutCommands } from './lolwut.ts'
import { memoryCommands } from './memory.ts'
import { migrateCommands } from './migrate.ts'
import { moduleCommands } from './module.ts'
import { monitorCommands } from './monitor.ts'
import { persistenceCommands } from './persistence.ts'
import { pubsubCommands } from './pubsub.ts'
import { replicationCommands } from './replication.ts'
import { replicaofCommands } from './replicaof.ts'
import { scriptCommands } from './script.ts'
import { scriptingCommands } from './scripting.ts'
import { shutdownCommands } from './shutdown.ts'
import { slowlogCommands } from './slowlog.ts'
import { timeCommands } from './time.ts'
import { transactionCommands } from './transactions.ts'
import { waitCommands } from './wait.ts'

const families: readonly (readonly BrokerSpec[])[] = [
  aclCommands, clientCommands, clusterCommands, commandCommands, configCommands, connectionCommands, debugCommands,
  failoverCommands, functionCommands, infoCommands, latencyCommands, lolwutCommands, memoryCommands, migrateCommands,
  moduleCommands, monitorCommands, persistenceCommands, pubsubCommands, replicaofCommands, replicationCommands,
  scriptCommands, scriptingCommands, shutdownCommands, slowlogCommands, timeCommands, transactionCommands,
  waitCommands, coreCommands,
]

/** A table of its own for each broker, because it counts. */
export function createCommands(extensions: readonly Extension[] = []): CommandTable<Command> {
  return new CommandTable(joinCommands(families.flat(), extensions).map((spec) => new Command(spec)))
}
