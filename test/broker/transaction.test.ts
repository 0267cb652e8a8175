import test from 'ava'
import { startBroker } from './in-process.ts'

test('queued commands run as one, and their replies come as one array', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  const replies = await client.pipeline([['MULTI'], ['PUT', 'k', 'v'], ['FETCH', 'k'], ['EXEC'], ['FETCH', 'k']])
  t.deepEqual(replies.map(String), [
    '+OK\r\n', '+QUEUED\r\n', '+QUEUED\r\n', '*2\r\n+OK\r\n$1\r\nv\r\n', '$1\r\nv\r\n',
  ])
  client.destroy()
})

test('the errors of MULTI, EXEC, DISCARD and WATCH out of place', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  const replies = await client.pipeline([
    ['EXEC'], ['DISCARD'], ['MULTI'], ['MULTI'], ['WATCH', 'k'], ['DISCARD'], ['MULTI'], ['NOPE'], ['PING'], ['EXEC'],
    ['MULTI'], ['FETCH'], ['EXEC'], ['PING'],
  ])
  t.deepEqual(replies.map((reply) => reply.toString().trimEnd()), [
    '-ERR EXEC without MULTI', '-ERR DISCARD without MULTI', '+OK', '-ERR MULTI calls can not be nested',
    '-ERR WATCH inside MULTI is not allowed', '+OK', '+OK', '-ERR unknown command \'NOPE\', with args beginning with:',
    '+QUEUED', '-EXECABORT Transaction discarded because of previous errors.',
    '+OK', '-ERR wrong number of arguments for \'fetch\' command',
    '-EXECABORT Transaction discarded because of previous errors.', '+PONG',
  ])
  client.destroy()
})

test('CLIENT LIST tells what a client sent last, be it queued, refused or unknown', async (t) => {
  const { connect } = await startBroker(t)
  const [client, other] = await Promise.all([connect(), connect()])
  const id = (await client.text('CLIENT', 'ID')).slice(1, -2)
  const told: string[] = []
  for (const words of [['MULTI'], ['FETCH', 'k'], ['SELECT'], ['NOPE'], ['EXEC']]) {
    await client.call(...words)
    told.push(/ cmd=(\S+) /.exec(await other.text('CLIENT', 'LIST', 'ID', id))![1]!)
  }
  t.deepEqual(told, ['multi', 'fetch', 'select', 'NULL', 'exec'])
  for (const one of [client, other]) one.destroy()
})

test('a change of a watched key, by whomever, makes EXEC answer nil', async (t) => {
  const { connect, broker } = await startBroker(t)
  const [one, other] = await Promise.all([connect(), connect()])
  await one.text('WATCH', 'k', 'l')
  await other.text('PUT', 'l', '1')
  t.deepEqual((await one.pipeline([['MULTI'], ['PING'], ['EXEC']])).map(String), ['+OK\r\n', '+QUEUED\r\n', '*-1\r\n'])
  t.is(broker.engine.onTouch, undefined, 'nobody watches any more')

  await one.text('WATCH', 'k')
  await one.text('PUT', 'k', '2')
  t.is((await one.pipeline([['MULTI'], ['PING'], ['EXEC']])).join(''), '+OK\r\n+QUEUED\r\n*-1\r\n')

  await one.text('WATCH', 'k')
  await other.text('PUT', 'else', '3')
  t.is((await one.pipeline([['MULTI'], ['PING'], ['EXEC']])).join(''), '+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n')

  await one.text('WATCH', 'k')
  await other.text('PUT', 'k', '4')
  await one.text('UNWATCH')
  t.is((await one.pipeline([['MULTI'], ['PING'], ['EXEC']])).join(''), '+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n')
  one.destroy()
  other.destroy()
})

test('an EXEC that is refused ends WATCH too', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  await client.pipeline([['WATCH', 'k'], ['PUT', 'k', '1']])
  t.true((await client.text('EXEC', 'what')).startsWith('-EXECABORT Transaction discarded because of: '))
  t.is((await client.pipeline([['MULTI'], ['PING'], ['EXEC']])).join(''), '+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n')
  client.destroy()
})

test('a watched key that comes due before EXEC is a changed one, one that was due at WATCH is not', async (t) => {
  const { connect, broker } = await startBroker(t)
  const client = await connect()
  const x = broker.engine
  await client.text('PUT', 'k', 'v')
  const key = Buffer.from('k')
  const hash = x.dbs[0]!.hash(key, 0, 1)
  x.settings.activeExpire = false
  await client.text('WATCH', 'k')
  x.dbs[0]!.setDeadline(x.dbs[0]!.find(key, 0, 1, hash), hash, x.clock.nowMs() + 1)
  await client.text('NAP', '5')
  t.is((await client.pipeline([['MULTI'], ['PING'], ['EXEC']])).join(''), '+OK\r\n+QUEUED\r\n*-1\r\n')

  await client.text('PUT', 'k', 'v')
  x.dbs[0]!.setDeadline(x.dbs[0]!.find(key, 0, 1, hash), hash, x.clock.nowMs() + 1)
  await client.text('NAP', '5')
  await client.text('WATCH', 'k')
  t.is((await client.pipeline([['MULTI'], ['PING'], ['EXEC']])).join(''), '+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n')
  client.destroy()
})

test('a blocking command in a transaction answers at once', async (t) => {
  const { connect } = await startBroker(t)
  const client = await connect()
  t.is((await client.pipeline([['MULTI'], ['TAKE', 'none', '0'], ['EXEC']])).join(''), '+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n')
  client.destroy()
})

test('a transaction survives a restart as one', async (t) => {
  const first = await startBroker(t)
  const client = await first.connect()
  await client.pipeline([['MULTI'], ['PUT', 'a', '1'], ['PUT', 'b', '2'], ['EXEC'], ['TAKE', 'a', '0']])
  client.destroy()
  await first.broker.stop()

  const second = await startBroker(t, { dir: first.dir })
  const again = await second.connect()
  t.deepEqual((await again.pipeline([['FETCH', 'a'], ['FETCH', 'b']])).map(String), ['$-1\r\n', '$1\r\n2\r\n'])
  again.destroy()
})
