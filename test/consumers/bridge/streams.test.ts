import test from 'ava'
import { headers, type NatsConnection } from 'nats'
import { patient, requireNats, startJetStream, startNats } from '../../nats-server.ts'
import { startBridged } from './bridged.ts'
import { until } from '../../until.ts'

type Stored = { subject: string, seq: number, data: string, headers: Record<string, string[]> }

/** All messages that a JetStream stream holds. */
async function stored(nc: NatsConnection, stream: string): Promise<Stored[]> {
  const jsm = await nc.jetstreamManager(patient)
  const { state } = await jsm.streams.info(stream)
  const list: Stored[] = []
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await jsm.streams.getMessage(stream, { seq })
    const found: Record<string, string[]> = {}
    for (const [key, values] of message.header) found[key] = values
    list.push({ subject: message.subject, seq, data: Buffer.from(message.data).toString('latin1'), headers: found })
  }
  return list
}

test('a stream goes to JetStream: payload, headers, ids, order', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc } = await startJetStream(t)
  const b = await startBridged(t, nats.url)
  await b.ask('XADD', 'jobs', '1-1', 'task', 'resize', 'data', 'cat.png', 'traceparent', '00-1-2-01')
  t.is(await b.ask('BRIDGE', 'ADD', 'out', 'stream-out', 'jobs', 'CREATE', 'JOBS'), '+OK')
  await b.ask('XADD', 'jobs', '1-2', 'Nats-Rollup', 'all', 'x\r\ny', Buffer.from([0, 255, 13, 10]))
  await b.ask('XADD', 'jobs', '2-0', 'data', '')
  await until('three messages', async () => (await b.map('BRIDGE', 'INFO', 'out'))['published'] === '3')
  const list = await stored(nc, 'JOBS')
  const origin = list[0]!.headers['Millrace-Origin']![0]!
  t.regex(origin, /^[0-9a-f]{16}$/)
  t.deepEqual(list.map(({ data }) => data), ['cat.png', '', ''])
  t.like(list[0]!.headers, {
    task: ['resize'], traceparent: ['00-1-2-01'], 'Millrace-Fields': ['task,@data,traceparent'],
  })
  t.like(list[1]!.headers, { '%4Eats-Rollup': ['all'], 'x%0D%0Ay': ['%00%FF%0D%0A'] })
  t.deepEqual(list.map((one) => one.headers['Nats-Msg-Id']![0]!.split('/').at(-1)), ['1-1', '1-2', '2-0'])
  t.like(await b.map('BRIDGE', 'INFO', 'out'), { state: 'flowing', cursor: '2-0', lag: '0', missed: '0', stream: 'JOBS' })
  t.regex(await b.ask('INFO', 'bridge'), /bridge_out:kind=stream-out,state=flowing,.*lag=0/)
})

test('JetStream comes to a stream: of a broker the same fields, of others payload, headers and subject', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc, jsm } = await startJetStream(t)
  await jsm.streams.add({ name: 'J', subjects: ['jobs', 'j.>'] })
  const a = await startBridged(t, nats.url)
  const b = await startBridged(t, nats.url)
  await a.ask('BRIDGE', 'ADD', 'out', 'stream-out', 'jobs', 'SHARED')
  await b.ask('BRIDGE', 'ADD', 'in', 'stream-in', 'J', 'copy', 'DB', '3')
  await a.ask('XADD', 'jobs', '*', 'b', '1', 'data', 'x', 'a', Buffer.from([0, 255]), 'b', '2')
  await until('the first', async () => (await b.map('BRIDGE', 'INFO', 'in'))['received'] === '1')
  const h = headers()
  h.append('traceparent', '00-1-2-01')
  await nc.jetstream(patient).publish('j.x', 'hello', { headers: h, msgID: 'm1' })
  await until('the second', async () => (await b.map('BRIDGE', 'INFO', 'in'))['received'] === '2')
  await b.ask('SELECT', '3')
  const list = (await b.entries('copy')).map(([, ...fields]) => fields)
  t.deepEqual(list[0]!.slice(0, -1), ['b', '1', 'data', 'x', 'a', '\0\xff', 'b', '2', 'Millrace-Origin'])
  t.regex(list[0]!.at(-1)!, /^[0-9a-f]{16},jetstream\/J$/)
  t.deepEqual(list[1], [
    'data', 'hello', 'traceparent', '00-1-2-01', 'Nats-Msg-Id', 'm1', 'nats-subject', 'j.x', 'Millrace-Origin', 'jetstream/J',
  ])
})

test('two brokers with both ways over one JetStream stream: each entry stands once in each, nothing goes round', async (t) => {
  if (!requireNats(t)) return
  const { nats, jsm } = await startJetStream(t)
  await jsm.streams.add({ name: 'J', subjects: ['s'] })
  const brokers = [await startBridged(t, nats.url), await startBridged(t, nats.url)]
  for (const b of brokers) {
    t.is(await b.ask('BRIDGE', 'ADD', 'out', 'stream-out', 's', 'SHARED'), '+OK')
    t.is(await b.ask('BRIDGE', 'ADD', 'in', 'stream-in', 'J', 's'), '+OK')
  }
  for (let i = 0; i < 50; i++) await brokers[i % 2]!.ask('XADD', 's', '*', 'n', String(i))
  await until('all in both', async () => {
    const lengths = await Promise.all(brokers.map((b) => b.ask('XLEN', 's')))
    return lengths.every((length) => length === ':50')
  })
  const outs = (): Promise<Record<string, string>[]> => Promise.all(brokers.map((b) => b.map('BRIDGE', 'INFO', 'out')))
  await until('all is looked at', async () => (
    await outs()).every(({ published, looped, lag }) => Number(published) + Number(looped) >= 50 && lag === '0'))
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.is((await jsm.streams.info('J')).state.messages, 50)
  for (const b of brokers) {
    const numbers = (await b.entries('s')).map((entry) => Number(entry[2]))
    t.deepEqual(numbers.toSorted((x, y) => x - y), Array.from({ length: 50 }, (_, i) => i))
    t.like(await b.map('BRIDGE', 'INFO', 'out'), { published: '25', looped: '25', lag: '0' })
  }
})

test('a stream made anew is sent as new; what was trimmed unseen is reported', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc } = await startJetStream(t)
  const b = await startBridged(t, nats.url)
  await b.ask('BRIDGE', 'ADD', 'out', 'stream-out', 's', 'CREATE', 'S')
  await b.ask('XADD', 's', '5-1', 'data', 'old')
  await until('the first', async () => (await b.map('BRIDGE', 'INFO', 'out'))['cursor'] === '5-1')
  await b.ask('DEL', 's')
  await b.ask('XADD', 's', '5-1', 'data', 'new')
  t.is(await b.ask('BRIDGE', 'PAUSE', 'out'), '+OK')
  await b.ask('DEL', 's')
  await b.ask('XADD', 's', '5-0', 'data', 'newer')
  t.is(await b.ask('BRIDGE', 'RESUME', 'out'), '+OK')
  await until('the newer', async () => (await stored(nc, 'S')).at(-1)?.data === 'newer')
  t.true(b.reports.some((line) => line.includes('made anew')))

  await until('a known count', async () => (await b.map('BRIDGE', 'INFO', 'out'))['lag'] === '0')
  await b.ask('BRIDGE', 'PAUSE', 'out')
  for (let i = 0; i < 10; i++) await b.ask('XADD', 's', '*', 'data', String(i))
  await b.ask('XTRIM', 's', 'MAXLEN', '4')
  await b.ask('BRIDGE', 'RESUME', 'out')
  await until('the end', async () => (await stored(nc, 'S')).at(-1)?.data === '9')
  await until('the report', async () => (await b.map('BRIDGE', 'INFO', 'out'))['missed'] === '6')
  t.true(b.reports.some((line) => line.includes('6 entries were removed')))
})

test('messages that JetStream removed unread are a gap: counted, reported, and an entry of the dead-letter stream', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc, jsm } = await startJetStream(t)
  await jsm.streams.add({ name: 'J', subjects: ['j'] })
  const js = nc.jetstream(patient)
  for (let i = 1; i <= 10; i++) await js.publish('j', String(i))
  const b = await startBridged(t, nats.url)
  await b.ask('BRIDGE', 'ADD', 'in', 'stream-in', 'J', 'copy')
  await until('ten', async () => await b.ask('XLEN', 'copy') === ':10')
  await b.ask('BRIDGE', 'PAUSE', 'in')
  for (let i = 11; i <= 20; i++) await js.publish('j', String(i))
  await jsm.streams.purge('J', { seq: 15 })
  await jsm.streams.deleteMessage('J', 17)
  await b.ask('BRIDGE', 'RESUME', 'in')
  await until('the rest', async () => await b.ask('XLEN', 'copy') === ':15')
  t.deepEqual((await b.entries('copy')).map((entry) => Number(entry[2])), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16, 18, 19, 20])
  t.like(await b.map('BRIDGE', 'INFO', 'in'), { gaps: '2', missing: '5', cursor: '20' })
  const dead = (await b.entries('millrace:bridge:in:dead')).map(([, ...fields]) => fields)
  t.deepEqual(dead.map((fields) => fields.slice(4)), [
    ['dead-source', 'jetstream/J', 'dead-from', '11', 'dead-to', '14'], ['dead-source', 'jetstream/J', 'dead-from', '17', 'dead-to', '17'],
  ])

  // Another stream of the same name: its sequences mean something else.
  await b.ask('BRIDGE', 'PAUSE', 'in')
  await jsm.streams.delete('J')
  await jsm.streams.add({ name: 'J', subjects: ['j'] })
  for (let i = 1; i <= 30; i++) await js.publish('j', `again ${i}`)
  await b.ask('BRIDGE', 'RESUME', 'in')
  await until('all of the other', async () => await b.ask('XLEN', 'copy') === ':45')
  t.is((await b.entries('copy')).at(15)![2], 'again 1')
  t.true(b.reports.some((line) => line.includes('made anew')))
})

test('what cannot cross is put aside with where it came from, and what is behind it goes on', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc, jsm } = await startJetStream(t, { config: 'max_payload: 65536' })
  await jsm.streams.add({ name: 'J', subjects: ['s'], max_msg_size: 30_000 })
  const b = await startBridged(t, nats.url)
  await b.ask('XADD', 's', '1-0', 'n', '1')
  await b.ask('XADD', 's', '2-0', 'n', '2', 'data', 'x'.repeat(70_000))
  await b.ask('XADD', 's', '3-0', 'n', '3')
  await b.ask('XADD', 's', '4-0', 'n', '4', 'data', 'y'.repeat(40_000))
  for (let i = 5; i < 40; i++) await b.ask('XADD', 's', `${i}-0`, 'n', String(i), 'data', 'z'.repeat(10))
  await b.ask('BRIDGE', 'ADD', 'out', 'stream-out', 's', 'DEADLETTER', 'dead')
  await until('the last', async () => (await b.map('BRIDGE', 'INFO', 'out'))['cursor'] === '39-0')
  t.deepEqual((await stored(nc, 'J')).map((one) => Number(one.headers['n']![0])), [1, 3, ...Array.from({ length: 35 }, (_, i) => i + 5)])
  const dead = (await b.entries('dead')).map(([, ...fields]) => fields)
  t.is(dead.length, 2)
  t.deepEqual(dead[0]!.slice(0, 2), ['dead-bridge', 'out'])
  t.regex(dead[0]![3]!, /70\d\d\d bytes are more than the server takes \(max_payload 65536\)/)
  t.regex(dead[1]![3]!, /message size exceeds maximum allowed/)
  t.deepEqual(dead.map((fields) => fields.slice(4, 12)), ['2', '4'].map((n) => [
    'dead-source', 's', 'dead-id', `${n}-0`, 'dead-subject', 's', 'n', n,
  ]))
  t.is(dead[1]!.at(-1), 'y'.repeat(40_000))

  // The other way: a message that says what is not so.
  const c = await startBridged(t, nats.url)
  const h = headers()
  h.append('Millrace-Fields', 'a,b')
  h.append('a', '1')
  await nc.jetstream(patient).publish('s', 'rest', { headers: h })
  await nc.jetstream(patient).publish('s', 'good')
  await c.ask('BRIDGE', 'ADD', 'in', 'stream-in', 'J', 'copy')
  await until('all', async () => await c.ask('XLEN', 'copy') === ':38')
  const [entry] = await c.entries('millrace:bridge:in:dead')
  t.deepEqual(entry!.slice(1), [
    'dead-bridge', 'in', 'dead-reason', 'Millrace-Fields names b, which is no header', 'dead-source', 'jetstream/J',
    'dead-sequence', '38', 'dead-subject', 's', 'data', 'rest', 'Millrace-Fields', 'a,b', 'a', '1',
  ])
})

test('large values cross both ways as they are', async (t) => {
  if (!requireNats(t)) return
  const nats = await startNats(t)
  const a = await startBridged(t, nats.url)
  const b = await startBridged(t, nats.url)
  const large = Buffer.alloc(900_000, 'large')
  await a.ask('BRIDGE', 'ADD', 'out', 'stream-out', 's', 'CREATE', 'S')
  for (let i = 0; i < 40; i++) await a.ask('XADD', 's', '*', 'n', String(i), 'data', large)
  await a.ask('XADD', 's', '*', 'header', large.subarray(0, 100_000), 'data', 'short')
  await b.ask('BRIDGE', 'ADD', 'in', 'stream-in', 'S', 's')
  await until('all', async () => await b.ask('XLEN', 's') === ':41')
  const list = await b.entries('s')
  t.deepEqual(list.map((entry) => entry[2]).slice(0, 40), Array.from({ length: 40 }, (_, i) => String(i)))
  t.true(list.slice(0, 40).every((entry) => entry[4] === large.toString('latin1')))
  t.deepEqual(list[40]!.slice(3, 5), ['data', 'short'])
  t.is((await a.map('BRIDGE', 'INFO', 'out'))['dead_letters'], '0')
})

test('a full JetStream stream holds everything back, in order, until there is room', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc, jsm } = await startJetStream(t)
  const config = { name: 'J', subjects: ['s'], discard: 'new' as never, max_msgs: 20 }
  await jsm.streams.add(config)
  const b = await startBridged(t, nats.url)
  for (let i = 0; i < 100; i++) await b.ask('XADD', 's', '*', 'data', String(i))
  await b.ask('BRIDGE', 'ADD', 'out', 'stream-out', 's')
  await until('full', async () => (await b.map('BRIDGE', 'INFO', 'out'))['error'] === 'maximum messages exceeded')
  t.is((await jsm.streams.info('J')).state.messages, 20)
  const seen = (await stored(nc, 'J')).map(({ data }) => Number(data))
  for (let seq = 1; seq <= 15; seq++) await jsm.streams.deleteMessage('J', seq)
  await jsm.streams.update('J', { ...config, max_msgs: 1000 })
  await until('all', async () => (await b.map('BRIDGE', 'INFO', 'out'))['lag'] === '0')
  const more = (await jsm.streams.info('J')).state
  t.is(more.last_seq, 100)
  const last = await jsm.streams.getMessage('J', { seq: 60 })
  t.is(Buffer.from(last.data).toString(), '59')
  t.deepEqual(seen, Array.from({ length: 20 }, (_, i) => i))
  t.like(await b.map('BRIDGE', 'INFO', 'out'), { overtaken: '0', duplicates: '0', error: '' })
})

test('what comes over the bridge is held under maxmemory, also while no client does anything', async (t) => {
  if (!requireNats(t)) return
  const { nats, nc, jsm } = await startJetStream(t)
  await jsm.streams.add({ name: 'J', subjects: ['s'] })
  const js = nc.jetstream(patient)
  const [messages, bytes] = [200, 64 << 10]
  for (let i = 0; i < messages; i++) await js.publish('s', Buffer.alloc(bytes, String(i)))
  const b = await startBridged(t, nats.url, ['--maxmemory', String((messages / 2) * bytes)])
  await b.ask('BRIDGE', 'ADD', 'in', 'stream-in', 'J', 'copy')
  await until('full', () => b.reports.some((report) => report.includes('OOM command not allowed')))
  t.true(b.broker.engine.arena.usedBytes < messages * bytes * 0.8)
  await b.ask('CONFIG', 'SET', 'maxmemory', '0')
  await until('all', async () => (await b.map('BRIDGE', 'INFO', 'in'))['cursor'] === String(messages))
  const sent = Array.from({ length: messages }, (_, i) => String(i)[0])
  t.deepEqual((await b.entries('copy')).map((entry) => entry[2]![0]), sent, 'each once, in order')
})
