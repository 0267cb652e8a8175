// Where a bridge stands in a stream of ours, and how many entries went by: kept in the log, so that a restart, and a
// replica that takes over, go on from there.

import { ReplyError } from '../../broker/inner-client.ts'
import type { StreamOutBridge } from './definition.ts'
import type { Surroundings } from './runner.ts'
import { isNewer, streamFacts } from './streams.ts'
import type { StreamFacts } from './streams.ts'

export class Cursor {
  /** The last entry that needs not be sent any more. */
  id: string
  /** New when the stream was made anew: the same ids are other messages then. */
  incarnation: string
  /** Entries that the stream ever got up to the last one that was read; -1: not known yet. */
  passed: number
  /** Why the stream can't be read, or the cursor not be written, '' when they can. */
  error: string
  private readonly around: Surroundings
  private readonly bridge: StreamOutBridge
  private dirty: boolean

  /** Reads what is kept. Throws ReplyError. */
  constructor(around: Surroundings, bridge: StreamOutBridge) {
    this.around = around
    this.bridge = bridge
    this.error = ''
    const kept = around.state.read(bridge.name)
    const id = kept.get('cursor')
    this.id = id ?? (bridge.from === '$' ? this.facts()?.lastId ?? '0-0' : bridge.from)
    this.incarnation = kept.get('incarnation') ?? around.state.token()
    this.passed = Number(kept.get('passed') ?? -1)
    this.dirty = id === undefined
    this.persist(0)
  }

  advance(id: string): void {
    this.id = id
    this.dirty = true
  }

  /** Writes where it stands, with so many entries read and not acknowledged; what fails now is tried again. */
  persist(unsent: number): void {
    if (!this.dirty) return
    const passed = this.passed < 0 ? -1 : Math.max(0, this.passed - unsent)
    try {
      this.around.state.write(this.bridge.name, { cursor: this.id, incarnation: this.incarnation, passed })
      this.dirty = false
      this.error = ''
    } catch (error) {
      this.note(error)
    }
  }

  /** `count` entries were read; negative: they are to be read again. */
  read(count: number): void {
    if (this.passed >= 0) this.passed = Math.max(0, this.passed + count)
  }

  /** What is known of the stream; undefined when there is none. */
  facts(): StreamFacts | undefined {
    try {
      return streamFacts(this.around.state, this.bridge.db, this.bridge.key)
    } catch (error) {
      this.note(error)
      return undefined
    }
  }

  /** Entries that wait, of which so many were read. */
  lag(unsent: number): number {
    const facts = this.facts()
    if (facts === undefined) return 0
    return this.passed < 0 ? facts.length : Math.max(0, facts.added - this.passed) + unsent
  }

  /**
   * All was read, up to `readTo`: what the stream got and nobody can read any more went by us. Returns how many that
   * were, or `anew` when the stream is another one, which is to be read from its beginning.
   */
  takeStock(readTo: string): number | 'anew' {
    const facts = this.facts()
    if (facts === undefined) return 0
    if (isNewer(facts, readTo)) {
      this.incarnation = this.around.state.token()
      this.advance('0-0')
      this.passed = 0
      return 'anew'
    }
    const missed = this.passed < 0 ? 0 : Math.max(0, facts.added - this.passed)
    if (this.passed !== facts.added) this.dirty = true
    this.passed = facts.added
    return missed
  }

  private note(error: unknown): void {
    if (!(error instanceof ReplyError)) throw error
    this.error = error.message
  }
}
