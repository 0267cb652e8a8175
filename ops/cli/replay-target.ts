// Where `millrace replay --into` sends the log's entries: what it must do, and what it is given.

import type { Event } from './event.ts'

/** An entry on its way. */
export type Sent = {
  position: number
  ms: number
  db: number
  /** Position of its transaction's first entry, 0 outside of one. */
  transactionFrom: number
  /** The command as a RESP array. */
  command: Buffer
  event: Event
}

export interface Target {
  /** Everything up to this position was taken; -1 before the first. */
  readonly taken: number
  /** Sends an entry; resolves when more may come. Throws MillraceError TARGET_REFUSED, TARGET_ENDED. */
  send(entry: Sent): Promise<void>
  /** A transaction never goes on behind here. */
  frameEnded(): void
  /** Resolves when all was taken. Throws as `send`. */
  finish(): Promise<void>
  close(): void
}
