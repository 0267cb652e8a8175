// What a bridge at work is to the list of bridges, and what it is given.

import type { Broker } from '../../broker/broker.ts'
import type { Lines } from '../../broker/commands/info-sections.ts'
import type { Link } from './link.ts'
import type { State } from './state.ts'

export type Surroundings = {
  readonly broker: Broker
  readonly link: Link
  readonly state: State
  /** Our id in the headers of messages. */
  readonly origin: string
}

export type Runner = {
  /** What it does just now, in a word. */
  readonly phase: string
  /** Why it does not do it. */
  readonly error: string
  /** A connection stands. */
  connected: () => void
  disconnected: () => void
  /** The server refused a publish to, or a subscription of, this subject. */
  refused: (operation: string, subject: string) => void
  /** A turn has ended; `appended` is the position of its last entry. */
  turnEnded: (appended: number) => void
  /** More of the log has become safe. */
  logProgressed: () => void
  tick: (monotonicMs: number) => void
  /** It works no more, and has written where it stands. */
  stop: () => void
  /** Its figures: counters, lag, cursor. */
  figures: () => Lines
}
