// Folds a log into an engine, without touching the log.

import path from 'node:path'
import { createCommands } from '../../broker/commands/table.ts'
import { replayer } from '../../broker/recovery.ts'
import { bindSources } from '../../broker/scripting/functions.ts'
import { loadBase } from '../../core/checkpoint/rdb-load.ts'
import { Engine } from '../../core/engine.ts'
import { MillraceError } from '../../core/errors.ts'
import { segmentStart } from '../../core/log/log-files.ts'
import { readHistory } from '../../core/log/history.ts'
import { nullLog } from '../../core/log/log.ts'
import { readManifest } from '../../core/log/manifest.ts'
import type { LogPlace } from '../../core/log/manifest.ts'
import type { Entry } from '../../core/log/reader.ts'
import { beginsAsRdb } from '../../core/log/recover.ts'
import { sourcesOf } from '../../core/log/salvage.ts'
import type { Sources } from '../../core/log/salvage.ts'
import { realRandom } from '../../core/random.ts'
import { drive } from './drive.ts'
import type { Io } from './verb.ts'

/** More databases than anyone has, so that every number fits. */
const databasesMax = 1024

/** The log's checkpoints and segments, archive included. Throws MillraceError LOG_MANIFEST and LOG_DAMAGED. */
export function wholeSources(io: Io, place: LogPlace): Sources {
  const manifest = readManifest(io.disk, place)
  if (manifest === undefined) throw new MillraceError('LOG_MANIFEST', `${place.folder} has no manifest`)
  for (const { name, type } of manifest.files) {
    const file = path.join(place.folder, name)
    if (type !== 'h' && io.disk.size(file) < 0) {
      throw new MillraceError('LOG_DAMAGED', `${file} is named in the manifest, but missing`)
    }
  }
  return sourcesOf(io.disk, place)
}

/**
 * The state at the log's end, or behind the last entry for which `until` is true: from the newest checkpoint that is
 * not later. Throws MillraceError BEFORE_HISTORY when the log doesn't reach back so far.
 */
export async function foldLog(
  io: Io, place: LogPlace, until?: (position: number, ms: number) => boolean,
): Promise<Engine> {
  const { bases, segments } = wholeSources(io, place)
  for (const base of bases) {
    const engine = emptyEngine(io)
    const { position, bytes } = await loaded(io, engine, base)
    if (until !== undefined && position > 0 && !until(position, engine.now)) continue
    const files = segmentsBehind(io, segments, position)
    if (!base.endsWith('.rdb')) await fold(io, engine, [base, ...files], position, bytes, until)
    else await fold(io, engine, files, position, 0, until)
    return engine
  }
  const first = segments.find((file) => io.disk.size(file) > 0)
  if (bases.length > 0 && (first === undefined || segmentStart(io.disk, first)?.position !== 1)) {
    throw new MillraceError('BEFORE_HISTORY', 'the log and its archive do not reach back so far')
  }
  const engine = emptyEngine(io)
  await fold(io, engine, segments, 0, 0, until)
  return engine
}

function emptyEngine(io: Io): Engine {
  const engine = new Engine({ clock: io.clock, random: realRandom(), log: nullLog(), databases: databasesMax })
  engine.replaying = true
  bindSources(engine)
  return engine
}

/** Loads the RDB of a base, if it is one or begins with one. */
async function loaded(io: Io, engine: Engine, base: string): Promise<{ position: number, bytes: number }> {
  if (!beginsAsRdb(io.disk, base)) return { position: 0, bytes: 0 }
  return drive(io, loadBase(engine, io.disk, base), ({ bytesRead, bytesTotal }) => {
    io.progress.show('loading', base, bytesRead, bytesTotal)
  })
}

/** Without those that end before the position. */
function segmentsBehind(io: Io, segments: readonly string[], position: number): string[] {
  const first = segments.findLastIndex((file) => {
    const start = segmentStart(io.disk, file)
    return start !== undefined && start.position <= position + 1
  })
  return segments.slice(Math.max(0, first))
}

async function fold(
  io: Io, engine: Engine, files: readonly string[], after: number, offset: number,
  until: ((position: number, ms: number) => boolean) | undefined,
): Promise<void> {
  const replay = replayer(engine, createCommands())
  let ended = false
  const visit = (entry: Entry): void => {
    if (until !== undefined && !until(entry.position, entry.ms)) ended = true
    if (!ended) replay(entry)
  }
  const steps = readHistory({ disk: io.disk, files, after, offset, visit, enough: () => ended })
  await drive(io, steps, ({ file, bytesRead, bytes }) => io.progress.show('folding', file, bytesRead, bytes))
}
