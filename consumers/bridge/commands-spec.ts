// What COMMAND tells about BRIDGE and its subcommands; the handlers are in commands.ts.

import type { BrokerSpec } from '../../broker/command.ts'
import type { ArgumentSpec } from '../../core/commands/spec.ts'

const name: ArgumentSpec = { name: 'name', type: 'string' }
const common = { group: 'server', since: '0.1.0' } as const
const changing = { ...common, flags: ['write', 'admin', 'noscript', 'no_multi'] as const, complexity: 'O(1)' }
const asking = { ...common, flags: ['admin', 'noscript', 'stale'] as const }

/** An option with a value. */
function option(token: string, value: string, type: 'string' | 'integer' | 'key' | 'pattern' = 'string'): ArgumentSpec {
  return { name: value, type, token, optional: true }
}

const kinds: readonly ArgumentSpec[] = [
  { name: 'channels', type: 'block', arguments: [
    { name: 'channels', type: 'pure-token', token: 'CHANNELS' }, { name: 'pattern', type: 'pattern' },
    option('PREFIX', 'subject'),
    { name: 'direction', type: 'oneof', token: 'DIRECTION', optional: true, arguments: [
      { name: 'both', type: 'pure-token', token: 'BOTH' }, { name: 'out', type: 'pure-token', token: 'OUT' },
      { name: 'in', type: 'pure-token', token: 'IN' },
    ] },
  ] },
  { name: 'events', type: 'block', arguments: [
    { name: 'events', type: 'pure-token', token: 'EVENTS' }, { name: 'pattern', type: 'pattern' },
    option('CLASSES', 'letters'), option('PREFIX', 'subject'),
  ] },
  { name: 'stream-out', type: 'block', arguments: [
    { name: 'stream-out', type: 'pure-token', token: 'STREAM-OUT' }, { name: 'key', type: 'string' },
    option('SUBJECT', 'subject'), option('FROM', 'id'), option('DB', 'db', 'integer'),
    option('INFLIGHT', 'messages', 'integer'), option('CREATE', 'stream'),
    { name: 'shared', type: 'pure-token', token: 'SHARED', optional: true }, option('DEADLETTER', 'dead-letter'),
  ] },
  { name: 'stream-in', type: 'block', arguments: [
    { name: 'stream-in', type: 'pure-token', token: 'STREAM-IN' }, { name: 'stream', type: 'string' },
    { name: 'key', type: 'string' }, option('FILTER', 'subject'), option('FROM', 'sequence'),
    option('DB', 'db', 'integer'), option('MAXLEN', 'count', 'integer'), option('DEADLETTER', 'dead-letter'),
  ] },
]

export const bridgeSpec: BrokerSpec = {
  ...common, name: 'bridge', arity: -2, flags: [], summary: 'Holds the commands about bridges to NATS.',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...changing, name: 'add', arity: -4, summary: 'Makes a bridge to NATS, which is kept in the log.',
      arguments: [name, { name: 'kind', type: 'oneof', arguments: kinds }],
    },
    {
      ...changing, name: 'del', arity: 3, summary: 'Removes a bridge that was added, and forgets where it stood.',
      arguments: [name],
    },
    {
      ...common, name: 'help', arity: 2, flags: ['loading', 'stale'], summary: 'Lists the subcommands.',
      complexity: 'O(1)',
    },
    {
      ...asking, name: 'info', arity: -2, summary: 'Tells of the connection, or how far a bridge is.',
      complexity: 'O(1)', arguments: [{ ...name, optional: true }],
    },
    {
      ...asking, name: 'list', arity: 2, summary: 'Lists the bridges.',
      complexity: 'O(N) where N is the number of bridges.',
    },
    { ...changing, name: 'pause', arity: 3, summary: 'Lets a bridge rest where it stands.', arguments: [name] },
    { ...changing, name: 'resume', arity: 3, summary: 'Lets a bridge go on from where it stood.', arguments: [name] },
  ],
}
