// What the engine must know of whoever sends a command; the broker's connection is one, replay is another.

export interface Session {
  /** Unique for the life of the process; 0 for replay and for inner clients. */
  readonly id: number
  /** Selected database. */
  db: number
  /** Protocol version of the replies. */
  resp: 2 | 3
  /** The ready-made `#by client=… user=… addr=…\r\n` line of the log, or undefined for none. */
  by: Buffer | undefined
  /** False inside MULTI, scripts and replay: a blocking command then answers at once as if its time were up. */
  mayBlock: boolean
  /** CLIENT NO-TOUCH: reads leave a key's access time alone. */
  noTouch: boolean
}

/** The session of replay and of the engine's own work. */
export function systemSession(): Session {
  return { id: 0, db: 0, resp: 2, by: undefined, mayBlock: false, noTouch: true }
}
