// The configuration as it stands: read at the start from a file, stdin and the command line, changed by CONFIG SET,
// written back by CONFIG REWRITE. `values` is a plain object: reading a value is reading a field.

import path from 'node:path'
import { readFileSync } from 'node:fs'
import { ConfigError, lineError, readCommandLine, readConfigFile, readLines } from './file.ts'
import type { Line } from './file.ts'
import { replaceFile, rewriteText } from './rewrite.ts'
import { Refused } from './row.ts'
import type { Row, Value } from './row.ts'
import { fieldOf, rowOf, rows } from './table.ts'
import type { Values } from './table.ts'
import { formatValue, parseValue, quote } from './value.ts'

/** Called after `name` got another value; a returned text refuses it, and CONFIG SET puts everything back. */
export type Listener = (name: keyof Values) => string | void

/** Why directives of Redis that are no parameters can't be followed. */
const refused: Readonly<Record<string, string>> = {
  loadmodule: 'Millrace has no modules',
  sentinel: 'sentinel directive while not in sentinel mode',
}

export class Config {
  readonly values: Values
  /** Absolute path of the file that CONFIG REWRITE writes; undefined when there is none. */
  readonly file: string | undefined
  /** `user` lines, for the access control list: the words behind `user`. */
  readonly users: readonly (readonly string[])[]
  /** `rename-command` lines: the words behind are a command and its new name. */
  readonly renames: readonly Line[]
  /** Names the server in errors. */
  readonly product: string
  /** What the operator asked for that has no meaning here; for the log of the start. */
  readonly warnings: readonly string[]
  private readonly fields: Record<string, Value>
  private readonly listeners: Map<string, Listener[]>

  constructor(lines: readonly Line[], file: string | undefined, product: string) {
    this.fields = {}
    for (const row of rows) this.fields[fieldOf(row.name)] = row.default as Value
    this.values = this.fields as Values
    this.file = file
    this.listeners = new Map()
    this.product = product
    this.renames = lines.filter(isRename)
    const users: string[][] = []
    const seen = new Set<Row>()
    for (const line of lines) if (!isRename(line)) this.readLine(line, seen, users)
    this.users = users
    this.warnings = [...seen].filter((row) => row.inert === true && !this.isDefault(row))
      .map((row) => `'${row.name}' is accepted for compatibility and has no effect in Millrace`)
  }

  /** The value as CONFIG GET shows it, by name or alias; undefined when there is no such parameter. */
  get(name: string): string | undefined {
    const row = rowOf(name)
    if (row === undefined) return undefined
    const shown = formatValue(row, this.valueOf(row))
    return row.hiddenValue === true && shown !== '' ? '(hidden)' : shown
  }

  /** Hears of changes of some parameters (by their redis.conf names). Not called for the values of the start. */
  onChange(names: readonly string[], listener: Listener): void {
    for (const name of names) {
      const row = rowOf(name)
      if (row === undefined) throw new Error(`no parameter ${name}`)
      const list = this.listeners.get(row.name)
      if (list === undefined) this.listeners.set(row.name, [listener])
      else list.push(listener)
    }
  }

  /**
   * CONFIG SET: all pairs or none. Returns the error reply, or undefined when all is set.
   * `local`: the request came from this machine (some parameters may be set only then, if at all).
   */
  set(pairs: readonly (readonly [string, string])[], local = false): string | undefined {
    const done = this.change(pairs, local)
    return typeof done === 'string' ? done : undefined
  }

  /** As `set`, but when all is set it returns what takes it back, for what can be refused only later. */
  change(pairs: readonly (readonly [string, string])[], local = false): string | (() => void) {
    const wanted = new Map<Row, { sent: string, name: string }>()
    for (const [sent, text] of pairs) {
      const row = rowOf(sent)
      if (row === undefined) return `ERR Unknown option or number of arguments for CONFIG SET - '${sent}'`
      if (row.immutable === true) return failed(sent, `can't set immutable config`)
      if (row.protected === true && !this.mayProtected(local)) return failed(sent, `can't set protected config`)
      if (wanted.has(row)) return failed(sent, 'duplicate parameter')
      wanted.set(row, { sent, name: text })
    }

    const before = new Map<Row, Value>()
    for (const [row, { sent, name }] of wanted) {
      before.set(row, this.valueOf(row))
      try {
        this.fields[fieldOf(row.name)] = parseValue(row, [name], this.valueOf(row))
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        this.restore(before)
        return failed(sent, error.message)
      }
    }
    const told: Row[] = []
    const takeBack = (): void => {
      this.restore(before)
      for (const row of told) this.tell(row)
    }
    for (const [row, value] of before) {
      if (formatValue(row, value) === formatValue(row, this.valueOf(row))) continue
      told.push(row)
      const reason = this.tell(row)
      if (reason === undefined) continue
      takeBack()
      return failed(wanted.get(row)!.sent, reason)
    }
    return takeBack
  }

  /** CONFIG REWRITE; `users`: the lines of users. Returns the error reply, or undefined when the file stands. */
  rewrite(users: readonly string[] = []): string | undefined {
    if (this.file === undefined) return 'ERR The server is running without a config file'
    try {
      replaceFile(this.file, rewriteText(readConfigFile(this.file), (row) => this.valueOf(row), users))
      return undefined
    } catch (error) {
      return `ERR Rewriting config file: ${(error as Error).message}`
    }
  }

  private valueOf(row: Row): Value {
    return this.fields[fieldOf(row.name)]!
  }

  private isDefault(row: Row): boolean {
    return formatValue(row, this.valueOf(row)) === formatValue(row, row.default as Value)
  }

  private mayProtected(local: boolean): boolean {
    const policy = this.values.enableProtectedConfigs
    return policy === 'yes' || (policy === 'local' && local)
  }

  private tell(row: Row): string | undefined {
    for (const listener of this.listeners.get(row.name) ?? []) {
      const reason = listener(fieldOf(row.name) as keyof Values)
      if (typeof reason === 'string') return reason
    }
    return undefined
  }

  private restore(before: ReadonlyMap<Row, Value>): void {
    for (const [row, value] of before) this.fields[fieldOf(row.name)] = value
  }

  private readLine(line: Line, seen: Set<Row>, users: string[][]): void {
    const { product } = this
    const [name, ...sent] = line.words as [string, ...string[]]
    if (name.toLowerCase() === 'user' && sent.length > 0) {
      users.push(sent)
      return
    }
    const row = rowOf(name)
    if (row === undefined) {
      throw lineError(line, refused[name.toLowerCase()] ?? 'Bad directive or wrong number of arguments', product)
    }
    if (sent.length === 0 && row.kind !== 'words') throw lineError(line, 'wrong number of arguments', product)
    try {
      const value = parseValue(row, sent, this.valueOf(row))
      const adds = row.kind === 'words' && row.accumulate !== undefined && seen.has(row)
      this.fields[fieldOf(row.name)] = adds ? row.accumulate!(this.valueOf(row), value) : value
      seen.add(row)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      throw lineError(line, error.message, product)
    }
  }
}

function isRename(line: Line): boolean {
  return line.words.length === 3 && line.words[0]!.toLowerCase() === 'rename-command'
}

/** The error reply of CONFIG SET. */
export function failed(name: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`
}

/**
 * The configuration of a start: `[file] [-] [--name value …]`, later lines over earlier ones.
 * Throws ConfigError with the text for the operator; the start ends with exit code 1 then.
 * `product` names the server in errors (`Millrace 0.1.0`).
 */
export function createConfig(argv: readonly string[] = [], product = 'Millrace'): Config {
  const { file, stdin, options } = readCommandLine(argv)
  const absolute = file === undefined ? undefined : path.resolve(file)
  const lines = absolute === undefined ? [] : readLines(readConfigFile(absolute), undefined, product)
  if (stdin) lines.push(...readLines(readFileSync(0, 'utf8'), undefined, product))
  const given = options.map(([name, ...sent]) => [name, ...sent.map((value) => quote(value))].join(' '))
  lines.push(...readLines(given.join('\n'), undefined, product))
  return new Config(lines, absolute, product)
}

export { ConfigError }
