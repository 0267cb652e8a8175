// What COMMAND tells about the connection family but CLIENT; the handlers are in connection.ts.

import type { BrokerSpec } from '../command.ts'

export const authSpec: BrokerSpec = {
  name: 'auth', arity: -2, flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection', since: '1.0.0', summary: 'Proves who the client is.',
  complexity: 'O(N) where N is the number of passwords defined for the user',
  arguments: [
    { name: 'username', type: 'string', since: '6.0.0', optional: true },
    { name: 'password', type: 'string' },
  ],
  history: [['6.0.0', 'Added ACL style (username and password).']],
}

export const echoSpec: BrokerSpec = {
  name: 'echo', arity: 2, flags: ['loading', 'stale', 'fast'], group: 'connection', since: '1.0.0',
  summary: 'Answers with its argument.', complexity: 'O(1)', arguments: [{ name: 'message', type: 'string' }],
}

export const helloSpec: BrokerSpec = {
  name: 'hello', arity: -1, flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection', since: '6.0.0',
  summary: 'Agrees on the protocol version; can log in and name the connection at once.', complexity: 'O(1)',
  arguments: [
    {
      name: 'arguments', type: 'block', optional: true,
      arguments: [
        { name: 'protover', type: 'integer' },
        {
          name: 'username_password', type: 'block', token: 'AUTH', optional: true,
          arguments: [{ name: 'username', type: 'string' }, { name: 'password', type: 'string' }],
        },
        { name: 'clientname', type: 'string', token: 'SETNAME', optional: true },
      ],
    },
  ],
  history: [
    [
      '6.2.0',
      "`protover` made optional; when called without arguments the command reports the current connection's context.",
    ],
  ],
}

export const pingSpec: BrokerSpec = {
  name: 'ping', arity: -1, flags: ['fast'], group: 'connection', since: '1.0.0',
  summary: 'Answers PONG or its argument: shows that the server is alive.', complexity: 'O(1)',
  arguments: [{ name: 'message', type: 'string', optional: true }],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
}

export const quitSpec: BrokerSpec = {
  name: 'quit', arity: -1, flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection', since: '1.0.0', summary: 'Answers OK and closes the connection.', complexity: 'O(1)',
  deprecatedSince: '7.2.0', replacedBy: 'just closing the connection', docFlags: ['deprecated'],
}

export const resetSpec: BrokerSpec = {
  name: 'reset', arity: 1, flags: ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'],
  group: 'connection', since: '6.2.0', summary: 'Puts the connection back into the state of a fresh one.',
  complexity: 'O(1)',
}

export const selectSpec: BrokerSpec = {
  name: 'select', arity: 2, flags: ['loading', 'stale', 'fast'], group: 'connection', since: '1.0.0',
  summary: 'Chooses the database of the connection.', complexity: 'O(1)',
  arguments: [{ name: 'index', type: 'integer' }],
}
