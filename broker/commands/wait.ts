// WAIT and WAITAOF: until the client's writes are with replicas, or on this disk and theirs.

import type { Args } from '../../core/args.ts'
import { timeoutMsArgument } from '../../core/commands/block-timeout.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { Parked } from '../blocking.ts'
import type { Broker } from '../broker.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { waitaofSpec, waitSpec } from './server-spec.ts'

const noLocalLog = 'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.'
const notOnReplica = 'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a '
  + 'replica is configured to be writable (which is not the default) writes to replicas are just local and are not '
  + 'propagated.'

function wait(c: Connection, a: Args, r: Reply): void {
  if (c.broker.following.isReplica) return r.error(notOnReplica)
  const ms = timeoutMsArgument(a, 2, c.broker.engine.clock.nowMs())
  const replicas = a.int(1)
  if (Number.isNaN(replicas)) return r.error(replies.notInteger)
  if (typeof ms === 'string') return r.error(ms)
  const { broker } = c
  const group = broker.replicas
  const position = lastWrite(c)
  const have = (): number => group.haveUpTo(lastByte(broker, position))
  if (have() >= replicas || !c.mayBlock) return r.int(have())
  const answer = (late: Reply): void => late.int(have())
  const parked = broker.blocking.parkFor(c, c.lastCommand!, ms, answer)
  heed(parked, broker, () => have() >= replicas, answer)
  group.askAcks()
}

/** Position of the log behind the client's last write; 0 when it wrote nothing. */
function lastWrite(c: Connection): number {
  return c.broker.turn.hasWritten ? c.broker.engine.log.appended : c.wrotePosition
}

/** The last byte of the stream that replicas must have; undefined while it has no number yet. */
function lastByte(b: Broker, position: number): number | undefined {
  return position === 0 ? 0 : b.replicas.stream.lastOf(position, b.engine.log)
}

/** While the client waits, each word of a replica may end that. Returns what looks, for others to call as well. */
function heed(parked: Parked, b: Broker, enough: () => boolean, answer: (r: Reply) => void): () => void {
  const { onAck } = b.replicas
  const look = (): void => {
    if (enough()) b.blocking.answer(parked, answer)
  }
  onAck.add(look)
  parked.onEnd = () => void onAck.delete(look)
  return look
}

function waitAof(c: Connection, a: Args, r: Reply): void {
  const local = a.int(1)
  if (Number.isNaN(local)) return r.error(replies.notInteger)
  if (local < 0 || local > 1) return r.error('ERR value is out of range, value must between 0 and 1')
  const replicas = a.int(2)
  if (Number.isNaN(replicas)) return r.error(replies.notInteger)
  if (replicas < 0) return r.error(replies.mustBePositive)
  const ms = timeoutMsArgument(a, 3, c.broker.engine.clock.nowMs())
  if (typeof ms === 'string') return r.error(ms)
  const { broker } = c
  const lacksLog = (): boolean => local === 1 && !broker.config.values.appendonly
  if (lacksLog()) return r.error(noLocalLog)

  const group = broker.replicas
  const position = lastWrite(c)
  // CONFIG SET appendonly may end the log meanwhile, or begin another one, where positions go on.
  const kept = (): number => (broker.appender !== undefined && broker.appender.durable >= position ? 1 : 0)
  const onDisk = (): number => group.onDiskUpTo(lastByte(broker, position))
  const answer = (to: Reply): void => {
    if (lacksLog()) return to.error(noLocalLog)
    to.array(2)
    to.int(kept())
    to.int(onDisk())
  }
  const enough = (): boolean => lacksLog() || (kept() >= local && onDisk() >= replicas)
  if (enough() || !c.mayBlock) return answer(r)
  const parked = broker.blocking.parkFor(c, c.lastCommand!, ms, answer)
  const look = heed(parked, broker, enough, answer)
  // The turn that holds the client's last write is sealed first; then one sync serves all who wait.
  if (replicas > 0) group.askAcks()
  setImmediate(() => void broker.engine.log.flush().then(look, () => {}))
}

export const waitCommands: readonly BrokerSpec[] = [{ ...waitSpec, serve: wait }, { ...waitaofSpec, serve: waitAof }]
