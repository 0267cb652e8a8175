// The log's seam: what the engine needs of any log, and the log that keeps nothing.
// Within a turn of the event loop effects are appended; `seal` makes them one frame and hands it to the storage.

/**
 * `ok`: frames are written as they are sealed. `failing`: the storage refuses writes for now (ENOSPC, EIO); what was
 * sealed waits in memory and is tried again, new writes must be refused. `broken`: what is durable can't be known any
 * more; only a restart helps.
 */
export type LogState = 'ok' | 'failing' | 'broken'

export interface Log {
  readonly state: LogState
  /** Why the state is not `ok`. */
  readonly failure: Error | undefined
  /** Position of the last entry that was appended, sealed or not. */
  readonly appended: number
  /** Position of the last entry of a sealed frame. */
  readonly sealed: number
  /** Position of the last entry that the operating system has. */
  readonly written: number
  /** Position of the last entry that survives a power failure. */
  readonly durable: number
  /** Position up to which replies may leave: `written` or, when each frame is synced, `durable`. */
  readonly safe: number
  /** Called when `safe` has grown or `state` has changed. */
  onProgress: (() => void) | undefined
  /** Bytes of effects that are not sealed yet. */
  readonly pendingBytes: number
  /**
   * The frame had better stay open at the turn's end: a sync is running, and the next one can take all that comes
   * meanwhile as one frame. `onProgress` tells when it is time to seal.
   */
  readonly holding: boolean
  /**
   * How long (ms) the open frame may wait at its turn's end for commands that are on their way, since sealing it costs
   * a sync on this thread; 0: not at all.
   */
  readonly gatherMs: number

  /** Appends one effect in RESP: `buf[from..to)`. `by` is the ready-made `#by` line of its author. */
  append(db: number, by: Buffer | undefined, buf: Uint8Array, from: number, to: number): void
  /** Begins an effect of `words` words; each follows by `wordText` or `wordBytes`, then `endCommand`. */
  beginCommand(db: number, by: Buffer | undefined, words: number): void
  /** As `beginCommand`, with the effect's first bytes (its count, and words) as they came. */
  beginRaw(db: number, by: Buffer | undefined, buf: Uint8Array, from: number, to: number): void
  /** One byte a character. */
  wordText(text: string): void
  wordBytes(buf: Uint8Array, from: number, to: number): void
  /** Words that are bulk strings (`$n\r\n…\r\n`) already. */
  words(buf: Uint8Array, from: number, to: number): void
  endCommand(): void
  /** Entries until `exec` are one transaction. */
  multi(db: number, by: Buffer | undefined): void
  exec(): void
  /** A `#` line about all that was appended up to here; left out where no frame is open. It stands behind an effect. */
  note(line: Buffer): void
  /** Makes what was appended one frame at time `ms` and hands it to the storage. */
  seal(ms: number): void
  /** Forgets what was appended and not sealed: a script is ended half way, its effects must not be seen. */
  abandon(): void
  /** Makes everything sealed durable, whatever the policy; resolves when it is (SHUTDOWN, WAITAOF, SAVE). */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Keeps nothing: `appendonly no`, replay, and measurements. Positions count on from one, so replies are never held. */
export function nullLog(position = 0): Log {
  let sealed = position
  let open = 0
  return {
    state: 'ok',
    failure: undefined,
    get appended() { return sealed + open },
    get sealed() { return sealed },
    get written() { return sealed },
    get durable() { return sealed },
    get safe() { return sealed },
    onProgress: undefined,
    pendingBytes: 0,
    holding: false,
    gatherMs: 0,
    append() { open++ },
    beginCommand() {},
    beginRaw() {},
    wordText() {},
    wordBytes() {},
    words() {},
    endCommand() { open++ },
    multi() {},
    exec() {},
    note() {},
    seal() {
      sealed += open
      open = 0
    },
    abandon() { open = 0 },
    flush: async () => {},
    close: async () => {},
  }
}
