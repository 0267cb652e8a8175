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

  constructor(allowHalfOpen: boolean) {
    super({ allowHalfOpen })
    this.peer = undefined
    this.peerWrote = undefined
    this.sentEnd = false
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
    else if (peer.push(Buffer.from(chunk))) done()
    else peer.peerWrote = done
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
    this.peer?.push(null)
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
