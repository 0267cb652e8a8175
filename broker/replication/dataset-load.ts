// A master's dataset takes the place of ours. It was received into a file; from there it is loaded, while clients hear
// LOADING. With a log, what was loaded then becomes the log's base, by one replacement of the manifest: a crash at any
// moment before leaves the old state whole, after it the new one.

import path from 'node:path'
import { loadFile } from '../../core/checkpoint/rdb-load.ts'
import { Snapshot } from '../../core/checkpoint/snapshot.ts'
import type { Broker } from '../broker.ts'
import { datasetWaitMs, snapshotSliceMsMax } from '../limits.ts'
import { baseOptions } from '../persistence/live-maker.ts'
import { retire } from '../persistence/log-folder.ts'
import { refold } from '../persistence/reload.ts'
import { SnapshotFile } from '../persistence/snapshot-file.ts'

/** Where a dataset is received. */
export function receivedFile(b: Broker): string {
  return path.join(b.config.values.dir, `temp-replica-${process.pid}.rdb`)
}

/**
 * Loads `file`. Resolves with the database that the master's stream was at. When it fails, what was there before is
 * there again if a log holds it; without one nothing is.
 */
export async function loadDataset(b: Broker, file: string): Promise<number> {
  const { engine, persistence } = b
  b.loading.begin()
  try {
    // A checkpoint in the making is one of the old state, and must not come in the place of the new one. Nor may the
    // effects of a script that still runs.
    const busy = (): boolean => persistence.run !== undefined || engine.grouped
    while (busy()) await breath(datasetWaitMs)
    engine.seal()
    await engine.log.flush()
    for (const db of engine.dbs) engine.replaced(db.index, -1)
    if (engine.onFlushed !== undefined) engine.onFlushed()
    engine.replaying = true
    engine.forgetAll(true)
    while (!engine.lazy.step(engine.clock.monotonicMs() + snapshotSliceMsMax)) await breath()
    const { keys, bytes, aux } = await b.loading.inSlices(loadFile(engine, b.disk, file, {
      checksum: b.config.values.rdbchecksum,
    }))
    await becomeBase(b)
    persistence.loaded()
    b.report('notice', `the master's dataset is loaded: ${keys} keys, ${bytes} bytes`)
    return Number(aux.get('repl-stream-db') ?? 0)
  } catch (error) {
    if (b.appender === undefined) engine.forgetAll()
    else await refold(b)
    throw error
  } finally {
    engine.replaying = false
    b.loading.end()
    b.openTurn()
  }
}

/** The state as it stands becomes the base of the log, and what the log held before counts no more. */
async function becomeBase(b: Broker): Promise<void> {
  const { appender, files } = b.persistence
  if (appender === undefined || files === undefined) return
  const options = baseOptions(b)
  const temporary = files.temporaryBase(options.form)
  const stands = b.engine.log.appended
  // Nothing changes meanwhile: clients hear LOADING.
  const writing = new SnapshotFile(b, temporary, (sink) => new Snapshot(b.engine, sink, options))
  await writing.run()
  if (b.stopping) throw new Error('the broker stops')
  const position = await appender.rotate()
  if (position !== stands) throw new Error(`the log went on from position ${stands} to ${position} meanwhile`)
  const former = files.installBase(temporary, files.segments.at(-1)!.seq - 1, false)
  void retire(b, former, position + 1)
}

/** Lets others run. */
function breath(ms = 0): Promise<void> {
  return new Promise((resolve) => void (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)))
}
