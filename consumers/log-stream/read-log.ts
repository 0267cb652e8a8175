// The log for programs within the process: an iterator over its entries from a position through the history into what
// is written from now on. Who takes a batch later is read to later: nothing is buffered beyond one batch.

import type { Broker } from '../../broker/broker.ts'
import { effectSpecs } from '../../broker/command.ts'
import { MillraceError } from '../../core/errors.ts'
import { hashesOf } from '../../core/log/index-part.ts'
import { LogCursor } from '../../core/log/log-cursor.ts'
import { scanLog } from '../../core/log/log-scan.ts'
import type { Entry } from '../../core/log/reader.ts'
import { EntryKeys } from './entry-keys.ts'
import { batchBytesMax, batchEntriesMax, indexedEntriesMin } from './limits.ts'
import { copyEntry } from './log-entry.ts'
import type { LogEntry } from './log-entry.ts'
import { isWanted } from './log-match.ts'
import type { LogMatch } from './log-match.ts'
import { firstKept, logView } from './log-view.ts'

export type LogBatch = {
  /** In order; never empty. */
  entries: LogEntry[]
  /** Everything up to this position was seen: to go on later, begin at the next. */
  position: number
}

export type ReadLogOptions = {
  /** The first position that is wanted; `start`: the first that is kept; `end`: what is written from now on. */
  from?: number | 'start' | 'end'
  match?: LogMatch
  /** Ends the iteration, without an error. */
  signal?: AbortSignal
  /** `false`: ends at what is safe at the call instead of waiting for more. */
  follow?: boolean
}

/**
 * Only what is safe is shown: written, or durable under `appendfsync always`. Ends when the signal aborts or the broker
 * stops. Throws LogGap (MillraceError LOG_GAP) where positions are not kept any more, LOG_DAMAGED, and LOG_NONE where
 * `appendonly` is no.
 */
export async function* readLog(b: Broker, options: ReadLogOptions = {}): AsyncGenerator<LogBatch, void, void> {
  const { from = 'end', match = { kind: 'all' }, signal, follow = true } = options
  if (b.persistence.appender === undefined) throw new MillraceError('LOG_NONE', 'there is no log: appendonly is no')
  const view = logView(b)
  const until = follow ? Infinity : view.safe
  let cursor = new LogCursor(view, firstOf(view, from) - 1)
  const hashes = match.kind === 'key' ? hashesOf(match.db, match.key) : undefined
  const keys = new EntryKeys(effectSpecs(b.commands))
  let entries: LogEntry[] = []
  let bytes = 0
  const select = (entry: Entry): LogEntry | undefined => {
    if (!isWanted(match, keys.read(entry))) return undefined
    bytes += entry.args.rawEnd - entry.args.rawStart
    return copyEntry(entry, keys)
  }
  const take = (entry: LogEntry): boolean => {
    entries.push(entry)
    return entries.length < batchEntriesMax && bytes < batchBytesMax
  }
  const visit = (entry: Entry): boolean => {
    const selected = select(entry)
    return selected === undefined || take(selected)
  }
  const ended = (): boolean => signal?.aborted === true || b.stopping
  try {
    while (!ended()) {
      if (hashes !== undefined && view.safe - cursor.position > indexedEntriesMin) {
        const next = await scanLog(view, {
          from: cursor.position + 1, until: Math.min(until, view.safe), backward: false, hashes, select, take,
          entriesMax: batchEntriesMax,
        })
        cursor.close()
        cursor = new LogCursor(view, next - 1)
      } else await cursor.read(visit, until)
      if (entries.length > 0) {
        const batch = { entries, position: cursor.position }
        entries = []
        bytes = 0
        yield batch
      } else if (cursor.position >= until) return
      else await progress(b, cursor.position, signal)
    }
  } finally {
    cursor.close()
  }
}

function firstOf(view: ReturnType<typeof logView>, from: number | 'start' | 'end'): number {
  if (from === 'end') return view.safe + 1
  return from === 'start' ? firstKept(view) : from
}

/** Resolves when more than `position` may be shown, when the signal aborts, or when the broker stops. */
async function progress(b: Broker, position: number, signal: AbortSignal | undefined): Promise<void> {
  const view = logView(b)
  if (view.safe > position || signal?.aborted === true) return
  await new Promise<void>((resolve) => {
    const end = (): void => {
      b.logFollowers.delete(look)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const look = (): void => {
      if (view.safe > position || b.stopping) end()
    }
    b.logFollowers.add(look)
    signal?.addEventListener('abort', end)
  })
}
