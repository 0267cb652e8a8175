// OBJECT: what redis-server would tell of the inner side of a value.

import type { Args } from '../args.ts'
import type { Engine } from '../engine.ts'
import { idleSeconds, useCount } from '../keyspace/access.ts'
import { formOf, rootOf, typeOf, types } from '../keyspace/entry.ts'
import type { Reply } from '../reply.ts'
import { stringEncoding, stringReferences } from '../types/string.ts'
import { opsOf } from '../types/types.ts'
import type { ArgumentSpec, CommandSpec } from './spec.ts'

const switching = 'Please note that when switching between policies at runtime LRU and LFU data will take some time '
  + 'to adjust.'

/** The entry named by argument 2, found without touching it; 0 after a nil was written. */
function lookUp(x: Engine, a: Args, r: Reply): number {
  const { buf, start, end } = a
  const entry = x.db.peek(buf, start[2]!, end[2]!, x.db.hash(buf, start[2]!, end[2]!))
  if (entry === 0) {
    x.stats.keyspaceMisses++
    r.nil()
  } else x.stats.keyspaceHits++
  return entry
}

function encoding(x: Engine, a: Args, r: Reply): void {
  const entry = lookUp(x, a, r)
  if (entry === 0) return
  const type = typeOf(x.arena, entry)
  if (type === types.string) r.text(stringEncoding(x.arena, entry))
  else r.text(opsOf(type).encoding(x, rootOf(x.arena, entry), formOf(x.arena, entry)))
}

function refcount(x: Engine, a: Args, r: Reply): void {
  const entry = lookUp(x, a, r)
  if (entry === 0) return
  r.int(typeOf(x.arena, entry) === types.string ? stringReferences(x.arena, entry) : 1)
}

function idletime(x: Engine, a: Args, r: Reply): void {
  const entry = lookUp(x, a, r)
  if (entry === 0) return
  if (x.countsUse) {
    r.error(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${switching}`)
    return
  }
  r.int(idleSeconds(x, entry))
}

function freq(x: Engine, a: Args, r: Reply): void {
  const entry = lookUp(x, a, r)
  if (entry === 0) return
  if (x.countsUse) r.int(useCount(x, entry))
  else r.error(`ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${switching}`)
}

const helpLines = [
  'OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'ENCODING <key>',
  '    How the value at the key would be stored by Redis.',
  'FREQ <key>',
  '    How often the key was used lately, on a logarithmic scale, under an LFU policy.',
  'IDLETIME <key>',
  '    Seconds since the key was last used.',
  'REFCOUNT <key>',
  '    How many keys share the value.',
  'HELP',
  '    Print this help.',
]

function help(_: Engine, _a: Args, r: Reply): void {
  r.array(helpLines.length)
  for (const line of helpLines) r.simple(line)
}

const key: ArgumentSpec = { name: 'key', type: 'key', keySpec: 0 }
const common = {
  arity: 3, flags: ['readonly'], group: 'generic', categories: ['keyspace'],
  complexity: 'O(1)', tips: ['nondeterministic_output'],
  keys: [{ flags: ['RO'], begin: { index: 2 }, find: { last: 0, step: 1, limit: 0 } }], arguments: [key],
} as const

export const genericObjectCommands: readonly CommandSpec[] = [
  {
    name: 'object', arity: -2, flags: [], group: 'generic', since: '2.2.3',
    summary: 'A container for commands that look into values.', complexity: 'Depends on subcommand.',
    subcommands: [
      {
        ...common, name: 'encoding', since: '2.2.3', summary: 'Names the encoding of the value at a key.',
        run: encoding,
      },
      {
        ...common, name: 'freq', since: '4.0.0', summary: 'Tells how often a key was used lately.', run: freq,
      },
      {
        name: 'help', arity: 2, flags: ['loading', 'stale'], group: 'generic', since: '6.2.0',
        summary: 'Lists the subcommands.', complexity: 'O(1)', categories: ['keyspace'], run: help,
      },
      {
        ...common, name: 'idletime', since: '2.2.3', summary: 'Tells for how many seconds a key was not used.',
        run: idletime,
      },
      {
        ...common, name: 'refcount', since: '2.2.3', summary: 'Counts the references to the value at a key.',
        run: refcount,
      },
    ],
  },
]
