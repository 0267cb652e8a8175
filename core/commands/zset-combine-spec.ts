// Declarations of the commands on several sorted sets.

import type { CommandSpec } from './spec.ts'
import { zdiff, zdiffstore, zinter, zintercard, zinterstore, zunion, zunionstore } from './zset-combine.ts'

export const zsetCombineCommands: readonly CommandSpec[] = [
  {
    name: 'zunion', arity: -3, since: '6.2.0', group: 'sorted-set',
    flags: ['readonly', 'movablekeys'],
    summary: 'Returns the members of any of these sorted sets',
    complexity: 'O(N)+O(M*log(M)) for N members in all and M in the result',
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: { keynum: 0, first: 1, step: 1 } },
    ],
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, multiple: true },
      { name: 'weight', type: 'integer', token: 'WEIGHTS', optional: true, multiple: true },
      { name: 'aggregate', type: 'oneof', token: 'AGGREGATE', optional: true, arguments: [
        { name: 'sum', type: 'pure-token', token: 'SUM' },
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ] },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', optional: true },
    ],
    run: zunion,
  },
  {
    name: 'zinter', arity: -3, since: '6.2.0', group: 'sorted-set',
    flags: ['readonly', 'movablekeys'],
    summary: 'Returns the members that all of these sorted sets have',
    complexity: 'O(N*K)+O(M*log(M)) for N members in the smallest of K and M in the result',
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: { keynum: 0, first: 1, step: 1 } },
    ],
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, multiple: true },
      { name: 'weight', type: 'integer', token: 'WEIGHTS', optional: true, multiple: true },
      { name: 'aggregate', type: 'oneof', token: 'AGGREGATE', optional: true, arguments: [
        { name: 'sum', type: 'pure-token', token: 'SUM' },
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ] },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', optional: true },
    ],
    run: zinter,
  },
  {
    name: 'zdiff', arity: -3, since: '6.2.0', group: 'sorted-set',
    flags: ['readonly', 'movablekeys'],
    summary: 'Returns the members that only the first of these sorted sets has',
    complexity: 'O(N*K)+O(M*log(M)) for N members in the first of K and M in the result',
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: { keynum: 0, first: 1, step: 1 } },
    ],
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, multiple: true },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', optional: true },
    ],
    run: zdiff,
  },
  {
    name: 'zunionstore', arity: -4, since: '2.0.0', group: 'sorted-set',
    flags: ['write', 'denyoom', 'movablekeys'],
    summary: 'Stores the members of any of these sorted sets at a key',
    complexity: 'O(N)+O(M*log(M)) for N members in all and M in the result',
    keys: [
      { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
      { flags: ['RO', 'access'], begin: { index: 2 }, find: { keynum: 0, first: 1, step: 1 } },
    ],
    arguments: [
      { name: 'destination', type: 'key', keySpec: 0 },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 1, multiple: true },
      { name: 'weight', type: 'integer', token: 'WEIGHTS', optional: true, multiple: true },
      { name: 'aggregate', type: 'oneof', token: 'AGGREGATE', optional: true, arguments: [
        { name: 'sum', type: 'pure-token', token: 'SUM' },
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ] },
    ],
    run: zunionstore,
  },
  {
    name: 'zinterstore', arity: -4, since: '2.0.0', group: 'sorted-set',
    flags: ['write', 'denyoom', 'movablekeys'],
    summary: 'Stores the members that all of these sorted sets have at a key',
    complexity: 'O(N*K)+O(M*log(M)) for N members in the smallest of K and M in the result',
    keys: [
      { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
      { flags: ['RO', 'access'], begin: { index: 2 }, find: { keynum: 0, first: 1, step: 1 } },
    ],
    arguments: [
      { name: 'destination', type: 'key', keySpec: 0 },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 1, multiple: true },
      { name: 'weight', type: 'integer', token: 'WEIGHTS', optional: true, multiple: true },
      { name: 'aggregate', type: 'oneof', token: 'AGGREGATE', optional: true, arguments: [
        { name: 'sum', type: 'pure-token', token: 'SUM' },
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ] },
    ],
    run: zinterstore,
  },
  {
    name: 'zdiffstore', arity: -4, since: '6.2.0', group: 'sorted-set',
    flags: ['write', 'denyoom', 'movablekeys'],
    summary: 'Stores the members that only the first of these sorted sets has at a key',
    complexity: 'O(N*K)+O(M*log(M)) for N members in the first of K and M in the result',
    keys: [
      { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
      { flags: ['RO', 'access'], begin: { index: 2 }, find: { keynum: 0, first: 1, step: 1 } },
    ],
    arguments: [
      { name: 'destination', type: 'key', keySpec: 0 },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 1, multiple: true },
    ],
    run: zdiffstore,
  },
  {
    name: 'zintercard', arity: -3, since: '7.0.0', group: 'sorted-set',
    flags: ['readonly', 'movablekeys'],
    summary: 'Counts the members that all of these sorted sets have',
    complexity: 'O(N*K) for N members in the smallest of K',
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: { keynum: 0, first: 1, step: 1 } },
    ],
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, multiple: true },
      { name: 'limit', type: 'integer', token: 'LIMIT', optional: true },
    ],
    run: zintercard,
  },
]
