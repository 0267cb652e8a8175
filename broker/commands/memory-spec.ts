// What COMMAND tells about MEMORY and its subcommands; the handlers are in memory.ts.

import type { BrokerSpec } from '../command.ts'

export const memorySpec: BrokerSpec = {
  name: 'memory', arity: -2, flags: [], group: 'server', since: '4.0.0',
  summary: 'Holds the commands about memory.', complexity: 'Depends on subcommand.',
  subcommands: [
    {
      name: 'doctor', arity: 2, flags: [], group: 'server', since: '4.0.0',
      summary: 'Explains the use of memory.', complexity: 'O(1)',
      tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    },
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group: 'server', since: '4.0.0',
      summary: 'Lists the subcommands.', complexity: 'O(1)',
    },
    {
      name: 'malloc-stats', arity: 2, flags: [], group: 'server', since: '4.0.0',
      summary: 'Reports on the allocator.',
      complexity: 'Depends on how much memory is allocated, could be slow',
      tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    },
    {
      name: 'purge', arity: 2, flags: [], group: 'server', since: '4.0.0',
      summary: 'Asks the allocator to give back memory.',
      complexity: 'Depends on how much memory is allocated, could be slow',
      tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    },
    {
      name: 'stats', arity: 2, flags: [], group: 'server', since: '4.0.0',
      summary: 'Returns figures about the use of memory.', complexity: 'O(1)',
      tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    },
    {
      name: 'usage', arity: -3, flags: ['readonly'], group: 'server', since: '4.0.0',
      summary: 'Estimates the memory that a key takes.', complexity: 'O(N) where N is the number of samples.',
      keys: [{ flags: ['RO'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } }],
      arguments: [
        { name: 'key', type: 'key', keySpec: 0 },
        { name: 'count', type: 'integer', token: 'SAMPLES', optional: true },
      ],
    },
  ],
}
