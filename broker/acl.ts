// Who may come in. So far there is one user, `default`, whose passwords come from `requirepass` or from the lines
// `user default …` of the configuration; it may do everything.

import { createHash, timingSafeEqual } from 'node:crypto'
import { ConfigError } from './config/config.ts'
import type { Config } from './config/config.ts'

type User = {
  name: string
  enabled: boolean
  /** Any password will do. */
  noPassword: boolean
  /** SHA-256 of each password, in hexadecimal. */
  passwords: Set<string>
}

export class Acl {
  private readonly users: Map<string, User>

  /** Reads the users of the configuration, and follows `requirepass`. Throws ConfigError. */
  constructor(config: Config) {
    const user = { name: 'default', enabled: true, noPassword: true, passwords: new Set<string>() }
    this.users = new Map([[user.name, user]])
    for (const words of config.users) this.readUser(words)
    if (config.values.requirepass !== '') setPassword(user, config.values.requirepass)
    config.onChange(['requirepass'], () => setPassword(user, config.values.requirepass))
  }

  /** True when a new connection may work at once, as the default user. */
  get open(): boolean {
    const user = this.users.get('default')!
    return user.enabled && user.noPassword
  }

  has(name: string): boolean {
    return this.users.has(name)
  }

  /** True when the password opens the user. */
  admits(name: string, password: Uint8Array): boolean {
    const user = this.users.get(name)
    if (user === undefined || !user.enabled) return false
    if (user.noPassword) return true
    const sent = createHash('sha256').update(password).digest()
    let found = false
    for (const known of user.passwords) if (timingSafeEqual(Buffer.from(known, 'hex'), sent)) found = true
    return found
  }

  private readUser(words: readonly string[]): void {
    const [name, ...rules] = words
    const refuse = (reason: string): ConfigError =>
      new ConfigError(`Fatal error, can't use 'user ${words.join(' ')}': ${reason}`)
    const user = this.users.get(name ?? '')
    if (user === undefined) throw refuse('there is only the user default so far')
    for (const rule of rules) {
      if (rule === 'on' || rule === 'off') user.enabled = rule === 'on'
      else if (rule === 'nopass') {
        user.noPassword = true
        user.passwords.clear()
      } else if (rule === 'resetpass' || rule === 'reset') {
        user.noPassword = false
        user.passwords.clear()
      } else if (/^(?:#[0-9a-f]{64}|>.*)$/s.test(rule)) {
        user.noPassword = false
        user.passwords.add(rule.startsWith('#') ? rule.slice(1) : hashOf(rule.slice(1)))
      } else if (!['~*', 'allkeys', '&*', 'allchannels', '+@all', 'allcommands', 'sanitize-payload'].includes(rule)) {
        throw refuse(`the rule '${rule}' isn't supported so far`)
      }
    }
  }
}

function setPassword(user: User, password: string): void {
  user.passwords.clear()
  user.noPassword = password === ''
  if (password !== '') user.passwords.add(hashOf(password))
}

function hashOf(password: string): string {
  return createHash('sha256').update(password).digest('hex')
}
