// Clients that wait for lists: who is served, with what, in which order, and what it costs.
import test from 'ava'
import { Redis } from 'ioredis'
import { startBroker } from './in-process.ts'
import type { InProcess } from './in-process.ts'
import { bulk, bulks, parked, waiter, waiters } from './waiters.ts'

/** Tells how often handlers have run from now on. */
function countRuns(server: InProcess): () => number {
  const { engine } = server.broker
  const execute = engine.execute.bind(engine)
  let runs = 0
  engine.execute = (...args) => {
    runs++
    execute(...args)
  }
  return () => runs
}

test('twenty consumers and a producer: every job is done once, and who waits longest is served first', async (t) => {
  const server = await startBroker(t)
  const producer = new Redis({ port: server.port, lazyConnect: false })
  const consumers: Redis[] = []
  const done: string[] = []
  const first: number[] = []
  const loops: Promise<void>[] = []
  for (let i = 0; i < 20; i++) {
    const redis = new Redis({ port: server.port })
    consumers.push(redis)
    loops.push((async () => {
      for (;;) {
        const taken = await redis.brpop('jobs', 0)
        if (taken === null || taken[1] === 'stop') return
        if (first.length < 20) first.push(i)
        done.push(taken[1])
      }
    })())
    await parked(server, i + 1)
  }
  await producer.lpush('jobs', ...Array.from({ length: 20 }, (_, i) => `first ${i}`))
  await parked(server, 20)
  t.deepEqual(first.toSorted((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i))
  for (let batch = 0; batch < 50; batch++) {
    const pipeline = producer.pipeline()
    for (let i = 0; i < 20; i++) pipeline.lpush('jobs', `job ${batch * 20 + i}`)
    await pipeline.exec()
  }
  await producer.lpush('jobs', ...Array.from<string>({ length: 20 }).fill('stop'))
  await Promise.all(loops)
  const expected = [...Array.from({ length: 20 }, (_, i) => `first ${i}`), ...Array.from({ length: 1000 }, (_, i) => `job ${i}`)]
  t.deepEqual(done.toSorted(), expected.toSorted())
  t.is(await producer.exists('jobs'), 0)
  for (const redis of [producer, ...consumers]) redis.disconnect()
})

test('who came first is served first, each with its own element', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, 'BLPOP l 0', 'BRPOP l 0', 'BLMPOP 0 1 l LEFT COUNT 2', 'BLPOP l 0')
  const giver = await server.connect()
  t.is(await giver.text('RPUSH', 'l', 'a', 'b', 'c', 'd', 'e', 'f'), ':6\r\n')
  t.is(await replies[0], bulks('l', 'a'))
  t.is(await replies[1], bulks('l', 'f'))
  t.is(await replies[2], `*2\r\n${bulk('l')}${bulks('b', 'c')}`)
  t.is(await replies[3], bulks('l', 'd'))
  t.is(await giver.text('LRANGE', 'l', 0, -1), bulks('e'))
  giver.destroy()
  close()
})

test('a push runs the command of the one it serves, however many wait', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, ...Array.from<string>({ length: 200 }).fill('BLPOP l 0'))
  const command = server.broker.commands.find(Buffer.from('blpop'), 0, 5)!
  const giver = await server.connect()
  const runs = countRuns(server)
  for (let i = 0; i < 3; i++) {
    await giver.text('RPUSH', 'l', `${i}`)
    t.is(await replies[i], bulks('l', `${i}`))
    t.is(runs(), 2 * (i + 1))
  }
  await giver.text('RPUSH', 'l', '3', '4', '5')
  t.deepEqual(await Promise.all(replies.slice(3, 6)), ['3', '4', '5'].map((one) => bulks('l', one)))
  t.is(runs(), 10)
  t.is(command.calls, 6, 'each counts once, when it is served')
  giver.destroy()
  close()
})

test('of a group\'s readers none behind the first that finds nothing is asked', async (t) => {
  const server = await startBroker(t)
  const giver = await server.connect()
  for (const group of ['g', 'h']) await giver.text('XGROUP', 'CREATE', 's', group, '$', 'MKSTREAM')
  const commands = Array.from({ length: 50 }, (_, i) => `XREADGROUP GROUP ${i % 2 === 0 ? 'g' : 'h'} c${i} BLOCK 0 STREAMS s >`)
  const { replies, close } = await waiters(server, ...commands)
  const runs = countRuns(server)
  await giver.text('XADD', 's', '1-1', 'f', 'v')
  for (const reply of replies.slice(0, 2)) t.regex(await reply, /1-1/)
  t.is(server.broker.blocking.count, 48)
  t.is(runs(), 5, 'XADD, the two that it served, and one of each group that finds nothing')
  giver.destroy()
  close()
})

test('a transaction serves when it is over: in the order of arrival, with what it left', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, 'BLPOP l 0', 'BLPOP l 0', 'BLPOP l 0')
  const giver = await server.connect()
  await giver.pipeline([['MULTI'], ['RPUSH', 'l', 'a', 'b'], ['LPOP', 'l'], ['RPUSH', 'l', 'c'], ['BLPOP', 'm', '0'], ['EXEC']])
  t.is(await replies[0], bulks('l', 'b'))
  t.is(await replies[1], bulks('l', 'c'))
  t.is(server.broker.blocking.count, 1)
  giver.destroy()
  close()
})

test('blocked moves form chains', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, 'BLPOP c 0', 'BLMOVE b c LEFT RIGHT 0', 'BRPOPLPUSH a b 0')
  const giver = await server.connect()
  t.is(await giver.text('RPUSH', 'a', 'x'), ':1\r\n')
  t.deepEqual(await Promise.all(replies), [bulks('c', 'x'), bulk('x'), bulk('x')])
  t.is(await giver.text('EXISTS', 'a', 'b', 'c'), ':0\r\n')
  t.is(server.broker.blocking.count, 0)
  giver.destroy()
  close()
})

test('a move around one list leaves the element for the next who waits', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, 'BLMOVE l l LEFT RIGHT 0', 'BRPOP l 0')
  const giver = await server.connect()
  await giver.text('RPUSH', 'l', 'x')
  t.deepEqual(await Promise.all(replies), [bulk('x'), bulks('l', 'x')])
  giver.destroy()
  close()
})

test('who waits for several keys takes the first that has something', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, 'BLPOP a b a 0', 'BLMPOP 0 2 a b LEFT')
  const giver = await server.connect()
  await giver.pipeline([['MULTI'], ['RPUSH', 'b', '1', '2'], ['RPUSH', 'a', '3'], ['EXEC']])
  t.is(await replies[0], bulks('a', '3'))
  t.is(await replies[1], `*2\r\n${bulk('b')}${bulks('1')}`)
  t.is(await giver.text('LRANGE', 'b', 0, -1), bulks('2'))
  giver.destroy()
  close()
})

test('a key of another type wakes nobody', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, 'BLPOP l 0')
  const giver = await server.connect()
  await giver.pipeline([['SET', 'l', 'x'], ['DEL', 'l'], ['XADD', 'l', '1-1', 'f', 'v'], ['DEL', 'l'], ['XADD', 'm', '1-1', 'f', 'v']])
  await giver.text('RENAME', 'm', 'l')
  t.is(server.broker.blocking.count, 1)
  await giver.pipeline([['DEL', 'l'], ['LPUSH', 'l', 'x']])
  t.is(await replies[0], bulks('l', 'x'))
  giver.destroy()
  close()
})

test('a blocked move to a key of another type fails, and the element stays for the next', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, 'BLMOVE l s LEFT LEFT 0', 'BLPOP l 0')
  const giver = await server.connect()
  await giver.pipeline([['SET', 's', 'x'], ['RPUSH', 'l', 'a']])
  t.is(await replies[0], '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n')
  t.is(await replies[1], bulks('l', 'a'))
  giver.destroy()
  close()
})

for (const [how, commands] of [
  ['RENAME', [['RPUSH', 'm', 'a'], ['RENAME', 'm', 'l']]],
  ['COPY', [['RPUSH', 'm', 'a'], ['COPY', 'm', 'l']]],
  ['MOVE', [['SELECT', '1'], ['RPUSH', 'l', 'a'], ['MOVE', 'l', '0']]],
  ['SWAPDB', [['SELECT', '1'], ['RPUSH', 'l', 'a'], ['SWAPDB', '0', '1']]],
  ['LMOVE', [['RPUSH', 'm', 'a'], ['LMOVE', 'm', 'l', 'LEFT', 'LEFT']]],
  ['SORT', [['RPUSH', 'm', 'a'], ['SORT', 'm', 'ALPHA', 'STORE', 'l']]],
  ['COPY over a string', [['SET', 'l', 'x'], ['RPUSH', 'm', 'a'], ['COPY', 'm', 'l', 'REPLACE']]],
] as const) {
  test(`a list that comes by ${how} serves who waits`, async (t) => {
    const server = await startBroker(t)
    const { replies, close } = await waiters(server, 'BLPOP l 0')
    const giver = await server.connect()
    await giver.pipeline(commands)
    t.is(await replies[0], bulks('l', 'a'))
    giver.destroy()
    close()
  })
}

test('a list that comes by RESTORE serves who waits', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, 'BRPOP l 0')
  const giver = await server.connect()
  await giver.text('RPUSH', 'm', 'a', 'b')
  const dump = await giver.call('DUMP', 'm')
  t.is(await giver.text('RESTORE', 'l', 0, dump.subarray(dump.indexOf('\r\n') + 2, -2)), '+OK\r\n')
  t.is(await replies[0], bulks('l', 'b'))
  t.is(await giver.text('LRANGE', 'l', 0, -1), bulks('a'))
  giver.destroy()
  close()
})

test('a woken command looks at all its keys anew, as from 7.2 on: a key of another type before the list is an error', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, 'BLPOP s l 0', 'BLPOP l s 0')
  const giver = await server.connect()
  await giver.pipeline([['SET', 's', 'x'], ['RPUSH', 'l', 'a']])
  t.is(await replies[0], '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n')
  t.is(await replies[1], bulks('l', 'a'))
  giver.destroy()
  close()
})

test('readers of a stream and takers from a list may wait for one key: each is served by its own kind', async (t) => {
  const server = await startBroker(t)
  const commands = ['XREAD BLOCK 0 STREAMS k $', 'BLPOP k 0', 'XREAD BLOCK 0 STREAMS k $', 'BZPOPMIN k 0', 'BLPOP k 0']
  const { replies, close } = await waiters(server, ...commands)
  const giver = await server.connect()
  await giver.pipeline([['RPUSH', 'k', 'a'], ['ZADD', 'k', 1, 'b'], ['XADD', 'k', '1-1', 'f', 'v']])
  t.is(await replies[1], bulks('k', 'a'))
  t.is(await replies[3], bulks('k', 'b', '1'))
  for (const i of [0, 2]) t.regex(await replies[i]!, /1-1/)
  t.is(server.broker.blocking.count, 1)
  giver.destroy()
  close()
})

test('the time is up: a null array, also of moves; and fractions of a second count', async (t) => {
  const server = await startBroker(t)
  const client = await server.connect()
  for (const command of ['BLPOP l 0.02', 'BLMOVE l m LEFT LEFT 0.02', 'BRPOPLPUSH l m 0.02', 'BLMPOP 0.02 1 l LEFT']) {
    client.sendRaw(`${command}\r\n`)
    t.is(String((await client.take(1))[0]), '*-1\r\n', command)
  }
  await client.text('HELLO', '3')
  t.is(await client.text('BLPOP', 'l', '0.01'), '_\r\n')
  client.destroy()
})

test('CLIENT UNBLOCK, and clients that leave, take nothing from the list', async (t) => {
  const server = await startBroker(t)
  const one = await waiter(server, 'BLPOP l 0')
  const other = await waiter(server, 'BLMOVE l m LEFT LEFT 0')
  const gone = await waiter(server, 'BLPOP l 0')
  const last = await waiter(server, 'BLPOP l 0')
  const [first, second] = [...server.broker.clients.keys()]
  const giver = await server.connect()
  t.is(await giver.text('CLIENT', 'UNBLOCK', first!), ':1\r\n')
  t.is(await giver.text('CLIENT', 'UNBLOCK', second!, 'ERROR'), ':1\r\n')
  t.is(await giver.text('CLIENT', 'UNBLOCK', second!), ':0\r\n')
  t.is(await one.reply, '*-1\r\n')
  t.is(await other.reply, '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n')
  t.regex(await giver.text('INFO', 'commandstats'), /^cmdstat_blmove:calls=1,.*,failed_calls=1\r$/m)
  t.regex(await giver.text('INFO', 'errorstats'), /^errorstat_UNBLOCKED:count=1\r$/m)
  gone.client.destroy()
  await parked(server, 1)
  await giver.text('RPUSH', 'l', 'a')
  t.is(await last.reply, bulks('l', 'a'))
  for (const client of [one.client, other.client, last.client, giver]) client.destroy()
})

test('a woken command passes the gates anew: memory may have run out', async (t) => {
  const server = await startBroker(t)
  const giver = await server.connect()
  await giver.text('RPUSH', 'from', 'a')
  const { replies, close } = await waiters(server, 'BLMOVE l m LEFT LEFT 0', 'BLPOP l 0')
  await giver.text('CONFIG', 'SET', 'maxmemory', '1')
  t.is(await giver.text('RENAME', 'from', 'l'), '+OK\r\n')
  t.is(await replies[0], "-OOM command not allowed when used memory > 'maxmemory'.\r\n")
  t.is(await replies[1], bulks('l', 'a'))
  t.regex(await giver.text('INFO', 'commandstats'), /^cmdstat_blmove:calls=0,.*,rejected_calls=1,failed_calls=0\r$/m)
  giver.destroy()
  close()
})

test('what was served is logged: the lists are the same after a restart', async (t) => {
  const server = await startBroker(t)
  const { replies, close } = await waiters(server, 'BLPOP l 0', 'BLMOVE l m LEFT LEFT 0', 'BLMPOP 0 1 l RIGHT COUNT 2')
  const giver = await server.connect()
  await giver.text('RPUSH', 'l', 'a', 'b', 'c', 'd', 'e')
  await Promise.all(replies)
  giver.destroy()
  close()
  await server.broker.stop()
  const second = await startBroker(t, { dir: server.dir })
  const client = await second.connect()
  t.is(await client.text('LRANGE', 'l', 0, -1), bulks('c'))
  t.is(await client.text('LRANGE', 'm', 0, -1), bulks('b'))
  client.destroy()
})
