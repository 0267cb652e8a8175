// What the processes that read the log's past are asked, and what they answer: messages between them and the broker.

import type { Moment } from '../../core/history/moment.ts'
import type { LogPlace } from '../../core/log/manifest.ts'
import type { Fault } from '../../core/log/verify-segment.ts'
import type { DictSeed } from '../../core/arena/dict.ts'
import type { Settings } from '../../core/settings.ts'
import type { KeyEntry } from './key-history.ts'

type Common = {
  place: LogPlace
  /** What came later is not there yet. */
  positionMax: number
  /** What it may hold in memory. */
  bytesMax: number
}

/** What a command that only reads would have answered at the moment. */
export type AtQuestion = Common & {
  kind: 'at'
  moment: Moment
  db: number
  resp: 2 | 3
  words: Uint8Array[]
  databases: number
  settings: Settings
  /** The broker's own: cursors of SCAN go on from question to question. */
  hashSeed: DictSeed
}

/** Which entries touched the key. */
export type HistoryQuestion = Common & {
  kind: 'history'
  db: number
  key: Uint8Array
  from: Moment | undefined
  to: Moment | undefined
  count: number
  newestFirst: boolean
}

/** Whether log, checkpoint and archive are whole. */
export type VerifyQuestion = Common & { kind: 'verify' }

export type Question = AtQuestion | HistoryQuestion | VerifyQuestion

export type VerifySummary = {
  files: number
  bytes: number
  entries: number
  findings: number
  /** The first of them. */
  faults: Fault[]
}

export type Answer =
  /** RESP in the version that was asked for. */
  | { kind: 'at'; reply: Uint8Array; error: string }
  | { kind: 'history'; entries: KeyEntry[] }
  | { kind: 'verify'; summary: VerifySummary }
  | { kind: 'failed'; code: string; message: string }
