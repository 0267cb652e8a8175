// DEBUG RELOAD and LOADAOF: forgets the views and folds them from the log anew, as a restart would. Meanwhile everyone
// hears LOADING; who asked gets the answer when it is done.

import path from 'node:path'
import { loadBase } from '../core/checkpoint/rdb-load.ts'
import { recoverLog } from '../core/log/recover.ts'
import { nullLog } from '../core/log/log.ts'
import { realDisk } from '../core/disk.ts'
import type { Broker } from './broker.ts'
import type { Connection } from './connection.ts'
import { brokerGates } from './dispatch.ts'
import { replayer } from './recovery.ts'

/** Parks the client, reloads, and answers it. */
export function reloadLog(c: Connection): void {
  const { broker } = c
  const parked = broker.blocking.parkFor(c, c.lastCommand!, 0, (r) => r.ok())
  broker.gates |= brokerGates.loading
  // The frame of this turn belongs to what is loaded: it is sealed first.
  setImmediate(() => {
    broker.engine.log.flush().then(() => {
      refold(broker)
      broker.blocking.answer(parked, (r) => r.ok())
    }).catch((error: unknown) => {
      const reason = (error as Error).message
      broker.blocking.answer(parked, (r) => r.error(`ERR Error trying to load the log: ${reason}`))
    }).finally(() => {
      broker.gates &= ~brokerGates.loading
    })
  })
}

function refold(b: Broker): void {
  const { engine, config } = b
  const { dir, appenddirname, appendfilename, aofLoadTruncated } = config.values
  const { log } = engine
  const now = engine.now
  engine.log = nullLog()
  engine.replaying = true
  try {
    for (const db of engine.dbs) db.clear()
    engine.libraries.clear()
    const place = { folder: path.join(dir, appenddirname), baseName: appendfilename }
    const visit = replayer(engine, b.commands)
    const disk = b.disk ?? realDisk()
    const steps = recoverLog({
      disk, place, loadTruncated: aofLoadTruncated, visit, loadBase: (file) => loadBase(engine, disk, file),
    })
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    // The log that is open goes on; the end that was found anew is not needed.
    disk.close(step.value.end.fd)
  } finally {
    engine.replaying = false
    engine.log = log
    engine.setNow(Math.max(now, engine.clock.nowMs()))
  }
}
