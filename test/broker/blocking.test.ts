import test from 'ava'
import type { RespClient } from '../resp-client.ts'
import { startBroker } from './in-process.ts'
import type { InProcess } from './in-process.ts'
import { parked } from './waiters.ts'

async function waiters(server: InProcess, key: string, count: number): Promise<RespClient[]> {
  const clients: RespClient[] = []
  for (let i = 0; i < count; i++) {
    const client = await server.connect()
    client.sendRaw(`TAKE ${key} 0\r\n`)
    clients.push(client)
    await parked(server, i + 1)
  }
  return clients
}

test('who came first is served first', async (t) => {
  const server = await startBroker(t)
  const clients = await waiters(server, 'k', 5)
  const giver = await server.connect()
  for (let i = 0; i < 5; i++) {
    const reply = clients[i]!.take(1)
    t.is(await giver.text('PUT', 'k', `v${i}`), '+OK\r\n')
    t.is(String((await reply)[0]), `$2\r\nv${i}\r\n`)
  }
  t.is(server.broker.blocking.count, 0)
  t.is(server.broker.engine.onReady, undefined)
  for (const client of [...clients, giver]) client.destroy()
})

test('a transaction wakes waiters when it is over, with what it left', async (t) => {
  const server = await startBroker(t)
  const [waiter] = await waiters(server, 'k', 1)
  const giver = await server.connect()
  const replies = await giver.pipeline([['MULTI'], ['PUT', 'k', 'a'], ['PUT', 'k', 'b'], ['EXEC'], ['FETCH', 'k']])
  t.deepEqual(replies.slice(3).map(String), ['*2\r\n+OK\r\n+OK\r\n', '$-1\r\n'])
  t.is(String((await waiter!.take(1))[0]), '$1\r\nb\r\n')
  waiter!.destroy()
  giver.destroy()
})

test('the time is up: nil, and the commands behind run', async (t) => {
  const server = await startBroker(t)
  const client = await server.connect()
  client.sendRaw('TAKE k 20\r\nPING\r\n')
  t.deepEqual((await client.take(2)).map(String), ['$-1\r\n', '+PONG\r\n'])
  client.destroy()
})

test('commands behind a blocked one wait for it', async (t) => {
  const server = await startBroker(t)
  const [waiter] = await waiters(server, 'k', 1)
  waiter!.sendRaw('PING\r\nPUT k again\r\nFETCH k\r\n')
  const giver = await server.connect()
  await giver.text('PING')
  t.is(waiter!.unread().length, 0)
  await giver.text('PUT', 'k', 'v')
  t.deepEqual((await waiter!.take(4)).map(String), ['$1\r\nv\r\n', '+PONG\r\n', '+OK\r\n', '$5\r\nagain\r\n'])
  waiter!.destroy()
  giver.destroy()
})

test('a client that leaves while it waits is forgotten, and takes nothing', async (t) => {
  const server = await startBroker(t)
  const [gone, stays] = await waiters(server, 'k', 2)
  gone!.destroy()
  await parked(server, 1)
  const giver = await server.connect()
  await giver.text('PUT', 'k', 'v')
  t.is(String((await stays!.take(1))[0]), '$1\r\nv\r\n')
  stays!.destroy()
  giver.destroy()
})

test('UNBLOCK ends a wait as if the time were up, or with an error', async (t) => {
  const server = await startBroker(t)
  const [one, other] = await waiters(server, 'k', 2)
  const [first, second] = [...server.broker.clients.values()]
  t.true(server.broker.blocking.unblock(first!, 'timeout'))
  t.true(server.broker.blocking.unblock(second!, 'error'))
  t.false(server.broker.blocking.unblock(first!, 'timeout'))
  t.is(String((await one!.take(1))[0]), '$-1\r\n')
  t.is(String((await other!.take(1))[0]), '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n')
  one!.destroy()
  other!.destroy()
})

test('what a woken client took is logged: it stays taken after a restart', async (t) => {
  const server = await startBroker(t)
  const [waiter] = await waiters(server, 'k', 1)
  const giver = await server.connect()
  await giver.text('PUT', 'k', 'v')
  await waiter!.take(1)
  await server.broker.stop()
  const second = await startBroker(t, { dir: server.dir })
  const client = await second.connect()
  t.is(await client.text('FETCH', 'k'), '$-1\r\n')
  client.destroy()
})
