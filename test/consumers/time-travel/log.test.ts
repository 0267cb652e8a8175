// LOG at a running broker: answers in their order, errors, permissions, and what becomes of those who don't wait for them.

import { execFileSync } from 'node:child_process'
import { readdirSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { realDisk } from '../../../core/disk.ts'
import { cutLog } from '../../../core/history/cut.ts'
import { historyFiles } from '../../../core/log/history-files.ts'
import { createBroker } from '../../../broker/broker.ts'
import type { Broker } from '../../../broker/broker.ts'
import { createConfig } from '../../../broker/config/config.ts'
import { decodeReply } from '../../../broker/resp/reply-value.ts'
import type { ReplyValue } from '../../../broker/resp/reply-value.ts'
import { timeTravel } from '../../../consumers/time-travel/time-travel.ts'
import { freePort, temporaryDirectory } from '../../process.ts'
import { RespClient } from '../../resp-client.ts'
import type { Arg } from '../../resp-client.ts'
import { until } from '../../until.ts'

type Running = { broker: Broker, connect: () => Promise<RespClient> }

async function start(t: ExecutionContext, dir = temporaryDirectory(t), args: readonly string[] = []): Promise<Running> {
  const port = await freePort()
  const config = createConfig(['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', ...args])
  const broker = createBroker({ config, extensions: [timeTravel] })
  await broker.start()
  t.teardown(() => broker.stop())
  return { broker, connect: () => RespClient.connect(port) }
}

async function value(client: RespClient, ...words: Arg[]): Promise<ReplyValue> {
  return plain(decodeReply(await client.call(...words), 0))
}

/** Bytes as text. */
function plain(found: ReplyValue): ReplyValue {
  if (Buffer.isBuffer(found)) return found.toString('latin1')
  if (found instanceof Error) return found.message
  if (Array.isArray(found)) return found.map(plain)
  if (found instanceof Map) return new Map([...found].map(([name, one]) => [plain(name), plain(one)]))
  return found
}

/** RESP2's flat maps. */
function fields(found: ReplyValue): Record<string, ReplyValue> {
  const list = found as ReplyValue[]
  return Object.fromEntries(list.flatMap((name, i) => (i % 2 === 0 ? [[name as string, list[i + 1]!]] : [])))
}

async function here(client: RespClient): Promise<string> {
  return fields(await value(client, 'LOG', 'POSITION'))['id'] as string
}

test('answers of the past, in a pipeline, by database, over a checkpoint', async (t) => {
  const { broker, connect } = await start(t)
  const client = await connect()
  await client.call('SET', 'k', 'one')
  await client.call('RPUSH', 'list', 'a', 'b')
  const first = await here(client)
  await client.call('SET', 'k', 'two', 'PX', '3600000')
  await client.call('RENAME', 'list', 'other')
  const second = await here(client)
  t.is(await client.text('BGREWRITEAOF'), '+Background append only file rewriting started\r\n')
  await until(() => broker.persistence.run === undefined)
  await client.pipeline([['SELECT', '2'], ['SET', 'k', 'elsewhere'], ['SELECT', '0']])
  const third = await here(client)
  await client.call('FLUSHALL')
  const deadline = await value(client, 'LOG', 'AT', second, 'PEXPIRETIME', 'k')
  t.true((deadline as number) > Date.now())

  // Own writes before it in the pipeline count; later ones don't, and no reply overtakes another.
  const replies = await client.pipeline([
    ['SET', 'now', '1'], ['LOG', 'AT', first, 'GET', 'k'], ['SET', 'now', '2'], ['LOG', 'AT', second, 'LRANGE', 'other', '0', '-1'],
    ['GET', 'k'], ['LOG', 'AT', second, 'TYPE', 'list'], ['LOG', 'AT', first, 'DBSIZE'], ['PING'],
  ])
  t.deepEqual(replies.map((reply) => plain(decodeReply(reply, 0))), ['OK', 'one', 'OK', ['a', 'b'], null, 'none', 2, 'PONG'])
  const last = await here(client)
  const position = Number(last.split('-')[1])
  t.is(await value(client, 'LOG', 'AT', last, 'GET', 'now'), '2')
  t.is(await value(client, 'LOG', 'AT', `${last.split('-')[0]}-${position - 1}`, 'GET', 'now'), '1')
  await client.call('SELECT', '2')
  t.is(await value(client, 'LOG', 'AT', third, 'GET', 'k'), 'elsewhere')
  t.is(await value(client, 'LOG', 'AT', last, 'GET', 'k'), null)
  t.is(await value(client, 'LOG', 'AT', new Date(Number(first.split('-')[0]) - 60_000).toISOString(), 'DBSIZE'), 0)
  await client.call('HELLO', '3')
  await client.pipeline([['SELECT', '0'], ['HSET', 'hash', 'f', 'v']])
  t.deepEqual(await value(client, 'LOG', 'AT', await here3(client), 'HGETALL', 'hash'), new Map([['f', 'v']]))
  client.destroy()
})

async function here3(client: RespClient): Promise<string> {
  return (await value(client, 'LOG', 'POSITION') as Map<ReplyValue, ReplyValue>).get('id') as string
}

test('errors: each says what is wrong, and the connection goes on', async (t) => {
  const { connect } = await start(t)
  const client = await connect()
  await client.call('SET', 'k', 'v')
  const id = await here(client)
  const wrong: [Arg[], RegExp][] = [
    [['LOG', 'AT', 'yesterday', 'GET', 'k'], /^ERR the time must be an id/],
    [['LOG', 'AT', String(Date.now() + 3_600_000), 'GET', 'k'], /^ERR that time is in the future/],
    [['LOG', 'AT', `${id.split('-')[0]}-99`, 'GET', 'k'], /^ERR that time is in the future/],
    [['LOG', 'AT', id, 'SET', 'k', 'w'], /^ERR LOG AT runs commands that only read data: 'set' is none/],
    [['LOG', 'AT', id, 'EVAL', 'return 1', '0'], /only read data/], [['LOG', 'AT', id, 'PING'], /only read data/],
    [['LOG', 'AT', id, 'LOG', 'POSITION'], /only read data/], [['LOG', 'AT', id, 'BLPOP', 'k', '0'], /only read data/],
    [['LOG', 'AT', id, 'XRANGE', '$all', '-', '+'], /^ERR LOG AT reads data/],
    [['LOG', 'AT', id, 'NOPE'], /^ERR unknown command 'NOPE'/], [['LOG', 'AT', id, 'GET'], /^ERR wrong number of arguments for 'get'/],
    [['LOG', 'AT', id], /wrong number of arguments for 'log\|at'/], [['LOG', 'AT', id, 'LLEN', 'k'], /^WRONGTYPE/],
    [['LOG', 'HISTORY', 'k', 'COUNT', '0'], /must be positive/], [['LOG', 'HISTORY', 'k', 'COUNT'], /^ERR syntax error/],
    [['LOG', 'HISTORY', 'k', 'FROM', 'x'], /^ERR the time must be/], [['LOG', 'HISTORY', 'k', 'SIDEWAYS', '1'], /^ERR syntax error/],
    [['LOG', 'NOPE'], /^ERR unknown subcommand 'NOPE'. Try LOG HELP/],
  ]
  for (const [words, text] of wrong) t.regex(String(await value(client, ...words)), text, words.join(' '))
  t.is(await value(client, 'LOG', 'AT', id, 'XREAD', 'BLOCK', '0', 'STREAMS', 'none', '$'), null)
  await client.call('MULTI')
  t.regex(await client.text('LOG', 'AT', id, 'GET', 'k'), /not allowed inside a transaction/)
  t.regex(await client.text('EXEC'), /^-EXECABORT/)
  t.is(await value(client, 'GET', 'k'), 'v')

  await client.call('CONFIG', 'SET', 'log-query-maxmemory', '1mb')
  await client.call('SETRANGE', 'large', String(4 << 20), 'x')
  t.regex(String(await value(client, 'LOG', 'AT', await here(client), 'STRLEN', 'large')), /^OOM /)
  client.destroy()
  const without = await start(t, temporaryDirectory(t), ['--appendonly', 'no'])
  const other = await without.connect()
  for (const words of [['POSITION'], ['AT', '1', 'GET', 'k'], ['HISTORY', 'k'], ['VERIFY']]) {
    t.is(await value(other, 'LOG', ...words), 'ERR there is no log: appendonly is no')
  }
  other.destroy()
})

test('what a checkpoint held that was no fold of what came before it is an error when it is gone', async (t) => {
  const dir = temporaryDirectory(t)
  const { broker, connect } = await start(t, dir, ['--enable-debug-command', 'yes'])
  const client = await connect()
  const rewritten = async (): Promise<void> => {
    await client.call('BGREWRITEAOF')
    await until(() => broker.persistence.run === undefined && !broker.persistence.rewriteScheduled)
  }
  await client.call('SET', 'k', 'old')
  const early = await here(client)
  await client.call('SAVE')
  await client.call('SET', 'k', 'new')
  // The dump file is older than the log.
  t.is(await client.text('DEBUG', 'RELOAD', 'NOSAVE'), '+OK\r\n')
  t.is(await value(client, 'GET', 'k'), 'old')
  await client.call('SET', 'other', '1')
  const between = await here(client)
  await client.call('SET', 'other', '2')
  await rewritten()
  await client.call('SET', 'k', 'last')
  const last = await here(client)
  const archive = path.join(dir, 'appendonlydir', 'archive')
  const gone = readdirSync(archive).find((name) => name.includes('.origin.'))!
  const answers = async (): Promise<ReplyValue[]> =>
    Promise.all([early, between, last].map((id) => value(client, 'LOG', 'AT', id, 'GET', 'k')))
  t.deepEqual(await answers(), ['old', 'old', 'last'])
  unlinkSync(path.join(archive, gone))
  const [first, second, third] = await answers()
  t.deepEqual([first, third], ['old', 'last'])
  t.regex(String(second), new RegExp(`^NOHISTORY the log is kept from \\d+-4 on: \\S+${gone.replaceAll('.', '\\.')} is gone`))
  const disk = realDisk()
  const sources = historyFiles(disk, { folder: path.dirname(archive), baseName: 'appendonly.aof' })
  const cut = (position: number): unknown => [...cutLog(disk, sources, { position })]
  t.notThrows(() => cut(1))
  t.notThrows(() => cut(4), 'a checkpoint stands there')
  for (const position of [2, 3]) t.throws(() => cut(position), { code: 'BEFORE_HISTORY' })
  client.destroy()
})

test('LOG HISTORY: who did what to a key; LOG VERIFY', async (t) => {
  const { connect } = await start(t)
  const client = await connect()
  await client.call('SET', 'k', 'v')
  await client.call('SET', 'other', 'x')
  await client.pipeline([['MULTI'], ['RENAME', 'k', 'l'], ['SET', 'k', Buffer.from([0, 255])], ['EXEC'], ['FLUSHDB']])
  await client.pipeline([['SELECT', '1'], ['SET', 'k', 'elsewhere'], ['SELECT', '0']])
  const entries = (await value(client, 'LOG', 'HISTORY', 'k') as ReplyValue[]).map(fields)
  t.deepEqual(entries.map(({ position, command, args, db }) => [position, command, args, db]), [
    [5, 'FLUSHDB', [], 0], [4, 'SET', ['k', '\0\u00ff'], 0], [3, 'RENAME', ['k', 'l'], 0], [1, 'SET', ['k', 'v'], 0],
  ])
  t.deepEqual(entries.map(({ transaction }) => transaction), [0, 3, 3, 0])
  for (const entry of entries) {
    t.is(entry['id'], `${entry['ms'] as number}-${entry['position'] as number}`)
    t.is(entry['user'], 'default')
    t.regex(entry['addr'] as string, /^127\.0\.0\.1:\d+$/)
    t.true((entry['client'] as number) > 0)
  }
  const part = await value(client, 'LOG', 'HISTORY', 'k', 'FROM', entries[2]!['id'] as string, 'ASC', 'COUNT', '1') as ReplyValue[]
  t.deepEqual(fields(part[0]!)['position'], 3)
  t.is(part.length, 1)
  const until = await value(client, 'LOG', 'HISTORY', 'k', 'TO', entries[3]!['id'] as string) as ReplyValue[]
  t.is(until.length, 1)
  const found = fields(await value(client, 'LOG', 'VERIFY'))
  t.like(found, { status: 'whole', findings: 0, entries: 6, faults: [] })
  client.destroy()
})

test('permissions: of the command that runs, of its keys, and of all keys that an entry shows', async (t) => {
  const { connect } = await start(t)
  const admin = await connect()
  await admin.pipeline([
    ['MSET', 'a:1', 'mine', 'b:1', 'secret'], ['SET', 'a:2', 'mine'],
    ['ACL', 'SETUSER', 'ann', 'on', '>pw', '~a:*', '+@read', '+log|at', '+log|history', '-strlen'],
    ['ACL', 'SETUSER', 'bob', 'on', '>pw', '~*', '+@all', '-@dangerous'],
  ])
  const id = await here(admin)
  const ann = await connect()
  await ann.call('AUTH', 'ann', 'pw')
  t.is(await value(ann, 'LOG', 'AT', id, 'GET', 'a:1'), 'mine')
  t.regex(String(await value(ann, 'LOG', 'AT', id, 'GET', 'b:1')), /^NOPERM No permissions to access a key/)
  t.regex(String(await value(ann, 'LOG', 'AT', id, 'STRLEN', 'a:1')), /^NOPERM .* 'strlen'/)
  t.regex(String(await value(ann, 'LOG', 'HISTORY', 'b:1')), /^NOPERM/)
  t.regex(String(await value(ann, 'LOG', 'VERIFY')), /^NOPERM/)
  const shown = (await value(ann, 'LOG', 'HISTORY', 'a:1') as ReplyValue[]).map(fields)
  t.deepEqual(shown.map(({ command, args }) => [command, args]), [['MSET', null]])
  const own = (await value(ann, 'LOG', 'HISTORY', 'a:2') as ReplyValue[]).map(fields)
  t.deepEqual(own.map(({ args }) => args), [['a:2', 'mine']])
  const bob = await connect()
  await bob.call('AUTH', 'bob', 'pw')
  t.regex(String(await value(bob, 'LOG', 'AT', id, 'GET', 'a:1')), /^NOPERM/)
  for (const client of [admin, ann, bob]) client.destroy()
})

/** The processes that read the log for this one. */
function readers(): number[] {
  const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n').map((line) => line.trim().split(/\s+/))
  const launchers = all.filter(([, parent]) => Number(parent) === process.pid).map(([pid]) => pid)
  return all.filter(([, parent, ...args]) => launchers.includes(parent) && args.some((arg) => arg.includes('reader-main')))
    .map(([pid]) => Number(pid))
}

test.serial('others are served meanwhile; who goes, or is unblocked, is forgotten', async (t) => {
  const { broker, connect } = await start(t)
  const client = await connect()
  await client.call('SET', 'k', 'v')
  const id = await here(client)
  const many = await Promise.all(Array.from({ length: 5 }, connect))
  const ask = (one: RespClient): Promise<ReplyValue> => value(one, 'LOG', 'AT', id, 'GET', 'k').catch((error: Error) => error.message)
  // As many processes as there will be: stopped, they keep all answers back.
  await until('two read', async () => {
    await Promise.all(many.map(ask))
    return readers().length === 2
  })
  for (const pid of readers()) process.kill(pid, 'SIGSTOP')
  const asked = many.map(ask)
  await until(() => broker.blocking.count === 5)
  t.is(await value(client, 'PING'), 'PONG')
  t.is(broker.blocking.count, 5)
  many[4]!.destroy()
  const ids = (await value(client, 'CLIENT', 'LIST') as string).split('\n').filter((line) => line.includes('cmd=log|at'))
  t.true(ids.length >= 4)
  t.is(await value(client, 'CLIENT', 'UNBLOCK', /id=(\d+)/.exec(ids[3]!)![1]!, 'ERROR'), 1)
  for (const pid of readers()) process.kill(pid, 'SIGCONT')
  const answers = await Promise.all(asked)
  t.is(answers.filter((one) => one === 'v').length, 3)
  t.is(answers.filter((one) => String(one).startsWith('UNBLOCKED')).length, 1)
  await until(() => broker.blocking.count === 0)
  for (const one of [...many, client]) one.destroy()
})
