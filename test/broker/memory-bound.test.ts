// maxmemory in a broker: what is refused, what is evicted, what is logged, and what INFO and MEMORY tell.
import test from 'ava'
import { stateDigest } from '../../core/digest.ts'
import { requireRedis, startRedis } from '../process.ts'
import type { Arg, RespClient } from '../resp-client.ts'
import { decode } from '../resp-value.ts'
import { until } from '../until.ts'
import { startBroker, type InProcess } from './in-process.ts'

const oom = '-OOM command not allowed when used memory > \'maxmemory\'.\r\n'
const value = 'v'.repeat(500)
const addedMax = 16 << 10

async function fill(client: RespClient, from: number, to: number, ...options: string[]): Promise<string[]> {
  const commands: Arg[][] = []
  for (let i = from; i < to; i++) commands.push(['SET', `key:${i}`, value, ...options])
  return (await client.pipeline(commands)).map(String)
}

async function figures(client: RespClient): Promise<Record<string, number>> {
  const text = await client.text('INFO', 'everything')
  return Object.fromEntries([...text.matchAll(/^(\w+):([\d.]+)\r$/gm)].map(([, name, n]) => [name, Number(n)]))
}

/** Used memory as the bound counts it. */
const counted = ({ broker }: InProcess): number => broker.engine.evictor.usedBytes

test('a client that fills beyond maxmemory gets its writes, and used memory stays under the bound', async (t) => {
  const bound = 4 << 20
  const server = await startBroker(t, { args: ['--maxmemory', String(bound), '--maxmemory-policy', 'allkeys-lru'] })
  const client = await server.connect()
  for (let round = 0; round < 20; round++) {
    const replies = await fill(client, round * 1000, (round + 1) * 1000)
    t.true(replies.every((reply) => reply === '+OK\r\n'))
    // Beyond the bound is at most what the last command added: its key, and maybe a part of the table of keys.
    t.true(counted(server) <= bound + addedMax, `${counted(server)} bytes`)
  }
  const info = await figures(client)
  t.true(info['evicted_keys']! > 10_000)
  t.is(info['evicted_keys']! + Number((await client.text('DBSIZE')).slice(1)), 20_000)
  t.true(info['used_memory']! - info['mem_not_counted_for_evict']! <= bound + addedMax)
  t.is(info['current_eviction_exceeded_time'], 0)

  const digest = stateDigest(server.broker.engine)
  client.destroy()
  await server.broker.stop()
  const second = await startBroker(t, { dir: server.dir })
  t.is(stateDigest(second.broker.engine), digest, 'the log holds the evictions')
})

test('what is refused when memory is full, and in which words, is what redis-server refuses', async (t) => {
  if (!requireRedis(t)) return
  const theirs = await startRedis(t, {})
  const ours = await startBroker(t)
  const { RespClient } = await import('../resp-client.ts')
  const sides = [await ours.connect(), await RespClient.connect(theirs.port)]
  const full = [['CONFIG', 'SET', 'maxmemory', '1']]
  const free = [['CONFIG', 'SET', 'maxmemory', '0']]
  const sequences: Arg[][][] = [
    [['SET', 'a', '1'], ...full, ['SET', 'a', '2'], ['GET', 'a'], ['APPEND', 'a', 'x'], ['SETBIT', 'a', 1, 1], ['TYPE', 'a']],
    [['EXPIRE', 'a', 100], ['PERSIST', 'a'], ['PFADD', 'h', 'x'], ['XADD', 's', '*', 'f', 'v'], ['DEL', 'none'], ['PING']],
    [['MULTI'], ['GET', 'a'], ['PING'], ['EXEC']],
    [['MULTI'], ['SET', 'a', '3'], ['DISCARD'], ['GET', 'a']],
    [['MULTI'], ['EXEC'], ['EXEC'], ['DISCARD']],
    [['MULTI'], ['MULTI'], ['EXEC']],
    [['MULTI'], ['WATCH', 'a'], ['UNWATCH'], ['EXEC']],
    [['MULTI'], ['NOPE'], ['GET'], ['EXEC']],
    [['CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru'], ['SET', 'b', '1'], ['GET', 'a']],
    [...free, ['SET', 'b', '1', 'EX', '1000'], ['CONFIG', 'SET', 'maxmemory', '1'], ['SET', 'c', '1'], ['EXISTS', 'a', 'b', 'c']],
    [...free, ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random'], ...full, ['SET', 'c', '1'], ['DBSIZE']],
    [...free, ['CONFIG', 'SET', 'maxmemory-policy', 'noeviction'], ['SET', 'a', '1'], ['MULTI'], ['SET', 'a', '5'], ['GET', 'a']],
    [['EXEC'], ['GET', 'a'], ['CONFIG', 'RESETSTAT']],
  ]
  for (const sequence of sequences) {
    for (const words of sequence) {
      const [one, other] = await Promise.all(sides.map((side) => side.call(...words)))
      t.is(String(one), String(other), words.join(' '))
    }
  }

  // EXEC is refused as a whole when memory ran out since its commands were queued.
  const second = await ours.connect()
  const their = await RespClient.connect(theirs.port)
  for (const [client, other] of [[sides[0]!, second], [sides[1]!, their]] as const) {
    for (const words of [['MULTI'], ['SET', 'a', '9']]) await client.call(...words)
    await other.call('CONFIG', 'SET', 'maxmemory', '1')
    t.is(await client.text('EXEC'), `-EXECABORT Transaction discarded because of: ${oom.slice(1)}`)
    t.is(await client.text('GET', 'a'), '$1\r\n5\r\n')
  }
  for (const client of [...sides, second, their]) client.destroy()
})

test('CONFIG SET of a lower maxmemory evicts by itself, in slices of many turns', async (t) => {
  const server = await startBroker(t, { args: ['--maxmemory-eviction-tenacity', '1'] })
  const [client, other] = await Promise.all([server.connect(), server.connect()])
  for (let round = 0; round < 20; round++) await fill(client, round * 1000, (round + 1) * 1000)
  const turns = server.broker.outbox.turn
  await client.pipeline([['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu'], ['CONFIG', 'SET', 'maxmemory', '2mb']])
  t.true(counted(server) > 2 << 20, 'not all at once')
  t.is(await other.text('PING'), '+PONG\r\n')
  await until(() => counted(server) <= 2 << 20)
  t.true(server.broker.outbox.turn - turns > 5)
  t.true(server.broker.engine.stats.evictedKeys > 10_000)
  const info = await figures(client)
  t.true(info['total_eviction_exceeded_time']! > 0)
  t.is(await client.text('OBJECT', 'FREQ', 'none'), '$-1\r\n')
  for (const c of [client, other]) c.destroy()
})

test('watchers and listeners hear of evicted keys', async (t) => {
  const server = await startBroker(t, { args: ['--notify-keyspace-events', 'Ee'] })
  const [client, watcher, listener] = await Promise.all([server.connect(), server.connect(), server.connect()])
  await client.pipeline([['SET', 'k', value, 'EX', '1000'], ['CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl']])
  await watcher.pipeline([['WATCH', 'k'], ['MULTI'], ['PING']])
  await listener.call('SUBSCRIBE', '__keyevent@0__:evicted')
  await client.call('CONFIG', 'SET', 'maxmemory', '1')
  t.is(String((await listener.take(1))[0]), '*3\r\n$7\r\nmessage\r\n$22\r\n__keyevent@0__:evicted\r\n$1\r\nk\r\n')
  await client.call('CONFIG', 'SET', 'maxmemory', '0')
  t.is(await watcher.text('EXEC'), '*-1\r\n')
  for (const c of [client, watcher, listener]) c.destroy()
})

test('while writes are paused nothing is evicted', async (t) => {
  const server = await startBroker(t, { args: ['--maxmemory-policy', 'allkeys-random'] })
  const client = await server.connect()
  await fill(client, 0, 100)
  await client.call('CLIENT', 'PAUSE', '100000', 'WRITE')
  await client.call('CONFIG', 'SET', 'maxmemory', '1')
  t.is(await client.text('DBSIZE'), ':100\r\n')
  await client.call('CLIENT', 'UNPAUSE')
  await until(() => server.broker.engine.db.count === 0)
  t.is(server.broker.engine.stats.evictedKeys, 100)
  client.destroy()
})

test('what clients hold counts: queued commands push keys out', async (t) => {
  const server = await startBroker(t, { args: ['--maxmemory-policy', 'allkeys-lru'] })
  const [client, slow] = await Promise.all([server.connect(), server.connect()])
  await fill(client, 0, 10_000)
  await client.call('SET', 'large', 'x'.repeat(1 << 20))
  const info = await figures(client)
  await client.call('CONFIG', 'SET', 'maxmemory', String(info['used_memory']! + (1 << 20)))
  t.is((await figures(client))['evicted_keys'], 0)
  // Queued transactions are held by their client.
  const queued = Array.from({ length: 4 }, (): Arg[] => ['SET', 'k', 'x'.repeat(1 << 20)])
  await slow.pipeline([['MULTI'], ...queued])
  await until(() => server.broker.engine.stats.evictedKeys > 1000)
  t.true((await figures(client))['mem_clients_normal']! > 4 << 20)
  for (const c of [client, slow]) c.destroy()
})

test('the figures of INFO memory and MEMORY STATS add up', async (t) => {
  const server = await startBroker(t)
  const client = await server.connect()
  for (let round = 0; round < 30; round++) await fill(client, round * 1000, (round + 1) * 1000, 'EX', '10000')
  const { engine } = server.broker
  const full = await figures(client)
  const clients = full['mem_clients_normal']!
  t.is(full['used_memory'], engine.arena.usedBytes + clients + full['mem_aof_buffer']!)
  t.is(full['used_memory'], full['used_memory_overhead']! + full['used_memory_dataset']!)
  t.is(full['allocator_allocated'], engine.arena.usedBytes)
  t.true(full['allocator_active']! >= full['allocator_allocated']!)
  t.true(full['allocator_resident']! >= full['allocator_active']!)
  t.true(full['used_memory_rss']! >= full['allocator_active']!)
  t.true(full['used_memory_peak']! >= full['used_memory']!)
  // What MEMORY USAGE tells of all keys is what the dataset and its tables take.
  const usages = await client.pipeline(Array.from({ length: 30_000 }, (_, i) => ['MEMORY', 'USAGE', `key:${i}`]))
  const sum = usages.reduce((total, reply) => total + Number(String(reply).slice(1)), 0)
  const taken = full['used_memory']! - full['used_memory_startup']! - clients - full['mem_aof_buffer']!
  t.true(Math.abs(sum - taken) < taken * 0.01, `${sum} of ${taken}`)

  const stats = new Map<string, unknown>()
  const flat = decode(await client.call('MEMORY', 'STATS')).value as { value: unknown }[]
  for (let i = 0; i < flat.length; i += 2) stats.set(String(flat[i]!.value), flat[i + 1]!.value)
  t.is(Number(stats.get('keys.count')), 30_000)
  t.true(Math.abs(Number(stats.get('total.allocated')) - full['used_memory']!) < 4096)
  t.deepEqual([...stats.keys()].filter((name) => name.startsWith('db.')), ['db.0'])

  await client.call('FLUSHALL')
  const reserved = engine.arena.reservedBytes
  t.is(await client.text('MEMORY', 'PURGE'), '+OK\r\n')
  t.true(engine.arena.reservedBytes < reserved)
  t.notThrows(() => engine.arena.check())
  t.true((await figures(client))['used_memory_peak']! >= full['used_memory']!)
  t.regex(await client.text('MEMORY', 'DOCTOR'), /Peak: /)
  client.destroy()
})

test('who waits for a stream hears at once that it was evicted, or that it expired', async (t) => {
  const server = await startBroker(t, { args: ['--maxmemory-policy', 'volatile-ttl'] })
  const [client, reader] = await Promise.all([server.connect(), server.connect()])
  const wait = 'XREADGROUP GROUP g c BLOCK 0 STREAMS s >\r\n'
  const gone = /^-NOGROUP /
  await client.pipeline([['XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM'], ['EXPIRE', 's', '1000']])
  reader.sendRaw(wait)
  await until(() => server.broker.blocking.count === 1)
  await client.call('CONFIG', 'SET', 'maxmemory', '1')
  t.regex(String((await reader.take(1))[0]), gone)
  t.is(server.broker.engine.stats.evictedKeys, 1)

  await client.pipeline([['CONFIG', 'SET', 'maxmemory', '0'], ['XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM'], ['PEXPIRE', 's', '20']])
  reader.sendRaw(wait)
  t.regex(String((await reader.take(1))[0]), gone)
  for (const c of [client, reader]) c.destroy()
})
