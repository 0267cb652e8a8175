// Declarations of the set family.

import { sdiff, sdiffstore, sinter, sintercard, sinterstore, sunion, sunionstore } from './set-algebra.ts'
import { spop, srandmember } from './set-random.ts'
import { sadd, scard, sismember, smembers, smismember, smove, srem, sscan } from './set.ts'
import { oneKey } from './spec.ts'
import type { ArgumentSpec, CommandSpec, KeySpec } from './spec.ts'

const group = 'set'
const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const member: ArgumentSpec = { name: 'member', type: 'string' }
const one = { last: 0, step: 1, limit: 0 }
const rest = { last: -1, step: 1, limit: 0 }

const allKeys: readonly KeySpec[] = [{ flags: ['RO', 'access'], begin: { index: 1 }, find: rest }]
const operands: KeySpec = { flags: ['RO', 'access'], begin: { index: 2 }, find: rest }
const popped: readonly KeySpec[] = [{ flags: ['RW', 'access', 'delete'], begin: { index: 1 }, find: one }]
const unordered = { tips: ['nondeterministic_output_order'] } as const

const intersectionCost =
  'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.'
const totalCost = 'O(N) where N is the total number of elements in all given sets.'
const storeArguments: readonly ArgumentSpec[] = [
  { name: 'destination', type: 'key', keySpec: 0 }, { name: 'key', type: 'key', keySpec: 1, multiple: true },
]

/** A command that answers with several sets put together, and the one that stores the same. */
function algebra(name: string, what: string, complexity: string): Omit<CommandSpec, 'run'>[] {
  return [
    {
      name, arity: -2, flags: ['readonly'], group, since: '1.0.0', summary: `Returns ${what}.`, complexity,
      keys: allKeys, arguments: [{ ...key, multiple: true }], ...unordered,
    },
    {
      name: `${name}store`, arity: -3, flags: ['write', 'denyoom'], group, since: '1.0.0',
      summary: `Stores ${what} at a key.`, complexity,
      keys: [
        { flags: [name === 'sinter' ? 'RW' : 'OW', 'update'], begin: { index: 1 }, find: one }, operands,
      ],
      arguments: storeArguments,
    },
  ]
}

const [inter, interStore] = algebra('sinter', 'the members that several sets have in common', intersectionCost)
const [union, unionStore] = algebra('sunion', 'the members that any of several sets has', totalCost)
const [difference, differenceStore] = algebra('sdiff', 'the members of a set that no other of several has', totalCost)

export const setCommands: readonly CommandSpec[] = [
  {
    name: 'sadd', arity: -3, flags: ['write', 'denyoom', 'fast'], group, since: '1.0.0',
    summary: 'Adds members to a set.',
    complexity: 'O(1) for each element added, so O(N) to add N elements when the command is called with multiple '
      + 'arguments.',
    keys: oneKey.insert, arguments: [key, { ...member, multiple: true }],
    history: [['2.4.0', 'Accepts multiple `member` arguments.']], run: sadd,
  },
  {
    name: 'srem', arity: -3, flags: ['write', 'fast'], group, since: '1.0.0', summary: 'Removes members from a set.',
    complexity: 'O(N) where N is the number of members to be removed.',
    keys: [{ flags: ['RW', 'delete'], begin: { index: 1 }, find: one }],
    arguments: [key, { ...member, multiple: true }],
    history: [['2.4.0', 'Accepts multiple `member` arguments.']], run: srem,
  },
  {
    name: 'sismember', arity: 3, flags: ['readonly', 'fast'], group, since: '1.0.0',
    summary: 'Tells whether a set has a member.', complexity: 'O(1)', keys: oneKey.info, arguments: [key, member],
    run: sismember,
  },
  {
    name: 'smismember', arity: -3, flags: ['readonly', 'fast'], group, since: '6.2.0',
    summary: 'Tells of each of several members whether a set has it.',
    complexity: 'O(N) where N is the number of elements being checked for membership', keys: oneKey.read,
    arguments: [key, { ...member, multiple: true }], run: smismember,
  },
  {
    name: 'scard', arity: 2, flags: ['readonly', 'fast'], group, since: '1.0.0',
    summary: 'Counts the members of a set.', complexity: 'O(1)', keys: oneKey.info, arguments: [key], run: scard,
  },
  {
    name: 'smembers', arity: 2, flags: ['readonly'], group, since: '1.0.0',
    summary: 'Returns all members of a set.', complexity: 'O(N) where N is the set cardinality.',
    keys: oneKey.read, arguments: [key], ...unordered, run: smembers,
  },
  {
    name: 'smove', arity: 4, flags: ['write', 'fast'], group, since: '1.0.0',
    summary: 'Moves a member from one set to another.', complexity: 'O(1)',
    keys: [...popped, { flags: ['RW', 'insert'], begin: { index: 2 }, find: one }],
    arguments: [
      { name: 'source', type: 'key', keySpec: 0 }, { name: 'destination', type: 'key', keySpec: 1 }, member,
    ],
    run: smove,
  },
  {
    name: 'spop', arity: -2, flags: ['write', 'fast'], group, since: '1.0.0',
    summary: 'Removes one or several random members from a set and returns them.',
    complexity: 'Without the count argument O(1), otherwise O(N) where N is the value of the passed count.',
    keys: popped, arguments: [key, { name: 'count', type: 'integer', since: '3.2.0', optional: true }],
    history: [['3.2.0', 'Added the `count` argument.']], tips: ['nondeterministic_output'], run: spop,
  },
  {
    name: 'srandmember', arity: -2, flags: ['readonly'], group, since: '1.0.0',
    summary: 'Returns one or several random members of a set.',
    complexity: 'Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.',
    keys: oneKey.read, arguments: [key, { name: 'count', type: 'integer', since: '2.6.0', optional: true }],
    history: [['2.6.0', 'Added the optional `count` argument.']], tips: ['nondeterministic_output'], run: srandmember,
  },
  { ...inter!, run: sinter },
  { ...interStore!, run: sinterstore },
  {
    name: 'sintercard', arity: -3, flags: ['readonly', 'movablekeys'], group, since: '7.0.0',
    summary: 'Counts the members that several sets have in common.', complexity: intersectionCost,
    keys: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { keynum: 0, first: 1, step: 1 } }],
    arguments: [
      { name: 'numkeys', type: 'integer' }, { ...key, multiple: true },
      { name: 'limit', type: 'integer', token: 'LIMIT', optional: true },
    ],
    run: sintercard,
  },
  { ...union!, run: sunion },
  { ...unionStore!, run: sunionstore },
  { ...difference!, run: sdiff },
  { ...differenceStore!, run: sdiffstore },
  {
    name: 'sscan', arity: -3, flags: ['readonly'], group, since: '2.8.0',
    summary: 'Walks over the members of a set, some at a time.',
    complexity: 'O(1) for every call. O(N) for a complete iteration, where N is the number of members.',
    keys: oneKey.read,
    arguments: [
      key, { name: 'cursor', type: 'integer' }, { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    tips: ['nondeterministic_output'], run: sscan,
  },
]
