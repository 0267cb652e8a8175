// What the stream type of redis-server 7.0 has no place for: when consumers were last active, where that is not when
// they were last seen, the ids that idempotent producers gave, and the policies of groups. It stands in an aux field
// before the key, which Redis skips, and is written only where there is something to say.
//
//   version u8 │ has ids u8 │ (seconds, most ids, added, duplicates, n, n × (producer, id, stream id, ms))
//   │ n, n × (group, consumer, active ms) │ from version 2 on: n, n × (group, policy)
//   policy  most deliveries, lease, backoff, its most, its factor in thousandths, reap, flags │ (dead letter)
//           │ (ordered by) │ n, n × (stream id, flags, (due), (last consumer, error), (key))
//
// What is in round brackets is there where a flag says so. Version 1 is written where no group has a policy.
// Numbers are RDB lengths, names RDB strings, stream ids 16 bytes, times 8.

import type { Engine } from '../engine.ts'
import { idempotenceIdsMax, idempotenceSecondsMax } from '../limits.ts'
import { StreamId } from '../types/stream-id.ts'
import { readPolicies, writePolicies } from './stream-policies.ts'
import { RdbError } from './rdb-format.ts'
import { RdbInput } from './rdb-input.ts'
import { RdbOutput } from './rdb-output.ts'

export const streamExtraName = 'millrace-stream'
const plainVersion = 1
const policyVersion = 2
const id = new StreamId()
const before = new StreamId()
const out = new RdbOutput(false)

/** The extra bytes of the stream at `root`, valid until the next call; undefined when there are none. */
export function streamExtra(engine: Engine, root: number): Buffer | undefined {
  const { stream, groups, idempotence } = engine
  const ids = stream.open(root).idempotence
  const idle: { group: Buffer; consumer: Buffer; active: number }[] = []
  for (const group of groups.list(stream.groups)) {
    for (const consumer of groups.list(groups.consumers(group))) {
      const active = groups.active(consumer)
      if (groups.isNobody(consumer) || active === groups.seen(consumer)) continue
      idle.push({ group: groups.groupName(group), consumer: groups.consumerName(consumer), active })
    }
  }
  const planned = groups.list(stream.groups).filter((group) => groups.policy(group) !== 0)
  if (ids === 0 && idle.length === 0 && planned.length === 0) return undefined
  out.at = 0
  out.byte(planned.length === 0 ? plainVersion : policyVersion)
  out.byte(ids === 0 ? 0 : 1)
  if (ids !== 0) {
    out.length(idempotence.durationSeconds(ids))
    out.length(idempotence.idsMax(ids))
    out.length(idempotence.added(ids))
    out.length(idempotence.duplicates(ids))
    out.length(idempotence.records(ids))
    idempotence.each(ids, (pid, iid, ms, record) => {
      out.string(pid, 0, pid.length)
      out.string(iid, 0, iid.length)
      idempotence.idOf(record, id)
      for (const word of [id.msHigh, id.msLow, id.seqHigh, id.seqLow]) out.u32(word)
      out.ms(ms)
    })
  }
  out.length(idle.length)
  for (const { group, consumer, active } of idle) {
    out.string(group, 0, group.length)
    out.string(consumer, 0, consumer.length)
    out.ms(active)
  }
  if (planned.length > 0) writePolicies(engine, planned, out)
  return out.bytes()
}

/** Gives the stream at `root`, which was read without them, its extra bytes. Throws RdbError. */
export function readStreamExtra(engine: Engine, root: number, bytes: Buffer): void {
  const input = new RdbInput(bytes, 0, bytes.length, engine.settings.stringBytesMax)
  const { stream, groups } = engine
  stream.open(root)
  const version = input.byte()
  if (version !== plainVersion && version !== policyVersion) {
    throw new RdbError('extra facts about a stream in a version that is not known')
  }
  const hasIds = input.byte()
  if (hasIds > 1) throw new RdbError('extra facts about a stream with a flag that is not known')
  if (hasIds === 1) readIds(engine, input)
  for (let left = input.count(); left > 0; left--) {
    const groupName = input.copy()
    const name = input.copy()
    const active = input.ms()
    const group = groups.find(stream.groups, groupName, 0, groupName.length)
    const consumer = group === 0 ? 0 : groups.find(groups.consumers(group), name, 0, name.length)
    if (consumer === 0) throw new RdbError('extra facts about a consumer that the stream lacks')
    groups.setActive(consumer, active)
  }
  if (version === policyVersion) readPolicies(engine, input)
  if (input.at !== input.end) throw new RdbError('more extra bytes than facts about a stream')
}

function readIds(engine: Engine, input: RdbInput): void {
  const { stream, idempotence } = engine
  const root = idempotence.create()
  stream.idempotence = root
  const seconds = input.length()
  const idsMax = input.length()
  if (seconds < 1 || seconds > idempotenceSecondsMax || idsMax < 1 || idsMax > idempotenceIdsMax) {
    throw new RdbError('ids of producers that are kept for longer, or more of them, than can be')
  }
  idempotence.configure(root, seconds, idsMax)
  const added = input.length()
  idempotence.setCounts(root, added, input.length())
  for (let left = input.count(); left > 0; left--) {
    const pid = input.copy()
    const iid = input.copy()
    id.set(input.u32(), input.u32(), input.u32(), input.u32())
    const ms = input.ms()
    if (idempotence.find(root, pid, iid, 0, before)) throw new RdbError('an id of a producer twice')
    idempotence.restore(root, pid, iid, ms, id)
  }
}
