// What the key space and the digests need of a stream.

import type { Engine } from '../engine.ts'
import { StreamId } from './stream-id.ts'
import { applyFact, hasten, planFacts, usePolicy } from './stream-facts.ts'
import type { PlanFact } from './stream-facts.ts'
import type { Policy } from './stream-policy.ts'
import { plannedOf } from './stream-walk.ts'
import type { TypeOps } from './types.ts'

const id = new StreamId()

export const streamOps: TypeOps = {
  free(engine, root) {
    const stream = engine.stream.open(root)
    engine.groups.destroyAll(stream.groups)
    if (stream.idempotence !== 0) engine.idempotence.free(stream.idempotence)
    stream.free()
  },

  copy(engine, root) {
    const target = engine.stream.open(root).copy()
    copyGroups(engine, root, target)
    const records = engine.stream.open(root).idempotence
    if (records !== 0) engine.stream.open(target).idempotence = engine.idempotence.copy(records, id)
    return target
  },

  memoryBytes(engine, root) {
    const stream = engine.stream.open(root)
    const records = stream.idempotence
    const bytes = stream.memoryBytes() + engine.groups.memoryBytes(stream.groups)
    return records === 0 ? bytes : bytes + engine.idempotence.memoryBytes(records)
  },

  encoding: () => 'stream',

  digest(engine, root, add) {
    const stream = engine.stream.open(root)
    add(Buffer.from(`${stream.length} ${stream.entriesAdded} ${stream.lastId(id)} ${stream.maxDeletedId(id)}`))
    eachEntry(engine, '-', add)
    digestGroups(engine, add)
    digestIdempotence(engine, add)
  },

  mix(engine, root, mixer) {
    engine.stream.open(root)
    eachEntry(engine, '.', mixer.mix)
  },

  earliest: (engine, root) => plannedOf(engine.arena, root),

  freeSome(engine, root, entries) {
    const stream = engine.stream.open(root)
    if (stream.length > entries && stream.trim(stream.length - entries, undefined, true, 0) > 0) return root
    streamOps.free(engine, root, 0)
    return 0
  },
}

/** Gives `add` each entry's id, written with this separator, and its fields and values. */
function eachEntry(engine: Engine, separator: '-' | '.', add: (bytes: Buffer) => void): void {
  const stream = engine.stream
  for (let more = stream.first(); more; more = stream.forward()) {
    add(Buffer.from(stream.id.toString().replace('-', separator)))
    stream.eachWord((u8, from, to) => add(u8.subarray(from, to)))
  }
}

/** Seen times are left out: an attempt that delivered nothing is not logged. */
function digestGroups(engine: Engine, add: (bytes: Buffer) => void): void {
  const { stream, groups } = engine
  for (const group of groups.list(stream.groups)) {
    add(groups.groupName(group))
    add(Buffer.from(`${groups.lastDelivered(group, id)} ${groups.entriesRead(group)}`))
    digestPolicy(engine, group, add)
    for (const consumer of groups.list(groups.consumers(group))) {
      // Nobody is there only while entries are released.
      const nobody = groups.isNobody(consumer)
      if (nobody && groups.consumerPendingCount(consumer) === 0) continue
      add(groups.consumerName(consumer))
      add(Buffer.from(nobody ? 'nobody' : String(groups.active(consumer))))
      const pending = groups.openPending(groups.consumerPending(consumer))
      for (let more = pending.first(); more; more = pending.next()) {
        id.set(pending.key(0), pending.key(1), pending.key(2), pending.key(3))
        add(Buffer.from(`${id} ${groups.delivered(pending.value)} ${groups.deliveries(pending.value)}`))
      }
    }
  }
}

function digestPolicy(engine: Engine, group: number, add: (bytes: Buffer) => void): void {
  const { groups } = engine
  const policy = groups.policy(group)
  if (policy === 0) return
  add(Buffer.from(JSON.stringify(groups.plans.read(policy))))
  for (const { id: entry, due, note, key } of planFacts(engine, group)) {
    add(Buffer.from(`${entry} ${due}`))
    add(Buffer.from(JSON.stringify([note?.consumer, note?.error, key])))
  }
}

/** The number of duplicates is left out: finding one out is not logged. */
function digestIdempotence(engine: Engine, add: (bytes: Buffer) => void): void {
  const { idempotence } = engine
  const root = engine.stream.idempotence
  if (root === 0) return
  add(Buffer.from(`${idempotence.durationSeconds(root)} ${idempotence.idsMax(root)} ${idempotence.added(root)}`))
  idempotence.each(root, (pid, iid, ms) => {
    add(pid)
    add(iid)
    if (idempotence.find(root, pid, iid, ms, id)) add(Buffer.from(`${id} ${ms}`))
  })
}

function copyGroups(engine: Engine, source: number, target: number): void {
  const { stream, groups } = engine
  const list = groups.list(stream.open(source).groups)
  const planned: { group: number; policy: Policy; facts: PlanFact[] }[] = []
  let root = 0
  for (const group of list) {
    const name = groups.groupName(group)
    groups.lastDelivered(group, id)
    const made = groups.createGroup(root, name, 0, name.length, id, groups.entriesRead(group))
    root = made.root
    for (const consumer of groups.list(groups.consumers(group))) {
      const owner = groups.consumerName(consumer)
      const twin = groups.createConsumer(made.group, owner, 0, owner.length, groups.seen(consumer))
      groups.setActive(twin, groups.active(consumer))
      for (const block of pendingOf(engine, consumer)) {
        groups.pendingId(block, id)
        groups.addPending(made.group, twin, id, groups.delivered(block), groups.deliveries(block))
      }
    }
    const policy = groups.policy(group)
    if (policy === 0) continue
    planned.push({ group: made.group, policy: groups.plans.read(policy), facts: planFacts(engine, group) })
  }
  stream.open(target).groups = root
  for (const { group, policy, facts } of planned) {
    usePolicy(engine, group, policy)
    for (const fact of facts) applyFact(engine, group, fact)
    hasten(engine, group)
  }
}

function pendingOf(engine: Engine, consumer: number): number[] {
  const found: number[] = []
  const pending = engine.groups.openPending(engine.groups.consumerPending(consumer))
  for (let more = pending.first(); more; more = pending.next()) found.push(pending.value)
  return found
}
