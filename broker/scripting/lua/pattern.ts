// Lua's patterns. A pattern is matched as it stands, by backtracking, char by char: Lua's own errors about malformed
// patterns come only when the matching meets them, and so they do here. Each step counts for the meter, as loops of a
// script do.
import { raise } from './sites.ts'
import { meter, tick } from './call.ts'
import type { LuaValue } from './value.ts'

const capturesMax = 32
const unclosed = -1
const position = -2
/** How deep matching may nest before it is as Lua's C stack: too deep. */
const depthMax = 200_000

const percent = 37
const caret = 94

/** One match of a pattern against a subject; used again for each place that is tried. */
export class Matcher {
  readonly subject: string
  readonly pattern: string
  /**
   * What every match begins with: the pattern itself if nothing in it is special, perhaps only its first char; or
   * nothing.
   */
  private readonly beginning: string
  private readonly literal: boolean
  level = 0
  private readonly starts: number[] = []
  private readonly lengths: number[] = []
  private depth = 0

  constructor(subject: string, pattern: string) {
    this.subject = subject
    // A pattern ends at its first NUL; %z stands for one.
    const end = pattern.indexOf('\0')
    this.pattern = end < 0 ? pattern : pattern.slice(0, end)
    this.literal = !/[\^$*+?.()[\]%-]/.test(this.pattern)
    this.beginning = this.literal ? this.pattern : /^[^$*^+?.()[\]%-](?![*?-])/.exec(this.pattern)?.[0] ?? ''
  }

  /** The first place from `at` on where a match can begin, -1 if there is none. Not for patterns that are anchored. */
  candidate(at: number): number {
    return this.beginning === '' ? at : this.subject.indexOf(this.beginning, at)
  }

  /** The end of a match that begins at `at`, -1 if there is none. `from` is where the pattern begins: after its '^'. */
  match(at: number, from: number): number {
    this.level = 0
    if (this.literal) return this.subject.startsWith(this.pattern, at) ? at + this.pattern.length : -1
    this.depth = 0
    return this.step(at, from)
  }

  /** The captures as values; the whole match if there are none and `whole` is set. */
  captures(start: number, end: number, whole: boolean): LuaValue[] {
    const count = this.level === 0 && whole ? 1 : this.level
    return Array.from({ length: count }, (_, i) => this.capture(i, start, end))
  }

  capture(i: number, start: number, end: number): LuaValue {
    if (i >= this.level) {
      if (i === 0) return this.subject.slice(start, end)
      throw raise('invalid capture index')
    }
    const length = this.lengths[i]!
    if (length === unclosed) throw raise('unfinished capture')
    if (length === position) return this.starts[i]! + 1
    return this.subject.slice(this.starts[i]!, this.starts[i]! + length)
  }

  private step(subjectAt: number, patternAt: number): number {
    let s = subjectAt
    let p = patternAt
    const { pattern, subject } = this
    if (++this.depth > depthMax) throw raise('pattern too complex')
    try {
      for (;;) {
        if (--meter.fuel < 0) tick()
        if (p === pattern.length) return s
        switch (pattern.charCodeAt(p)) {
          case 40: // (
            if (pattern.charCodeAt(p + 1) === 41) return this.open(s, p + 2, position)
            return this.open(s, p + 1, unclosed)
          case 41: // )
            return this.close(s, p + 1)
          case 36: // $
            if (p + 1 === pattern.length) return s === subject.length ? s : -1
            break
          case percent: {
            const kind = pattern.charCodeAt(p + 1)
            if (kind === 98) {
              s = this.balance(s, p + 2)
              if (s < 0) return -1
              p += 4
              continue
            }
            if (kind === 102) {
              p += 2
              if (pattern.charCodeAt(p) !== 91) throw raise("missing '[' after '%f' in pattern")
              const end = this.classEnd(p)
              const before = s === 0 ? 0 : subject.charCodeAt(s - 1)
              const after = s === subject.length ? 0 : subject.charCodeAt(s)
              if (this.inSet(before, p, end - 1) || !this.inSet(after, p, end - 1)) return -1
              p = end
              continue
            }
            if (kind >= 48 && kind <= 57) {
              s = this.back(s, kind)
              if (s < 0) return -1
              p += 2
              continue
            }
            break
          }
        }
        const end = this.classEnd(p)
        const suffix = pattern.charCodeAt(end)
        if (suffix === 63) {
          // ?
          if (this.single(s, p, end)) {
            const found = this.step(s + 1, end + 1)
            if (found >= 0) return found
          }
          p = end + 1
        } else if (suffix === 42) {
          return this.longest(s, p, end, 0)
        } else if (suffix === 43) {
          return this.longest(s, p, end, 1)
        } else if (suffix === 45) {
          return this.shortest(s, p, end)
        } else {
          if (!this.single(s, p, end)) return -1
          s++
          p = end
        }
      }
    } finally {
      this.depth--
    }
  }

  private longest(s: number, p: number, end: number, least: number): number {
    let count = 0
    while (this.single(s + count, p, end)) {
      count++
      if (--meter.fuel < 0) tick()
    }
    for (; count >= least; count--) {
      const found = this.step(s + count, end + 1)
      if (found >= 0) return found
    }
    return -1
  }

  private shortest(from: number, p: number, end: number): number {
    for (let s = from; ; s++) {
      const found = this.step(s, end + 1)
      if (found >= 0) return found
      if (!this.single(s, p, end)) return -1
    }
  }

  private open(s: number, p: number, length: number): number {
    if (this.level >= capturesMax) throw raise('too many captures')
    this.starts[this.level] = s
    this.lengths[this.level] = length
    this.level++
    const found = this.step(s, p)
    if (found < 0) this.level--
    return found
  }

  private close(s: number, p: number): number {
    let i = this.level - 1
    while (i >= 0 && this.lengths[i] !== unclosed) i--
    if (i < 0) throw raise('invalid pattern capture')
    this.lengths[i] = s - this.starts[i]!
    const found = this.step(s, p)
    if (found < 0) this.lengths[i] = unclosed
    return found
  }

  private balance(s: number, p: number): number {
    const { subject, pattern } = this
    if (p >= pattern.length || p + 1 >= pattern.length) throw raise('unbalanced pattern')
    if (s >= subject.length || subject.charCodeAt(s) !== pattern.charCodeAt(p)) return -1
    const open = pattern.charCodeAt(p)
    const close = pattern.charCodeAt(p + 1)
    let depth = 1
    for (let i = s + 1; i < subject.length; i++) {
      const c = subject.charCodeAt(i)
      if (c === close) {
        if (--depth === 0) return i + 1
      } else if (c === open) {
        depth++
      }
    }
    return -1
  }

  private back(s: number, digit: number): number {
    const i = digit - 49
    if (i < 0 || i >= this.level || this.lengths[i] === unclosed) throw raise('invalid capture index')
    const text = this.subject.slice(this.starts[i]!, this.starts[i]! + Math.max(0, this.lengths[i]!))
    return this.subject.startsWith(text, s) ? s + text.length : -1
  }

  /** Where the single-char item that begins at p ends. */
  private classEnd(start: number): number {
    const { pattern } = this
    let p = start
    const c = pattern.charCodeAt(p++)
    if (c === percent) {
      if (p >= pattern.length) throw raise("malformed pattern (ends with '%')")
      return p + 1
    }
    if (c !== 91) return p
    if (pattern.charCodeAt(p) === caret) p++
    do {
      if (p >= pattern.length) throw raise("malformed pattern (missing ']')")
      const d = pattern.charCodeAt(p++)
      if (d === percent && p < pattern.length) p++
    } while (pattern.charCodeAt(p) !== 93)
    return p + 1
  }

  private single(s: number, p: number, end: number): boolean {
    if (s >= this.subject.length) return false
    const c = this.subject.charCodeAt(s)
    switch (this.pattern.charCodeAt(p)) {
      case 46:
        return true
      case percent:
        return inClass(c, this.pattern.charCodeAt(p + 1))
      case 91:
        return this.inSet(c, p, end - 1)
      default:
        return this.pattern.charCodeAt(p) === c
    }
  }

  /** Whether a char is in the set whose '[' and ']' are at `open` and `close`. */
  private inSet(c: number, open: number, close: number): boolean {
    const { pattern } = this
    let p = open + 1
    const negated = pattern.charCodeAt(p) === caret
    if (negated) p++
    for (; p < close; p++) {
      const d = pattern.charCodeAt(p)
      if (d === percent) {
        p++
        if (inClass(c, pattern.charCodeAt(p))) return !negated
      } else if (pattern.charCodeAt(p + 1) === 45 && p + 2 < close) {
        if (d <= c && c <= pattern.charCodeAt(p + 2)) return !negated
        p += 2
      } else if (d === c) {
        return !negated
      }
    }
    return negated
  }
}

/** C's character classes; an upper-case letter is the complement. */
function inClass(c: number, letter: number): boolean {
  const lower = letter | 32
  let found: boolean
  switch (lower) {
    case 97:
      found = isLetter(c)
      break
    case 99:
      found = c < 32 || c === 127
      break
    case 100:
      found = isDigit(c)
      break
    case 108:
      found = c >= 97 && c <= 122
      break
    case 112:
      found = c > 32 && c < 127 && !isLetter(c) && !isDigit(c)
      break
    case 115:
      found = c === 32 || (c >= 9 && c <= 13)
      break
    case 117:
      found = c >= 65 && c <= 90
      break
    case 119:
      found = isLetter(c) || isDigit(c)
      break
    case 120:
      found = isDigit(c) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70)
      break
    case 122:
      found = c === 0
      break
    default:
      return letter === c
  }
  const isUpper = letter >= 65 && letter <= 90
  if (!isUpper && !(letter >= 97 && letter <= 122)) return letter === c
  return found !== isUpper
}

function isLetter(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 65 && c <= 90)
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57
}

