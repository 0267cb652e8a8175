// A real redis-server as our primary: full syncs, its stream, lost links, kills, and moving from one to the other.

import test from 'ava'
import { families } from '../../compat/episode.ts'
import { drawCommand } from '../../compat/grammar.ts'
import { seededRandom } from '../../compat/random.ts'
import { readState, stateDifferences } from '../../compat/state.ts'
import type { Scope, ServerProcess } from '../../process.ts'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { caughtUp, infoField, linkIsUp, startReplica } from './attached.ts'
import { until } from '../../until.ts'

const primaryArgs = ['--appendonly', 'no', '--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes']

async function follow(replica: RespClient, primary: ServerProcess): Promise<void> {
  await replica.call('REPLICAOF', '127.0.0.1', primary.port)
  await until('the link is up', () => linkIsUp(replica))
}

function differences(a: ServerProcess, b: ServerProcess): Promise<string[]> {
  return Promise.all([readState(a.port), readState(b.port)]).then(([x, y]) => stateDifferences(x, y, 'copy'))
}

const played = ['string', 'bitmap', 'hyperloglog', 'hash', 'list', 'set', 'generic', 'stream', 'zset', 'geo'] as const
const refused = new Set(['wait', 'waitaof', 'shutdown', 'migrate'])

/** Sends commands of many families, drawn at random, in batches. */
async function play(client: RespClient, seed: number, batches: number): Promise<void> {
  const random = seededRandom(seed)
  for (let batch = 0; batch < batches; batch++) {
    await client.pipeline(Array.from({ length: 100 }, () => {
      const row = drawCommand(random, families[random.pick(played)])
      const words = [row.name, ...row.args(random)]
      return (refused.has(row.name.toLowerCase()) ? ['PING'] : words).map((word) => Buffer.from(word, 'latin1'))
    }))
  }
}

/** A redis-server with some data, and a Millrace that follows it. */
async function pair(scope: Scope, args: readonly string[] = [], ours: readonly string[] = []): Promise<{
  primary: ServerProcess, replica: ServerProcess, theirs: RespClient, mine: RespClient,
}> {
  const [primary, replica] = await Promise.all([
    startRedis(scope, { args: [...primaryArgs, ...args] }), startMillrace(scope, { args: ours }),
  ])
  const theirs = await primary.connect()
  const mine = await replica.connect()
  await mine.call('SET', 'mine', 'is forgotten')
  await theirs.call('SET', 'big', 'x'.repeat(3_000_000))
  await play(theirs, 7, 5)
  await follow(mine, primary)
  return { primary, replica, theirs, mine }
}

for (const appendonly of ['yes', 'no']) {
  for (const diskless of ['yes', 'no']) {
    test(`we get all of a redis-server, and what comes then (appendonly ${appendonly}, diskless ${diskless})`, async (t) => {
      if (!requireRedis(t)) return
      const seed = Math.floor(Math.random() * 2 ** 31)
      t.log(`seed ${seed}`)
      const args = ['--repl-diskless-sync', diskless]
      const { primary, replica, theirs, mine } = await pair(t, args, ['--appendonly', appendonly])
      // A replica of Redis's is the measure: of some things (consumers that never got anything, how a value came to its
      // encoding) it knows less than its primary.
      const twin = await startReplica(t, primary)
      const other = await twin.connect()
      await play(theirs, seed, 15)
      await theirs.pipeline([['MULTI'], ['SET', 'ta', '1'], ['INCR', 'tb'], ['EXEC']])
      await theirs.call('FUNCTION', 'LOAD', '#!lua name=lib\nredis.register_function("f", function() return 1 end)')
      await caughtUp(theirs, mine)
      await caughtUp(theirs, other)
      other.destroy()
      t.deepEqual(await differences(twin, replica), [])
      t.notRegex(replica.output, /CRITICAL/)
      t.is(await mine.text('SET', 'a', '1'), "-READONLY You can't write against a read only replica.\r\n")
      t.is(await mine.text('EVAL', "return redis.pcall('SET', 'a', 1)", 0), "-READONLY You can't write against a read only replica.\r\n")
      t.regex(await mine.text('ROLE'), /^\*5\r\n\$5\r\nslave\r\n\$9\r\n127\.0\.0\.1\r\n:\d+\r\n\$9\r\nconnected\r\n:\d+\r\n$/)
      t.is(await theirs.text('WAIT', 2, 30_000), ':2\r\n')
      t.is(await mine.text('REPLICAOF', 'NO', 'ONE'), '+OK\r\n')
      if (appendonly === 'no') return
      await replica.kill9()
      await replica.start()
      t.deepEqual(await differences(twin, replica), [])
    })
  }
}

test('effects of redis-server that no client could send: a LIMIT that stayed behind', async (t) => {
  if (!requireRedis(t)) return
  const { primary, replica, theirs, mine } = await pair(t)
  for (let i = 1; i <= 300; i++) await theirs.call('XADD', 's', 'MAXLEN', '~', 100, 'LIMIT', 50, `${i}-1`, 'f', i)
  await theirs.call('XTRIM', 's', 'MAXLEN', '~', 20, 'LIMIT', 100)
  await caughtUp(theirs, mine)
  t.deepEqual(await differences(primary, replica), [])
  t.notRegex(replica.output, /CRITICAL/)
  // They are in its log, too.
  const logged = await startRedis(t)
  const writer = await logged.connect()
  for (let i = 1; i <= 300; i++) await writer.call('XADD', 's', 'MAXLEN', '~', 100, 'LIMIT', 50, `${i}-1`, 'f', i)
  await writer.call('XTRIM', 's', 'MAXLEN', '~', 20, 'LIMIT', 100)
  const length = await writer.text('XLEN', 's')
  t.is(await logged.terminate(), 0)
  const folded = await startMillrace(t, { dir: logged.dir })
  t.is(await (await folded.connect()).text('XLEN', 's'), length)
})

test('a lost link is taken up where it was, also after our graceful restart', async (t) => {
  if (!requireRedis(t)) return
  const { primary, replica, theirs, mine } = await pair(t)
  await theirs.call('SELECT', 3)
  for (let round = 0; round < 3; round++) {
    await theirs.call('CLIENT', 'KILL', 'TYPE', 'replica')
    await play(theirs, round, 1)
    await until('we went on', async () => await infoField(theirs, 'sync_partial_ok') === String(round + 1) && await linkIsUp(mine))
  }
  await caughtUp(theirs, mine)
  t.is(await infoField(theirs, 'sync_full'), '1')
  await mine.call('CONFIG', 'SET', 'slave-priority', 7)
  t.is(await infoField(mine, 'slave_priority'), '7')
  await replica.terminate()
  await play(theirs, 99, 1)
  await replica.start()
  const again = await replica.connect()
  await follow(again, primary)
  await caughtUp(theirs, again)
  t.deepEqual(await differences(primary, replica), [])
})

test('killed in the middle of a sync we have the old state or the new one, whole', async (t) => {
  if (!requireRedis(t)) return
  const [primary, replica] = await Promise.all([startRedis(t, { args: primaryArgs }), startMillrace(t)])
  const theirs = await primary.connect()
  await theirs.call('DEBUG', 'POPULATE', 60_000, 'new', 100)
  let mine = await replica.connect()
  await mine.pipeline(Array.from({ length: 1000 }, (_, i) => ['SET', `old:${i}`, i]))
  let news = 0
  for (let round = 0; round < 4; round++) {
    await mine.call('REPLICAOF', '127.0.0.1', primary.port)
    const began = Date.now()
    while (Date.now() - began < 250 * round) await new Promise((resolve) => setTimeout(resolve, 1))
    await replica.kill9()
    await replica.start()
    mine = await replica.connect()
    const size = await mine.text('DBSIZE')
    t.true(size === ':1000\r\n' || size === ':60000\r\n', size)
    const isNew = size === ':60000\r\n'
    if (isNew) news++
    t.is(await mine.text('EXISTS', 'old:0', 'old:999'), isNew ? ':0\r\n' : ':2\r\n')
  }
  await follow(mine, primary)
  t.is(await mine.text('DBSIZE'), ':60000\r\n')
  t.log(`${news} of 4 kills came after the sync`)
})

test('a service moves from redis-server to Millrace and back: no write is lost, none is doubled', async (t) => {
  if (!requireRedis(t)) return
  const { primary, replica, theirs, mine } = await pair(t)
  // A model of what was acknowledged: how often each counter was raised, and the numbers that were pushed and added.
  const counts = new Map<string, number>()
  const pushed: string[] = []
  let next = 0
  const write = async (client: RespClient): Promise<void> => {
    const n = String(++next)
    const counter = `count:${next % 7}`
    const replies = await client.pipeline([['INCR', counter], ['RPUSH', 'pushed', n], ['XADD', 'added', `${n}-1`, 'n', n]])
    const expected = (counts.get(counter) ?? 0) + 1
    t.is(replies[0]!.toString(), `:${expected}\r\n`)
    t.is(replies[1]!.toString(), `:${pushed.length + 1}\r\n`)
    counts.set(counter, expected)
    pushed.push(n)
  }
  const load = async (client: RespClient, times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await write(client)
  }
  const whole = async (client: RespClient): Promise<void> => {
    for (const [counter, count] of counts) t.is(await client.text('GET', counter), `$${String(count).length}\r\n${count}\r\n`)
    const items = await client.text('LRANGE', 'pushed', 0, -1)
    t.deepEqual(items.split('\r\n').filter((line) => /^\d+$/.test(line)), pushed)
    t.is(await client.text('XLEN', 'added'), `:${pushed.length}\r\n`)
  }

  await theirs.call('SELECT', 2)
  await mine.call('SELECT', 2)
  await load(theirs, 300)
  // The switch: writes are held back, we catch up and are promoted, the client goes on with us.
  await theirs.call('CLIENT', 'PAUSE', 60_000, 'WRITE')
  await caughtUp(theirs, mine)
  await mine.call('REPLICAOF', 'NO', 'ONE')
  await load(mine, 300)
  await whole(mine)

  // And back: the redis-server follows us; the history it had goes on here, so that it needs no full sync.
  await theirs.call('CLIENT', 'UNPAUSE')
  await follow(theirs, replica)
  await load(mine, 100)
  await caughtUp(mine, theirs)
  await whole(theirs)
  t.is(await infoField(mine, 'sync_partial_ok'), '1')
  t.is(await infoField(mine, 'sync_full'), '0')
  await theirs.call('REPLICAOF', 'NO', 'ONE')
  await load(theirs, 100)
  await whole(theirs)
  t.notRegex(replica.output, /CRITICAL/)
  t.is(await infoField(theirs, 'role'), 'master')
  t.true(primary.pid > 0)
})

test('between two redis-servers: what one sends comes through us to the other, messages and ends of keys, too', async (t) => {
  if (!requireRedis(t)) return
  const { primary, replica, theirs, mine } = await pair(t)
  const last = await startReplica(t, replica)
  const end = await last.connect()
  const heard = await replica.connect()
  await heard.call('SUBSCRIBE', 'news')
  // The primary keeps what is due: for a replica it is gone all the same, but still there.
  await theirs.call('DEBUG', 'SET-ACTIVE-EXPIRE', 0)
  await theirs.pipeline([['SELECT', 4], ['SET', 'dated', 'x', 'PX', 300], ['PUBLISH', 'news', 'hello'], ['SELECT', 0]])
  await play(theirs, 21, 3)
  await caughtUp(theirs, mine)
  await caughtUp(theirs, end)
  t.is((await heard.take(1))[0]!.toString(), '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n')
  await mine.call('SELECT', 4)
  await until('the key is due', async () => await mine.text('EXISTS', 'dated') === ':0\r\n')
  t.is(await mine.text('GET', 'dated'), '$-1\r\n')
  t.is(await mine.text('DBSIZE'), ':1\r\n')
  await theirs.pipeline([['SELECT', 4], ['GET', 'dated'], ['SELECT', 0]])
  await until('its primary removed it', async () => await mine.text('DBSIZE') === ':0\r\n')
  await caughtUp(theirs, end)
  t.deepEqual(await differences(primary, replica), [])
  t.deepEqual(await differences(primary, last), [])
  t.is(await infoField(mine, 'connected_slaves'), '1')
  t.is(await infoField(end, 'master_replid'), await infoField(theirs, 'master_replid'))
  t.notRegex(last.output, /sending an error/)

  // Promoted, we go on with a history that branches off, and the last one needs no dataset for that.
  await mine.pipeline([['REPLICAOF', 'NO', 'ONE'], ['SET', 'ours', '1']])
  await until('it follows us', async () => await linkIsUp(end) && await infoField(mine, 'sync_partial_ok') === '1')
  await caughtUp(mine, end)
  t.is(await infoField(mine, 'master_replid2'), await infoField(theirs, 'master_replid'))
  t.deepEqual(await differences(replica, last), [])
})

test('what clients of a replica see: stale data, writable replicas, waits, a primary with a password', async (t) => {
  if (!requireRedis(t)) return
  const [primary, replica] = await Promise.all([startRedis(t, { args: primaryArgs }), startMillrace(t)])
  const theirs = await primary.connect()
  const mine = await replica.connect()
  const waiter = await replica.connect()
  waiter.sendRaw('BLPOP nothing 0\r\n')
  await until('it waits', async () => await infoField(mine, 'blocked_clients') === '1')
  await theirs.pipeline([['CONFIG', 'SET', 'requirepass', 'secret'], ['AUTH', 'secret'], ['SET', 'a', '1']])
  t.is(await mine.text('REPLICAOF', '127.0.0.1', 'nonsense'), '-ERR Invalid master port\r\n')
  await mine.call('REPLICAOF', '127.0.0.1', primary.port)
  t.is(await mine.text('REPLICAOF', '127.0.0.1', primary.port), '+OK Already connected to specified master\r\n')
  t.is((await waiter.take(1))[0]!.toString(),
    '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n')
  await mine.call('CONFIG', 'SET', 'replica-serve-stale-data', 'no')
  t.is(await mine.text('GET', 'a'), "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n")
  const get = "redis.pcall('GET', 'a').err"
  t.regex(await mine.text('EVAL', `return ${get}`, 0), /^-MASTERDOWN /)
  t.regex(await mine.text('EVAL', `#!lua flags=no-writes\nreturn ${get}`, 0), /^-MASTERDOWN /)
  t.is(await mine.text('EVAL', `#!lua flags=no-writes,allow-stale\nreturn ${get} .. redis.call('ECHO', '!')`, 0),
    '$51\r\nERR Can not execute the command on a stale replica!\r\n')
  t.is(await infoField(mine, 'master_link_status'), 'down')
  await mine.call('CONFIG', 'SET', 'masterauth', 'secret')
  await until('the password is taken', () => linkIsUp(mine))
  t.is(await mine.text('GET', 'a'), '$1\r\n1\r\n')
  const masters = await mine.text('CLIENT', 'LIST', 'TYPE', 'master')
  const line = `^\\$\\d+\\r\\nid=(\\d+) addr=127.0.0.1:${primary.port} .* flags=M .* user=\\(superuser\\) .*\\n\\r\\n$`
  const [, id] = new RegExp(line).exec(masters) ?? []
  t.true(Number(id) > 0, masters)
  t.true((await mine.text('CLIENT', 'LIST')).includes(' flags=M '))
  t.true((await mine.text('CLIENT', 'LIST', 'ID', id!)).includes(' flags=M '))
  t.is(await mine.text('CLIENT', 'LIST', 'TYPE', 'replica'), '$0\r\n\r\n')
  t.is(await mine.text('CLIENT', 'KILL', 'TYPE', 'master'), ':1\r\n')
  await until('it is up again', async () => await linkIsUp(mine) && await infoField(theirs, 'sync_partial_ok') === '1')
  t.regex(await mine.text('WAIT', 0, 0), /^-ERR WAIT cannot be used with replica instances/)
  await mine.call('CONFIG', 'SET', 'replica-read-only', 'no')
  t.is(await mine.text('SET', 'own', '1', 'PX', 1), '+OK\r\n')
  await until('it is gone', async () => await mine.text('EXISTS', 'own') === ':0\r\n')
  t.is(await mine.text('SET', 'own', '2'), '+OK\r\n')
  await caughtUp(theirs, mine)
  t.is(await theirs.text('EXISTS', 'own'), ':0\r\n')
})
