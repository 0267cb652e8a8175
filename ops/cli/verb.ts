// What a verb of the program is: its words for the help beside what it does, as the commands of the protocol have them.

import type { Clock } from '../../core/clock.ts'
import type { Disk } from '../../core/disk.ts'
import type { Output } from './output.ts'
import type { Progress } from './progress.ts'

/** Exit codes, the same for every verb; each verb's help says what they mean there. */
export const exits = { whole: 0, findings: 1, failed: 2, interrupted: 130 } as const
export type ExitCode = (typeof exits)[keyof typeof exits]

export type OptionSpec = {
  type: 'boolean' | 'string'
  short?: string
  /** What stands for the value in the help. */
  value?: string
  summary: string
}

/** What the operator gave: positional arguments and options, checked against the verb's declaration. */
export type Given = {
  positionals: readonly string[]
  /** The text of an option, undefined when it wasn't given. */
  text(name: string): string | undefined
  /** Whether a switch was given. */
  flag(name: string): boolean
}

/** What a verb works with: the world outside, and its manners. */
export type Io = {
  disk: Disk
  clock: Clock
  /** Lines for the operator or, under `--json`, for a program. */
  output: Output
  progress: Progress
  /** Set by SIGINT and SIGTERM: `drive` then throws `Interrupted`. */
  readonly interruption: { asked: boolean }
}

export type Verb = {
  name: string
  /** What follows the name. */
  usage: string
  summary: string
  options: Readonly<Record<string, OptionSpec>>
  /** Fewest and most positional arguments. */
  positionals: readonly [number, number]
  /** Paragraphs of the help, each a list of lines. */
  notes: readonly (readonly string[])[]
  /** What the exit codes mean here, by code. */
  exitCodes: readonly (readonly [ExitCode, string])[]
  run(given: Given, io: Io): Promise<ExitCode>
}

/** The command line can't be used: exit code 2, and a hint at the help. */
export class UsageError extends Error {}

/** SIGINT or SIGTERM came: what was half done is taken away, exit code 130. */
export class Interrupted extends Error {}
