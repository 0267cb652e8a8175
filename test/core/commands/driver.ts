// Drives an Engine without a broker: commands in, RESP out, and the effects that it logs.
import { Arena } from '../../../core/arena/arena.ts'
import { Args, frameCommand } from '../../../core/args.ts'
import { manualClock, type ManualClock } from '../../../core/clock.ts'
import { CommandTable } from '../../../core/commands/command-table.ts'
import type { CommandSpec } from '../../../core/commands/spec.ts'
import { coreCommands } from '../../../core/commands/table.ts'
import { Engine } from '../../../core/engine.ts'
import { wrongArity } from '../../../core/errors.ts'
import { nullLog, type Log } from '../../../core/log/log.ts'
import { seededRandom } from '../../../core/random.ts'
import { Reply } from '../../../core/reply.ts'
import { systemSession, type Session } from '../../../core/session.ts'
import { encodeLatin1 } from '../../resp-client.ts'

export type Word = string | Buffer | number
/** `ms`: the clock of the turn, which replay runs it at. */
export type Effect = { db: number; command: Buffer; ms: number }

const table = new CommandTable(coreCommands)

/** A command in RESP; strings are taken as one byte a character. */
export function encode(words: readonly Word[]): Buffer {
  return encodeLatin1(words.map((word) => (typeof word === 'object' ? word.toString('latin1') : String(word))))
}

/** Keeps the effects it is given. */
function recordingLog(effects: Effect[], clock: ManualClock): Log {
  let open: Buffer[] = []
  let db = 0
  let words = 0
  const word = (bytes: Buffer): void => {
    words--
    open.push(Buffer.from(`$${bytes.length}\r\n`), Buffer.from(bytes), Buffer.from('\r\n'))
  }
  return {
    ...nullLog(),
    append(index, _by, buf, from, to) {
      effects.push({ db: index, command: Buffer.from(buf.subarray(from, to)), ms: clock.nowMs() })
    },
    beginCommand(index, _by, count) {
      db = index
      words = count
      open = [Buffer.from(`*${count}\r\n`)]
    },
    beginRaw(index, _by, buf, from, to) {
      const head = Buffer.from(buf.subarray(from, to))
      const at = head.indexOf('\r\n') + 2
      db = index
      words = Number(head.toString('latin1', 1, at))
      for (let next = at; next < head.length; words--) {
        const end = head.indexOf('\r\n', next)
        next = end + 4 + Number(head.toString('latin1', next + 1, end))
      }
      open = [head]
    },
    wordText: (text) => word(Buffer.from(text, 'latin1')),
    wordBytes: (buf, from, to) => word(Buffer.from(buf.subarray(from, to))),
    words(buf, from, to) {
      const args = new Args()
      const bytes = Buffer.from(buf.subarray(from, to))
      const framed = Buffer.concat([Buffer.from(`*${words}\r\n`), bytes])
      if (frameCommand(args, framed, 0, framed.length) !== framed.length) throw new Error('an effect is torn')
      open.push(bytes)
      words = 0
    },
    endCommand() {
      if (words !== 0) throw new Error(`an effect lacks ${words} words`)
      effects.push({ db, command: Buffer.concat(open), ms: clock.nowMs() })
    },
  }
}

export type Driver = {
  engine: Engine
  clock: ManualClock
  session: Session
  effects: Effect[]
  /** Runs a command in a turn of its own; returns the reply's bytes as latin1 text. */
  run: (...words: Word[]) => string
  /** As `run`, as the log's entry. */
  replay: (effect: Effect) => void
}

/** `guard`: whether the arena watches each block (slow, with millions of them). */
export function driver(seed = 1, startMs = 1_700_000_000_000, guard = true): Driver {
  const clock = manualClock(startMs)
  const effects: Effect[] = []
  const arena = new Arena({ guard })
  const engine = new Engine({ clock, random: seededRandom(seed), log: recordingLog(effects, clock), arena })
  const session: Session = { ...systemSession(), id: 1, noTouch: false }
  const args = new Args()
  const reply = new Reply()
  const execute = (command: Buffer): string => {
    frameCommand(args, command, 0, command.length)
    const spec = specOf(args)
    reply.at = 0
    reply.resp = session.resp
    // As a broker, which calls no handler with too few or too many words.
    if (spec.arity >= 0 ? args.count !== spec.arity : args.count < -spec.arity) reply.error(wrongArity(spec.name))
    else engine.execute(spec, args, reply, session)
    return reply.buf.toString('latin1', 0, reply.at)
  }
  return {
    engine, clock, session, effects,
    run(...words) {
      engine.beginTurn()
      const text = execute(encode(words))
      engine.endTurn()
      return text
    },
    replay(effect) {
      session.db = effect.db
      engine.setNow(effect.ms)
      execute(effect.command)
    },
  }
}

function specOf(args: Args): CommandSpec {
  const spec = table.find(args.buf, args.start[0]!, args.end[0]!)
  if (spec === undefined) throw new Error(`no command ${args.text(0)}`)
  const sub = spec.subcommands?.find((one) => args.count > 1 && args.is(1, one.name.toUpperCase()))
  return sub ?? spec
}

/** A fresh engine that folded the effects. */
export function fold(effects: readonly Effect[], seed = 2): Engine {
  const other = driver(seed)
  other.engine.replaying = true
  for (const effect of effects) other.replay(effect)
  other.engine.replaying = false
  return other.engine
}

/** Reply texts. */
export const ok = '+OK\r\n'
export const nil = '$-1\r\n'
export const int = (n: number | bigint): string => `:${n}\r\n`
export const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`
export const array = (...items: string[]): string => `*${items.length}\r\n${items.join('')}`
