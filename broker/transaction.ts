// What a client queued since MULTI. The arguments are copies of their own; EXEC runs them as one group of the log.

import type { Args } from '../core/args.ts'
import { settleExpectation } from '../core/commands/stream-append.ts'
import type { Reply } from '../core/reply.ts'
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
  /** Some XADD seems to expect a last id, which all of the transaction hangs on. */
  expects: boolean
}

/** MULTI: commands are queued from now on. */
export function beginTransaction(c: Connection): void {
  c.transaction = { commands: [], args: [], aborted: false, flags: 0, lacking: 0, bytes: 0, expects: false }
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
  if (command.name === 'xadd') for (let i = 2; i < a.count && !t.expects; i++) t.expects = a.is(i, 'EXPECT')
}

/**
 * Checks what queued XADDs expect of their streams, as they stand before the transaction; the error of the first that
 * is not met, undefined when all are. `r` is left as it was.
 */
export function unmetExpectation(c: Connection, t: Transaction, r: Reply): string | undefined {
  const x = c.broker.engine
  let { db } = c
  for (const [i, command] of t.commands.entries()) {
    const a = t.args[i]!
    if (command.name === 'select') {
      const selected = a.int(1)
      if (selected >= 0 && selected < x.dbs.length) db = selected
    }
    if (command.name !== 'xadd') continue
    x.db = x.dbs[db]!
    const refusal = settleExpectation(x, a, r)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** Leaves MULTI: what was queued and watched is forgotten. */
export function endTransaction(c: Connection): void {
  c.transaction = undefined
  c.setGate(clientGates.multi, false)
  c.broker.watches.unwatch(c)
  c.broker.hookKeys()
}
