// Folds the log in a process of its own, so that the broker goes on as if nothing were.
//
// The child writes one file, which nobody knows until the caller names it: whenever it dies, the old state is whole,
// and its file is removed. It runs at low priority, with a small young generation, for it makes few objects.

import type { CompactProgress } from '../../core/checkpoint/compact.ts'
import { realDisk } from '../../core/disk.ts'
import { MillraceError } from '../../core/errors.ts'
import { ChildProcess } from '../launcher.ts'
import type { CompactionMessage, CompactionPlan, CompactionResult } from './compaction.ts'

const nodeFlags = ['--max-semi-space-size=2', '--v8-pool-size=1']

/** Its file stays when it is done, and is removed when it fails. */
export class Compaction {
  /** How far it is; undefined before its first report. */
  progress: CompactProgress | undefined
  /** Raises MillraceError: the code of what went wrong, COMPACTION_KILLED where the child did not say. */
  readonly done: Promise<CompactionResult>
  private readonly child: ChildProcess

  /** Starts the child. */
  constructor(plan: CompactionPlan, onProgress?: (progress: CompactProgress) => void) {
    const { promise, resolve, reject } = Promise.withResolvers<CompactionResult>()
    let last: CompactionMessage | undefined
    this.done = promise
    this.child = new ChildProcess(import.meta.dirname, 'compaction-main', nodeFlags, {
      heard: (message) => {
        const said = message as CompactionMessage
        if (said.kind !== 'progress') last = said
        else {
          this.progress = said
          onProgress?.(said)
        }
      },
      ended: ({ code, how }) => {
        if (last?.kind === 'done' && code === 0) {
          resolve(last.result)
          return
        }
        removeTarget(plan.target)
        if (last?.kind === 'failed') reject(new MillraceError(last.code, last.message))
        else reject(new MillraceError('COMPACTION_KILLED', `the process that folds the log ${how}`))
      },
    })
    this.child.send(plan)
  }

  /** Of the child; undefined until it is started. */
  get pid(): number | undefined {
    return this.child.pid
  }

  /** Ends the child, if it still runs; `done` then raises. */
  cancel(): void {
    this.child.kill()
  }
}

function removeTarget(target: string): void {
  const disk = realDisk()
  try {
    if (disk.size(target) >= 0) disk.unlink(target)
  } catch {
    // It is only a leftover; the next start removes it.
  }
}
