// A client within the broker's own process: both ends of a connection that never leaves memory. Clients that take any
// Duplex (ioredis with a Connector of its own) speak to an embedded broker through it, with all that a socket would do.

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Broker } from './broker.ts'
import { admitSocket } from './clients.ts'

/** One end. What is written to it is copied at once: the broker writes slices of a buffer that it uses again. */
class MemorySocket extends Duplex {
  /** Undefined once either end is closed. */
  private peer: MemorySocket | undefined
  /** The peer's write that waits until this end wants more. */
  private peerWrote: (() => void) | undefined
  private sentEnd: boolean
  /** What is on its way to the reader of this end; null is the end. */
  private coming: (Buffer | null)[]

  constructor(allowHalfOpen: boolean) {
    super({ allowHalfOpen })
    this.peer = undefined
    this.peerWrote = undefined
    this.sentEnd = false
    this.coming = []
  }

  /** The end of the server, which answers what came before it hears of the end, and that of the client. */
  static pair(): [MemorySocket, MemorySocket] {
    const [server, client] = [new MemorySocket(true), new MemorySocket(false)]
    server.peer = client
    client.peer = server
    return [server, client]
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const { peer } = this
    if (peer === undefined) done(connectionReset())
    else {
      peer.bring(Buffer.from(chunk))
      if (peer.readableLength < peer.readableHighWaterMark) done()
      else peer.peerWrote = done
    }
  }

  override _read(): void {
    const wrote = this.peerWrote
    this.peerWrote = undefined
    wrote?.()
  }

  override _final(done: () => void): void {
    this.endPeer()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.endPeer()
    if (this.peer !== undefined) this.peer.peer = undefined
    this.peer = undefined
    this._read()
    done(error)
  }

  /** Closes once everything that was written has been handed over. */
  destroySoon(): void {
    if (this.writableFinished) this.destroy()
    else this.end(() => this.destroy())
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  private endPeer(): void {
    if (this.sentEnd) return
    this.sentEnd = true
    this.peer?.bring(null)
  }

  /** Who reads may write at once: not in the middle of what the other side is doing, which may be ending a turn. */
  private bring(chunk: Buffer | null): void {
    this.coming.push(chunk)
    if (this.coming.length > 1) return
    queueMicrotask(() => {
      const chunks = this.coming
      this.coming = []
      for (const arrived of chunks) if (!this.destroyed) this.push(arrived)
    })
  }
}

function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}

/** Admits a client and returns its end of the connection. Its address reads `?:0`, as that of any unknown peer. */
export function connectInProcess(b: Broker): Duplex {
  const [server, client] = MemorySocket.pair()
  admitSocket(b, server as unknown as Socket, false, '')
  return client
}
