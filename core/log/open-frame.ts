// The frame that is open: a turn's effects behind each other in RESP, in one buffer that grows and is used again, with
// the lines that say for which database they are and who wrote them.

import { frameBufferBytes, frameBufferKeptBytesMax } from '../limits.ts'
import { headerBytesMax, systemBy } from './frame.ts'

const CR = 13
const LF = 10
const multiBytes = Buffer.from('*1\r\n$5\r\nMULTI\r\n')
const execBytes = Buffer.from('*1\r\n$4\r\nEXEC\r\n')
/** Room for `#TS:<unix seconds>` and its line end. */
const stampBytesMax = 32
/** Where the body begins in the buffer, so that a time stamp and the header fit in front. */
export const bodyStart = headerBytesMax + stampBytesMax
/** Nobody's `#by` line: the next entry says who wrote it, whoever that is. */
const unknownBy = Buffer.alloc(0)

/** The methods are those of Log. The file log extends it: a field of its own would cost a look-up for each word. */
export class OpenFrame {
  protected buf: Buffer
  /** The body ends here. */
  protected at: number
  protected entries: number
  protected lastDb: number
  protected lastBy: Buffer | undefined

  /** `goesOn`: there is something in the segment already, and nobody knows what its last lines say. */
  constructor(goesOn: boolean) {
    this.buf = Buffer.allocUnsafeSlow(frameBufferBytes)
    this.at = bodyStart
    this.entries = 0
    this.lastDb = -1
    this.lastBy = goesOn ? unknownBy : undefined
  }

  get pendingBytes(): number {
    return this.at - bodyStart
  }

  append(db: number, by: Buffer | undefined, buf: Uint8Array, from: number, to: number): void {
    if (db !== this.lastDb || by !== this.lastBy) this.context(db, by)
    this.entries++
    this.copy(buf, from, to)
  }

  beginCommand(db: number, by: Buffer | undefined, words: number): void {
    if (db !== this.lastDb || by !== this.lastBy) this.context(db, by)
    this.entries++
    this.length(42, words)
  }

  beginRaw(db: number, by: Buffer | undefined, buf: Uint8Array, from: number, to: number): void {
    this.append(db, by, buf, from, to)
  }

  wordText(text: string): void {
    const size = text.length
    this.length(36, size)
    this.reserve(size + 2)
    if (size > 32) this.at += this.buf.write(text, this.at, 'latin1')
    else for (let i = 0; i < size; i++) this.buf[this.at++] = text.charCodeAt(i)
    this.crlf()
  }

  wordBytes(buf: Uint8Array, from: number, to: number): void {
    this.length(36, to - from)
    this.copy(buf, from, to)
    this.reserve(2)
    this.crlf()
  }

  words(buf: Uint8Array, from: number, to: number): void {
    this.copy(buf, from, to)
  }

  endCommand(): void {}

  multi(db: number, by: Buffer | undefined): void {
    if (db !== this.lastDb || by !== this.lastBy) this.context(db, by)
    this.copy(multiBytes, 0, multiBytes.length)
  }

  exec(): void {
    this.copy(execBytes, 0, execBytes.length)
  }

  note(line: Buffer): void {
    if (this.entries === 0) return
    this.copy(line, 0, line.length)
    this.lastBy = unknownBy
  }

  abandon(): void {
    this.at = bodyStart
    this.entries = 0
    // What the frame said of database and author is gone with it.
    this.lastDb = -1
    this.lastBy = unknownBy
  }

  /** The next entry says which database it is for, also when the one before was for the same: a reader begins there. */
  nameDatabase(): void {
    this.lastDb = -1
  }

  /** What was collected is sealed, and its bytes are elsewhere. */
  protected nextFrame(): void {
    this.at = bodyStart
    if (this.buf.length > frameBufferKeptBytesMax) this.buf = Buffer.allocUnsafeSlow(frameBufferBytes)
  }

  /** No line says anything of the entries that follow. */
  protected beginSegment(): void {
    this.lastDb = -1
    this.lastBy = undefined
  }

  /** The lines that go before an entry whose database or author differs from the entry before. */
  private context(db: number, by: Buffer | undefined): void {
    if (by !== this.lastBy) {
      const line = by ?? systemBy
      this.copy(line, 0, line.length)
      this.lastBy = by
    }
    if (db !== this.lastDb) {
      this.lastDb = db
      this.length(42, 2)
      this.wordText('SELECT')
      this.wordText(String(db))
    }
  }

  private copy(buf: Uint8Array, from: number, to: number): void {
    const size = to - from
    if (this.at + size > this.buf.length) this.reserve(size)
    const target = this.buf
    let at = this.at
    if (size < 64) for (let i = from; i < to; i++) target[at++] = buf[i]!
    else {
      target.set(buf.subarray(from, to), at)
      at += size
    }
    this.at = at
  }

  private length(sigil: number, n: number): void {
    this.reserve(16)
    this.buf[this.at++] = sigil
    if (n < 10) this.buf[this.at++] = 48 + n
    else {
      const text = String(n)
      for (let i = 0; i < text.length; i++) this.buf[this.at++] = text.charCodeAt(i)
    }
    this.crlf()
  }

  private crlf(): void {
    this.buf[this.at++] = CR
    this.buf[this.at++] = LF
  }

  private reserve(bytes: number): void {
    const need = this.at + bytes + 2
    if (need <= this.buf.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.buf.length * 2))
    this.buf.copy(grown, 0, 0, this.at)
    this.buf = grown
  }
}
