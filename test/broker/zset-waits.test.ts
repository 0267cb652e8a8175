// Clients that wait for sorted sets: who is served, with what, in which order, and when the wait ends.
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { startBroker } from './in-process.ts'
import { bulk, bulks, waiter, waiters } from './waiters.ts'

test('who came first is served first, each with its own member', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, 'BZPOPMIN z 0', 'BZPOPMAX z 0', 'BZMPOP 0 1 z MIN COUNT 2', 'BZPOPMIN z 0')
  const giver = await server.connect()
  t.is(await giver.text('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd', 5, 'e', 6, 'f'), ':6\r\n')
  t.is(await replies[0], bulks('z', 'a', '1'))
  t.is(await replies[1], bulks('z', 'f', '6'))
  t.is(await replies[2], `*2\r\n${bulk('z')}*2\r\n${bulks('b', '2')}${bulks('c', '3')}`)
  t.is(await replies[3], bulks('z', 'd', '4'))
  t.is(await giver.text('ZRANGE', 'z', 0, -1), bulks('e'))
  close()
})

test('the first key that has a member is the one that counts, in any form of the wait', async (t) => {
  const server = await startBroker(t)
  const giver = await server.connect()
  const { replies, close } = await waiters(server, 'BZPOPMIN a b c 0', 'BZMPOP 0 3 c b a MAX')
  await giver.text('MULTI')
  for (const key of ['c', 'b', 'a']) await giver.text('ZADD', key, 1, `of ${key}`)
  await giver.text('EXEC')
  t.is(await replies[0], bulks('a', 'of a', '1'))
  t.is(await replies[1], `*2\r\n${bulk('c')}*1\r\n${bulks('of c', '1')}`)
  close()
})

test('a transaction is served as a whole: what it takes back nobody gets', async (t) => {
  const server = await startBroker(t)
  const giver = await server.connect()
  const { client, reply } = await waiter(server, 'BZPOPMIN z 0')
  await giver.text('MULTI')
  await giver.text('ZADD', 'z', 1, 'a')
  await giver.text('DEL', 'z')
  await giver.text('EXEC')
  t.is(server.broker.blocking.count, 1)
  await giver.text('MULTI')
  await giver.text('ZADD', 'z', 5, 'late')
  await giver.text('ZADD', 'z', 1, 'early')
  await giver.text('EXEC')
  t.is(await reply, bulks('z', 'early', '1'))
  client.destroy()
})

test('values of other types wake nobody; a set that is stored, moved or renamed there does', async (t) => {
  const server = await startBroker(t)
  const giver = await server.connect()
  await giver.text('ZADD', 'source', 1, 'a', 2, 'b', 3, 'c', 4, 'd')
  const { client, reply } = await waiter(server, 'BZPOPMAX z 0')
  t.is(await giver.text('RPUSH', 'z', 'x'), ':1\r\n')
  t.is(await giver.text('DEL', 'z'), ':1\r\n')
  t.is(await giver.text('SADD', 'z', 'x'), ':1\r\n')
  t.is(server.broker.blocking.count, 1)
  t.is(await giver.text('ZRANGESTORE', 'z', 'source', 0, 1), ':2\r\n')
  t.is(await reply, bulks('z', 'b', '2'))
  client.destroy()

  const stores = [
    ['ZUNIONSTORE', 'u', '2', 'source', 'none'], ['ZDIFFSTORE', 'u', '1', 'source'], ['ZINTERSTORE', 'u', '1', 'source'],
    ['COPY', 'source', 'u'], ['RENAME', 'source', 'u'],
  ]
  for (const words of stores) {
    const one = await waiter(server, 'BZPOPMIN u 0')
    await giver.text(...words)
    t.is(await one.reply, bulks('u', 'a', '1'), words.join(' '))
    await giver.text('DEL', 'u')
    one.client.destroy()
  }
  const geo = await waiter(server, 'BZPOPMIN g 0')
  await giver.text('GEOADD', 'g', 13, 38, 'p')
  t.regex(await geo.reply, /^\*3\r\n\$1\r\ng\r\n\$1\r\np\r\n\$16\r\n\d{16}\r\n$/)
  geo.client.destroy()
})

test('a fraction of a second is waited for; within MULTI nothing waits', async (t) => {
  const server = await startBroker(t)
  const client = await server.connect()
  t.is(await client.text('BZPOPMIN', 'z', '0.02'), '*-1\r\n')
  t.is(await client.text('BZMPOP', '0.03', 2, 'z', 'y', 'MAX', 'COUNT', 3), '*-1\r\n')
  t.is(server.broker.blocking.count, 0)
  await client.text('MULTI')
  await client.text('BZPOPMIN', 'z', 0)
  await client.text('BZMPOP', 0, 1, 'z', 'MIN')
  t.is(await client.text('EXEC'), '*2\r\n*-1\r\n*-1\r\n')
  t.is(await client.text('BZPOPMIN', 'z', '-1'), '-ERR timeout is negative\r\n')
  t.is(await client.text('BZPOPMIN', 'z', 'soon'), '-ERR timeout is not a float or out of range\r\n')
})

test('a served wait stands in the log as the pop that it was, beside what served it', async (t) => {
  const server = await startBroker(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  const giver = await server.connect()
  const { replies, close } = await waiters(server, 'BZPOPMAX none z 0', 'BZMPOP 0 2 none z MIN COUNT 2')
  await giver.text('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c')
  await Promise.all(replies)
  t.is(await giver.text('EXISTS', 'z'), ':0\r\n')
  const folder = path.join(server.dir, 'appendonlydir')
  const files = readdirSync(folder).filter((name) => name.endsWith('.aof'))
  const log = files.map((name) => readFileSync(path.join(folder, name), 'latin1')).join('')
  t.true(log.includes('*2\r\n$7\r\nZPOPMAX\r\n$1\r\nz\r\n'))
  t.true(log.includes('*3\r\n$7\r\nZPOPMIN\r\n$1\r\nz\r\n$1\r\n2\r\n'))
  t.false(log.includes('BZ'))
  close()
})
