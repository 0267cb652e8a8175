// How bytes come from sockets. Node makes a buffer for each read of a plain socket and passes it through its stream
// machinery; with a user's buffer (`onread`, https://nodejs.org/api/net.html) it only calls back. All sockets share
// one: what a read brought is run before the next read of any of them.

import net from 'node:net'
import type { Socket } from 'node:net'
import { readBytesMax } from './limits.ts'

/** Takes `bytes[..end)`, which the next read of any socket overwrites. */
export type TakeBytes = (bytes: Buffer, end: number) => void

type Reader = { take: TakeBytes | undefined }
type WithHandle = { _handle: net.SocketConstructorOpts['handle'] | null }

const shared = Buffer.allocUnsafeSlow(readBytesMax)
const readers = new WeakMap<Socket, Reader>()

/** A just accepted plain socket, still paused, as one that reads into the shared buffer. */
export function readIntoOne(accepted: Socket): Socket {
  const held = accepted as unknown as WithHandle
  const handle = held._handle
  if (handle === null) return accepted
  held._handle = null
  const reader: Reader = { take: undefined }
  const callback = (size: number): boolean => {
    reader.take?.(shared, size)
    return true
  }
  const socket = new net.Socket({ handle, allowHalfOpen: true, onread: { buffer: shared, callback } })
  readers.set(socket, reader)
  return socket
}

/** Has `take` called with all that the socket receives, and starts reading. */
export function onBytes(socket: Socket, take: TakeBytes): void {
  const reader = readers.get(socket)
  if (reader === undefined) socket.on('data', (chunk: Buffer) => take(chunk, chunk.length))
  else {
    reader.take = take
    socket.resume()
  }
}
