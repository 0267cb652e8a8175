// LOG: asking what the data was, and how it came to that. The log's files are read by processes of their own
// (readers.ts); the client waits meanwhile, and all others are served.
//
// LOG is @admin and @dangerous: what was deleted is still there to be read. LOG AT asks for the permissions of the
// command that it runs, too, and LOG HISTORY shows arguments only where all keys that they are about may be read.

import { Args, frameWords } from '../../core/args.ts'
import { visitKeys } from '../../core/commands/key-positions.ts'
import { wrongArity } from '../../core/errors.ts'
import type { Moment } from '../../core/history/moment.ts'
import { logStreamKind } from '../../core/log-stream-name.ts'
import type { Reply } from '../../core/reply.ts'
import type { Parked } from '../../broker/blocking.ts'
import type { Broker } from '../../broker/broker.ts'
import { findCommand, flagBits } from '../../broker/command.ts'
import type { Command } from '../../broker/command.ts'
import { bindSubcommands } from '../../broker/commands/bind.ts'
import { clientGates } from '../../broker/connection.ts'
import type { Connection } from '../../broker/connection.ts'
import { arityFits } from '../../broker/dispatch.ts'
import type { Attachment, Extension } from '../../broker/extension.ts'
import { logPlace } from '../../broker/persistence/log-folder.ts'
import { logView } from '../log-stream/log-view.ts'
import { badMoment, historyArguments, momentOf } from './arguments.ts'
import type { KeyEntry } from './key-history.ts'
import { frameWaitMs } from './limits.ts'
import { logSpec } from './log-spec.ts'
import type { Answer, Question } from './question.ts'
import { Readers } from './readers.ts'
import type { Job } from './readers.ts'
import { failureText, writeHistory, writePosition, writeSummary } from './replies.ts'

const noLog = 'ERR there is no log: appendonly is no'
const future = 'ERR that time is in the future'

/** Those who wait for an answer, by their jobs. */
type Room = { readers: Readers, waiting: Map<Job, Parked> }

const rooms = new WeakMap<Broker, Room>()

export const timeTravel: Extension = {
  name: 'time-travel',
  commands: [bindSubcommands(logSpec, { at, history, position, verify })],
  attach(broker): Attachment {
    const room: Room = { readers: new Readers(), waiting: new Map() }
    rooms.set(broker, room)
    return {
      tick: () => {
        for (const [job, parked] of room.waiting) {
          if (parked.client.parked === parked) continue
          room.waiting.delete(job)
          room.readers.cancel(job)
        }
      },
      stopping: async () => room.readers.close(),
    }
  },
}

function at(c: Connection, a: Args, r: Reply): void {
  const { broker } = c
  const { engine } = broker
  const moment = momentOf(a, 2)
  if (moment === undefined) return r.error(badMoment)
  const words = Array.from({ length: a.count - 3 }, (_, i) => a.copy(i + 3))
  const inner = frameWords(new Args(), words)
  const command = findCommand(broker.commands, inner)
  if (command === undefined) return r.error(`ERR unknown command '${inner.shown(0)}'`)
  if (!arityFits(command, inner.count)) return r.error(wrongArity(command.fullName))
  const isReading = (command.flags & flagBits.readonly) !== 0 && command.run !== undefined
  if (!isReading) return r.error(`ERR LOG AT runs commands that only read data: '${command.fullName}' is none`)
  if ((c.gates & clientGates.restricted) !== 0) {
    const refusal = broker.acl.refuse(c, command, inner, 'toplevel')
    if (refusal !== undefined) return r.error(refusal)
  }
  if (isAhead(broker, moment)) return r.error(future)
  if (namesLog(command, inner)) return r.error('ERR LOG AT reads data; the log\'s own streams tell the past themselves')
  const { settings, hashSeed, dbs } = engine
  ask(c, r, {
    kind: 'at', ...common(broker), moment, db: c.db, resp: c.resp, words, databases: dbs.length, settings, hashSeed,
  }, (reply, answer) => {
    if (answer.kind !== 'at') return
    reply.append(answer.reply)
    reply.lastError = answer.error
  })
}

/** A key is a stream of the log (`$all`, `$key:…`): those are no data. */
function namesLog(command: Command, a: Args): boolean {
  let found = false
  visitKeys(command.keys ?? [], a, 0, (arg) => {
    if (logStreamKind(a.buf, a.start[arg]!, a.end[arg]!) !== undefined) found = true
  })
  return found
}

function history(c: Connection, a: Args, r: Reply): void {
  const options = historyArguments(a)
  if (typeof options === 'string') return r.error(options)
  const command = c.lastCommand!
  const key = a.copy(2)
  ask(c, r, { kind: 'history', ...common(c.broker), db: c.db, key, ...options }, (reply, answer) => {
    if (answer.kind === 'history') writeHistory(reply, answer.entries, (entry) => mayRead(c, command, entry))
  })
}

function position(c: Connection, _: Args, r: Reply): void {
  const { appender } = c.broker
  if (appender === undefined) return r.error(noLog)
  const { appended, sealed, written, durable, sealedMs } = appender
  const first = logView(c.broker).segments()[0]
  writePosition(r, {
    position: appended, ms: appended > sealed ? c.broker.engine.now : sealedMs, written, durable,
    first: first === undefined || first.from > appended ? undefined : { ms: first.ms, position: first.from },
  })
}

function verify(c: Connection, _: Args, r: Reply): void {
  ask(c, r, { kind: 'verify', ...common(c.broker) }, (reply, answer) => {
    if (answer.kind === 'verify') writeSummary(reply, answer.summary)
  })
}

function common(b: Broker): { place: Question['place'], positionMax: number, bytesMax: number } {
  return { place: logPlace(b), positionMax: b.engine.log.appended, bytesMax: b.config.values.logQueryMaxmemory }
}

/** Parks the client until the answer is there. */
function ask(c: Connection, r: Reply, question: Question, write: (r: Reply, answer: Answer) => void): void {
  const { broker } = c
  const room = rooms.get(broker)!
  if (broker.appender === undefined || !broker.onRealDisk) return r.error(noLog)
  if (room.readers.full) return r.error('TRYAGAIN too many questions about the log are waiting')
  const parked = broker.blocking.parkFor(c, c.lastCommand!, 0, (reply) => reply.nil())
  const job: Job = {
    question,
    done: (answer) => {
      room.waiting.delete(job)
      broker.blocking.answer(parked, (reply) => {
        if (answer.kind === 'failed') reply.error(failureText(answer.code, answer.message))
        else write(reply, answer)
        if (reply.lastError !== '') broker.countError(parked.command, reply.lastError)
      })
    },
  }
  room.waiting.set(job, parked)
  startWhenWritten(broker, room, job)
}

/** What was written before the question, in the same turn, too, is a frame in the file first. */
function startWhenWritten(b: Broker, room: Room, job: Job): void {
  const { log } = b.engine
  if (log.written >= job.question.positionMax || log.state !== 'ok') room.readers.ask(job)
  else {
    setTimeout(() => {
      if (room.waiting.has(job)) startWhenWritten(b, room, job)
    }, frameWaitMs)
  }
}

function isAhead(b: Broker, moment: Moment): boolean {
  const { clock, log } = b.engine
  if ('position' in moment && moment.position > log.appended) return true
  return 'ms' in moment && moment.ms > clock.nowMs()
}

/** Whether the user of the client may read all keys that the entry is about. */
function mayRead(c: Connection, command: Command, entry: KeyEntry): boolean {
  if ((c.gates & clientGates.restricted) === 0) return true
  const { acl } = c.broker
  // What others it read nobody knows.
  if (entry.readsAny) return false
  return entry.keys.every((key) => acl.allows(c, command, frameWords(new Args(), ['LOG', 'HISTORY', key])))
}
