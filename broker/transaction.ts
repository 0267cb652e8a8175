// What a client queued since MULTI. The arguments are copies of their own; EXEC runs them as one group of the log.

import type { Args } from '../core/args.ts'
import type { Command } from './command.ts'
import { clientGates } from './connection.ts'
import type { Connection } from './connection.ts'

export type Transaction = {
  commands: Command[]
  args: Args[]
  /** A command was refused when it was to be queued: EXEC fails. */
  aborted: boolean
  /** Flags that some queued command has, and flags that some queued command lacks. */
  flags: number
  lacking: number
  /** Bytes of the queued arguments. */
  bytes: number
}

/** MULTI: commands are queued from now on. */
export function beginTransaction(c: Connection): void {
  c.transaction = { commands: [], args: [], aborted: false, flags: 0, lacking: 0, bytes: 0 }
  c.setGate(clientGates.multi, true)
}

/** Queues a command that passed all gates; `flags`: what it is gated by. */
export function queueCommand(t: Transaction, command: Command, flags: number, a: Args): void {
  const copy = a.detach()
  t.commands.push(command)
  t.args.push(copy)
  t.flags |= flags
  t.lacking |= ~flags
  t.bytes += copy.buf.length
}

/** Leaves MULTI: what was queued and watched is forgotten. */
export function endTransaction(c: Connection): void {
  c.transaction = undefined
  c.setGate(clientGates.multi, false)
  c.broker.watches.unwatch(c)
  c.broker.hookKeys()
}
