// Turns the text of a parameter into its value and back, with the error texts of Redis.

import type { IntRow, Row, Value } from './row.ts'
import { longMax, Refused, ulongMax } from './row.ts'

const unitBytes: Readonly<Record<string, number>> = {
  '': 1, b: 1, k: 1000, kb: 1024, m: 1000 ** 2, mb: 1024 ** 2, g: 1000 ** 3, gb: 1024 ** 3,
}

/** Bytes of a text like `64mb` (units of 1000 without the b, of 1024 with it); undefined when it is none. */
export function parseMemory(text: string): number | undefined {
  const match = /^([0-9]+)([a-z]*)$/i.exec(text)
  if (match === null) return undefined
  const unit = unitBytes[match[2]!.toLowerCase()]
  return unit === undefined ? undefined : Number(match[1]) * unit
}

/** The shortest exact spelling of a number of bytes, as CONFIG REWRITE writes it. */
export function formatMemory(bytes: number): string {
  if (bytes > 0) {
    for (const unit of ['gb', 'mb', 'kb']) {
      const count = bytes / unitBytes[unit]!
      if (Number.isInteger(count)) return `${count}${unit}`
    }
  }
  return String(bytes)
}

/** The value of a row from the words of one line or of a CONFIG SET value. Throws Refused. */
export function parseValue(row: Row, sent: readonly string[], current: Value): Value {
  if (row.kind === 'words') {
    const list = sent.length === 1 ? sent[0]!.split(/\s+/).filter((word) => word !== '') : sent
    return row.parse(list, current)
  }
  if (row.kind === 'flags') {
    const found = parseFlags(sent.flatMap((word) => word.split(/\s+/)), row.options)
    return row.accept === undefined ? found : row.accept(found)
  }
  if (sent.length !== 1) throw new Refused('wrong number of arguments')
  const text = sent[0]!
  if (row.kind === 'bool') return parseBool(text)
  if (row.kind === 'int') return parseInteger(row, text)
  if (row.kind === 'enum') return parseFlags([text], row.options)
  return row.accept === undefined ? text : row.accept(text)
}

function parseBool(text: string): boolean {
  const lower = text.toLowerCase()
  if (lower !== 'yes' && lower !== 'no') throw new Refused(`argument must be 'yes' or 'no'`)
  return lower === 'yes'
}

function parseFlags(sent: readonly string[], options: readonly string[]): string {
  const lower = new Set(sent.map((word) => word.toLowerCase()))
  const found = options.filter((option) => lower.has(option))
  if (found.length === 0 || found.length !== lower.size) {
    throw new Refused(`argument(s) must be one of the following: ${options.join(', ')}`)
  }
  return found.join(' ')
}

function parseInteger(row: IntRow, text: string): number {
  const value = readInteger(row, text)
  if (row.unit === 'percent' && value < 0) return value
  if (value < row.min || value > row.max || (value === row.max && row.max >= longMax)) {
    const [low, high] = [row.min, row.max].map((n) => (row.unit === 'octal' ? n.toString(8) : exact(n)))
    throw new Refused(`argument must be between ${low} and ${high} inclusive`)
  }
  return value
}

function readInteger(row: IntRow, text: string): number {
  if (row.unit === 'octal') {
    if (!/^[0-7]+$/.test(text)) throw new Refused(`argument couldn't be parsed as an octal number`)
    return Number.parseInt(text, 8)
  }
  if (row.unit === 'percent') {
    const share = /^([0-9]+)%$/.exec(text)
    if (share !== null) {
      if (Number(share[1]) > 100) throw new Refused('percentage argument must be less or equal to 100')
      return Number(share[1]) === 0 ? 0 : -Number(share[1])
    }
  }
  if (row.unit !== undefined) {
    const bytes = parseMemory(text)
    if (bytes !== undefined) return bytes
    throw new Refused(`argument must be a memory${row.unit === 'percent' ? ' or percent' : ''} value`)
  }
  if (!/^(?:0|-?[1-9][0-9]*)$/.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) {
    throw new Refused(`argument couldn't be parsed into an integer`)
  }
  return Number(text)
}

function exact(n: number): string {
  if (n === longMax) return '9223372036854775807'
  if (n === ulongMax) return '18446744073709551615'
  return String(n)
}

/** The value as CONFIG GET shows it. */
export function formatValue(row: Row, value: Value): string {
  if (row.kind === 'bool') return value === true ? 'yes' : 'no'
  if (row.kind === 'words') return row.format(value)
  if (row.kind !== 'int') return value as string
  const n = value as number
  if (row.unit === 'octal') return n.toString(8)
  if (row.unit === 'percent' && n < 0) return `${-n}%`
  return String(n)
}

/** The lines that CONFIG REWRITE writes behind the parameter's name. */
export function rewriteLines(row: Row, value: Value): string[] {
  if (row.kind === 'text') return [quote(value as string)]
  if (row.kind === 'int' && (row.unit === 'memory' || row.unit === 'percent') && (value as number) >= 0) {
    return [formatMemory(value as number)]
  }
  if (row.kind === 'words' && row.lines !== undefined) return row.lines(value)
  const shown = formatValue(row, value)
  return [shown === '' ? '""' : shown]
}

const escapes: Readonly<Record<string, string>> = {
  '\n': '\\n', '\r': '\\r', '\t': '\\t', '\x07': '\\a', '\b': '\\b', '"': '\\"', '\\': '\\\\',
}

/** The text in double quotes; bytes of its UTF-8 that aren't printable ASCII are escaped. */
export function quote(text: string): string {
  const bytes = Buffer.from(text).toString('latin1')
  const inner = bytes.replaceAll(/[^ !#-[\]-~]/g, (c) => escapes[c] ?? `\\x${hex(c.charCodeAt(0))}`)
  return `"${inner}"`
}

function hex(code: number): string {
  return code.toString(16).padStart(2, '0')
}
