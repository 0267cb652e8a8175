// From a framed command to its reply: look up, gate, queue or call, wake who waits for what it changed.
// The gates stand in Redis's order. A client in its usual state passes none of them: the bits of `gates`, its own and
// the broker's, say whether any must be looked at.

import type { Args } from '../core/args.ts'
import { replies, wrongArity } from '../core/errors.ts'
import type { Reply } from '../core/reply.ts'
import type { Broker } from './broker.ts'
import { findCommand, flagBits } from './command.ts'
import type { Command } from './command.ts'
import { clientGates } from './connection.ts'
import type { Connection } from './connection.ts'
import { brokerGates } from './gates.ts'
import { diskGates, diskRefusal } from './persistence/disk-refusal.ts'
import { underOwnName } from './renames.ts'
import { queueCommand } from './transaction.ts'

const shownCharsMax = 128
const passesMulti = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset'])
const endsMulti = new Set(['exec', 'discard', 'quit', 'reset'])
const passesSubscribed = new Set([
  'ping', 'subscribe', 'ssubscribe', 'sunsubscribe', 'unsubscribe', 'psubscribe', 'punsubscribe', 'quit', 'reset',
])
/** Their replies are pushes, which CLIENT REPLY does not silence. */
const pushReplies = new Set(['subscribe', 'ssubscribe', 'sunsubscribe', 'unsubscribe', 'psubscribe', 'punsubscribe'])

export function arityFits(command: Command, count: number): boolean {
  return command.arity >= 0 ? count === command.arity : count >= -command.arity
}

/** Runs what the client sent, or refuses or queues it. Writes its reply to the turn's buffer. */
export function dispatch(b: Broker, c: Connection, sent: Args): void {
  const r = b.outbox.reply
  const mark = r.at
  const own = underOwnName(b.renames, sent)
  const a = own ?? sent
  const command = own === undefined ? undefined : findCommand(b.commands, a)
  if (command === undefined || (b.gates | c.gates) !== 0 || !arityFits(command, a.count)) {
    if (!admit(b, c, command, a, sent, r)) {
      muteReply(c, r, mark)
      endCaching(c, command)
      if (b.answers.due) b.answers.flush()
      return
    }
  }
  call(b, c, command!, a, r)
  if (c.gates !== 0) {
    muteReply(c, r, mark, pushReplies.has(command!.fullName))
    endCaching(c, command)
  }
  if (b.answers.due) b.answers.flush()
  if (b.blocking.pending) b.serveBlocked()
}

/** Runs a command that passed the gates. */
export function call(b: Broker, c: Connection, command: Command, a: Args, r: Reply): void {
  const x = b.engine
  const traced = b.tracer !== undefined && b.tracer.begin(c, command)
  b.meter.before(command)
  c.commands++
  c.lastCommand = command
  if (command.run !== undefined) {
    x.execute(command, a, r, c)
    if (x.block !== undefined) {
      b.blocking.park(c, command, x.block)
      x.block = undefined
    }
  } else command.serve!(c, a, r)
  if (c.tracked !== undefined) b.tracking.remember(c, command, a)
  b.meter.after(command, c, a)
  if (traced) b.tracer!.end(command, r.lastError)
  if (r.lastError !== '') {
    b.countError(command, r.lastError)
    r.lastError = ''
  }
  if (b.monitors.size > 0) b.monitors.ran(command, c.db, c.addr, a, c)
}

/** Passes a command or answers in its place; true when it is to be called. */
function admit(b: Broker, c: Connection, command: Command | undefined, a: Args, sent: Args, r: Reply): boolean {
  if (command === undefined && (a.is(0, 'POST') || a.is(0, 'HOST:'))) {
    // A browser was made to speak to us: whatever else it sends is an attack.
    b.report('warning', `client ${c.id} (${c.addr}) sent an HTTP request: closed`)
    c.destroy()
    return false
  }
  c.lastCommand = command
  const refusal = command === undefined ? unknownCommand(b, sent) : refuse(b, c, command, a)
  if (refusal !== undefined) {
    reject(b, c, command, refusal, r)
    return false
  }
  const found = command!
  const held = ((b.gates & brokerGates.paused) !== 0 && b.pause.holds(c, found, a))
    || ((b.gates & brokerGates.held) !== 0 && b.holds.holdsBack(c, found, a))
  if (held) {
    c.postponed = sent.detach()
    return false
  }
  if (c.transaction !== undefined && !passesMulti.has(found.fullName)) {
    queueCommand(c.transaction, found, b.scripts.flagsOf(found, a), a)
    r.simple('QUEUED')
    return false
  }
  return true
}

/** Why the command can't be run: the error without its dash; undefined when it can. */
export function refuse(b: Broker, c: Connection, command: Command, a: Args): string | undefined {
  if (!arityFits(command, a.count)) return wrongArity(command.fullName)
  const flags = b.scripts.flagsOf(command, a)
  const stranger = (c.gates & clientGates.stranger) !== 0
  if (stranger && (flags & flagBits.no_auth) === 0) return 'NOAUTH Authentication required.'
  const queued = command.fullName === 'exec' ? c.transaction : undefined
  if (c.transaction !== undefined && (flags & flagBits.no_multi) !== 0) {
    return 'ERR Command not allowed inside a transaction'
  }
  if ((c.gates & clientGates.restricted) !== 0) {
    const refusal = b.acl.refuse(c, command, a, c.transaction === undefined ? 'toplevel' : 'multi')
    if (refusal !== undefined) return refusal
  }
  const { gates } = b
  // What EXEC is about to run is gated with it.
  const wanted = queued === undefined ? flags : flags | queued.flags
  const lacking = queued === undefined ? ~flags : ~flags | queued.lacking
  const writes = (wanted & flagBits.write) !== 0
  if ((gates & brokerGates.memory) !== 0 && b.memory.refuses(c)) {
    // What is queued takes memory, too.
    const queues = c.transaction !== undefined && !endsMulti.has(command.fullName)
    if (queues || (wanted & flagBits.denyoom) !== 0) return replies.outOfMemory
  }
  if ((gates & diskGates) !== 0 && (writes || command.fullName === 'ping')) return diskRefusal(b)
  if (writes && b.replicas.tooFew) return replies.tooFewReplicas
  if (writes && (gates & brokerGates.replica) !== 0 && b.config.values.replicaReadOnly) return replies.readOnlyReplica
  if ((c.gates & clientGates.subscribed) !== 0 && c.resp === 2 && !passesSubscribed.has(command.fullName)) {
    return `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET ` +
      'are allowed in this context'
  }
  if ((lacking & flagBits.stale) !== 0 && (gates & brokerGates.replica) !== 0 && b.following.isStale) {
    return replies.staleReplica
  }
  if ((lacking & flagBits.loading) !== 0 && (gates & brokerGates.loading) !== 0) return replies.loading
  if ((gates & brokerGates.busy) !== 0 && (flags & flagBits.allow_busy) === 0) return b.scripts.busyError()
  return undefined
}

/** Answers with a refusal; a transaction in the making is spoilt by it. */
export function reject(b: Broker, c: Connection, command: Command | undefined, error: string, r: Reply): void {
  if (command !== undefined) command.rejected++
  b.countErrorText(error)
  const t = c.transaction
  if (t !== undefined) t.aborted = true
  if (command?.fullName === 'exec') {
    // It ends MULTI and WATCH even where there was no MULTI.
    b.discard(c)
    r.error(`EXECABORT Transaction discarded because of: ${error.replace(/^ERR /, '')}`)
  } else r.error(error)
  r.lastError = ''
}

function unknownCommand(b: Broker, a: Args): string {
  const own = underOwnName(b.renames, a)
  if (own !== undefined && b.commands.find(own.buf, own.start[0]!, own.end[0]!) !== undefined) {
    const name = a.text(0).toUpperCase()
    return `ERR unknown subcommand '${shown(a, 1, shownCharsMax)}'. Try ${name} HELP.`
  }
  let rest = ''
  for (let i = 1; i < a.count && rest.length < shownCharsMax; i++) {
    rest += `'${shown(a, i, shownCharsMax - rest.length)}' `
  }
  return `ERR unknown command '${shown(a, 0, shownCharsMax)}', with args beginning with: ${rest}`
}

/** The beginning of an argument, up to a zero byte, as it is shown in errors. */
function shown(a: Args, i: number, charsMax: number): string {
  const text = a.buf.toString('latin1', a.start[i]!, Math.min(a.end[i]!, a.start[i]! + charsMax))
  const zero = text.indexOf('\0')
  return zero === -1 ? text : text.slice(0, zero)
}

/** CLIENT REPLY: takes back what a client doesn't want to hear, unless it is a push. */
function muteReply(c: Connection, r: Reply, mark: number, pushed = false): void {
  if ((c.gates & clientGates.reply) === 0) return
  if (c.replyMode === 'skip-next') {
    // The CLIENT REPLY SKIP itself: it has no reply, and the next command's is the one to be skipped.
    c.replyMode = 'skip'
  } else if (c.replyMode === 'skip') c.setReplyMode('on')
  // What stands before the broker's mark is another client's already.
  if (!pushed) r.rewind(Math.max(mark, c.broker.answers.currentFrom))
}

/** CLIENT CACHING holds for one command, or for a whole transaction; other forms of CLIENT don't use it up. */
function endCaching(c: Connection, command: Command | undefined): void {
  if ((c.gates & clientGates.caching) === 0 || c.transaction !== undefined) return
  if ((command?.parent ?? command)?.name !== 'client') c.broker.tracking.setCaching(c, false)
}
