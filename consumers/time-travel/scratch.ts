// An engine of its own that the log's past is folded into, and what folds it.

import type { Args } from '../../core/args.ts'
import type { EffectSpec } from '../../core/checkpoint/effect-keys.ts'
import type { Clock } from '../../core/clock.ts'
import type { CommandTable } from '../../core/commands/command-table.ts'
import { Engine } from '../../core/engine.ts'
import { nullLog } from '../../core/log/log.ts'
import type { Entry } from '../../core/log/reader.ts'
import { realRandom } from '../../core/random.ts'
import type { Random } from '../../core/random.ts'
import type { Settings } from '../../core/settings.ts'
import { effectSpecs } from '../../broker/command.ts'
import type { Command } from '../../broker/command.ts'
import { createCommands } from '../../broker/commands/table.ts'
import { replayer } from '../../broker/persistence/recovery.ts'
import { bindSources } from '../../broker/scripting/functions.ts'

export type ScratchOptions = {
  clock: Clock
  databases: number
  random?: Random
  settings?: Settings
}

export type Scratch = {
  /** Empty, `replaying`, without a log. */
  engine: Engine
  commands: CommandTable<Command>
  /** Folds an entry into the engine. */
  visit: (entry: Entry) => void
  specOf: (args: Args) => EffectSpec | undefined
}

type Known = Pick<Scratch, 'commands' | 'specOf'>

/** The same for all: nobody counts in it. */
let known: Known | undefined

export function createScratch({ clock, databases, random = realRandom(), settings }: ScratchOptions): Scratch {
  const engine = new Engine({ clock, random, log: nullLog(), databases, ...settings === undefined ? {} : { settings } })
  engine.replaying = true
  bindSources(engine)
  known ??= knownCommands()
  return { engine, ...known, visit: replayer(engine, known.commands) }
}

function knownCommands(): Known {
  const commands = createCommands()
  return { commands, specOf: effectSpecs(commands) }
}
