// Clients that know nothing of it read the log as any stream: ioredis, node-redis, redis-cli. What is durable, and what is evicted.
import { spawnSync } from 'node:child_process'
import { Redis } from 'ioredis'
import test from 'ava'
import { createClient } from 'redis'
import { effect, logArgs, parked, shown, startServed, value } from './served.ts'
import { requireRedis } from '../../process.ts'
import { SimulatedDisk } from '../../simulation/simulated-disk.ts'
import { until } from '../../until.ts'

test('ioredis and node-redis: ranges, reads that wait, groups', async (t) => {
  const server = await startServed(t)
  const { port } = server
  const ioredis = new Redis(port, '127.0.0.1')
  const nodeRedis = createClient({ socket: { host: '127.0.0.1', port } })
  await nodeRedis.connect()
  await ioredis.set('k', 'v')
  const [[id, fields]] = (await ioredis.xrange('$all', '-', '+')) as [[string, string[]]]
  t.deepEqual(fields.slice(0, 12), ['pos', '1', 'db', '0', 'cmd', 'set', 'key', 'k', 'arg1', 'k', 'arg2', 'v'])
  const [entry] = (await nodeRedis.xRange('$key:k', '-', '+'))!
  t.deepEqual([entry!.id, entry!.message['arg2'], entry!.message['user']], [id, 'v', 'default'])
  const waits = nodeRedis.xRead({ key: '$match:w*', id: '$' }, { BLOCK: 0 })
  await parked(server, 1)
  await ioredis.xgroup('CREATE', '$all', 'g', '0')
  await ioredis.set('wanted', '1')
  const read = (await waits) as { messages: { message: Record<string, string> }[] }[]
  t.is(read[0]!.messages[0]!.message['key'], 'wanted')
  const delivered = await ioredis.xreadgroup('GROUP', 'g', 'c', 'COUNT', 10, 'STREAMS', '$all', '>')
  const [[, entries]] = delivered as [[string, [string, string[]][]]]
  t.deepEqual(entries.map(([, words]) => words[7]), ['k', 'wanted'])
  t.is(await ioredis.xack('$all', 'g', ...entries.map(([each]) => each)), 2)
  ioredis.disconnect()
  nodeRedis.destroy()
})

test('redis-cli', async (t) => {
  if (!requireRedis(t)) return
  const { port, connect } = await startServed(t)
  await (await connect()).text('SET', 'k', 'v')
  const child = await new Promise<string>((resolve) => {
    setImmediate(() => void import('node:child_process').then(({ execFile }) =>
      execFile('redis-cli', ['-p', String(port), '--json', 'XRANGE', '$all', '-', '+'], (_error, stdout) => resolve(stdout))))
  })
  t.deepEqual((JSON.parse(child) as [[string, string[]]])[0][1].slice(4, 8), ['cmd', 'SET', 'key', 'k'])
  t.is(spawnSync('redis-cli', ['--version']).status, 0)
})

test('under appendfsync always nothing is shown before it is durable', async (t) => {
  const disk = new SimulatedDisk()
  const server = await startServed(t, { disk, args: [...logArgs, '--appendfsync', 'always'] })
  const { broker, connect } = server
  const syncs = setInterval(() => disk.runLater(), 1)
  t.teardown(() => clearInterval(syncs))
  const [reader, writer] = [await connect(), await connect()]
  const waits = value(reader, 'XREAD', 'BLOCK', 0, 'STREAMS', '$all', '$')
  await parked(server, 1)
  const first = await writer.text('SET', 'k', 1)
  const reply = (await waits) as [[string, never]]
  t.is(first, '+OK\r\n')
  t.deepEqual(shown(reply[0][1]).map(effect), ['SET k 1'])
  t.true(broker.engine.log.durable >= 1)
})

test('eviction spares the groups', async (t) => {
  const { broker, connect } = await startServed(t)
  const client = await connect()
  await client.text('XGROUP', 'CREATE', '$all', 'g', '0')
  for (let i = 0; i < 200; i++) await client.text('SET', `k${i}`, 'v'.repeat(1000))
  for (const policy of ['allkeys-random', 'allkeys-lru', 'allkeys-lfu']) {
    await client.text('CONFIG', 'SET', 'maxmemory-policy', policy)
    await client.text('CONFIG', 'SET', 'maxmemory', 1)
    await until('one key is left', async () => {
      await client.text('PING')
      return broker.engine.dbs[0]!.count <= 1
    })
    t.is(await client.text('EXISTS', '$all'), ':1\r\n', policy)
    t.is(await client.text('DBSIZE'), ':1\r\n', policy)
    await client.text('CONFIG', 'SET', 'maxmemory', 0)
    for (let i = 0; i < 50; i++) await client.text('SET', `k${i}`, 'v')
  }
})
