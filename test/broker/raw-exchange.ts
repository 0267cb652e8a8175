// Sends bytes as they are and collects all that comes back: for what no well-behaved client sends.
import net from 'node:net'

export type Exchange = { reply: Buffer, closedByServer: boolean }

const quietMs = 150

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
 * silent for a while counts as left open.
 */
export async function sendAndWatch(port: number, bytes: Uint8Array): Promise<Exchange> {
  const socket = await openSocket(port)
  const chunks: Buffer[] = []
  let quiet: NodeJS.Timeout | undefined
  const outcome = await new Promise<Exchange>((resolve) => {
    const done = (closedByServer: boolean) => (): void =>
      resolve({ reply: Buffer.concat(chunks), closedByServer })
    const rest = (): void => {
      clearTimeout(quiet)
      quiet = setTimeout(done(false), quietMs)
    }
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      rest()
    })
    socket.once('end', done(true))
    socket.once('close', done(true))
    socket.write(bytes)
    rest()
  })
  clearTimeout(quiet)
  socket.destroy()
  return outcome
}
