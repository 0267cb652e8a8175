// Declarations of the list family.

import { blmpop, blpop, lmpop } from './list-blocking.ts'
import { blmove, brpoplpush, lmove, rpoplpush } from './list-move.ts'
import { lpos } from './list-position.ts'
import { pop, push } from './list-push.ts'
import { lindex, linsert, llen, lrange, lrem, lset, ltrim } from './list.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec, KeySpec } from './spec.ts'

const group = 'list'
const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const keys: ArgumentSpec = { ...key, multiple: true }
const element: ArgumentSpec = { name: 'element', type: 'string' }
const elements: ArgumentSpec = { ...element, multiple: true }
const timeout: ArgumentSpec = { name: 'timeout', type: 'double' }
const removing: KeySpec[] = [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }]
const popping: KeySpec[] = [
  { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
]
const moving: KeySpec[] = [
  ...popping, { flags: ['RW', 'insert'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } },
]
const poppingAny: KeySpec[] = [
  { flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: { last: -2, step: 1, limit: 0 } },
]
const poppingFirst = (numkeys: number): KeySpec[] => [
  { flags: ['RW', 'access', 'delete'], begin: { index: numkeys }, find: { keynum: 0, first: 1, step: 1 } },
]

const side = (name: string): ArgumentSpec => ({
  name, type: 'oneof',
  arguments: [
    { name: 'left', type: 'pure-token', token: 'LEFT' }, { name: 'right', type: 'pure-token', token: 'RIGHT' },
  ],
})
const ends: ArgumentSpec[] = [
  { name: 'source', type: 'key', keySpec: 0 }, { name: 'destination', type: 'key', keySpec: 1 },
]
const poppedFrom: ArgumentSpec[] = [
  { name: 'numkeys', type: 'integer' }, keys, side('where'),
  { name: 'count', type: 'integer', token: 'COUNT', optional: true },
]
const perElement = 'O(1) for each element added, so O(N) to add N elements when the command is called with multiple ' +
  'arguments.'
const fractions = [['6.0.0', '`timeout` is interpreted as a double instead of an integer.']] as const

const ofEnds: readonly CommandSpec[] = [
  {
    name: 'lpush', arity: -3, flags: ['write', 'denyoom', 'fast'], group, since: '1.0.0',
    summary: 'Puts elements in front of a list, which comes to be where there is none.', complexity: perElement,
    keys: oneKey.insert, arguments: [key, elements], history: [['2.4.0', 'Accepts multiple `element` arguments.']],
    run: (x, a, r) => push(x, a, r, true, false),
  },
  {
    name: 'rpush', arity: -3, flags: ['write', 'denyoom', 'fast'], group, since: '1.0.0',
    summary: 'Puts elements behind a list, which comes to be where there is none.', complexity: perElement,
    keys: oneKey.insert, arguments: [key, elements], history: [['2.4.0', 'Accepts multiple `element` arguments.']],
    run: (x, a, r) => push(x, a, r, false, false),
  },
  {
    name: 'lpushx', arity: -3, flags: ['write', 'denyoom', 'fast'], group, since: '2.2.0',
    summary: 'Puts elements in front of a list that is there.', complexity: perElement,
    keys: oneKey.insert, arguments: [key, elements], history: [['4.0.0', 'Accepts multiple `element` arguments.']],
    run: (x, a, r) => push(x, a, r, true, true),
  },
  {
    name: 'rpushx', arity: -3, flags: ['write', 'denyoom', 'fast'], group, since: '2.2.0',
    summary: 'Puts elements behind a list that is there.', complexity: perElement,
    keys: oneKey.insert, arguments: [key, elements], history: [['4.0.0', 'Accepts multiple `element` arguments.']],
    run: (x, a, r) => push(x, a, r, false, true),
  },
  {
    name: 'lpop', arity: -2, flags: ['write', 'fast'], group, since: '1.0.0',
    summary: 'Takes the first elements off a list.', complexity: 'O(N) where N is the number of elements returned',
    keys: popping, history: [['6.2.0', 'Added the `count` argument.']],
    arguments: [key, { name: 'count', type: 'integer', since: '6.2.0', optional: true }],
    run: (x, a, r) => pop(x, a, r, true),
  },
  {
    name: 'rpop', arity: -2, flags: ['write', 'fast'], group, since: '1.0.0',
    summary: 'Takes the last elements off a list.', complexity: 'O(N) where N is the number of elements returned',
    keys: popping, history: [['6.2.0', 'Added the `count` argument.']],
    arguments: [key, { name: 'count', type: 'integer', since: '6.2.0', optional: true }],
    run: (x, a, r) => pop(x, a, r, false),
  },
]

const ofElements: readonly CommandSpec[] = [
  {
    name: 'llen', arity: 2, flags: ['readonly', 'fast'], group, since: '1.0.0',
    summary: 'Counts the elements of a list.', complexity: 'O(1)', keys: oneKey.info, arguments: [key], run: llen,
  },
  {
    name: 'lrange', arity: 4, flags: ['readonly'], group, since: '1.0.0',
    summary: 'Reads the elements between two indexes.',
    complexity: 'O(log(S)+N) where S is the number of elements before the range and N is the number of elements in it.',
    keys: oneKey.read, arguments: [key, { name: 'start', type: 'integer' }, { name: 'stop', type: 'integer' }],
    run: lrange,
  },
  {
    name: 'lindex', arity: 3, flags: ['readonly'], group, since: '1.0.0',
    summary: 'Reads the element at an index.', complexity: 'O(log(N)) where N is the length of the list.',
    keys: oneKey.read, arguments: [key, { name: 'index', type: 'integer' }], run: lindex,
  },
  {
    name: 'lset', arity: 4, flags: ['write', 'denyoom'], group, since: '1.0.0',
    summary: 'Puts another element at an index.', complexity: 'O(log(N)) where N is the length of the list.',
    keys: oneKey.update, arguments: [key, { name: 'index', type: 'integer' }, element], run: lset,
  },
  {
    name: 'linsert', arity: 5, flags: ['write', 'denyoom'], group, since: '2.2.0',
    summary: 'Puts an element before or behind the first one of a given value.',
    complexity: 'O(N) where N is the number of elements before the one of that value.',
    keys: oneKey.insert,
    arguments: [
      key,
      {
        name: 'where', type: 'oneof',
        arguments: [
          { name: 'before', type: 'pure-token', token: 'BEFORE' },
          { name: 'after', type: 'pure-token', token: 'AFTER' },
        ],
      },
      { name: 'pivot', type: 'string' }, element,
    ],
    run: linsert,
  },
  {
    name: 'lrem', arity: 4, flags: ['write'], group, since: '1.0.0',
    summary: 'Takes out elements of a value, from either end on.',
    complexity: 'O(N+M) where N is the length of the list and M is the number of elements removed.',
    keys: removing, arguments: [key, { name: 'count', type: 'integer' }, element], run: lrem,
  },
  {
    name: 'ltrim', arity: 4, flags: ['write'], group, since: '1.0.0',
    summary: 'Takes out what isn\'t between two indexes.',
    complexity: 'O(N) where N is the number of elements to be removed by the operation.',
    keys: removing, arguments: [key, { name: 'start', type: 'integer' }, { name: 'stop', type: 'integer' }], run: ltrim,
  },
  {
    name: 'lpos', arity: -3, flags: ['readonly'], group, since: '6.0.6',
    summary: 'Finds the indexes of elements of a value.',
    complexity: 'O(N) where N is the number of elements looked at, MAXLEN at most.', keys: oneKey.read,
    arguments: [
      key, element, { name: 'rank', type: 'integer', token: 'RANK', optional: true },
      { name: 'num-matches', type: 'integer', token: 'COUNT', optional: true },
      { name: 'len', type: 'integer', token: 'MAXLEN', optional: true },
    ],
    run: lpos,
  },
]

const ofSeveralLists: readonly CommandSpec[] = [
  {
    name: 'lmove', arity: 5, flags: ['write', 'denyoom'], group, since: '6.2.0',
    summary: 'Moves an element from an end of one list to an end of another.', complexity: 'O(1)', keys: moving,
    arguments: [...ends, side('wherefrom'), side('whereto')], run: lmove,
  },
  {
    name: 'rpoplpush', arity: 3, flags: ['write', 'denyoom'], group, since: '1.2.0',
    summary: 'Moves the last element of a list to the front of another.', complexity: 'O(1)', keys: moving,
    arguments: ends, deprecatedSince: '6.2.0', replacedBy: '`LMOVE` with the `RIGHT` and `LEFT` arguments',
    docFlags: ['deprecated'], run: rpoplpush,
  },
  {
    name: 'lmpop', arity: -4, flags: ['write', 'movablekeys'], group, since: '7.0.0',
    summary: 'Takes elements off the first of several lists that there is.',
    complexity: 'O(N+M) where N is the number of provided keys and M is the number of elements returned.',
    keys: poppingFirst(1), arguments: poppedFrom, run: lmpop,
  },
  {
    name: 'blpop', arity: -3, flags: ['write', 'blocking'], group, since: '2.0.0',
    summary: 'Takes the first element off one of several lists, or waits for it.',
    complexity: 'O(N) where N is the number of provided keys.', keys: poppingAny, arguments: [keys, timeout],
    history: fractions, run: (x, a, r) => blpop(x, a, r, true),
  },
  {
    name: 'brpop', arity: -3, flags: ['write', 'blocking'], group, since: '2.0.0',
    summary: 'Takes the last element off one of several lists, or waits for it.',
    complexity: 'O(N) where N is the number of provided keys.', keys: poppingAny, arguments: [keys, timeout],
    history: fractions, run: (x, a, r) => blpop(x, a, r, false),
  },
  {
    name: 'blmove', arity: 6, flags: ['write', 'denyoom', 'blocking'], group, since: '6.2.0',
    summary: 'Moves an element from an end of one list to an end of another, or waits for it.', complexity: 'O(1)',
    keys: moving, arguments: [...ends, side('wherefrom'), side('whereto'), timeout], run: blmove,
  },
  {
    name: 'brpoplpush', arity: 4, flags: ['write', 'denyoom', 'blocking'], group, since: '2.2.0',
    summary: 'Moves the last element of a list to the front of another, or waits for it.', complexity: 'O(1)',
    keys: moving, arguments: [...ends, timeout], history: fractions, deprecatedSince: '6.2.0',
    replacedBy: '`BLMOVE` with the `RIGHT` and `LEFT` arguments', docFlags: ['deprecated'], run: brpoplpush,
  },
  {
    name: 'blmpop', arity: -5, flags: ['write', 'blocking', 'movablekeys'], group, since: '7.0.0',
    summary: 'Takes elements off the first of several lists that there is, or waits for one.',
    complexity: 'O(N+M) where N is the number of provided keys and M is the number of elements returned.',
    keys: poppingFirst(2), arguments: [timeout, ...poppedFrom], run: blmpop,
  },
]

export const listCommands: readonly CommandSpec[] = [...ofEnds, ...ofElements, ...ofSeveralLists]
