// A real redis-server as our replica: full sync, stream, lost links, WAIT, and what INFO and ROLE tell.

import test from 'ava'
import { requireRedis, startMillrace } from '../../process.ts'
import { decode } from '../../resp-value.ts'
import type { RespValue } from '../../resp-value.ts'
import { readState, stateDifferences } from '../../compat/state.ts'
import { drawCommand } from '../../compat/grammar.ts'
import { families } from '../../compat/episode.ts'
import { seededRandom } from '../../compat/random.ts'
import type { RespClient } from '../../resp-client.ts'
import { caughtUp, infoField, linkIsUp, startReplica } from './attached.ts'
import { until } from '../../until.ts'

const quick = ['--repl-diskless-sync-delay', '0', '--enable-debug-command', 'yes']

async function fill(client: RespClient): Promise<void> {
  for (const command of [
    'SET s hello', 'SET n 12345', 'PSETEX dated 900000 x', 'SETEX gone 1 x', 'RPUSH l a b 3', 'SADD ints 1 2 300000', 'SADD words a b c',
    'ZADD z 1 a 2.5 b', 'HSET h f v g 7', 'XADD x 1-1 a 1', 'XADD x 2-1 b 2', 'XGROUP CREATE x g 0',
    'XREADGROUP GROUP g ann COUNT 1 STREAMS x >',
    'PFADD hll a b c', 'SETBIT bits 77 1', 'GEOADD geo 13 38 p', 'SELECT 5', 'SET five 5', 'SELECT 0',
  ]) await client.call(...command.split(' '))
  await client.call('FUNCTION', 'LOAD', '#!lua name=lib\nredis.register_function("f", function() return 1 end)')
  await client.call('SET', 'big', 'x'.repeat(700_000))
  for (let i = 0; i < 300; i++) await client.call('ZADD', 'wide', i, `member-${i}`)
}

for (const mode of ['appendonly yes', 'appendonly no', 'appendfsync always']) {
  for (const diskless of ['yes', 'no']) {
    test(`a redis-server that attaches gets all, and what comes then (${mode}, repl-diskless-sync ${diskless})`, async (t) => {
      if (!requireRedis(t)) return
      const [name, value] = mode.split(' ') as [string, string]
      const master = await startMillrace(t, { args: [...quick, `--${name}`, value, '--repl-diskless-sync', diskless] })
      const ours = await master.connect()
      await fill(ours)
      const replica = await startReplica(t, master)
      const theirs = await replica.connect()
      await ours.call('SELECT', 7)
      await ours.call('SET', 'later', '1')
      await ours.call('SELECT', 0)
      await ours.call('INCRBYFLOAT', 'n', '0.5')
      await ours.call('SPOP', 'words')
      await ours.call('EVAL', "redis.call('SET', 'a', 1) redis.call('SET', 'b', 2)", 0)
      t.is(await ours.text('WAIT', 1, 30_000), ':1\r\n')
      await caughtUp(ours, theirs)
      // Replicas hide due keys, but keep them until the master says DEL.
      await until('what expired here is gone there', async () => await theirs.text('DBSIZE') === await ours.text('DBSIZE')
        && await ours.text('EXISTS', 'gone') === ':0\r\n')
      t.deepEqual(stateDifferences(await readState(master.port), await readState(replica.port), 'copy'), [])
      t.is(await infoField(ours, 'sync_full'), '1')
      t.is(await infoField(ours, 'connected_slaves'), '1')
      t.regex((await infoField(ours, 'slave0'))!, new RegExp(`^ip=127.0.0.1,port=${replica.port},state=online,offset=\\d+,lag=\\d+$`))
      const role = decode(await ours.call('ROLE')).value as RespValue[]
      t.is(role[0]!.value, 'master')
      t.is((role[2]!.value as RespValue[]).length, 1)
      t.regex(await ours.text('CLIENT', 'LIST', 'TYPE', 'replica'), /flags=S/)
      t.is(await infoField(theirs, 'master_replid'), await infoField(ours, 'master_replid'))
      t.notRegex(replica.output, /sending an error/)
      ours.destroy()
      theirs.destroy()
    })
  }
}

test('a lost link is taken up where it was; a link lost for too long is a full sync', async (t) => {
  if (!requireRedis(t)) return
  const master = await startMillrace(t, { args: [...quick, '--repl-backlog-size', '16kb'] })
  const replica = await startReplica(t, master)
  const ours = await master.connect()
  const theirs = await replica.connect()
  await ours.call('SET', 'a', '1')
  await caughtUp(ours, theirs)
  await ours.call('CLIENT', 'KILL', 'TYPE', 'replica')
  await ours.call('SET', 'b', '2')
  await until('it goes on', async () => await infoField(ours, 'sync_partial_ok') === '1' && await linkIsUp(theirs))
  await caughtUp(ours, theirs)
  t.is(await theirs.text('GET', 'b'), '$1\r\n2\r\n')
  t.is(await infoField(ours, 'sync_full'), '1')

  // While it is stopped, more is written than the backlog keeps.
  process.kill(replica.pid, 'SIGSTOP')
  await ours.call('CLIENT', 'KILL', 'TYPE', 'replica')
  for (let i = 0; i < 40; i++) await ours.call('SET', `k${i}`, 'x'.repeat(10_000))
  process.kill(replica.pid, 'SIGCONT')
  await until('a second full sync', async () => await infoField(ours, 'sync_full') === '2' && await linkIsUp(theirs))
  await caughtUp(ours, theirs)
  t.is(await infoField(ours, 'sync_partial_err'), '1')
  t.deepEqual(stateDifferences(await readState(master.port), await readState(replica.port), 'copy'), [])
  ours.destroy()
  theirs.destroy()
})

test('WAIT counts replicas, min-replicas-to-write refuses writes without them', async (t) => {
  if (!requireRedis(t)) return
  const master = await startMillrace(t, { args: [...quick, '--min-replicas-to-write', '2'] })
  const ours = await master.connect()
  t.is(await ours.text('SET', 'a', '1'), '-NOREPLICAS Not enough good replicas to write.\r\n')
  t.is(await ours.text('GET', 'a'), '$-1\r\n')
  t.regex(await ours.text('EVAL', "return redis.call('SET', 'a', 1)", 0), /^-NOREPLICAS /)
  const first = await startReplica(t, master)
  t.is(await ours.text('SET', 'a', '1'), '-NOREPLICAS Not enough good replicas to write.\r\n')
  const second = await startReplica(t, master)
  await until('both are good', async () => await infoField(ours, 'min_slaves_good_slaves') === '2')
  t.is(await ours.text('SET', 'a', '1'), '+OK\r\n')
  t.is(await ours.text('WAIT', 2, 30_000), ':2\r\n')
  t.is(await ours.text('WAIT', 3, 50), ':2\r\n')
  await second.kill9()
  await until('one is gone', async () => await infoField(ours, 'connected_slaves') === '1')
  t.is(await ours.text('CONFIG', 'SET', 'min-replicas-to-write', 0), '+OK\r\n')
  t.is(await ours.text('SET', 'a', '2'), '+OK\r\n')
  t.is(await ours.text('WAIT', 1, 30_000), ':1\r\n')
  t.is(await ours.text('WAIT', 2, 300), ':1\r\n')
  const theirs = await first.connect()
  t.is(await theirs.text('GET', 'a'), '$1\r\n2\r\n')
  ours.destroy()
  theirs.destroy()
})

test('WAIT asks for the client\'s own last write, also where one pipeline holds both', async (t) => {
  if (!requireRedis(t)) return
  const master = await startMillrace(t, { args: quick })
  const replica = await startReplica(t, master)
  const [early, late] = await Promise.all([master.connect(), master.connect()])
  t.deepEqual((await early.pipeline([['SET', 'a', '1'], ['WAIT', 1, 30_000]])).map(String), ['+OK\r\n', ':1\r\n'])
  process.kill(replica.pid, 'SIGSTOP')
  t.deepEqual((await late.pipeline([['SET', 'b', '1'], ['WAIT', 1, 100]])).map(String), ['+OK\r\n', ':0\r\n'])
  t.is(await late.text('WAIT', 1, 100), ':0\r\n')
  t.is(await early.text('WAIT', 1, 0), ':1\r\n', 'it has what this client wrote')
  t.deepEqual((await early.pipeline([['MULTI'], ['SET', 'a', '2'], ['WAIT', 1, 0], ['EXEC']])).map(String).at(-1), '*2\r\n+OK\r\n:0\r\n')
  process.kill(replica.pid, 'SIGCONT')
  t.is(await late.text('WAIT', 1, 30_000), ':1\r\n')
  early.destroy()
  late.destroy()
})

test('what is published here is heard by clients of the replica', async (t) => {
  if (!requireRedis(t)) return
  const master = await startMillrace(t, { args: quick })
  const replica = await startReplica(t, master)
  const ours = await master.connect()
  const theirs = await replica.connect()
  await theirs.call('SUBSCRIBE', 'news')
  await ours.pipeline([['SET', 'a', '1'], ['PUBLISH', 'news', 'hello']])
  t.is((await theirs.take(1))[0]!.toString(), '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n')
  ours.destroy()
  theirs.destroy()
})

const played = ['string', 'bitmap', 'hyperloglog', 'hash', 'list', 'set', 'sort', 'generic', 'stream', 'zset', 'geo', 'scripting'] as const

test('random commands of all families: the replica holds what we hold', async (t) => {
  if (!requireRedis(t)) return
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.log(`seed ${seed}`)
  const random = seededRandom(seed)
  const master = await startMillrace(t, { args: quick })
  const ours = await master.connect()
  const refused = new Set(['wait', 'waitaof', 'shutdown', 'migrate'])
  const commands = (count: number): Buffer[][] => Array.from({ length: count }, () => {
    const row = drawCommand(random, families[random.pick(played)])
    const words = [row.name, ...row.args(random)]
    return (refused.has(row.name.toLowerCase()) ? ['PING'] : words).map((word) => Buffer.from(word, 'latin1'))
  })
  await ours.pipeline(commands(500))
  const replica = await startReplica(t, master)
  const theirs = await replica.connect()
  for (let round = 0; round < 20; round++) {
    await ours.pipeline(commands(200))
    if (round % 5 === 4) await ours.call('CLIENT', 'KILL', 'TYPE', 'replica')
  }
  await until('the link is up', () => linkIsUp(theirs))
  await caughtUp(ours, theirs)
  // A value that shrank keeps its encoding until it is loaded from a file, as in Redis.
  const states = [await readState(master.port), await readState(replica.port)] as const
  const [one, other] = states.map((probes) => probes.filter(({ command }) => command[0] !== 'OBJECT'))
  t.deepEqual(stateDifferences(one!, other!, 'copy'), [])
  t.notRegex(replica.output, /sending an error/)
  ours.destroy()
  theirs.destroy()
})
