// A script that goes on in later turns of the event loop. It was unwound where it stood, and is begun again in the form
// that can pause: it reads the replies that it got (nothing is done twice), and from where it stood it goes on in
// slices, between which others are served: with BUSY, or with the end of this script.

import type { Args } from '../../core/args.ts'
import { Reply } from '../../core/reply.ts'
import type { Parked } from '../blocking.ts'
import type { Connection } from '../connection.ts'
import { scriptSliceMsMax, scriptStuckMsMin } from '../limits.ts'
import { meter } from './lua/call.ts'
import { Kill, LuaError } from './lua/error.ts'
import { raise } from './lua/sites.ts'
import type { LuaValue } from './lua/value.ts'
import { replyBufferKept } from './script-run.ts'
import type { Scripts, Steps, Work } from './scripts.ts'

/** Writes a script's reply. */
type WriteReply = (r: Reply) => void

/** Unwinds the script, past its pcalls; the cause is what its client is told, with the line where it was. */
class Ended extends Kill {
  declare readonly cause: LuaError

  constructor(text: string) {
    super(text)
    // A loop without a call has no line of its own.
    const place = raise(text).place
    this.cause = new LuaError(text, place === undefined || place.line > 0 ? place : { ...place, line: 1 })
  }
}

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
  private sliceBeganMs: number

  /** `steps` are those of a script that was in the form that can pause already. */
  constructor(scripts: Scripts, client: Connection, a: Args, work: Work, inner: boolean, steps: Steps | undefined) {
    this.scripts = scripts
    this.client = client
    this.work = work
    this.args = a.detach()
    this.inner = inner
    this.afterwards = undefined
    this.parked = scripts.broker.blocking.parkFor(client, client.lastCommand!, 0, (r) => r.nil())
    this.steps = steps
    this.sliceBeganMs = 0
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
    this.sliceBeganMs = clock.monotonicMs()
    this.steps ??= this.scripts.beginAgain(this.work, this.args)
    meter.hook = this.onMeter
    const untilMs = this.sliceBeganMs + scriptSliceMsMax
    try {
      do {
        const step = this.steps.next()
        if (step.done === true) return step.value
      } while (clock.monotonicMs() < untilMs)
    } catch (error) {
      throw error instanceof Ended ? error.cause : error
    }
    return undefined
  }

  /** Called again and again while the script runs: was it killed, or is it where it can't pause, no end in sight? */
  private readonly onMeter = (): void => {
    const { run } = this.work
    if (run.killed) throw new Ended(`Script killed by user with ${run.kind === 'eval' ? 'SCRIPT' : 'FUNCTION'} KILL...`)
    const { engine, config } = this.scripts.broker
    const ms = engine.clock.monotonicMs() - this.sliceBeganMs
    if (ms <= Math.max(scriptStuckMsMin, config.values.busyReplyThreshold)) return
    throw new Ended('Script ended: it is where it can\'t be interrupted, and was for too long...')
  }

  private end(write: WriteReply): void {
    const { scripts, client, parked, inner, afterwards } = this
    const { broker } = scripts
    const { run } = this.work
    const command = client.lastCommand!
    scripts.endBusy()
    if (!inner) broker.engine.endGroup()
    client.wroteTurn = broker.outbox.turn
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
