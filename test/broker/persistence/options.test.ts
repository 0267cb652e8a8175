// What some settings of redis.conf mean for the files: time stamps in the log, an empty dump after FLUSHALL, slow loads;
// and a base that is an RDB with commands behind it.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { checkAof, requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import { encodeCommand } from '../../resp-client.ts'
import { until } from '../../until.ts'
import { startBroker } from '../in-process.ts'

function folded(server: ServerProcess, rewrites: number): Promise<void> {
  const wanted = ['aof_rewrite_in_progress:0\r', `aof_rewrites:${rewrites}\r`, 'aof_last_bgrewrite_status:ok\r']
  return until(`rewrite ${rewrites}`, async () => {
    const info = (await server.run('INFO persistence'))[0]!
    return wanted.every((line) => info.includes(line))
  })
}

test('aof-timestamp-enabled writes what redis-check-aof cuts a log by, and both start from what is left', async (t) => {
  if (!requireRedis(t)) return
  const args = ['--aof-timestamp-enabled', 'yes']
  const server = await startMillrace(t, { args })
  await server.run('SET a 1', 'SET a 2')
  const segment = path.join(server.dir, 'appendonlydir', 'appendonly.aof.1.incr.aof')
  const stamps = (): number[] => [...readFileSync(segment, 'latin1').matchAll(/#TS:(\d+)\r\n/g)].map((match) => Number(match[1]))
  const last = stamps().at(-1)!
  await until('two seconds have passed', () => Math.floor(Date.now() / 1000) > last + 1)
  await server.run('SET b 3', 'CONFIG SET aof-timestamp-enabled no')
  const written = stamps()
  t.true(written.length >= 2 && written.every((stamp, i) => i === 0 || stamp > written[i - 1]!))
  await sleep(1100)
  await server.run('SET c 4')
  t.deepEqual(stamps(), written)
  t.is(await server.terminate(), 0)
  t.true(checkAof(server.dir).ok)

  const manifest = path.join(server.dir, 'appendonlydir', 'appendonly.aof.manifest')
  const cut = spawnSync('redis-check-aof', ['--truncate-to-timestamp', String(last + 1), manifest], { encoding: 'utf8' })
  t.is(cut.status, 0, cut.stdout + cut.stderr)
  await server.start()
  t.deepEqual(await server.run('MGET a b c'), ['*3\r\n$1\r\n2\r\n$-1\r\n$-1'])
  t.is(await server.terminate(), 0)
  const theirs = await startRedis(t, { dir: server.dir })
  t.deepEqual(await theirs.run('MGET a b c'), ['*3\r\n$1\r\n2\r\n$-1\r\n$-1'])
})

test('without a log FLUSHALL empties the dump file, too, if there are save rules; as redis-server', async (t) => {
  if (!requireRedis(t)) return
  for (const start of [startMillrace, startRedis]) {
    for (const [save, left] of [['3600 1000', ':0'], ['', ':1']] as const) {
      const server = await start(t, { args: ['--appendonly', 'no', '--save', save] })
      await server.run('SET a 1', 'SAVE', 'FLUSHALL')
      await server.kill9()
      await server.start()
      t.deepEqual(await server.run('DBSIZE'), [left], `${server.name}, save "${save}"`)
      await server.kill9()
    }
  }
  const server = await startMillrace(t, { args: ['--save', '3600 1000'] })
  await server.run('SET a 1', 'SAVE', 'FLUSHALL')
  t.true(readFileSync(path.join(server.dir, 'dump.rdb')).includes('a'), 'with a log the dump file is what it was')
})

test('a replica without a log empties its dump file at the FLUSHALL of its master, too; as redis-server', async (t) => {
  if (!requireRedis(t)) return
  const master = await startRedis(t, { args: ['--repl-diskless-sync-delay', '0', '--appendonly', 'no'] })
  await master.run('SET a 1')
  for (const start of [startMillrace, startRedis]) {
    for (const flush of ['FLUSHALL', 'EVAL redis.call("SET","b",1)redis.call("FLUSHALL") 0']) {
      await master.run('SET a 1')
      const replica = await start(t, { args: ['--appendonly', 'no', '--save', '3600 100000'] })
      await replica.run(`REPLICAOF 127.0.0.1 ${master.port}`)
      await until(async () => (await replica.run('GET a'))[0] === '$1\r\n1')
      await replica.run('SAVE')
      await master.run(flush)
      await until(async () => (await replica.run('DBSIZE'))[0] === ':0')
      await until(async () => /rdb_changes_since_last_save:0\r/.test((await replica.run('INFO persistence'))[0]!))
      await replica.kill9()
      await replica.start()
      t.deepEqual(await replica.run('DBSIZE'), [':0'], `${replica.name}, ${flush}`)
      await replica.kill9()
    }
  }
})

test('a BGSAVE that FLUSHALL ended leaves the file of the next one alone', async (t) => {
  const { broker, dir } = await startBroker(t, { args: ['--appendonly', 'no', '--save', '3600 1'] })
  const { persistence, engine } = broker
  persistence.begin('save')
  engine.onEmptied!()
  persistence.resetStats()
  persistence.begin('save')
  await until(() => persistence.run === undefined)
  t.is(persistence.lastSave, 'ok')
  t.deepEqual(readdirSync(dir).filter((name) => name.startsWith('temp-')), [])
})

test('key-load-delay slows a load down, from the log and from its base', async (t) => {
  const server = await startMillrace(t, { args: ['--key-load-delay', '4000'] })
  const seconds = (): number => Number(/.*log folded: .* (\d+\.\d+) seconds/s.exec(server.output)![1])
  const client = await server.connect()
  for (let i = 0; i < 100; i++) await client.call('SET', `key:${i}`, 'v')
  client.destroy()
  await server.restart()
  await server.says(/log folded[^]*log folded/)
  t.true(seconds() >= 0.39, 'a hundred commands')
  await server.run('CONFIG SET key-load-delay 0', 'BGREWRITEAOF')
  await folded(server, 1)
  t.deepEqual(await server.run('CONFIG GET key-load-delay'), ['*2\r\n$14\r\nkey-load-delay\r\n$1\r\n0'])
  await server.restart()
  t.deepEqual(await server.run('DBSIZE'), [':100'])
})

test('an AOF that begins with an RDB is folded as it is, by the process that folds logs', async (t) => {
  if (!requireRedis(t)) return
  const dir = temporaryDirectory(t)
  const redis = await startRedis(t, { args: ['--appendonly', 'no', '--enable-debug-command', 'yes'] })
  await redis.run('DEBUG POPULATE 2000 old 30', 'RPUSH list a b', 'XADD s 1-1 f v', 'SELECT 3', 'SET three 3', 'SAVE')
  const lines = [
    ['SELECT', '0'], ['SET', 'new', '1'], ['DEL', 'old:7'], ['RPUSH', 'list', 'c'], ['SELECT', '3'], ['APPEND', 'three', '!'],
  ]
  const tail = Buffer.concat(lines.map((words) => encodeCommand(words)))
  writeFileSync(path.join(dir, 'appendonly.aof'), Buffer.concat([readFileSync(path.join(redis.dir, 'dump.rdb')), tail]))
  const server = await startMillrace(t, { dir, args: ['--enable-debug-command', 'yes'] })
  t.deepEqual(await server.run('DBSIZE', 'LLEN list', 'SET more 1', 'DEL old:8'), [':2002', ':3', '+OK', ':1'])
  const [before] = await server.run('DEBUG STATE-DIGEST')
  await server.run('BGREWRITEAOF')
  await folded(server, 1)
  await server.says(/position \d+: \d+ bytes, 1999 keys copied, 4 folded/)
  t.true(readdirSync(path.join(dir, 'appendonlydir', 'archive')).includes('appendonly.aof'))
  for (let i = 0; i < 2; i++) {
    await server.kill9()
    await server.start()
    t.deepEqual(await server.run('DEBUG STATE-DIGEST'), [before!])
    await server.run('BGREWRITEAOF')
    await folded(server, 1)
  }
  t.is(await server.terminate(), 0)
  const theirs = await startRedis(t, { dir })
  t.deepEqual(await theirs.run('DBSIZE', 'LRANGE list 0 -1'), [':2002', '*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc'])
  const client = await theirs.connect()
  t.is((await client.pipeline([['SELECT', '3'], ['GET', 'three']])).join(''), '+OK\r\n$2\r\n3!\r\n')
  client.destroy()
})
