// A lean client: pipelines bytes and counts replies. A full client library would be the bottleneck of what is measured.

import net from 'node:net'

export type Wire = {
  /** Sends commands, and resolves with the bytes of the `replies` top-level replies to them. */
  send: (bytes: string | Buffer, replies: number) => Promise<Buffer>
  close: () => void
}

export function connect(port: number): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    let chunks: Buffer[] = []
    let waiting: { replies: number; done: (bytes: Buffer) => void } | undefined
    let counter = replyCounter()
    socket.once('error', reject)
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (waiting === undefined || counter(chunk) < waiting.replies) return
      const { done } = waiting
      waiting = undefined
      done(Buffer.concat(chunks))
    })
    socket.once('connect', () => {
      resolve({
        send(bytes, replies) {
          chunks = []
          counter = replyCounter()
          return new Promise((done) => {
            waiting = { replies, done }
            socket.write(bytes)
          })
        },
        close: () => socket.destroy(),
      })
    })
  })
}

/** Counts whole top-level RESP2 replies over chunks. */
function replyCounter(): (chunk: Buffer) => number {
  let whole = 0
  let skip = 0
  let open = 0
  let sigil = 0
  let number = 0
  let negative = false
  let inLine = false
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (skip > 0) {
        const step = Math.min(skip, chunk.length - at)
        skip -= step
        at += step
        if (skip > 0) break
        if (open === 0) whole++
        continue
      }
      const c = chunk[at++]!
      if (!inLine) {
        sigil = c
        number = 0
        negative = false
        inLine = true
        if (open > 0) open--
      } else if (c === 45) negative = true
      else if (c >= 48 && c <= 57) number = number * 10 + c - 48
      else if (c === 10) {
        inLine = false
        if (sigil === 36 && !negative) skip = number + 2
        else {
          if (sigil === 42 && !negative) open += number
          if (open === 0) whole++
        }
      }
    }
    return whole
  }
}
