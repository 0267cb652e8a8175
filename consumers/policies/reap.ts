// Dead consumers: who was not seen for as long as the group's policy says is removed, and what it had goes back to the
// group. A waiting reader shows that it lives (core/commands/stream-read-wait.ts).

import { StreamId } from '../../core/types/stream-id.ts'
import { entriesPerTurnMax, reapCheckMsMin } from './limits.ts'
import type { Scene } from './writer.ts'

const id = new StreamId()

/** Looks at the consumers of a group of the open stream, which stands at `key`; says when to look again. */
export function reap(scene: Scene, key: Buffer, group: number): void {
  const { engine, aliveSinceMs } = scene
  const { groups } = engine
  const { plans } = groups
  const policy = groups.policy(group)
  const reapMs = plans.reapMs(policy)
  const { now } = engine
  let next = now + reapMs
  for (const consumer of groups.present(group)) {
    const dead = Math.max(groups.seen(consumer), aliveSinceMs) + reapMs
    if (dead > now) next = Math.min(next, dead)
    else if (!remove(scene, key, group, consumer)) next = now
  }
  plans.setReapAt(policy, next === now ? now : Math.max(next, now + Math.min(reapMs, reapCheckMsMin)))
}

/** Gives back what the consumer has, and removes it; false when there is more than one turn may take. */
function remove(scene: Scene, key: Buffer, group: number, consumer: number): boolean {
  const { engine, writer, deeds } = scene
  const { groups } = engine
  const name = groups.groupName(group)
  const consumerName = groups.consumerName(consumer)
  const ids: string[] = []
  const mine = groups.openPending(groups.consumerPending(consumer))
  const all = mine.count
  for (let more = mine.first(); more && ids.length < entriesPerTurnMax; more = mine.next()) {
    ids.push(groups.pendingId(mine.value, id).toString())
  }
  const whole = ids.length === all
  writer.atomically(() => {
    if (ids.length > 0) writer.call(['XNACK', key, name, 'FAIL', 'IDS', String(ids.length), ...ids])
    if (whole) writer.call(['XGROUP', 'DELCONSUMER', key, name, consumerName])
  })
  deeds.releasedEntries += ids.length
  if (whole) deeds.reapedConsumers++
  return whole
}
