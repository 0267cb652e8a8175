// `millrace repair` and `millrace import`: what they make is what a broker, and a redis-server, start from.

import { cpSync, existsSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import { until } from '../../until.ts'
import { debug, digestOf, millrace, sharedDirectory, workload } from './program.ts'

const written = sharedDirectory()

test('a whole directory is copied as it is', async (t) => {
  const to = path.join(temporaryDirectory(t), 'new')
  const { code, lines, stderr } = await millrace('repair', written.dir, '--to', to, '--json')
  t.is(code, 0, stderr)
  t.like(lines.at(-1), { type: 'summary', lostFrom: null, findings: 0 })
  t.is(await digestOf(t, startMillrace, to), written.digest)
})

test('of a damaged directory everything before the damage is copied; what is lost is said', async (t) => {
  const dir = temporaryDirectory(t)
  cpSync(written.dir, dir, { recursive: true })
  const segment = path.join(dir, 'appendonlydir/appendonly.aof.1.incr.aof')
  const bytes = readFileSync(segment)
  const offsets = [...bytes.toString('latin1').matchAll(/^#frame /gm)].map((match) => match.index)
  const damaged = Buffer.from(bytes)
  damaged[offsets[4]! + 9]! ^= 1
  writeFileSync(segment, damaged)

  const to = path.join(temporaryDirectory(t), 'new')
  const { code, lines } = await millrace('repair', dir, '--to', to, '--json')
  t.is(code, 1)
  const summary = lines.at(-1)!
  t.is(summary['position'], 4)
  t.is(summary['lostFrom'], 5)
  t.true((summary['lostTo'] as number) > 5)
  t.true((summary['lostUntilMs'] as number) > 0)
  t.deepEqual(readFileSync(path.join(to, 'appendonlydir/appendonly.aof.1.incr.aof')), bytes.subarray(0, offsets[4]))
  t.deepEqual(readFileSync(segment), damaged)
  t.is((await millrace('check', to)).code, 0)

  const ours = await startMillrace(t, { dir: to })
  const reader = await ours.connect()
  t.is(await reader.text('GET', 'number'), '$2\r\n41\r\n')
  t.is(await reader.text('EXISTS', 'float'), ':0\r\n')
  reader.destroy()
  await ours.terminate()
  if (!requireRedis(t)) return
  const server = await startRedis(t, { dir: to })
  const client = await server.connect()
  t.is(await client.text('GET', 'number'), '$2\r\n41\r\n')
  t.is(await client.text('EXISTS', 'float'), ':0\r\n')
  client.destroy()
})

test('a segment that is gone is no silent loss', async (t) => {
  const dir = temporaryDirectory(t)
  cpSync(written.dir, dir, { recursive: true })
  rmSync(path.join(dir, 'appendonlydir/appendonly.aof.1.incr.aof'))
  const { code, lines } = await millrace('repair', dir, '--to', path.join(dir, 'new'), '--json')
  t.is(code, 1)
  t.like(lines[0], { kind: 'missing' })
  t.is((await millrace('import', dir, '--to', path.join(temporaryDirectory(t), 'new'))).code, 2)
})

test('a lost checkpoint that is no fold of what is archived gives way to nothing, or to the one before when it is told to', async (t) => {
  const ours = await startMillrace(t)
  const client = await ours.connect()
  await client.call('SET', 'a', 'logged')
  await client.call('BGREWRITEAOF')
  await until(() => ours.output.includes('rewrite terminated with success'))
  await client.call('SET', 'c', 'logged behind a checkpoint')
  await client.call('CONFIG', 'SET', 'appendonly', 'no')
  await until(() => ours.output.includes('the log ends'))
  await client.call('SET', 'a', 'in memory only')
  await client.call('CONFIG', 'SET', 'appendonly', 'yes')
  await until(() => ours.output.includes('the log begins'))
  await client.call('SET', 'b', 'logged later')
  client.destroy()
  await ours.terminate()
  const folder = path.join(ours.dir, 'appendonlydir')
  const base = path.join(folder, readdirSync(folder).find((name) => name.endsWith('.origin.2.base.rdb'))!)
  const bytes = readFileSync(base)
  bytes[bytes.length - 12]! ^= 1
  writeFileSync(base, bytes)
  await t.throwsAsync(ours.start(), { message: /RDB_DAMAGED|at byte/ })
  t.deepEqual(readFileSync(base), bytes)
  for (const state of ['damaged', 'gone']) {
    if (state === 'gone') rmSync(base)
    const to = path.join(temporaryDirectory(t), 'new')
    const refused = await millrace('repair', ours.dir, '--to', to)
    t.is(refused.code, 2)
    t.regex(refused.stderr, new RegExp(`is ${state}, and no fold of what came before it`))
    t.false(existsSync(to))

    const { code, lines, stderr } = await millrace('repair', ours.dir, '--to', to, '--from-checkpoint', '--json')
    t.is(code, 1, stderr)
    t.like(lines.at(-1), { position: 2, lostFrom: 3, lostTo: 4, lostOrigin: base, findings: 1 })
    t.true((lines.at(-1)!['lostUntilMs'] as number) >= (lines.at(-1)!['ms'] as number))
    t.is(readdirSync(path.join(to, 'appendonlydir')).filter((name) => name.endsWith('.rdb')).length, 1)
    t.is((await millrace('check', to)).code, 0)
    const repaired = await startMillrace(t, { dir: to })
    const reader = await repaired.connect()
    t.is(await reader.text('MGET', 'a', 'b', 'c'), '*3\r\n$6\r\nlogged\r\n$-1\r\n$26\r\nlogged behind a checkpoint\r\n')
    reader.destroy()
    await repaired.terminate()
  }
})

test('a target that is not empty is left alone', async (t) => {
  const to = temporaryDirectory(t)
  writeFileSync(path.join(to, 'mine'), 'x')
  const { code, stderr } = await millrace('repair', written.dir, '--to', to)
  t.is(code, 2)
  t.regex(stderr, /is not empty/)
  t.deepEqual(readdirSync(to), ['mine'])
  t.is((await millrace('repair', written.dir)).code, 2)
})

test("redis-server's data by file, by directory and from the running server", async (t) => {
  if (!requireRedis(t)) return
  const server = await startRedis(t, { args: debug })
  const client = await server.connect()
  for (const command of workload) await client.call(...command)
  await client.call('SAVE')
  const digest = await client.text('DEBUG', 'DIGEST')
  const made = temporaryDirectory(t)
  const live = path.join(made, 'live')
  const fetched = await millrace('import', `redis://127.0.0.1:${server.port}`, '--to', live)
  t.is(fetched.code, 0, fetched.stderr)
  client.destroy()
  await server.terminate()
  const sources = { file: path.join(server.dir, 'dump.rdb'), folder: path.join(server.dir, 'appendonlydir') }
  for (const [name, source] of Object.entries(sources)) {
    const { code, stderr } = await millrace('import', source, '--to', path.join(made, name))
    t.is(code, 0, stderr)
  }
  for (const name of ['live', 'file', 'folder']) {
    t.is(await digestOf(t, startMillrace, path.join(made, name)), digest, name)
  }
})

test('an AOF with an RDB before its commands; a torn one is refused, and nothing is left', async (t) => {
  if (!requireRedis(t)) return
  const server = await startRedis(t, { args: debug })
  const client = await server.connect()
  for (const command of workload) await client.call(...command)
  await client.call('SAVE')
  await client.call('SELECT', '0')
  client.destroy()
  await server.terminate()
  const dir = temporaryDirectory(t)
  const aof = path.join(dir, 'old.aof')
  const more = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$5\r\nlater\r\n$1\r\n1\r\n'
  writeFileSync(aof, Buffer.concat([readFileSync(path.join(server.dir, 'dump.rdb')), Buffer.from(more)]))
  const to = path.join(dir, 'new')
  const { code, stderr } = await millrace('import', aof, '--to', to)
  t.is(code, 0, stderr)
  const ours = await startMillrace(t, { dir: to })
  const reader = await ours.connect()
  t.is(await reader.text('GET', 'later'), '$1\r\n1\r\n')
  t.is(await reader.text('GET', 'number'), '$2\r\n41\r\n')
  reader.destroy()

  truncateSync(aof, readFileSync(aof).length - 2)
  const torn = path.join(dir, 'torn')
  const refused = await millrace('import', aof, '--to', torn)
  t.is(refused.code, 2)
  t.regex(refused.stdout, /torn tail/)
  t.false(existsSync(torn))
})
