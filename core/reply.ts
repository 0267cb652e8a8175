// Encodes replies as RESP2 or RESP3 into one growing buffer.
// Shapes: https://redis.io/docs/latest/develop/reference/protocol-spec/ ; where RESP2 has no type for a reply, the
// methods write what Redis writes there (a map is a flat array, a double is a bulk string, …).

import { doubleText, writeDouble } from './double.ts'

import { writeDigits } from './digits.ts'

const initialBytes = 1 << 16
/** Shorter copies are cheaper as a loop than as a call (at 100 bytes 90 ns against 45). */
const shortCopyBytes = 40
const CR = 13
const LF = 10

/** A reply buffer; `at` is the number of bytes written so far. */
export class Reply {
  buf: Buffer
  at: number
  /** Protocol of the client that is being answered. */
  resp: 2 | 3
  /** Text of the last error written since it was last cleared, without the dash; '' when none. */
  lastError: string

  constructor() {
    this.buf = Buffer.allocUnsafeSlow(initialBytes)
    this.at = 0
    this.resp = 2
    this.lastError = ''
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const need = this.at + bytes
    if (need <= this.buf.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.buf.length * 2))
    this.buf.copy(grown, 0, 0, this.at)
    this.buf = grown
  }

  ok(): void {
    if (this.at + 5 > this.buf.length) this.reserve(5)
    const buf = this.buf
    const at = this.at
    buf[at] = 43
    buf[at + 1] = 79
    buf[at + 2] = 75
    buf[at + 3] = CR
    buf[at + 4] = LF
    this.at = at + 5
  }

  /** `+text`; text is ASCII without line ends. */
  simple(text: string): void {
    this.line(43, text)
  }

  /** `-text`, beginning with its code (`ERR …`, `WRONGTYPE …`); line ends within become blanks, at its ends nothing. */
  error(text: string): void {
    const clean = /[\r\n]/.test(text) ? text.replaceAll(/^[\r\n]+|[\r\n]+$/g, '').replaceAll(/[\r\n]/g, ' ') : text
    this.lastError = clean
    this.line(45, clean)
  }

  /** `:n`; n is an integer that a double holds exactly. */
  int(n: number): void {
    this.header(58, n)
  }

  bigint(n: bigint): void {
    this.line(58, n.toString())
  }

  /** A bulk string copied from `bytes[from..to)`. */
  bulk(bytes: Uint8Array, from: number, to: number): void {
    const size = to - from
    if (this.at + size + 32 > this.buf.length) this.reserve(size + 32)
    this.header(36, size)
    const buf = this.buf
    let at = this.at
    if (size < shortCopyBytes) for (let i = from; i < to; i++) buf[at++] = bytes[i]!
    else {
      buf.set(bytes.subarray(from, to), at)
      at += size
    }
    buf[at] = CR
    buf[at + 1] = LF
    this.at = at + 2
  }

  /** A bulk string of a JS string, one byte a character (latin1). */
  text(text: string): void {
    this.reserve(text.length + 32)
    this.header(36, text.length)
    this.at += this.buf.write(text, this.at, 'latin1')
    this.crlf()
  }

  /** A bulk string of a JS string in UTF-8. */
  utf8(text: string): void {
    const bytes = Buffer.from(text)
    this.bulk(bytes, 0, bytes.length)
  }

  /** RESP2 `$-1`, RESP3 `_`. */
  nil(): void {
    if (this.resp === 3) this.line(95, '')
    else this.line(36, '-1')
  }

  /** RESP2 `*-1`, RESP3 `_`. */
  nilArray(): void {
    if (this.resp === 3) this.line(95, '')
    else this.line(42, '-1')
  }

  array(count: number): void {
    this.header(42, count)
  }

  /** A map of `pairs` pairs: RESP2 an array of twice as many. */
  map(pairs: number): void {
    if (this.resp === 3) this.header(37, pairs)
    else this.header(42, pairs * 2)
  }

  set(count: number): void {
    this.header(this.resp === 3 ? 126 : 42, count)
  }

  push(count: number): void {
    this.header(this.resp === 3 ? 62 : 42, count)
  }

  /** RESP3 attribute with `pairs` pairs; nothing may be written for it in RESP2. */
  attribute(pairs: number): void {
    this.header(124, pairs)
  }

  /** RESP3 `#t`/`#f`, RESP2 `:1`/`:0`. */
  bool(value: boolean): void {
    if (this.resp === 3) this.line(35, value ? 't' : 'f')
    else this.int(value ? 1 : 0)
  }

  /** RESP3 `,x`, RESP2 a bulk string; `text` is the number as Redis prints it. */
  double(text: string): void {
    if (this.resp === 3) this.line(44, text)
    else this.text(text)
  }

  /** As `double`, of a number. */
  number(value: number): void {
    const from = writeDouble(value)
    if (this.resp === 2) {
      this.bulk(doubleText, from, doubleText.length)
      return
    }
    this.reserve(doubleText.length + 3)
    this.buf[this.at++] = 44
    for (let i = from; i < doubleText.length; i++) this.buf[this.at++] = doubleText[i]!
    this.crlf()
  }

  /** RESP3 `(n`, RESP2 a bulk string. */
  bigNumber(text: string): void {
    if (this.resp === 3) this.line(40, text)
    else this.text(text)
  }

  /** RESP3 verbatim string of a three-letter format (`txt`, `mkd`), RESP2 a bulk string. `text` is UTF-8. */
  verbatim(format: string, text: string): void {
    if (this.resp === 3) {
      const bytes = Buffer.from(`${format}:${text}`)
      this.header(61, bytes.length)
      this.append(bytes)
      this.crlf()
    } else this.utf8(text)
  }

  /** Bytes that are RESP already. */
  append(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.buf.set(bytes, this.at)
    this.at += bytes.length
  }

  /** Begins an array whose length is known only later: give the returned mark to `setArray`. */
  deferred(): number {
    return this.at
  }

  /** Writes the header of the aggregate that began at `mark`: as `array(count)`, or another kind by its method. */
  setArray(mark: number, count: number): void {
    this.insertHeader(mark, 42, count)
  }

  setMap(mark: number, pairs: number): void {
    if (this.resp === 3) this.insertHeader(mark, 37, pairs)
    else this.insertHeader(mark, 42, pairs * 2)
  }

  setSet(mark: number, count: number): void {
    this.insertHeader(mark, this.resp === 3 ? 126 : 42, count)
  }

  /** As `deferred`, for arrays that are short as a rule: give the mark to `endArray`. */
  beginArray(): number {
    const mark = this.at
    this.array(0)
    return mark
  }

  endArray(mark: number, count: number): void {
    if (count < 10) {
      this.buf[mark + 1] = 48 + count
      return
    }
    const digits = String(count)
    this.insert(mark + 1, digits.slice(1))
    this.buf.write(digits, mark + 1, 'latin1')
  }

  /** Takes back what was written since `mark`. */
  rewind(mark: number): void {
    this.at = mark
  }

  /** Puts bytes (ASCII) before what was written since `mark`. */
  insert(mark: number, head: string): void {
    this.reserve(head.length)
    this.buf.copyWithin(mark + head.length, mark, this.at)
    this.buf.write(head, mark, 'latin1')
    this.at += head.length
  }

  private insertHeader(mark: number, sigil: number, count: number): void {
    this.insert(mark, `${String.fromCharCode(sigil)}${count}\r\n`)
  }

  private header(sigil: number, n: number): void {
    if (this.at + 32 > this.buf.length) this.reserve(32)
    const buf = this.buf
    let at = this.at
    buf[at++] = sigil
    if (n >= 0 && n < 10) buf[at++] = 48 + n
    else if (n >= 10 && n < 100) {
      const tens = (n / 10) | 0
      buf[at++] = 48 + tens
      buf[at++] = 48 + n - tens * 10
    } else if (n >= 100 && n <= Number.MAX_SAFE_INTEGER) {
      let end = at + 3
      for (let bound = 1000; n >= bound; bound *= 10) end++
      writeDigits(buf, end, n)
      at = end
    } else {
      const text = String(n)
      for (let i = 0; i < text.length; i++) buf[at++] = text.charCodeAt(i)
    }
    buf[at] = CR
    buf[at + 1] = LF
    this.at = at + 2
  }

  private line(sigil: number, text: string): void {
    this.reserve(text.length + 3)
    this.buf[this.at++] = sigil
    this.at += this.buf.write(text, this.at, 'latin1')
    this.crlf()
  }

  private crlf(): void {
    this.buf[this.at++] = CR
    this.buf[this.at++] = LF
  }
}
