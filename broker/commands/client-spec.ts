// What COMMAND tells about CLIENT and its subcommands; the handlers are in client.ts.

import type { BrokerSpec } from '../command.ts'

export const clientSpec: BrokerSpec = {
  name: 'client', arity: -2, flags: [], group: 'connection', since: '2.4.0',
  summary: 'Holds the commands about connections.', complexity: 'Depends on subcommand.',
  subcommands: [
    {
      name: 'caching', arity: 3, flags: ['noscript', 'loading', 'stale'], group: 'connection', since: '6.0.0',
      summary: 'Says whether the keys of the next command are tracked.', complexity: 'O(1)',
      arguments: [
        {
          name: 'mode', type: 'oneof',
          arguments: [
            { name: 'yes', type: 'pure-token', token: 'YES' },
            { name: 'no', type: 'pure-token', token: 'NO' },
          ],
        },
      ],
    },
    {
      name: 'getname', arity: 2, flags: ['noscript', 'loading', 'stale'], group: 'connection', since: '2.6.9',
      summary: 'Returns the name of the connection.', complexity: 'O(1)',
    },
    {
      name: 'getredir', arity: 2, flags: ['noscript', 'loading', 'stale'], group: 'connection',
      since: '6.0.0', summary: 'Returns the connection that gets the invalidations of this one.',
      complexity: 'O(1)',
    },
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group: 'connection', since: '5.0.0',
      summary: 'Lists the subcommands.', complexity: 'O(1)',
    },
    {
      name: 'id', arity: 2, flags: ['noscript', 'loading', 'stale'], group: 'connection', since: '5.0.0',
      summary: 'Returns the id of the connection.', complexity: 'O(1)',
    },
    {
      name: 'info', arity: 2, flags: ['noscript', 'loading', 'stale'], group: 'connection', since: '6.2.0',
      summary: 'Describes the connection on one line.', complexity: 'O(1)', tips: ['nondeterministic_output'],
    },
    {
      name: 'kill', arity: -3, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'connection',
      since: '2.4.0', summary: 'Closes connections that match.',
      complexity: 'O(N) where N is the number of client connections',
      arguments: [
        {
          name: 'filter', type: 'oneof',
          arguments: [
            { name: 'ip:port', type: 'string', deprecatedSince: '2.8.12' },
            {
              name: 'new-format', type: 'oneof', multiple: true,
              arguments: [
                { name: 'client-id', type: 'integer', token: 'ID', since: '2.8.12', optional: true },
                {
                  name: 'normal_master_slave_pubsub', type: 'oneof', token: 'TYPE', since: '2.8.12',
                  optional: true,
                  arguments: [
                    { name: 'normal', type: 'pure-token', token: 'NORMAL' },
                    { name: 'master', type: 'pure-token', token: 'MASTER', since: '3.2.0' },
                    { name: 'slave', type: 'pure-token', token: 'SLAVE' },
                    { name: 'replica', type: 'pure-token', token: 'REPLICA', since: '5.0.0' },
                    { name: 'pubsub', type: 'pure-token', token: 'PUBSUB' },
                  ],
                },
                { name: 'username', type: 'string', token: 'USER', optional: true },
                { name: 'ip:port', type: 'string', token: 'ADDR', optional: true },
                { name: 'ip:port', type: 'string', token: 'LADDR', since: '6.2.0', optional: true },
                { name: 'yes/no', type: 'string', token: 'SKIPME', optional: true },
                { name: 'maxage', type: 'integer', token: 'MAXAGE', since: '7.4.0', optional: true },
              ],
            },
          ],
        },
      ],
      history: [
        ['2.8.12', 'Added new filter format.'],
        ['2.8.12', '`ID` option.'],
        ['3.2.0', 'Added `master` type in for `TYPE` option.'],
        [
          '5.0.0',
          'Replaced `slave` `TYPE` with `replica`. `slave` still supported for backward compatibility.',
        ],
        ['6.2.0', '`LADDR` option.'],
        ['7.4.0', '`MAXAGE` option.'],
      ],
    },
    {
      name: 'list', arity: -2, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'connection',
      since: '2.4.0', summary: 'Describes all connections, or some of them.',
      complexity: 'O(N) where N is the number of client connections',
      arguments: [
        {
          name: 'normal_master_replica_pubsub', type: 'oneof', token: 'TYPE', since: '5.0.0', optional: true,
          arguments: [
            { name: 'normal', type: 'pure-token', token: 'NORMAL' },
            { name: 'master', type: 'pure-token', token: 'MASTER' },
            { name: 'replica', type: 'pure-token', token: 'REPLICA' },
            { name: 'pubsub', type: 'pure-token', token: 'PUBSUB' },
          ],
        },
        {
          name: 'id', type: 'block', token: 'ID', since: '6.2.0', optional: true,
          arguments: [{ name: 'client-id', type: 'integer', multiple: true }],
        },
      ],
      history: [
        ['2.8.12', 'Added unique client `id` field.'],
        ['5.0.0', 'Added optional `TYPE` filter.'],
        ['6.0.0', 'Added `user` field.'],
        ['6.2.0', 'Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the optional `ID` filter.'],
        ['7.0.0', 'Added `resp`, `multi-mem`, `rbs` and `rbp` fields.'],
        ['7.0.3', 'Added `ssub` field.'],
      ],
      tips: ['nondeterministic_output'],
    },
    {
      name: 'no-evict', arity: 3, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'connection',
      since: '7.0.0', summary: 'Exempts the connection from client eviction, or ends that.',
      complexity: 'O(1)',
      arguments: [
        {
          name: 'enabled', type: 'oneof',
          arguments: [
            { name: 'on', type: 'pure-token', token: 'ON' },
            { name: 'off', type: 'pure-token', token: 'OFF' },
          ],
        },
      ],
    },
    {
      name: 'no-touch', arity: 3, flags: ['noscript', 'loading', 'stale'], group: 'connection',
      since: '7.2.0', summary: 'Lets the commands of the connection leave access times alone, or ends that.',
      complexity: 'O(1)',
      arguments: [
        {
          name: 'enabled', type: 'oneof',
          arguments: [
            { name: 'on', type: 'pure-token', token: 'ON' },
            { name: 'off', type: 'pure-token', token: 'OFF' },
          ],
        },
      ],
    },
    {
      name: 'pause', arity: -3, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'connection',
      since: '2.9.50', summary: 'Holds back commands of clients for some time.', complexity: 'O(1)',
      arguments: [
        { name: 'timeout', type: 'integer' },
        {
          name: 'mode', type: 'oneof', since: '6.2.0', optional: true,
          arguments: [
            { name: 'write', type: 'pure-token', token: 'WRITE' },
            { name: 'all', type: 'pure-token', token: 'ALL' },
          ],
        },
      ],
      history: [['6.2.0', '`CLIENT PAUSE WRITE` mode added along with the `mode` option.']],
    },
    {
      name: 'reply', arity: 3, flags: ['noscript', 'loading', 'stale'], group: 'connection', since: '3.2.0',
      summary: 'Switches replies to the connection on or off.', complexity: 'O(1)',
      arguments: [
        {
          name: 'on_off_skip', type: 'oneof',
          arguments: [
            { name: 'on', type: 'pure-token', token: 'ON' },
            { name: 'off', type: 'pure-token', token: 'OFF' },
            { name: 'skip', type: 'pure-token', token: 'SKIP' },
          ],
        },
      ],
    },
    {
      name: 'setinfo', arity: 4, flags: ['noscript', 'loading', 'stale'], group: 'connection', since: '7.2.0',
      summary: 'Tells the name and the version of the client library.', complexity: 'O(1)',
      arguments: [
        {
          name: 'attr', type: 'oneof',
          arguments: [
            { name: 'libname', type: 'string', token: 'LIB-NAME' },
            { name: 'libver', type: 'string', token: 'LIB-VER' },
          ],
        },
      ],
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    },
    {
      name: 'setname', arity: 3, flags: ['noscript', 'loading', 'stale'], group: 'connection', since: '2.6.9',
      summary: 'Names the connection.', complexity: 'O(1)',
      arguments: [{ name: 'connection-name', type: 'string' }],
    },
    {
      name: 'tracking', arity: -3, flags: ['noscript', 'loading', 'stale'], group: 'connection',
      since: '6.0.0', summary: 'Switches server-assisted client caching on or off.',
      complexity: 'O(1). Some options may introduce additional complexity.',
      arguments: [
        {
          name: 'status', type: 'oneof',
          arguments: [
            { name: 'on', type: 'pure-token', token: 'ON' },
            { name: 'off', type: 'pure-token', token: 'OFF' },
          ],
        },
        { name: 'client-id', type: 'integer', token: 'REDIRECT', optional: true },
        {
          name: 'prefix', type: 'string', token: 'PREFIX', optional: true, multiple: true,
          multipleToken: true,
        },
        { name: 'bcast', type: 'pure-token', token: 'BCAST', optional: true },
        { name: 'optin', type: 'pure-token', token: 'OPTIN', optional: true },
        { name: 'optout', type: 'pure-token', token: 'OPTOUT', optional: true },
        { name: 'noloop', type: 'pure-token', token: 'NOLOOP', optional: true },
      ],
    },
    {
      name: 'trackinginfo', arity: 2, flags: ['noscript', 'loading', 'stale'], group: 'connection',
      since: '6.2.0', summary: 'Describes client caching of the connection.', complexity: 'O(1)',
    },
    {
      name: 'unblock', arity: -3, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'connection',
      since: '5.0.0', summary: 'Ends the waiting of another connection that is blocked.',
      complexity: 'O(log N) where N is the number of client connections',
      arguments: [
        { name: 'client-id', type: 'integer' },
        {
          name: 'timeout_error', type: 'oneof', optional: true,
          arguments: [
            { name: 'timeout', type: 'pure-token', token: 'TIMEOUT' },
            { name: 'error', type: 'pure-token', token: 'ERROR' },
          ],
        },
      ],
    },
    {
      name: 'trace', arity: 3, flags: ['noscript', 'loading', 'stale'], group: 'connection', since: '7.4.0',
      summary: 'Says which trace (W3C traceparent) the next commands belong to; the log keeps it. OFF ends that.',
      complexity: 'O(1)',
      arguments: [
        {
          name: 'trace', type: 'oneof',
          arguments: [{ name: 'traceparent', type: 'string' }, { name: 'off', type: 'pure-token', token: 'OFF' }],
        },
      ],
    },
    {
      name: 'unpause', arity: 2, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'connection',
      since: '6.2.0', summary: 'Lets held back clients go on.',
      complexity: 'O(N) Where N is the number of paused clients',
    },
  ],
}
