// The words of ACL SETUSER and what each does to a user. Words are one character a byte.
// https://redis.io/docs/latest/commands/acl-setuser/

import type { CommandTable } from '../../core/commands/command-table.ts'
import type { Command } from '../command.ts'
import { categoriesOf, categoryNames } from '../commands/categories.ts'
import { hashOf } from './user.ts'
import type { User } from './user.ts'
import { Selector } from './selector.ts'

/** What rules are read against. */
export type RuleContext = {
  commands: CommandTable<Command>
  /** Commands and subcommands. */
  count: number
  /** `acl-pubsub-default allchannels`. */
  allChannels: boolean
}

const syntax = 'Syntax error'
export const unknown = 'Unknown command or category name in ACL'
const badHash = 'The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters'
const noSuchPassword = 'The password you are trying to remove from the user does not exist'
const afterAllKeys = "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any "
  + "effect. Try 'resetkeys' to start with an empty list of patterns"
const afterAllChannels = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not "
  + "have any effect. Try 'resetchannels' to start with an empty list of channels"
const subcommandWord = 'Allowing first-arg of a subcommand is not supported'

/** The state of a user that was just made. */
export function resetUser(user: User, context: RuleContext): void {
  user.enabled = false
  user.noPassword = false
  user.skipSanitize = false
  user.passwords = []
  const root = new Selector()
  root.setAll(false, context.count)
  root.allChannels = context.allChannels
  user.selectors = [root]
}

/** Applies one word to the user; returns why it can't be. */
export function applyRule(user: User, word: string, context: RuleContext): string | undefined {
  if (word === '') return undefined
  switch (word.toLowerCase()) {
    case 'on': user.enabled = true; return undefined
    case 'off': user.enabled = false; return undefined
    case 'sanitize-payload': user.skipSanitize = false; return undefined
    case 'skip-sanitize-payload': user.skipSanitize = true; return undefined
    case 'nopass':
    case 'resetpass':
      user.noPassword = word.toLowerCase() === 'nopass'
      user.passwords = []
      return undefined
    case 'clearselectors': user.selectors.length = 1; return undefined
    case 'reset': resetUser(user, context); return undefined
  }
  const first = word[0]!
  if (first === '>' || first === '#') return addPassword(user, word)
  if (first === '<' || first === '!') return removePassword(user, word)
  if (first !== '(' || !word.endsWith(')')) return applySelectorRule(user.root, word, context)
  const selector = new Selector()
  selector.setAll(false, context.count)
  selector.allChannels = context.allChannels
  for (const inner of word.slice(1, -1).split(' ')) {
    const wrong = inner === '' ? undefined : applySelectorRule(selector, inner, context)
    if (wrong !== undefined) return wrong
  }
  user.selectors.push(selector)
  return undefined
}

function addPassword(user: User, word: string): string | undefined {
  const hash = word.startsWith('#') ? word.slice(1) : hashOf(word.slice(1))
  if (!/^[0-9a-f]{64}$/.test(hash)) return badHash
  if (!user.passwords.includes(hash)) user.passwords.push(hash)
  user.noPassword = false
  return undefined
}

function removePassword(user: User, word: string): string | undefined {
  const hash = word.startsWith('!') ? word.slice(1) : hashOf(word.slice(1))
  if (!/^[0-9a-f]{64}$/.test(hash)) return badHash
  const at = user.passwords.indexOf(hash)
  if (at < 0) return noSuchPassword
  user.passwords.splice(at, 1)
  return undefined
}

function applySelectorRule(selector: Selector, word: string, context: RuleContext): string | undefined {
  switch (word.toLowerCase()) {
    case 'allkeys':
    case '~*':
    case 'resetkeys':
      selector.allKeys = word.toLowerCase() !== 'resetkeys'
      selector.keys = []
      return undefined
    case 'allchannels':
    case '&*':
    case 'resetchannels':
      selector.allChannels = word.toLowerCase() !== 'resetchannels'
      selector.channels = []
      return undefined
    case 'allcommands':
    case '+@all':
      selector.setAll(true, context.count)
      return undefined
    case 'nocommands':
    case '-@all':
      selector.setAll(false, context.count)
      return undefined
  }
  const first = word[0]!
  if (first === '~' || first === '%') return addKeys(selector, word)
  if (first === '&') return addChannels(selector, word)
  if (first !== '+' && first !== '-') return syntax
  return word[1] === '@' ? setCategory(selector, word, context) : setCommand(selector, word, context)
}

function addKeys(selector: Selector, word: string): string | undefined {
  if (selector.allKeys) return afterAllKeys
  const parts = word.startsWith('~') ? ['', 'RW', word.slice(1)] : /^%([rw]{1,2})(?:~(.*))?$/is.exec(word)
  if (parts === null) return syntax
  const may = parts[1]!.toUpperCase()
  if (may === 'RR' || may === 'WW') return syntax
  const bytes = Buffer.from(parts[2] ?? '', 'latin1')
  if (hasBlanks(bytes)) return syntax
  const [reads, writes] = [may.includes('R'), may.includes('W')]
  const known = selector.keys.find((pattern) => pattern.bytes.equals(bytes))
  if (known === undefined) selector.keys.push({ bytes, reads, writes })
  else {
    known.reads ||= reads
    known.writes ||= writes
  }
  return undefined
}

function addChannels(selector: Selector, word: string): string | undefined {
  if (selector.allChannels) return afterAllChannels
  const bytes = Buffer.from(word.slice(1), 'latin1')
  if (hasBlanks(bytes)) return syntax
  if (!selector.channels.some((channel) => channel.equals(bytes))) selector.channels.push(bytes)
  return undefined
}

function setCategory(selector: Selector, word: string, context: RuleContext): string | undefined {
  const name = word.slice(2).toLowerCase()
  const known = categoryNames.find((category) => category === name)
  if (known === undefined) return unknown
  const allow = word.startsWith('+')
  selector.note(`@${name}`, allow)
  for (const command of context.commands.specs) {
    if (categoriesOf(command.spec).includes(known)) selector.setCommand(command, allow)
    for (const sub of command.subcommands?.specs ?? []) {
      if (categoriesOf(sub.spec).includes(known)) selector.setCommand(sub, allow)
    }
  }
  return undefined
}

function setCommand(selector: Selector, word: string, context: RuleContext): string | undefined {
  const allow = word.startsWith('+')
  const name = word.slice(1)
  const bar = name.lastIndexOf('|')
  if (!allow || bar < 0) {
    const command = findCommandByName(context.commands, name)
    if (command === undefined) return unknown
    selector.setCommand(command, allow)
    selector.note(command.fullName, allow)
    return undefined
  }
  const command = findCommandByName(context.commands, name.slice(0, bar))
  if (command === undefined) return unknown
  if (command.parent !== undefined) return subcommandWord
  const second = name.slice(bar + 1)
  if (second === '') return syntax
  if (command.subcommands === undefined) selector.addFirstWord(command, second)
  else {
    const sub = findCommandByName(context.commands, name)
    if (sub === undefined) return unknown
    selector.setCommand(sub, true)
  }
  selector.note(name, true)
  return undefined
}

/** A command by its full name in any case: `get`, `config|get`. */
export function findCommandByName(commands: CommandTable<Command>, name: string): Command | undefined {
  const [head, tail, ...more] = name.split('|').map((part) => Buffer.from(part, 'latin1'))
  if (more.length > 0) return undefined
  const command = commands.find(head!, 0, head!.length)
  return tail === undefined ? command : command?.subcommands?.find(tail, 0, tail.length)
}

/** True for names that would not survive in a file of users. */
export function hasBlanks(bytes: Uint8Array): boolean {
  return bytes.some((c) => c === 0 || c === 32 || (c >= 9 && c <= 13))
}

/**
 * Puts the words of each selector, `(` to `)`, together in one word. Returns the first word of a selector that is
 * not closed in place of the list.
 */
export function mergeSelectors(words: readonly string[]): string[] | { open: string } {
  const merged: string[] = []
  let open: string | undefined
  let inner = ''
  for (const word of words) {
    if (open !== undefined) inner += ` ${word}`
    else if (word.startsWith('(')) {
      open = word
      inner = word
    } else {
      merged.push(word)
      continue
    }
    if (!word.endsWith(')')) continue
    merged.push(inner)
    open = undefined
  }
  return open === undefined ? merged : { open }
}
