// node-redis, unchanged: typed commands of all families in RESP2 and RESP3, pipelines, transactions, scripts, pub/sub.
import test from 'ava'
import { createClient, defineScript } from 'redis'
import { startMillrace } from '../process.ts'

for (const RESP of [2, 3] as const) {
  test(`its commands, scripts and transactions in RESP${RESP}`, async (t) => {
    const server = await startMillrace(t)
    const client = createClient({
      RESP, socket: { host: '127.0.0.1', port: server.port },
      scripts: {
        addTwo: defineScript({
          SCRIPT: 'return redis.call("INCRBY", KEYS[1], ARGV[1]) + redis.call("INCRBY", KEYS[1], ARGV[2])',
          NUMBER_OF_KEYS: 1,
          parseCommand(parser, key: string, first: number, second: number) {
            parser.pushKey(key)
            parser.push(String(first), String(second))
          },
          transformReply: (reply: unknown) => Number(reply),
        }),
      },
    })
    await client.connect()
    t.is(await client.set('s', 'value', { expiration: { type: 'EX', value: 3600 } }), 'OK')
    t.is(await client.get('s'), 'value')
    const ttl = await client.ttl('s')
    t.true(ttl > 3000 && ttl <= 3600, String(ttl))
    t.is(await client.hSet('h', { name: 'ann', age: '31' }), 2)
    t.deepEqual({ ...await client.hGetAll('h') }, { name: 'ann', age: '31' })
    t.is(await client.rPush('l', ['a', 'b', 'c']), 3)
    t.deepEqual(await client.lRange('l', 0, -1), ['a', 'b', 'c'])
    t.is(await client.sAdd('set', ['x', 'y']), 2)
    t.deepEqual([...await client.sMembers('set')].toSorted(), ['x', 'y'])
    await client.zAdd('z', [{ value: 'one', score: 1 }, { value: 'half', score: 0.5 }])
    t.deepEqual(await client.zRangeWithScores('z', 0, -1), [{ value: 'half', score: 0.5 }, { value: 'one', score: 1 }])
    t.is(await client.zScore('z', 'half'), 0.5)
    const id = await client.xAdd('stream', '*', { field: 'value' })
    const entries = await client.xRange('stream', '-', '+') ?? []
    t.deepEqual(entries.map((entry) => [entry.id, { ...entry.message }]), [[id, { field: 'value' }]])
    t.deepEqual(await client.multi().incr('n').incr('n').get('n').exec(), [1, 2, '2'])
    t.is(await client.addTwo('n', 3, 4), 14)
    t.deepEqual(await Promise.all(Array.from({ length: 100 }, () => client.incr('n'))),
      Array.from({ length: 100 }, (_, i) => i + 10))
    const keys: string[] = []
    for await (const batch of client.scanIterator({ COUNT: 2 })) keys.push(...batch)
    t.deepEqual([...new Set(keys)].toSorted(), ['h', 'l', 'n', 's', 'set', 'stream', 'z'])
    await t.throwsAsync(client.lPush('s', 'x'), { message: /^WRONGTYPE/ })

    const subscriber = client.duplicate()
    await subscriber.connect()
    const heard: string[] = []
    await subscriber.subscribe('news', (message, channel) => heard.push(`${channel}: ${message}`))
    await subscriber.pSubscribe('n*', (message, channel) => heard.push(`n*, ${channel}: ${message}`))
    t.is(await client.publish('news', 'hello'), 2)
    await subscriber.ping()
    t.deepEqual(heard, ['news: hello', 'n*, news: hello'])
    await subscriber.close()
    await client.close()
  })
}
