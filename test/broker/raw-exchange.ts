// Sends bytes as they are and collects all that comes back: for what no well-behaved client sends.
import net from 'node:net'

import { RespClient } from '../resp-client.ts'

export type Exchange = { reply: Buffer, closedByServer: boolean }

/** Turns of the server's event loop in which it has read all that was sent, and answered. */
const turnsEnough = 30

export function openSocket(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

/** Sends the bytes and ends the sending half; gives everything that comes back until the end. */
export async function sendAndFinish(port: number, bytes: Uint8Array): Promise<Buffer> {
  const socket = await openSocket(port)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.once('end', () => socket.destroy())
  socket.end(bytes)
  await closed
  return Buffer.concat(chunks)
}

/**
 * Sends the bytes and leaves the connection open: does the server close it by itself? One that is
 * open when another client has been served many times since counts as left open.
 */
export async function sendAndWatch(port: number, bytes: Uint8Array): Promise<Exchange> {
  const [socket, other] = await Promise.all([openSocket(port), RespClient.connect(port)])
  const chunks: Buffer[] = []
  let closedByServer = false
  const closed = (): void => void (closedByServer = true)
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.once('end', closed)
  socket.once('close', closed)
  await new Promise((resolve) => socket.write(bytes, resolve))
  for (let turns = 0; turns < turnsEnough; turns++) await other.call('PING')
  const outcome = { reply: Buffer.concat(chunks), closedByServer }
  socket.destroy()
  other.destroy()
  return outcome
}
