import test from 'ava'
import { startBroker } from './in-process.ts'

test('replies come in the order of the commands, however large the pipeline is', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  const count = 20_000
  const replies = await client.pipeline(Array.from({ length: count }, (_, i) => ['PING', String(i)]))
  t.deepEqual(replies.map((reply) => reply.toString().split('\r\n')[1]), Array.from({ length: count }, (_, i) => String(i)))
  client.destroy()
})

test('a client with a huge pipeline leaves the others their turns', async (t) => {
  const { connect } = await startBroker(t)
  const [greedy, modest] = await Promise.all([connect(), connect()])
  const total = 200_000
  let served = 0
  greedy.socket.on('data', (chunk: Buffer) => {
    served += chunk.length / 7
  })
  greedy.sendRaw('PING\r\n'.repeat(total))
  t.is(await modest.text('PING'), '+PONG\r\n')
  t.true(served < total, `the other waited for ${served} of ${total} replies`)
  await greedy.take(total)
  greedy.destroy()
  modest.destroy()
})

test('a slow command ends its client\'s share of the turn', async (t) => {
  const { connect } = await startBroker(t)
  const [greedy, modest] = await Promise.all([connect(), connect()])
  let naps = 0
  greedy.socket.on('data', (chunk: Buffer) => {
    naps += chunk.length / 5
  })
  greedy.sendRaw('NAP 5\r\n'.repeat(40))
  t.is(await modest.text('PING'), '+PONG\r\n')
  t.true(naps < 40)
  await greedy.take(40)
  greedy.destroy()
  modest.destroy()
})

test('an unknown command and a wrong number of arguments spoil nothing behind them', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  const replies = await client.pipeline([['FOO', 'a', 'b'], ['FETCH'], ['PING'], ['Ping', 'x']])
  t.deepEqual(replies.map(String), [
    '-ERR unknown command \'FOO\', with args beginning with: \'a\' \'b\' \r\n',
    '-ERR wrong number of arguments for \'fetch\' command\r\n',
    '+PONG\r\n',
    '$1\r\nx\r\n',
  ])
  client.destroy()
})

test('a value of many megabytes goes in and out whole', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  const value = Buffer.alloc(24 << 20, 'abcdefghij')
  t.is(await client.text('PUT', 'big', value), '+OK\r\n')
  const reply = await client.call('FETCH', 'big')
  t.true(reply.subarray(reply.indexOf('\n') + 1, -2).equals(value))
  client.destroy()
})

test('a turn whose replies pile up ends early: many clients that ask for much are served from little memory', async (t) => {
  const server = await startBroker(t)
  const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
  await clients[0]!.call('RPUSH', 'l', ...Array.from({ length: 600 }, (_, i) => `${i}`.padEnd(100, 'x')))
  const before = server.broker.outbox.turn
  const replies = await Promise.all(clients.map((client) =>
    client.pipeline(Array.from({ length: 16 }, () => ['LRANGE', 'l', 0, -1]))))
  const [expected] = replies[0]!
  t.is(expected!.length, 6 + 600 * 108)
  t.true(replies.flat().every((reply) => reply.equals(expected!)))
  // 20 MB of replies; a turn makes less than three quarters of one.
  t.true(server.broker.outbox.turn - before > 27, `${server.broker.outbox.turn - before} turns`)
  for (const client of clients) client.destroy()
})
