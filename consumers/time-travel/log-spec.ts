// What COMMAND tells about LOG and its subcommands; the handlers are in time-travel.ts.

import type { ArgumentSpec } from '../../core/commands/spec.ts'
import { oneKey } from '../../core/commands/spec.ts'
import type { BrokerSpec } from '../../broker/command.ts'

const common = { group: 'server', since: '0.1.0', categories: ['dangerous'] } as const
const reading = ['admin', 'noscript', 'no_multi'] as const
const when = { type: 'string', display: 'id | unix-time-ms | ISO-8601' } as const
const order: ArgumentSpec = {
  name: 'order', type: 'oneof', optional: true,
  arguments: [{ name: 'asc', type: 'pure-token', token: 'ASC' }, { name: 'desc', type: 'pure-token', token: 'DESC' }],
}

export const logSpec: BrokerSpec = {
  name: 'log', arity: -2, flags: [], group: 'server', since: '0.1.0',
  summary: 'Holds the commands about the history of the data.', complexity: 'Depends on subcommand.',
  subcommands: [
    {
      ...common, name: 'at', arity: -4, flags: [...reading],
      summary: 'Answers what a command that only reads would have answered at that time.',
      complexity: 'O(N) where N is the size of the checkpoint before that time and of the log from there on; in a '
        + 'process of its own',
      arguments: [
        { ...when, name: 'when' }, { name: 'command', type: 'string' },
        { name: 'arg', type: 'string', optional: true, multiple: true },
      ],
    },
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group: 'server', since: '0.1.0',
      summary: 'Lists the subcommands.', complexity: 'O(1)',
    },
    {
      ...common, name: 'history', arity: -3, flags: [...reading, 'readonly'],
      summary: 'Returns the entries that touched a key, the newest first.',
      complexity: 'O(N) where N is the size of the log that is looked through; in a process of its own',
      keys: shifted(),
      arguments: [
        { name: 'key', type: 'key', keySpec: 0 },
        { ...when, name: 'from', token: 'FROM', optional: true },
        { ...when, name: 'to', token: 'TO', optional: true },
        { name: 'count', type: 'integer', token: 'COUNT', optional: true },
        order,
      ],
    },
    {
      ...common, name: 'position', arity: 2, flags: ['admin', 'fast', 'stale'],
      summary: 'Tells how far the log goes: the last entry, and what of it is safe.', complexity: 'O(1)',
      tips: ['nondeterministic_output'],
    },
    {
      ...common, name: 'verify', arity: 2, flags: [...reading],
      summary: 'Verifies the log, its checkpoint and its archive.',
      complexity: 'O(N) where N is the size of the files; in a process of its own',
      tips: ['nondeterministic_output'],
    },
  ],
}

/** The key stands behind the subcommand's word. */
function shifted(): BrokerSpec['keys'] {
  return oneKey.read.map((spec) => ({ ...spec, begin: { index: 2 } }))
}
