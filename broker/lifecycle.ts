// Start and stop of the broker, and what it does ten times a second in between.

import { watchClients } from './clients.ts'
import { keepHistory, takeHistory } from './replication/history-file.ts'
import type { Broker } from './broker.ts'
import { brokerGates } from './gates.ts'
import { cronMs, stopMsMax } from './limits.ts'
import { sampleRates } from './observe.ts'
import { followAppendonly } from './persistence/log-switch.ts'
import { loadAtStart } from './persistence/start-data.ts'

/** Opens the doors, folds the log, then serves. Throws MillraceError. */
export async function startBroker(b: Broker): Promise<void> {
  b.loading.begin()
  await b.listeners.open()
  try {
    await loadAtStart(b)
  } catch (error) {
    await b.listeners.close()
    throw error
  }
  if (b.stopping) {
    await b.appender?.close()
    return
  }
  const history = takeHistory(b)
  if (b.config.values.replicaof !== '') b.following.start(history)
  else if (history !== undefined) b.replicas.resume(history)
  b.extensions.started()
  tick(b)
  b.cron = setInterval(() => tick(b), cronMs)
  b.expiry.arm()
}

function tick(b: Broker): void {
  const nowMs = b.engine.clock.monotonicMs()
  b.appender?.tick(nowMs)
  sampleRates(b, nowMs)
  if ((b.gates & brokerGates.memory) !== 0 && b.memory.tick()) b.openTurn()
  b.pause.tick(nowMs)
  if (!b.loading.active) followAppendonly(b)
  b.persistence.tick()
  b.following.tick()
  b.replicas.tick()
  b.failover.tick()
  b.extensions.tick(nowMs)
  watchClients(b)
  b.clientBound.tick()
}

/** Graceful stop: nobody new, what was run is sealed and synced, replies leave, then all is closed. */
export async function stopBroker(b: Broker): Promise<void> {
  if (b.stopping) return
  b.stopping = true
  b.tellLogFollowers()
  const clients = Array.from(b.clients.values())
  // Replicas are served to the end: they are to have all that was acknowledged.
  for (const c of clients) if (c.outputClass !== 'slave') c.closing = true
  b.following.stop()
  b.targets.close()
  await b.listeners.close()
  clearInterval(b.cron)
  await b.extensions.stopping()
  b.persistence.abort()
  b.expiry.stop()
  // What a script did that has not ended is in no frame, and stays so.
  if (b.scripts.busy !== undefined) b.engine.log.abandon()
  b.turn.end()
  b.engine.seal()
  await syncOrGiveUp(b)
  b.outbox.release()
  await b.replicas.drain()
  keepHistory(b)
  for (const c of clients) c.closing = true
  for (const c of clients) c.transmit(Buffer.alloc(0), true)
  const until = b.engine.clock.monotonicMs() + stopMsMax
  while (b.clients.size > 0 && b.engine.clock.monotonicMs() < until) {
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  for (const c of clients) c.destroy()
  await b.engine.log.close()
}

/** Syncs the log for the last time. What a failing disk does not take was never acknowledged: nobody waits for it. */
async function syncOrGiveUp(b: Broker): Promise<void> {
  const { log } = b.engine
  const last = { settled: false, synced: false }
  const settle = (synced: boolean): void => {
    last.settled = true
    last.synced = synced
  }
  log.flush().then(() => settle(true), () => settle(false))
  do await new Promise((resolve) => setTimeout(resolve, 1))
  while (!last.settled && log.state === 'ok')
  if (last.synced) return
  b.report('warning', `the last writes could not be synced: ${b.logFailure()}`)
}
