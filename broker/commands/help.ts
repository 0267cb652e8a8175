// HELP of every command that has subcommands, written from their declarations: there is no second text to keep true.

import type { ArgumentSpec } from '../../core/commands/spec.ts'
import type { Reply } from '../../core/reply.ts'
import type { BrokerSpec } from '../command.ts'

/** The grammar of arguments on one line, as manuals print it. */
export function grammarOf(list: readonly ArgumentSpec[]): string {
  return list.map((argument) => oneArgument(argument)).join(' ')
}

function oneArgument(argument: ArgumentSpec): string {
  const inner = bare(argument)
  const text = argument.token === undefined || argument.type === 'pure-token' ? inner : `${argument.token} ${inner}`
  const repeated = argument.multiple === true ? `${text} [${argument.multipleToken === true ? text : inner} ...]` : text
  return argument.optional === true ? `[${repeated}]` : repeated
}

function bare(argument: ArgumentSpec): string {
  if (argument.type === 'pure-token') return argument.token ?? argument.name.toUpperCase()
  if (argument.arguments === undefined) return `<${argument.display ?? argument.name}>`
  if (argument.type === 'oneof') return `(${argument.arguments.map((choice) => oneArgument(choice)).join(' | ')})`
  return grammarOf(argument.arguments)
}

/** Answers HELP: a head line, then two lines for each subcommand. */
export function writeHelp(r: Reply, spec: BrokerSpec): void {
  const lines = [`${spec.name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`]
  for (const sub of spec.subcommands ?? []) {
    if (sub.name === 'help') continue
    const head = [sub.name.toUpperCase(), ...(sub.arguments === undefined ? [] : [grammarOf(sub.arguments)])]
    lines.push(head.join(' '), `    ${sub.summary}`)
  }
  writeHelpLines(r, [...lines, 'HELP', '    Prints this help.'])
}

export function writeHelpLines(r: Reply, lines: readonly string[]): void {
  r.array(lines.length)
  for (const line of lines) r.simple(line)
}
