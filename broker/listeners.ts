// The doors: TCP on each bind address, TLS, and the unix socket.

import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { constants } from 'node:crypto'
import net from 'node:net'
import path from 'node:path'
import type { Server, Socket } from 'node:net'
import tls from 'node:tls'
import type { ConnectionOptions, SecureVersion, TLSSocket, TlsOptions } from 'node:tls'
import { MillraceError } from '../core/errors.ts'
import type { Values } from './config/table.ts'
import { readIntoOne } from './socket.ts'

/** What a new socket is: its unix path is '' for TCP. */
export type Accept = (socket: Socket, secure: boolean, unixPath: string) => void

export class Listeners {
  private readonly values: Values
  private readonly accept: Accept
  private plain: Server[]
  private secure: Server[]
  private unix: Server[]
  /** Kinds of doors that parameters were changed of. */
  private readonly changed: Set<'plain' | 'secure'>
  /** Doors are being opened anew; rejects when they can't be had, and then none of that kind is open. */
  opening: Promise<void> | undefined

  constructor(values: Values, accept: Accept) {
    this.values = values
    this.accept = accept
    this.changed = new Set()
    this.opening = undefined
    this.plain = []
    this.secure = []
    this.unix = []
  }

  /** Opens all doors. Throws LISTEN when an address that isn't optional can't be had, TLS for certificates. */
  async open(): Promise<void> {
    await this.openPlain()
    await this.openSecure()
    await this.openUnix()
  }

  /** Port of the first TCP listener: the one asked for, or what the system chose for 0 in tests. */
  get port(): number {
    return portOf(this.plain[0])
  }

  get tlsPort(): number {
    return portOf(this.secure[0])
  }

  /** After parameters of such doors changed: opens them anew. What changes in the same moment counts with it. */
  reopen(kind: 'plain' | 'secure'): void {
    this.changed.add(kind)
    this.opening ??= this.reopenChanged().finally(() => {
      this.opening = undefined
    })
  }

  /** Throws TLS when the certificates that are named now can't serve. */
  checkTls(): void {
    if (this.values.tlsPort === 0) return
    try {
      tls.createSecureContext(tlsOptions(this.values))
    } catch (error) {
      throw new MillraceError('TLS', (error as Error).message, error)
    }
  }

  /** Lets nobody in any more. */
  async close(): Promise<void> {
    await this.opening?.catch(() => {})
    await closeAll([...this.plain, ...this.secure, ...this.unix])
    this.plain = []
    this.secure = []
    this.unix = []
  }

  private async reopenChanged(): Promise<void> {
    await Promise.resolve()
    for (const kind of this.changed) {
      this.changed.delete(kind)
      const before = this[kind]
      this[kind] = []
      await closeAll(before)
      await (kind === 'plain' ? this.openPlain() : this.openSecure())
    }
  }

  private async openPlain(): Promise<void> {
    const { port } = this.values
    if (port === 0) return
    const accept = (socket: Socket): void => this.accept(readIntoOne(socket), false, '')
    const options = { noDelay: true, allowHalfOpen: true, pauseOnConnect: true }
    this.plain = await this.onEachAddress(port, () => net.createServer(options, accept))
  }

  private async openSecure(): Promise<void> {
    const port = this.values.tlsPort
    if (port === 0) return
    const options = tlsOptions(this.values)
    const accept = (socket: Socket): void => {
      // `optional` means that a client may come without a certificate, not that it may come with a bad one.
      const peer = socket as TLSSocket
      const optional = this.values.tlsAuthClients === 'optional'
      if (optional && !peer.authorized && peer.getPeerX509Certificate() !== undefined) socket.destroy()
      else this.accept(socket, true, '')
    }
    this.secure = await this.onEachAddress(port, () => {
      const server = tls.createServer({ ...options, allowHalfOpen: true, noDelay: true }, accept)
      server.on('tlsClientError', (_, socket) => socket.destroy())
      return server
    })
  }

  private async openUnix(): Promise<void> {
    const { unixsocket, unixsocketperm } = this.values
    if (unixsocket === '') return
    removeSocketFile(unixsocket)
    const accept = (socket: Socket): void => this.accept(readIntoOne(socket), false, unixsocket)
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, accept)
    await listen(server, { path: unixsocket, backlog: this.values.tcpBacklog })
    if (unixsocketperm !== 0) chmodSync(unixsocket, unixsocketperm)
    this.unix = [server]
  }

  private async onEachAddress(port: number, create: () => Server): Promise<Server[]> {
    const servers: Server[] = []
    for (const address of this.values.bind) {
      const optional = address.startsWith('-')
      const plain = optional ? address.slice(1) : address
      const host = plain === '*' ? '0.0.0.0' : plain === '::*' ? '::' : plain
      const server = create()
      try {
        await listen(server, { port, host, backlog: this.values.tcpBacklog, ipv6Only: host.includes(':') })
        servers.push(server)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (optional && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'ENOTFOUND')) continue
        await closeAll(servers)
        throw new MillraceError('LISTEN', `can't listen on ${plain}:${port}: ${(error as Error).message}`, error)
      }
    }
    if (servers.length === 0) throw new MillraceError('LISTEN', `no address to listen on port ${port}`)
    return servers
  }
}

function portOf(server: Server | undefined): number {
  const address = server?.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function listen(server: Server, options: net.ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.removeListener('error', reject)
      // Running out of descriptors makes accept fail for a while; the listener itself stays.
      server.on('error', () => {})
      resolve()
    })
  })
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  // The callback of close waits for all clients; here only the door is shut.
  for (const server of servers) server.close()
}

/** A socket left behind by a killed process is in the way; any other file is not ours to remove. */
function removeSocketFile(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isSocket() === true) rmSync(file)
}

function fileIfNamed(name: string): Buffer | undefined {
  try {
    return name === '' ? undefined : readFileSync(name)
  } catch (error) {
    throw new MillraceError('TLS', `can't read ${name}: ${(error as Error).message}`, error)
  }
}

function authorities(values: Values): Buffer[] | undefined {
  const dir = values.tlsCaCertDir
  const names = dir === '' ? [] : readdirSync(dir).map((name) => path.join(dir, name))
  if (values.tlsCaCertFile !== '') names.unshift(values.tlsCaCertFile)
  return names.length === 0 ? undefined : names.map((name) => fileIfNamed(name)!)
}

export function tlsOptions(values: Values): TlsOptions {
  if (values.tlsCertFile === '' || values.tlsKeyFile === '') {
    throw new MillraceError('TLS', 'tls-port needs tls-cert-file and tls-key-file')
  }
  const versions = values.tlsProtocols.split(/\s+/).filter((word) => /^TLSv1\.[23]$/i.test(word))
    .map((word) => `TLSv${word.slice(4)}`).toSorted()
  const ciphers = [values.tlsCiphersuites, values.tlsCiphers].filter((list) => list !== '').join(':')
  return {
    cert: fileIfNamed(values.tlsCertFile),
    key: fileIfNamed(values.tlsKeyFile),
    passphrase: values.tlsKeyFilePass === '' ? undefined : values.tlsKeyFilePass,
    ca: authorities(values),
    requestCert: values.tlsAuthClients !== 'no',
    rejectUnauthorized: values.tlsAuthClients === 'yes',
    honorCipherOrder: values.tlsPreferServerCiphers,
    dhparam: fileIfNamed(values.tlsDhParamsFile),
    sessionTimeout: values.tlsSessionCacheTimeout,
    secureOptions: values.tlsSessionCaching ? 0 : constants.SSL_OP_NO_TICKET,
    ...(ciphers === '' ? {} : { ciphers }),
    ...(versions.length === 0 ? {} : {
      minVersion: versions[0] as SecureVersion, maxVersion: versions.at(-1) as SecureVersion,
    }),
  }
}

/**
 * What a connection of ours to another server shows and whom it believes; `tls-client-cert-file` stands before
 * `tls-cert-file`. As with Redis, that server's name need not stand in its certificate.
 */
export function tlsClientOptions(values: Values): ConnectionOptions {
  const own = values.tlsClientCertFile !== ''
  const passphrase = own ? values.tlsClientKeyFilePass : values.tlsKeyFilePass
  return {
    cert: fileIfNamed(own ? values.tlsClientCertFile : values.tlsCertFile),
    key: fileIfNamed(own ? values.tlsClientKeyFile : values.tlsKeyFile),
    passphrase: passphrase === '' ? undefined : passphrase,
    ca: authorities(values),
    checkServerIdentity: () => undefined,
  }
}
