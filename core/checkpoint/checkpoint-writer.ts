// What checkpoints are written by, whatever their form: an RDB file (rdb-file-writer.ts), or commands
// (command-file-writer.ts).

import type { Engine } from '../engine.ts'

/** `aof-use-rdb-preamble`: yes or no. */
export type CheckpointForm = 'rdb' | 'commands'

/** Gets the file's bytes in order: `buf[from..to)`, valid during the call only. */
export type ByteSink = (buf: Buffer, from: number, to: number) => void

export type CheckpointWriter = {
  /** Bytes that went to the sink. */
  readonly flushed: number
  /** A library of functions: its source, one character a byte. */
  library: (source: string) => void
  /** Keys that follow are of this database; it has so many, and so many of them with deadlines, where that is known. */
  database: (index: number, keys?: number, dated?: number) => void
  /** A key of the engine and its value. */
  key: (engine: Engine, entry: number) => void
  /** Ends the file; all of it has gone to the sink then. */
  end: () => void
}
