// Commands that read the log's files: the client is parked, as one that waits for keys, until its answer is there.

import type { Broker } from '../../broker/broker.ts'
import type { Parked } from '../../broker/blocking.ts'
import type { Command } from '../../broker/command.ts'
import { clientGates } from '../../broker/connection.ts'
import type { Connection } from '../../broker/connection.ts'
import { brokerGates } from '../../broker/gates.ts'
import { diskGates, diskRefusal } from '../../broker/persistence/disk-refusal.ts'
import type { Args } from '../../core/args.ts'
import { MillraceError, replies } from '../../core/errors.ts'
import { idText } from '../../core/history/moment.ts'
import { LogGap } from '../../core/log/log-cursor.ts'
import type { Reply } from '../../core/reply.ts'
import { goneMs, heldMs, replyEntriesBytesMax } from './limits.ts'
import { liveTail } from './live-tail.ts'
import type { LogMatch } from './log-match.ts'
import { logView } from './log-view.ts'

/** Writes the answer; may run commands, in the turn in which it is written. */
export type Answer = (r: Reply) => void

export const nil: Answer = (r) => r.nilArray()

/** An error that is the client's answer, its text without the dash. */
export class Refusal extends Error {}

export const tooMuch = `ERR the reply would have more than ${replyEntriesBytesMax} bytes: ask for fewer`

/** A command at work on the log. */
export class Task {
  readonly c: Connection
  readonly broker: Broker
  private readonly command: Command
  private readonly args: Args
  private readonly parked: Parked

  constructor(c: Connection, command: Command, a: Args) {
    this.c = c
    this.broker = c.broker
    this.command = command
    this.args = a.detach()
    this.parked = c.broker.blocking.parkFor(c, command, 0, nil)
  }

  /** Nobody waits for the answer any more. */
  get isOver(): boolean {
    return this.c.parked !== this.parked
  }

  answer(write: Answer): void {
    const { broker, command } = this
    broker.blocking.answer(this.parked, (r) => {
      try {
        write(r)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        r.error(error.message)
      }
      if (r.lastError !== '') broker.countError(command, r.lastError)
    })
  }

  /** Resolves when the client may (still) run the command, and the turn takes commands. Throws Refusal. */
  async mayWrite(): Promise<void> {
    const { broker } = this
    const held = brokerGates.paused | brokerGates.busy | brokerGates.loading
    while (((broker.gates & held) !== 0 || broker.engine.grouped) && !this.isOver) await later(heldMs)
    if ((broker.gates & diskGates) !== 0) throw new Refusal(diskRefusal(broker))
    const follows = (broker.gates & brokerGates.replica) !== 0 && broker.config.values.replicaReadOnly
    if (follows) throw new Refusal(replies.readOnlyReplica)
    this.mayRead()
  }

  /** Access may have been taken away while the client waited. Throws Refusal. */
  mayRead(): void {
    const { c, command, args, broker } = this
    if (this.isOver || (c.gates & clientGates.restricted) === 0) return
    const refusal = broker.acl.refuse(c, command, args, 'toplevel')
    if (refusal !== undefined) throw new Refusal(refusal)
  }
}

/** Parks the client while `work` finds its answer, or gives it itself. */
export function answerLater(
  c: Connection, command: Command, a: Args, r: Reply, work: (task: Task) => Promise<Answer | undefined>,
): void {
  const refusal = readRefusal(c)
  if (refusal !== undefined) {
    r.error(refusal)
    return
  }
  const task = new Task(c, command, a)
  const fail = (error: Error): void => task.answer((reply) => reply.error(errorText(c.broker, error)))
  work(task).then((answer) => {
    if (answer !== undefined) task.answer(answer)
  }).catch(fail)
}

function readRefusal(c: Connection): string | undefined {
  if (!c.mayBlock) return 'ERR the log can\'t be read inside a transaction or a script'
  return c.broker.persistence.appender === undefined ? 'ERR there is no log to read: appendonly is no' : undefined
}

function errorText(b: Broker, error: Error): string {
  if (error instanceof Refusal) return error.message
  if (error instanceof LogGap) {
    const segment = logView(b).segments().find(({ from }) => from === error.next)
    const rest = segment === undefined ? '' : `; the first entry that is kept is ${idText(segment.ms, segment.from)}`
    return `GAP the log does not keep position ${error.from} any more${rest}`
  }
  if (error instanceof MillraceError) return `ERR ${error.message}`
  b.report('warning', `the log can't be read: ${error.message}`)
  return `ERR the log can't be read: ${error.message}`
}

export function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/**
 * Waits until there is something of what the matches ask for at `from` or behind it (or something is wrong): true;
 * false when `untilMs` (the broker's monotonic ms) came first, or the task is over.
 */
export async function waitForMore(
  task: Task, matches: readonly LogMatch[], grouped: boolean, from: number, untilMs: number,
): Promise<boolean> {
  const { clock } = task.broker.engine
  const tail = liveTail(task.broker)
  return await new Promise<boolean>((resolve) => {
    let timer: NodeJS.Timeout | undefined
    const end = (more: boolean): void => {
      clearTimeout(timer)
      resolve(more)
    }
    const waiter = { from, matches, grouped, wake: () => end(true) }
    const arm = (): void => {
      const left = untilMs - clock.monotonicMs()
      if (left > 0 && !task.isOver) {
        // A client that goes away is noticed now and then.
        timer = setTimeout(arm, Math.min(left, goneMs))
        return
      }
      tail.remove(waiter)
      end(false)
    }
    if (tail.add(waiter)) arm()
    else end(true)
  })
}
