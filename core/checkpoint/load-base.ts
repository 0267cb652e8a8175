// The checkpoint that a log stands on into an engine, whatever its form.

import type { Disk } from '../disk.ts'
import type { Engine } from '../engine.ts'
import type { Entry } from '../log/reader.ts'
import type { LoadedBase } from '../log/recover.ts'
import { baseForm } from './base-file.ts'
import { loadCommands } from './command-load.ts'
import { loadFile } from './rdb-load.ts'
import type { LoadProgress } from './rdb-load.ts'
import { auxNames } from './rdb-save.ts'

/**
 * What was due by then stays: the log says when it went. `visit` folds an entry into the engine, which is replaying.
 * Throws RDB_DAMAGED, LOG_BASE, LOG_DATABASE.
 */
export function* loadBase(
  x: Engine, disk: Disk, file: string, visit: (entry: Entry) => void,
): Generator<LoadProgress, LoadedBase, void> {
  if (baseForm(disk, file) === 'commands') {
    const { position } = yield* loadCommands(x, disk, file, visit)
    return { position, bytes: disk.size(file) }
  }
  const { aux, bytes } = yield* loadFile(x, disk, file)
  const ms = Number(aux.get(auxNames.ms) ?? 0)
  if (ms > 0) x.setNow(ms)
  return { position: Number(aux.get(auxNames.position) ?? 0), bytes }
}
