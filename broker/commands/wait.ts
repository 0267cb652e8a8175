// WAIT and WAITAOF: until the client's writes are with replicas, or on this disk and theirs.

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { waitaofSpec, waitSpec } from './server-spec.ts'

const notOnReplica = 'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a '
  + 'replica is configured to be writable (which is not the default) writes to replicas are just local and are not '
  + 'propagated.'

/** The timeout in milliseconds, or the error. */
function timeoutOf(a: Args, i: number): number | string {
  const ms = a.int(i)
  if (Number.isNaN(ms)) return replies.timeoutNotInteger
  return ms < 0 ? replies.timeoutNegative : ms
}

function wait(c: Connection, a: Args, r: Reply): void {
  if (c.broker.following.isReplica) return r.error(notOnReplica)
  const ms = timeoutOf(a, 2)
  const replicas = a.int(1)
  if (Number.isNaN(replicas)) return r.error(replies.notInteger)
  if (typeof ms === 'string') return r.error(ms)
  const { broker } = c
  const group = broker.replicas
  // What the open turn wrote is in no frame yet. All that was sent by then is asked for: no less than what is its own.
  let last = c.wroteTurn === 0 ? 0 : group.stream.last
  const have = (): number => group.haveUpTo(last)
  const sealed = broker.engine.log.pendingBytes === 0 || c.wroteTurn === 0
  if ((sealed && have() >= replicas) || !c.mayBlock) return r.int(have())
  const look = (): void => {
    if (c.parked !== parked) group.onAck.delete(look)
    else if (have() >= replicas) broker.blocking.answer(parked, (late) => late.int(have()))
  }
  const parked = broker.blocking.parkFor(c, c.lastCommand!, ms, (late) => late.int(have()))
  group.onAck.add(look)
  setImmediate(() => {
    if (c.wroteTurn !== 0) last = group.stream.last
    group.askAcks()
    look()
  })
}

/** True when all that the client wrote is on disk. What others wrote at the same time may hold up the answer. */
function writesDurable(c: Connection): boolean {
  const { log } = c.broker.engine
  return log.pendingBytes === 0 && (c.wroteTurn === 0 || log.durable >= log.appended)
}

function waitAof(c: Connection, a: Args, r: Reply): void {
  const local = a.int(1)
  if (Number.isNaN(local)) return r.error(replies.notInteger)
  if (local < 0 || local > 1) return r.error('ERR value is out of range, value must between 0 and 1')
  const replicas = a.int(2)
  if (Number.isNaN(replicas)) return r.error(replies.notInteger)
  if (replicas < 0) return r.error(replies.mustBePositive)
  const ms = timeoutOf(a, 3)
  if (typeof ms === 'string') return r.error(ms)
  const { broker } = c
  if (local === 1 && !broker.config.values.appendonly) {
    return r.error('ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.')
  }

  const group = broker.replicas
  let last = group.stream.last
  const kept = (): number => (broker.config.values.appendonly && writesDurable(c) ? 1 : 0)
  const answer = (to: Reply): void => {
    to.array(2)
    to.int(kept())
    to.int(group.onDiskUpTo(last))
  }
  const enough = (): boolean => kept() >= local && (replicas === 0 || group.onDiskUpTo(last) >= replicas)
  if ((broker.engine.log.pendingBytes === 0 && enough()) || !c.mayBlock) return answer(r)
  const look = (): void => {
    if (c.parked !== parked) group.onAck.delete(look)
    else if (enough()) broker.blocking.answer(parked, answer)
  }
  const parked = broker.blocking.parkFor(c, c.lastCommand!, ms, answer)
  group.onAck.add(look)
  // The turn that holds the client's last write is sealed first; then one sync serves all who wait.
  setImmediate(() => {
    last = group.stream.last
    if (replicas > 0) group.askAcks()
    broker.engine.log.flush().then(look, () => {})
  })
}

export const waitCommands: readonly BrokerSpec[] = [{ ...waitSpec, serve: wait }, { ...waitaofSpec, serve: waitAof }]
