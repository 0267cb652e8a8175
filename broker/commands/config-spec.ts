// What COMMAND tells about CONFIG and its subcommands; the handlers are in config.ts.

import type { BrokerSpec } from '../command.ts'

export const configSpec: BrokerSpec = {
  name: 'config', arity: -2, flags: [], group: 'server', since: '2.0.0',
  summary: 'Holds the commands of the configuration.', complexity: 'Depends on subcommand.',
  subcommands: [
    {
      name: 'get', arity: -3, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server',
      since: '2.0.0', summary: 'Returns parameters whose names match.',
      complexity: 'O(N) when N is the number of configuration parameters provided',
      arguments: [
        {
          name: 'parameter', type: 'block', multiple: true,
          arguments: [{ name: 'parameter', type: 'string' }],
        },
      ],
      history: [['7.0.0', 'Added the ability to pass multiple pattern parameters in one call']],
    },
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group: 'server', since: '5.0.0',
      summary: 'Lists the subcommands.', complexity: 'O(1)',
    },
    {
      name: 'resetstat', arity: 2, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server',
      since: '2.0.0', summary: 'Sets the counters of INFO to zero.', complexity: 'O(1)',
    },
    {
      name: 'rewrite', arity: 2, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server',
      since: '2.8.0', summary: 'Writes the configuration back to its file.', complexity: 'O(1)',
    },
    {
      name: 'set', arity: -4, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server',
      since: '2.0.0', summary: 'Sets parameters, all of them or none.',
      complexity: 'O(N) when N is the number of configuration parameters provided',
      arguments: [
        {
          name: 'parameter_value', type: 'block', multiple: true,
          arguments: [{ name: 'parameter', type: 'string' }, { name: 'value', type: 'string' }],
        },
      ],
      history: [['7.0.0', 'Added the ability to set multiple parameters in one call.']],
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    },
  ],
}
