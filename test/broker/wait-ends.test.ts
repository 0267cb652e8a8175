// WAIT and WAITAOF, however they end, leave nothing behind that hears of replicas; and WAITAOF when the log ends or
// begins meanwhile.
import test from 'ava'
import { realDisk } from '../../core/disk.ts'
import { until } from '../until.ts'
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
  await until(() => onAck.size > 0)
  t.is(await other.text('CLIENT', 'UNBLOCK', id, 'ERROR'), ':1\r\n')
  t.is(await waits, '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n')
  t.is(onAck.size, 0)
  client.call('WAIT', '1', '0').catch(() => {})
  await until(() => onAck.size > 0)
  client.destroy()
  await until(() => broker.clients.size === 1)
  t.is(onAck.size, 0)
  other.destroy()
})

test('WAITAOF counts on the log that is there when it ends, not on the one that it began with', async (t) => {
  const disk = realDisk()
  const refusing = { on: false }
  const openAppend = (file: string): number => {
    if (refusing.on) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    return disk.openAppend(file)
  }
  const { broker, connect } = await startBroker(t, { args: ['--appendonly', 'yes'], disk: { ...disk, openAppend } })
  const [client, other] = await Promise.all([connect(), connect()])
  const { onAck } = broker.replicas
  const isWaiting = (): Promise<void> => until(() => onAck.size > 0)
  await client.call('SET', 'k', 'v')
  const noLog = '-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n'
  const both = client.text('WAITAOF', '1', '1', '0')
  await isWaiting()
  t.is(await other.text('CONFIG', 'SET', 'appendonly', 'no'), '+OK\r\n')
  t.is(await both, noLog, 'as in Redis')
  refusing.on = true
  await other.call('CONFIG', 'SET', 'appendonly', 'yes')
  await client.call('SET', 'k', 'w')
  t.is(await client.text('WAITAOF', '1', '0', '50'), '*2\r\n:0\r\n:0\r\n', 'nothing is on disk while the log can not begin')
  const late = client.text('WAITAOF', '1', '0', '0')
  await isWaiting()
  refusing.on = false
  t.is(await late, '*2\r\n:1\r\n:0\r\n')
  t.is(onAck.size, 0)
  client.destroy()
  other.destroy()
})
