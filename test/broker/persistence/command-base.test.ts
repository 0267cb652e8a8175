// `aof-use-rdb-preamble no` on the whole: bases are AOFs of commands, for every way in which a base comes to be, and all
// that reads a data directory reads them.
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { millrace, workload } from '../../ops/cli/program.ts'
import { checkAof, requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import { until } from '../../until.ts'

const debug = ['--enable-debug-command', 'yes']
const commandBases = [...debug, '--aof-use-rdb-preamble', 'no']

async function fill(server: ServerProcess): Promise<void> {
  const client = await server.connect()
  for (const command of workload) await client.call(...command)
  await client.call('XREADGROUP', 'GROUP', 'workers', 'bob', 'COUNT', '1', 'STREAMS', 'stream', '>')
  await client.call('RPUSH', 'long', ...Array.from({ length: 700 }, (_, i) => `item ${i}`))
  client.destroy()
}

/** What stands in the manifest, in short: `base.aof`, `incr.aof` … */
function files(server: ServerProcess): string[] {
  const manifest = readFileSync(path.join(server.dir, 'appendonlydir/appendonly.aof.manifest'), 'utf8')
  return [...manifest.matchAll(/^file appendonly\.aof\.(?:origin\.)?\d+\.(\S+) seq \d+ type (.)$/gm)].map((m) => `${m[1]} ${m[2]}`)
}

async function rewritten(server: ServerProcess): Promise<void> {
  const rewrites = async (): Promise<string> => /aof_rewrites:\d+/.exec((await server.run('INFO persistence'))[0]!)![0]
  const before = await rewrites()
  await server.run('BGREWRITEAOF')
  await until(async () => await rewrites() !== before)
  await until(async () => (await server.run('INFO persistence'))[0]!.includes('aof_rewrite_in_progress:0'))
  const info = (await server.run('INFO persistence'))[0]!
  if (!info.includes('aof_last_bgrewrite_status:ok')) throw new Error(info)
}


const digestOf = async (server: ServerProcess): Promise<string> => (await server.run('DEBUG DIGEST'))[0]!

/** The directory is whole, as we and Redis's own checker see it. */
async function isWhole(t: ExecutionContext, dir: string): Promise<void> {
  const { code, stdout, stderr } = await millrace('check', dir)
  t.is(code, 0, stdout + stderr)
  if (!requireRedis(t)) return
  const { ok, output } = checkAof(dir)
  t.true(ok, output)
}

/** A redis-server that starts from a copy of the directory holds the same. */
async function redisHolds(t: ExecutionContext, server: ServerProcess, digest: string): Promise<void> {
  if (!requireRedis(t)) return
  const dir = temporaryDirectory(t)
  cpSync(path.join(server.dir, 'appendonlydir'), path.join(dir, 'appendonlydir'), { recursive: true })
  rmSync(path.join(dir, 'appendonlydir/archive'), { recursive: true, force: true })
  const redis = await startRedis(t, { dir, args: debug })
  t.is(await digestOf(redis), digest)
  t.deepEqual(await redis.run('FCALL f 0', 'XPENDING stream workers', 'XLEN stream'),
    await server.run('FCALL f 0', 'XPENDING stream workers', 'XLEN stream'))
}

test('a rewrite makes a base of commands: a restart, a check and a redis-server find the same in it', async (t) => {
  const server = await startMillrace(t, { args: commandBases })
  await fill(server)
  await rewritten(server)
  t.deepEqual(files(server), ['base.aof b', 'incr.aof i'])
  await server.run('SET behind it', 'LPOP long')
  const digest = await digestOf(server)
  const infos = await server.run('XINFO STREAM stream FULL')
  await isWhole(t, server.dir)
  await redisHolds(t, server, digest)
  t.deepEqual(await server.run('DEBUG LOADAOF', 'DEBUG DIGEST'), ['+OK', digest])
  await server.restart()
  t.is(await digestOf(server), digest)
  t.deepEqual(await server.run('FCALL f 0', 'XINFO STREAM stream FULL'), [':1', ...infos])
  // A second rewrite folds such a base, in the child.
  await server.run('SET more 1')
  await rewritten(server)
  const later = await digestOf(server)
  await server.kill9()
  await server.start()
  t.is(await digestOf(server), later)
  await isWhole(t, server.dir)
  await redisHolds(t, server, later)
  await server.run('SET last 1', 'MSET x 1 y 2')
  const last = await digestOf(server)
  await server.terminate()

  // Without the archive the base is where all begins.
  rmSync(path.join(server.dir, 'appendonlydir/archive'), { recursive: true })
  t.is((await millrace('check', baseOf(server))).code, 0)
  const history = path.join(server.dir, 'history.aof')
  const exported = await millrace('export', server.dir, '--format', 'aof', '--output', history)
  t.is(exported.code, 0, exported.stderr)
  t.notRegex(readFileSync(history, 'latin1'), /^#(?:frame|checkpoint|stream|by)/m)
  for (const source of [history, server.dir]) {
    const to = path.join(server.dir, `from-${path.basename(source)}`)
    const imported = await millrace('import', source, '--to', to)
    t.is(imported.code, 0, imported.stderr)
    const other = await startMillrace(t, { dir: to, args: commandBases })
    t.is(await digestOf(other), last, source)
  }
})

test('the form follows CONFIG SET with the next rewrite, both ways, and the past is told over all of it', async (t) => {
  const server = await startMillrace(t, { args: debug })
  await fill(server)
  const moments: string[] = []
  for (const [i, form] of ['no', 'no', 'yes', 'no'].entries()) {
    await server.run(`SET round ${i}`, `ZADD zset ${i} m${i}`)
    moments.push((await server.run('LOG POSITION'))[0]!.split('\r\n').find((line) => /^\d+-\d+$/.test(line))!)
    await server.run(`CONFIG SET aof-use-rdb-preamble ${form}`)
    await rewritten(server)
    t.deepEqual(files(server), [`base.${form === 'no' ? 'aof' : 'rdb'} b`, 'incr.aof i'], `round ${i}`)
    const digest = await digestOf(server)
    await isWhole(t, server.dir)
    await server.kill9()
    await server.start()
    await server.run(`CONFIG SET aof-use-rdb-preamble ${form}`)
    t.is(await digestOf(server), digest, `round ${i}`)
  }
  for (const [i, moment] of moments.entries()) {
    t.deepEqual(await server.run(`LOG AT ${moment} GET round`, `LOG AT ${moment} ZSCORE zset m${i}`), [`$1\r\n${i}`, `$1\r\n${i}`])
  }
  const all = await server.run('XLEN $all', 'LOG VERIFY')
  t.regex(all[0]!, /^:[1-9]\d+$/)
  t.notRegex(all[1]!, /damage/)
  const digest = await digestOf(server)
  await server.terminate()

  const to = path.join(server.dir, 'past')
  const replayed = await millrace('replay', server.dir, '--to', to, '--until', moments[2]!)
  t.is(replayed.code, 0, replayed.stderr)
  const past = await startMillrace(t, { dir: to })
  t.deepEqual(await past.run('GET round'), ['$1\r\n2'])
  const history = await millrace('history', server.dir, 'round', '--json')
  t.is(history.lines.filter((line) => line['command'] === 'SET' || line['cmd'] === 'SET').length, 4, history.stdout)

  const made: Record<string, string[]> = {
    'history.aof': ['--format', 'aof'], 'state.aof': ['--format', 'aof', '--state'], 'dump.rdb': ['--format', 'rdb'],
  }
  for (const [name, args] of Object.entries(made)) {
    const file = path.join(to, name)
    const exported = await millrace('export', server.dir, ...args, '--output', file)
    t.is(exported.code, 0, exported.stderr)
    const imported = await millrace('import', file, '--to', `${file}.in`)
    t.is(imported.code, 0, imported.stderr)
    const other = await startMillrace(t, { dir: `${file}.in`, args: debug })
    t.is(await digestOf(other), digest, name)
  }
})

test('bases that Redis wrote without a preamble load, and are folded; it loads what comes of them', async (t) => {
  if (!requireRedis(t)) return
  const redis = await startRedis(t, { args: commandBases })
  await fill(redis)
  await redis.run('BGREWRITEAOF')
  await until(async () => (await redis.run('INFO persistence'))[0]!.includes('aof_rewrite_in_progress:0'))
  await until(() => files(redis).join() === 'base.aof b,incr.aof i')
  await redis.run('SET behind it')
  const digest = await digestOf(redis)
  t.is(await redis.terminate(), 0)
  const server = await startMillrace(t, { dir: redis.dir, args: commandBases })
  t.is(await digestOf(server), digest)
  await rewritten(server)
  t.deepEqual(files(server), ['base.aof b', 'incr.aof i'])
  t.regex(readFileSync(baseOf(server), 'latin1'), /^#checkpoint pos=\d+ ms=\d+ head=/)
  await server.restart()
  t.is(await digestOf(server), digest)
  await redisHolds(t, server, digest)
})

function baseOf(server: ServerProcess): string {
  const folder = path.join(server.dir, 'appendonlydir')
  return path.join(folder, readdirSync(folder).find((name) => name.startsWith('appendonly') && name.includes('.base.'))!)
}

test('a log that begins while it runs, BGSAVE, and a damaged base', async (t) => {
  const server = await startMillrace(t, { args: commandBases })
  await fill(server)
  await server.run('CONFIG SET appendonly no')
  await until(async () => (await server.run('INFO persistence'))[0]!.includes('aof_enabled:0'))
  await server.run('SET without log', 'CONFIG SET appendonly yes')
  await until(async () => (await server.run('INFO persistence'))[0]!.includes('aof_enabled:1'))
  await until(() => files(server).join() === 'base.aof b,incr.aof i')
  t.true(baseOf(server).endsWith('.origin.1.base.aof') || baseOf(server).includes('.origin.'), baseOf(server))
  t.true(baseOf(server).endsWith('.base.aof'))
  await server.run('SET then 1', 'BGSAVE')
  await until(async () => (await server.run('INFO persistence'))[0]!.includes('rdb_saves:1'))
  await until(async () => (await server.run('INFO persistence'))[0]!.includes('rdb_bgsave_in_progress:0'))
  t.is(readFileSync(path.join(server.dir, 'dump.rdb')).toString('latin1', 0, 5), 'REDIS')
  t.true(baseOf(server).includes('.origin.'), 'BGSAVE leaves the base as it is')
  await rewritten(server)
  const digest = await digestOf(server)
  await server.terminate()

  // The checkpoint before it comes back, and what was since then.
  const base = baseOf(server)
  const whole = readFileSync(base)
  writeFileSync(base, whole.subarray(0, whole.length - 20))
  const repaired = path.join(server.dir, 'repaired')
  t.is((await millrace('check', server.dir)).code, 1)
  const repair = await millrace('repair', server.dir, '--to', repaired)
  t.is(repair.code, 1, repair.stderr)
  await server.start()
  t.is(await digestOf(server), digest)
  await server.says(/the newest checkpoint can't be loaded: .*the last line is missing or damaged/)
  const other = await startMillrace(t, { dir: repaired, args: commandBases })
  t.is(await digestOf(other), digest)
})

test('a full sync as a replica makes a base of commands', async (t) => {
  const master = await startMillrace(t, { args: [...debug, '--repl-diskless-sync-delay', '0'] })
  await fill(master)
  const replica = await startMillrace(t, { args: [...commandBases, '--replicaof', `127.0.0.1 ${master.port}`] })
  await until(async () => (await replica.run('INFO replication'))[0]!.includes('master_link_status:up'))
  const digest = await digestOf(master)
  await until(async () => await digestOf(replica) === digest)
  t.deepEqual(files(replica), ['base.aof b', 'incr.aof i'])
  await isWhole(t, replica.dir)
  await replica.terminate()
  await master.terminate()
  const alone = await startMillrace(t, { dir: replica.dir, args: commandBases })
  t.is(await digestOf(alone), digest)
})
