// Declarations of the commands on ranges of a sorted set.

import { oneKey } from './spec.ts'
import type { CommandSpec } from './spec.ts'
import {
  zrange, zrangebylex, zrangebyscore, zrangestore, zrevrange, zrevrangebylex, zrevrangebyscore,
} from './zset-range.ts'
import { zcount, zlexcount, zremrangebylex, zremrangebyrank, zremrangebyscore } from './zset-remove.ts'

export const zsetRangeCommands: readonly CommandSpec[] = [
  {
    name: 'zrange', arity: -4, since: '1.2.0', group: 'sorted-set',
    flags: ['readonly'],
    summary: 'Returns the members in a range of places, scores or members',
    complexity: 'O(log(N)+M) for M members returned',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'string' },
      { name: 'stop', type: 'string' },
      { name: 'sortby', type: 'oneof', since: '6.2.0', optional: true, arguments: [
        { name: 'byscore', type: 'pure-token', token: 'BYSCORE' },
        { name: 'bylex', type: 'pure-token', token: 'BYLEX' },
      ] },
      { name: 'rev', type: 'pure-token', token: 'REV', since: '6.2.0', optional: true },
      { name: 'offset_count', type: 'block', token: 'LIMIT', since: '6.2.0', optional: true, arguments: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ] },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', optional: true },
    ],
    history: [['6.2.0', '`REV`, `BYSCORE`, `BYLEX` and `LIMIT` came.']],
    run: zrange,
  },
  {
    name: 'zrevrange', arity: -4, since: '1.2.0', group: 'sorted-set',
    flags: ['readonly'],
    summary: 'Returns the members in a range of places, by descending scores',
    complexity: 'O(log(N)+M) for M members returned',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'integer' },
      { name: 'stop', type: 'integer' },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', optional: true },
    ],
    deprecatedSince: '6.2.0', replacedBy: '`ZRANGE` with the `REV` argument', docFlags: ['deprecated'],
    run: zrevrange,
  },
  {
    name: 'zrangebyscore', arity: -4, since: '1.0.5', group: 'sorted-set',
    flags: ['readonly'],
    summary: 'Returns the members with scores in a range',
    complexity: 'O(log(N)+M) for M members returned',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'double' },
      { name: 'max', type: 'double' },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', since: '2.0.0', optional: true },
      { name: 'offset_count', type: 'block', token: 'LIMIT', optional: true, arguments: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ] },
    ],
    history: [['2.0.0', '`WITHSCORES` came.']],
    deprecatedSince: '6.2.0', replacedBy: '`ZRANGE` with the `BYSCORE` argument', docFlags: ['deprecated'],
    run: zrangebyscore,
  },
  {
    name: 'zrevrangebyscore', arity: -4, since: '2.2.0', group: 'sorted-set',
    flags: ['readonly'],
    summary: 'Returns the members with scores in a range, by descending scores',
    complexity: 'O(log(N)+M) for M members returned',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'max', type: 'double' },
      { name: 'min', type: 'double' },
      { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', optional: true },
      { name: 'offset_count', type: 'block', token: 'LIMIT', optional: true, arguments: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ] },
    ],
    history: [['2.1.6', 'Bounds may be exclusive.']],
    deprecatedSince: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYSCORE` arguments', docFlags: ['deprecated'],
    run: zrevrangebyscore,
  },
  {
    name: 'zrangebylex', arity: -4, since: '2.8.9', group: 'sorted-set',
    flags: ['readonly'],
    summary: 'Returns the members in a range of their own order',
    complexity: 'O(log(N)+M) for M members returned',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'string' },
      { name: 'max', type: 'string' },
      { name: 'offset_count', type: 'block', token: 'LIMIT', optional: true, arguments: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ] },
    ],
    deprecatedSince: '6.2.0', replacedBy: '`ZRANGE` with the `BYLEX` argument', docFlags: ['deprecated'],
    run: zrangebylex,
  },
  {
    name: 'zrevrangebylex', arity: -4, since: '2.8.9', group: 'sorted-set',
    flags: ['readonly'],
    summary: 'Returns the members in a range of their own order, backward',
    complexity: 'O(log(N)+M) for M members returned',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'max', type: 'string' },
      { name: 'min', type: 'string' },
      { name: 'offset_count', type: 'block', token: 'LIMIT', optional: true, arguments: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ] },
    ],
    deprecatedSince: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYLEX` arguments', docFlags: ['deprecated'],
    run: zrevrangebylex,
  },
  {
    name: 'zrangestore', arity: -5, since: '6.2.0', group: 'sorted-set',
    flags: ['write', 'denyoom'],
    summary: 'Stores a range of a sorted set at a key',
    complexity: 'O(log(N)+M) for M members stored',
    keys: [
      { flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
      { flags: ['RO', 'access'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
    ],
    arguments: [
      { name: 'dst', type: 'key', keySpec: 0 },
      { name: 'src', type: 'key', keySpec: 1 },
      { name: 'min', type: 'string' },
      { name: 'max', type: 'string' },
      { name: 'sortby', type: 'oneof', optional: true, arguments: [
        { name: 'byscore', type: 'pure-token', token: 'BYSCORE' },
        { name: 'bylex', type: 'pure-token', token: 'BYLEX' },
      ] },
      { name: 'rev', type: 'pure-token', token: 'REV', optional: true },
      { name: 'offset_count', type: 'block', token: 'LIMIT', optional: true, arguments: [
        { name: 'offset', type: 'integer' },
        { name: 'count', type: 'integer' },
      ] },
    ],
    run: zrangestore,
  },
  {
    name: 'zcount', arity: 4, since: '2.0.0', group: 'sorted-set',
    flags: ['readonly', 'fast'],
    summary: 'Counts the members with scores in a range',
    complexity: 'O(log(N))',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'double' },
      { name: 'max', type: 'double' },
    ],
    run: zcount,
  },
  {
    name: 'zlexcount', arity: 4, since: '2.8.9', group: 'sorted-set',
    flags: ['readonly', 'fast'],
    summary: 'Counts the members in a range of their own order',
    complexity: 'O(log(N))',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'string' },
      { name: 'max', type: 'string' },
    ],
    run: zlexcount,
  },
  {
    name: 'zremrangebyrank', arity: 4, since: '2.0.0', group: 'sorted-set',
    flags: ['write'],
    summary: 'Removes the members in a range of places, and counts them',
    complexity: 'O(log(N)+M) for M members removed',
    keys: [
      { flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'start', type: 'integer' },
      { name: 'stop', type: 'integer' },
    ],
    run: zremrangebyrank,
  },
  {
    name: 'zremrangebyscore', arity: 4, since: '1.2.0', group: 'sorted-set',
    flags: ['write'],
    summary: 'Removes the members with scores in a range, and counts them',
    complexity: 'O(log(N)+M) for M members removed',
    keys: [
      { flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'double' },
      { name: 'max', type: 'double' },
    ],
    run: zremrangebyscore,
  },
  {
    name: 'zremrangebylex', arity: 4, since: '2.8.9', group: 'sorted-set',
    flags: ['write'],
    summary: 'Removes the members in a range of their own order, and counts them',
    complexity: 'O(log(N)+M) for M members removed',
    keys: [
      { flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    ],
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'min', type: 'string' },
      { name: 'max', type: 'string' },
    ],
    run: zremrangebylex,
  },
]
