// Folds the log in a process of its own, so that the broker goes on as if nothing were.
//
// The child writes one file, which nobody knows until the caller names it: whenever it dies, the old state is whole,
// and its file is removed. It runs at low priority, with a small young generation, for it makes few objects.

import { fork } from 'node:child_process'
import path from 'node:path'
import type { CompactProgress } from '../../core/checkpoint/compact.ts'
import { realDisk } from '../../core/disk.ts'
import { MillraceError } from '../../core/errors.ts'
import { compactionErrorCharsMax } from '../limits.ts'
import type { CompactionMessage, CompactionPlan, CompactionResult } from './compaction.ts'

export type Compaction = {
  /** Of the child; undefined when it could not be started. */
  pid: number | undefined
  /** How far it is; undefined before its first report. */
  progress: CompactProgress | undefined
  /** Raises MillraceError: the code of what went wrong, COMPACTION_KILLED where the child did not say. */
  done: Promise<CompactionResult>
  /** Ends the child, if it still runs; `done` then raises. */
  cancel: () => void
}

/** Sources run as they are, and built they are `.js`: the child's file is of the same kind as this one. */
const program = path.join(import.meta.dirname, `compaction-main${path.extname(import.meta.filename)}`)
const nodeFlags = ['--max-semi-space-size=2', '--v8-pool-size=1']

/** Starts the child. Its file stays when it is done, and is removed when it fails. */
export function startCompaction(plan: CompactionPlan, onProgress?: (progress: CompactProgress) => void): Compaction {
  const child = fork(program, [], {
    execArgv: nodeFlags, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: childEnvironment(),
  })
  let last: CompactionMessage | undefined
  let complaint = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-compactionErrorCharsMax)
  })
  const done = new Promise<CompactionResult>((resolve, reject) => {
    child.on('message', (message: CompactionMessage) => {
      if (message.kind !== 'progress') last = message
      else {
        compaction.progress = message
        onProgress?.(message)
      }
    })
    child.on('error', (error) => {
      if (child.pid === undefined) reject(new MillraceError('COMPACTION_KILLED', error.message, error))
    })
    child.once('close', (code, signal) => {
      if (last?.kind === 'done' && code === 0) {
        resolve(last.result)
        return
      }
      removeTarget(plan.target)
      if (last?.kind === 'failed') reject(new MillraceError(last.code, last.message))
      else {
        const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`
        reject(new MillraceError('COMPACTION_KILLED', `the process that folds the log ${how} ${complaint}`.trim()))
      }
    })
  })
  const compaction: Compaction = {
    pid: child.pid, progress: undefined, done,
    cancel: () => void child.kill('SIGKILL'),
  }
  child.send(plan, () => {})
  return compaction
}

/** What Node is told for the parent's sake (inspectors, coverage) is not for the child. */
export function childEnvironment(): NodeJS.ProcessEnv {
  const environment = { ...process.env }
  delete environment['NODE_OPTIONS']
  delete environment['NODE_V8_COVERAGE']
  return environment
}

function removeTarget(target: string): void {
  const disk = realDisk()
  try {
    if (disk.size(target) >= 0) disk.unlink(target)
  } catch {
    // It is only a leftover; the next compaction replaces it.
  }
}
