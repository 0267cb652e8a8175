// The transaction commands on their own; whole transactions over two connections are made by the
// episodes. EXEC and DISCARD weigh more than MULTI, so that no connection queues for long.
import { command, none, times, type CommandShape } from '../grammar.ts'
import { anyKey } from '../pool.ts'

export const transactionCommands: readonly CommandShape[] = [
  command('MULTI', 1, none),
  command('EXEC', 4, none),
  command('DISCARD', 2, none),
  command('WATCH', 3, times(1, 3, anyKey)),
  command('UNWATCH', 1, none),
]
