// A client inside the broker: what an extension runs by itself. Its commands run at once, between those of other
// clients; their effects are part of the turn and stand in the log under a name of their own.

import { Args, frameWords } from '../core/args.ts'
import { replies } from '../core/errors.ts'
import { Reply } from '../core/reply.ts'
import type { Session } from '../core/session.ts'
import type { Broker } from './broker.ts'
import { findCommand, flagBits } from './command.ts'
import type { Command } from './command.ts'
import { arityFits } from './dispatch.ts'
import { brokerGates } from './gates.ts'
import { diskGates, diskRefusal } from './persistence/disk-refusal.ts'
import { decodeReply } from './resp/reply-value.ts'
import type { ReplyValue } from './resp/reply-value.ts'

/** A command answered an error; `message` is its text without the dash. */
export class ReplyError extends Error {
  constructor(text: string) {
    super(text)
    this.name = 'ReplyError'
  }
}

/** False while data is loaded, or a script holds the turn: nothing may be read or written in between. */
export function mayCall({ gates, engine }: Broker): boolean {
  return (gates & (brokerGates.loading | brokerGates.busy)) === 0 && !engine.grouped
}

export class InnerClient implements Session {
  readonly id: number
  readonly mayBlock: boolean
  readonly noTouch: boolean
  readonly resp: 2 | 3
  readonly by: Buffer
  db: number
  private readonly broker: Broker
  private readonly name: string
  private readonly args: Args
  private readonly reply: Reply

  /** `name` stands in the log as the user: `#by client=0 user=<name> addr=inner`. */
  constructor(broker: Broker, name: string) {
    this.broker = broker
    this.name = name
    this.id = 0
    this.mayBlock = false
    this.noTouch = true
    this.resp = 3
    this.by = Buffer.from(`#by client=0 user=${encodeURIComponent(name)} addr=inner\r\n`)
    this.db = 0
    this.args = new Args()
    this.reply = new Reply()
    this.reply.resp = 3
  }

  /**
   * Runs a command of core (strings are written as UTF-8) on database `db` and returns what it answered (bulk strings
   * as Buffers). Throws ReplyError where it answers an error, or must not run now (MISCONF, OOM, READONLY, LOADING,
   * TRYAGAIN in a pause of writes).
   * A blocking command answers as if its time were up. To be called between commands, or by a `serve` handler.
   */
  call(words: readonly (string | Uint8Array)[]): ReplyValue {
    const { broker, args, reply } = this
    broker.openTurn()
    frameWords(args, words)
    const command = findCommand(broker.commands, args)
    const refusal = this.refusal(command)
    if (refusal !== undefined) throw new ReplyError(refusal)
    if (!arityFits(command!, args.count)) throw new Error(`wrong number of words for ${command!.fullName}`)
    reply.at = 0
    const { stats } = broker.engine
    const { keyspaceHits, keyspaceMisses } = stats
    broker.engine.execute(command!, args, reply, this)
    // Figures of commands and look-ups are about clients.
    stats.keyspaceHits = keyspaceHits
    stats.keyspaceMisses = keyspaceMisses
    broker.engine.block = undefined
    if (reply.lastError !== '') {
      const text = reply.lastError
      reply.lastError = ''
      broker.countError(command!, text)
      throw new ReplyError(text)
    }
    const value = decodeReply(reply.buf, 0)
    if (broker.monitors.size > 0) broker.monitors.ran(command!, this.db, this.name, this.args)
    if (broker.blocking.pending && !broker.engine.grouped) broker.serveBlocked()
    return value
  }

  /** What `work` calls becomes one transaction of the log, in one frame; what was done before an error stays done. */
  atomically<T>(work: () => T): T {
    const { broker } = this
    broker.openTurn()
    // Within EXEC or a script it is part of their transaction.
    if (broker.engine.grouped) return work()
    broker.engine.beginGroup()
    try {
      return work()
    } finally {
      broker.engine.endGroup()
      if (broker.blocking.pending) broker.serveBlocked()
    }
  }

  private refusal(command: Command | undefined): string | undefined {
    if (command?.run === undefined) throw new Error('an inner client runs commands of core only')
    const { broker } = this
    if ((broker.gates & brokerGates.loading) !== 0) return replies.loading
    if ((command.flags & flagBits.write) === 0) return undefined
    if ((broker.gates & diskGates) !== 0) return diskRefusal(broker)
    if ((broker.gates & brokerGates.replica) !== 0) return replies.readOnlyReplica
    if (broker.pause.hidesDue) return 'TRYAGAIN writes are paused'
    return (command.flags & flagBits.denyoom) !== 0 && broker.outOfMemory() ? replies.outOfMemory : undefined
  }
}
