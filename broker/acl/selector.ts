// One set of permissions: which commands, keys and channels. A user has a root selector and may have more; a command
// may run when any one of them allows all of it.
// https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/

import { globMatch } from '../../core/keyspace/glob.ts'
import type { Command } from '../command.ts'

/** A pattern of keys, and what may be done to the values that it names. */
export type KeyPattern = { bytes: Buffer, reads: boolean, writes: boolean }

export class Selector {
  allKeys: boolean
  allChannels: boolean
  /** Every command is allowed, without looking. */
  allCommands: boolean
  keys: KeyPattern[]
  channels: Buffer[]
  /** Which of `+@all` and `-@all` the rules begin with. */
  private base: boolean
  /** The rules after that, in the order in which they were given: `+get`, `-@write`, `+select|0`. */
  private rules: string[]
  /** Allowed commands by their number. */
  private allowed: Uint8Array
  /** First arguments with which a command is allowed that is not allowed as such, by the command's number. */
  private firstWords: Map<number, string[]>

  constructor() {
    this.allKeys = false
    this.allChannels = false
    this.allCommands = false
    this.keys = []
    this.channels = []
    this.base = false
    this.rules = []
    this.allowed = new Uint8Array(0)
    this.firstWords = new Map()
  }

  clone(): Selector {
    const copy = new Selector()
    copy.allKeys = this.allKeys
    copy.allChannels = this.allChannels
    copy.allCommands = this.allCommands
    copy.keys = this.keys.map((pattern) => ({ ...pattern }))
    copy.channels = [...this.channels]
    copy.base = this.base
    copy.rules = [...this.rules]
    copy.allowed = Uint8Array.from(this.allowed)
    copy.firstWords = new Map([...this.firstWords].map(([id, words]) => [id, [...words]]))
    return copy
  }

  /** True when nothing is refused. */
  get open(): boolean {
    return this.allCommands && this.allKeys && this.allChannels
  }

  /** `+@all` or `-@all`; `commands`: how many there are. */
  setAll(allow: boolean, commands: number): void {
    this.base = allow
    this.allCommands = allow
    this.rules = []
    this.allowed = new Uint8Array(commands).fill(allow ? 1 : 0)
    this.firstWords.clear()
  }

  /** Allows or forbids a command with all its subcommands. */
  setCommand(command: Command, allow: boolean): void {
    this.setBit(command, allow)
    for (const sub of command.subcommands?.specs ?? []) this.setBit(sub, allow)
  }

  /** Allows a command with this first argument only. */
  addFirstWord(command: Command, word: string): void {
    const words = this.firstWords.get(command.id)
    if (words === undefined) this.firstWords.set(command.id, [word])
    else if (!words.includes(word)) words.push(word)
  }

  /** Notes a rule; earlier ones about the same command or category, or about its subcommands, mean nothing any more. */
  note(name: string, allow: boolean): void {
    const lower = name.toLowerCase()
    this.rules = this.rules.filter((rule) => rule.slice(1) !== lower && !rule.startsWith(`${lower}|`, 1))
    this.rules.push(`${allow ? '+' : '-'}${lower}`)
  }

  /** `word`: the command's first argument, '' without one. */
  allowsCommand(command: Command, word: string): boolean {
    if (this.allCommands || this.allowed[command.id] === 1) return true
    const words = this.firstWords.get(command.id)
    return words !== undefined && word !== '' && words.some((one) => one.toLowerCase() === word.toLowerCase())
  }

  allowsKey(buf: Uint8Array, from: number, to: number, reads: boolean, writes: boolean): boolean {
    if (this.allKeys) return true
    for (const { bytes, ...may } of this.keys) {
      if ((reads && !may.reads) || (writes && !may.writes)) continue
      if (globMatch(bytes, 0, bytes.length, buf, from, to)) return true
    }
    return false
  }

  /** A client's pattern must be one of ours, word for word; a channel must match one of them. */
  allowsChannel(buf: Uint8Array, from: number, to: number, isPattern: boolean): boolean {
    if (this.allChannels) return true
    return this.channels.some((pattern) => {
      if (isPattern) return pattern.compare(buf, from, to) === 0
      return globMatch(pattern, 0, pattern.length, buf, from, to)
    })
  }

  get keyText(): string {
    return this.allKeys ? '~*' : this.keys.map((pattern) => patternText(pattern)).join(' ')
  }

  get channelText(): string {
    return this.allChannels ? '&*' : this.channels.map((channel) => `&${channel.toString('latin1')}`).join(' ')
  }

  get commandText(): string {
    return [this.base ? '+@all' : '-@all', ...this.rules].join(' ')
  }

  /** As in ACL LIST: `~a resetchannels &b -@all +get`. */
  get text(): string {
    const channels = this.allChannels ? '&*' : ['resetchannels', this.channelText].join(' ').trim()
    return [this.keyText, channels, this.commandText].filter((part) => part !== '').join(' ')
  }

  private setBit(command: Command, allow: boolean): void {
    this.allowed[command.id] = allow ? 1 : 0
    if (!allow) this.allCommands = false
    this.firstWords.delete(command.id)
  }
}

function patternText({ bytes, reads, writes }: KeyPattern): string {
  const may = reads && writes ? '~' : `%${reads ? 'R' : 'W'}~`
  return may + bytes.toString('latin1')
}
