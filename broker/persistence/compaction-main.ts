// The child process that folds the log into a new checkpoint. It is told what to do by one message, says how far it is,
// and ends with the result. It goes away with its parent: a message channel that closes ends it.
//
// Exit codes: 0 done, 1 failed (and said why), 2 the parent is gone.

import os from 'node:os'
import { realClock } from '../../core/clock.ts'
import { realDisk } from '../../core/disk.ts'
import { MillraceError } from '../../core/errors.ts'
import { indexSegment } from '../../core/log/log-index.ts'
import { Slices } from '../../core/log/slices.ts'
import { effectSpecs } from '../command.ts'
import { createCommands } from '../commands/table.ts'
import { compactionProgressMs, compactionSliceMs } from '../limits.ts'
import { compactionSteps } from './compaction.ts'
import type { CompactionMessage, CompactionPlan } from './compaction.ts'

/** `maxRSS` of Node is in KiB. */
const kibibyte = 1024
const clock = realClock()

function say(message: CompactionMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) resolve()
    else process.send!(message, undefined, {}, () => resolve())
  })
}

/** Works in slices, between which it would notice that the parent is gone. */
async function work(plan: CompactionPlan): Promise<void> {
  const began = clock.monotonicMs()
  const steps = compactionSteps(plan, realDisk())
  let said = began
  for (;;) {
    const until = clock.monotonicMs() + compactionSliceMs
    let step = steps.next()
    while (step.done !== true && clock.monotonicMs() < until) step = steps.next()
    if (step.done === true) {
      await indexSegments(plan)
      const elapsedMs = clock.monotonicMs() - began
      const peakBytes = process.resourceUsage().maxRSS * kibibyte
      await say({ kind: 'done', result: { ...step.value, elapsedMs, peakBytes } })
      return
    }
    if (clock.monotonicMs() - said >= compactionProgressMs) {
      said = clock.monotonicMs()
      void say({ kind: 'progress', ...step.value })
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Who reads their history later finds the segments' indexes beside them; without them it only takes longer. */
async function indexSegments(plan: CompactionPlan): Promise<void> {
  const specOf = effectSpecs(createCommands())
  const slices = new Slices(() => clock.monotonicMs(), compactionSliceMs)
  try {
    for (const file of plan.segments) await indexSegment(realDisk(), file, specOf, slices)
  } catch {
    // A disk that refuses: the checkpoint stands all the same.
  }
}

async function run(plan: CompactionPlan): Promise<void> {
  try {
    await work(plan)
    process.exit(0)
  } catch (error) {
    const { message } = error as Error
    const code = error instanceof MillraceError ? error.code : (error as NodeJS.ErrnoException).code ?? 'ERROR'
    await say({ kind: 'failed', code, message })
    process.exit(1)
  }
}

process.once('disconnect', () => process.exit(2))
// Ctrl-C at the terminal reaches the whole group: the parent decides what becomes of the child.
process.on('SIGINT', () => {})
os.setPriority(os.constants.priority.PRIORITY_LOW)
process.once('message', (plan) => void run(plan as CompactionPlan))
