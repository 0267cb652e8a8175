// What COMMAND tells about ACL and its subcommands; the handlers are in acl.ts.

import type { ArgumentSpec } from '../../core/commands/spec.ts'
import type { BrokerSpec } from '../command.ts'

const admin = { flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server', since: '6.0.0' } as const
const plain = { flags: ['noscript', 'loading', 'stale'], group: 'server', since: '6.0.0' } as const
const username: ArgumentSpec = { name: 'username', type: 'string' }
const perUser = 'O(N). Where N is the number of configured users.'

export const aclSpec: BrokerSpec = {
  name: 'acl', arity: -2, flags: [], group: 'server', since: '6.0.0',
  summary: 'Holds the commands of access control.', complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...plain, name: 'cat', arity: -2, summary: 'Lists the categories of commands, or the commands of one.',
      complexity: 'O(1) since the categories and commands are a fixed set.',
      arguments: [{ name: 'category', type: 'string', optional: true }],
    },
    {
      ...admin, name: 'deluser', arity: -3, summary: 'Removes users and closes their connections.',
      complexity: 'O(1) amortized time considering the typical user.', arguments: [{ ...username, multiple: true }],
    },
    {
      ...admin, name: 'dryrun', arity: -4, since: '7.0.0',
      summary: 'Tells whether a user may run a command, without running it.', complexity: 'O(1).',
      arguments: [
        username, { name: 'command', type: 'string' },
        { name: 'arg', type: 'string', optional: true, multiple: true },
      ],
    },
    {
      ...plain, name: 'genpass', arity: -2, summary: 'Makes a random password.', complexity: 'O(1)',
      arguments: [{ name: 'bits', type: 'integer', optional: true }],
    },
    {
      ...admin, name: 'getuser', arity: 3, summary: 'Returns the rules of a user.',
      complexity: 'O(N). Where N is the number of password, command and pattern rules that the user has.',
      arguments: [username],
      history: [
        ['6.2.0', 'Added Pub/Sub channel patterns.'],
        [
          '7.0.0',
          'Added selectors and changed the format of key and channel patterns from a list to their rule '
          + 'representation.',
        ],
      ],
    },
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group: 'server', since: '6.0.0',
      summary: 'Lists the subcommands.', complexity: 'O(1)',
    },
    { ...admin, name: 'list', arity: 2, summary: 'Lists the users as lines of a file of users.', complexity: perUser },
    { ...admin, name: 'load', arity: 2, summary: 'Reads the file of users anew.', complexity: perUser },
    {
      ...admin, name: 'log', arity: -2, summary: 'Lists what was refused lately, or forgets it.',
      complexity: 'O(N) with N being the number of entries shown.',
      arguments: [
        {
          name: 'operation', type: 'oneof', optional: true,
          arguments: [{ name: 'count', type: 'integer' }, { name: 'reset', type: 'pure-token', token: 'RESET' }],
        },
      ],
      history: [['7.2.0', 'Added entry ID, timestamp created, and timestamp last updated.']],
    },
    { ...admin, name: 'save', arity: 2, summary: 'Writes the users to the file of users.', complexity: perUser },
    {
      ...admin, name: 'setuser', arity: -3, summary: 'Changes the rules of a user, or adds the user.',
      complexity: 'O(N). Where N is the number of rules provided.',
      arguments: [username, { name: 'rule', type: 'string', optional: true, multiple: true }],
      history: [
        ['6.2.0', 'Added Pub/Sub channel patterns.'], ['7.0.0', 'Added selectors and key based permissions.'],
      ],
    },
    { ...admin, name: 'users', arity: 2, summary: 'Lists the names of the users.', complexity: perUser },
    {
      ...plain, name: 'whoami', arity: 2, summary: 'Returns the name of the user of the connection.',
      complexity: 'O(1)',
    },
  ],
}
