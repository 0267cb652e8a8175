// The ACL categories of a command, from its flags and its group, and those that its spec adds.

import type { CommandGroup } from '../../core/commands/spec.ts'
import type { BrokerSpec } from '../command.ts'

/** All categories, in the order in which COMMAND INFO gives them. */
export const categoryNames = [
  'keyspace', 'read', 'write', 'set', 'sortedset', 'list', 'hash', 'string', 'bitmap', 'hyperloglog', 'geo', 'stream',
  'pubsub', 'admin', 'fast', 'slow', 'blocking', 'dangerous', 'connection', 'transaction', 'scripting',
] as const
export type CategoryName = (typeof categoryNames)[number]

const ofGroup: Readonly<Record<CommandGroup, CategoryName | undefined>> = {
  connection: 'connection', server: undefined, generic: 'keyspace', string: 'string', stream: 'stream',
  transactions: 'transaction', list: 'list', set: 'set', hash: 'hash', 'sorted-set': 'sortedset', bitmap: 'bitmap',
  hyperloglog: 'hyperloglog', geo: 'geo', pubsub: undefined, scripting: 'scripting',
  cluster: undefined,
}

export function categoriesOf(spec: BrokerSpec): readonly CategoryName[] {
  const found = new Set<CategoryName>(spec.categories)
  const container = spec.subcommands !== undefined && spec.serve === undefined && spec.run === undefined
  const group = ofGroup[spec.group]
  // WAIT and WAITAOF are of the generic group, but about the connection; SORT is about the types that it sorts.
  const ofKeys = spec.group !== 'generic' || !(found.has('connection') || found.has('list'))
  if (group !== undefined && !container && ofKeys) found.add(group)
  const has = (flag: (typeof spec.flags)[number]): boolean => spec.flags.includes(flag)
  if (has('write')) found.add('write')
  else if (has('readonly') && spec.group !== 'scripting') found.add('read')
  if (has('admin')) found.add('admin').add('dangerous')
  if (has('pubsub')) found.add('pubsub')
  if (has('blocking')) found.add('blocking')
  found.add(has('fast') ? 'fast' : 'slow')
  return categoryNames.filter((name) => found.has(name))
}
