// What COMMAND tells about COMMAND and its subcommands; the handlers are in command.ts.

import type { BrokerSpec } from '../command.ts'

export const commandSpec: BrokerSpec = {
  name: 'command', arity: -1, flags: ['loading', 'stale'], group: 'server', since: '2.8.13',
  summary: 'Describes all commands.', complexity: 'O(N) where N is the total number of Redis commands',
  categories: ['connection'], tips: ['nondeterministic_output_order'],
  subcommands: [
    {
      name: 'count', arity: 2, flags: ['loading', 'stale'], group: 'server', since: '2.8.13',
      summary: 'Returns the number of commands.', complexity: 'O(1)', categories: ['connection'],
    },
    {
      name: 'docs', arity: -2, flags: ['loading', 'stale'], group: 'server', since: '7.0.0',
      summary: 'Returns the documentation of commands.',
      complexity: 'O(N) where N is the number of commands to look up', categories: ['connection'],
      arguments: [{ name: 'command-name', type: 'string', optional: true, multiple: true }],
      tips: ['nondeterministic_output_order'],
    },
    {
      name: 'getkeys', arity: -4, flags: ['loading', 'stale'], group: 'server', since: '2.8.13',
      summary: 'Finds the keys in a full command.',
      complexity: 'O(N) where N is the number of arguments to the command', categories: ['connection'],
    },
    {
      name: 'getkeysandflags', arity: -4, flags: ['loading', 'stale'], group: 'server', since: '7.0.0',
      summary: 'Finds the keys in a full command, and what is done with each.',
      complexity: 'O(N) where N is the number of arguments to the command', categories: ['connection'],
    },
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group: 'server', since: '5.0.0',
      summary: 'Lists the subcommands.', complexity: 'O(1)', categories: ['connection'],
    },
    {
      name: 'info', arity: -2, flags: ['loading', 'stale'], group: 'server', since: '2.8.13',
      summary: 'Describes some commands.', complexity: 'O(N) where N is the number of commands to look up',
      categories: ['connection'],
      arguments: [{ name: 'command-name', type: 'string', optional: true, multiple: true }],
      history: [['7.0.0', 'Allowed to be called with no argument to get info on all commands.']],
      tips: ['nondeterministic_output_order'],
    },
    {
      name: 'list', arity: -2, flags: ['loading', 'stale'], group: 'server', since: '7.0.0',
      summary: 'Lists the names of commands.',
      complexity: 'O(N) where N is the total number of Redis commands', categories: ['connection'],
      arguments: [
        {
          name: 'filterby', type: 'oneof', token: 'FILTERBY', optional: true,
          arguments: [
            { name: 'module-name', type: 'string', token: 'MODULE' },
            { name: 'category', type: 'string', token: 'ACLCAT' },
            { name: 'pattern', type: 'pattern', token: 'PATTERN' },
          ],
        },
      ],
      tips: ['nondeterministic_output_order'],
    },
  ],
}
