// What a command would have answered at a moment of the past: folds what it needs, and runs it there.

import { Args, frameWords } from '../../core/args.ts'
import { noteKeys } from '../../core/checkpoint/effect-keys.ts'
import type { KeyNotes } from '../../core/checkpoint/effect-keys.ts'
import { realClock } from '../../core/clock.ts'
import type { Disk } from '../../core/disk.ts'
import { MillraceError } from '../../core/errors.ts'
import { foldPast } from '../../core/history/past.ts'
import { historyFiles } from '../../core/log/history-files.ts'
import type { Random } from '../../core/random.ts'
import { realRandom } from '../../core/random.ts'
import { Reply } from '../../core/reply.ts'
import { systemSession } from '../../core/session.ts'
import { findCommand } from '../../broker/command.ts'
import type { Answer, AtQuestion } from './question.ts'
import { createScratch } from './scratch.ts'
import type { Scratch } from './scratch.ts'

/** Works a slice at each step. Throws as `foldPast`. */
export function* answerAt(question: AtQuestion, disk: Disk): Generator<unknown, Answer, void> {
  const { place, moment, positionMax, bytesMax, databases, settings, hashSeed, db } = question
  const scratch = createScratch({
    clock: realClock(), databases, random: seededWith(hashSeed.k0, hashSeed.k1),
    settings: { ...settings, memoryBytesMax: 0 },
  })
  const { engine, visit, specOf } = scratch
  const args = frameWords(new Args(), question.words)
  const names = keysOf(scratch, args, db)
  yield* foldPast({
    disk, sources: historyFiles(disk, place), moment, positionMax, bytesMax, engine, visit, specOf,
    ...names === undefined ? {} : { keys: { db, names } },
  })
  return run(scratch, question, args)
}

function run({ engine, commands }: Scratch, { db, resp }: AtQuestion, args: Args): Answer {
  const command = findCommand(commands, args)
  if (command?.run === undefined) throw new MillraceError('LOG_COMMAND', `an unknown command '${args.text(0)}'`)
  engine.replaying = false
  const reply = new Reply()
  reply.resp = resp
  engine.execute(command, args, reply, { ...systemSession(), db, resp })
  return { kind: 'at', reply: reply.buf.subarray(0, reply.at), error: reply.lastError }
}

/** Keys that the command reads; undefined when it may read any. */
function keysOf({ specOf }: Scratch, args: Args, db: number): Buffer[] | undefined {
  const wanted = new Wanted()
  noteKeys(wanted, { position: 0, ms: 0, db, by: '', transactionFrom: 0, args }, specOf(args))
  return wanted.any ? undefined : wanted.names
}

class Wanted implements KeyNotes {
  readonly names: Buffer[] = []
  any = false

  add(_: number, buf: Uint8Array, from: number, to: number): void {
    this.names.push(Buffer.from(buf.subarray(from, to)))
  }

  addAll(): void {
    this.any = true
  }

  swap(): void {}

  flush(): void {}

  flushAll(): void {}
}

/** Random, but for the first two words, which an engine takes as the seed of its hashes. */
function seededWith(...first: number[]): Random {
  const random = realRandom()
  return { u32: () => first.shift() ?? random.u32() }
}
