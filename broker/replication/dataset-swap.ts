// A dataset that was received beside what is served takes its place, between two turns. With a log it is written as the
// log's new base first, while the old data are still served; then the manifest and memory change in one go. A crash at
// any moment before leaves the old state whole, after it the new one.

import { saveSteps } from '../../core/checkpoint/rdb-save.ts'
import type { Broker } from '../broker.ts'
import { datasetWaitMs } from '../limits.ts'
import { baseOptions } from '../persistence/live-maker.ts'
import { retire } from '../persistence/log-folder.ts'
import { SnapshotFile } from '../persistence/snapshot-file.ts'
import type { DatasetParser } from './dataset-parse.ts'

/**
 * `before` is called in the moment in which the old data go. Resolves with the database that the master's stream was
 * at. When it fails, what was there before is there still.
 */
export async function swapDataset(b: Broker, parser: DatasetParser, before: () => void): Promise<number> {
  const { engine, persistence } = b
  const { shadow, loaded } = parser
  // A checkpoint in the making is one of the old state, and must not come in the place of the new one. Nor may the
  // effects of a script that still runs.
  let shut = !parser.serves
  const isBusy = (): boolean => persistence.run !== undefined || engine.grouped || (!shut && b.loading.active)
  const retired = { files: [] as readonly string[], position: 0 }
  for (;;) {
    while (isBusy() && !parser.isClosed) await new Promise((resolve) => void setTimeout(resolve, datasetWaitMs))
    engine.seal()
    await engine.log.flush()
    const base = await writeShadow(b, parser)
    try {
      const position = base === undefined ? engine.log.appended : await b.appender!.rotate()
      if (parser.isClosed || b.stopping) throw gone()
      const stands = base === undefined || (base.position === position && engine.log.appended === position)
      if (!stands || isBusy() || engine.log.pendingBytes > 0) {
        // Something was logged meanwhile: next time nothing will be.
        b.loading.close()
        shut = true
        continue
      }
      if (base !== undefined) {
        const files = persistence.files!
        retired.files = files.installBase(base.file, files.segments.at(-1)!.seq - 1, false)
        retired.position = position + 1
        base.stands = true
      }
      break
    } finally {
      if (base?.stands === false) b.disk.unlink(base.file)
    }
  }
  before()
  shadow.takeOver()
  parser.close()
  persistence.loaded()
  if (retired.files.length > 0) void retire(b, retired.files, retired.position)
  b.report('notice', `the master's dataset took the place of ours: ${loaded.keys} keys, ${parser.bytes} bytes`)
  b.openTurn()
  return Number(loaded.aux.get('repl-stream-db') ?? 0)
}

function gone(): Error {
  return new Error('the link ended meanwhile')
}

/** Writes what is to be the log's base; `position`: where the log stood. Undefined without a log. */
async function writeShadow(
  b: Broker, parser: DatasetParser,
): Promise<{ file: string; position: number; stands: boolean } | undefined> {
  const { appender, files } = b.persistence
  if (appender === undefined || files === undefined) return undefined
  const options = baseOptions(b)
  const file = files.temporaryBase(options.form)
  const position = b.engine.log.appended
  const { clock } = b.engine
  const writing = new SnapshotFile(b, file, (sink) => {
    const steps = saveSteps(b.engine, sink, options)
    return {
      step: (until) => parser.shadow.inside(() => {
        if (parser.isClosed) throw gone()
        while (steps.next().done !== true) if (clock.monotonicMs() >= until) return false
        return true
      }),
      abandon: () => {},
    }
  })
  await writing.run()
  return { file, position, stands: false }
}
