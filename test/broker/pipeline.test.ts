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
