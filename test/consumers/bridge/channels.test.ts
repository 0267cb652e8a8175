import test from 'ava'
import { headers, type Msg, type NatsConnection } from 'nats'
import { patient, requireNats, startJetStream, startNats } from '../../nats-server.ts'
import { encodeCommand, RespClient } from '../../resp-client.ts'
import { decode, show } from '../../resp-value.ts'
import { startBridged, type Bridged } from './bridged.ts'
import { until } from '../../until.ts'

/** What a client of the broker hears on channels that match. */
async function listener(b: Bridged, ...patterns: (string | Buffer)[]): Promise<string[]> {
  const client = await RespClient.connect(b.port)
  await client.call('HELLO', '3')
  const heard: string[] = []
  const { pushes } = client
  pushes.push = (...list) => {
    for (const push of list) {
      const text = show(decode(push))
      if (text.includes('pmessage')) heard.push(text.replace(/^>\[\$"pmessage", \$"[^"]*", /, '').slice(0, -1))
    }
    return 0
  }
  client.sendRaw(encodeCommand(['PSUBSCRIBE', ...patterns]))
  await until('subscribed', async () => Number((await b.ask('PUBSUB', 'NUMPAT')).slice(1)) >= patterns.length)
  return heard
}

async function subscriber(nc: NatsConnection, subject: string): Promise<Msg[]> {
  const got: Msg[] = []
  nc.subscribe(subject, { callback: (_, message) => got.push(message) })
  await nc.flush()
  return got
}

/** What the broker asked of the NATS server by now, a subscription say, is done when a message has gone the same way. */
async function settled(b: Bridged, channel: string, got: readonly Msg[]): Promise<void> {
  const before = got.length
  await b.ask('PUBLISH', channel, 'settled')
  await until('settled', () => got.length > before)
}

/** Long enough for what must not come. */
function aWhile(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 300))
}

test('channels go to subjects and back, by the pattern', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc } = await startJetStream(t)
  const got = await subscriber(nc, '>')
  const b = await startBridged(t, nats.url)
  t.is(await b.ask('BRIDGE', 'ADD', 'c', 'channels', 'orders.e*'), '+OK')
  t.is(await b.ask('BRIDGE', 'ADD', 'p', 'channels', 'x*', 'PREFIX', 'mr.all'), '+OK')
  const heard = await listener(b, '*')
  await until('both work', async () => (await b.map('BRIDGE', 'INFO', 'p'))['state'] === 'flowing')
  const evil = Buffer.from('x y\r\nPUB evil 0\r\n')
  for (const channel of ['orders.eu', 'orders.e.f', 'orders.us', 'x', evil, 'x.*.>', Buffer.from([120, 0, 255])]) {
    await b.ask('PUBLISH', channel, 'out')
  }
  await until('out', () => got.filter((one) => !one.subject.startsWith('$')).length === 6)
  t.deepEqual(got.map((one) => one.subject), [
    'orders.eu', 'orders.e.f', 'mr.all.x', 'mr.all.x%20y%0D%0APUB%20evil%200%0D%0A', 'mr.all.x.%2A.%3E', 'mr.all.x%00%FF',
  ])
  t.true(got.every((one) => one.string() === 'out' && /^[0-9a-f]{16}$/.test(one.headers!.get('Millrace-Origin'))))
  await aWhile()
  t.is(heard.length, 7, 'each of ours was heard once: nothing came back')

  heard.length = 0
  for (const subject of ['orders.eu', 'orders.us', 'orders.ex.y', 'mr.all.x%20z', 'mr.all.y', 'x']) {
    nc.publish(subject, Buffer.from([0, 13]))
  }
  await until('in', () => heard.length === 3 && got.length >= 12)
  await aWhile()
  t.deepEqual(heard, ['$"orders.eu", $"\\x00\\r"', '$"orders.ex.y", $"\\x00\\r"', '$"x z", $"\\x00\\r"'])
  t.is(got.length, 12, 'what came over the bridge went out over none')

  await b.ask('BRIDGE', 'PAUSE', 'c')
  await b.ask('BRIDGE', 'DEL', 'p')
  heard.length = 0
  await b.ask('PUBLISH', 'orders.eu', 'out')
  nc.publish('orders.eu', 'in')
  nc.publish('mr.all.x', 'in')
  await nc.flush()
  await b.ask('BRIDGE', 'RESUME', 'c')
  await until('resumed', async () => (await b.map('BRIDGE', 'INFO', 'c'))['state'] === 'flowing')
  await aWhile()
  await settled(b, 'orders.ea', got)
  nc.publish('orders.eu', 'again')
  await until('heard again', () => heard.length === 3)
  t.deepEqual(heard, ['$"orders.eu", $"out"', '$"orders.ea", $"settled"', '$"orders.eu", $"again"'])
})

test('two brokers, two bridges each: a message is heard once in each, and never goes round', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc } = await startJetStream(t)
  const got = await subscriber(nc, 'one.>')
  const [a, b] = [await startBridged(t, nats.url), await startBridged(t, nats.url)]
  for (const one of [a, b]) {
    await one.ask('BRIDGE', 'ADD', 'first', 'channels', '*', 'PREFIX', 'one')
    await one.ask('BRIDGE', 'ADD', 'second', 'channels', 'b*', 'PREFIX', 'one.two')
  }
  const heard = [await listener(a, 'a*'), await listener(b, 'a*')]
  for (const one of [a, b]) {
    await until('work', async () => (await one.map('BRIDGE', 'INFO', 'second'))['state'] === 'flowing')
    await settled(one, 'x', got)
  }
  got.length = 0
  for (let i = 0; i < 20; i++) await (i % 2 === 0 ? a : b).ask('PUBLISH', 'a', String(i))
  await until('all heard', () => [...heard, got].every((list) => list.length >= 20))
  await aWhile()
  t.deepEqual(heard.map((list) => list.length), [20, 20])
  t.is(got.length, 20)
  // One that says that it came from here.
  const origin = got[0]!.headers!.get('Millrace-Origin')
  const h = headers()
  h.append('Millrace-Origin', `somebody,${origin}`)
  nc.publish('one.a', 'again', { headers: h })
  await until('heard by b', () => heard[1]!.length === 21)
  await until('passed over by a', async () => (await a.map('BRIDGE', 'INFO', 'first'))['looped'] === '1')
  await aWhile()
  t.is(heard[0]!.length, 20)
})

test('a message leaves no earlier than the write before it is safe, and in order', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc } = await startJetStream(t)
  const got = await subscriber(nc, 'c')
  const b = await startBridged(t, nats.url, ['--appendfsync', 'always'])
  await b.ask('BRIDGE', 'ADD', 'c', 'channels', 'c')
  await until('works', async () => (await b.map('BRIDGE', 'INFO', 'c'))['state'] === 'flowing')
  const commands = Array.from({ length: 500 }, (_, i) => [['SET', 'k', String(i)], ['PUBLISH', 'c', String(i)]]).flat()
  await b.client.pipeline(commands)
  await until('all', () => got.length === 500)
  t.deepEqual(got.map((one) => one.string()), Array.from({ length: 500 }, (_, i) => String(i)))
})

test('key events are on subjects, without notify-keyspace-events', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc } = await startJetStream(t)
  const got = await subscriber(nc, 'keyevents.>')
  const b = await startBridged(t, nats.url)
  await b.ask('BRIDGE', 'ADD', 'e', 'events', 'user:*')
  await b.ask('BRIDGE', 'ADD', 'all', 'events', '*', 'CLASSES', 's', 'PREFIX', 'keyevents.sets')
  await until('works', async () => (await b.map('BRIDGE', 'INFO', 'all'))['state'] === 'flowing')
  await b.ask('SET', 'user:1', 'x')
  await b.ask('SELECT', '2')
  await b.ask('SADD', Buffer.from('user: \r\n'), 'x')
  await b.ask('DEL', Buffer.from('user: \r\n'))
  await b.ask('SET', 'other', 'x')
  await until('four', () => got.length === 4)
  await aWhile()
  t.deepEqual(got.map((one) => `${one.subject} ${one.string()}`), [
    'keyevents.0.set.user:1 user:1', 'keyevents.2.sadd.user:%20%0D%0A user: \r\n', 'keyevents.sets.2.sadd.user:%20%0D%0A user: \r\n',
    'keyevents.2.del.user:%20%0D%0A user: \r\n',
  ])
})

test('without a server messages are dropped and counted; streams wait; all goes on when it is there', async (t) => {
  if (!requireNats(t)) return
  const nats = await startNats(t)
  const b = await startBridged(t, nats.url)
  await b.ask('BRIDGE', 'ADD', 'c', 'channels', 'c')
  await b.ask('BRIDGE', 'ADD', 's', 'stream-out', 's', 'CREATE', 'S')
  await until('works', async () => (await b.map('BRIDGE', 'INFO', 's'))['state'] === 'flowing')
  await nats.kill9()
  await until('down', async () => (await b.map('BRIDGE', 'INFO', 's'))['state'] === 'down')
  for (let i = 0; i < 10; i++) {
    await b.ask('PUBLISH', 'c', 'x')
    await b.ask('XADD', 's', '*', 'data', String(i))
  }
  t.like(await b.map('BRIDGE', 'INFO', 'c'), { dropped: '10', published: '0' })
  t.like(await b.map('BRIDGE', 'INFO', 's'), { lag: '10', published: '0' })
  await nats.start()
  await until('caught up', async () => (await b.map('BRIDGE', 'INFO', 's'))['published'] === '10')
  t.true(Number((await b.map('BRIDGE', 'INFO'))['connects']) >= 2)
})

test('a server that does not answer: bounded in flight, publishes of unknown outcome go again once, in order', async (t) => {
  if (!requireNats(t)) return
  const nats = await startNats(t)
  const nc = await nats.connect()
  const jsm = await nc.jetstreamManager(patient)
  await jsm.streams.add({ name: 'S', subjects: ['s'] })
  await nc.close()
  const b = await startBridged(t, nats.url)
  await b.ask('BRIDGE', 'ADD', 's', 'stream-out', 's', 'INFLIGHT', '50')
  await b.ask('BRIDGE', 'ADD', 'c', 'channels', 'c')
  await until('works', async () => (await b.map('BRIDGE', 'INFO', 's'))['state'] === 'flowing')
  nats.freeze(true)
  const large = Buffer.alloc(100_000, 'x')
  await b.client.pipeline(Array.from({ length: 500 }, (_, i) => ['XADD', 's', '*', 'n', String(i), 'data', large]))
  await b.client.pipeline(Array.from({ length: 500 }, () => ['PUBLISH', 'c', large]))
  const frozen = await b.map('BRIDGE', 'INFO', 's')
  t.true(Number(frozen['in_flight']) <= 50 && Number(frozen['in_flight_bytes']) < (17 << 20), JSON.stringify(frozen))
  t.true(Number((await b.map('BRIDGE', 'INFO', 'c'))['dropped']) > 100)
  await until('outcome unknown', async () => Number((await b.map('BRIDGE', 'INFO', 's'))['retries']) > 0)
  nats.freeze(false)
  await until('all', async () => (await b.map('BRIDGE', 'INFO', 's'))['lag'] === '0')
  const again = await nats.connect()
  t.teardown(() => again.close())
  const manager = await again.jetstreamManager(patient)
  t.is((await manager.streams.info('S')).state.messages, 500)
  for (const seq of [1, 50, 51, 100, 499, 500]) {
    t.is((await manager.streams.getMessage('S', { seq })).header.get('n'), String(seq - 1))
  }
})
