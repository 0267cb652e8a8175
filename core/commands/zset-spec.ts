// Declarations of the commands on members of one sorted set.

import { oneKey } from './spec.ts'
import type { CommandSpec } from './spec.ts'
import { zadd, zincrby } from './zset-add.ts'
import { bzmpop, bzpopmax, bzpopmin, zmpop, zpopmax, zpopmin } from './zset-pop.ts'
import { zrandmember, zscan } from './zset-scan.ts'
import { zcard, zmscore, zrank, zrem, zrevrank, zscore } from './zset.ts'

export const zsetMemberCommands: readonly CommandSpec[] = [
  {
    name: 'zadd', arity: -4, since: '1.2.0', group: 'sorted-set',
    flags: ['write', 'denyoom', 'fast'],
    summary: 'Adds members to a sorted set, or gives them other scores',
    complexity: 'O(log(N)) for each member',
    keys: oneKey.update,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'condition', type: 'oneof', since: '3.0.2', optional: true, arguments: [
        { name: 'nx', type: 'pure-token', token: 'NX' },
        { name: 'xx', type: 'pure-token', token: 'XX' },
      ] },
      { name: 'comparison', type: 'oneof', since: '6.2.0', optional: true, arguments: [
        { name: 'gt', type: 'pure-token', token: 'GT' },
        { name: 'lt', type: 'pure-token', token: 'LT' },
      ] },
      { name: 'change', type: 'pure-token', token: 'CH', since: '3.0.2', optional: true },
      { name: 'increment', type: 'pure-token', token: 'INCR', since: '3.0.2', optional: true },
      { name: 'score_member', type: 'block', multiple: true, arguments: [
        { name: 'score', type: 'double' },
        { name: 'member', type: 'string' },
      ] },
    ],
    history: [
      ['2.4.0', 'Takes several members.'],
      ['3.0.2', '`XX`, `NX`, `CH` and `INCR` came.'],
      ['6.2.0', '`GT` and `LT` came.'],
    ],
    run: zadd,
  },
  {
    name: 'zincrby', arity: 4, since: '1.2.0', group: 'sorted-set',
    flags: ['write', 'denyoom', 'fast'],
    summary: 'Adds to the score of a member, which counts as 0 when it is absent',
    complexity: 'O(log(N))',
    keys: oneKey.readUpdate,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'increment', type: 'integer' },
      { name: 'member', type: 'string' },
    ],
    run: zincrby,
  },
  {
    name: 'zrem', arity: -3, since: '1.2.0', group: 'sorted-set',
    flags: ['write', 'fast'],
    summary: 'Removes members from a sorted set, and counts them',
    complexity: 'O(log(N)) for each member',
    keys: [
      { flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    ],
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }, { name: 'member', type: 'string', multiple: true }],
    history: [['2.4.0', 'Takes several members.']],
    run: zrem,
  },
  {
    name: 'zcard', arity: 2, since: '1.2.0', group: 'sorted-set',
    flags: ['readonly', 'fast'],
    summary: 'Counts the members of a sorted set',
    complexity: 'O(1)',
    keys: [
      { flags: ['RO'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    ],
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }],
    run: zcard,
  },
  {
    name: 'zscore', arity: 3, since: '1.2.0', group: 'sorted-set',
    flags: ['readonly', 'fast'],
    summary: 'Returns the score of a member',
    complexity: 'O(1)',
    keys: oneKey.read,
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }, { name: 'member', type: 'string' }],
    run: zscore,
  },
  {
    name: 'zmscore', arity: -3, since: '6.2.0', group: 'sorted-set',
    flags: ['readonly', 'fast'],
    summary: 'Returns the scores of members',
    complexity: 'O(N) for N members that are asked for',
    keys: oneKey.read,
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }, { name: 'member', type: 'string', multiple: true }],
    run: zmscore,
  },
  {
    name: 'zrank', arity: -3, since: '2.0.0', group: 'sorted-set',
    flags: ['readonly', 'fast'],
    summary: 'Returns the place of a member, by ascending scores',
    complexity: 'O(log(N))',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string' },
      { name: 'withscore', type: 'pure-token', token: 'WITHSCORE', since: '7.2.0', optional: true },
    ],
    history: [['7.2.0', '`WITHSCORE` came.']],
    run: zrank,
  },
  {
    name: 'zrevrank', arity: -3, since: '2.0.0', group: 'sorted-set',
    flags: ['readonly', 'fast'],
    summary: 'Returns the place of a member, by descending scores',
    complexity: 'O(log(N))',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'member', type: 'string' },
      { name: 'withscore', type: 'pure-token', token: 'WITHSCORE', since: '7.2.0', optional: true },
    ],
    history: [['7.2.0', '`WITHSCORE` came.']],
    run: zrevrank,
  },
  {
    name: 'zpopmin', arity: -2, since: '5.0.0', group: 'sorted-set',
    flags: ['write', 'fast'],
    summary: 'Takes out and returns the members with the lowest scores',
    complexity: 'O(log(N)*M) for M members taken',
    keys: [
      { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    ],
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }, { name: 'count', type: 'integer', optional: true }],
    run: zpopmin,
  },
  {
    name: 'zpopmax', arity: -2, since: '5.0.0', group: 'sorted-set',
    flags: ['write', 'fast'],
    summary: 'Takes out and returns the members with the highest scores',
    complexity: 'O(log(N)*M) for M members taken',
    keys: [
      { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
    ],
    arguments: [{ name: 'key', type: 'key', keySpec: 0 }, { name: 'count', type: 'integer', optional: true }],
    run: zpopmax,
  },
  {
    name: 'bzpopmin', arity: -3, since: '5.0.0', group: 'sorted-set',
    flags: ['write', 'blocking', 'fast'],
    summary: 'Takes the member with the lowest score out of the first sorted set that has one, and waits for one',
    complexity: 'O(log(N))',
    keys: [
      { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: -2, step: 1, limit: 0 } },
    ],
    arguments: [{ name: 'key', type: 'key', keySpec: 0, multiple: true }, { name: 'timeout', type: 'double' }],
    history: [['6.0.0', 'The timeout may have a fraction.']],
    run: bzpopmin,
  },
  {
    name: 'bzpopmax', arity: -3, since: '5.0.0', group: 'sorted-set',
    flags: ['write', 'blocking', 'fast'],
    summary: 'Takes the member with the highest score out of the first sorted set that has one, and waits for one',
    complexity: 'O(log(N))',
    keys: [
      { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: -2, step: 1, limit: 0 } },
    ],
    arguments: [{ name: 'key', type: 'key', keySpec: 0, multiple: true }, { name: 'timeout', type: 'double' }],
    history: [['6.0.0', 'The timeout may have a fraction.']],
    run: bzpopmax,
  },
  {
    name: 'zmpop', arity: -4, since: '7.0.0', group: 'sorted-set',
    flags: ['write', 'movablekeys'],
    summary: 'Takes members with the lowest or highest scores out of the first sorted set that has any',
    complexity: 'O(K) + O(M*log(N)) for K keys and M members taken',
    keys: [
      { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { keynum: 0, first: 1, step: 1 } },
    ],
    arguments: [
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, multiple: true },
      { name: 'where', type: 'oneof', arguments: [
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ] },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    run: zmpop,
  },
  {
    name: 'bzmpop', arity: -5, since: '7.0.0', group: 'sorted-set',
    flags: ['write', 'blocking', 'movablekeys'],
    summary: 'Takes members with the lowest or highest scores out of the first sorted set with any, and waits for some',
    complexity: 'O(K) + O(M*log(N)) for K keys and M members taken',
    keys: [
      { flags: ['RW', 'access', 'delete'], begin: { index: 2 }, find: { keynum: 0, first: 1, step: 1 } },
    ],
    arguments: [
      { name: 'timeout', type: 'double' },
      { name: 'numkeys', type: 'integer' },
      { name: 'key', type: 'key', keySpec: 0, multiple: true },
      { name: 'where', type: 'oneof', arguments: [
        { name: 'min', type: 'pure-token', token: 'MIN' },
        { name: 'max', type: 'pure-token', token: 'MAX' },
      ] },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    run: bzmpop,
  },
  {
    name: 'zrandmember', arity: -2, since: '6.2.0', group: 'sorted-set',
    flags: ['readonly'],
    summary: 'Returns members picked at random',
    complexity: 'O(M*log(N)) for M members returned',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'options', type: 'block', optional: true, arguments: [
        { name: 'count', type: 'integer' },
        { name: 'withscores', type: 'pure-token', token: 'WITHSCORES', optional: true },
      ] },
    ],
    tips: ['nondeterministic_output'],
    run: zrandmember,
  },
  {
    name: 'zscan', arity: -3, since: '2.8.0', group: 'sorted-set',
    flags: ['readonly'],
    summary: 'Walks over the members and scores of a sorted set, some at a time',
    complexity: 'O(1) for every call, O(N) for the whole walk',
    keys: oneKey.read,
    arguments: [
      { name: 'key', type: 'key', keySpec: 0 },
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    tips: ['nondeterministic_output'],
    run: zscan,
  },
]
