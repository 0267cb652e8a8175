// `millrace export`: what it writes loads elsewhere with the same contents.

import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { program, requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import { debug, digestOf, millrace, rewritten, root, sharedDirectory, workload } from './program.ts'

const written = sharedDirectory()

test('AOF and RDB: a redis-server finds the same contents, and so does a broker that imported them', async (t) => {
  const dir = temporaryDirectory(t)
  const made: Record<string, string[]> = {
    'history.aof': ['--format', 'aof'], 'state.aof': ['--format', 'aof', '--state'], 'dump.rdb': ['--format', 'rdb'],
  }
  for (const [name, args] of Object.entries(made)) {
    const file = path.join(dir, name)
    const { code, stderr } = await millrace('export', written.dir, ...args, '--output', file)
    t.is(code, 0, stderr)
    t.notRegex(readFileSync(file, 'latin1'), /^#(?:frame|by) /m, name)
    const to = path.join(dir, `${name}.imported`)
    const imported = await millrace('import', file, '--to', to)
    t.is(imported.code, 0, imported.stderr)
    t.is(await digestOf(t, startMillrace, to), written.digest, name)
  }
  t.deepEqual(readdirSync(dir).filter((name) => name.startsWith('temp-')), [])
  if (!requireRedis(t)) return
  for (const name of ['history.aof', 'state.aof']) {
    const home = path.join(dir, `redis-${name}`)
    mkdirSync(path.join(home, 'appendonlydir'), { recursive: true })
    cpSync(path.join(dir, name), path.join(home, 'appendonlydir/appendonly.aof.1.incr.aof'))
    writeFileSync(path.join(home, 'appendonlydir/appendonly.aof.manifest'), 'file appendonly.aof.1.incr.aof seq 1 type i\n')
    t.is(await digestOf(t, startRedis, home), written.digest, name)
  }
  const home = path.join(dir, 'redis-rdb')
  mkdirSync(home)
  cpSync(path.join(dir, 'dump.rdb'), path.join(home, 'dump.rdb'))
  t.is(await digestOf(t, startRedis, home, ['--appendonly', 'no']), written.digest)
})

test('NDJSON: an event a line, with its author; bytes that are no UTF-8 are marked', async (t) => {
  const { code, lines } = await millrace('export', written.dir, '--format', 'ndjson')
  t.is(code, 0)
  t.deepEqual(lines.map((line) => line['position']), lines.map((_, i) => i + 1))
  t.like(lines[0], { db: 0, command: 'SET', keys: ['text'], args: ['text', 'hello'], user: 'default' })
  t.regex(lines[0]!['time'] as string, /^20\d\d-.*Z$/)
  t.deepEqual((lines[1]!['args'] as unknown[])[1], { base64: Buffer.from([0, 255, 13, 10, 0x23]).toString('base64') })
  t.deepEqual(lines.filter((line) => line['db'] === 3).map((line) => line['keys']), [['elsewhere'], ['one'], ['two']])
})

test('a part: by database, by pattern, from and until', async (t) => {
  const positions = async (...args: string[]): Promise<unknown[]> => {
    const { lines, stderr, code } = await millrace('export', written.dir, '--format', 'ndjson', ...args)
    t.is(code, 0, stderr)
    return lines.map((line) => line['position'])
  }
  const all = (await millrace('export', written.dir, '--format', 'ndjson')).lines
  t.deepEqual(await positions('--from', '5', '--until', '7'), [5, 6, 7])
  const streams = all.filter((line) => (line['keys'] as string[]).includes('stream')).map((line) => line['position'])
  t.true(streams.length >= 4)
  const matched = await positions('--match', 'str*')
  for (const position of streams) t.true(matched.includes(position))
  const third = await positions('--db', '3')
  t.is(third.length, 3)
  t.deepEqual(await positions('--until', all[0]!['time'] as string, '--from', '1'), all
    .filter((line) => (line['time'] as string) <= (all[0]!['time'] as string)).map((line) => line['position']))
})

test('a state as of a position', async (t) => {
  const dir = temporaryDirectory(t)
  const file = path.join(dir, 'dump.rdb')
  t.is((await millrace('export', written.dir, '--format', 'rdb', '--until', '1', '--output', file)).code, 0)
  const to = path.join(dir, 'to')
  t.is((await millrace('import', file, '--to', to)).code, 0)
  const server = await startMillrace(t, { dir: to })
  const client = await server.connect()
  t.is(await client.text('GET', 'text'), '$5\r\nhello\r\n')
  t.is(await client.text('DBSIZE'), ':1\r\n')
  client.destroy()
})

test('a reader that goes away early is no error; wrong usage makes no file', async (t) => {
  const child = spawn('sh', ['-c', `"${process.execPath}" "${program}" export "${written.dir}" --format ndjson | head -1`], { cwd: root })
  const errors: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  t.is(await new Promise((resolve) => child.once('close', resolve)), 0)
  t.notRegex(Buffer.concat(errors).toString(), /EPIPE|Error/)
  const file = path.join(temporaryDirectory(t), 'out')
  for (const args of [['--format', 'xml'], ['--format', 'aof', '--db', 'x'], ['--format', 'rdb', '--from', '1'], []]) {
    t.is((await millrace('export', written.dir, '--output', file, ...args)).code, 2, args.join(' '))
    t.false(existsSync(file))
  }
})

test('behind a checkpoint: the history as AOF is whole, and archive and checkpoints are verified', async (t) => {
  const server = await startMillrace(t, { args: debug })
  const client = await server.connect()
  for (const command of workload) await client.call(...command)
  await rewritten(client)
  t.regex(await client.text('INFO', 'persistence'), /aof_last_bgrewrite_status:ok/)
  await client.call('SET', 'behind', 'the checkpoint')
  const digest = await client.text('DEBUG', 'DIGEST')
  client.destroy()
  await server.terminate()
  const checked = await millrace('check', server.dir, '--json')
  t.is(checked.code, 0, checked.stdout)
  t.true(checked.lines.some((line) => line['type'] === 'checkpoint' && (line['position'] as number) > 0))

  const copy = temporaryDirectory(t)
  cpSync(server.dir, copy, { recursive: true })
  const archive = path.join(copy, 'appendonlydir/archive')
  const archived = path.join(archive, readdirSync(archive).find((name) => name.endsWith('.incr.aof'))!)
  const kept = readFileSync(archived)
  writeFileSync(archived, kept.subarray(1))
  writeFileSync(path.join(archive, 'stranger'), '')
  const wrong = await millrace('check', copy, '--json')
  t.is(wrong.code, 1)
  const findings = wrong.lines.filter((line) => line['type'] === 'finding').map(({ kind, file }) => [kind, file])
  t.deepEqual(findings, [['damage', archived], ['superfluous', path.join(archive, 'stranger')]])
  rmSync(archived)
  t.like((await millrace('check', copy, '--json')).lines.find((line) => line['kind'] === 'missing'), { file: archived })
  const chain = path.join(archive, 'archive.manifest')
  writeFileSync(chain, readFileSync(chain, 'latin1').replace(' ms ', ' mss '))
  t.like((await millrace('check', copy, '--json')).lines.find((line) => line['kind'] === 'damage'), { file: chain })

  const dir = temporaryDirectory(t)
  for (const args of [['--format', 'aof'], ['--format', 'aof', '--state'], ['--format', 'rdb']]) {
    const file = path.join(dir, `${args.join('')}${args[1] === 'rdb' ? '.rdb' : '.aof'}`)
    const { code, stderr } = await millrace('export', server.dir, ...args, '--output', file)
    t.is(code, 0, stderr)
    const to = path.join(dir, `to${args.join('')}`)
    const imported = await millrace('import', file, '--to', to)
    t.is(imported.code, 0, imported.stderr + imported.stdout)
    t.is(await digestOf(t, startMillrace, to), digest, args.join(' '))
  }
  // The archive knows what was before the checkpoint.
  const early = path.join(dir, 'early.rdb')
  t.is((await millrace('export', server.dir, '--format', 'rdb', '--until', '2', '--output', early)).code, 0)
  t.like((await millrace('check', early, '--json')).lines[0], { type: 'checkpoint', keys: 2 })
  const folder = path.join(server.dir, 'appendonlydir')
  const base = path.join(folder, readdirSync(folder).find((name) => name.endsWith('.base.rdb'))!)
  const bytes = readFileSync(base)
  bytes[Math.floor(bytes.length / 2)]! ^= 1
  writeFileSync(base, bytes)
  const damaged = await millrace('check', server.dir, '--json')
  t.is(damaged.code, 1)
  t.like(damaged.lines.find((line) => line['type'] === 'finding'), { kind: 'damage', file: base })
  // The archive's segments still have all of it.
  const repaired = path.join(dir, 'repaired')
  const { code, lines, stderr } = await millrace('repair', server.dir, '--to', repaired, '--json')
  t.is(code, 1, stderr)
  t.like(lines.at(-1), { lostFrom: null })
  t.is(await digestOf(t, startMillrace, repaired), digest)
})
