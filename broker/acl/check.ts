// May this user run this framed command? Looks at the command, then its keys, then its channels.

import type { Args } from '../../core/args.ts'
import { keyFlags, visitKeys } from '../../core/commands/key-positions.ts'
import { flagBits } from '../command.ts'
import type { Command } from '../command.ts'
import type { Selector } from './selector.ts'
import type { User } from './user.ts'

/** In the order of their weight: of several selectors' refusals the weightiest is told. */
const kinds = ['command', 'key', 'channel'] as const
export type Denial = { kind: (typeof kinds)[number] | 'auth', arg: number }

/** Commands whose arguments from the first on are channels, and whether these are patterns. */
const channelCommands = new Map([
  ['subscribe', { all: true, patterns: false }], ['ssubscribe', { all: true, patterns: false }],
  ['psubscribe', { all: true, patterns: true }], ['publish', { all: false, patterns: false }],
  ['spublish', { all: false, patterns: false }],
])

/**
 * Why the user may not run the command whose name is argument `offset`: what kind of permission is missing, and the
 * argument that it is missing for. Undefined: it may.
 */
export function denialOf(user: User, command: Command, a: Args, offset = 0): Denial | undefined {
  let worst: Denial | undefined
  for (const selector of user.selectors) {
    const denial = denialBy(selector, command, a, offset)
    if (denial === undefined) return undefined
    if (worst === undefined || weightOf(denial) > weightOf(worst)) worst = denial
    else if (weightOf(denial) === weightOf(worst) && denial.arg > worst.arg) worst = denial
  }
  return worst
}

function weightOf(denial: Denial): number {
  return kinds.indexOf(denial.kind as (typeof kinds)[number])
}

function denialBy(selector: Selector, command: Command, a: Args, offset: number): Denial | undefined {
  if ((command.flags & flagBits.no_auth) === 0) {
    const at = offset + (command.parent === undefined ? 1 : 2)
    const word = at < a.count ? a.text(at) : ''
    if (!selector.allowsCommand(command, word)) return { kind: 'command', arg: offset }
  }
  if (!selector.allKeys) {
    const arg = deniedKey(selector, command, a, offset)
    if (arg >= 0) return { kind: 'key', arg }
  }
  const channels = selector.allChannels ? undefined : channelCommands.get(command.fullName)
  if (channels === undefined) return undefined
  const end = channels.all ? a.count : offset + 2
  for (let i = offset + 1; i < end; i++) {
    if (!selector.allowsChannel(a.buf, a.start[i]!, a.end[i]!, channels.patterns)) return { kind: 'channel', arg: i }
  }
  return undefined
}

/** The first key that the selector doesn't allow, -1 when there is none. */
function deniedKey(selector: Selector, command: Command, a: Args, offset: number): number {
  const { keys } = command.spec
  if (keys === undefined) return -1
  let denied = -1
  const look = (arg: number, flags: readonly string[]): void => {
    if (denied >= 0) return
    const reads = flags.includes('access')
    const writes = flags.includes('insert') || flags.includes('delete') || flags.includes('update')
    if (!selector.allowsKey(a.buf, a.start[arg]!, a.end[arg]!, reads, writes)) denied = arg
  }
  visitKeys(keys, a, offset, (arg, spec) => look(arg, keyFlags(command.fullName, spec, a, offset)))
  const stored = command.fullName === 'sort' ? storeOfSort(a, offset) : -1
  if (stored >= 0) look(stored, ['update'])
  return denied
}

/** SORT's STORE stands among options that a key spec can't put: its key, or -1. */
function storeOfSort(a: Args, offset: number): number {
  let stored = -1
  for (let i = offset + 2; i < a.count; i++) {
    if (a.is(i, 'LIMIT')) i += 2
    else if (a.is(i, 'GET') || a.is(i, 'BY')) i++
    else if (a.is(i, 'STORE') && i + 1 < a.count) stored = ++i
  }
  return stored
}

/**
 * Which option of SORT or SORT_RO reads keys that nobody named, which only who may read all keys may use; undefined
 * when there is none.
 */
export function sortOptionDenied(user: User, command: Command, a: Args): 'BY' | 'GET' | undefined {
  if (command.name !== 'sort' && command.name !== 'sort_ro') return undefined
  const readsAll = user.selectors.some((selector) =>
    selector.allowsCommand(command, '') && (selector.allKeys
      || selector.keys.some((pattern) => pattern.reads && pattern.bytes.toString() === '*')))
  if (readsAll) return undefined
  for (let i = 2; i + 1 < a.count; i++) {
    if (a.is(i, 'LIMIT')) i += 2
    else if (a.is(i, 'BY')) {
      if (a.text(++i).includes('*')) return 'BY'
    } else if (a.is(i, 'GET')) {
      if (!a.is(++i, '#')) return 'GET'
    }
  }
  return undefined
}
