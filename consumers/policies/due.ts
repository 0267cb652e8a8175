// What has a time of its own (core/commands/stream-delay.ts): entries to append, entries to delete, schedules to run.
// Each is done in one transaction with its leaving the sorted set, or its next time there.

import { Args, frameCommand } from '../../core/args.ts'
import { dueKey } from '../../core/commands/stream-delay.ts'
import type { Engine } from '../../core/engine.ts'
import { formOf, rootOf, typeOf, types } from '../../core/keyspace/entry.ts'
import type { Keyspace } from '../../core/keyspace/keyspace.ts'
import { entriesPerTurnMax, refusedRetryMs, retryMs } from './limits.ts'
import { runSchedule } from './schedules.ts'
import type { Scene } from './writer.ts'

/** An item: `kind` is its first letter, `rest` what stands behind the blank. */
export type DueItem = { member: Buffer, atMs: number, kind: string, rest: Buffer }

/** Writes are refused for now, whatever they are. */
const refusals = /^(OOM|MISCONF|READONLY|LOADING|TRYAGAIN) /

/** Visits what is due in a database, from `fromMs` on, until `visit` says false. Nothing may change meanwhile. */
export function eachDue(x: Engine, db: Keyspace, fromMs: number, visit: (item: DueItem) => boolean): void {
  const zset = openDue(x, db)
  if (zset === undefined) return
  for (let more = zset.seekScore(fromMs, false); more; more = zset.next()) {
    zset.read()
    const member = Buffer.from(zset.buf.subarray(zset.from, zset.to))
    if (!visit({ member, atMs: zset.score, kind: member.toString('latin1', 0, 1), rest: member.subarray(2) })) return
  }
}

/** How many items wait in a database. */
export function dueCount(x: Engine, db: Keyspace): number {
  return openDue(x, db)?.count ?? 0
}

function openDue(x: Engine, db: Keyspace): Engine['zset'] | undefined {
  if (db.count === 0) return undefined
  const entry = db.find(dueKey, 0, dueKey.length, db.hash(dueKey, 0, dueKey.length))
  if (entry === 0 || typeOf(x.arena, entry) !== types.zset || db.isDue(entry)) return undefined
  return x.zset.open(rootOf(x.arena, entry), formOf(x.arena, entry))
}

/** Unix ms of the first of all databases, Infinity when nothing waits. */
export function firstDue(x: Engine): number {
  let first = Infinity
  for (const db of x.dbs) {
    eachDue(x, db, -Infinity, ({ atMs }) => {
      first = Math.min(first, atMs)
      return false
    })
  }
  return first
}

/** Does what is due, for at most so many items as a turn may take. Returns when to look again, in unix ms. */
export function runDue(scene: Scene): number {
  const { engine } = scene
  for (const db of engine.dbs) {
    const items: DueItem[] = []
    eachDue(engine, db, -Infinity, (item) => {
      if (item.atMs > engine.now || items.length === entriesPerTurnMax) return false
      items.push(item)
      return true
    })
    for (const item of items) if (!perform(scene, db, item)) return engine.now + retryMs
  }
  return firstDue(engine)
}

/** False when nothing can be written for now. */
function perform(scene: Scene, db: Keyspace, item: DueItem): boolean {
  scene.writer.db = db.index
  const refusal = attempt(scene, () => act(scene, item))
  if (refusal === undefined) {
    scene.deeds.dueItems++
    return true
  }
  if (refusals.test(refusal)) return false
  scene.report(`what was due at ${item.atMs} in database ${db.index} can't be done, and is tried again: ${refusal}`)
  const againMs = String(scene.engine.now + refusedRetryMs)
  return attempt(scene, () => scene.writer.call(['ZADD', dueKey, againMs, item.member])) === undefined
}

/** Why it can't be written, undefined when it was. */
function attempt(scene: Scene, work: () => void): string | undefined {
  try {
    scene.writer.atomically(work)
    return undefined
  } catch (error) {
    scene.deeds.failures++
    return (error as Error).message
  }
}

function act(scene: Scene, { member, kind, rest, atMs }: DueItem): void {
  const { writer } = scene
  if (kind === 'c') {
    runSchedule(scene, member, rest, atMs)
    return
  }
  const words = kind === 'a' ? delayedWords(rest) : kind === 'x' ? deletion(rest) : undefined
  if (words === undefined) scene.report(`${dueKey} holds a member that nobody knows: it is dropped`)
  else writer.call(words)
  writer.call(['ZREM', dueKey, member])
}

/** The XADD that was delayed, undefined when that is none. `rest`: its numbers, a blank, the command. */
export function delayedWords(rest: Buffer): Buffer[] | undefined {
  const from = rest.indexOf(32) + 1
  const args = new Args()
  if (from === 0 || frameCommand(args, rest, from, rest.length) !== rest.length || !args.is(0, 'XADD')) return undefined
  return Array.from({ length: args.count }, (_, i) => args.copy(i))
}

/** XDEL of an entry: its id, a blank, the key. */
function deletion(rest: Buffer): (string | Buffer)[] | undefined {
  const blank = rest.indexOf(32)
  const id = rest.toString('latin1', 0, blank)
  return /^\d{1,20}-\d{1,20}$/.test(id) ? ['XDEL', rest.subarray(blank + 1), id] : undefined
}
