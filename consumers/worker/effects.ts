// Collects what a job's completion is to do, with ioredis's own methods, to be sent as words of a script's call.

import { MillraceError } from '../../core/errors.ts'
import { Pipeline } from 'ioredis'
import type { ChainableCommander, Command, Redis } from 'ioredis'
import type { ScriptArgument } from './script.ts'
import { effectWordsMax } from './limits.ts'

/** Adds commands to the transaction. */
export type Effects = (multi: ChainableCommander) => unknown

class Recorder extends Pipeline {
  readonly words: ScriptArgument[]

  constructor(redis: Redis) {
    super(redis)
    this.words = []
  }

  override sendCommand(command: Command): this {
    const args = command.args as ScriptArgument[]
    if (args.length > effectWordsMax) {
      throw new MillraceError('EFFECT', `an effect has at most ${effectWordsMax} arguments: ${command.name}`)
    }
    this.words.push(args.length + 1, command.name, ...args)
    return this
  }
}

/** For each command the number of its words, then they. Rejects with what `effects` throws. */
export async function effectWords(redis: Redis, effects: Effects | undefined): Promise<ScriptArgument[]> {
  if (effects === undefined) return []
  const recorder = new Recorder(redis)
  await effects(recorder)
  return recorder.words
}
