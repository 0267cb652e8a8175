// Verifies a checkpoint. Of an RDB file, or the one at an AOF's beginning, every value is decoded and dropped again,
// then the CRC-64 must be right: memory grows to the largest value, whatever the file's size. Of commands the checksums
// of all frames must be right, and the last line: such a file is made by nobody but us.

import { manualClock } from '../clock.ts'
import type { Disk } from '../disk.ts'
import { Engine } from '../engine.ts'
import { MillraceError } from '../errors.ts'
import type { CheckpointFacts } from '../log/verify-log.ts'
import type { VerifyStep } from '../log/verify-segment.ts'
import { nullLog } from '../log/log.ts'
import { seededRandom } from '../random.ts'
import { freeValue } from '../types/types.ts'
import { baseForm, baseStand } from './base-file.ts'
import { readCommandFile } from './command-file-reader.ts'
import { keyArgument } from './command-format.ts'
import { rdbTypes } from './rdb-format.ts'
import { readFile, readKeyValue } from './rdb-load.ts'
import { auxNames } from './rdb-save.ts'

type ReadSteps<Result> = Generator<{ bytesRead: number; bytesTotal: number }, Result, void>

export function* verifyCheckpoint(disk: Disk, file: string): Generator<VerifyStep, CheckpointFacts, void> {
  const facts: CheckpointFacts = { file, bytes: disk.size(file), keys: 0, position: 0, ms: 0, whole: false }
  const steps = baseForm(disk, file) === 'commands' ? readCommands(disk, facts) : readRdb(disk, facts)
  try {
    for (;;) {
      const step = steps.next()
      if (step.done === true) {
        facts.bytes = step.value
        facts.whole = true
        return facts
      }
      yield { step: 'progress', file, bytesRead: step.value.bytesRead, bytes: step.value.bytesTotal }
    }
  } catch (error) {
    const isDamage = error instanceof MillraceError && (error.code === 'RDB_DAMAGED' || error.code === 'LOG_BASE')
    if (!isDamage) throw error
    const match = /at byte (\d+): ([^]*)$/.exec(error.message)
    yield {
      step: 'fault',
      fault: {
        kind: 'damage', file, offset: Number(match?.[1] ?? 0), position: -1, ms: 0, reason: match?.[2] ?? error.message,
      },
    }
    return facts
  } finally {
    steps.return(0)
  }
}

function* readCommands(disk: Disk, facts: CheckpointFacts): ReadSteps<number> {
  // Also one that is damaged tells where it stood.
  Object.assign(facts, baseStand(disk, facts.file))
  let db = -1
  let key = Buffer.alloc(0)
  yield* readCommandFile(disk, facts.file, {
    command({ args, db: of }) {
      const word = keyArgument(args)
      const from = args.start[word]!
      const to = args.end[word]!
      if (word === 0 || (of === db && key.compare(args.buf, from, to) === 0)) return
      db = of
      key = Buffer.from(args.buf.subarray(from, to))
      facts.keys++
    },
    beside() {},
  })
  return facts.bytes
}

function readRdb(disk: Disk, facts: CheckpointFacts): ReadSteps<number> {
  const engine = new Engine({ clock: manualClock(0), random: seededRandom(0), log: nullLog(), databases: 1 })
  return readFile(disk, facts.file, {
    aux(name, value) {
      if (name === auxNames.position) facts.position = Number(value)
      if (name === auxNames.ms) facts.ms = Number(value)
    },
    library() {},
    database() {},
    key(key, input) {
      if (key.type === rdbTypes.string) input.string()
      else {
        const value = readKeyValue(engine, key, input)
        freeValue(engine, value.type, value.root, value.form)
      }
      facts.keys++
    },
    strings(run) {
      facts.keys += run.count
      return run.count
    },
  }, engine.settings.stringBytesMax, 'both')
}
