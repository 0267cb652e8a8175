// DEBUG: POPULATE, whose keys are in the log, and what the others answer beside redis-server.
import test from 'ava'
import { checkAof, requireRedis, startMillrace, startRedis } from '../../process.ts'
import { startBroker } from '../in-process.ts'
import { until } from '../../until.ts'
import { play } from './same-replies.ts'

const args = ['--enable-debug-command', 'yes']

/** So many integers, as words. */
function items(from: number, count: number): string {
  return Array.from({ length: count }, (_, i) => from + i).join(' ')
}

/** DEBUG OBJECT without what is a server's own. */
function settled(reply: string): string {
  return reply.replace(/ at:\S+/, '').replace(/lru:\d+ lru_seconds_idle:\d+/, '')
}

test('POPULATE makes the keys that redis-server makes, and a start from the log finds them', async (t) => {
  if (!requireRedis(t)) return
  const [ours, theirs] = await Promise.all([startMillrace(t, { args }), startRedis(t, { args })])
  const script = [
    'DEBUG POPULATE', 'DEBUG POPULATE x', 'DEBUG POPULATE -1', 'DEBUG POPULATE 3 a b', 'DEBUG POPULATE 3 a -1', 'DEBUG POPULATE 1 a 2 b',
    'SET key:1 mine', 'DEBUG POPULATE 3', 'MGET key:0 key:1 key:2 key:3', 'DEBUG POPULATE 12 p 8', 'MGET p:0 p:11', 'SELECT 1',
    'DEBUG POPULATE 3 p 3', 'MGET p:0 p:2', 'DEBUG POPULATE 0', 'MULTI', 'DEBUG POPULATE 2 m', 'DBSIZE', 'EXEC', 'DBSIZE',
    'DEBUG POPULATE 3000 many 100', 'DBSIZE', 'DEBUG DIGEST',
  ]
  for (const { command, ours: mine, theirs: other } of await play(ours, theirs, script)) t.is(mine, other, command)
  const digest = async (): Promise<string> => {
    const client = await ours.connect()
    const text = await client.text('DEBUG', 'STATE-DIGEST')
    client.destroy()
    return text
  }
  const before = await digest()
  await ours.kill9()
  t.true(checkAof(ours.dir).ok)
  await ours.start()
  t.is(await digest(), before)
})

test('POPULATE and RELOAD leave turns to others, and their client waits for them; a replica refuses POPULATE', async (t) => {
  const server = await startBroker(t, { args })
  const [maker, other] = await Promise.all([server.connect(), server.connect()])
  const order: string[] = []
  const made = maker.text('DEBUG', 'POPULATE', '300000').then((text) => order.push(text))
  await until(() => server.broker.engine.dbs[0]!.count > 0)
  order.push(await other.text('PING'))
  t.is(await other.text('CLIENT', 'UNBLOCK', '1'), ':0\r\n')
  t.true(server.broker.engine.dbs[0]!.count < 300_000)
  await made
  t.deepEqual(order, ['+PONG\r\n', '+OK\r\n'])
  t.is(await other.text('DBSIZE'), ':300000\r\n')
  const reloaded = maker.text('DEBUG', 'RELOAD')
  await until(() => server.broker.loading.active)
  t.is(await other.text('CLIENT', 'UNBLOCK', '1'), ':0\r\n')
  t.true(server.broker.loading.active)
  t.is(await reloaded, '+OK\r\n')
  const { clients, engine } = server.broker
  t.is(Math.max(...Array.from(clients.values(), (c) => c.wrotePosition)), engine.log.appended, 'what WAIT waits for')
  await other.call('REPLICAOF', '127.0.0.1', '1')
  t.is(await other.text('DEBUG', 'POPULATE', '1', 'r'), `-READONLY You can't write against a read only replica.\r\n`)
  await other.call('REPLICAOF', 'NO', 'ONE')
  maker.destroy()
  other.destroy()
})

test('what DEBUG tells of keys is refused where redis-server refuses it', async (t) => {
  if (!requireRedis(t)) return
  const [ours, theirs] = await Promise.all([startMillrace(t, { args }), startRedis(t, { args })])
  const script = [
    'SET k vvvvv', 'RPUSH l a b c', 'HSET h f v', 'DEBUG SDSLEN l', 'DEBUG SDSLEN nope', 'DEBUG SDSLEN', 'DEBUG HTSTATS 99',
    'DEBUG HTSTATS x', 'DEBUG HTSTATS-KEY h', 'DEBUG HTSTATS-KEY nope', 'DEBUG LISTPACK k', 'DEBUG LISTPACK nope', 'DEBUG QUICKLIST k',
    'DEBUG QUICKLIST nope', 'DEBUG OBJECT nope', 'DEBUG ERROR OOPS\\sdear', 'DEBUG QUICKLIST-PACKED-THRESHOLD 0', 'DEBUG NOPE',
  ]
  for (const { command, ours: mine, theirs: other } of await play(ours, theirs, script)) t.is(mine, other, command)
  // How long values are in a file, and how lists are cut into nodes.
  const values = [
    'CONFIG SET rdbcompression no', 'SET int 12345', `SET text ${'t'.repeat(300)}`, `SADD ints ${items(0, 300)}`, 'ZADD z 1 a 2.5 b inf c',
    `HSET big ${items(0, 1200)}`, ...['-1', '-2', '3', '100'].flatMap((size, i) => [
      `CONFIG SET list-max-listpack-size ${size}`, `RPUSH l${i} ${items(0, 4000)}`, `LPUSH l${i} ${items(5000, 150)}`, `LREM l${i} 0 1000`,
      `LINSERT l${i} BEFORE 777 new`, `LSET l${i} 1500 other`, `LTRIM l${i} 7 -1`, `LPOP l${i} 100`, `DEBUG OBJECT l${i}`,
    ]),
    ...['int', 'text', 'ints', 'z', 'big'].map((key) => `DEBUG OBJECT ${key}`),
  ]
  for (const { command, ours: mine, theirs: other } of await play(ours, theirs, values)) t.is(settled(mine), settled(other), command)

  const client = await ours.connect()
  await client.call('CONFIG', 'SET', 'list-max-listpack-size', '-1')
  await client.call('RPUSH', 'mixed', 'x'.repeat(5000), 'a', 'b')
  t.regex(await client.text('DEBUG', 'OBJECT', 'mixed'), / ql_nodes:2 ql_avg_node:1\.50 ql_listpack_max:-1 .*size:5013\r\n$/)
  await client.call('HEXPIRE', 'h', '100', 'FIELDS', '1', 'f')
  t.is(await client.text('DEBUG', 'LISTPACK', 'h'), '+Listpack structure printed on stdout\r\n')
  t.regex(await client.text('DEBUG', 'SDSLEN', 'k'), /^\+key_sds_len:1, key_sds_avail:0, .*val_sds_len:5, /)
  t.is(await client.text('DEBUG', 'LISTPACK', 'h'), '+Listpack structure printed on stdout\r\n')
  t.regex(await client.text('DEBUG', 'HTSTATS', '0'), /number of elements: 13\n/)
  client.destroy()
})

test('PANIC and SEGFAULT end the process as a fault does, and the log keeps what was acknowledged', async (t) => {
  const server = await startMillrace(t, { args })
  for (const [word, key] of [['PANIC', 'a'], ['SEGFAULT', 'b']] as const) {
    const client = await server.connect()
    t.is(await client.text('SET', key, 'v'), '+OK\r\n')
    await t.throwsAsync(client.call('DEBUG', word))
    t.is(await server.ended, null)
    await server.start()
    const after = await server.connect()
    t.is(await after.text('GET', key), '$1\r\nv\r\n')
    after.destroy()
  }
})
