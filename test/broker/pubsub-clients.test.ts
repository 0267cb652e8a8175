// Unmodified clients against a running broker: ioredis and node-redis publish and subscribe, and node-redis caches
// what it reads.
import test from 'ava'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { startMillrace } from '../process.ts'

test('ioredis: channels, patterns and shard channels, and ordinary commands afterwards', async (t) => {
  t.timeout(60_000)
  const server = await startMillrace(t)
  const [listener, sharded, publisher] = [new Redis(server.port), new Redis(server.port), new Redis(server.port)]
  t.teardown(() => [listener, sharded, publisher].map((client) => client.disconnect()))
  const heard: string[] = []
  listener.on('message', (channel, message) => void heard.push(`${channel} ${message}`))
  listener.on('pmessage', (pattern, channel, message) => void heard.push(`${pattern} ${channel} ${message}`))
  sharded.on('smessage', (channel, message) => void heard.push(`shard ${channel} ${message}`))
  t.is(await listener.subscribe('a', 'b'), 2)
  t.is(await listener.psubscribe('a*'), 3)
  t.is(await sharded.ssubscribe('s'), 1)
  t.is(await publisher.publish('a', 'one'), 2)
  t.is(await publisher.publish('b', 'two'), 1)
  t.is(await publisher.spublish('s', 'three'), 1)
  t.is(await publisher.publish('none', 'four'), 0)
  await listener.unsubscribe('a', 'b')
  await listener.punsubscribe('a*')
  await sharded.sunsubscribe('s')
  t.deepEqual(heard.toSorted(), ['a one', 'a* a one', 'b two', 'shard s three'].toSorted())
  t.is(await listener.set('k', 'v'), 'OK')
})

for (const RESP of [2, 3] as const) {
  test(`node-redis, RESP${RESP}: subscriptions beside ordinary commands`, async (t) => {
    t.timeout(60_000)
    const server = await startMillrace(t)
    const options = { RESP, socket: { port: server.port } }
    const [listener, publisher] = await Promise.all([createClient(options).connect(), createClient(options).connect()])
    t.teardown(() => [listener, publisher].map((client) => client.destroy()))
    const heard: string[] = []
    const note = (message: string, channel: string): void => void heard.push(`${channel} ${message}`)
    await listener.subscribe(['a', 'b'], note)
    await listener.pSubscribe('b*', note)
    t.is(await publisher.publish('a', 'one'), 1)
    t.is(await publisher.publish('b', 'two'), 2)
    if (RESP === 3) t.is(await listener.set('k', 'v'), 'OK')
    t.deepEqual((await publisher.pubSubChannels()).toSorted(), ['a', 'b'])
    await listener.unsubscribe()
    await listener.pUnsubscribe()
    t.deepEqual(heard, ['a one', 'b two', 'b two'])
  })
}

test('node-redis, client-side caching: reads come from the cache until the key changes elsewhere', async (t) => {
  t.timeout(60_000)
  const server = await startMillrace(t)
  const reader = await createClient({
    RESP: 3, socket: { port: server.port }, clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' },
  }).connect()
  const writer = await createClient({ socket: { port: server.port } }).connect()
  t.teardown(() => [reader, writer].map((client) => client.destroy()))
  const calls = async (): Promise<string> => /cmdstat_get:calls=(\d+)/.exec(await writer.info('commandstats'))?.[1] ?? '0'
  await writer.set('k', 'one')
  for (let i = 0; i < 5; i++) t.is(await reader.get('k'), 'one')
  t.is(await calls(), '1')
  await writer.set('k', 'two')
  await reader.ping()
  t.is(await reader.get('k'), 'two')
  t.is(await reader.get('k'), 'two')
  t.is(await calls(), '2')
  await writer.flushAll()
  await reader.ping()
  t.is(await reader.get('k'), null)
})
