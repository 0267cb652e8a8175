// Streams of ours as the bridge reads and writes them.

import { compareIds } from '../ids.ts'
import type { State } from './state.ts'

export type Entry = { id: string, fields: Buffer[] }
/** What is known of a stream: its last id, even if that entry is gone, and how many entries it ever got. */
export type StreamFacts = { lastId: string, added: number, length: number }

/** The entries behind `id`, oldest first. Throws ReplyError. */
export function entriesAfter(state: State, db: number, key: Buffer, id: string, count: number): Entry[] {
  const found = state.call(db, ['XRANGE', key, `(${id}`, '+', 'COUNT', String(count)])
  return (found as [Buffer, Buffer[]][]).map(([entryId, fields]) => ({ id: entryId.toString(), fields }))
}

export function entryOf(state: State, db: number, key: Buffer, id: string): Entry | undefined {
  const found = state.call(db, ['XRANGE', key, id, id]) as [Buffer, Buffer[]][]
  return found.length === 0 ? undefined : { id, fields: found[0]![1] }
}

/** Undefined when there is no such stream. Throws ReplyError where the key holds something else. */
export function streamFacts(state: State, db: number, key: Buffer): StreamFacts | undefined {
  if (state.call(db, ['EXISTS', key]) === 0) return undefined
  const info = state.call(db, ['XINFO', 'STREAM', key]) as Map<string | Buffer, Buffer | number>
  const facts = new Map(Array.from(info, ([name, value]) => [String(name), value]))
  return {
    lastId: String(facts.get('last-generated-id')), added: Number(facts.get('entries-added')),
    length: Number(facts.get('length')),
  }
}

/** What could not cross the bridge, with where it came from; its own fields stand behind. */
export function deadLetter(
  state: State, db: number, key: Buffer, provenance: Readonly<Record<string, string>>, fields: readonly Uint8Array[],
): void {
  const told = Object.entries(provenance).flatMap(([name, value]) => [`dead-${name}`, value])
  state.call(db, ['XADD', key, '*', ...told, ...fields])
}

/** True when the stream was made anew since it stood at `id`. */
export function isNewer(facts: StreamFacts, id: string): boolean {
  return compareIds(facts.lastId, id) < 0
}
