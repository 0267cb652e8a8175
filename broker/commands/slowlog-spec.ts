// What COMMAND tells about SLOWLOG and its subcommands; the handlers are in slowlog.ts.

import type { BrokerSpec } from '../command.ts'

export const slowlogSpec: BrokerSpec = {
  name: 'slowlog', arity: -2, flags: [], group: 'server', since: '2.2.12',
  summary: 'Holds the commands of the slow log.', complexity: 'Depends on subcommand.',
  subcommands: [
    {
      name: 'get', arity: -2, flags: ['admin', 'loading', 'stale'], group: 'server', since: '2.2.12',
      summary: 'Returns entries of the slow log.',
      complexity: 'O(N) where N is the number of entries returned',
      arguments: [{ name: 'count', type: 'integer', optional: true }],
      history: [['4.0.0', 'Added client IP address, port and name to the reply.']],
      tips: ['request_policy:all_nodes', 'nondeterministic_output'],
    },
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group: 'server', since: '6.2.0',
      summary: 'Lists the subcommands.', complexity: 'O(1)',
    },
    {
      name: 'len', arity: 2, flags: ['admin', 'loading', 'stale'], group: 'server', since: '2.2.12',
      summary: 'Returns the number of entries in the slow log.', complexity: 'O(1)',
      tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
    },
    {
      name: 'reset', arity: 2, flags: ['admin', 'loading', 'stale'], group: 'server', since: '2.2.12',
      summary: 'Empties the slow log.', complexity: 'O(N) where N is the number of entries in the slowlog',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    },
  ],
}
