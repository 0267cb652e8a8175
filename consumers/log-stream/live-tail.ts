// Readers that wait for the end of the log: however many there are, what is new is read once, and only those are woken
// for whom something came.

import type { Broker } from '../../broker/broker.ts'
import { effectSpecs } from '../../broker/command.ts'
import { latin1 } from '../../core/args.ts'
import { LogCursor } from '../../core/log/log-cursor.ts'
import type { Entry } from '../../core/log/reader.ts'
import { EntryKeys } from './entry-keys.ts'
import { isWanted } from './log-match.ts'
import type { LogMatch } from './log-match.ts'
import { logView } from './log-view.ts'

export type Waiter = {
  /** The first position that it has not looked at, and what it wants. */
  readonly from: number
  readonly matches: readonly LogMatch[]
  /** It waits as a group's reader: it also wants to know when a group is destroyed or moved. */
  readonly grouped: boolean
  /** Called once, when there is something, or when it had better look for itself. */
  readonly wake: () => void
}

const tails = new WeakMap<Broker, LiveTail>()

export function liveTail(b: Broker): LiveTail {
  let tail = tails.get(b)
  if (tail === undefined) tails.set(b, tail = new LiveTail(b))
  return tail
}

class LiveTail {
  private readonly broker: Broker
  private readonly keys: EntryKeys
  /** By database and key; those who want more than single keys. */
  private readonly byKey: Map<string, Set<Waiter>>
  private readonly others: Set<Waiter>
  private readonly waiters: Set<Waiter>
  private cursor: LogCursor | undefined
  private reading: boolean
  private readonly look: () => void

  constructor(broker: Broker) {
    this.broker = broker
    this.keys = new EntryKeys(effectSpecs(broker.commands))
    this.byKey = new Map()
    this.others = new Set()
    this.waiters = new Set()
    this.cursor = undefined
    this.reading = false
    this.look = () => void this.read()
  }

  /** Waits for what comes from `waiter.from` on; false where that was passed already: then it must look for itself. */
  add(waiter: Waiter): boolean {
    this.cursor ??= this.begin(waiter.from - 1)
    if (this.cursor.position >= waiter.from) return false
    this.waiters.add(waiter)
    for (const match of waiter.matches) {
      if (match.kind !== 'key') {
        this.others.add(waiter)
        continue
      }
      const id = keyId(match.db, match.key)
      const queue = this.byKey.get(id)
      if (queue === undefined) this.byKey.set(id, new Set([waiter]))
      else queue.add(waiter)
    }
    void this.read()
    return true
  }

  remove(waiter: Waiter): void {
    if (!this.waiters.delete(waiter)) return
    this.others.delete(waiter)
    for (const match of waiter.matches) {
      if (match.kind !== 'key') continue
      const id = keyId(match.db, match.key)
      const queue = this.byKey.get(id)
      queue?.delete(waiter)
      if (queue?.size === 0) this.byKey.delete(id)
    }
    if (this.waiters.size === 0 && !this.reading) this.end()
  }

  private begin(position: number): LogCursor {
    this.broker.logFollowers.add(this.look)
    return new LogCursor(logView(this.broker), position)
  }

  private end(): void {
    this.broker.logFollowers.delete(this.look)
    this.cursor?.close()
    this.cursor = undefined
  }

  private async read(): Promise<void> {
    const { cursor } = this
    if (this.reading || cursor === undefined) return
    this.reading = true
    try {
      const view = logView(this.broker)
      while (cursor.position < view.safe && this.waiters.size > 0) {
        await cursor.read((entry) => this.visit(entry))
      }
    } catch {
      // Whatever it is, each of them meets it by itself, and tells its client.
      for (const waiter of this.waiters) this.wake(waiter)
    } finally {
      this.reading = false
      if (this.waiters.size === 0) this.end()
    }
  }

  /** Wakes those who want the entry; goes on as long as others wait. */
  private visit(entry: Entry): boolean {
    const keys = this.keys.read(entry)
    if (keys.isBookkeeping) {
      const { args } = entry
      if (args.is(0, 'XGROUP') && (args.is(1, 'DESTROY') || args.is(1, 'SETID'))) this.wakeGrouped()
      return this.waiters.size > 0
    }
    for (const waiter of this.others) this.offer(waiter, entry, keys)
    if (keys.databases.length > 0) for (const waiter of this.waiters) this.offer(waiter, entry, keys)
    for (let i = 0; i < keys.count && this.byKey.size > 0; i++) {
      const id = keyId(keys.db[i]!, keys.buf, keys.from[i], keys.to[i])
      for (const waiter of this.byKey.get(id) ?? []) this.offer(waiter, entry, keys)
    }
    return this.waiters.size > 0
  }

  private offer(waiter: Waiter, entry: Entry, keys: EntryKeys): void {
    if (entry.position >= waiter.from && waiter.matches.some((match) => isWanted(match, keys))) this.wake(waiter)
  }

  private wakeGrouped(): void {
    for (const waiter of this.waiters) if (waiter.grouped) this.wake(waiter)
  }

  private wake(waiter: Waiter): void {
    this.remove(waiter)
    waiter.wake()
  }
}

function keyId(db: number, key: Uint8Array, from = 0, to = key.length): string {
  return `${db} ${latin1(key, from, to)}`
}
