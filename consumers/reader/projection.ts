// A projection: folds a stream's entries into keys. What a batch of entries writes and the position behind it are one
// transaction, so each entry counts once, whatever crashes. Of several instances one at a time gets ahead: a
// transaction holds only if the position is still the one that it started from.

import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChainableCommander, Redis, RedisOptions } from 'ioredis'
import { MillraceError } from '../../core/errors.ts'
import { openOwn } from '../connection.ts'
import type { Connection } from '../connection.ts'
import { compareIds } from '../ids.ts'
import type { StreamEntry } from './entry.ts'
import { batchDefault, refusedMs, scanKeys, unsavedEntriesMax, watchBlockMs } from './limits.ts'
import { isPassing } from './reader.ts'
import { Source } from './source.ts'

/**
 * Adds an entry's writes to the transaction. `read` is for looking at keys as they are before the batch; nothing may be
 * written with it.
 */
export type Fold = (entry: StreamEntry, write: ChainableCommander, read: Redis) => unknown

export type ProjectionOptions = {
  connection: Connection
  /** The key of a stream; also `$all`, `$key:<key>`, `$match:<glob>`, whose entries of its own keys are passed over. */
  stream: string
  /** Its keys begin with `<name>:`; `<name>:position` is where it stands. */
  name: string
  fold: Fold
  /** The id behind which it begins; '0-0' by default. */
  from?: string
  /** Entries that are folded together; 500 by default. */
  batch?: number
  trimmed?: 'refuse' | 'skip'
}

export type ProjectionEvents = {
  /** It has folded all there was. */
  live: []
  /** Entries up to this one are folded. */
  folded: [position: string]
  /** Something that passes went wrong (a lost connection); it goes on. */
  error: [error: Error]
}

/** Nothing may be sent again, or later over another connection, which wouldn't watch the position. */
const watching: RedisOptions = { maxRetriesPerRequest: 0, enableOfflineQueue: false }

export class Projection extends EventEmitter<ProjectionEvents> {
  private readonly options: ProjectionOptions
  private readonly redis: Redis
  private readonly source: Source
  private readonly positionKey: string
  private losses: number
  private closed: boolean
  /** `start` rejected: nothing more is folded until it is called again. */
  private failed: boolean
  private running: Promise<void>
  private at: string
  /** The saved position that `at` was reached from; undefined: none is saved. */
  private saved: string | null
  private skipped: number
  private wasLive: boolean

  /** Does nothing before `start`. */
  constructor(options: ProjectionOptions) {
    super()
    this.options = options
    this.redis = openOwn(options.connection, watching).redis
    const { stream, name, batch = batchDefault, trimmed = 'refuse' } = options
    this.source = new Source(this.redis, stream, batch, trimmed)
    this.positionKey = `${name}:position`
    this.losses = 0
    this.redis.on('close', () => { this.losses++ })
    this.redis.on('error', (error: Error) => this.report(error))
    this.closed = false
    this.failed = false
    this.running = Promise.resolve()
    this.at = ''
    this.saved = null
    this.skipped = 0
    this.wasLive = false
  }

  /** Folds until it is closed. Rejects with TRIMMED, with what `fold` throws, and with what the server answers. */
  start(): Promise<void> {
    this.failed = false
    this.running = this.loop()
    return this.running
  }

  /** The id of the last entry that was folded. */
  get position(): string {
    return this.at
  }

  /** Resolves when the entry with this id is folded: read what you wrote. Rejects with CLOSED when it won't be. */
  async until(id: string): Promise<void> {
    while (this.at === '' || compareIds(this.at, id) < 0) {
      if (this.closed || this.failed) throw new MillraceError('CLOSED', 'the projection is closed')
      await new Promise((resolve) => this.once('folded', resolve))
    }
  }

  /** Removes all its keys and begins anew, in one transaction; also while it or another instance runs. */
  async rebuild(): Promise<void> {
    const { redis } = openOwn(this.options.connection, watching)
    try {
      while (redis.status !== 'ready' || !await this.reset(redis)) await sleep(refusedMs)
    } finally {
      redis.disconnect()
    }
  }

  /** Ends at the next batch's border. */
  async close(): Promise<void> {
    this.closed = true
    if (this.redis.status !== 'ready') this.redis.disconnect()
    await this.running.catch(() => {})
    this.redis.disconnect()
    this.emit('folded', this.at)
  }

  private async loop(): Promise<void> {
    while (!this.closed) {
      try {
        if (this.redis.status === 'ready') await this.step()
        else await sleep(refusedMs)
      } catch (error) {
        if (this.closed) return
        if (!isPassing(error)) {
          this.failed = true
          this.emit('folded', this.at)
          throw error
        }
        this.report(error as Error)
        await sleep(refusedMs)
      }
    }
  }

  /** From the saved position to the one behind the next batch. */
  private async step(): Promise<void> {
    if (this.at === '') await this.watch()
    const entries = await this.read()
    if (entries.length === 0) {
      // Somebody may have begun anew.
      if (await this.watch()) await this.redis.unwatch()
      return
    }
    const { losses } = this
    // Reading may be a transaction of its own, which would end the watch: it begins behind it.
    if (!await this.watch()) return
    const write = this.redis.multi()
    const before = write.length
    for (const entry of entries) if (!this.isOwn(entry)) await this.options.fold(entry, write, this.redis)
    const last = entries.at(-1)!.id
    if (write.length === before && this.skipped + entries.length < unsavedEntriesMax) {
      await this.redis.unwatch()
      this.skipped += entries.length
      this.advance(last, this.saved)
      return
    }
    write.set(this.positionKey, last)
    // The connection that watches the position must be the one that the transaction goes over.
    if (losses !== this.losses) return
    const replies = await write.exec()
    if (replies === null) return
    this.skipped = 0
    this.advance(last, last)
    const refused = replies.find(([reason]) => reason !== null)
    if (refused !== undefined) throw refused[0]!
  }

  /** From here on the position is watched; false when it is not where we left it: then we are there, too. */
  private async watch(): Promise<boolean> {
    const [, [error, saved]] = await this.redis.pipeline().watch(this.positionKey).get(this.positionKey).exec() as Saved
    if (error !== null) throw error
    if (this.at !== '' && saved === this.saved) return true
    await this.redis.unwatch()
    this.skipped = 0
    this.source.moved()
    this.advance(saved ?? this.options.from ?? '0-0', saved)
    return false
  }

  private report(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }

  private async read(): Promise<StreamEntry[]> {
    const there = await this.source.history(this.at)
    if (there.length > 0) return there
    if (!this.wasLive) this.emit('live')
    this.wasLive = true
    return this.source.live(this.at, watchBlockMs)
  }

  private advance(position: string, saved: string | null): void {
    this.at = position
    this.saved = saved
    this.emit('folded', position)
  }

  /** On the log's streams its own writes are entries, too. */
  private isOwn(entry: StreamEntry): boolean {
    return this.options.stream.startsWith('$') && entry.get('key')?.startsWith(`${this.options.name}:`) === true
  }

  /** True when all keys are gone and the position is back at the beginning. */
  private async reset(redis: Redis): Promise<boolean> {
    let lost = false
    redis.once('close', () => { lost = true })
    await redis.watch(this.positionKey)
    const pattern = `${this.options.name.replaceAll(/[\\*?[\]]/g, '\\$&')}:*`
    const keys = new Set<string>()
    for await (const page of redis.scanStream({ match: pattern, count: scanKeys })) {
      for (const key of page as string[]) keys.add(key)
    }
    const write = redis.multi()
    for (const key of keys) write.unlink(key)
    write.set(this.positionKey, this.options.from ?? '0-0')
    return !lost && await write.exec() !== null
  }
}

type Saved = [unknown, [Error | null, string | null]]
