// Who may come in, and who must go: maxclients, protected mode, idle clients, clients that don't read.

import type { Socket } from 'node:net'
import type { Broker } from './broker.ts'
import { Connection } from './connection.ts'

const denied = '-DENIED Redis is running in protected mode because protected mode is enabled and no password is '
  + 'set for the default user. In this mode connections are only accepted from the loopback interface. '
  + 'If you want to connect from external computers to Redis you may adopt one of the following '
  + "solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from "
  + 'the loopback interface by connecting to Redis from the same host the server is running, however '
  + 'MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make '
  + 'this change permanent. 2) Alternatively you can just disable the protected mode by editing the '
  + "Redis configuration file, and setting the protected mode option to 'no', and then restarting the "
  + 'server. 3) If you started the server manually just for testing, restart it with the '
  + "'--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: "
  + 'You only need to do one of the above things in order for the server to start accepting connections '
  + 'from the outside.\r\n'

/** Makes a client of a socket, or turns it away. */
export function admitSocket(b: Broker, socket: Socket, secure: boolean, unixPath: string): void {
  const { values } = b.config
  if (b.stopping) {
    socket.destroy()
    return
  }
  if (b.clients.size >= values.maxclients) {
    b.stats.rejectedConnections++
    turnAway(socket, '-ERR max number of clients reached\r\n')
    return
  }
  if (unixPath === '' && values.protectedMode && b.acl.defaultNoPassword && !isLoopback(socket.remoteAddress)) {
    b.stats.rejectedConnections++
    turnAway(socket, denied)
    return
  }
  if (unixPath === '' && values.tcpKeepalive > 0) socket.setKeepAlive(true, values.tcpKeepalive * 1000)
  const c = new Connection(b, b.nextClientId++, socket, secure, unixPath)
  b.clients.set(c.id, c)
  b.stats.connections++
}

/** Ten times a second: closes who is idle for too long, and who does not read what it is sent. */
export function watchClients(b: Broker): void {
  const { timeout } = b.config.values
  const nowMs = b.engine.clock.nowMs()
  for (const c of b.clients.values()) {
    const idle = nowMs - c.lastActiveMs
    const mayIdle = c.parked !== undefined || c.outputClass !== 'normal' || b.monitors.has(c)
    if (timeout > 0 && !mayIdle && idle > timeout * 1000) c.destroy()
    else c.enforceOutputLimit()
  }
}

function turnAway(socket: Socket, text: string): void {
  socket.on('error', () => socket.destroy())
  socket.end(text)
  socket.destroySoon()
}

function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return true
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address
  return plain.startsWith('127.') || plain === '::1'
}
