// A user: who may log in with which passwords, and what they may do.

import { createHash, timingSafeEqual } from 'node:crypto'
import { Selector } from './selector.ts'

export class User {
  readonly name: string
  enabled: boolean
  /** Any password will do. */
  noPassword: boolean
  /** `skip-sanitize-payload`; it has no effect here: what RESTORE is given is always checked. */
  skipSanitize: boolean
  /** SHA-256 of each password, in hexadecimal, in the order in which they came. */
  passwords: string[]
  /** The root selector, then the others. */
  selectors: Selector[]

  constructor(name: string, commands: number) {
    this.name = name
    this.enabled = false
    this.noPassword = false
    this.skipSanitize = false
    this.passwords = []
    this.selectors = [new Selector()]
    this.root.setAll(false, commands)
  }

  get root(): Selector {
    return this.selectors[0]!
  }

  /** True when nothing is refused to the user. */
  get open(): boolean {
    return this.selectors.some((selector) => selector.open)
  }

  clone(): User {
    const copy = new User(this.name, 0)
    copy.become(this)
    return copy
  }

  /** Takes over what another user is. */
  become(other: User): void {
    this.enabled = other.enabled
    this.noPassword = other.noPassword
    this.skipSanitize = other.skipSanitize
    this.passwords = [...other.passwords]
    this.selectors = other.selectors.map((selector) => selector.clone())
  }

  admits(password: Uint8Array): boolean {
    if (!this.enabled) return false
    if (this.noPassword) return true
    const sent = createHash('sha256').update(password).digest()
    let found = false
    for (const known of this.passwords) if (timingSafeEqual(Buffer.from(known, 'hex'), sent)) found = true
    return found
  }

  /** The rules that make this user, as ACL LIST shows them behind the name. */
  get text(): string {
    const words = [this.enabled ? 'on' : 'off']
    if (this.noPassword) words.push('nopass')
    words.push(this.skipSanitize ? 'skip-sanitize-payload' : 'sanitize-payload')
    words.push(...this.passwords.map((hash) => `#${hash}`), this.root.text)
    words.push(...this.selectors.slice(1).map((selector) => `(${selector.text})`))
    return words.join(' ')
  }
}

/** `password` is one character a byte. */
export function hashOf(password: string): string {
  return createHash('sha256').update(Buffer.from(password, 'latin1')).digest('hex')
}
