// Runs a script in the form that can pause from one pause to the next, and ends it where it can't pause (a
// metamethod, a long match) and no end is in sight: nobody else is served meanwhile.

import type { Broker } from '../broker.ts'
import { scriptStuckMsMin } from '../limits.ts'
import { Kill, LuaError } from './lua/error.ts'
import { raise } from './lua/sites.ts'
import type { LuaValue } from './lua/value.ts'

/** A script in the form that can pause. */
export type Steps = Generator<undefined, readonly LuaValue[], undefined>

/** So many looks without a pause are no accident. */
const looksMin = 10

/** Unwinds the script, past its pcalls; the cause is what its client is told, with the line where it was. */
export class Ended extends Kill {
  declare readonly cause: LuaError

  constructor(text: string) {
    super(text)
    // A loop without a call has no line of its own.
    const place = raise(text).place
    this.cause = new LuaError(text, place === undefined || place.line > 0 ? place : { ...place, line: 1 })
  }
}

export class Pace {
  private readonly broker: Broker
  /** When it went on after its last pause, and how often it was looked at since. */
  private wentOnMs: number
  private looks: number

  constructor(broker: Broker) {
    this.broker = broker
    this.wentOnMs = 0
    this.looks = 0
  }

  /** Goes on to the next pause or to the end. Raises LuaError. */
  next(steps: Steps): IteratorResult<undefined, readonly LuaValue[]> {
    this.wentOnMs = this.broker.engine.clock.monotonicMs()
    this.looks = 0
    try {
      return steps.next()
    } catch (error) {
      if (error instanceof Ended) throw error.cause
      throw error instanceof Kill ? new LuaError(`Script ended: ${error.reason}...`) : error
    }
  }

  /** Called again and again while the script runs. */
  look(): void {
    if (++this.looks < looksMin) return
    const { engine, config } = this.broker
    const ms = engine.clock.monotonicMs() - this.wentOnMs
    if (ms <= Math.max(scriptStuckMsMin, config.values.busyReplyThreshold)) return
    throw new Ended('Script ended: it is where it can\'t be interrupted, and was for too long...')
  }
}
