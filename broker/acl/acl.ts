// Access control: the users, who is which, and what is refused to them. Users are configuration: they are in the
// configuration file or a file of their own, never in the log.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Args } from '../../core/args.ts'
import type { Broker } from '../broker.ts'
import type { Command } from '../command.ts'
import { describeClient } from '../commands/client-list.ts'
import { ConfigError } from '../config/config.ts'
import { replaceFile } from '../config/rewrite.ts'
import type { Connection } from '../connection.ts'
import { denialOf, sortOptionDenied } from './check.ts'
import type { Denial } from './check.ts'
import { declareUser, inOrder, openUser, readUsers, userLines } from './file.ts'
import { AclLog } from './log.ts'
import type { Context } from './log.ts'
import { applyRule, resetUser } from './rules.ts'
import type { RuleContext } from './rules.ts'
import { User } from './user.ts'

const noFile = 'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the '
  + 'ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order '
  + 'to store users in the Redis configuration.'
const configuredWrongly = {
  blanks: 'the username contains invalid characters',
  duplicate: 'Duplicate user found. A user can only be defined once in config files',
} as const
const bothFiles = 'Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is '
  + 'invalid. This setup is very likely to lead to configuration errors and security holes, please define either an '
  + 'ACL file or declare users directly in your redis.conf, but not both.'

export class Acl {
  readonly log: AclLog
  private readonly broker: Broker
  private readonly commandCount: number
  private users: Map<string, User>

  /** Reads the users of the configuration, and follows `requirepass`. Throws ConfigError. */
  constructor(broker: Broker) {
    this.broker = broker
    this.log = new AclLog()
    this.commandCount = numberCommands(broker)
    const { config } = broker
    this.users = new Map([['default', openUser(this.context)]])
    if (config.values.requirepass !== '') this.requirePassword(config.values.requirepass)
    config.onChange(['requirepass'], () => {
      this.requirePassword(config.values.requirepass)
      this.refresh('default')
    })
    this.readConfigured()
  }

  get context(): RuleContext {
    const { commands, config } = this.broker
    return { commands, count: this.commandCount, allChannels: config.values.aclPubsubDefault === 'allchannels' }
  }

  /** True when a new connection may work at once, as the default user. */
  get open(): boolean {
    const user = this.users.get('default')!
    return user.enabled && user.noPassword
  }

  /** True when the default user needs no password. */
  get defaultNoPassword(): boolean {
    return this.users.get('default')!.noPassword
  }

  has(name: string): boolean {
    return this.users.has(name)
  }

  get(name: string): User | undefined {
    return this.users.get(name)
  }

  /** All users, in the order of their names. */
  all(): User[] {
    return inOrder(this.users)
  }

  /** True when some command may be refused to the user. */
  restricts(name: string): boolean {
    return this.users.get(name)?.open !== true
  }

  /** True when the password opens the user; a failure is noted. `sent`: the command that it came with. */
  admits(c: Connection, name: string, password: Uint8Array, sent: string): boolean {
    if (this.users.get(name)?.admits(password) === true) return true
    this.broker.stats.deniedLogins++
    // While EXEC runs what was queued nothing may block.
    this.note(c, 'auth', c.transaction === undefined && c.mayBlock ? 'toplevel' : 'multi', sent, name)
    return false
  }

  /**
   * The error (without its dash) that refuses the framed command to the client's user; undefined when it may be run.
   * What is refused is noted. `context`: where the command comes from.
   */
  refuse(c: Connection, command: Command, a: Args, context: Context): string | undefined {
    const user = this.users.get(c.user)
    if (user === undefined) return undefined
    const denial = denialOf(user, command, a)
    if (denial !== undefined) {
      this.noteDenial(c, command, a, denial, context)
      if (denial.kind === 'command') {
        return `NOPERM User ${user.name} has no permissions to run the '${command.fullName}' command`
      }
      return `NOPERM No permissions to access a ${denial.kind}`
    }
    const option = sortOptionDenied(user, command, a)
    if (option !== undefined) return `ERR ${option} option of SORT denied due to insufficient ACL permissions.`
    return undefined
  }

  /** As `refuse`, for what a script of the client calls; only clients with the gate `restricted` need be asked. */
  refuseInScript(c: Connection, command: Command, a: Args): string | undefined {
    const refusal = this.refuse(c, command, a, 'lua')
    return refusal?.startsWith('NOPERM') === true ? `ERR ACL failure in script: ${refusal.slice(7)}` : refusal
  }

  /** Whether the client's user may run the framed command; nothing is noted (redis.acl_check_cmd). */
  allows(c: Connection, command: Command, a: Args): boolean {
    const user = this.users.get(c.user)
    return user === undefined || denialOf(user, command, a) === undefined
  }

  /** As `refuse`, for a queued command when its turn comes. */
  refuseQueued(c: Connection, command: Command, a: Args): string | undefined {
    const user = this.users.get(c.user)
    const denial = user === undefined ? undefined : denialOf(user, command, a)
    if (denial === undefined) return undefined
    this.noteDenial(c, command, a, denial, 'multi')
    const reasons = {
      command: 'no permission to execute the command or subcommand',
      key: 'no permission to touch the specified keys',
      channel: 'no permission to access one of the channels used as arguments to the command',
      auth: 'no permission',
    }
    return 'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This '
      + `command is no longer allowed for the following reason: ${reasons[denial.kind]}`
  }

  /** ACL SETUSER: all rules or none. Returns the rule that can't be and why. */
  setUser(name: string, rules: readonly string[]): { rule: string, reason: string } | undefined {
    const before = this.users.get(name)
    const user = before?.clone() ?? this.fresh(name)
    for (const rule of rules) {
      const reason = applyRule(user, rule, this.context)
      if (reason !== undefined) return { rule, reason }
    }
    if (before === undefined) this.users.set(name, user)
    else before.become(user)
    this.refresh(name)
    return undefined
  }

  /** ACL DELUSER: false when there is no such user. Its clients are closed. */
  deleteUser(name: string): boolean {
    if (!this.users.delete(name)) return false
    for (const c of this.broker.clients.values()) if (c.user === name) this.expel(c)
    return true
  }

  /** ACL LOAD: the users of the file, all or none. Returns the error reply. */
  load(): string | undefined {
    const file = this.file
    if (file === '') return noFile
    const read = this.readFile(file)
    if (!(read instanceof Map)) return `ERR ${read.errors}`
    this.users = read
    for (const c of this.broker.clients.values()) {
      if (read.has(c.user)) this.refreshClient(c)
      else this.expel(c)
    }
    return undefined
  }

  /** ACL SAVE. Returns the error reply. */
  save(): string | undefined {
    const file = this.file
    if (file === '') return noFile
    try {
      replaceFile(file, Buffer.from(userLines(this.users).map((line) => `${line}\n`).join(''), 'latin1'))
      return undefined
    } catch (error) {
      this.broker.report('warning', `the users could not be written to ${file}: ${(error as Error).message}`)
      return 'ERR There was an error trying to save the ACLs. Please check the server logs for more information'
    }
  }

  /** What CONFIG REWRITE writes: nothing while there is a file of users. */
  configLines(): string[] {
    if (this.file !== '') return []
    return userLines(this.users).map((line) => Buffer.from(line, 'latin1').toString())
  }

  private get file(): string {
    const { aclfile, dir } = this.broker.config.values
    return aclfile === '' ? '' : path.resolve(dir, aclfile)
  }

  private fresh(name: string): User {
    const user = new User(name, this.commandCount)
    resetUser(user, this.context)
    return user
  }

  private requirePassword(password: string): void {
    const user = this.users.get('default')!
    applyRule(user, 'resetpass', this.context)
    const bytes = Buffer.from(password).toString('latin1')
    applyRule(user, password === '' ? 'nopass' : `>${bytes}`, this.context)
  }

  private readConfigured(): void {
    const { config } = this.broker
    if (this.file !== '') {
      if (config.users.length > 0) throw new ConfigError(bothFiles)
      const read = this.readFile(this.file)
      if (!(read instanceof Map)) throw new ConfigError(`Aborting startup because of ACL errors: ${read.errors}`)
      this.users = read
      return
    }
    const declared = new Set<string>()
    for (const words of config.users) {
      const bytes = words.map((word) => Buffer.from(word).toString('latin1'))
      const no = declareUser(this.users, bytes, declared, this.context)
      if (no === undefined) continue
      const wrong = no.reason === 'rules' ? no.wrong.join('').trim() : configuredWrongly[no.reason]
      throw new ConfigError(`Fatal error, can't use 'user ${words.join(' ')}': ${wrong}`)
    }
  }

  private readFile(file: string): Map<string, User> | { errors: string } {
    try {
      return readUsers(readFileSync(file, 'latin1'), file, this.context)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      const reason = code === 'ENOENT' ? 'No such file or directory' : String(code)
      return { errors: `Error loading ACLs, opening file '${file}': ${reason}` }
    }
  }

  /** The user's permissions changed: its clients obey, and lose what they listen to and may not any more. */
  private refresh(name: string): void {
    for (const c of this.broker.clients.values()) if (c.user === name) this.refreshClient(c)
  }

  private refreshClient(c: Connection): void {
    c.adjustUser()
    const { subscriptions } = c
    if (subscriptions === undefined) return
    const user = this.users.get(c.user)!
    const may = (name: Buffer, isPattern: boolean): boolean =>
      user.selectors.some((selector) => selector.allowsChannel(name, 0, name.length, isPattern))
    const { channel, pattern, shard } = subscriptions
    const channels = [...channel.values(), ...shard.values()].every(({ name }) => may(name, false))
    if (channels && [...pattern.values()].every(({ name }) => may(name, true))) return
    this.expel(c)
  }

  /** Closes a client; the one whose command does it gets its reply first. */
  private expel(c: Connection): void {
    if (c === this.broker.answers.running) c.endAfterReply()
    else c.destroy()
  }

  private noteDenial(c: Connection, command: Command, a: Args, denial: Denial, context: Context): void {
    const { stats } = this.broker
    if (denial.kind === 'command') stats.deniedCommands++
    else if (denial.kind === 'key') stats.deniedKeys++
    else stats.deniedChannels++
    const object = denial.kind === 'command' ? command.fullName : a.text(denial.arg)
    this.note(c, denial.kind, context, object, c.user)
  }

  private note(c: Connection, reason: Denial['kind'], context: Context, object: string, username: string): void {
    const { engine, config } = this.broker
    const client = describeClient(c)
    this.log.add({ reason, context, object, username, client }, engine.clock.nowMs(), config.values.acllogMaxLen)
  }
}

/** Numbers all commands and subcommands from 0; returns how many there are. */
function numberCommands(broker: Broker): number {
  let next = 0
  for (const command of broker.commands.specs) {
    command.id = next++
    for (const sub of command.subcommands?.specs ?? []) sub.id = next++
  }
  return next
}
