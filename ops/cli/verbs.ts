// All verbs, and the options that all of them have.

import { checkVerb } from './check.ts'
import { exportVerb } from './export.ts'
import { importVerb } from './import.ts'
import { historyVerb } from './history.ts'
import { repairVerb } from './repair.ts'
import { replayVerb } from './replay.ts'
import type { OptionSpec, Verb } from './verb.ts'

export const verbs: readonly Verb[] = [checkVerb, repairVerb, importVerb, exportVerb, historyVerb, replayVerb]

export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'boolean', summary: 'one JSON object a line instead of text' },
  quiet: { type: 'boolean', short: 'q', summary: 'only findings and errors, and no progress bar' },
  help: { type: 'boolean', short: 'h', summary: 'this' },
}

export function findVerb(name: string): Verb | undefined {
  return verbs.find((verb) => verb.name === name)
}
