// A raw RESP2/RESP3 client for tests. It keeps each reply as the bytes that came, frames nothing
// away and retries nothing, so that a test can compare what two servers really sent.
import net from 'node:net'

/** Who waits longer for a reply waits in vain: an error tells it, before the whole run comes to its end. */
const replyTimeoutMs = 180_000

export type Arg = string | number | Uint8Array

const aggregateFactor: Record<string, number> = { '*': 1, '~': 1, '>': 1, '%': 2, '|': 2 }

/** Encodes one command as an array of bulk strings; strings are written as UTF-8. */
export function encodeCommand(args: readonly Arg[]): Buffer {
  if (args.some((arg) => typeof arg === 'object')) return encodeLatin1(args.map((arg) => bytesOf(arg).toString('latin1')))
  let text = `*${args.length}\r\n`
  for (const arg of args) text += `$${Buffer.byteLength(String(arg))}\r\n${arg as string | number}\r\n`
  return Buffer.from(text)
}

/** As `encodeCommand`, of words that have a character for each byte. */
export function encodeLatin1(words: readonly string[]): Buffer {
  let text = `*${words.length}\r\n`
  for (const word of words) text += `$${word.length}\r\n${word}\r\n`
  return Buffer.from(text, 'latin1')
}

function bytesOf(arg: Arg): Buffer {
  if (typeof arg !== 'object') return Buffer.from(String(arg))
  return Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength)
}

/** Finds where replies end, in any number of feeds: it never looks at a byte twice. */
class ReplyScanner {
  #at = 0
  #missing = 1

  /** The end of the reply that starts at 0, or -1 when `bytes` (grown since) isn't enough. */
  scan(bytes: Buffer): number {
    while (this.#missing > 0) {
      const lineEnd = bytes.indexOf('\r\n', this.#at, 'latin1')
      if (lineEnd === -1) return -1
      const type = String.fromCharCode(bytes[this.#at]!)
      const factor = aggregateFactor[type]
      let next = lineEnd + 2

      if (factor !== undefined) {
        const count = Math.max(0, Number(bytes.toString('latin1', this.#at + 1, lineEnd)))
        this.#missing += count * factor - (type === '|' ? 0 : 1)
      } else {
        if (type === '$' || type === '=' || type === '!') {
          const length = Number(bytes.toString('latin1', this.#at + 1, lineEnd))
          if (length >= 0) next += length + 2
          if (next > bytes.length) return -1
        } else if (!'+-:_,#('.includes(type)) {
          throw new Error(`no RESP type begins with ${JSON.stringify(type)}`)
        }
        this.#missing--
      }
      this.#at = next
    }
    const end = this.#at
    this.#at = 0
    this.#missing = 1
    return end
  }
}

type Waiter = {
  need: number
  got: Buffer[]
  resolve: (replies: Buffer[]) => void
  reject: (error: Error) => void
  late: NodeJS.Timeout
}

/** One connection. Replies are handed out in order; RESP3 pushes are kept apart in `pushes`. */
export class RespClient {
  readonly socket: net.Socket
  readonly pushes: Buffer[] = []
  readonly closed: Promise<void>
  #scanner = new ReplyScanner()
  #buffer = Buffer.alloc(1 << 14)
  #start = 0
  #end = 0
  #waiters: Waiter[] = []
  #ready: Buffer[] = []
  #failure: Error | null = null

  constructor(socket: net.Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#fail(new Error('connection closed'))
        resolve()
      })
    })
    socket.setNoDelay(true)
    socket.on('error', (error) => this.#fail(error))
    socket.on('data', (chunk: Buffer) => this.#feed(chunk))
  }

  static connect(port: number, host = '127.0.0.1'): Promise<RespClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new RespClient(socket))
      })
    })
  }

  /** Writes bytes as they are. */
  sendRaw(bytes: Uint8Array | string): void {
    this.socket.write(bytes)
  }

  /** Waits for the next `count` replies; rejects when the connection ends before them. */
  take(count: number): Promise<Buffer[]> {
    if (count === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#fail(new Error(`no reply in ${replyTimeoutMs} ms`)), replyTimeoutMs)
      late.unref()
      this.#waiters.push({ need: count, got: [], resolve, reject, late })
      this.#settle()
    })
  }

  /** Sends one command and waits for its reply's bytes. */
  async call(...args: Arg[]): Promise<Buffer> {
    this.sendRaw(encodeCommand(args))
    return (await this.take(1))[0]!
  }

  /** As `call`, with the reply as latin1 text: handy for short replies in assertions. */
  async text(...args: Arg[]): Promise<string> {
    return (await this.call(...args)).toString('latin1')
  }

  /** Sends the commands in one write and waits for all their replies. */
  pipeline(commands: readonly (readonly Arg[])[]): Promise<Buffer[]> {
    this.sendRaw(Buffer.concat(commands.map((command) => encodeCommand(command))))
    return this.take(commands.length)
  }

  /** The bytes received that were not handed out (whole replies and a partial one). */
  unread(): Buffer {
    return Buffer.concat([...this.#ready, this.#buffer.subarray(this.#start, this.#end)])
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.socket.destroy()
  }

  #feed(chunk: Buffer): void {
    this.#append(chunk)
    try {
      for (;;) {
        const length = this.#scanner.scan(this.#buffer.subarray(this.#start, this.#end))
        if (length === -1) break
        const reply = Buffer.from(this.#buffer.subarray(this.#start, this.#start + length))
        this.#start += length
        if (reply[0] === 0x3e) this.pushes.push(reply)
        else this.#ready.push(reply)
      }
    } catch (error) {
      this.#fail(error as Error)
      this.destroy()
    }
    this.#settle()
  }

  /** The buffer grows by doubling, so that a 512 MB reply in small chunks stays linear. */
  #append(chunk: Buffer): void {
    const held = this.#end - this.#start
    if (this.#end + chunk.length > this.#buffer.length) {
      let size = this.#buffer.length
      while (size < (held + chunk.length) * 2) size *= 2
      const grown = Buffer.alloc(size)
      this.#buffer.copy(grown, 0, this.#start, this.#end)
      this.#buffer = grown
      this.#start = 0
      this.#end = held
    }
    chunk.copy(this.#buffer, this.#end)
    this.#end += chunk.length
  }

  #settle(): void {
    let used = 0
    while (this.#waiters.length > 0) {
      const waiter = this.#waiters[0]!
      while (waiter.got.length < waiter.need && used < this.#ready.length) {
        waiter.got.push(this.#ready[used++]!)
      }
      if (waiter.got.length < waiter.need) break
      this.#waiters.shift()
      clearTimeout(waiter.late)
      waiter.resolve(waiter.got)
    }
    if (used > 0) this.#ready.splice(0, used)
    if (this.#failure !== null) this.#rejectWaiters(this.#failure)
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#rejectWaiters(this.#failure)
  }

  #rejectWaiters(error: Error): void {
    for (const waiter of this.#waiters.splice(0)) {
      clearTimeout(waiter.late)
      waiter.reject(error)
    }
  }
}
