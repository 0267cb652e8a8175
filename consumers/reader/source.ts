// Reads a stream from a position on, and notices what was trimmed before it could be read.

import type { Redis } from 'ioredis'
import { MillraceError } from '../../core/errors.ts'
import { compareIds } from '../ids.ts'
import { readEntries } from './entry.ts'
import type { StreamEntry } from './entry.ts'

/** What is read of a stream: entries behind a position, `count` at most. */
export class Source {
  private readonly redis: Redis
  private readonly stream: string
  private readonly count: number
  private readonly trimmed: 'refuse' | 'skip'
  /** Connections that were lost: what came over another one says nothing of what was trimmed meanwhile. */
  private losses: number
  /** How many entries had ever been added up to the position; undefined when that isn't known. */
  private added: number | undefined

  constructor(redis: Redis, stream: string, count: number, trimmed: 'refuse' | 'skip') {
    this.redis = redis
    this.stream = stream
    this.count = count
    this.trimmed = trimmed
    this.losses = 0
    this.added = undefined
    redis.on('close', () => { this.losses++ })
  }

  /** The id of the last entry; 0-0 when there is none. */
  async last(): Promise<string> {
    const [entry] = await this.redis.xrevrange(this.stream, '+', '-', 'COUNT', 1)
    return entry?.[0] ?? '0-0'
  }

  /** The next position is not the one behind what was read. */
  moved(): void {
    this.added = undefined
  }

  /** What is there behind `position`. Rejects with TRIMMED when entries behind it are gone, or may be. */
  async history(position: string): Promise<StreamEntry[]> {
    // The log's streams tell by themselves when something is missing.
    if (this.trimmed === 'skip' || this.stream.startsWith('$')) {
      return readEntries(await this.redis.xread('COUNT', this.count, 'STREAMS', this.stream, position))
    }
    const replies = await this.redis.multi().xinfo('STREAM', this.stream)
      .xread('COUNT', this.count, 'STREAMS', this.stream, position).exec()
    const [info, reading] = replies as [[Error | null, unknown[]], [Error | null, unknown]]
    if (reading[0] !== null) throw reading[0]
    const entries = readEntries(reading[1])
    if (info[0] === null) this.keepCount(info[1], position, entries.length)
    return entries
  }

  /** What comes behind `position` within `blockMs`; empty also when a lost connection makes it doubtful. */
  async live(position: string, blockMs: number): Promise<StreamEntry[]> {
    const { losses } = this
    const reply = await this.redis.xread('COUNT', this.count, 'BLOCK', blockMs, 'STREAMS', this.stream, position)
    if (losses !== this.losses) return []
    const entries = readEntries(reply)
    if (this.added !== undefined) this.added += entries.length
    return entries
  }

  /** Notes how far the reader is, in entries ever added; refuses when more than it has read are gone. */
  private keepCount(info: readonly unknown[], position: string, found: number): void {
    const of = (name: string): unknown => info[info.indexOf(name) + 1]
    const [added, length] = [Number(of('entries-added')), Number(of('length'))]
    const first = of('first-entry') as [string] | null
    if (position === '0-0' || position === '0') this.added ??= added - length
    const passed = first === null || compareIds(first[0], position) > 0
    if (passed && added > length && (this.added === undefined || added - this.added > length)) {
      const which = `entries of ${this.stream} behind ${position}`
      throw new MillraceError('TRIMMED', `${which} were trimmed before they were read`)
    }
    if (found < this.count) this.added = added
    else if (this.added !== undefined) this.added += found
  }
}
