// WAIT and WAITAOF, however they end, leave nothing behind that hears of replicas.
import test from 'ava'
import { startBroker } from './in-process.ts'

test('nobody is told of replicas any more once the wait has ended', async (t) => {
  const { broker, connect } = await startBroker(t, { args: ['--appendonly', 'yes'] })
  const [client, other] = await Promise.all([connect(), connect()])
  const { onAck } = broker.replicas
  await client.call('SET', 'k', 'v')
  t.is(await client.text('WAIT', '1', '1'), ':0\r\n')
  t.is(await client.text('WAITAOF', '1', '0', '0'), '*2\r\n:1\r\n:0\r\n')
  t.is(await client.text('WAITAOF', '1', '1', '1'), '*2\r\n:1\r\n:0\r\n')
  t.is(onAck.size, 0)
  const id = (await client.text('CLIENT', 'ID')).slice(1, -2)
  const waits = client.text('WAIT', '1', '0')
  while (onAck.size === 0) await new Promise((resolve) => setImmediate(resolve))
  t.is(await other.text('CLIENT', 'UNBLOCK', id, 'ERROR'), ':1\r\n')
  t.is(await waits, '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n')
  t.is(onAck.size, 0)
  client.call('WAIT', '1', '0').catch(() => {})
  while (onAck.size === 0) await new Promise((resolve) => setImmediate(resolve))
  client.destroy()
  while (broker.clients.size > 1) await new Promise((resolve) => setImmediate(resolve))
  t.is(onAck.size, 0)
  other.destroy()
})
