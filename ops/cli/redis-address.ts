// A redis-server as operators name it: redis://[[user]:password@]host[:port][/db], rediss:// with TLS.

import net from 'node:net'
import tls from 'node:tls'
import { UsageError } from './verb.ts'

const portDefault = 6379

export type RedisConnection = {
  socket: net.Socket
  /** The AUTH that must be sent first; undefined where the address has no password. */
  auth: string[] | undefined
  db: number
}

/** Begins to connect; errors come from the socket. */
export function connectRedis(address: string): RedisConnection {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const db = /^\/?(\d{0,9})$/.exec(url?.pathname ?? '?')
  if (url === undefined || db === null) throw new UsageError(`no address of a server: ${address}`)
  const { hostname, port, username, password, protocol } = url
  const host = hostname.replaceAll(/^\[|\]$/g, '') || '127.0.0.1'
  const where = { host, port: port === '' ? portDefault : Number(port) }
  const socket = protocol === 'rediss:' ? tls.connect(where) : net.connect(where)
  const words = username === '' ? [password] : [username, password]
  return {
    socket, db: Number(db[1]),
    auth: password === '' ? undefined : ['AUTH', ...words.map((word) => decodeURIComponent(word))],
  }
}
