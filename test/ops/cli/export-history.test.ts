// `millrace export`: all that was written is part of the history, whoever wrote it and wherever it stands by now; what no
// entry tells of is told.

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import { encodeCommand } from '../../resp-client.ts'
import { debug, digestOf, millrace, rewritten } from './program.ts'

/** A server does some commands, and rewrites its log; DEBUG DIGEST then. */
async function worked(server: ServerProcess, ...commands: string[][]): Promise<string> {
  const client = await server.connect()
  for (const command of commands) await client.call(...command)
  await rewritten(client)
  const digest = await client.text('DEBUG', 'DIGEST')
  client.destroy()
  return digest
}

/** A dump file of a redis-server: it says nothing of positions. */
async function dumpOf(t: ExecutionContext): Promise<string> {
  const redis = await startRedis(t, { args: ['--appendonly', 'no'] })
  const client = await redis.connect()
  await client.pipeline([['SET', 'text', 'old'], ['SET', 'number', '41'], ['SAVE']])
  client.destroy()
  await redis.kill9()
  return path.join(redis.dir, 'dump.rdb')
}

/** The history of the directory as AOF makes these contents. */
async function makes(t: ExecutionContext, dir: string, digest: string, ...args: string[]): Promise<void> {
  const work = temporaryDirectory(t)
  const file = path.join(work, 'history.aof')
  const exported = await millrace('export', dir, '--format', 'aof', '--output', file, ...args)
  t.is(exported.code, 0, exported.stderr)
  const imported = await millrace('import', file, '--to', path.join(work, 'to'))
  t.is(imported.code, 0, imported.stderr)
  t.is(await digestOf(t, startMillrace, path.join(work, 'to')), digest)
}

test('what a redis-server wrote is part of the history, also behind checkpoints of ours, and counts once', async (t) => {
  if (!requireRedis(t)) return
  const redis = await startRedis(t, { args: ['--aof-use-rdb-preamble', 'no', ...debug] })
  await worked(redis, ['SET', 'n', '5'], ['RPUSH', 'list', 'a'])
  const client = await redis.connect()
  await client.pipeline([['INCR', 'n'], ['RPUSH', 'list', 'b']])
  client.destroy()
  await redis.terminate()
  const ours = await startMillrace(t, { dir: redis.dir, args: debug })
  await worked(ours, ['INCR', 'n'])
  const digest = await worked(ours, ['INCR', 'n'], ['RPUSH', 'list', 'c'])
  await ours.terminate()
  const { lines } = await millrace('export', redis.dir, '--format', 'ndjson')
  t.deepEqual(lines.map(({ position }) => position), lines.map((_, i) => i + 1))
  t.deepEqual(lines.map(({ command, args }) => [command, ...args as string[]].join(' ')).slice(-5),
    ['INCR n', 'RPUSH list b', 'INCR n', 'INCR n', 'RPUSH list c'])
  t.true(lines.some(({ command, args }) => command === 'SET' && (args as string[])[1] === '5'), 'the oldest base, as commands')
  const last = await millrace('export', redis.dir, '--format', 'ndjson', '--from', String(lines.length - 3))
  t.deepEqual(last.lines, lines.slice(-4))
  await makes(t, redis.dir, digest)
  // The state behind the first INCR.
  const early = path.join(temporaryDirectory(t), 'early.rdb')
  const moment = String(lines.findIndex(({ command }) => command === 'INCR') + 1)
  const exported = await millrace('export', redis.dir, '--format', 'rdb', '--until', moment, '--output', early)
  t.is(exported.code, 0, exported.stderr)
  t.like((await millrace('check', early, '--json')).lines[0], { type: 'checkpoint', keys: 2 })
})

test('an AOF that begins with an RDB: what stands behind that is history, before and after it was rewritten', async (t) => {
  if (!requireRedis(t)) return
  const dir = temporaryDirectory(t)
  const commands = [['SELECT', '0'], ['SET', 'text', 'one'], ['INCR', 'number']].map((words) => encodeCommand(words))
  writeFileSync(path.join(dir, 'appendonly.aof'), Buffer.concat([readFileSync(await dumpOf(t)), ...commands]))
  const server = await startMillrace(t, { dir, args: debug })
  const client = await server.connect()
  await client.call('INCR', 'number')
  const digest = await client.text('DEBUG', 'DIGEST')
  const asked = async (): Promise<void> => {
    const history = await client.text('LOG', 'HISTORY', 'number', 'ASC')
    t.deepEqual([...history.matchAll(/\r\nposition\r\n:(\d+)\r\n/g)].map((found) => found[1]), ['2', '3'])
    // Those who read the log as a stream begin behind it.
    t.regex(await client.text('XRANGE', '$all', '-', '+', 'COUNT', '1'), /^-GAP .* the first entry that is kept is \d+-3\r\n/)
    t.regex(await client.text('XRANGE', '$all', '0-3', '+'), /\r\nINCR\r\n/)
  }
  await asked()
  const events = async (): Promise<Record<string, unknown>[]> => {
    const { lines, stderr } = await millrace('export', dir, '--format', 'ndjson')
    t.deepEqual(lines.map(({ position, command }) => [position, command]), [[1, 'SET'], [2, 'INCR'], [3, 'INCR']])
    t.regex(stderr, /appendonly\.aof holds what no entry tells of/)
    return lines
  }
  await events()
  await makes(t, dir, digest)
  await worked(server)
  await asked()
  client.destroy()
  const lines = await events()
  await makes(t, dir, digest)
  t.deepEqual((await millrace('replay', dir, '--into', 'ndjson', '--from', '2')).lines, lines.slice(1))
})

test('what stands in a checkpoint from before the first entry is part of the history as AOF, and else told of', async (t) => {
  if (!requireRedis(t)) return
  const to = path.join(temporaryDirectory(t), 'to')
  t.is((await millrace('import', await dumpOf(t), '--to', to)).code, 0)
  const server = await startMillrace(t, { dir: to, args: debug })
  const client = await server.connect()
  await client.call('INCR', 'number')
  const early = await client.text('DEBUG', 'DIGEST')
  client.destroy()
  await worked(server, ['SET', 'more', '1'])
  const digest = await worked(server, ['SET', 'more', '2'])
  await makes(t, to, digest)
  await makes(t, to, early, '--until', '1')
  const events = await millrace('export', to, '--format', 'ndjson')
  t.is(events.lines.length, 3)
  t.regex(events.stderr, /\.base\.rdb holds what no entry tells of: that is no part of this \(--format rdb knows it\)\n/)
  const replayed = await millrace('replay', to, '--into', 'ndjson')
  t.is(replayed.code, 2)
  t.regex(replayed.stderr, /the log is kept from \d+-1 on, and \S+\.base\.rdb holds what no entry tells of: give --from or --state/)
})
