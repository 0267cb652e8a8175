// The dump file, `dir`/`dbfilename`: written from live memory, and loaded into it.

import path from 'node:path'
import { loadFile } from '../../core/checkpoint/rdb-load.ts'
import type { Loaded, LoadOptions, LoadProgress } from '../../core/checkpoint/rdb-load.ts'
import { auxNames, replaceByStream, saveNow } from '../../core/checkpoint/rdb-save.ts'
import type { Broker } from '../broker.ts'
import { redisVersion } from '../product.ts'

export function dumpPath(b: Broker): string {
  return path.join(b.config.values.dir, b.config.values.dbfilename)
}

/** Writes the whole state as it is now; what is there stays until the new file is whole. Throws system errors. */
export function writeDump(b: Broker, file = dumpPath(b)): number {
  return replaceByStream(b.disk, file, (sink) => {
    saveNow(b.engine, sink, { aux: auxFields(b), checksum: b.config.values.rdbchecksum })
  })
}

/** The facts that Redis writes, too, and the position of the log that the state stands at. */
export function auxFields(b: Broker): Record<string, string | number> {
  const { engine } = b
  return {
    'redis-ver': redisVersion, 'redis-bits': 64, ctime: Math.floor(engine.clock.nowMs() / 1000),
    'used-mem': engine.arena.usedBytes, 'aof-base': 0,
    [auxNames.position]: engine.log.appended, [auxNames.ms]: engine.now,
  }
}

/** Steps of loading the dump file; what was due stays out. */
export function* loadDump(b: Broker, options: LoadOptions = {}): Generator<LoadProgress, Loaded, void> {
  const loaded = yield* loadFile(b.engine, b.disk, dumpPath(b), {
    dueAt: b.engine.clock.nowMs(), checksum: b.config.values.rdbchecksum, ...options,
  })
  b.report('notice', `Done loading RDB, keys loaded: ${loaded.keys}, keys expired: ${loaded.expired}.`)
  return loaded
}
