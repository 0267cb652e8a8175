// Through whom is written what became due: the client inside the broker is one, a test's may be another.

import type { Engine } from '../../core/engine.ts'

export type Writer = {
  /** The database that is written to. */
  db: number
  /** Runs a command at once; throws where it answers an error or must not run now. */
  call(words: readonly (string | Uint8Array)[]): unknown
  /** What `work` calls becomes one transaction. */
  atomically<T>(work: () => T): T
}

/** What was done since the start, for INFO. */
export type Deeds = {
  deadLetters: number
  reapedConsumers: number
  releasedEntries: number
  /** Delayed entries, ends of entries, runs of schedules. */
  dueItems: number
  failures: number
}

export type Scene = {
  readonly engine: Engine
  readonly writer: Writer
  readonly deeds: Deeds
  /** Since when (unix ms) somebody serves: before that nobody could show that it lives. */
  aliveSinceMs: number
  /** Tells the operator what could not be done. */
  readonly report: (text: string) => void
}
