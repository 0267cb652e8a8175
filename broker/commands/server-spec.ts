// What COMMAND tells about the commands of the server family that hold no others. Their handlers are in the files
// named after them.

import type { BrokerSpec } from '../command.ts'

export const debugSpec: BrokerSpec = {
  name: 'debug', arity: -2, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server', since: '1.0.0',
  summary: 'Holds the commands for those who test the server.', complexity: 'Depends on subcommand.',
  docFlags: ['syscmd'],
}

export const infoSpec: BrokerSpec = {
  name: 'info', arity: -1, flags: ['loading', 'stale'], group: 'server', since: '1.0.0',
  summary: 'Reports the state of the server and its counters.', complexity: 'O(1)', categories: ['dangerous'],
  arguments: [{ name: 'section', type: 'string', optional: true, multiple: true }],
  history: [['7.0.0', 'Added support for taking multiple section arguments.']],
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
}

export const lastsaveSpec: BrokerSpec = {
  name: 'lastsave', arity: 1, flags: ['loading', 'stale', 'fast'], group: 'server', since: '1.0.0',
  summary: 'Returns the time of the last checkpoint, in Unix seconds.', complexity: 'O(1)',
  categories: ['admin', 'dangerous'], tips: ['nondeterministic_output'],
}

export const lolwutSpec: BrokerSpec = {
  name: 'lolwut', arity: -1, flags: ['readonly', 'fast'], group: 'server', since: '5.0.0',
  summary: 'Draws something for the eye, and tells the version.', complexity: 'O(1)',
  arguments: [{ name: 'version', type: 'integer', token: 'VERSION', optional: true }],
}

export const monitorSpec: BrokerSpec = {
  name: 'monitor', arity: 1, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server',
  since: '1.0.0', summary: 'Shows every command as the server takes it.', complexity: 'O(1)',
}

export const roleSpec: BrokerSpec = {
  name: 'role', arity: 1, flags: ['noscript', 'loading', 'stale', 'fast'], group: 'server', since: '2.8.12',
  summary: 'Returns the role of the server in replication.', complexity: 'O(1)',
  categories: ['admin', 'dangerous'],
}

export const shutdownSpec: BrokerSpec = {
  name: 'shutdown', arity: -1, flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
  group: 'server', since: '1.0.0', summary: 'Makes the data safe and ends the server.',
  complexity: 'O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)',
  arguments: [
    {
      name: 'nosave_save', type: 'oneof', optional: true,
      arguments: [
        { name: 'nosave', type: 'pure-token', token: 'NOSAVE' },
        { name: 'save', type: 'pure-token', token: 'SAVE' },
      ],
    },
    { name: 'now', type: 'pure-token', token: 'NOW', since: '7.0.0', optional: true },
    { name: 'force', type: 'pure-token', token: 'FORCE', since: '7.0.0', optional: true },
    { name: 'abort', type: 'pure-token', token: 'ABORT', since: '7.0.0', optional: true },
  ],
  history: [['7.0.0', 'Added the `NOW`, `FORCE` and `ABORT` modifiers.']],
}

export const timeSpec: BrokerSpec = {
  name: 'time', arity: 1, flags: ['loading', 'stale', 'fast'], group: 'server', since: '2.6.0',
  summary: 'Returns the time of the server.', complexity: 'O(1)', tips: ['nondeterministic_output'],
}

export const waitSpec: BrokerSpec = {
  name: 'wait', arity: 3, flags: ['blocking'], group: 'generic', since: '3.0.0',
  summary: 'Waits until replicas have the writes of this connection.', complexity: 'O(1)',
  categories: ['connection'],
  arguments: [{ name: 'numreplicas', type: 'integer' }, { name: 'timeout', type: 'integer' }],
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
}

export const waitaofSpec: BrokerSpec = {
  name: 'waitaof', arity: 4, flags: ['blocking'], group: 'generic', since: '7.2.0',
  summary: 'Waits until the writes of this connection are on disk.', complexity: 'O(1)',
  categories: ['connection'],
  arguments: [
    { name: 'numlocal', type: 'integer' },
    { name: 'numreplicas', type: 'integer' },
    { name: 'timeout', type: 'integer' },
  ],
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
}
