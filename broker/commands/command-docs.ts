// COMMAND DOCS: what people and editors read about a command, everything from its declaration.

import type { ArgumentSpec } from '../../core/commands/spec.ts'
import type { Reply } from '../../core/reply.ts'
import type { Command } from '../command.ts'

/** Writes pairs whose number is known only at the end. */
class Pairs {
  private readonly r: Reply
  private readonly mark: number
  private count: number

  constructor(r: Reply) {
    this.r = r
    this.mark = r.deferred()
    this.count = 0
  }

  key(name: string): Reply {
    this.count++
    this.r.text(name)
    return this.r
  }

  text(name: string, value: string | undefined): void {
    if (value !== undefined) this.key(name).utf8(value)
  }

  flags(name: string, list: readonly string[]): void {
    if (list.length === 0) return
    this.key(name).set(list.length)
    for (const flag of list) this.r.simple(flag)
  }

  end(): void {
    this.r.setMap(this.mark, this.count)
  }
}

/** Writes the documentation of one command as a map. */
export function writeCommandDocs(r: Reply, command: Command): void {
  const { spec } = command
  const pairs = new Pairs(r)
  pairs.text('summary', spec.summary)
  pairs.text('since', spec.since)
  pairs.text('group', spec.group)
  pairs.text('complexity', spec.complexity)
  pairs.flags('doc_flags', spec.docFlags ?? [])
  pairs.text('deprecated_since', spec.deprecatedSince)
  pairs.text('replaced_by', spec.replacedBy)
  if (spec.history !== undefined) {
    pairs.key('history').set(spec.history.length)
    for (const [version, change] of spec.history) {
      r.array(2)
      r.text(version)
      r.utf8(change)
    }
  }
  if (spec.arguments !== undefined) {
    pairs.key('arguments')
    writeArguments(r, spec.arguments)
  }
  const inner = command.subcommands?.specs ?? []
  if (inner.length > 0) {
    pairs.key('subcommands').map(inner.length)
    for (const sub of inner) {
      r.text(sub.fullName)
      writeCommandDocs(r, sub)
    }
  }
  pairs.end()
}

function writeArguments(r: Reply, list: readonly ArgumentSpec[]): void {
  r.array(list.length)
  for (const argument of list) {
    const pairs = new Pairs(r)
    pairs.text('name', argument.name)
    pairs.text('type', argument.type)
    if (argument.arguments === undefined && argument.type !== 'pure-token') {
      pairs.text('display_text', argument.display ?? argument.name)
    }
    if (argument.keySpec !== undefined) pairs.key('key_spec_index').int(argument.keySpec)
    pairs.text('token', argument.token)
    pairs.text('summary', argument.summary)
    pairs.text('since', argument.since)
    pairs.text('deprecated_since', argument.deprecatedSince)
    const flags = []
    if (argument.optional === true) flags.push('optional')
    if (argument.multiple === true) flags.push('multiple')
    if (argument.multipleToken === true) flags.push('multiple_token')
    pairs.flags('flags', flags)
    if (argument.arguments !== undefined) {
      pairs.key('arguments')
      writeArguments(r, argument.arguments)
    }
    pairs.end()
  }
}
