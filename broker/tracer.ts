// Who follows single commands, frames and checkpoints; nobody does unless the operator wants traces.

import type { Command } from './command.ts'
import type { Connection } from './connection.ts'

export interface Tracer {
  /** A command of `c` begins: true when `ended` is to be told of its end. Commands within EXEC begin within it. */
  begin(c: Connection, command: Command): boolean
  /** The command that began last ends; `error` is the text that it answered, '' for none. */
  end(command: Command, error: string): void
  /** A checkpoint has ended. */
  checkpoint(kind: 'save' | 'rewrite', startedMs: number, error: Error | undefined): void
}
