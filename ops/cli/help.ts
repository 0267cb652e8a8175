// The help, written from the verbs' declarations.

import { product } from '../../broker/product.ts'
import type { OptionSpec, Verb } from './verb.ts'
import { commonOptions, verbs } from './verbs.ts'

const nameColumns = 24

/** `millrace --help` */
export function programHelp(): string {
  return [
    `${product}: an event-sourced broker that speaks the Redis protocol`,
    '',
    'Usage:',
    '  millrace [redis.conf] [--name value ...]   runs the server; names and files are those of Redis',
    ...verbs.map((verb) => `  millrace ${verb.name} ${verb.usage}`),
    '',
    'Commands:',
    ...verbs.map((verb) => row(verb.name, verb.summary)),
    '',
    row('--help, -h', 'this; `millrace <command> --help` tells of one command'),
    row('--version, -v', 'the version'),
    '',
  ].join('\n')
}

/** `millrace <command> --help` */
export function verbHelp(verb: Verb): string {
  const options = { ...verb.options, ...commonOptions }
  return [
    `millrace ${verb.name}: ${verb.summary}`,
    '',
    'Usage:',
    `  millrace ${verb.name} ${verb.usage}`,
    '',
    ...verb.notes.flatMap((lines) => [...lines, '']),
    'Options:',
    ...Object.entries(options).map(([name, option]) => row(optionName(name, option), option.summary)),
    '',
    'Exit codes:',
    ...verb.exitCodes.map(([code, text]) => row(String(code), text)),
    '',
  ].join('\n')
}

function optionName(name: string, option: OptionSpec): string {
  const value = option.value === undefined ? '' : ` ${option.value}`
  return option.short === undefined ? `--${name}${value}` : `--${name}, -${option.short}${value}`
}

function row(name: string, text: string): string {
  if (name.length >= nameColumns - 1) return `  ${name}\n  ${' '.repeat(nameColumns)}${text}`
  return `  ${name.padEnd(nameColumns)}${text}`
}
