// Runs a verb: reads its arguments, gives it the world, turns what it throws into a line and an exit code.

import { parseArgs } from 'node:util'
import { realClock } from '../../core/clock.ts'
import { realDisk } from '../../core/disk.ts'
import { MillraceError } from '../../core/errors.ts'
import { verbHelp } from './help.ts'
import { Output } from './output.ts'
import { Progress } from './progress.ts'
import { exits, Interrupted, UsageError } from './verb.ts'
import type { ExitCode, Given, Io, Verb } from './verb.ts'
import { commonOptions } from './verbs.ts'

/** Runs the verb and sets the exit code. */
export async function runVerb(verb: Verb, argv: readonly string[]): Promise<void> {
  // Whoever reads what we write may stop reading (`… | head`): that is a good end, not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(exits.whole)
  })
  process.exitCode = await run(verb, argv)
}

async function run(verb: Verb, argv: readonly string[]): Promise<ExitCode> {
  const clock = realClock()
  const interruption = { asked: false }
  const progress = new Progress(process.stderr, clock)
  const interrupt = (): void => {
    interruption.asked = true
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  try {
    const given = readArguments(verb, argv)
    if (given.flag('help')) {
      process.stdout.write(verbHelp(verb))
      return exits.whole
    }
    const output = new Output({ json: given.flag('json'), quiet: given.flag('quiet'), progress })
    progress.enabled = process.stderr.isTTY && !given.flag('quiet') && !given.flag('json')
    const io: Io = { disk: realDisk(), clock, output, progress, interruption }
    return await verb.run(given, io)
  } catch (error) {
    progress.clear()
    return failed(verb, error, argv.includes('--json'))
  } finally {
    progress.clear()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

function failed(verb: Verb, error: unknown, json: boolean): ExitCode {
  if (error instanceof Interrupted) {
    process.stderr.write(json ? `${JSON.stringify({ type: 'error', code: 'INTERRUPTED' })}\n` : 'interrupted\n')
    return exits.interrupted
  }
  const told = reasonOf(error)
  if (told === undefined) throw error
  const { code, message } = told
  if (json) process.stderr.write(`${JSON.stringify({ type: 'error', code, message })}\n`)
  else {
    process.stderr.write(`millrace ${verb.name}: ${message}\n`)
    if (error instanceof UsageError) process.stderr.write(`Try 'millrace ${verb.name} --help'.\n`)
  }
  return exits.failed
}

/** What the operator is told of an operating error; undefined for a fault of ours. */
function reasonOf(error: unknown): { code: string, message: string } | undefined {
  if (error instanceof UsageError) return { code: 'USAGE', message: error.message }
  if (error instanceof MillraceError) return { code: error.code, message: error.message }
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  // Errors of the system (ENOENT, EACCES, ENOSPC, ECONNREFUSED …) carry their call.
  return 'syscall' in error ? { code: error.code, message: error.message } : undefined
}

function readArguments(verb: Verb, argv: readonly string[]): Given {
  const options: Record<string, { type: 'boolean' | 'string', short?: string }> = {}
  for (const [name, { type, short }] of Object.entries({ ...verb.options, ...commonOptions })) {
    options[name] = short === undefined ? { type } : { type, short }
  }
  const { values, positionals } = parsed(argv, options)
  const [least, most] = verb.positionals
  if (values['help'] !== true && (positionals.length < least || positionals.length > most)) {
    throw new UsageError(`usage: millrace ${verb.name} ${verb.usage}`)
  }
  return {
    positionals,
    text(name) {
      const value = values[name]
      return typeof value === 'string' ? value : undefined
    },
    flag: (name) => values[name] === true,
  }
}

type Parsed = { values: Record<string, unknown>, positionals: string[] }

function parsed(
  argv: readonly string[], options: Record<string, { type: 'boolean' | 'string', short?: string }>,
): Parsed {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
  } catch (error) {
    if (!(error instanceof TypeError) || !('code' in error)) throw error
    throw new UsageError(error.message)
  }
}
