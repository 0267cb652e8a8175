// MIGRATE: keys move to redis-server, to ours and back as they are; nothing is lost or in two places, and nobody waits
// for the other server who has nothing to do with the keys.
import net from 'node:net'
import test from 'ava'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { Scope, ServerProcess } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { startBroker } from '../in-process.ts'
import { parked } from '../waiters.ts'
import { play } from './same-replies.ts'
import { until } from '../../until.ts'

const debugging = ['--enable-debug-command', 'yes']

const makers: readonly string[][] = [
  ['SET', 'string', 'a\0b\r\nc'], ['SET', 'number', '12345'], ['SET', 'dated', 'x', 'EX', '100000'],
  ['RPUSH', 'list', 'a', '1', 'x'.repeat(9000)], ['SADD', 'set', 'a', 'b'], ['SADD', 'ints', '1', '2', '3'],
  ['HSET', 'hash', 'f', 'v', 'g', 'w'.repeat(100)], ['ZADD', 'zset', '1.5', 'a', '-inf', 'b'], ['PFADD', 'hll', 'a', 'b', 'c'],
  ['SETBIT', 'bits', '1000', '1'], ['GEOADD', 'geo', '13.361389', '38.115556', 'Palermo'],
  ['XADD', 'stream', '1-1', 'f', 'v'], ['XADD', 'stream', '2-1', 'g', 'w'], ['XGROUP', 'CREATE', 'stream', 'grp', '0'],
  ['XREADGROUP', 'GROUP', 'grp', 'ann', 'COUNT', '1', 'STREAMS', 'stream', '>'], ['SET', 'kö\xffy', 'named'],
]
const keys = [...new Set(makers.map((words) => (words[0] === 'XGROUP' || words[0] === 'XREADGROUP' ? 'stream' : words[1]!)))]

async function digests(client: RespClient): Promise<string> {
  return client.text('DEBUG', 'DIGEST-VALUE', ...keys)
}

function migrateAll(from: RespClient, to: ServerProcess, ...options: string[]): Promise<string> {
  return from.text('MIGRATE', '127.0.0.1', to.port, '', '0', '5000', ...options, 'KEYS', ...keys)
}

async function moveRound(scope: Scope, servers: readonly ServerProcess[]): Promise<string[]> {
  const clients = await Promise.all(servers.map((server) => server.connect()))
  scope.teardown(() => clients.forEach((client) => client.destroy()))
  for (const words of makers) await clients[0]!.call(...words)
  const seen = [await digests(clients[0]!)]
  for (let i = 1; i < servers.length; i++) {
    seen.push(await migrateAll(clients[i - 1]!, servers[i]!), await digests(clients[i]!))
    seen.push(await clients[i - 1]!.text('DBSIZE'), String(Number((await clients[i]!.text('TTL', 'dated')).slice(1)) > 99_000))
  }
  return seen
}

test('keys of all types move to redis-server, back to ours, and on to another of ours', async (t) => {
  if (!requireRedis(t)) return
  const [ours, theirs, other] = await Promise.all([
    startMillrace(t, { args: debugging }), startRedis(t, { args: debugging }), startMillrace(t, { args: debugging }),
  ])
  const [first, ...rest] = await moveRound(t, [ours, theirs, ours, other])
  for (let i = 0; i < rest.length; i += 4) t.deepEqual(rest.slice(i, i + 4), ['+OK\r\n', first!, ':0\r\n', 'true'])
  await ours.kill9()
  await ours.start()
  const client = await ours.connect()
  t.is(await client.text('DBSIZE'), ':0\r\n', 'that they are gone is in the log')
  client.destroy()
})

test('errors are those of redis-server', async (t) => {
  if (!requireRedis(t)) return
  const [ours, theirs, target] = await Promise.all([startMillrace(t), startRedis(t), startRedis(t)])
  const to = `127.0.0.1 ${target.port}`
  const script = [
    'MIGRATE', 'MIGRATE h 1 k 0', `MIGRATE ${to} k 0 abc`, `MIGRATE ${to} k abc 9`, `MIGRATE ${to} k 0 9`, 'SET k v', 'SET l w',
    'MIGRATE 127.0.0.1 1 k 0 900', 'MIGRATE 127.0.0.1 x k 0 900', 'MIGRATE nohost.invalid 1 k 0 9000', `MIGRATE ${to} k 0 abc`,
    `MIGRATE ${to} k 0 9 AUTH`, `MIGRATE ${to} k 0 9 AUTH2 a`, `MIGRATE ${to} k 0 9 NOPE`, `MIGRATE ${to} k 0 9 KEYS k`,
    `MIGRATE ${to} k 0 9 NOPE KEYS k`, `MIGRATE ${to} '' 0 9 KEYS`, `MIGRATE ${to} '' 0 9 KEYS nope`, `MIGRATE ${to} '' 0 9`,
    `MIGRATE ${to} k 99 9000`, 'GET k', `MIGRATE ${to} k 0 9000 AUTH wrong`, `MIGRATE ${to} k 0 9000 AUTH2 no body`, 'GET k',
  ]
  for (const { command, ours: mine, theirs: other } of await play(ours, theirs, script)) t.is(mine, other, command)
  // redis-server sends RESTORE before it knows whether AUTH and SELECT were granted: the key is there all the same.
  const there = await target.connect()
  t.is(await there.text('FLUSHALL'), '+OK\r\n')
  // One after the other: both move the same keys to the same place.
  const outcome = async (server: ServerProcess): Promise<string[]> => {
    const client = await server.connect()
    const seen: string[] = []
    const lines = [
      `MIGRATE ${to} k 0 9000 COPY`, 'GET k', `MIGRATE ${to} k 0 9000`, 'GET k', 'SET k newer', `MIGRATE ${to} k 0 9000 REPLACE`,
      'GET k', 'MSET k 3 m 4 n 5', `MIGRATE ${to} '' 0 9000 KEYS k m nope n`, 'MGET k l m n', `MIGRATE ${to} '' 3 0 REPLACE KEYS k`,
      `MIGRATE ${to} l 3 -1`, 'DBSIZE',
    ]
    for (const line of lines) seen.push(await client.text(...line.split(' ').map((word) => (word === `''` ? '' : word))))
    client.destroy()
    seen.push(await there.text('MGET', 'k', 'm', 'n'), await there.text('FLUSHALL'))
    return seen
  }
  t.deepEqual(await outcome(ours), await outcome(theirs))
  there.destroy()
})

test('AUTH and AUTH2 open a target that wants them, and are seen in no log', async (t) => {
  const [source, target] = await Promise.all([startBroker(t), startBroker(t)])
  const [client, there, watcher] = await Promise.all([source.connect(), target.connect(), source.connect()])
  await there.call('ACL', 'SETUSER', 'mover', 'on', '>geheim', '~*', '+restore', '+select')
  await there.call('CONFIG', 'SET', 'requirepass', 'zu')
  await client.call('MSET', 'a', '1', 'b', '2', 'c', '3')
  await client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0')
  await watcher.call('MONITOR')
  const move = (key: string, ...options: string[]): Promise<string> =>
    client.text('MIGRATE', '127.0.0.1', target.port, key, '0', '5000', ...options)
  t.is(await move('a'), '-ERR Target instance replied with error: NOAUTH Authentication required.\r\n')
  t.is(await move('a', 'AUTH', 'zu'), '+OK\r\n')
  t.is(await move('b', 'AUTH2', 'mover', 'geheim'), '+OK\r\n')
  t.is(await move('c'), '-ERR Target instance replied with error: NOAUTH Authentication required.\r\n',
    'a connection that was kept for another user is not used')
  await there.call('AUTH', 'zu')
  t.is(await there.text('MGET', 'a', 'b', 'c'), '*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n')
  const slow = await client.text('SLOWLOG', 'GET', '100')
  t.true(slow.includes('MIGRATE') && slow.includes('(redacted)'))
  const lines = String(Buffer.concat(await watcher.take(4)))
  t.notRegex(slow + lines, /geheim|\bzu\b|mover/)
  for (const c of [client, there, watcher]) c.destroy()
})

/** A target that answers when it is told to. */
type Mute = { port: number, received: () => string, say: (text: string) => void, sockets: net.Socket[] }

async function startMute(scope: Scope): Promise<Mute> {
  const sockets: net.Socket[] = []
  let received = ''
  const server = net.createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  scope.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as net.AddressInfo).port, received: () => received, sockets,
    say: (text) => sockets.forEach((socket) => socket.write(text)),
  }
}

const restores = (text: string): number => text.split('RESTORE').length - 1

test('only who writes one of the keys waits for the target', async (t) => {
  const source = await startBroker(t)
  const target = await startMute(t)
  const [mover, writer, other, script, reader] = await Promise.all(Array.from({ length: 5 }, () => source.connect()))
  await mover!.call('MSET', 'k', '1', 'l', '2', 'free', '3')
  const done: string[] = []
  const note = (who: string, answer: Promise<string>): void => void answer.then((text) => done.push(`${who} ${text.trim()}`))
  note('move', mover!.text('MIGRATE', '127.0.0.1', target.port, '', '0', '60000', 'KEYS', 'k', 'l'))
  await until(() => restores(target.received()) === 2)
  t.is(await reader!.text('MGET', 'k', 'l'), '*2\r\n$1\r\n1\r\n$1\r\n2\r\n')
  t.is(await reader!.text('INCR', 'free'), ':4\r\n')
  t.is(await reader!.text('CLIENT', 'UNBLOCK', String([...source.broker.clients.keys()][0]!)), ':0\r\n')
  note('incr', writer!.text('INCR', 'k'))
  note('exec', other!.pipeline([['MULTI'], ['SET', 'free', '0'], ['DEL', 'l'], ['EXEC']]).then((all) => String(all.at(-1))))
  note('eval', script!.text('EVAL', 'return redis.call("EXISTS", "k")', '0'))
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.deepEqual(done, [])
  t.is(await reader!.text('GET', 'free'), '$1\r\n4\r\n')
  target.say('+OK\r\n-BUSYKEY Target key name already exists.\r\n')
  await until(() => done.length === 4)
  t.deepEqual(done.toSorted(), [
    'eval :1', 'exec *2\r\n+OK\r\n:1', 'incr :1',
    'move -ERR Target instance replied with error: BUSYKEY Target key name already exists.',
  ])
  t.is(source.broker.gates, 0)
  for (const c of [mover, writer, other, script, reader]) c!.destroy()
})

test('a target that falls silent or goes away leaves the keys where they are, but for those it has', async (t) => {
  const source = await startBroker(t)
  const target = await startMute(t)
  const client = await source.connect()
  await client.call('MSET', 'k', '1', 'l', '2')
  const move = (timeout: number): Promise<string> => client.text('MIGRATE', '127.0.0.1', target.port, '', '0', timeout, 'KEYS', 'k', 'l')
  t.is(await move(1000), '-IOERR error or timeout reading to target instance\r\n')
  t.is(await client.text('MGET', 'k', 'l'), '*2\r\n$1\r\n1\r\n$1\r\n2\r\n')
  const answer = move(60_000)
  await until(() => restores(target.received()) === 4)
  target.sockets.at(-1)!.end('+OK\r\n')
  t.is(await answer, '-IOERR error or timeout reading to target instance\r\n')
  t.is(await client.text('MGET', 'k', 'l'), '*2\r\n$-1\r\n$1\r\n2\r\n')
  t.is(source.broker.gates, 0)
  client.destroy()
})

test('where no connection can even be begun the client hears it, and the keys are free again', async (t) => {
  const source = await startBroker(t)
  const client = await source.connect()
  await client.call('SET', 'k', '1')
  const failed = '-IOERR error or timeout connecting to the client\r\n'
  t.is(await client.text('MIGRATE', 'a\0b', '6379', 'k', '0', '1000'), failed)
  t.is(await client.text('CONFIG', 'SET', 'tls-cluster', 'yes', 'tls-client-cert-file', '/nowhere/a.crt'), '+OK\r\n')
  t.is(await client.text('MIGRATE', '127.0.0.1', '6379', 'k', '0', '1000'), failed, 'there is no such certificate')
  t.is(await client.text('SET', 'k', '2'), '+OK\r\n')
  t.is(source.broker.gates, 0)
  client.destroy()
})

test('a kept connection that was closed meanwhile is replaced; what changed without a command is sent again', async (t) => {
  const source = await startBroker(t)
  const target = await startMute(t)
  const [client, waiter, pusher] = await Promise.all([source.connect(), source.connect(), source.connect()])
  await client.call('RPUSH', 'k', 'a')
  const move = (...options: string[]): Promise<string> => client.text('MIGRATE', '127.0.0.1', target.port, 'k', '0', '60000', ...options)
  let answer = move('COPY')
  await until(() => restores(target.received()) === 1)
  target.say('+OK\r\n')
  t.is(await answer, '+OK\r\n')
  t.regex(await client.text('INFO', 'stats'), /migrate_cached_sockets:1\r/)
  target.sockets[0]!.destroy()
  await until(() => source.broker.targets.idleCount === 0)

  const moved = waiter.text('BLMOVE', 'from', 'k', 'LEFT', 'RIGHT', '0')
  await parked(source, 1)
  answer = move()
  await until(() => restores(target.received()) === 2)
  await pusher.call('RPUSH', 'from', 'b')
  t.is(await moved, '$1\r\nb\r\n')
  target.say('+OK\r\n')
  await until(() => restores(target.received()) === 3)
  t.regex(target.received(), /\$7\r\nREPLACE\r\n$/)
  target.say('+OK\r\n')
  t.is(await answer, '+OK\r\n')
  t.is(await client.text('DBSIZE'), ':0\r\n')
  for (const c of [client, waiter, pusher]) c.destroy()
})

test('a pause of all writes holds up the DEL, too; what waits inside MULTI and scripts is refused', async (t) => {
  const [source, target] = await Promise.all([startBroker(t), startMute(t)])
  const [client, other] = await Promise.all([source.connect(), source.connect()])
  await client.call('SET', 'k', '1')
  const port = String(target.port)
  const refusal = '-ERR MIGRATE waits for another server, which transactions and scripts can not do\r\n'
  const inMulti = await client.pipeline([['MULTI'], ['MIGRATE', '127.0.0.1', port, 'k', '0', '9000'], ['EXEC']])
  t.is(String(inMulti.at(-1)), `*1\r\n${refusal}`)
  const inScript = await client.text('EVAL', `return redis.pcall('MIGRATE', '127.0.0.1', ARGV[1], KEYS[1], '0', '9000')`, '1', 'k', port)
  t.is(inScript, refusal)
  const answer = client.text('MIGRATE', '127.0.0.1', port, 'k', '0', '9000')
  await until(() => restores(target.received()) === 1)
  source.broker.pause.begin('failover', Infinity, 'write')
  target.say('+OK\r\n')
  await new Promise((resolve) => setTimeout(resolve, 40))
  t.is(await other.text('GET', 'k'), '$1\r\n1\r\n')
  source.broker.pause.end('failover')
  t.is(await answer, '+OK\r\n')
  t.is(await other.text('GET', 'k'), '$-1\r\n')
  client.destroy()
  other.destroy()
})

test('the DEL is no part of a script that takes many turns', async (t) => {
  const [source, target] = await Promise.all([startBroker(t, { args: ['--busy-reply-threshold', '1'] }), startMute(t)])
  const [client, other] = await Promise.all([source.connect(), source.connect()])
  await client.call('SET', 'k', '1')
  const answer = client.text('MIGRATE', '127.0.0.1', String(target.port), 'k', '0', '9000')
  await until(() => restores(target.received()) === 1)
  const script = 'local n = 0 while n < tonumber(ARGV[1]) do n = n + 1 end return redis.call("EXISTS", "k")'
  const exists = other.text('EVAL_RO', script, '0', '5000000')
  await until(() => source.broker.scripts.busy !== undefined)
  target.say('+OK\r\n')
  t.is(await exists, ':1\r\n')
  t.is(await answer, '+OK\r\n')
  t.is(await other.text('EXISTS', 'k'), ':0\r\n')
  client.destroy()
  other.destroy()
})

test('writers on both sides, keys that go to and fro: each element that was acknowledged is in one place', async (t) => {
  const sides = await Promise.all([startBroker(t), startBroker(t)])
  const names = ['a', 'b', 'c']
  const first = await sides[0].connect()
  for (const name of names) await first.call('RPUSH', name, `${name}:0`)
  const acknowledged = names.map((name) => `${name}:0`)
  const work = { moves: 0, next: 1 }
  const goesOn = (): boolean => work.moves < 150 || acknowledged.length <= 50
  const move = async (at: number): Promise<void> => {
    const client = await sides[at]!.connect()
    for (let i = 0; goesOn(); i++) {
      const words = i % 3 === 0 ? ['', '0', '9000', 'KEYS', ...names] : [names[i % names.length]!, '0', '9000']
      const reply = await client.text('MIGRATE', '127.0.0.1', sides[1 - at]!.port, ...words)
      t.true(reply === '+OK\r\n' || reply === '+NOKEY\r\n', reply)
      if (reply === '+OK\r\n') work.moves++
    }
    client.destroy()
  }
  const write = async (at: number): Promise<void> => {
    const client = await sides[at]!.connect()
    while (goesOn()) {
      const name = names[work.next % names.length]!
      const element = `${name}:${work.next++}`
      if (await client.text('RPUSHX', name, element) !== ':0\r\n') acknowledged.push(element)
    }
    client.destroy()
  }
  await Promise.all([0, 1].flatMap((at) => [move(at), write(at), write(at)]))
  const found: string[] = []
  for (const name of names) {
    const lists = await Promise.all(sides.map(async (side) => {
      const client = await side.connect()
      const reply = await client.text('LRANGE', name, '0', '-1')
      client.destroy()
      return [...reply.matchAll(/\r\n([abc]:\d+)/g)].map((match) => match[1]!)
    }))
    t.is(lists.filter((list) => list.length > 0).length, 1, `${name} is in one place`)
    found.push(...lists.flat())
  }
  t.deepEqual(found.toSorted(), acknowledged.toSorted())
  first.destroy()
})

test('a replica that clients may write to deletes what it moved, as redis-server; one that becomes a replica does not', async (t) => {
  const [source, master, target] = await Promise.all([startBroker(t), startBroker(t), startMute(t)])
  const [mover, other] = await Promise.all([source.connect(), source.connect()])
  const follow = ['REPLICAOF', '127.0.0.1', String(master.port)]
  await mover.pipeline([['CONFIG', 'SET', 'replica-read-only', 'no'], follow])
  await until('the link is up', () => source.broker.following.isUp)
  const move = (): Promise<string> => mover.text('MIGRATE', '127.0.0.1', target.port, 'k', '0', '60000')
  await mover.call('SET', 'k', '1')
  const moved = move()
  await until(() => restores(target.received()) === 1)
  target.say('+OK\r\n')
  t.is(await moved, '+OK\r\n')
  t.is(await mover.text('EXISTS', 'k'), ':0\r\n')
  await mover.pipeline([['REPLICAOF', 'NO', 'ONE'], ['SET', 'k', '2']])
  const late = move()
  await until(() => restores(target.received()) === 2)
  await other.call(...follow)
  t.regex(await late, /^-UNBLOCKED force unblock/)
  target.say('+OK\r\n')
  await until(() => source.broker.holds.active === false)
  t.regex(source.reports.join('\n'), /no link to master|the master's dataset is loaded/)
  mover.destroy()
  other.destroy()
})

test('kill -9 of either side while keys move: each is in at least one place, and what one side has is whole', async (t) => {
  const sides = await Promise.all([startMillrace(t, { appendfsync: 'always' }), startMillrace(t, { appendfsync: 'always' })])
  const [from, to] = sides
  const count = 160
  for (const victim of [0, 1]) {
    const fill = await from.connect()
    await fill.pipeline(Array.from({ length: count }, (_, i) => ['SET', `k${victim}:${i}`, 'x'.repeat(2000)]))
    const moving = Array.from({ length: 4 }, async (_, lane) => {
      const client = await from.connect()
      for (let i = lane; i < count; i += 4) await client.text('MIGRATE', '127.0.0.1', to.port, `k${victim}:${i}`, '0', '2000')
      client.destroy()
    })
    const moved = Promise.allSettled(moving)
    const there = await to.connect()
    await until('the work is under way', async () => Number((await there.text('DBSIZE')).slice(1)) >= victim * count + count / 4)
    await sides[victim]!.kill9()
    await moved
    await sides[victim]!.start()
    fill.destroy()
    there.destroy()
    const [a, b] = await Promise.all([from.connect(), to.connect()])
    for (let i = 0; i < count; i++) {
      const places = await Promise.all([a, b].map((client) => client.text('STRLEN', `k${victim}:${i}`)))
      t.true(places.includes(':2000\r\n'), `k${victim}:${i} is nowhere: ${places.join(' ')}`)
      t.true(places.every((size) => size === ':2000\r\n' || size === ':0\r\n'))
    }
    await a.call('FLUSHALL')
    a.destroy()
    b.destroy()
  }
})
