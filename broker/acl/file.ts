// Users as lines of text, `user <name> <rules>`, in a file of their own or in redis.conf.

import { applyRule, hasBlanks, mergeSelectors, resetUser, unknown } from './rules.ts'
import type { RuleContext } from './rules.ts'
import { User } from './user.ts'

/** The default user of a fresh server: it may do everything, and needs no password. */
export function openUser(context: RuleContext): User {
  const user = new User('default', context.count)
  resetUser(user, context)
  for (const rule of ['+@all', '~*', '&*', 'on', 'nopass']) applyRule(user, rule, context)
  return user
}

/** A name that stands for no user; `reason` says why. */
export type NoUser = { reason: 'blanks' | 'duplicate' } | { reason: 'rules', wrong: readonly string[] }

/**
 * Adds the user of one line (`words`: the name and its rules) to `users`; a user can be declared once. Returns why it
 * can't be: of wrong rules all unknown commands, and the first of the others, which are not repeated: they may hold a
 * password.
 */
export function declareUser(
  users: Map<string, User>, words: readonly string[], declared: Set<string>, context: RuleContext,
): NoUser | undefined {
  const [name, ...rules] = words as [string, ...string[]]
  if (hasBlanks(Buffer.from(name, 'latin1'))) return { reason: 'blanks' }
  if (declared.has(name)) return { reason: 'duplicate' }
  declared.add(name)
  const merged = mergeSelectors(rules)
  if (!Array.isArray(merged)) return { reason: 'rules', wrong: ['Unmatched parenthesis in selector definition.'] }
  const user = new User(name, context.count)
  resetUser(user, context)
  const wrong: string[] = []
  let told = false
  for (const rule of merged) {
    const error = applyRule(user, rule, context)
    if (error === unknown) wrong.push(`Error in applying operation '${rule}': ${error}. `)
    else if (error !== undefined && !told) {
      wrong.push(`${error}. `)
      told = true
    }
  }
  if (wrong.length > 0) return { reason: 'rules', wrong }
  users.set(name, user)
  return undefined
}

/** Reads a file of users. Returns them, or all that is wrong with it, by line. */
export function readUsers(text: string, file: string, context: RuleContext): Map<string, User> | { errors: string } {
  const users = new Map([['default', openUser(context)]])
  const declared = new Set<string>()
  let errors = ''
  text.split('\n').forEach((line, index) => {
    const words = line.trim().split(' ').filter((word, i) => word !== '' || i === 0)
    if (words[0] === '' || line.trim().startsWith('#')) return
    const where = `${file}:${index + 1}`
    if (words[0] !== 'user' || words.length < 2) {
      errors += `${where} should start with user keyword followed by the username. `
      return
    }
    const no = declareUser(users, words.slice(1), declared, context)
    if (no?.reason === 'rules') errors += no.wrong.map((wrong) => `${where}: ${wrong}`).join('')
    else if (no?.reason === 'blanks') errors += `'${where}: username '${words[1]!}' contains invalid characters. `
    else if (no !== undefined) errors += `WARNING: Duplicate user '${words[1]!}' found on line ${index + 1}. `
  })
  if (errors === '') return users
  return { errors: `${errors}WARNING: ACL errors detected, no change to the previously active ACL rules was performed` }
}

/** The lines of all users, in the order of their names. */
export function userLines(users: ReadonlyMap<string, User>): string[] {
  return inOrder(users).map((user) => `user ${user.name} ${user.text}`)
}

export function inOrder(users: ReadonlyMap<string, User>): User[] {
  return [...users.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
