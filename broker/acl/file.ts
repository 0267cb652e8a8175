// Users as lines of text, `user <name> <rules>`, in a file of their own or in redis.conf.

import { applyRule, hasBlanks, mergeSelectors, resetUser } from './rules.ts'
import type { RuleContext } from './rules.ts'
import { User } from './user.ts'

/** The default user of a fresh server: it may do everything, and needs no password. */
export function openUser(context: RuleContext): User {
  const user = new User('default', context.count)
  resetUser(user, context)
  for (const rule of ['+@all', '~*', '&*', 'on', 'nopass']) applyRule(user, rule, context)
  return user
}

/**
 * Adds the user of one line (`words`: the name and its rules) to `users`. Returns why it can't be; a user can be
 * declared once.
 */
export function declareUser(
  users: Map<string, User>, words: readonly string[], declared: Set<string>, context: RuleContext,
): string | undefined {
  const [name, ...rules] = words as [string, ...string[]]
  if (hasBlanks(Buffer.from(name, 'latin1'))) return `username '${name}' contains invalid characters. `
  if (declared.has(name)) return `duplicate user '${name}' found. `
  declared.add(name)
  const merged = mergeSelectors(rules)
  if (!Array.isArray(merged)) return `Unmatched parenthesis in selector definition.`
  const user = new User(name, context.count)
  resetUser(user, context)
  for (const rule of merged) {
    const wrong = applyRule(user, rule, context)
    if (wrong !== undefined) return `Error in applying operation '${rule}': ${wrong}. `
  }
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
    const where = `${file}:${index + 1}: `
    if (words[0] !== 'user' || words.length < 2) {
      errors += `${where}line should start with user keyword. `
      return
    }
    const wrong = declareUser(users, words.slice(1), declared, context)
    if (wrong !== undefined) errors += where + wrong
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
