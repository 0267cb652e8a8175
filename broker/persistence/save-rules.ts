// When a checkpoint is due by itself.

import { saveRetryMs } from '../limits.ts'
import type { SaveRule } from '../config/words.ts'

export type SaveState = {
  nowMs: number
  /** When the last one stood, and when the last one was tried (unix ms). */
  lastSaveMs: number
  lastTryMs: number
  lastFailed: boolean
  /** Since the last one. */
  changes: number
}

/** The first `save` rule that wants a checkpoint; after a failure none does for some seconds. */
export function dueRule(rules: readonly SaveRule[], state: SaveState): SaveRule | undefined {
  if (state.lastFailed && state.nowMs - state.lastTryMs <= saveRetryMs) return undefined
  const seconds = Math.floor((state.nowMs - state.lastSaveMs) / 1000)
  return rules.find((rule) => state.changes >= rule.changes && seconds > rule.seconds)
}

/** `auto-aof-rewrite-percentage` of what the log had after its last rewrite, and `auto-aof-rewrite-min-size`. */
export function rewriteDue(bytes: number, baseBytes: number, percentage: number, bytesMin: number): boolean {
  if (percentage === 0 || bytes <= bytesMin) return false
  const base = Math.max(1, baseBytes)
  return Math.floor((bytes * 100) / base) - 100 >= percentage
}
