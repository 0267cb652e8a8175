// JSON as lua-cjson reads it, from a string of one character a byte. A zero byte ends the text. Unless told otherwise
// it also takes hexadecimals, infinities, NaN and leading zeros, as C's strtod does. Errors name the token that was
// found in the place of what was expected.

import type { JsonConfig } from './json-config.ts'
import { jsonNull } from './json-null.ts'
import { LuaTable } from './lua/table.ts'
import type { LuaValue } from './lua/value.ts'

/** Why a text is no JSON. */
export class NotJson {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const tokenNames = new Map([
  ['{', 'T_OBJ_BEGIN'], ['}', 'T_OBJ_END'], ['[', 'T_ARR_BEGIN'], [']', 'T_ARR_END'], [':', 'T_COLON'],
  [',', 'T_COMMA'],
])
const escapes = new Map([
  ['"', '"'], ['\\', '\\'], ['/', '/'], ['b', '\b'], ['t', '\t'], ['n', '\n'], ['f', '\f'], ['r', '\r'],
])

const decimal = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const hexadecimal = /([+-]?)0[xX](?:([0-9a-fA-F]+)(?:\.([0-9a-fA-F]*))?|\.([0-9a-fA-F]+))(?:[pP]([+-]?\d+))?/y
const named = /([+-]?)(?:(inf(?:inity)?)|nan(?:\(\w*\))?)/iy
const exactDigits = 15

/** The value of a JSON text. Raises NotJson. */
export function decodeJson(config: JsonConfig, text: string): LuaValue {
  if (text.length > 1 && (text.charCodeAt(0) === 0 || text.charCodeAt(1) === 0)) {
    throw new NotJson('JSON parser does not support UTF-16 or UTF-32')
  }
  return new JsonReader(config, text).whole()
}

class JsonReader {
  private readonly config: JsonConfig
  private readonly text: string
  private at: number
  private depth: number

  constructor(config: JsonConfig, text: string) {
    this.config = config
    this.text = text
    this.at = 0
    this.depth = 0
  }

  whole(): LuaValue {
    const value = this.value()
    const c = this.token()
    if (c === c && c !== 0) throw this.expected('the end')
    return value
  }

  /** The first character of the next token, at which it stands then; NaN at the end. */
  private token(): number {
    const { text } = this
    let at = this.at
    let c = text.charCodeAt(at)
    while (c === 32 || c === 10 || c === 13 || c === 9) c = text.charCodeAt(++at)
    this.at = at
    return c
  }

  private value(): LuaValue {
    const c = this.token()
    if (c === 34) return this.string()
    if (c === 123) return this.object()
    if (c === 91) return this.array()
    if ((c >= 48 && c <= 57) || c === 45) return this.number()
    if (c === 116 && this.text.startsWith('true', this.at)) {
      this.at += 4
      return true
    }
    if (c === 102 && this.text.startsWith('false', this.at)) {
      this.at += 5
      return false
    }
    if (c === 110 && this.text.startsWith('null', this.at)) {
      this.at += 4
      return jsonNull
    }
    if (this.isOddNumber(c)) return this.number()
    throw this.expected('value')
  }

  private object(): LuaTable {
    this.descend()
    const table = new LuaTable()
    let c = this.token()
    if (c === 125) return this.ascend(table)
    for (;;) {
      if (c !== 34) throw this.expected('object key string')
      const key = this.string('object key string')
      if (this.token() !== 58) throw this.expected('colon')
      this.at++
      table.setString(key, this.value())
      c = this.token()
      if (c === 125) return this.ascend(table)
      if (c !== 44) throw this.expected('comma or object end')
      this.at++
      c = this.token()
    }
  }

  private array(): LuaTable {
    this.descend()
    const table = new LuaTable()
    table.metatable = this.config.arrayMetatable
    if (this.token() === 93) return this.ascend(table)
    for (let i = 1; ; i++) {
      table.setIndex(i, this.value())
      const c = this.token()
      if (c === 93) return this.ascend(table)
      if (c !== 44) throw this.expected('comma or array end')
      this.at++
    }
  }

  private descend(): void {
    this.at++
    this.depth++
    if (this.depth > this.config.decodeDepthMax) {
      throw new NotJson(`Found too many nested data structures (${this.depth}) at character ${this.at}`)
    }
  }

  private ascend(table: LuaTable): LuaTable {
    this.at++
    this.depth--
    return table
  }

  /** `what` was expected, should the string be broken. */
  private string(what = 'value'): string {
    const { text } = this
    const from = this.at + 1
    for (let at = from; ; at++) {
      const c = text.charCodeAt(at)
      if (c === 34) {
        this.at = at + 1
        return text.slice(from, at)
      }
      if (c === 92) return this.escapedString(from, at, what)
      if (c === 0 || c !== c) throw unexpected(what, 'unexpected end of string', at)
    }
  }

  /** A string whose first backslash is at `at`. */
  private escapedString(from: number, at: number, what: string): string {
    const { text } = this
    let value = text.slice(from, at)
    for (;;) {
      const c = text.charCodeAt(at)
      if (c === 34) {
        this.at = at + 1
        return value
      }
      if (c === 0 || c !== c) throw unexpected(what, 'unexpected end of string', at)
      if (c !== 92) {
        value += text[at]
        at++
        continue
      }
      if (text[at + 1] === 'u') {
        const point = this.codePoint(at)
        if (point < 0) throw unexpected(what, 'invalid unicode escape code', at)
        value += utf8(point)
        at += point > 0xffff ? 12 : 6
        continue
      }
      const plain = escapes.get(text[at + 1] ?? '')
      if (plain === undefined) throw unexpected(what, 'invalid escape code', at)
      value += plain
      at += 2
    }
  }

  /** The code point of the escape at `at`, or of the pair of them; -1 when it is none. */
  private codePoint(at: number): number {
    const high = this.hex4(at + 2)
    if (high < 0 || (high & 0xf800) !== 0xd800) return high
    if ((high & 0x400) !== 0 || this.text[at + 6] !== '\\' || this.text[at + 7] !== 'u') return -1
    const low = this.hex4(at + 8)
    if (low < 0 || (low & 0xfc00) !== 0xdc00) return -1
    return 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff)
  }

  private hex4(at: number): number {
    const digits = this.text.slice(at, at + 4)
    return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1
  }

  /** What only strtod takes for a number; `c` is its first character. */
  private isOddNumber(c: number): boolean {
    if (!this.config.decodeInvalid) return false
    if (c === 43) return true
    named.lastIndex = this.at
    return (c === 105 || c === 73 || c === 110 || c === 78) && named.test(this.text)
  }

  private number(): number {
    const { text } = this
    const from = this.at
    let at = from
    if (text.charCodeAt(at) === 45) at++
    const first = at
    let n = 0
    let digit = text.charCodeAt(at) - 48
    while (digit >= 0 && digit <= 9) {
      n = n * 10 + digit
      digit = text.charCodeAt(++at) - 48
    }
    // Not a plain integer: `.`, `e`, `E`, `x` or `X` follows, or no digit was there, or too many for a sum.
    const c = digit + 48
    const plain = at > first && at - first <= exactDigits && c !== 46 && (c | 32) !== 101 && (c | 32) !== 120
    if (!plain || (text.charCodeAt(first) === 48 && at > first + 1)) return this.anyNumber()
    this.at = at
    return first === from ? n : -n
  }

  private anyNumber(): number {
    const { text, at } = this
    if (!this.config.decodeInvalid && /^-?(?:0[xX\d]|inf|nan)/i.test(text.slice(at, at + 4))) {
      throw unexpected('value', 'invalid number', at)
    }
    for (const [pattern, read] of readers) {
      pattern.lastIndex = at
      const match = pattern.exec(text)
      if (match === null) continue
      this.at = at + match[0].length
      return read(match)
    }
    throw unexpected('value', 'invalid number', at)
  }

  /** The error that names what stands here instead. */
  private expected(what: string): NotJson {
    const at = this.at
    const c = this.text.charCodeAt(at)
    try {
      return unexpected(what, this.foundToken(c), at)
    } catch (error) {
      // The token itself is broken: its own error says how, but of what was expected here.
      if (!(error instanceof NotJson)) throw error
      return new NotJson(error.text.replace('Expected value', `Expected ${what}`))
    }
  }

  private foundToken(c: number): string {
    const { text, at } = this
    if (c === 0 || c !== c) return 'T_END'
    const name = tokenNames.get(text[at]!)
    if (name !== undefined) return name
    if (c === 34) {
      this.string()
      return 'T_STRING'
    }
    if ((c >= 48 && c <= 57) || c === 45) {
      this.number()
      return 'T_NUMBER'
    }
    if (text.startsWith('true', at) || text.startsWith('false', at)) return 'T_BOOLEAN'
    if (text.startsWith('null', at)) return 'T_NULL'
    if (this.isOddNumber(c)) {
      this.number()
      return 'T_NUMBER'
    }
    return 'invalid token'
  }
}

const readers: readonly (readonly [RegExp, (match: RegExpExecArray) => number])[] = [
  [hexadecimal, readHexadecimal],
  [decimal, (match) => Number(match[0])],
  [named, (match) => (match[2] === undefined ? NaN : match[1] === '-' ? -Infinity : Infinity)],
]

function readHexadecimal(match: RegExpExecArray): number {
  const fraction = match[3] ?? match[4] ?? ''
  const whole = Number(`0x${(match[2] ?? '') + fraction}`)
  const value = whole * 2 ** (Number(match[5] ?? 0) - 4 * fraction.length)
  return match[1] === '-' ? -value : value
}

function unexpected(what: string, found: string, at: number): NotJson {
  return new NotJson(`Expected ${what} but found ${found} at character ${at + 1}`)
}

/** A code point in UTF-8, one character a byte. */
function utf8(point: number): string {
  if (point < 0x80) return String.fromCharCode(point)
  return Buffer.from(String.fromCodePoint(point)).toString('latin1')
}
