// What COMMAND tells about the scripting family; the handlers are in scripting.ts, script.ts and function.ts.

import type { ArgumentSpec, CommandFlag, KeySpec } from '../../core/commands/spec.ts'
import type { BrokerSpec } from '../command.ts'

const group = 'scripting'
const reading: readonly CommandFlag[] = [
  'readonly', 'noscript', 'stale', 'skip_monitor', 'no_mandatory_keys', 'movablekeys',
]
const scripted: readonly CommandFlag[] = [
  'noscript', 'stale', 'skip_monitor', 'may_replicate', 'no_mandatory_keys', 'movablekeys',
]

const keysAt2 = (flags: readonly string[], notes?: string): readonly KeySpec[] =>
  [{ flags, notes, begin: { index: 2 }, find: { keynum: 0, first: 1, step: 1 } }]
const anyUse = ['RW', 'access', 'update']
const readUse = ['RO', 'access']
const anyNote = 'What a script does with its keys is not known beforehand: the worst is assumed, RW and UPDATE.'
const readNote = 'What a script does with its keys is not known beforehand: the worst is assumed, RO and ACCESS.'

const callArguments = (name: string): readonly ArgumentSpec[] => [
  { name, type: 'string' }, { name: 'numkeys', type: 'integer' },
  { name: 'key', type: 'key', keySpec: 0, optional: true, multiple: true },
  { name: 'arg', type: 'string', optional: true, multiple: true },
]
const flushMode = (since?: string): ArgumentSpec => ({
  name: 'flush-type', type: 'oneof', since, optional: true,
  arguments: [
    { name: 'async', type: 'pure-token', token: 'ASYNC' }, { name: 'sync', type: 'pure-token', token: 'SYNC' },
  ],
})

const ofScript = 'Depends on the script that is executed.'
const ofFunction = 'Depends on the function that is executed.'

export const evalSpecs = {
  eval: {
    name: 'eval', arity: -3, flags: scripted, group, since: '2.6.0', summary: 'Runs a Lua script.',
    complexity: ofScript, keys: keysAt2(anyUse, anyNote), arguments: callArguments('script'),
  },
  evalsha: {
    name: 'evalsha', arity: -3, flags: scripted, group, since: '2.6.0',
    summary: 'Runs a Lua script that the cache holds, by its SHA-1.', complexity: ofScript, keys: keysAt2(anyUse),
    arguments: callArguments('sha1'),
  },
  evalRo: {
    name: 'eval_ro', arity: -3, flags: reading, group, since: '7.0.0',
    summary: 'Runs a Lua script that only reads.', complexity: ofScript, keys: keysAt2(readUse, readNote),
    arguments: callArguments('script'),
  },
  evalshaRo: {
    name: 'evalsha_ro', arity: -3, flags: reading, group, since: '7.0.0',
    summary: 'Runs a Lua script that only reads and that the cache holds, by its SHA-1.', complexity: ofScript,
    keys: keysAt2(readUse), arguments: callArguments('sha1'),
  },
  fcall: {
    name: 'fcall', arity: -3, flags: scripted, group, since: '7.0.0', summary: 'Calls a function of a library.',
    complexity: ofFunction, keys: keysAt2(anyUse, anyNote), arguments: callArguments('function'),
  },
  fcallRo: {
    name: 'fcall_ro', arity: -3, flags: reading, group, since: '7.0.0',
    summary: 'Calls a function of a library that only reads.', complexity: ofFunction,
    keys: keysAt2(readUse, readNote), arguments: callArguments('function'),
  },
} as const satisfies Record<string, BrokerSpec>

export const scriptSpec: BrokerSpec = {
  name: 'script', arity: -2, flags: [], group, since: '2.6.0', summary: 'Holds the commands about Lua scripts.',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      name: 'debug', arity: 3, flags: ['noscript'], group, since: '3.2.0',
      summary: 'Sets the debug mode of the scripts that follow.', complexity: 'O(1)',
      arguments: [{
        name: 'mode', type: 'oneof', arguments: [
          { name: 'yes', type: 'pure-token', token: 'YES' }, { name: 'sync', type: 'pure-token', token: 'SYNC' },
          { name: 'no', type: 'pure-token', token: 'NO' },
        ],
      }],
    },
    {
      name: 'exists', arity: -3, flags: ['noscript'], group, since: '2.6.0',
      summary: 'Tells which scripts the cache holds.',
      complexity: 'O(N) with N being the number of scripts to check.',
      arguments: [{ name: 'sha1', type: 'string', multiple: true }],
      tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
    },
    {
      name: 'flush', arity: -2, flags: ['noscript'], group, since: '2.6.0', summary: 'Empties the cache of scripts.',
      complexity: 'O(N) with N being the number of scripts in cache',
      history: [['6.2.0', 'Added the `ASYNC` and `SYNC` flushing mode modifiers.']], arguments: [flushMode('6.2.0')],
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    },
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group, since: '5.0.0', summary: 'Lists the subcommands.',
      complexity: 'O(1)',
    },
    {
      name: 'kill', arity: 2, flags: ['noscript', 'allow_busy'], group, since: '2.6.0',
      summary: 'Ends the script that is running.', complexity: 'O(1)',
      tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
    },
    {
      name: 'load', arity: 3, flags: ['noscript', 'stale'], group, since: '2.6.0',
      summary: 'Puts a script into the cache without running it.',
      complexity: 'O(N) with N being the length in bytes of the script body.',
      arguments: [{ name: 'script', type: 'string' }],
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    },
  ],
}

const everywhere = ['request_policy:all_shards', 'response_policy:all_succeeded']

export const functionSpec: BrokerSpec = {
  name: 'function', arity: -2, flags: [], group, since: '7.0.0', summary: 'Holds the commands about functions.',
  complexity: 'Depends on subcommand.',
  subcommands: [
    {
      name: 'delete', arity: 3, flags: ['write', 'noscript'], group, since: '7.0.0',
      summary: 'Deletes a library and its functions.', complexity: 'O(1)',
      arguments: [{ name: 'library-name', type: 'string' }], tips: everywhere,
    },
    {
      name: 'dump', arity: 2, flags: ['noscript'], group, since: '7.0.0',
      summary: 'Returns all libraries as one binary value.', complexity: 'O(N) where N is the number of functions',
    },
    {
      name: 'flush', arity: -2, flags: ['write', 'noscript'], group, since: '7.0.0', summary: 'Deletes all libraries.',
      complexity: 'O(N) where N is the number of functions deleted', arguments: [flushMode()], tips: everywhere,
    },
    {
      name: 'help', arity: 2, flags: ['loading', 'stale'], group, since: '7.0.0', summary: 'Lists the subcommands.',
      complexity: 'O(1)',
    },
    {
      name: 'kill', arity: 2, flags: ['noscript', 'allow_busy'], group, since: '7.0.0',
      summary: 'Ends the function that is running.', complexity: 'O(1)',
      tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
    },
    {
      name: 'list', arity: -2, flags: ['noscript'], group, since: '7.0.0', summary: 'Describes the libraries.',
      complexity: 'O(N) where N is the number of functions', tips: ['nondeterministic_output_order'],
      arguments: [
        { name: 'library-name-pattern', type: 'string', token: 'LIBRARYNAME', optional: true },
        { name: 'withcode', type: 'pure-token', token: 'WITHCODE', optional: true },
      ],
    },
    {
      name: 'load', arity: -3, flags: ['write', 'denyoom', 'noscript'], group, since: '7.0.0',
      summary: 'Creates a library.', complexity: 'O(1) (considering compilation time is redundant)',
      arguments: [
        { name: 'replace', type: 'pure-token', token: 'REPLACE', optional: true },
        { name: 'function-code', type: 'string' },
      ],
      tips: everywhere,
    },
    {
      name: 'restore', arity: -3, flags: ['write', 'denyoom', 'noscript'], group, since: '7.0.0',
      summary: 'Creates the libraries of a dumped value.',
      complexity: 'O(N) where N is the number of functions on the payload',
      arguments: [
        { name: 'serialized-value', type: 'string' },
        {
          name: 'policy', type: 'oneof', optional: true, arguments: [
            { name: 'flush', type: 'pure-token', token: 'FLUSH' },
            { name: 'append', type: 'pure-token', token: 'APPEND' },
            { name: 'replace', type: 'pure-token', token: 'REPLACE' },
          ],
        },
      ],
      tips: everywhere,
    },
    {
      name: 'stats', arity: 2, flags: ['noscript', 'allow_busy'], group, since: '7.0.0',
      summary: 'Tells about the function that is running.', complexity: 'O(1)',
      tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    },
  ],
}
