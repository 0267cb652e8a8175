// Frames what a client sends into commands, whatever the pieces it arrives in.
//
// Grammar: https://redis.io/docs/latest/develop/reference/protocol-spec/
//   command = "*" count CRLF count × ( "$" size CRLF bytes CRLF )  |  inline line
//
// A command that lies whole within one chunk is framed in place. One that straddles chunks is gathered in `held`, and
// only it: the scan resumes where it stopped, and the pieces taken from a chunk grow, or are exactly what a bulk of
// known size lacks. So a command costs time in proportion to its bytes, however it was cut, and a big value is held
// once.

import { Args, parseInt64 } from '../../core/args.ts'
import { inlineBytesMax } from '../../core/limits.ts'
import { splitInline } from './inline.ts'

/** What `next` found. */
export const found = { nothing: 0, command: 1, error: 2 } as const
export type Found = (typeof found)[keyof typeof found]

/** Bulks from this size get a buffer of exactly their command's size so far. */
const exactBytesMin = 32 * 1024
const heldBytesMin = 4 * 1024
const stepBytesMin = 256
const stepBytesMax = 64 * 1024
const countMax = 2 ** 31 - 1
/** What a client that has not authenticated may send, as Redis. */
const strangerCountMax = 10
const strangerBulkBytesMax = 16384
const empty = Buffer.alloc(0)

const progress = { more: 0, command: 1, ignored: 2, error: 3 } as const
type Progress = (typeof progress)[keyof typeof progress]

/** The bounds that CONFIG may move while connections live, by their names there. */
export type ParserBounds = { readonly protoMaxBulkLen: number }

export class RequestParser {
  /** The command that `next` framed; valid until the next call. */
  args: Args
  /** After an error: its text without the dash. */
  error: string
  /** Set while the client still has to authenticate. */
  stranger: boolean
  private readonly bounds: ParserBounds
  private readonly shared: Args
  private own: Args | undefined
  private chunk: Buffer
  private chunkAt: number
  private chunkEnd: number
  /** The chunk's bytes are the socket's, to be overwritten by its next read. */
  private lent: boolean
  private queue: Buffer[]
  private queuedBytes: number
  private held: Buffer
  private heldEnd: number
  private holding: boolean
  private step: number
  // The scan of the command in hand; offsets are those of the buffer that is scanned.
  private from: number
  private at: number
  private searched: number
  private count: number
  private index: number
  private bulk: number
  private canonical: boolean

  /** `shared` is framed anew with each command; one serves all parsers of a thread. */
  constructor(bounds: ParserBounds, shared: Args) {
    this.args = shared
    this.error = ''
    this.stranger = false
    this.bounds = bounds
    this.shared = shared
    this.own = undefined
    this.chunk = empty
    this.chunkAt = 0
    this.chunkEnd = 0
    this.lent = false
    this.queue = []
    this.queuedBytes = 0
    this.held = empty
    this.heldEnd = 0
    this.holding = false
    this.step = stepBytesMin
    this.from = 0
    this.at = 0
    this.searched = 0
    this.count = -1
    this.index = 0
    this.bulk = -1
    this.canonical = true
  }

  /** Bytes that came and were not framed yet. */
  get bufferedBytes(): number {
    return this.chunkEnd - this.chunkAt + this.queuedBytes + (this.holding ? this.heldEnd : 0)
  }

  /** Takes `bytes[..end)` that a client sent. They are lent: what is not framed and run by then, `keep` copies. */
  feed(bytes: Buffer, end: number): void {
    if (this.chunkAt === this.chunkEnd && this.queue.length === 0) {
      this.chunk = bytes
      this.chunkAt = 0
      this.chunkEnd = end
      this.lent = true
    } else {
      this.queue.push(Buffer.from(bytes.subarray(0, end)))
      this.queuedBytes += end
    }
  }

  /** Ends the loan of the bytes that were fed: copies what is left of them. */
  keep(): void {
    if (!this.lent) return
    this.lent = false
    const left = this.chunkEnd - this.chunkAt
    this.chunk = left === 0 ? empty : Buffer.from(this.chunk.subarray(this.chunkAt, this.chunkEnd))
    this.chunkAt = 0
    this.chunkEnd = left
  }

  /** Frames the next command into `args`. After an error the client can't be understood any more. */
  next(): Found {
    for (;;) {
      let state: Progress
      if (this.holding) {
        if (!this.takePiece()) return found.nothing
        state = this.scan(this.held, this.heldEnd)
        if (state === progress.more) continue
        this.endHolding()
      } else {
        const chunk = this.chunk
        if (this.chunkAt === this.chunkEnd) {
          if (!this.nextChunk()) return found.nothing
          continue
        }
        if (!this.stranger) {
          const end = frameWhole(this.shared, chunk, this.chunkAt, this.chunkEnd)
          if (end > 0) {
            this.chunkAt = end
            this.args = this.shared
            return found.command
          }
        }
        this.beginScan(this.chunkAt)
        state = this.scan(chunk, this.chunkEnd)
        if (state === progress.more) {
          this.hold()
          continue
        }
        this.chunkAt = this.at
      }
      if (state === progress.command) return found.command
      if (state === progress.error) return found.error
    }
  }

  /**
   * Looks at the commands that `next` will frame, as far as they lie whole in the chunk and at most as many as `from`
   * has room for: puts where the first argument behind the name lies in `bytes` into `from` and `to`. Returns how many.
   */
  peek(ahead: Args, from: Int32Array, to: Int32Array): number {
    if (this.holding || this.stranger) return 0
    let at = this.chunkAt
    let n = 0
    while (n < from.length && at < this.chunkEnd) {
      at = frameWhole(ahead, this.chunk, at, this.chunkEnd)
      if (at === 0) break
      const named = ahead.count > 1 ? 1 : 0
      from[n] = ahead.start[named]!
      to[n++] = ahead.end[named]!
    }
    return n
  }

  /** Forgets all that was buffered. */
  clear(): void {
    this.take(empty)
    this.queue = []
    this.queuedBytes = 0
    this.holding = false
    this.held = empty
    this.heldEnd = 0
  }

  /** Goes on with a chunk of its own. */
  private take(chunk: Buffer): void {
    this.chunk = chunk
    this.chunkAt = 0
    this.chunkEnd = chunk.length
    this.lent = false
  }

  private nextChunk(): boolean {
    const chunk = this.queue.shift()
    this.take(chunk ?? empty)
    if (chunk === undefined) return false
    this.queuedBytes -= chunk.length
    return true
  }

  /** Moves the incomplete command at the chunk's end into `held`, to be scanned again once from its beginning. */
  private hold(): void {
    const bytes = this.chunkEnd - this.chunkAt
    const lacking = this.bulk >= exactBytesMin ? this.at + this.bulk + 2 - this.from : 0
    this.ensureHeld(Math.max(bytes, lacking), 0)
    this.chunk.copy(this.held, 0, this.chunkAt, this.chunkEnd)
    this.heldEnd = bytes
    this.chunkAt = this.chunkEnd
    this.holding = true
    this.step = stepBytesMin
    this.beginScan(0)
    // The rest of the chunk was scanned without finding an end: so will this copy be, up to the same place.
    this.scan(this.held, this.heldEnd)
  }

  /** Copies a piece of the chunk behind what is held; false when no bytes are there. */
  private takePiece(): boolean {
    if (this.chunkAt === this.chunkEnd && !this.nextChunk()) return false
    let want = this.step
    if (this.step < stepBytesMax) this.step *= 2
    if (this.bulk >= 0) {
      const lacking = this.at + this.bulk + 2 - this.heldEnd
      if (lacking > want) want = lacking
      if (this.bulk >= exactBytesMin) {
        this.ensureHeld(this.at + this.bulk + 2, this.heldEnd)
        want = lacking
      }
    }
    const there = this.chunkEnd - this.chunkAt
    const bytes = want < there ? want : there
    this.ensureHeld(this.heldEnd + bytes, this.heldEnd)
    this.chunk.copy(this.held, this.heldEnd, this.chunkAt, this.chunkAt + bytes)
    this.heldEnd += bytes
    this.chunkAt += bytes
    return true
  }

  private ensureHeld(bytes: number, keep: number): void {
    const held = this.held
    if (bytes <= held.length) return
    // A first big value gets just its size; what goes on growing is doubled to stay linear.
    const size = keep < exactBytesMin ? Math.max(bytes, heldBytesMin) : Math.max(bytes, held.length * 2)
    const grown = Buffer.allocUnsafeSlow(size)
    if (keep > 0) held.copy(grown, 0, 0, keep)
    this.held = grown
  }

  /** The held command is whole: gives back to the chunk what was taken beyond it. */
  private endHolding(): void {
    this.chunkAt -= this.heldEnd - this.at
    this.holding = false
    this.heldEnd = 0
    // The framed command still lies in the buffer; only a small one is kept for the next straddling command.
    if (this.held.length > stepBytesMax) this.held = empty
  }

  private beginScan(from: number): void {
    this.from = from
    this.at = from
    this.searched = from
    this.count = -1
    this.index = 0
    this.bulk = -1
    this.canonical = true
  }

  /** Goes on with the command in hand as far as `buf[..end)` lasts. */
  private scan(buf: Buffer, end: number): Progress {
    if (this.count === -1) {
      if (this.at >= end) return progress.more
      if (buf[this.from] !== 42) return this.scanInline(buf, end)
      const line = this.lineEnd(buf, end)
      if (line === 0) return progress.more
      if (line === -1) return this.fail('too big mbulk count string')
      const count = parseInt64(buf, this.from + 1, line)
      if (Number.isNaN(count) || count > countMax) return this.fail('invalid multibulk length')
      if (this.stranger && count > strangerCountMax) return this.fail('unauthenticated multibulk length')
      this.nextLine(buf, line)
      if (count <= 0) return progress.ignored
      this.count = count
      this.own ??= new Args(16)
      this.own.count = 0
    }
    const own = this.own!
    while (this.index < this.count) {
      if (this.bulk === -1) {
        const line = this.lineEnd(buf, end)
        if (line === 0) return progress.more
        if (line === -1) return this.fail('too big bulk count string')
        const sigil = buf[this.at]!
        if (sigil !== 36) return this.fail(`expected '$', got '${String.fromCharCode(sigil)}'`)
        const bulk = parseInt64(buf, this.at + 1, line)
        if (!(bulk >= 0 && bulk <= this.bounds.protoMaxBulkLen)) return this.fail('invalid bulk length')
        if (this.stranger && bulk > strangerBulkBytesMax) return this.fail('unauthenticated bulk length')
        this.nextLine(buf, line)
        this.bulk = bulk
      }
      const bulkEnd = this.at + this.bulk
      if (bulkEnd + 2 > end) return progress.more
      if (this.index >= own.start.length) own.reserve(this.index + 1)
      own.start[this.index] = this.at
      own.end[this.index] = bulkEnd
      if (buf[bulkEnd] !== 13 || buf[bulkEnd + 1] !== 10) this.canonical = false
      this.index++
      this.bulk = -1
      this.at = bulkEnd + 2
      this.searched = this.at
    }
    own.buf = buf
    own.count = this.count
    // Bytes that only a lenient reader takes must not reach the log as they are.
    own.rawStart = this.canonical ? this.from : -1
    own.rawEnd = this.canonical ? this.at : -1
    this.args = own
    return progress.command
  }

  /** Offset of the header line's CR when the byte behind it is there too; 0 for more bytes, -1 for a line too long. */
  private lineEnd(buf: Buffer, end: number): number {
    let at = this.searched
    while (at < end && buf[at] !== 13) at++
    this.searched = at
    if (at === end) return end - this.at > inlineBytesMax ? -1 : 0
    return at + 1 < end ? at : 0
  }

  private nextLine(buf: Buffer, line: number): void {
    if (buf[line + 1] !== 10) this.canonical = false
    this.at = line + 2
    this.searched = this.at
  }

  private scanInline(buf: Buffer, end: number): Progress {
    let at = this.searched
    while (at < end && buf[at] !== 10) at++
    this.searched = at
    if (at === end) return end - this.from > inlineBytesMax ? this.fail('too big inline request') : progress.more
    this.at = at + 1
    const lineEnd = at > this.from && buf[at - 1] === 13 ? at - 1 : at
    this.own ??= new Args(16)
    const words = splitInline(this.own, buf, this.from, lineEnd)
    if (words < 0) return this.fail('unbalanced quotes in request')
    if (words === 0) return progress.ignored
    this.args = this.own
    return progress.command
  }

  private fail(text: string): Progress {
    this.error = `ERR Protocol error: ${text}`
    return progress.error
  }
}

/**
 * Frames a command that lies whole and in canonical form at `from`. Returns the offset behind it, or 0 when it is
 * anything else, which the slow scan then looks at.
 */
function frameWhole(args: Args, buf: Buffer, from: number, to: number): number {
  if (buf[from] !== 42) return 0
  let at = from + 1
  let c = buf[at]! - 48
  if (!(c >= 1 && c <= 9)) return 0
  let count = c
  while ((c = buf[++at]! - 48) >= 0 && c <= 9) {
    count = count * 10 + c
    if (count > to) return 0
  }
  if (at + 2 >= to || buf[at] !== 13 || buf[at + 1] !== 10) return 0
  at += 2
  if (count > args.start.length) args.reserve(count)
  const start = args.start
  const end = args.end
  for (let i = 0; i < count; i++) {
    if (at + 4 > to || buf[at] !== 36) return 0
    c = buf[++at]! - 48
    if (!(c >= 0 && c <= 9)) return 0
    let size = c
    if (size === 0) at++
    else {
      while ((c = buf[++at]! - 48) >= 0 && c <= 9) {
        size = size * 10 + c
        if (size > to) return 0
      }
    }
    if (buf[at] !== 13) return 0
    const bulkEnd = at + 2 + size
    if (bulkEnd + 2 > to || buf[at + 1] !== 10) return 0
    if (buf[bulkEnd] !== 13 || buf[bulkEnd + 1] !== 10) return 0
    start[i] = at + 2
    end[i] = bulkEnd
    at = bulkEnd + 2
  }
  args.buf = buf
  args.count = count
  args.rawStart = from
  args.rawEnd = at
  return at
}
