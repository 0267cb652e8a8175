// Pauses with a purpose each: what holds back what, and what stays as it is meanwhile.

import test from 'ava'
import { InnerClient } from '../../broker/inner-client.ts'
import { startBroker } from './in-process.ts'
import { until } from '../until.ts'

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

test('CLIENT UNPAUSE ends no pause of another purpose, and the strictest of all counts', async (t) => {
  const server = await startBroker(t)
  const { pause } = server.broker
  const [client, writer, reader] = await Promise.all([server.connect(), server.connect(), server.connect()])
  pause.begin('failover', Infinity, 'write')
  await client.call('CLIENT', 'PAUSE', '100000', 'ALL')
  pause.begin('client', 0, 'write')
  const answers: string[] = []
  const written = writer.text('SET', 'k', 'v').then((text) => answers.push(text))
  const read = reader.text('GET', 'k').then((text) => answers.push(text))
  await turn()
  t.deepEqual(answers, [], 'a shorter or milder pause for the same purpose changes nothing')
  pause.end('client')
  await read
  t.deepEqual(answers, ['$-1\r\n'], 'reads go on, writes are still held back')
  t.is(await client.text('CLIENT', 'UNPAUSE'), '+OK\r\n')
  await turn()
  t.is(answers.length, 1)
  pause.end('failover')
  await written
  t.deepEqual(answers, ['$-1\r\n', '+OK\r\n'])
  t.false(pause.active)
  for (const c of [client, writer, reader]) c.destroy()
})

test('a pause, a wait, a blocked read has an end within 64 bits', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  const most = '9223372036854775807'
  for (const words of [
    ['CLIENT', 'PAUSE', most], ['WAIT', '1', most], ['WAITAOF', '0', '1', most],
    ['XREAD', 'BLOCK', most, 'STREAMS', 's', '$'], ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', most, 'STREAMS', 's', '>'],
  ]) {
    t.is(await client.text(...words), '-ERR timeout is out of range\r\n', words[0])
  }
  t.is(await client.text('PING'), '+PONG\r\n')
  client.destroy()
})

test('nothing expires during a pause: what is due is hidden, and goes when it ends', async (t) => {
  const server = await startBroker(t)
  const { engine, pause } = server.broker
  const client = await server.connect()
  // Until the pause is there the key stays, be it due or not.
  engine.settings.activeExpire = false
  await client.call('PSETEX', 'due', '20', 'x')
  const dueMs = engine.clock.nowMs() + 20
  pause.begin('failover', Infinity, 'write')
  await until(() => pause.hidesDue)
  engine.settings.activeExpire = true
  const appended = engine.log.appended
  await until(() => engine.clock.nowMs() > dueMs)
  t.is(await client.text('GET', 'due'), '$-1\r\n')
  t.is(await client.text('DBSIZE'), ':1\r\n')
  t.is(await client.text('RANDOMKEY'), '$-1\r\n')
  t.is(engine.log.appended, appended, 'no DEL was logged')
  const inner = new InnerClient(server.broker, 'system:test')
  t.throws(() => inner.call(['SET', 'due', 'y']), { message: 'TRYAGAIN writes are paused' })
  t.is(inner.call(['GET', 'due']), null)
  pause.end('failover')
  await until(() => engine.dbs[0]!.count === 0)
  t.is(engine.log.appended, appended + 1)

  engine.due = 'hidden'
  for (const key of ['one', 'two']) await client.call('PSETEX', key, '1', 'x')
  await client.call('PSETEX', 'live', '9999999', 'x')
  const bothDueMs = engine.clock.nowMs() + 1
  await until(() => engine.clock.nowMs() > bothDueMs)
  t.is(await client.text('RANDOMKEY'), '$4\r\nlive\r\n')
  client.destroy()
})

test('a transaction that asks for a pause goes on as it began, also with keys that are due', async (t) => {
  const server = await startBroker(t, { args: ['--enable-debug-command', 'yes'] })
  const client = await server.connect()
  await client.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
  await client.call('PSETEX', 'due', '1', 'x')
  await turn()
  const replies = await client.pipeline([['MULTI'], ['CLIENT', 'PAUSE', '100000', 'ALL'], ['SET', 'due', 'y'], ['EXEC']])
  t.is(String(replies.at(-1)), '*2\r\n+OK\r\n+OK\r\n')
  server.broker.pause.end('client')
  t.is(await client.text('DBSIZE'), ':1\r\n')
  t.is(await client.text('GET', 'due'), '$1\r\ny\r\n')
  client.destroy()
})
