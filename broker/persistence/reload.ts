// DEBUG RELOAD and LOADAOF: forgets the views and loads them anew, as a restart would: from the dump file, which is
// written first, or from the log. Meanwhile everyone hears LOADING; who asked gets the answer when it is done.
//
// What a reload from the dump file changed (keys that were due are left out, NOSAVE brings an older state, MERGE more
// keys) is in no frame of the log: the log gets a new base then, so that it folds to what is there.

import { loadBase } from '../../core/checkpoint/load-base.ts'
import { nullLog } from '../../core/log/log.ts'
import { recoverLog } from '../../core/log/recover.ts'
import type { Broker } from '../broker.ts'
import type { Connection } from '../connection.ts'
import { replayer } from './recovery.ts'
import { loadDump } from './dump-file.ts'
import { makeRewrite } from './live-maker.ts'
import { logPlace } from './log-folder.ts'

export type ReloadOptions = { saves: boolean, flushes: boolean, merges: boolean }

/** Parks the client, reloads from the dump file, and answers it. */
export function reloadDump(c: Connection, options: ReloadOptions): void {
  const { broker } = c
  reload(c, 'Error trying to load the RDB dump, check server logs.', async () => {
    if (options.saves && !broker.persistence.saveNow()) throw new Error('the dump file could not be written')
    await detached(broker, async () => {
      if (options.flushes) broker.engine.forgetAll()
      const loaded = await broker.loading.inSlices(loadDump(broker, { merges: options.merges }))
      broker.persistence.loadedKeys = loaded.keys
      broker.persistence.expiredKeys = loaded.expired
    })
    if (broker.appender !== undefined) await makeRewrite(broker, false).done
  })
}

/** Parks the client, makes the log durable, folds the views from it anew, and answers. */
export function reloadLog(c: Connection): void {
  const { broker } = c
  reload(c, 'Error trying to load the AOF files, check server logs.', () => refold(broker))
}

/** Forgets the views and folds them from the log anew. */
export async function refold(b: Broker): Promise<void> {
  await detached(b, async () => {
    b.engine.forgetAll()
    const { disk, engine, config } = b
    const visit = replayer(engine, b.commands)
    const recovered = await b.loading.inSlices(recoverLog({
      disk, place: logPlace(b), loadTruncated: config.values.aofLoadTruncated, visit,
      loadBase: (file) => loadBase(engine, disk, file, visit),
    }))
    // The log that is open goes on; the end that was found anew is not needed.
    disk.close(recovered.end.fd)
  })
}

function reload(c: Connection, failure: string, work: () => Promise<void>): void {
  const { broker } = c
  broker.persistence.abort()
  const parked = broker.blocking.parkFor(c, c.lastCommand!, 0, undefined)
  broker.loading.begin()
  // The frame of this turn belongs to what is loaded: it is sealed first.
  setImmediate(() => {
    broker.engine.log.flush().then(work).then(() => {
      broker.persistence.loaded()
      broker.loading.end()
      broker.blocking.answer(parked, (r) => r.ok())
    }).catch((error: unknown) => {
      broker.loading.end()
      broker.report('warning', `DEBUG RELOAD or LOADAOF: ${(error as Error).message}`)
      broker.blocking.answer(parked, (r) => r.error(`ERR ${failure}`))
    })
  })
}

/** Runs `work` with an engine that logs nothing and lets nothing expire. */
async function detached(b: Broker, work: () => Promise<void>): Promise<void> {
  const { engine } = b
  const { log, now } = engine
  engine.log = nullLog(log.appended)
  engine.replaying = true
  try {
    await work()
  } finally {
    engine.replaying = false
    engine.log = log
    engine.setNow(Math.max(now, engine.now, engine.clock.nowMs()))
  }
}
