import net from 'node:net'
import test from 'ava'
import { until } from '../until.ts'
import { startBroker } from './in-process.ts'
import { parked } from './waiters.ts'

test('maxclients turns further clients away, with the reason', async (t) => {
  const server = await startBroker(t, { args: ['--maxclients', '2'] })
  const clients = [await server.connect(), await server.connect()]
  await Promise.all(clients.map((client) => client.text('PING')))
  const third = await server.connect()
  t.is(String((await third.take(1))[0]), '-ERR max number of clients reached\r\n')
  await third.closed
  clients[0]!.destroy()
  await until(() => server.broker.clients.size === 1)
  const fourth = await server.connect()
  t.is(await fourth.text('PING'), '+PONG\r\n')
  fourth.destroy()
  clients[1]!.destroy()
})

test('timeout closes idle clients, but not those that wait for a key', async (t) => {
  const server = await startBroker(t)
  const { config } = server.broker
  const [idle, waiting] = await Promise.all([server.connect(), server.connect()])
  waiting.sendRaw('TAKE k 0\r\n')
  await parked(server, 1)
  t.is(config.set([['timeout', '1']]), undefined)
  await idle.closed
  t.is(config.set([['timeout', '0']]), undefined)
  const giver = await server.connect()
  await giver.text('PUT', 'k', 'v')
  t.is(String((await waiting.take(1))[0]), '$1\r\nv\r\n')
  waiting.destroy()
  giver.destroy()
})

test('a client that does not read beyond its hard output limit is closed', async (t) => {
  const server = await startBroker(t, { args: ['--client-output-buffer-limit', 'normal 4mb 0 0'] })
  const client = await server.connect()
  await client.text('PUT', 'k', Buffer.alloc(1 << 20))
  const socket = net.connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  socket.write('FETCH k\r\n'.repeat(200))
  await until(() => server.broker.stats.outputBufferDisconnections === 1)
  t.is(await client.text('PING'), '+PONG\r\n')
  socket.destroy()
  client.destroy()
})

test('without a limit, a client that does not read is not served further until it does', async (t) => {
  const server = await startBroker(t)
  const client = await server.connect()
  await client.text('PUT', 'k', Buffer.alloc(4 << 20))
  const socket = net.connect(server.port, '127.0.0.1')
  socket.pause()
  const count = 60
  socket.write('FETCH k\r\n'.repeat(count))
  await until(() => [...server.broker.clients.values()].some((c) => c.stalled))
  const pending = Math.max(...Array.from(server.broker.clients.values(), (c) => c.outputBytes))
  t.true(pending < 80 << 20, `${pending} bytes are pending`)
  let received = 0
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  socket.resume()
  const reply = (4 << 20) + '$4194304\r\n\r\n'.length
  await until(() => received === reply * count)
  t.is(await client.text('PING'), '+PONG\r\n')
  socket.destroy()
  client.destroy()
})

test('a command beyond client-query-buffer-limit closes the client', async (t) => {
  const server = await startBroker(t, { args: ['--client-query-buffer-limit', '1mb'] })
  const client = await server.connect()
  client.socket.on('error', () => {})
  client.sendRaw(Buffer.concat([Buffer.from('*2\r\n$4\r\nPING\r\n$3000000\r\n'), Buffer.alloc(2_000_000)]))
  await client.closed
  t.is(server.broker.stats.queryBufferDisconnections, 1)
})

test('before authentication only what needs none is served', async (t) => {
  const server = await startBroker(t, { args: ['--requirepass', 'secret'] })
  const client = await server.connect()
  const denied = '-NOAUTH Authentication required.\r\n'
  t.deepEqual((await client.pipeline([['FETCH', 'k'], ['PING'], ['NOPE']])).map(String).slice(0, 2), [denied, denied])
  client.sendRaw('*11\r\n')
  t.is(String((await client.take(1))[0]), '-ERR Protocol error: unauthenticated multibulk length\r\n')
  await client.closed
})
