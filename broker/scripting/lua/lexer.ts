// Source text to tokens, as Lua 5.1's llex does it: what is an error there is one here, with the same text.
import { LuaError } from './error.ts'
import { parseNumber } from './number.ts'

/** Token types: a reserved word or a symbol is its own type. */
export type TokenType = 'name' | 'string' | 'number' | 'eof' | (string & {})

const reserved = new Set([
  'and', 'break', 'do', 'else', 'elseif', 'end', 'false', 'for', 'function', 'if', 'in', 'local', 'nil', 'not', 'or',
  'repeat', 'return', 'then', 'true', 'until', 'while',
])

const newline = 10
const carriageReturn = 13
const singles = new Set('+-*/%^#=<>(){}[];:,.~')

export class Lexer {
  readonly source: string
  readonly chunk: string
  position = 0
  /** The line of the reading position. */
  line = 1
  /** The line on which the last consumed token ended. */
  lastLine = 1
  /** The current token. */
  type: TokenType = 'eof'
  text = ''
  number = 0
  private ahead: { type: TokenType; text: string; number: number; start: number; end: number } | undefined
  private start = 0
  private end = 0

  constructor(source: string, chunk: string) {
    this.source = source
    this.chunk = chunk
  }

  next(): void {
    this.lastLine = this.line
    if (this.ahead !== undefined) {
      this.type = this.ahead.type
      this.text = this.ahead.text
      this.number = this.ahead.number
      this.start = this.ahead.start
      this.end = this.ahead.end
      this.ahead = undefined
      return
    }
    this.type = this.scan()
    this.end = this.position
  }

  /** The type of the token after the current one. */
  peek(): TokenType {
    if (this.ahead === undefined) {
      const { type, text, number, start, end } = this
      const seen = this.scan()
      this.ahead = { type: seen, text: this.text, number: this.number, start: this.start, end: this.position }
      Object.assign(this, { type, text, number, start, end })
    }
    return this.ahead.type
  }

  /** An error at the current token. */
  errorNear(message: string): LuaError {
    if (this.type === 'eof') return this.error(message, '<eof>')
    const raw = this.source.slice(this.start, this.end)
    // Lua shows a quoted string with its escapes resolved.
    const text = this.type === 'string' && !raw.startsWith('[') ? raw[0] + this.text + raw[0] : raw
    if (text === '\0') return this.error(message)
    return this.error(message, this.type.startsWith('char') && isControl(text) ? `char(${text.charCodeAt(0)})` : text)
  }

  error(message: string, near?: string): LuaError {
    const line = this.line
    const text = `${this.chunk}:${line}: ${message}`
    return new LuaError(near === undefined ? text : `${text} near '${upToNul(near)}'`, { chunk: this.chunk, line })
  }

  private atNewline(): boolean {
    const c = this.source.charCodeAt(this.position)
    return c === newline || c === carriageReturn
  }

  private skipNewline(): void {
    const c = this.source.charCodeAt(this.position++)
    const d = this.source.charCodeAt(this.position)
    if ((d === newline || d === carriageReturn) && d !== c) this.position++
    this.line++
  }

  private scan(): TokenType {
    const { source } = this
    for (;;) {
      this.start = this.position
      if (this.position >= source.length) return 'eof'
      const c = source[this.position]!
      switch (c) {
        case '\n':
        case '\r':
          this.skipNewline()
          continue
        case ' ':
        case '\t':
        case '\v':
        case '\f':
          this.position++
          continue
        case '-':
          this.position++
          if (source[this.position] !== '-') return '-'
          this.position++
          this.skipComment()
          continue
        case '[': {
          const level = this.longBracket()
          if (level >= 0) return this.longString(level, 'string')
          if (level === -1) return '['
          throw this.error('invalid long string delimiter', source.slice(this.start, this.position))
        }
        case '=':
        case '<':
        case '>':
        case '~':
          this.position++
          if (source[this.position] !== '=') return c
          this.position++
          return `${c}=`
        case '"':
        case "'":
          return this.quoted(c)
        case '.':
          return this.dots()
      }
      if (isDigit(c)) return this.numeral()
      if (isNameStart(c)) {
        while (this.position < source.length && isNameChar(source[this.position]!)) this.position++
        this.text = source.slice(this.start, this.position)
        return reserved.has(this.text) ? this.text : 'name'
      }
      this.position++
      return singles.has(c) ? c : `char ${c}`
    }
  }

  private dots(): TokenType {
    const { source } = this
    if (isDigit(source[this.position + 1] ?? '')) return this.numeral()
    this.position++
    if (source[this.position] !== '.') return '.'
    this.position++
    if (source[this.position] !== '.') return '..'
    this.position++
    return '...'
  }

  private skipComment(): void {
    if (this.source[this.position] === '[') {
      this.start = this.position
      const level = this.longBracket()
      if (level >= 0) {
        this.longString(level, 'comment')
        return
      }
    }
    while (this.position < this.source.length && !this.atNewline()) this.position++
  }

  /** At '[': how many '=' stand before a second '['. Otherwise -1 if the '[' stands alone, -2 if '=' follow it. */
  private longBracket(): number {
    const { source } = this
    let at = this.position + 1
    while (source[at] === '=') at++
    const level = at - this.position - 1
    if (source[at] === '[') {
      this.position = at + 1
      return level
    }
    this.position = at
    return level === 0 ? -1 : -2
  }

  private longString(level: number, kind: 'string' | 'comment'): TokenType {
    const { source } = this
    const close = `]${'='.repeat(level)}]`
    if (this.atNewline()) this.skipNewline()
    let from = this.position
    let text = ''
    for (;;) {
      if (this.position >= source.length) throw this.error(`unfinished long ${kind}`, '<eof>')
      const c = source[this.position]
      if (c === ']' && source.startsWith(close, this.position)) break
      if (c === '\n' || c === '\r') {
        text += `${source.slice(from, this.position)}\n`
        this.skipNewline()
        from = this.position
      } else {
        this.position++
      }
    }
    this.text = text + source.slice(from, this.position)
    this.position += close.length
    return 'string'
  }

  private quoted(quote: string): TokenType {
    const { source } = this
    let text = ''
    let from = ++this.position
    for (;;) {
      const c = source[this.position]
      if (c === quote) break
      if (c === undefined) throw this.error('unfinished string', '<eof>')
      if (c === '\n' || c === '\r') {
        throw this.error('unfinished string', quote + text + source.slice(from, this.position))
      }
      if (c !== '\\') {
        this.position++
        continue
      }
      text += source.slice(from, this.position)
      this.position++
      text += this.escape(quote + text)
      from = this.position
    }
    this.text = text + source.slice(from, this.position)
    this.position++
    return 'string'
  }

  /** What an escape stands for; `before` is what error texts show. */
  private escape(before: string): string {
    const { source } = this
    const c = source[this.position]
    const plain = c === undefined ? undefined : escapes[c]
    if (plain !== undefined) {
      this.position++
      return plain
    }
    if (c === undefined) return ''
    if (c === '\n' || c === '\r') {
      this.skipNewline()
      return '\n'
    }
    if (!isDigit(c)) {
      this.position++
      return c
    }
    let code = 0
    for (let i = 0; i < 3 && isDigit(source[this.position] ?? ''); i++) {
      code = code * 10 + Number(source[this.position++])
    }
    if (code > 255) throw this.error('escape sequence too large', before)
    return String.fromCharCode(code)
  }

  private numeral(): TokenType {
    const { source } = this
    while (isDigit(source[this.position] ?? '') || source[this.position] === '.') this.position++
    if (/[Ee]/.test(source[this.position] ?? '')) {
      this.position++
      if (/[+-]/.test(source[this.position] ?? '')) this.position++
    }
    while (this.position < source.length && isNameChar(source[this.position]!)) this.position++
    const text = source.slice(this.start, this.position)
    const value = parseNumber(text)
    if (value === undefined) throw this.error('malformed number', text)
    this.number = value
    return 'number'
  }
}

const escapes: Record<string, string> = Object.assign(Object.create(null), {
  a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v',
})

function isDigit(c: string): boolean {
  return c >= '0' && c <= '9' && c.length === 1
}

function isNameStart(c: string): boolean {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c === '_'
}

function isNameChar(c: string): boolean {
  return isNameStart(c) || isDigit(c)
}

function isControl(c: string): boolean {
  return c < ' ' || c === '\x7f'
}

/** C's strings end at the first NUL. */
function upToNul(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}
