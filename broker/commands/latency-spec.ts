// What COMMAND tells about LATENCY and its subcommands; the handlers are in latency.ts.

import type { BrokerSpec } from '../command.ts'

export const latencySpec: BrokerSpec = {
  name: 'latency', arity: -2, flags: [], group: 'server', since: '2.8.13',
  summary: 'Holds the commands of the latency monitor.', complexity: 'Depends on subcommand.',
  subcommands: [
    {
      name: 'doctor', arity: 2, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server',
      since: '2.8.13', summary: 'Explains the latencies that were seen.', complexity: 'O(1)',
      tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
    },
    {
      name: 'graph', arity: 3, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server',
      since: '2.8.13', summary: 'Draws the latencies of an event.', complexity: 'O(1)',
      arguments: [{ name: 'event', type: 'string' }],
      tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
    },
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group: 'server', since: '2.8.13',
      summary: 'Lists the subcommands.', complexity: 'O(1)',
    },
    {
      name: 'histogram', arity: -2, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server',
      since: '7.0.0', summary: 'Returns the distribution of the latencies of commands.',
      complexity: 'O(N) where N is the number of commands with latency information being retrieved.',
      arguments: [{ name: 'command', type: 'string', optional: true, multiple: true }],
      tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
    },
    {
      name: 'history', arity: 3, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server',
      since: '2.8.13', summary: 'Returns the latest samples of an event.', complexity: 'O(1)',
      arguments: [{ name: 'event', type: 'string' }],
      tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
    },
    {
      name: 'latest', arity: 2, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server',
      since: '2.8.13', summary: 'Returns the last and the worst sample of each event.', complexity: 'O(1)',
      tips: ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'],
    },
    {
      name: 'reset', arity: -2, flags: ['admin', 'noscript', 'loading', 'stale'], group: 'server',
      since: '2.8.13', summary: 'Forgets the samples of events.', complexity: 'O(1)',
      arguments: [{ name: 'event', type: 'string', optional: true, multiple: true }],
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    },
  ],
}
