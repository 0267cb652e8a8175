// The data of a running redis-server: asks for it as a replica would (SYNC) and keeps the RDB that comes.
//
//   SYNC ─▶   ◀─ \n \n … (it forks) ◀─ $<bytes>\r\n <RDB>      or  $EOF:<40 bytes>\r\n <RDB> <the same 40 bytes>

import net from 'node:net'
import tls from 'node:tls'
import { writeAll } from '../../core/disk.ts'
import { MillraceError } from '../../core/errors.ts'
import { breathe } from './drive.ts'
import type { Io } from './verb.ts'

const markBytes = 40
const portDefault = 6379

/** Writes the server's data to `file`. Throws MillraceError SOURCE_REFUSED, SOURCE_ENDED. */
export async function fetchRdb(io: Io, url: string, file: string): Promise<void> {
  const { hostname, port, username, password, protocol } = new URL(url)
  const where = { host: hostname || '127.0.0.1', port: port === '' ? portDefault : Number(port) }
  const socket = protocol === 'rediss:' ? tls.connect(where) : net.connect(where)
  const { disk } = io
  const fd = disk.openAppend(file)
  try {
    const words = username === '' ? [password] : [username, password]
    if (password !== '') socket.write(command('AUTH', ...words.map((word) => decodeURIComponent(word))))
    socket.write(command('SYNC'))
    await receive(io, socket, fd, password !== '' ? 1 : 0)
    disk.sync(fd)
  } finally {
    socket.destroy()
    disk.close(fd)
  }
}

function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

async function receive(io: Io, socket: net.Socket, fd: number, replies: number): Promise<void> {
  let head: Buffer | undefined = Buffer.alloc(0)
  let awaited = replies
  let total = -1
  let mark: Buffer | undefined
  /** The last bytes that came, which may be the mark of the end. */
  let tail: Buffer = Buffer.alloc(0)
  let at = 0
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let bytes = chunk
    while (head !== undefined) {
      head = Buffer.concat([head, bytes])
      const end = head.indexOf(10)
      if (end < 0) break
      const line = head.toString('latin1', 0, end).trimEnd()
      bytes = Buffer.from(head.subarray(end + 1))
      head = Buffer.alloc(0)
      if (line === '') continue
      if (awaited > 0 && line.startsWith('+')) {
        awaited--
        continue
      }
      if (!line.startsWith('$')) throw new MillraceError('SOURCE_REFUSED', `the server answers: ${line}`)
      if (line.startsWith('$EOF:')) mark = Buffer.from(line.slice(5), 'latin1')
      else total = Number(line.slice(1))
      head = undefined
    }
    if (head !== undefined) continue
    if (mark !== undefined) {
      const all: Buffer = Buffer.concat([tail, bytes])
      const ended = all.length >= markBytes && all.subarray(-markBytes).equals(mark)
      const kept = Math.min(all.length, markBytes)
      tail = all.subarray(all.length - kept)
      bytes = all.subarray(0, all.length - kept)
      if (ended) total = at + bytes.length
    }
    const size = total < 0 ? bytes.length : Math.min(bytes.length, total - at)
    writeAll(io.disk, fd, bytes, 0, size, at)
    at += size
    io.progress.show('fetching', '', at, Math.max(0, total))
    if (at === total) return
    await breathe(io)
  }
  throw new MillraceError('SOURCE_ENDED', `the server closed the connection after ${at} bytes`)
}
