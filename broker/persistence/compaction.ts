// What a compaction is asked and what it answers: messages between the broker and the child process that folds its log.

import { compact } from '../../core/checkpoint/compact.ts'
import type { CompactProgress, CompactResult } from '../../core/checkpoint/compact.ts'
import type { CheckpointForm } from '../../core/checkpoint/checkpoint-writer.ts'
import type { AuxFields } from '../../core/checkpoint/rdb-save.ts'
import { realClock } from '../../core/clock.ts'
import type { Disk } from '../../core/disk.ts'
import { Engine } from '../../core/engine.ts'
import { nullLog } from '../../core/log/log.ts'
import { realRandom } from '../../core/random.ts'
import type { Settings } from '../../core/settings.ts'
import { effectSpecs } from '../command.ts'
import { createCommands } from '../commands/table.ts'
import { replayer } from './recovery.ts'
import { bindSources } from '../scripting/functions.ts'

export type CompactionPlan = {
  /** The checkpoint that the log stands on; none when the segments are all there is. */
  base?: string
  /** Sealed files of the log behind it, in order: an AOF as base is the first of them. */
  segments: readonly string[]
  /** Where to write; what is there is replaced. The caller gives the file its name, or removes it. */
  target: string
  /** Of what is written there: an RDB unless it says otherwise. */
  form?: CheckpointForm
  databases: number
  settings: Settings
  aux: AuxFields
  /** `rdbchecksum` */
  checksum: boolean
  /** Computes the digest of what the checkpoint holds: each key is decoded. */
  verify: boolean
}

export type CompactionResult = CompactResult & {
  /** How long it took, and the most memory that the process held (resident, bytes). */
  elapsedMs: number
  peakBytes: number
}

/** What the child says. */
export type CompactionMessage =
  | ({ kind: 'progress' } & CompactProgress)
  | { kind: 'done'; result: CompactionResult }
  | { kind: 'failed'; code: string; message: string }

/** The steps of a plan on a disk, in an engine of their own. */
export function compactionSteps(plan: CompactionPlan, disk: Disk): Generator<CompactProgress, CompactResult, void> {
  const { databases, base, segments, target, form, aux, checksum, verify } = plan
  // No bound but the machine's: what the log did fitted where it was done.
  const settings: Settings = { ...plan.settings, memoryBytesMax: 0 }
  const engine = new Engine({ clock: realClock(), random: realRandom(), log: nullLog(), databases, settings })
  engine.setMemoryPolicy(settings.memoryPolicy)
  engine.replaying = true
  bindSources(engine)
  const commands = createCommands()
  return compact({
    disk, base, segments, target, form, aux, checksum, verify, engine,
    visit: replayer(engine, commands), specOf: effectSpecs(commands),
  })
}
