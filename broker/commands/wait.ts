// WAIT and WAITAOF: until the client's writes are safe elsewhere, or on this disk. There are no replicas so far.

import type { Args } from '../../core/args.ts'
import { replies } from '../../core/errors.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'
import type { Connection } from '../connection.ts'
import { waitaofSpec, waitSpec } from './server-spec.ts'

/** The timeout in milliseconds, or the error. */
function timeoutOf(a: Args, i: number): number | string {
  const ms = a.int(i)
  if (Number.isNaN(ms)) return replies.timeoutNotInteger
  return ms < 0 ? replies.timeoutNegative : ms
}

function wait(c: Connection, a: Args, r: Reply): void {
  const ms = timeoutOf(a, 2)
  const replicas = a.int(1)
  if (Number.isNaN(replicas)) return r.error(replies.notInteger)
  if (typeof ms === 'string') return r.error(ms)
  if (replicas <= 0 || !c.mayBlock) return r.int(0)
  c.broker.blocking.parkFor(c, c.lastCommand!, ms, (late) => late.int(0))
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

  const kept = (): number => (broker.config.values.appendonly && writesDurable(c) ? 1 : 0)
  const answer = (to: Reply): void => {
    to.array(2)
    to.int(kept())
    to.int(0)
  }
  if ((kept() >= local && replicas === 0) || !c.mayBlock) return answer(r)
  const parked = broker.blocking.parkFor(c, c.lastCommand!, ms, answer)
  if (replicas > 0) return
  // The turn that holds the client's last write is sealed first; then one sync serves all who wait.
  setImmediate(() => {
    broker.engine.log.flush().then(() => broker.blocking.answer(parked, answer), () => {})
  })
}

export const waitCommands: readonly BrokerSpec[] = [{ ...waitSpec, serve: wait }, { ...waitaofSpec, serve: waitAof }]
