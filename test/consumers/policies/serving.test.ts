// Group policies in a running broker: who waits is woken, what is due is done, and all of it outlives kills and
// checkpoints, on a replica once it leads.
import { cpSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { policies } from '../../../consumers/policies/policies.ts'
import { hasRedis, requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { decode } from '../../resp-value.ts'
import type { RespValue } from '../../resp-value.ts'
import { startBroker } from '../../broker/in-process.ts'
import { infoField, linkIsUp } from '../../broker/replication/attached.ts'
import { until } from '../../until.ts'

const debug = ['--enable-debug-command', 'yes']
const items = (value: RespValue): RespValue[] => (value.value ?? []) as RespValue[]

async function texts(client: RespClient, ...words: (string | number)[]): Promise<string> {
  const flat = (value: RespValue): string => Array.isArray(value.value) ? `[${items(value).map(flat).join(' ')}]` : String(value.value)
  return flat(decode(await client.call(...words)))
}

const read = (client: RespClient, consumer: string, ...options: (string | number)[]): Promise<string> =>
  texts(client, 'XREADGROUP', 'GROUP', 'g', consumer, ...options, 'STREAMS', 's', '>')

/** A field of the only group's map in XINFO GROUPS. */
async function groupField(client: RespClient, name: string): Promise<string> {
  const [group] = items(decode(await client.call('XINFO', 'GROUPS', 's')))
  const words = items(group!)
  return String(words[words.findIndex((word) => String(word.value) === name) + 1]!.value)
}

async function begin(server: { connect: () => Promise<RespClient> }, ...policy: (string | number)[]): Promise<RespClient> {
  const client = await server.connect()
  for (const n of [1, 2]) await client.call('XADD', 's', `${n}-1`, 'k', 'one', 'n', n)
  await client.call('XGROUP', 'CREATE', 's', 'g', '0')
  if (await client.text('XGROUP', 'POLICY', 's', 'g', ...policy) !== '+OK\r\n') throw new Error('no policy')
  return client
}

async function rewritten(client: RespClient): Promise<void> {
  await client.text('BGREWRITEAOF')
  await until('it is rewritten', async () => await infoField(client, 'aof_rewrite_in_progress') === '0')
}

test('who waits is woken when a lease ends, when a rest is over, and when the entry before is acknowledged', async (t) => {
  const server = await startBroker(t, { extensions: [policies], args: ['--maxmemory', '1gb'] })
  const client = await begin(server, 'LEASE', 200, 'BACKOFF', 100, 'ORDERED', 'k')
  const waiting = await server.connect()
  t.is(await read(client, 'a'), '[[s [[1-1 [k one n 1]]]]]')
  t.is(await groupField(client, 'held'), '1')
  t.is(await read(waiting, 'b', 'BLOCK', 0), '[[s [[1-1 [k one n 1]]]]]')
  // No lease ends from now on.
  await client.text('XGROUP', 'POLICY', 's', 'g', 'LEASE', 3_600_000, 'BACKOFF', 100, 'ORDERED', 'k')
  const again = read(waiting, 'b', 'BLOCK', 0)
  await client.text('XNACK', 's', 'g', 'FAIL', 'IDS', '1', '1-1')
  t.is(await again, '[[s [[1-1 [k one n 1]]]]]')
  const next = read(waiting, 'b', 'BLOCK', 0)
  await client.text('XACK', 's', 'g', '1-1')
  t.is(await next, '[[s [[2-1 [k one n 2]]]]]')
  t.is(await texts(client, 'XPENDING', 's', 'g', '-', '+', 5).then((all) => all.replace(/ \d+ (\d+)\]/, ' $1]')), '[[2-1 b 1]]')
  for (const one of [client, waiting]) one.destroy()
})

test('dead letters and dead consumers: a group goes on by itself', async (t) => {
  const server = await startBroker(t, { extensions: [policies] })
  const policy = ['LEASE', 50, 'MAXDELIVERIES', 2, 'DEADLETTER', 'dead']
  const client = await begin(server, ...policy)
  await client.text('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 1, 'STREAMS', 's', '>')
  await client.text('XNACK', 's', 'g', 'FATAL', 'IDS', '1', '1-1', 'ERROR', 'can not be read')
  await until('1-1 is buried', async () => await client.text('XLEN', 'dead') === ':1\r\n')
  t.regex(await texts(client, 'XRANGE', 'dead', '-', '+'), new RegExp('^\\[\\[[0-9]+-0 \\[k one n 1 dead-stream s dead-group g dead-id 1-1 '
    + 'dead-consumer a dead-deliveries 9223372036854775807 dead-reason fatal dead-error can not be read dead-time [0-9]+\\]\\]\\]$'))
  t.is(await read(client, 'b', 'BLOCK', 0), '[[s [[2-1 [k one n 2]]]]]')
  t.is(await read(client, 'c', 'BLOCK', 0), '[[s [[2-1 [k one n 2]]]]]')
  await until('2-1 is buried', async () => await client.text('XLEN', 'dead') === ':2\r\n')
  const last = await texts(client, 'XREVRANGE', 'dead', '+', '-', 'COUNT', 1)
  t.regex(last, /dead-consumer c dead-deliveries 2 dead-reason lease-ended dead-error {2}dead-time/)
  t.is(await groupField(client, 'pending'), '0')
  await client.text('XGROUP', 'POLICY', 's', 'g', ...policy, 'REAP', 400)
  await until('a, b and c are gone', async () => await groupField(client, 'consumers') === '0')
  // Who waits lives.
  const waiting = await server.connect()
  const entry = read(waiting, 'd', 'BLOCK', 0)
  await until('it is looked at several times', async () => {
    const reaped = Number(await infoField(client, 'reaped_consumers'))
    if (await groupField(client, 'consumers') === '1') await read(client, 'e')
    return reaped >= 5
  })
  await client.text('XADD', 's', '3-1', 'n', '3')
  t.is(await entry, '[[s [[3-1 [n 3]]]]]')
  for (const one of [client, waiting]) one.destroy()
})

test('trimming leaves what the group has not acknowledged, and tells which group holds it back', async (t) => {
  const server = await startBroker(t, { extensions: [policies] })
  const client = await begin(server, 'KEEPUNACKED', 'yes')
  await read(client, 'a', 'COUNT', 1)
  t.is(await texts(client, 'XTRIM', 's', 'MAXLEN', 0), '0')
  t.regex(await texts(client, 'XINFO', 'STREAM', 's'), / trim-held-by g trim-held-from 1-1 /)
  await client.text('XACK', 's', 'g', '1-1')
  await client.text('XADD', 's', 'MAXLEN', '1', '3-1', 'n', '3')
  t.is(await texts(client, 'XRANGE', 's', '-', '+'), '[[2-1 [k one n 2]] [3-1 [n 3]]]')
  t.regex(await texts(client, 'XINFO', 'STREAM', 's'), / trim-held-by g trim-held-from 1-2 /)
  client.destroy()
})

test.serial('policies and plans outlive kill -9 and checkpoints, and redis-server loads what the checkpoint holds', async (t) => {
  const server = await startMillrace(t, { appendfsync: 'always', args: debug })
  let client = await begin(server, 'LEASE', 600, 'BACKOFF', 1, 'MAXDELIVERIES', 9, 'DEADLETTER', 'dead', 'ORDERED', 'k')
  const again = async (): Promise<void> => {
    const digest = await client.text('DEBUG', 'DIGEST')
    const policy = await texts(client, 'XGROUP', 'POLICY', 's', 'g')
    client.destroy()
    await server.kill9()
    await server.start()
    client = await server.connect()
    t.is(await client.text('DEBUG', 'DIGEST'), digest)
    t.is(await texts(client, 'XGROUP', 'POLICY', 's', 'g'), policy)
    t.is(await groupField(client, 'held'), '1')
  }
  t.is(await read(client, 'a'), '[[s [[1-1 [k one n 1]]]]]')
  await again()
  t.is(await read(client, 'b', 'BLOCK', 0), '[[s [[1-1 [k one n 1]]]]]')
  await client.text('XNACK', 's', 'g', 'FAIL', 'IDS', '1', '1-1')
  await rewritten(client)
  t.is(await read(client, 'b', 'BLOCK', 0), '[[s [[1-1 [k one n 1]]]]]')
  await again()
  t.is(await read(client, 'c', 'BLOCK', 0), '[[s [[1-1 [k one n 1]]]]]')
  await rewritten(client)
  t.is(await texts(client, 'XACK', 's', 'g', '1-1'), '1')
  t.is(await read(client, 'c', 'BLOCK', 0), '[[s [[2-1 [k one n 2]]]]]')
  client.destroy()
  t.is(await server.terminate(), 0)
  if (!hasRedis()) return void requireRedis(t)
  const dir = temporaryDirectory(t)
  cpSync(path.join(server.dir, 'appendonlydir'), path.join(dir, 'appendonlydir'), { recursive: true })
  const redis = await startRedis(t, { dir })
  client = await redis.connect()
  t.regex(await texts(client, 'XPENDING', 's', 'g', '-', '+', 5), /^\[\[2-1 c \d+ 1\]\]$/)
  client.destroy()
})

test.serial('a replica decides nothing; once it leads it goes on', async (t) => {
  const quick = ['--repl-diskless-sync-delay', '0']
  const master = await startMillrace(t, { args: quick })
  const theirs = await begin(master, 'LEASE', 100, 'MAXDELIVERIES', 1, 'DEADLETTER', 'dead', 'ORDERED', 'k')
  const replica = await startMillrace(t, { args: [...quick, '--replicaof', `127.0.0.1 ${master.port}`] })
  const ours = await replica.connect()
  await until('the link is up', () => linkIsUp(ours))
  await read(theirs, 'a')
  await until('1-1 is buried, here and there', async () => await ours.text('XLEN', 'dead') === ':1\r\n')
  t.is(await infoField(ours, 'dead_letters'), '0')
  // Long enough for the master to be gone by then, however slow all of this is.
  await theirs.text('XGROUP', 'POLICY', 's', 'g', 'LEASE', '10000', 'MAXDELIVERIES', '1', 'DEADLETTER', 'dead', 'ORDERED', 'k')
  t.is(await read(theirs, 'a'), '[[s [[2-1 [k one n 2]]]]]')
  await until('2-1 is out there, too', async () => (await texts(ours, 'XPENDING', 's', 'g', '-', '+', 5)).startsWith('[[2-1 a '))
  theirs.destroy()
  await master.kill9()
  t.is(await ours.text('XLEN', 'dead'), ':1\r\n')
  await ours.text('REPLICAOF', 'NO', 'ONE')
  await until('2-1 is buried', async () => await ours.text('XLEN', 'dead') === ':2\r\n')
  t.is(await infoField(ours, 'dead_letters'), '1')
  ours.destroy()
})

test('wrong forms are refused, and change nothing', async (t) => {
  const server = await startBroker(t, { extensions: [policies] })
  const client = await server.connect()
  const refusals: [string, RegExp][] = [
    ['XGROUP POLICY none g LEASE 1', /^ERR The XGROUP subcommand requires the key to exist/],
    ['XGROUP POLICY s none', /^NOGROUP No such consumer group 'none' for key name 's'/],
    ['XGROUP POLICY text g', /^WRONGTYPE /],
    ['XGROUP POLICY s g LEASE', /^ERR syntax error/],
    ['XGROUP POLICY s g LEASE 1 LEASE 2', /^ERR syntax error/],
    ['XGROUP POLICY s g WHAT 1', /^ERR syntax error/],
    ['XGROUP POLICY s g OFF LEASE 1', /^ERR syntax error/],
    ['XGROUP POLICY s g LEASE 0', /^ERR Invalid LEASE option argument for XGROUP POLICY/],
    ['XGROUP POLICY s g LEASE x', /^ERR Invalid LEASE /],
    ['XGROUP POLICY s g REAP 315360000001', /^ERR Invalid REAP /],
    ['XGROUP POLICY s g BACKOFF 10 5', /^ERR Invalid BACKOFF /],
    ['XGROUP POLICY s g BACKOFF 10 20 0.5', /^ERR Invalid BACKOFF /],
    ['XGROUP POLICY s g KEEPUNACKED maybe', /^ERR Invalid KEEPUNACKED /],
    ['XGROUP POLICY s g MAXDELIVERIES 3', /^ERR MAXDELIVERIES needs DEADLETTER/],
    ['XGROUP POLICY s g MAXDELIVERIES 0 DEADLETTER d', /^ERR Invalid MAXDELIVERIES /],
    ['XGROUP POLICY s g DEADLETTER s', /^ERR dead letters of a group can not go to its own stream/],
    ['XGROUP POLICY $all g LEASE 5', /^ERR groups on the log have no policies/],
    ['XEXTEND s g a 5 1-1', /^ERR XEXTEND needs a group with a LEASE/],
    ['XEXTEND s g a x 1-1', /^ERR value is not an integer/],
    ['XEXTEND s none a 5 1-1', /^NOGROUP /],
    ['XNACK s g FAIL IDS 1 1-1 ERROR boom', /^ERR ERROR needs a group with a policy/],
  ]
  await client.text('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM')
  await client.text('XGROUP', 'CREATE', '$all', 'g', '$', 'MKSTREAM')
  await client.text('SET', 'text', '')
  for (const [command, error] of refusals) t.regex(await texts(client, ...command.split(' ')), error, command)
  t.is(await client.text('XGROUP', 'POLICY', 's', 'g'), '$-1\r\n')
  await client.text('XGROUP', 'POLICY', 's', 'g', 'LEASE', '10')
  t.regex(await texts(client, 'XEXTEND', 's', 'g', 'a', 11, '1-1'), /^ERR milliseconds must be positive and at most the group's LEASE/)
  t.regex(await texts(client, 'XEXTEND', 's', 'g', 'a', 10, 'x'), /^ERR Invalid stream ID/)
  t.is(await texts(client, 'XEXTEND', 's', 'g', 'a', 10, '1-1'), '0')
  client.destroy()
})
