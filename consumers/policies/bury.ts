// Dead letters: what was delivered as often as its group's policy allows goes to another stream, with where it comes
// from, and is acknowledged; both in one transaction.

import { StreamId } from '../../core/types/stream-id.ts'
import { deliveriesMax } from '../../core/types/stream-policy.ts'
import type { Scene } from './writer.ts'

const id = new StreamId()
const deliveriesMaxShown = '9223372036854775807'
const nobody = Buffer.alloc(0)

/** Buries a pending entry of the open stream, which stands at `key`. Throws where it can't be written. */
export function bury(scene: Scene, key: Buffer, group: number, pending: number): void {
  const { engine, writer } = scene
  const { groups, stream } = engine
  const { plans } = groups
  const policy = groups.policy(group)
  const name = groups.groupName(group)
  const entryId = groups.pendingId(pending, id).toString()
  const words: (string | Uint8Array)[] = ['XADD', plans.deadLetter(policy)!, '*']
  if (stream.find(id)) {
    stream.eachWord((u8, from, to) => words.push(Buffer.from(u8.subarray(from, to))))
    const owner = groups.pendingConsumer(pending)
    const note = plans.noteOf(pending)
    const deliveries = groups.deliveries(pending)
    const isFatal = deliveries === deliveriesMax
    words.push(
      'dead-stream', key, 'dead-group', name, 'dead-id', entryId,
      'dead-consumer', groups.isNobody(owner) ? note?.consumer ?? nobody : groups.consumerName(owner),
      'dead-deliveries', isFatal ? deliveriesMaxShown : String(deliveries),
      'dead-reason', isFatal ? 'fatal' : note === undefined ? 'lease-ended' : 'released',
      'dead-error', note?.error ?? nobody, 'dead-time', String(engine.now),
    )
  } else words.length = 0
  writer.atomically(() => {
    // Of an entry that was deleted meanwhile there is nothing to keep.
    if (words.length > 0) writer.call(words)
    writer.call(['XACK', key, name, entryId])
  })
  if (words.length > 0) scene.deeds.deadLetters++
}
