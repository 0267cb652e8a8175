// A catch-up reader: a stream from any id through its history into what comes, without gap or double. It needs no
// group; its position is its own, and is kept under a name if it has one.

import { setTimeout as sleep } from 'node:timers/promises'
import { candid, openOwn, patient } from '../connection.ts'
import type { Client, Connection } from '../connection.ts'
import type { StreamEntry } from './entry.ts'
import { batchDefault, blockMs, refusedMs, unsavedEntriesMax } from './limits.ts'
import { Source } from './source.ts'

export type ReaderOptions = {
  connection: Connection
  /** The key of a stream; also `$all`, `$key:<key>`, `$match:<glob>`. */
  stream: string
  /** The id behind which it begins, '0-0' by default: with the first entry; '$': with what comes. */
  from?: string
  /** Its position is saved in the key `reader:<name>`; then it goes on from there, whatever `from` says. */
  name?: string
  /** Entries that are read together; 500 by default. */
  batch?: number
  /** When entries behind its position were trimmed before it read them: an error (default), or on with the next. */
  trimmed?: 'refuse' | 'skip'
  /** Ends the reading. */
  signal?: AbortSignal
}

export class Reader implements AsyncIterable<StreamEntry> {
  private readonly options: ReaderOptions
  private readonly client: Client
  private readonly source: Source
  private closed: boolean
  private closing: Promise<void> | undefined
  private at: string
  private saved: string
  private caughtUp: boolean

  constructor(options: ReaderOptions) {
    this.options = options
    this.client = openOwn(options.connection, patient)
    const { stream, batch = batchDefault, trimmed = 'refuse' } = options
    this.source = new Source(this.client.redis, stream, batch, trimmed)
    this.closed = false
    this.closing = undefined
    this.at = ''
    this.saved = ''
    this.caughtUp = false
  }

  /** The id of the last entry that was dealt with; empty before the first read. */
  get position(): string {
    return this.at
  }

  /** It has read all there was once, and goes with what comes. */
  get live(): boolean {
    return this.caughtUp
  }

  /**
   * Entry after entry. One is dealt with when the next is asked for; what was dealt with and isn't saved comes again
   * after a crash. Throws TRIMMED, and what the server answers.
   */
  async* [Symbol.asyncIterator](): AsyncGenerator<StreamEntry, void, undefined> {
    for await (const batch of this.batches()) {
      for (const entry of batch) {
        yield entry
        this.at = entry.id
      }
    }
  }

  /** As the iteration over entries, but as many together as were there; a batch is dealt with as a whole. */
  async* batches(): AsyncGenerator<StreamEntry[], void, undefined> {
    // What the end rejects with is thrown by the iteration.
    const close = (): void => void this.close().catch(ignore)
    this.options.signal?.addEventListener('abort', close)
    try {
      if (this.options.signal?.aborted) await this.close()
      this.at = await this.begin()
      let unsaved = 0
      for (;;) {
        const entries = await this.next()
        if (entries === undefined) return
        yield entries
        this.at = entries.at(-1)!.id
        unsaved += this.newsIn(entries)
        if (unsaved >= (this.caughtUp ? 1 : unsavedEntriesMax)) {
          await this.save()
          unsaved = 0
        }
      }
    } catch (error) {
      // What was under way when it was closed ended with the connection.
      if (!this.closed) throw error
    } finally {
      this.options.signal?.removeEventListener('abort', close)
      await this.close()
    }
  }

  /** Saves the position now. Without a name it does nothing. */
  async save(): Promise<void> {
    const { name } = this.options
    if (name === undefined || this.at === '' || this.at === this.saved) return
    const position = this.at
    await this.client.redis.set(positionKey(name), position)
    this.saved = position
  }

  /** Ends the iteration, saves the position and closes the connection. Rejects when the position can't be saved. */
  close(): Promise<void> {
    this.closing ??= this.end()
    return this.closing
  }

  private async end(): Promise<void> {
    this.closed = true
    // The read that waits holds the connection: the position goes over another one.
    this.client.redis.disconnect()
    if (this.options.name === undefined || this.at === '' || this.at === this.saved) return
    const { redis } = openOwn(this.options.connection, candid)
    try {
      await redis.set(positionKey(this.options.name), this.at)
    } finally {
      redis.disconnect()
    }
  }

  private async begin(): Promise<string> {
    const { name, from = '0-0' } = this.options
    const saved = name === undefined || this.closed ? null : await this.client.redis.get(positionKey(name))
    this.saved = saved ?? ''
    if (saved !== null) return saved
    return from === '$' && !this.closed ? this.source.last() : from
  }

  /** The next entries; undefined once it is closed. */
  private async next(): Promise<StreamEntry[] | undefined> {
    while (!this.closed) {
      try {
        const there = await this.source.history(this.at)
        if (there.length > 0) return there
        this.caughtUp = true
        const come = await this.source.live(this.at, blockMs)
        if (come.length > 0) return come
      } catch (error) {
        if (this.closed) return undefined
        if (!isPassing(error)) throw error
        await sleep(refusedMs)
      }
    }
    return undefined
  }

  /** On the log's streams the position's own changes are entries, too: alone they are nothing to save. */
  private newsIn(entries: readonly StreamEntry[]): number {
    const { stream, name } = this.options
    if (name === undefined || !stream.startsWith('$')) return entries.length
    const own = positionKey(name)
    return entries.filter((entry) => entry.get('key') !== own).length
  }
}

function ignore(): void {}

function positionKey(name: string): string {
  return `reader:${name}`
}

/** Over with time: the server loads, or the transaction was cut off with its connection. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return /^(LOADING|MASTERDOWN|MISCONF|BUSY) /.test(error.message) || isLoss(error)
}

/** The connection was lost: what became of the command is unknown. */
export function isLoss(error: Error): boolean {
  return error.name === 'AbortError' || error.name === 'MaxRetriesPerRequestError'
    || /^(Connection is closed|Stream isn't writeable)/.test(error.message)
}
