// What a command is: one declaration beside its handler, read by dispatch, COMMAND, ACL and the documentation.
// Field meanings follow https://redis.io/docs/latest/develop/reference/command-arguments/ and
// https://redis.io/docs/latest/develop/reference/key-specs/

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import type { Reply } from '../reply.ts'

/** As COMMAND INFO names them. */
export type CommandFlag =
  | 'write' | 'readonly' | 'denyoom' | 'admin' | 'pubsub' | 'noscript' | 'blocking' | 'loading' | 'stale'
  | 'skip_monitor' | 'skip_slowlog' | 'fast' | 'no_auth' | 'may_replicate' | 'movablekeys' | 'no_multi'
  | 'no_async_loading' | 'allow_busy' | 'no_mandatory_keys' | 'asking'

export type CommandGroup =
  | 'connection' | 'server' | 'generic' | 'string' | 'stream' | 'transactions' | 'list' | 'set' | 'hash'
  | 'sorted-set' | 'bitmap' | 'hyperloglog' | 'geo' | 'pubsub' | 'scripting' | 'cluster'

/** ACL categories beyond those that the flags and the group imply. */
export type Category =
  | 'keyspace' | 'dangerous' | 'admin' | 'connection' | 'transaction' | 'blocking' | 'set' | 'sortedset' | 'list'

/** Where keys stand among the arguments. Positions count the command's name as 0. */
export type KeySpec = {
  /** `RO RW OW RM`, then `access update insert delete not_key incomplete variable_flags`, as COMMAND INFO. */
  flags: readonly string[]
  notes?: string
  /** A keyword that is `optional` may be missing; without others the arguments don't fit then. */
  begin: { index: number } | { keyword: string; from: number; optional?: true } | 'unknown'
  find:
    | { last: number; step: number; limit: number }
    | { keynum: number; first: number; step: number }
    | 'unknown'
  /** Where `begin` is unknown: the argument that is the key, 0 for none. The command's name is argument `offset`. */
  locate?: (a: Args, offset: number) => number
  /**
   * Where `begin` and `find` don't tell exactly: the first argument that is a key, and where the keys end; undefined
   * when the arguments don't fit. The command's name is argument `offset`.
   */
  range?: (a: Args, offset: number) => readonly [number, number] | undefined
}

/** One argument of the grammar that COMMAND DOCS shows. */
export type ArgumentSpec = {
  name: string
  type: 'key' | 'string' | 'integer' | 'double' | 'pattern' | 'unix-time' | 'pure-token' | 'oneof' | 'block'
  display?: string
  token?: string
  keySpec?: number
  summary?: string
  since?: string
  optional?: true
  multiple?: true
  multipleToken?: true
  deprecatedSince?: string
  arguments?: readonly ArgumentSpec[]
}

/** Runs a command against the views. It writes exactly one reply and logs its effect (see Engine.changed). */
export type Handler = (x: Engine, a: Args, r: Reply) => void

export type CommandSpec = {
  /** Lower case; a subcommand's is only its own word. */
  name: string
  /** Number of words, the name included; negative: at least that many. */
  arity: number
  flags: readonly CommandFlag[]
  group: CommandGroup
  since: string
  summary: string
  complexity: string
  categories?: readonly Category[]
  keys?: readonly KeySpec[]
  arguments?: readonly ArgumentSpec[]
  /** Pairs of version and change. */
  history?: readonly (readonly [string, string])[]
  tips?: readonly string[]
  deprecatedSince?: string
  replacedBy?: string
  docFlags?: readonly ('deprecated' | 'syscmd')[]
  subcommands?: readonly CommandSpec[]
  /** Absent on a container without a behaviour of its own, and on commands that only the broker can serve. */
  run?: Handler
}

/** The usual key specs. */
export const oneKey = {
  read: [{ flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  update: [{ flags: ['RW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  readUpdate: [{ flags: ['RW', 'access', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  insert: [{ flags: ['RW', 'insert'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  overwrite: [{ flags: ['OW', 'update'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
  info: [{ flags: ['RO'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } }],
} as const satisfies Record<string, readonly KeySpec[]>
