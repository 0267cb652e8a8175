// Declarations of SORT and SORT_RO.

import type { Args } from '../args.ts'
import { sort } from './sort.ts'
import type { ArgumentSpec, CommandSpec, KeySpec } from './spec.ts'

const source: KeySpec = { flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }
const named: KeySpec = {
  flags: ['RO', 'access'], begin: 'unknown', find: 'unknown',
  notes: 'The keys that BY and GET read have names made of the elements',
}
const stored: KeySpec = {
  flags: ['OW', 'update'], begin: 'unknown', find: 'unknown', notes: 'STORE may stand anywhere among the options',
  locate: storeArgument,
}

/** The argument behind the last STORE, 0 when there is none. */
function storeArgument(a: Args, offset: number): number {
  let found = 0
  for (let i = offset + 2; i < a.count; i++) {
    if (a.is(i, 'LIMIT')) i += 2
    else if (a.is(i, 'BY') || a.is(i, 'GET')) i++
    else if (a.is(i, 'STORE') && i + 1 < a.count) found = ++i
  }
  return found
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const options: readonly ArgumentSpec[] = [
  { name: 'by-pattern', display: 'pattern', type: 'pattern', keySpec: 1, token: 'BY', optional: true },
  {
    name: 'limit', type: 'block', token: 'LIMIT', optional: true,
    arguments: [{ name: 'offset', type: 'integer' }, { name: 'count', type: 'integer' }],
  },
  {
    name: 'get-pattern', display: 'pattern', type: 'pattern', keySpec: 1, token: 'GET', optional: true,
    multiple: true, multipleToken: true,
  },
  {
    name: 'order', type: 'oneof', optional: true,
    arguments: [{ name: 'asc', type: 'pure-token', token: 'ASC' }, { name: 'desc', type: 'pure-token', token: 'DESC' }],
  },
  { name: 'sorting', type: 'pure-token', token: 'ALPHA', optional: true },
]
const common = {
  arity: -2, group: 'generic', categories: ['set', 'sortedset', 'list', 'dangerous'],
  complexity: 'O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of '
    + 'returned elements. When the elements are not sorted, complexity is O(N).',
} as const

export const sortCommands: readonly CommandSpec[] = [
  {
    ...common, name: 'sort', flags: ['write', 'denyoom', 'movablekeys'], since: '1.0.0',
    summary: 'Sorts a list, a set or a sorted set, and returns or stores the result.',
    keys: [source, named, stored],
    arguments: [
      key, ...options, { name: 'destination', type: 'key', keySpec: 2, token: 'STORE', optional: true },
    ],
    run: (x, a, r) => sort(x, a, r, false),
  },
  {
    ...common, name: 'sort_ro', flags: ['readonly', 'movablekeys'], since: '7.0.0',
    summary: 'Sorts a list, a set or a sorted set and returns the result.',
    keys: [source, named], arguments: [key, ...options], run: (x, a, r) => sort(x, a, r, true),
  },
]
