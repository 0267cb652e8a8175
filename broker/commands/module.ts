// MODULE: there are none, and none can be loaded.

import type { BrokerSpec, ServeHandler } from '../command.ts'
import { bindSubcommands } from './bind.ts'

const refuse: ServeHandler = (_, _a, r) => r.error('ERR MODULE command not allowed. Millrace loads no modules.')

const loads = { group: 'server', complexity: 'O(1)', flags: ['admin', 'noscript', 'no_async_loading'] } as const

const container = bindSubcommands({
  name: 'module', arity: -2, flags: [], group: 'server', since: '4.0.0',
  summary: 'Holds the commands about modules.', complexity: 'Depends on subcommand.',
  subcommands: [
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group: 'server', since: '5.0.0',
      summary: 'Lists the subcommands.', complexity: 'O(1)',
    },
    {
      name: 'list', arity: 2, flags: ['admin', 'noscript'], group: 'server', since: '4.0.0',
      summary: 'Lists the loaded modules.', complexity: 'O(N) where N is the number of loaded modules.',
      tips: ['nondeterministic_output_order'],
    },
    {
      ...loads, name: 'load', arity: -3, since: '4.0.0', summary: 'Loads a module.',
      arguments: [{ name: 'path', type: 'string' }, { name: 'arg', type: 'string', optional: true, multiple: true }],
    },
    {
      ...loads, name: 'loadex', arity: -3, since: '7.0.0', summary: 'Loads a module with its configuration.',
      arguments: [{ name: 'path', type: 'string' }],
    },
    {
      ...loads, name: 'unload', arity: 3, since: '4.0.0', summary: 'Unloads a module.',
      arguments: [{ name: 'name', type: 'string' }],
    },
  ],
}, { list: (_, _a, r) => r.array(0), load: refuse, loadex: refuse, unload: refuse })

export const moduleCommands: readonly BrokerSpec[] = [container]
