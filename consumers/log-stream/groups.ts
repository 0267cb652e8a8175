// The groups of the log's streams: the key of a stream's name is an empty stream that holds them. Nothing but the
// commands of core changes them, so they are logged, replayed, saved and replicated like any other.

import type { Connection } from '../../broker/connection.ts'
import { Args, frameWords } from '../../core/args.ts'
import type { CommandSpec } from '../../core/commands/spec.ts'
import { streamGroupCommands } from '../../core/commands/stream-groups-spec.ts'
import { replies } from '../../core/errors.ts'
import { rootOf, typeOf, types } from '../../core/keyspace/entry.ts'
import { Reply } from '../../core/reply.ts'
import { StreamId } from '../../core/types/stream-id.ts'
import { passedGroupsMax } from './limits.ts'
import type { LogStream } from './log-stream.ts'
import { Refusal } from './task.ts'

const args = new Args()
const reply = new Reply()

/**
 * Runs a command of core for the client, now, with its effects logged under the client's name; its answer is dropped.
 * `name` is `xclaim` or `xgroup|create`. Throws Refusal where it answers an error. To be called within a turn.
 */
export function runFor(c: Connection, name: string, words: readonly (string | Uint8Array)[]): void {
  frameWords(args, words)
  reply.at = 0
  reply.lastError = ''
  c.broker.engine.executeInstead(specOf(name), args, reply, c)
  if (reply.lastError !== '') throw new Refusal(reply.lastError)
}

function specOf(name: string): CommandSpec {
  const [container, sub] = name.split('|')
  const found = streamGroupCommands.find((spec) => spec.name === container)
  return (sub === undefined ? found : found?.subcommands?.find((spec) => spec.name === sub))!
}

/** Opens what holds the groups of a stream of the log; false when there is none. Throws Refusal WRONGTYPE. */
export function openGroups(c: Connection, stream: LogStream): boolean {
  const x = c.broker.engine
  const { name } = stream
  const db = x.dbs[stream.db]!
  const entry = db.find(name, 0, name.length, db.hash(name, 0, name.length))
  if (entry === 0) return false
  if (typeOf(x.arena, entry) !== types.stream) throw new Refusal(replies.wrongType)
  x.stream.open(rootOf(x.arena, entry))
  return true
}

/** The group, 0 when there is none. Throws Refusal WRONGTYPE. */
export function findGroup(c: Connection, stream: LogStream, name: Buffer): number {
  const x = c.broker.engine
  return openGroups(c, stream) ? x.groups.find(x.stream.groups, name, 0, name.length) : 0
}

/** As `findGroup`; throws Refusal NOGROUP. */
export function groupOf(c: Connection, stream: LogStream, name: Buffer, where = ''): number {
  const group = findGroup(c, stream, name)
  if (group !== 0) return group
  throw new Refusal(`NOGROUP No such key '${stream.name}' or consumer group '${name}'${where}`)
}

export function lastDelivered(c: Connection, group: number): StreamId {
  return c.broker.engine.groups.lastDelivered(group, new StreamId())
}

/** What was looked through for a group behind its last delivered id: that id, and the position at which to go on. */
export type Passed = { after: string, next: number }

const passed = new WeakMap<object, Map<string, Passed>>()

/** Of the groups that were read last; a group that begins anew has an `after` that is no id. */
export function passedBy(c: Connection, stream: LogStream, group: Buffer): Passed {
  let known = passed.get(c.broker)
  if (known === undefined) passed.set(c.broker, known = new Map())
  const id = groupId(stream, group)
  const found = known.get(id) ?? { after: '', next: 0 }
  known.delete(id)
  known.set(id, found)
  if (known.size > passedGroupsMax) known.delete(known.keys().next().value!)
  return found
}

function groupId(stream: LogStream, group: Buffer): string {
  return [stream.db, stream.name.toString('latin1'), group.toString('latin1')].join(' ')
}

const busy = new WeakMap<object, Map<string, Promise<unknown>>>()

/** Work on a group waits for the work on it that was asked for before. */
export async function inGroup<T>(c: Connection, stream: LogStream, group: Buffer, work: () => Promise<T>): Promise<T> {
  let queues = busy.get(c.broker)
  if (queues === undefined) busy.set(c.broker, queues = new Map())
  const id = groupId(stream, group)
  const before = queues.get(id) ?? Promise.resolve()
  const done = before.then(work)
  const settled = done.catch(() => {})
  queues.set(id, settled)
  try {
    return await done
  } finally {
    if (queues.get(id) === settled) queues.delete(id)
  }
}
