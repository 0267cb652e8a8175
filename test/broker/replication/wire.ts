// A wire between a replica and its master that can be cut, at once or after so many more bytes.

import net from 'node:net'
import type { Scope } from '../../process.ts'

export class Wire {
  readonly port: number
  private readonly sockets: Set<net.Socket>
  private leftBytes: number

  private constructor(port: number) {
    this.port = port
    this.sockets = new Set()
    this.leftBytes = Infinity
  }

  /** Leads to `port` of loopback; ends with the scope. */
  static async to(scope: Scope, port: number): Promise<Wire> {
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const wire = new Wire((server.address() as net.AddressInfo).port)
    server.on('connection', (near) => wire.join(near, net.connect({ port, host: '127.0.0.1' })))
    scope.teardown(() => {
      server.close()
      wire.cut()
    })
    return wire
  }

  /** Cuts all that goes through it; who connects again is led on. */
  cut(): void {
    this.leftBytes = Infinity
    for (const socket of this.sockets) socket.destroy()
  }

  /** Cuts when so many more bytes went to the replica. */
  cutAfter(bytes: number): void {
    this.leftBytes = bytes
  }

  private join(near: net.Socket, far: net.Socket): void {
    for (const [one, other] of [[near, far], [far, near]] as const) {
      this.sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        this.sockets.delete(one)
        other.destroy()
      })
      one.on('data', (bytes: Buffer) => this.pass(one, other, bytes, one === far))
    }
  }

  private pass(from: net.Socket, to: net.Socket, bytes: Buffer, counts: boolean): void {
    const part = counts ? bytes.subarray(0, this.leftBytes) : bytes
    if (counts) this.leftBytes -= part.length
    if (!to.write(part)) {
      from.pause()
      to.once('drain', () => from.resume())
    }
    if (this.leftBytes <= 0) this.cut()
  }
}
