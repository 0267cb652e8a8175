// `millrace replay` and `millrace history` as an operator uses them: a data directory as of a moment, which redis-server
// loads, too; and the log sent to a redis-server, to NATS and as JSON.

import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { connect } from 'nats'
import { patient, requireNats, startNats } from '../../nats-server.ts'
import { freePort, program, requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { until } from '../../until.ts'
import { debug, digestOf, fileScope, millrace, rewritten, root, runMsMax, workload } from './program.ts'

let server: ServerProcess
let client: RespClient
/** Behind the first part of the work, and at the end. */
let early: { id: string, digest: string }
let last: { id: string, digest: string }
const scope = fileScope()

async function standOf(): Promise<{ id: string, digest: string }> {
  const id = /\$\d+\r\n(\d+-\d+)\r\n/.exec(await client.text('LOG', 'POSITION'))![1]!
  return { id, digest: await client.text('DEBUG', 'DIGEST') }
}

test.before(async () => {
  server = await startMillrace(scope, { args: debug })
  client = await server.connect()
  scope.teardown(() => client.destroy())
  for (const command of workload) await client.call(...command)
  early = await standOf()
  await rewritten(client)
  await client.pipeline([
    ['FLUSHALL'], ['SET', 'later', '1'], ['MULTI'], ['INCR', 'later'], ['RPUSH', 'jobs', 'a', 'b'], ['EXEC'], ['LPOP', 'jobs'],
  ])
  last = await standOf()
})

test('a data directory as of a moment, while its source is served: the broker and redis-server start from it', async (t) => {
  const dir = temporaryDirectory(t)
  const to = path.join(dir, 'early')
  const { code, stderr, lines } = await millrace('replay', server.dir, '--to', to, '--until', early.id, '--json')
  t.is(code, 0, stderr)
  t.like(lines.at(-1), { type: 'summary', id: early.id })
  t.is((await millrace('check', to, '--strict')).code, 0)
  t.is(await digestOf(t, startMillrace, to), early.digest)
  if (requireRedis(t)) t.is(await digestOf(t, startRedis, to), early.digest)
  const now = path.join(dir, 'now')
  t.is((await millrace('replay', server.dir, '--to', now)).code, 0)
  t.is(await digestOf(t, startMillrace, now), last.digest)

  t.is((await millrace('replay', server.dir, '--to', now)).code, 2, 'it is not empty')
  const none = path.join(dir, 'none')
  for (const args of [['--to', none, '--into', 'ndjson'], [], ['--to', none, '--until', 'noon'], ['--to', none, '--match', 'k*']]) {
    t.is((await millrace('replay', server.dir, ...args)).code, 2, args.join(' '))
  }
  t.false(existsSync(none))
})

test('into a redis-server, in order and resumable; what it refuses is told', async (t) => {
  if (!requireRedis(t)) return
  const redis = await startRedis(t, { args: debug })
  const other = await redis.connect()
  const into = `redis://127.0.0.1:${redis.port}`
  await other.call('SET', 'list', 'not a list')
  const position = Number(last.id.split('-')[1])
  const refused = await millrace('replay', server.dir, '--into', into, '--json')
  t.is(refused.code, 1, refused.stderr)
  const stopped = refused.lines.find((line) => line['type'] === 'stopped')!
  t.is(stopped['position'], 5)
  t.regex(refused.lines.at(-1)!['message'] as string, /^position 6 was refused: WRONGTYPE/)
  await other.call('DEL', 'list')
  const rest = await millrace('replay', server.dir, '--into', into, '--from', '6', '--rate', '1000', '--pipeline', '64', '--json')
  t.is(rest.code, 0, rest.stderr)
  t.like(rest.lines.at(-1), { entries: position - 5, position })
  t.is(await other.text('DEBUG', 'DIGEST'), last.digest)
  other.destroy()
  const nobody = await millrace('replay', server.dir, '--into', `redis://127.0.0.1:${await freePort()}`)
  t.is(nobody.code, 2)
  t.regex(nobody.stderr, /ECONNREFUSED/)
})

test('as JSON, a part; and the history of a key', async (t) => {
  const file = path.join(temporaryDirectory(t), 'jobs.ndjson')
  const { code, stderr } = await millrace('replay', server.dir, '--into', 'ndjson', '--match', 'jobs', '--output', file)
  t.is(code, 0, stderr)
  const events = readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  // FLUSHALL is about all keys.
  t.deepEqual(events.map(({ command }) => command), ['FUNCTION', 'FLUSHALL', 'RPUSH', 'LPOP'])
  const { lines } = await millrace('history', server.dir, 'jobs', '--json')
  t.deepEqual(lines.map(({ command, args }) => [command, args]),
    [['LPOP', ['jobs']], ['RPUSH', ['jobs', 'a', 'b']], ['FLUSHALL', []]])
  const binary = await millrace('history', server.dir, 'binary', '--asc', '-n', '1')
  t.regex(binary.stdout, /^\d+-2 {2}20\S+Z {2}default \d+ 127\.0\.0\.1:\d+ {2}SET binary "\\x00\\xff\\x0d\\x0a#"\n$/)
  t.is((await millrace('history', server.dir, 'jobs', '--count', 'x')).code, 2)
})

test('into NATS: each entry once, however often it is sent', async (t) => {
  if (!requireNats(t)) return
  const nats = await startNats(t)
  const watcher = await connect({ servers: `127.0.0.1:${nats.port}` })
  const manager = await watcher.jetstreamManager(patient)
  const into = `nats://127.0.0.1:${nats.port}/audit.log`
  const lost = await millrace('replay', server.dir, '--into', into)
  t.is(lost.code, 1)
  t.regex(lost.stdout, /position 1 was refused: no stream takes the subject audit\.log/)
  await manager.streams.add({ name: 'audit', subjects: ['audit.>'] })
  for (let i = 0; i < 2; i++) {
    const { code, stderr } = await millrace('replay', server.dir, '--into', into)
    t.is(code, 0, stderr)
  }
  const position = Number(last.id.split('-')[1])
  t.is((await manager.streams.info('audit')).state.messages, position)
  const message = await manager.streams.getMessage('audit', { seq: position })
  t.is(message.header.get('Nats-Msg-Id'), last.id)
  t.is(message.header.get('Millrace-Command'), 'LPOP')
  t.is(message.header.get('Millrace-Key'), 'jobs')
  t.like(message.json<Record<string, unknown>>(), { position, command: 'LPOP', args: ['jobs'] })
  await watcher.close()
})

test('history that is not kept is an error', async (t) => {
  const other = await startMillrace(t, { args: ['--log-retention-bytes', '0'] })
  const writer = await other.connect()
  await writer.pipeline([['SET', 'k', 'v'], ['SET', 'kept', 'yes']])
  await rewritten(writer)
  await writer.pipeline([['SET', 'k', 'w'], ['RPUSH', 'list', 'a', 'b']])
  const folder = path.join(other.dir, 'appendonlydir')
  await until(() => !readdirSync(folder).some((name) => name.endsWith('.1.incr.aof')))
  t.regex(await writer.text('LOG', 'AT', '1000', 'GET', 'k'), /^-NOHISTORY the log is kept from \d+-2 on/)
  writer.destroy()
  await other.terminate()
  const to = path.join(temporaryDirectory(t), 'to')
  const early = await millrace('replay', other.dir, '--to', to, '--until', '2020-01-01')
  t.is(early.code, 2)
  t.regex(early.stderr, /the log is kept from \d+-2 on/)
  t.regex((await millrace('replay', other.dir, '--into', 'ndjson')).stderr, /the log is kept from \d+-3 on, not from its first entry/)
  t.false(existsSync(to))
  if (!requireRedis(t)) return
  const redis = await startRedis(t)
  const reader = await redis.connect()
  const { code, stderr, lines } = await millrace('replay', other.dir, '--into', `redis://127.0.0.1:${redis.port}`, '--state', '--json')
  t.is(code, 0, stderr)
  t.like(lines[0], { type: 'state', keys: 2 })
  t.is(await reader.text('MGET', 'k', 'kept'), '*2\r\n$1\r\nw\r\n$3\r\nyes\r\n')
  t.is(await reader.text('LPOS', 'list', 'b'), ':1\r\n')
  reader.destroy()
})

type Running = { lines: () => Promise<Record<string, unknown>[]>, stderr: () => string, code: Promise<number | null> }

/** Runs `millrace …`, whose lines nobody reads yet; resolves when the first of them is there. */
async function begun(...args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [program, ...args], { cwd: root, timeout: runMsMax })
  const errors: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  const code = new Promise<number | null>((resolve) => child.once('close', resolve))
  await new Promise((resolve) => child.stdout.once('readable', resolve))
  const lines = async (): Promise<Record<string, unknown>[]> => {
    const chunks: Buffer[] = []
    for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    return text.slice(0, text.lastIndexOf('\n')).split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  }
  return { lines, stderr: () => Buffer.concat(errors).toString(), code }
}

test('a broker archives what is still to be sent: it is found there; what it removes is an error', async (t) => {
  const other = await startMillrace(t)
  const writer = await other.connect()
  const folder = path.join(other.dir, 'appendonlydir')
  let written = 0
  const write = (): Promise<unknown> =>
    writer.pipeline(Array.from({ length: 60 }, () => ['SET', `k${++written}`, 'x'.repeat(20_000)]))
  const rewrite = async (left: (archived: number) => boolean): Promise<void> => {
    const [segment] = readdirSync(folder).filter((name) => name.endsWith('.incr.aof'))
    await writer.call('BGREWRITEAOF')
    await until(() => !readdirSync(folder).includes(segment!))
    await until(() => left(readdirSync(path.join(folder, 'archive')).filter((name) => name.endsWith('.incr.aof')).length))
  }
  await write()
  await rewrite((archived) => archived === 1)
  const ndjson = [['replay', other.dir, '--into', 'ndjson'], ['export', other.dir, '--format', 'ndjson']]
  for (const [i, words] of ndjson.entries()) {
    await write()
    const running = await begun(...words)
    await rewrite((archived) => archived === i + 2)
    const lines = await running.lines()
    t.is(await running.code, 0, running.stderr())
    t.deepEqual(lines.map(({ position }) => position), Array.from({ length: written }, (_, n) => n + 1))
  }
  for (const words of ndjson) {
    await writer.call('CONFIG', 'SET', 'log-retention-bytes', '1gb')
    await write()
    await rewrite((archived) => archived > 0)
    const from = written - 59
    await write()
    const running = await begun(...words, '--from', String(from))
    await writer.call('CONFIG', 'SET', 'log-retention-bytes', '0')
    await rewrite((archived) => archived === 0)
    const lines = await running.lines()
    t.is(await running.code, 2)
    t.deepEqual(lines.map(({ position }) => position), Array.from({ length: 60 }, (_, n) => from + n))
    const gap = `the log is kept from [1-9]\\d+-${written + 1} on, not from position ${from + 60}: log-retention`
    t.regex(running.stderr(), new RegExp(gap))
  }
  writer.destroy()
})
