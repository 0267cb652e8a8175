// Runs the program `millrace` as an operator does, and makes directories for it to work on.

import { spawn } from 'node:child_process'
import path from 'node:path'
import test from 'ava'
import { program, startMillrace } from '../../process.ts'
import type { Scope, ServerOptions, ServerProcess } from '../../process.ts'
import type { Arg, RespClient } from '../../resp-client.ts'
import { until } from '../../until.ts'

export const root = path.resolve(import.meta.dirname, '../../..')

export const debug = ['--enable-debug-command', 'yes']

export type Outcome = { code: number | null, stdout: string, stderr: string, lines: Record<string, unknown>[] }

/** Nothing that the program does here takes as long: it is ended then. */
export const runMsMax = 240_000

/** Runs `millrace …` to its end; `lines` are those of stdout that are JSON objects. */
export async function millrace(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [program, ...args], { cwd: root, timeout: runMsMax })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const text = Buffer.concat(stdout).toString('utf8')
  const lines = text.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>)
  return { code, stdout: text, stderr: Buffer.concat(stderr).toString('utf8'), lines }
}

/** Has the log rewritten, and waits for it. */
export async function rewritten(client: RespClient): Promise<void> {
  const reply = await client.text('BGREWRITEAOF')
  if (!reply.startsWith('+Background')) throw new Error(reply)
  await until('it is rewritten', async () => (
    /aof_rewrite_in_progress:0[^]*aof_rewrite_scheduled:0/.test(await client.text('INFO', 'persistence'))))
}

/** Commands of every type, over several frames. */
export const workload: readonly (readonly Arg[])[] = [
  ['SET', 'text', 'hello'],
  ['SET', 'binary', Buffer.from([0, 255, 13, 10, 0x23])],
  ['SET', 'dated', 'v', 'PX', '3600000'],
  ['INCRBY', 'number', '41'],
  ['INCRBYFLOAT', 'float', '0.1'],
  ['RPUSH', 'list', 'a', 'b', 'c'],
  ['LPOP', 'list'],
  ['SADD', 'set', '1', '2', 'three'],
  ['SPOP', 'set'],
  ['HSET', 'hash', 'f', 'v', 'g', 'w'],
  ['ZADD', 'zset', '1.5', 'a', '-inf', 'b'],
  ['XADD', 'stream', '*', 'task', 'resize', 'image', 'cat.png'],
  ['XADD', 'stream', '*', 'task', 'crop'],
  ['XGROUP', 'CREATE', 'stream', 'workers', '0'],
  ['XREADGROUP', 'GROUP', 'workers', 'ann', 'COUNT', '1', 'STREAMS', 'stream', '>'],
  ['PFADD', 'hll', 'a', 'b', 'c'],
  ['GEOADD', 'geo', '13.361389', '38.115556', 'Palermo'],
  ['FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() return 1 end)"],
  ['SELECT', '3'],
  ['SET', 'elsewhere', 'in database 3'],
  ['MULTI'], ['SET', 'one', '1'], ['SET', 'two', '2'], ['EXEC'],
  ['SELECT', '0'],
  ['DEL', 'text'],
]

export type Written = { dir: string, folder: string, segment: string, digest: string }

/** A data directory that a broker wrote, command by command (each in a frame of its own), and left in good order. */
async function writtenDirectory(scope: Scope): Promise<Written> {
  const server = await startMillrace(scope, { args: debug })
  const client = await server.connect()
  for (const command of workload) await client.call(...command)
  const digest = await client.text('DEBUG', 'DIGEST')
  client.destroy()
  await server.terminate()
  const folder = path.join(server.dir, 'appendonlydir')
  return { dir: server.dir, folder, segment: path.join(folder, 'appendonly.aof.1.incr.aof'), digest }
}

/** What lasts for all tests of the file that calls this. */
export function fileScope(): Scope {
  const ends: (() => unknown)[] = []
  test.after.always(() => {
    for (const end of ends.toReversed()) end()
  })
  return { teardown: (end) => ends.push(end) }
}

/** A directory of the whole workload for all tests of the file that calls this; they find it filled in. */
export function sharedDirectory(): Written {
  const scope = fileScope()
  const written: Written = { dir: '', folder: '', segment: '', digest: '' }
  test.before(async () => void Object.assign(written, await writtenDirectory(scope)))
  return written
}

/** DEBUG DIGEST of what a server finds at its start in this directory. */
export async function digestOf(
  scope: Scope, start: (scope: Scope, options: ServerOptions) => Promise<ServerProcess>, dir: string,
  args: readonly string[] = [],
): Promise<string> {
  const server = await start(scope, { dir, args: [...debug, ...args] })
  const client = await server.connect()
  const digest = await client.text('DEBUG', 'DIGEST')
  client.destroy()
  await server.terminate()
  return digest
}
