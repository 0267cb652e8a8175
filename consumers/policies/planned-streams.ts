// What the policies of groups have to be done at its time: dead letters are buried, dead consumers removed, and readers
// told of what may be delivered again. The key space knows which stream is first.

import { keyOf, rootOf } from '../../core/keyspace/entry.ts'
import type { Keyspace } from '../../core/keyspace/keyspace.ts'
import { systemSession } from '../../core/session.ts'
import { bury } from './bury.ts'
import { entriesPerTurnMax, retryMs } from './limits.ts'
import { reap } from './reap.ts'
import type { Scene } from './writer.ts'

const work = systemSession()

/** When (unix ms) the first of all streams has something to do, Infinity for never. */
export function nextPlanned(dbs: readonly Keyspace[]): number {
  let next = Infinity
  for (const db of dbs) next = Math.min(next, db.plannedStreams.first())
  return next
}

/** Does what is due, for at most so many entries as a turn may take. */
export function runPlanned(scene: Scene): void {
  const { engine, writer } = scene
  let left = entriesPerTurnMax
  for (const db of engine.dbs) {
    while (left > 0 && db.plannedStreams.first() <= engine.now) {
      const entry = db.plannedStreams.firstEntry()
      engine.session = work
      // Its own end may have come before its plan: it must not go under the work.
      if (db.expireIfDue(entry, db.dict.hashOf(entry))) {
        left--
        continue
      }
      writer.db = db.index
      left -= serveStream(scene, db, keyOf(engine.arena, entry), left)
    }
  }
}

/** Returns how much of the turn it took. */
function serveStream(scene: Scene, db: Keyspace, key: Buffer, left: number): number {
  const { engine } = scene
  const { groups, stream } = engine
  const root = rootOf(engine.arena, db.plannedStreams.firstEntry())
  let taken = 1
  let failed = false
  for (const group of groups.list(stream.open(root).groups)) {
    if (groups.policy(group) === 0) continue
    try {
      taken += serveGroup(scene, db, key, root, group, left - taken)
    } catch (error) {
      failed = true
      scene.deeds.failures++
      scene.report(`the policy of group ${groups.groupName(group)} of ${key} can't be followed for now: `
        + (error as Error).message)
    }
  }
  replan(scene, db, key, failed)
  return taken
}

function serveGroup(scene: Scene, db: Keyspace, key: Buffer, root: number, group: number, left: number): number {
  const { engine } = scene
  const { groups, stream } = engine
  const { plans } = groups
  const policy = groups.policy(group)
  let taken = 0
  while (plans.hasDeadLetter(policy) && taken < left) {
    const spent = plans.firstSpent(policy)
    if (spent === 0 || plans.due(spent) > engine.now) break
    stream.open(root)
    bury(scene, key, group, spent)
    taken++
  }
  stream.open(root)
  if (plans.reapMs(policy) > 0 && plans.reapAt(policy) <= engine.now) {
    reap(scene, key, group)
    taken++
  }
  const again = plans.firstAgainAfter(policy, plans.woken(policy))
  if (again === 0 || plans.due(again) > engine.now) return taken
  plans.setWoken(policy, engine.now)
  engine.db = db
  engine.ready(key, 0, key.length)
  return taken
}

/** Finds out what the stream has to do next. */
function replan(scene: Scene, db: Keyspace, key: Buffer, failed: boolean): void {
  const { engine } = scene
  const { groups, stream } = engine
  const entry = db.find(key, 0, key.length, db.hash(key, 0, key.length))
  stream.open(rootOf(engine.arena, entry))
  let next = Infinity
  for (const group of groups.list(stream.groups)) {
    const policy = groups.policy(group)
    if (policy !== 0) next = Math.min(next, groups.plans.nextEvent(policy))
  }
  if (failed) next = Math.max(next, engine.now + retryMs)
  const before = stream.planned
  stream.planned = next === Infinity ? -1 : next
  db.redate(entry, before, stream.planned)
}
