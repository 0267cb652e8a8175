// DEBUG POPULATE: makes many strings, as SET would, so that they are in the log. A slice of them in each turn: others
// are served meanwhile, unless it is part of a transaction.

import { Args, frameWords } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import { Reply } from '../../core/reply.ts'
import type { Broker } from '../broker.ts'
import { findCommand } from '../command.ts'
import type { Connection } from '../connection.ts'
import { brokerGates } from '../gates.ts'
import { populateSliceMsMax } from '../limits.ts'
import { diskGates, diskRefusal } from '../persistence/disk-refusal.ts'

export function populate(c: Connection, a: Args, r: Reply): void {
  const count = a.int(2)
  const bytes = a.count > 4 ? a.int(4) : 0
  if (!(count >= 0 && bytes >= 0)) return r.error(replies.mustBePositive)
  const { broker } = c
  const { stringBytesMax } = broker.engine.settings
  if (bytes > stringBytesMax) return r.error(replies.stringTooLong)
  const refusal = refusalOf(broker)
  if (refusal !== undefined) return r.error(refusal)

  const maker = new Maker(c, count, a.count > 3 ? a.copy(3) : Buffer.from('key'), bytes)
  if (!c.mayBlock) {
    maker.work(Infinity)
    return r.ok()
  }
  const parked = broker.blocking.parkFor(c, c.lastCommand!, 0, undefined)
  const goOn = (): void => {
    if (broker.stopping || c.parked !== parked) return
    const late = refusalOf(broker)
    if (late !== undefined) return broker.blocking.answer(parked, (to) => to.error(late))
    const held = broker.pause.active || broker.loading.active || broker.engine.grouped
    if (!held) {
      broker.openTurn()
      maker.work(broker.engine.clock.monotonicMs() + populateSliceMsMax)
      if (broker.blocking.pending) broker.serveBlocked()
    }
    if (maker.left > 0) setTimeout(goOn, held ? populateSliceMsMax : 0)
    else {
      // Its frame is the one that the answer waits for.
      broker.blocking.answer(parked, (to) => {
        c.noteWrite()
        to.ok()
      })
    }
  }
  goOn()
}

function refusalOf(b: Broker): string | undefined {
  if ((b.gates & diskGates) !== 0) return diskRefusal(b)
  return (b.gates & brokerGates.replica) !== 0 ? replies.readOnlyReplica : undefined
}

class Maker {
  /** Keys that are still to be made. */
  left: number
  private readonly client: Connection
  private readonly count: number
  private readonly prefix: Buffer
  private readonly bytes: number
  private readonly db: number

  constructor(client: Connection, count: number, prefix: Buffer, bytes: number) {
    this.left = count
    this.client = client
    this.count = count
    this.prefix = prefix
    this.bytes = bytes
    this.db = client.db
  }

  /** Makes keys until `untilMs` (monotonic); those that are there stay as they are. */
  work(untilMs: number): void {
    const { client, bytes } = this
    const { engine, commands } = client.broker
    const space = engine.dbs[this.db]!
    const args = new Args()
    const reply = new Reply()
    while (this.left > 0) {
      const number = this.count - this.left--
      const key = Buffer.concat([this.prefix, Buffer.from(`:${number}`)])
      if (space.peek(key, 0, key.length, space.hash(key, 0, key.length)) !== 0) continue
      const text = Buffer.from(`value:${number}`)
      const value = bytes === 0 ? text : Buffer.concat([text], bytes)
      frameWords(args, ['SET', key, value])
      reply.rewind(0)
      engine.execute(findCommand(commands, args)!, args, reply, client)
      if ((number & 63) === 0 && engine.clock.monotonicMs() >= untilMs) return
    }
  }
}
