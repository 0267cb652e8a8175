// Folds a log into an engine, without touching the log.

import path from 'node:path'
import { createCommands } from '../../broker/commands/table.ts'
import { replayer } from '../../broker/recovery.ts'
import { bindSources } from '../../broker/scripting/functions.ts'
import { loadBase } from '../../core/checkpoint/rdb-load.ts'
import { Engine } from '../../core/engine.ts'
import { MillraceError } from '../../core/errors.ts'
import { readHistory } from '../../core/log/history.ts'
import { nullLog } from '../../core/log/log.ts'
import { readManifest } from '../../core/log/manifest.ts'
import type { LogPlace } from '../../core/log/manifest.ts'
import type { Entry } from '../../core/log/reader.ts'
import { beginsAsRdb } from '../../core/log/recover.ts'
import { realRandom } from '../../core/random.ts'
import { drive } from './drive.ts'
import type { Io } from './verb.ts'

/** More databases than anyone has, so that every number fits. */
const databasesMax = 1024

export type LogPieces = { base: string | undefined, segments: string[] }

/** The files that count, by the manifest. Throws MillraceError LOG_MANIFEST. */
export function piecesOf(io: Io, place: LogPlace): LogPieces {
  const manifest = readManifest(io.disk, place)
  if (manifest === undefined) throw new MillraceError('LOG_MANIFEST', `${place.folder} has no manifest`)
  const named = (type: 'b' | 'i'): string[] => manifest.files.filter((file) => file.type === type)
    .map((file) => path.join(place.folder, file.name))
  return { base: named('b')[0], segments: named('i') }
}

/** The state at the log's end, or as of the last entry for which `until` is true. */
export async function foldLog(
  io: Io, place: LogPlace, until?: (position: number, ms: number) => boolean,
): Promise<Engine> {
  const { disk } = io
  const engine = new Engine({ clock: io.clock, random: realRandom(), log: nullLog(), databases: databasesMax })
  engine.replaying = true
  bindSources(engine)
  const { base, segments } = piecesOf(io, place)
  let after = 0
  let offset = 0
  const files = [...segments]
  if (base !== undefined) {
    if (beginsAsRdb(disk, base)) {
      const loaded = await drive(io, loadBase(engine, disk, base), (step) => {
        const { bytesRead, bytesTotal } = step
        io.progress.show('loading', base, bytesRead, bytesTotal)
      })
      after = loaded.position
      offset = loaded.bytes
    }
    if (!base.endsWith('.rdb')) files.unshift(base)
    else offset = 0
  }
  if (until !== undefined && after > 0 && !until(after, engine.now)) {
    throw new MillraceError('BEFORE_CHECKPOINT', `the log's checkpoint stands at position ${after}, which is later`)
  }
  const fold = replayer(engine, createCommands())
  let ended = false
  const visit = (entry: Entry): void => {
    if (until !== undefined && !until(entry.position, entry.ms)) ended = true
    if (!ended) fold(entry)
  }
  const steps = readHistory({ disk, files, after, offset, visit, enough: () => ended })
  await drive(io, steps, ({ file, bytesRead, bytes }) => io.progress.show('folding', file, bytesRead, bytes))
  return engine
}
