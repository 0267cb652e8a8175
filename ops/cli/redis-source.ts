// The data of a running redis-server: asks for it as a replica would (SYNC) and keeps the RDB that comes.
//
//   SYNC ─▶   ◀─ \n \n … (it forks) ◀─ $<bytes>\r\n <RDB>      or  $EOF:<40 bytes>\r\n <RDB> <the same 40 bytes>

import type net from 'node:net'
import { encodeWords } from '../../core/args.ts'
import { DatasetReceiver } from '../../broker/replication/dataset-receive.ts'
import { MillraceError } from '../../core/errors.ts'
import { breathe } from './drive.ts'
import { connectRedis } from './redis-address.ts'
import type { Io } from './verb.ts'

/** Writes the server's data to `file`. Throws MillraceError SOURCE_REFUSED, SOURCE_ENDED. */
export async function fetchRdb(io: Io, url: string, file: string): Promise<void> {
  const { socket, auth } = connectRedis(url)
  try {
    if (auth !== undefined) socket.write(encodeWords(auth))
    socket.write(encodeWords(['SYNC']))
    await receive(io, socket, file, auth === undefined ? 0 : 1)
  } finally {
    socket.destroy()
  }
}

async function receive(io: Io, socket: net.Socket, file: string, replies: number): Promise<void> {
  let receiver: DatasetReceiver | undefined
  let head: Buffer = Buffer.alloc(0)
  let awaited = replies
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      let bytes: Buffer = receiver === undefined ? Buffer.concat([head, chunk]) : chunk
      while (receiver === undefined) {
        const end = bytes.indexOf(10)
        if (end < 0) break
        const line = bytes.toString('latin1', 0, end).trimEnd()
        bytes = bytes.subarray(end + 1)
        if (line.startsWith('$')) receiver = new DatasetReceiver(io.disk, file, line)
        else if (awaited > 0 && line.startsWith('+')) awaited--
        else if (line !== '') throw new MillraceError('SOURCE_REFUSED', `the server answers: ${line}`)
      }
      if (receiver === undefined) {
        head = Buffer.from(bytes)
        continue
      }
      const isWhole = receiver.take(bytes) !== undefined
      io.progress.show('fetching', '', receiver.bytes, Math.max(0, receiver.bytesTotal))
      if (isWhole) return receiver.sync()
      await breathe(io)
    }
  } finally {
    receiver?.close()
  }
  throw new MillraceError('SOURCE_ENDED', `the server closed the connection after ${receiver?.bytes ?? 0} bytes`)
}
