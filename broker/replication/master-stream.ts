// The stream that a master sends, applied: its commands run through the handlers that replay the log, are logged in our
// own, and go on to replicas of ours byte for byte. A transaction waits until it is whole, so that it is one frame
// here, too. What was applied is counted by the byte: that is where a lost link goes on.

import { Args, frameCommand } from '../../core/args.ts'
import { Reply } from '../../core/reply.ts'
import { systemSession } from '../../core/session.ts'
import type { Session } from '../../core/session.ts'
import type { Broker } from '../broker.ts'
import { findCommand } from '../command.ts'
import { placeLine } from './history-file.ts'

const empty = Buffer.alloc(0)
const newline = 10
/** The input's buffer beyond this size is given up once all of it is applied. */
const inputKeptBytesMax = 1 << 20

export class MasterStream {
  /** The name of the last command, as CLIENT LIST shows it. */
  lastCommand: string
  /** The master asked how far we are. */
  asked: boolean
  private readonly broker: Broker
  private readonly session: Session
  private readonly args: Args
  private readonly reply: Reply
  /** Bytes `[done..end)` are not applied yet; those before `at` are framed, as the beginning of a transaction. */
  private input: Buffer
  private done: number
  private at: number
  private end: number
  /** Where the commands behind MULTI begin; -1 outside of a transaction. */
  private multiAt: number

  /** `db`: the database that the stream is at; `by`: the line that names the master in the log. */
  constructor(broker: Broker, db: number, by: Buffer) {
    this.broker = broker
    this.lastCommand = 'NULL'
    this.asked = false
    this.session = { ...systemSession(), db, by }
    this.args = new Args()
    this.reply = new Reply()
    this.input = empty
    this.done = 0
    this.at = 0
    this.end = 0
    this.multiAt = -1
  }

  /** The database that the stream is at. */
  get db(): number {
    return this.session.db
  }

  /** Nothing may be applied just now: a script holds the frame, or the log fails. */
  get held(): boolean {
    const { engine } = this.broker
    return engine.grouped || engine.log.state !== 'ok'
  }

  get bufferedBytes(): number {
    return this.end - this.done
  }

  /** Takes bytes of the stream and applies what is whole. Throws when they are no commands. */
  take(bytes: Buffer): void {
    this.keep(bytes)
    if (this.held || this.at === this.end) return
    this.broker.openTurn()
    const { input, args } = this
    while (this.at < this.end) {
      // A master may send bare newlines to show that it lives; they are no commands, but counted.
      const bare = input[this.at] === newline
      const end = bare ? this.at + 1 : frameCommand(args, input, this.at, this.end)
      if (end < 0) throw new Error(`the master's stream holds no command behind byte ${this.offset}`)
      if (end === 0) break
      if (bare) this.at = end
      else if (this.multiAt >= 0) {
        this.at = end
        if (args.is(0, 'EXEC')) this.transaction(end)
      } else if (args.is(0, 'MULTI')) this.multiAt = end
      else this.apply()
      this.at = end
      if (this.multiAt >= 0) continue
      this.broker.replication.feed(input, this.done, end)
      this.done = end
    }
    const { log } = this.broker.engine
    if (log.pendingBytes > 0) log.note(placeLine(this.broker, this.db))
    if (this.done < this.end) return
    this.done = 0
    this.at = 0
    this.end = 0
    if (input.length > inputKeptBytesMax) this.input = empty
  }

  private get offset(): number {
    return this.broker.replication.masterReplOffset + this.at - this.done
  }

  /** Appends what came; the buffer grows by doubling, so that a large value stays linear. */
  private keep(bytes: Buffer): void {
    if (this.end + bytes.length > this.input.length) {
      const held = this.end - this.done
      const size = held + bytes.length
      const grown = size * 2 > this.input.length ? Buffer.allocUnsafeSlow(size * 2) : this.input
      this.input.copy(grown, 0, this.done, this.end)
      this.at -= this.done
      if (this.multiAt >= 0) this.multiAt -= this.done
      this.done = 0
      this.end = held
      this.input = grown
    }
    this.end += bytes.copy(this.input, this.end)
  }

  /** Applies the commands from the one behind MULTI up to EXEC, which ends at `end`. */
  private transaction(end: number): void {
    const { engine } = this.broker
    engine.beginGroup()
    for (let at = this.multiAt; at < end;) {
      at = frameCommand(this.args, this.input, at, end)
      if (!this.args.is(0, 'EXEC')) this.apply()
    }
    engine.endGroup()
    this.multiAt = -1
  }

  /** Applies the framed command. */
  private apply(): void {
    const { broker, args, reply, session } = this
    const { engine } = broker
    if (args.is(0, 'PING')) return
    if (args.is(0, 'REPLCONF')) {
      if (args.count > 1 && args.is(1, 'GETACK')) this.asked = true
      return
    }
    if (args.is(0, 'SELECT')) {
      const db = args.count === 2 ? args.int(1) : -1
      if (db >= 0 && db < engine.dbs.length) session.db = db
      else this.fails('ERR DB index is out of range')
      return
    }
    if (args.is(0, 'PUBLISH') || args.is(0, 'SPUBLISH')) return this.publish()
    const command = findCommand(broker.commands, args)
    if (command?.run === undefined) return this.fails('ERR unknown command')
    reply.at = 0
    reply.lastError = ''
    engine.replaying = true
    engine.following = true
    engine.execute(command, args, reply, session)
    engine.replaying = false
    engine.following = false
    engine.block = undefined
    command.calls++
    this.lastCommand = command.fullName
    if (reply.lastError !== '') this.fails(reply.lastError)
    if (broker.blocking.pending) broker.serveBlocked()
  }

  private publish(): void {
    const { pubsub } = this.broker
    const { buf, start, end, count } = this.args
    if (count !== 3) return this.fails('ERR wrong number of arguments')
    if (this.args.is(0, 'PUBLISH')) pubsub.publish(buf, start[1]!, end[1]!, buf, start[2]!, end[2]!)
    else pubsub.publishSharded(buf, start[1]!, end[1]!, buf, start[2]!, end[2]!)
  }

  /** Our data may differ from the master's from now on. */
  private fails(error: string): void {
    this.broker.report('warning', `== CRITICAL == This replica is sending an error to its master: '${error}' after `
      + `processing the command '${this.args.shown(0).toLowerCase()}'`)
  }
}
