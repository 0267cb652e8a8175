// Replies as values of JavaScript, read from the buffer they were written to.
//
//   $n, =n  Buffer            +s  string      -e, !n  Error            :n  number, or bigint where it is not exact
//   *n, >n  array    %n  Map    ~n  Set       _, $-1, *-1  null        #t  boolean    ,x  number    (n  bigint
//
// https://redis.io/docs/latest/develop/reference/protocol-spec/

export type ReplyValue =
  | Buffer | string | number | bigint | boolean | null | Error | ReplyValue[] | Map<ReplyValue, ReplyValue>
  | Set<ReplyValue>

/** The whole reply that begins at `buf[at]`. The value keeps nothing of `buf`. */
export function decodeReply(buf: Buffer, at: number): ReplyValue {
  return new Decoder(buf, at).value()
}

class Decoder {
  private readonly buf: Buffer
  private at: number

  constructor(buf: Buffer, at: number) {
    this.buf = buf
    this.at = at
  }

  value(): ReplyValue {
    const sigil = String.fromCharCode(this.buf[this.at]!)
    const line = this.line()
    switch (sigil) {
      case '+': return line
      case '-': return new Error(line)
      case ':': return integer(line)
      case '_': return null
      case '#': return line === 't'
      case ',': return Number(line.replace('inf', 'Infinity'))
      case '(': return BigInt(line)
      case '$': return this.bulk(Number(line))
      case '=': return this.bulk(Number(line))!.subarray(4)
      case '!': return new Error(this.bulk(Number(line))!.toString('latin1'))
      case '*': case '>': return line === '-1' ? null : this.items(Number(line))
      case '~': return new Set(this.items(Number(line)))
      case '%': return this.map(Number(line))
      case '|':
        this.items(Number(line) * 2)
        return this.value()
      default: throw new Error(`no reply begins with ${sigil}`)
    }
  }

  private line(): string {
    const end = this.buf.indexOf(13, this.at)
    const text = this.buf.toString('latin1', this.at + 1, end)
    this.at = end + 2
    return text
  }

  private bulk(size: number): Buffer | null {
    if (size === -1) return null
    const from = this.at
    this.at = from + size + 2
    return Buffer.from(this.buf.subarray(from, from + size))
  }

  private items(count: number): ReplyValue[] {
    return Array.from({ length: count }, () => this.value())
  }

  private map(count: number): Map<ReplyValue, ReplyValue> {
    const map = new Map<ReplyValue, ReplyValue>()
    for (let i = 0; i < count; i++) {
      const key = this.value()
      map.set(key, this.value())
    }
    return map
  }
}

function integer(digits: string): number | bigint {
  const n = Number(digits)
  return Number.isSafeInteger(n) ? n : BigInt(digits)
}
