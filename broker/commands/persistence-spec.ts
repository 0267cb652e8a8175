// What COMMAND tells about the commands that write files. Their handlers: persistence.ts.

import type { BrokerSpec } from '../command.ts'

export const saveSpec: BrokerSpec = {
  name: 'save', arity: 1, flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'], group: 'server',
  since: '1.0.0', summary: 'Writes all databases to the dump file, and lets everybody wait for it.',
  complexity: 'O(N) where N is the total number of keys in all databases',
}

export const bgsaveSpec: BrokerSpec = {
  name: 'bgsave', arity: -1, flags: ['admin', 'noscript', 'no_async_loading'], group: 'server', since: '1.0.0',
  summary: 'Writes all databases to the dump file in the background.', complexity: 'O(1)',
  arguments: [{ name: 'schedule', type: 'pure-token', token: 'SCHEDULE', since: '3.2.2', optional: true }],
  history: [['3.2.2', 'Added the `SCHEDULE` option.']],
}

export const bgrewriteaofSpec: BrokerSpec = {
  name: 'bgrewriteaof', arity: 1, flags: ['admin', 'noscript', 'no_async_loading'], group: 'server', since: '1.0.0',
  summary: 'Begins a new base for the log in the background.', complexity: 'O(1)',
}
