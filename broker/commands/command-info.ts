// COMMAND INFO: one command in the shape that clients read, everything from its declaration.

import { legacyRange } from '../../core/commands/key-positions.ts'
import type { CommandFlag, KeySpec } from '../../core/commands/spec.ts'
import type { Reply } from '../../core/reply.ts'
import type { Command } from '../command.ts'
import { categoriesOf } from './categories.ts'

/** The order in which Redis gives the flags; `may_replicate` it keeps to itself. */
const flagOrder: readonly CommandFlag[] = [
  'write', 'readonly', 'denyoom', 'admin', 'pubsub', 'noscript', 'blocking', 'loading', 'stale', 'skip_monitor',
  'skip_slowlog', 'asking', 'fast', 'no_auth', 'no_mandatory_keys', 'no_async_loading', 'no_multi',
  'movablekeys', 'allow_busy',
]

const ten = 10

/** Writes the ten fields of a command; a subcommand goes by its full name (`config|get`). */
export function writeCommandInfo(r: Reply, command: Command): void {
  const { spec } = command
  const keys = spec.keys ?? []
  const [first, last, step] = legacyRange(keys)
  r.array(ten)
  r.text(command.fullName)
  r.int(command.arity)
  const flags = flagOrder.filter((flag) => spec.flags.includes(flag))
  r.set(flags.length)
  for (const flag of flags) r.simple(flag)
  r.int(first)
  r.int(last)
  r.int(step)
  const categories = categoriesOf(spec)
  r.set(categories.length)
  for (const category of categories) r.simple(`@${category}`)
  const tips = spec.tips ?? []
  r.set(tips.length)
  for (const tip of tips) r.text(tip)
  r.set(keys.length)
  for (const key of keys) writeKeySpec(r, key)
  const inner = command.subcommands?.specs ?? []
  r.set(inner.length)
  for (const sub of inner) writeCommandInfo(r, sub)
}

function writeKeySpec(r: Reply, key: KeySpec): void {
  r.map(key.notes === undefined ? 3 : 4)
  if (key.notes !== undefined) {
    r.text('notes')
    r.text(key.notes)
  }
  r.text('flags')
  r.set(key.flags.length)
  for (const flag of key.flags) r.simple(flag)
  r.text('begin_search')
  if (key.begin === 'unknown') writeTyped(r, 'unknown', [])
  else if ('index' in key.begin) writeTyped(r, 'index', [['index', key.begin.index]])
  else writeTyped(r, 'keyword', [['keyword', key.begin.keyword], ['startfrom', key.begin.from]])
  r.text('find_keys')
  if (key.find === 'unknown') writeTyped(r, 'unknown', [])
  else if ('keynum' in key.find) {
    const { keynum, first, step } = key.find
    writeTyped(r, 'keynum', [['keynumidx', keynum], ['firstkey', first], ['keystep', step]])
  } else {
    const { last, step, limit } = key.find
    writeTyped(r, 'range', [['lastkey', last], ['keystep', step], ['limit', limit]])
  }
}

function writeTyped(r: Reply, type: string, fields: readonly (readonly [string, string | number])[]): void {
  r.map(2)
  r.text('type')
  r.text(type)
  r.text('spec')
  r.map(fields.length)
  for (const [name, value] of fields) {
    r.text(name)
    if (typeof value === 'number') r.int(value)
    else r.text(value)
  }
}
