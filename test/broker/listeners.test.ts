import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import tls from 'node:tls'
import test from 'ava'
import { createBroker } from '../../broker/broker.ts'
import { createConfig } from '../../broker/config/config.ts'
import { freePort, program, startMillrace, temporaryDirectory } from '../process.ts'
import { RespClient } from '../resp-client.ts'
import { until } from '../until.ts'
import { certificates } from './certificates.ts'
import { startBroker } from './in-process.ts'

function connectUnix(file: string): Promise<RespClient> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(file)
    socket.once('error', reject)
    socket.once('connect', () => resolve(new RespClient(socket)))
  })
}

/** The program's exit code. */
function exitCode(...args: string[]): number {
  try {
    execFileSync(process.execPath, [program, ...args], { stdio: 'pipe' })
    return 0
  } catch (error) {
    return (error as { status: number }).status
  }
}

/** What PING answers over TLS; the text of the error when the connection fails. */
function pingTls(port: number, options: tls.ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ...options }, () => {
      socket.write('PING\r\n')
    })
    socket.on('data', (chunk) => {
      resolve(chunk.toString())
      socket.destroy()
    })
    socket.on('error', () => resolve('failed'))
    socket.on('close', () => resolve('failed'))
  })
}

function failed(name: string, why: string): string {
  return `-ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}. Check server logs.\r\n`
}

test('a unix socket serves, with the mode that was asked for, and is gone after the stop', async (t) => {
  const dir = temporaryDirectory(t)
  const file = path.join(dir, 's.sock')
  const { broker } = await startBroker(t, { dir, args: ['--unixsocket', file, '--unixsocketperm', '700'] })
  t.is(statSync(file).mode & 0o777, 0o700)
  const client = await connectUnix(file)
  t.is(await client.text('PING'), '+PONG\r\n')
  t.is([...broker.clients.values()][0]!.addr, `${file}:0`)
  client.destroy()
  await broker.stop()
  t.is(statSync(file, { throwIfNoEntry: false }), undefined)
})

test('TLS: with a certificate of the authority, without one, and with a stranger\'s', async (t) => {
  const c = certificates(t)
  const ca = readFileSync(c.ca)
  const own = { ca, cert: readFileSync(c.cert), key: readFileSync(c.key) }
  const stranger = { ca, cert: readFileSync(c.strangerCert), key: readFileSync(c.strangerKey) }
  const expected = { yes: ['+PONG\r\n', 'failed', 'failed'], optional: ['+PONG\r\n', '+PONG\r\n', 'failed'] }
  for (const [mode, answers] of Object.entries(expected)) {
    const port = await freePort()
    await startBroker(t, {
      args: [
        '--tls-port', String(port), '--tls-cert-file', c.cert, '--tls-key-file', c.key, '--tls-ca-cert-file', c.ca,
        '--tls-auth-clients', mode,
      ],
    })
    const got = [await pingTls(port, own), await pingTls(port, { ca }), await pingTls(port, stranger)]
    t.deepEqual(got, answers, mode)
  }
})

test('TLS with large replies and many commands', async (t) => {
  const c = certificates(t)
  const port = await freePort()
  await startBroker(t, {
    args: [
      '--tls-port', String(port), '--tls-cert-file', c.cert, '--tls-key-file', c.key, '--tls-auth-clients', 'no',
    ],
  })
  const socket = tls.connect({ port, host: '127.0.0.1', ca: readFileSync(c.ca), servername: 'localhost' })
  await new Promise((resolve) => socket.once('secureConnect', resolve))
  const client = new RespClient(socket)
  const value = Buffer.alloc(3 << 20, 'xyz')
  t.is(await client.text('PUT', 'k', value), '+OK\r\n')
  const replies = await client.pipeline([...Array.from({ length: 1000 }, () => ['PING']), ['FETCH', 'k'], ['PING']])
  t.true(replies[1000]!.includes(value))
  t.is(String(replies[1001]), '+PONG\r\n')
  client.destroy()
})

test('CONFIG SET of a port that is taken, or of certificates that can not serve, is refused, and the doors stay', async (t) => {
  const c = certificates(t)
  const [port, tlsPort, other] = [await freePort(), await freePort(), await freePort()]
  const { broker } = await startBroker(t, {
    args: [
      '--port', String(port), '--bind', '127.0.0.1', '--tls-port', String(tlsPort), '--tls-cert-file', c.cert, '--tls-key-file', c.key,
      '--tls-auth-clients', 'no',
    ],
  })
  const holder = net.createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  t.teardown(() => holder.close())
  const taken = String((holder.address() as net.AddressInfo).port)
  const client = await RespClient.connect(port)
  const ca = readFileSync(c.ca)
  const doors = async (): Promise<void> => {
    const again = await RespClient.connect(port)
    t.is(await again.text('PING'), '+PONG\r\n')
    again.destroy()
    t.is(await pingTls(tlsPort, { ca }), '+PONG\r\n')
  }

  t.is(await client.text('CONFIG', 'SET', 'timeout', '7', 'port', taken), failed('port', 'Unable to listen on this port'))
  t.deepEqual([broker.config.values.port, broker.config.values.timeout], [port, 0])
  await doors()
  t.is(await client.text('CONFIG', 'SET', 'tls-port', taken), failed('tls-port', 'Unable to listen on this port'))
  await doors()
  const refused = failed('tls-cert-file', 'Unable to update TLS configuration')
  t.is(await client.text('CONFIG', 'SET', 'tls-cert-file', c.strangerCert), refused, 'the key belongs to another one')
  t.is(await client.text('CONFIG', 'SET', 'tls-cert-file', '/no/such/file'), refused)
  await doors()
  const both = ['tls-cert-file', c.strangerCert, 'tls-key-file', c.strangerKey]
  t.is(await client.text('CONFIG', 'SET', ...both, 'port', String(other)), '+OK\r\n')
  const there = await RespClient.connect(other)
  t.is(await there.text('CONFIG', 'SET', 'port', String(port), 'tls-cert-file', c.cert, 'tls-key-file', c.key), '+OK\r\n')
  there.destroy()
  await doors()
  client.destroy()
})

test('an address with a dash may be missing, any other must be there', async (t) => {
  const dir = temporaryDirectory(t)
  const start = async (bind: string): Promise<string> => {
    const config = createConfig(['--port', String(await freePort()), '--dir', dir, '--bind', ...bind.split(' ')])
    const broker = createBroker({ config })
    try {
      await broker.start()
      await broker.stop()
      return 'started'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  t.is(await start('127.0.0.1 -192.0.2.1'), 'started')
  t.is(await start('127.0.0.1 192.0.2.1'), 'LISTEN')
})

test('the program: SIGTERM ends it with 0 and removes its pid file; its log is in a file; it starts again', async (t) => {
  const server = await startMillrace(t, { args: ['--logfile', 'server.log', '--pidfile', 'server.pid'] })
  const client = await server.connect()
  const [log, pid] = ['server.log', 'server.pid'].map((name) => path.join(server.dir, name)) as [string, string]
  const begins = (): number => readFileSync(log, 'utf8').split('ready to accept connections').length - 1
  t.is(await client.text('PING'), '+PONG\r\n')
  t.is(readFileSync(pid, 'utf8'), `${server.pid}\n`)
  await until('its log says that it is ready', () => begins() === 1)
  process.kill(server.pid, 'SIGHUP')
  await until('its log tells of SIGHUP', () => readFileSync(log, 'utf8').includes('SIGHUP'))
  t.is(await client.text('PING'), '+PONG\r\n')
  t.is(await server.terminate(), 0)
  await client.closed
  t.is(server.output, '', 'all is in the file')
  t.is(statSync(pid, { throwIfNoEntry: false }), undefined)
  await server.start()
  await until('it says so again', () => begins() === 2)
  const again = await server.connect()
  t.is(await again.text('PING'), '+PONG\r\n')
  again.destroy()
})

test('the program: a port that is taken, or a wrong parameter, ends the start with 1', async (t) => {
  const holder = net.createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  t.teardown(() => holder.close())
  const { port } = holder.address() as net.AddressInfo
  t.is(exitCode('--port', String(port), '--bind', '127.0.0.1', '--dir', temporaryDirectory(t)), 1)
  t.is(exitCode('--no-such-parameter', 'x'), 1)
  t.is(exitCode('--logfile', '/no/such/folder/log', '--dir', temporaryDirectory(t)), 1)
})

test('the program: with daemonize another process serves, and goes on when the first has ended', async (t) => {
  const [dir, port] = [temporaryDirectory(t), await freePort()]
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--daemonize', 'yes', '--pidfile', 'server.pid']
  const pid = path.join(dir, 'server.pid')
  t.teardown(() => {
    if (statSync(pid, { throwIfNoEntry: false }) !== undefined) process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL')
  })
  t.is(exitCode(...words), 0)
  let client: RespClient | undefined
  await until('it serves', async () => {
    client = await RespClient.connect(port).catch(() => undefined)
    return client !== undefined
  })
  t.is(await client!.text('CONFIG', 'GET', 'daemonize'), '*2\r\n$9\r\ndaemonize\r\n$3\r\nyes\r\n')
  client!.sendRaw('SHUTDOWN\r\n')
  await client!.closed
  await until('it has ended', () => statSync(pid, { throwIfNoEntry: false }) === undefined)
})
