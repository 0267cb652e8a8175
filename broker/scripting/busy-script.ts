// A script that goes on in later turns of the event loop. It was unwound where it stood, and is begun again in the form
// that can pause: it reads the replies that it got (nothing is done twice), and from where it stood it goes on in
// slices, between which others are served: with BUSY, or with the end of this script.

import type { Args } from '../../core/args.ts'
import { Reply } from '../../core/reply.ts'
import type { Parked } from '../blocking.ts'
import type { Connection } from '../connection.ts'
import { scriptSliceMsMax } from '../limits.ts'
import { meter } from './lua/call.ts'
import { LuaError } from './lua/error.ts'
import type { LuaValue } from './lua/value.ts'
import { Ended, Pace } from './pace.ts'
import type { Steps } from './pace.ts'
import { replyBufferKept } from './script-run.ts'
import type { Scripts, Work } from './scripts.ts'

/** Writes a script's reply. */
type WriteReply = (r: Reply) => void

export class BusyScript {
  readonly client: Connection
  readonly work: Work
  /** The command that began it. */
  readonly args: Args
  /** Writes what belongs around the script's reply, when it is part of a transaction. */
  afterwards: ((r: Reply, reply: WriteReply) => void) | undefined
  private readonly scripts: Scripts
  /** The script is part of a transaction, which ends its group of effects itself. */
  private readonly inner: boolean
  private readonly parked: Parked
  private steps: Steps | undefined
  private readonly pace: Pace

  /** `steps` are those of a script that was in the form that can pause already. */
  constructor(scripts: Scripts, client: Connection, a: Args, work: Work, inner: boolean, steps: Steps | undefined) {
    this.scripts = scripts
    this.client = client
    this.work = work
    this.args = a.detach()
    this.inner = inner
    this.afterwards = undefined
    this.parked = scripts.broker.blocking.parkFor(client, client.lastCommand!, 0, undefined)
    this.steps = steps
    this.pace = new Pace(scripts.broker)
    setImmediate(() => this.goOn())
  }

  /** Runs one slice, and comes again unless the script has ended. */
  private goOn(): void {
    const { broker, host } = this.scripts
    // A broker that stops leaves the script where it is: what it did is in no frame yet.
    if (broker.stopping) return
    const { client } = this
    const { run } = this.work
    const { db, mayBlock } = client
    client.db = run.db
    client.mayBlock = false
    host.run = run
    let write: WriteReply | undefined
    try {
      const values = this.slice()
      if (values !== undefined) write = (r) => this.scripts.writeResult(run, r, values[0])
    } catch (error) {
      if (!(error instanceof LuaError)) throw error
      write = (r) => this.scripts.writeError(run, r, error)
    } finally {
      host.run = undefined
      run.db = client.db
      client.db = db
      client.mayBlock = mayBlock
    }
    if (write === undefined) setImmediate(() => this.goOn())
    else this.end(write)
  }

  /** What the script returned, or undefined when it has not ended yet. Raises LuaError. */
  private slice(): readonly LuaValue[] | undefined {
    const { clock } = this.scripts.broker.engine
    this.steps ??= this.scripts.beginAgain(this.work, this.args)
    meter.hook = this.onMeter
    const untilMs = clock.monotonicMs() + scriptSliceMsMax
    do {
      const step = this.pace.next(this.steps)
      if (step.done === true) return step.value
    } while (clock.monotonicMs() < untilMs)
    return undefined
  }

  /** Called again and again while the script runs. */
  private readonly onMeter = (): void => {
    const { run } = this.work
    if (run.killed) throw new Ended('Script killed by user with SCRIPT KILL...')
    this.pace.look()
  }

  private end(write: WriteReply): void {
    const { scripts, client, parked, inner, afterwards } = this
    const { broker } = scripts
    const { run } = this.work
    const command = client.lastCommand!
    scripts.endBusy()
    if (!inner) broker.engine.endGroup()
    client.noteWrite()
    const counted: WriteReply = (r) => {
      write(r)
      if (r.lastError !== '') broker.countError(command, r.lastError)
      r.lastError = ''
      replyBufferKept(run)
    }
    const answer: WriteReply = afterwards === undefined ? counted : (r) => afterwards(r, counted)
    // Who is gone doesn't hear of it, but a transaction is run to its end.
    if (client.parked === parked) broker.blocking.answer(parked, answer)
    else answer(new Reply())
    if (broker.blocking.pending) broker.serveBlocked()
  }
}
