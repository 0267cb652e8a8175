// CLUSTER, ASKING, READONLY, READWRITE: clients that look for a cluster are told that there is none.

import type { CommandFlag } from '../../core/commands/spec.ts'
import type { BrokerSpec, ServeHandler } from '../command.ts'

const refuse: ServeHandler = (_, _a, r) => r.error('ERR This instance has cluster support disabled')

/** Name, arity, flags: `a` admin, `n` no_async_loading, `s` stale, `l` loading, `x` noscript; since, summary. */
type Row = readonly [name: string, arity: number, flags: string, since: string, summary: string]

const rows: readonly Row[] = [
  ['addslots', -3, 'asn', '3.0.0', 'Assigns hash slots to a node.'],
  ['addslotsrange', -4, 'asn', '7.0.0', 'Assigns ranges of hash slots to a node.'],
  ['bumpepoch', 2, 'asn', '3.0.0', 'Advances the configuration epoch.'],
  ['count-failure-reports', 3, 'as', '3.0.0', 'Counts the reports of failure about a node.'],
  ['countkeysinslot', 3, 's', '3.0.0', 'Counts the keys of a hash slot.'],
  ['delslots', -3, 'asn', '3.0.0', 'Takes hash slots away from a node.'],
  ['delslotsrange', -4, 'asn', '7.0.0', 'Takes ranges of hash slots away from a node.'],
  ['failover', -2, 'asn', '3.0.0', 'Makes a replica the master of its slots.'],
  ['flushslots', 2, 'asn', '3.0.0', 'Takes all hash slots away from a node.'],
  ['forget', 3, 'asn', '3.0.0', 'Forgets a node.'],
  ['getkeysinslot', 4, 's', '3.0.0', 'Returns keys of a hash slot.'],
  ['help', 2, 'ls', '5.0.0', 'Lists the subcommands.'],
  ['info', 2, 's', '3.0.0', 'Describes the state of the cluster.'],
  ['keyslot', 3, 's', '3.0.0', 'Returns the hash slot of a key.'],
  ['links', 2, 's', '7.0.0', 'Lists the links to and from other nodes.'],
  ['meet', -4, 'asn', '3.0.0', 'Introduces another node.'],
  ['myid', 2, 's', '3.0.0', 'Returns the id of the node.'],
  ['myshardid', 2, 's', '7.2.0', 'Returns the id of the node\'s shard.'],
  ['nodes', 2, 's', '3.0.0', 'Lists the nodes and their slots.'],
  ['replicas', 3, 'as', '5.0.0', 'Lists the replicas of a master.'],
  ['replicate', 3, 'asn', '3.0.0', 'Makes the node a replica of a master.'],
  ['reset', -2, 'axs', '3.0.0', 'Resets the node.'],
  ['saveconfig', 2, 'asn', '3.0.0', 'Saves the node\'s configuration.'],
  ['set-config-epoch', 3, 'asn', '3.0.0', 'Sets the configuration epoch of a new node.'],
  ['setslot', -4, 'asn', '3.0.0', 'Binds a hash slot to a node.'],
  ['shards', 2, 's', '7.0.0', 'Lists the shards and their slots.'],
  ['slaves', 3, 'as', '3.0.0', 'Lists the replicas of a master.'],
  ['slots', 2, 's', '3.0.0', 'Lists the slots and their nodes.'],
]

const flagOf: Readonly<Record<string, CommandFlag>> = {
  a: 'admin', s: 'stale', n: 'no_async_loading', l: 'loading', x: 'noscript',
}

const shifting = new Set([
  'bumpepoch', 'count-failure-reports', 'getkeysinslot', 'info', 'links', 'nodes', 'replicas', 'shards', 'slaves',
  'slots',
])

function declared([name, arity, flags, since, summary]: Row): BrokerSpec {
  return {
    name, arity, flags: Array.from(flags, (letter) => flagOf[letter]!), group: 'cluster', since, summary,
    complexity: 'O(1)', ...(shifting.has(name) ? { tips: ['nondeterministic_output'] } : {}), serve: refuse,
  }
}

const connection = { arity: 1, group: 'cluster', since: '3.0.0', complexity: 'O(1)', serve: refuse } as const

export const clusterCommands: readonly BrokerSpec[] = [
  {
    name: 'cluster', arity: -2, flags: [], group: 'cluster', since: '3.0.0',
    summary: 'Holds the commands about a cluster.', complexity: 'Depends on subcommand.',
    subcommands: rows.map((row) => declared(row)),
  },
  {
    ...connection, name: 'asking', flags: ['fast'], categories: ['connection'],
    summary: 'Announces a command that follows an -ASK redirection.',
  },
  {
    ...connection, name: 'readonly', flags: ['loading', 'stale', 'fast'], categories: ['connection'],
    summary: 'Allows reads from a replica of a cluster.',
  },
  {
    ...connection, name: 'readwrite', flags: ['loading', 'stale', 'fast'], categories: ['connection'],
    summary: 'Ends READONLY.',
  },
]
