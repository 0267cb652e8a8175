// What each of the settings that the README recommends keeps after kill -9, and what a start loads in which mode.
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { checkAof, hasRedis, requireRedis, startMillrace, startRedis, temporaryDirectory } from '../../process.ts'
import type { ServerProcess } from '../../process.ts'
import { until } from '../../until.ts'

function waitFor(server: ServerProcess, line: string): Promise<void> {
  return until(line, async () => (await server.run('INFO persistence'))[0]!.includes(`\r\n${line}\r`))
}

async function kill(server: ServerProcess): Promise<void> {
  await server.kill9()
  await server.start()
}

test('pure cache (appendonly no, save ""): nothing is kept, and nothing is written', async (t) => {
  const server = await startMillrace(t, { args: ['--appendonly', 'no'] })
  await server.run('SET a 1')
  await kill(server)
  t.deepEqual(await server.run('DBSIZE'), [':0'])
  t.is(await server.terminate(), 0)
  t.deepEqual(readdirSync(server.dir), [])
})

test('warm cache, leaderboard (appendonly no, save rules): the last dump is kept; a stop in good order keeps all', async (t) => {
  const server = await startMillrace(t, { args: ['--appendonly', 'no', '--save', '1 3'] })
  await server.run('ZADD board 1 ann', 'ZADD board 2 bob', 'ZADD board 3 cid')
  await waitFor(server, 'rdb_saves:1')
  await waitFor(server, 'rdb_bgsave_in_progress:0')
  await server.run('ZADD board 4 dan')
  await kill(server)
  t.deepEqual(await server.run('ZCARD board', 'ZADD board 5 eve'), [':3', ':1'])
  t.regex((await server.run('INFO persistence'))[0]!, /rdb_last_load_keys_loaded:1\r/)
  await server.restart()
  t.deepEqual(await server.run('ZSCORE board eve'), ['$1\r\n5'])
})

for (const [use, appendfsync] of [
  ['session store, job queue', 'everysec'], ['primary store', 'always'],
] as const) {
  test(`${use} (appendonly yes, appendfsync ${appendfsync}): all that was acknowledged is kept`, async (t) => {
    const server = await startMillrace(t, { appendfsync })
    await server.run('XADD jobs 1-1 task a', 'BGREWRITEAOF', 'SET session:1 ann PX 600000', 'XADD jobs 1-2 task b')
    await waitFor(server, 'aof_rewrite_in_progress:0')
    await server.run('XADD jobs 1-3 task c')
    await kill(server)
    t.deepEqual(await server.run('XLEN jobs', 'GET session:1'), [':3', '$3\r\nann'])
  })
}

test('disaster recovery: a dump file that was copied away starts a new server, and redis-server', async (t) => {
  const server = await startMillrace(t)
  await server.run('SET a 1', 'RPUSH l 1 2', 'BGSAVE')
  await waitFor(server, 'rdb_bgsave_in_progress:0')
  const dir = temporaryDirectory(t)
  renameSync(path.join(server.dir, 'dump.rdb'), path.join(dir, 'dump.rdb'))
  const second = await startMillrace(t, { dir, args: ['--appendonly', 'no'] })
  t.deepEqual(await second.run('GET a', 'LLEN l', 'CONFIG SET appendonly yes', 'SET b 2'), ['$1\r\n1', ':2', '+OK', '+OK'])
  await waitFor(second, 'aof_rewrite_in_progress:0')
  await second.kill9()
  if (!requireRedis(t)) return
  const redis = await startRedis(t, { dir, args: ['--appendonly', 'no'] })
  t.deepEqual(await redis.run('GET a', 'LLEN l'), ['$1\r\n1', ':2'])
})

test('appendonly yes does not load a dump file, as Redis 7; the log is begun', async (t) => {
  const server = await startMillrace(t, { args: ['--appendonly', 'no'] })
  await server.run('SET a 1', 'SAVE')
  await server.terminate()
  const second = await startMillrace(t, { dir: server.dir })
  t.deepEqual(await second.run('DBSIZE'), [':0'])
  await second.says(/is not loaded/)
  t.true(existsSync(path.join(server.dir, 'dump.rdb')))
})

test('a log of before Redis 7 in one file becomes the base of the folder', async (t) => {
  const dir = temporaryDirectory(t)
  writeFileSync(path.join(dir, 'appendonly.aof'), '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n')
  const server = await startMillrace(t, { dir })
  t.deepEqual(await server.run('GET a', 'SET b 2'), ['$1\r\n1', '+OK'])
  t.false(existsSync(path.join(dir, 'appendonly.aof')))
  await kill(server)
  t.deepEqual(await server.run('GET a', 'GET b'), ['$1\r\n1', '$1\r\n2'])
  // A crash between the manifest and the move.
  await server.kill9()
  renameSync(path.join(dir, 'appendonlydir', 'appendonly.aof'), path.join(dir, 'appendonly.aof'))
  await server.start()
  t.deepEqual(await server.run('GET a', 'GET b'), ['$1\r\n1', '$1\r\n2'])
})

test('CONFIG SET appendonly yes and no while writes go on: each state survives kill -9 in its own way', async (t) => {
  const server = await startMillrace(t, { args: ['--appendonly', 'no'] })
  await server.run('SET a 1', 'CONFIG SET appendonly yes', 'INCR n', 'INCR n')
  await waitFor(server, 'aof_rewrite_in_progress:0')
  await server.run('INCR n', 'CONFIG SET appendonly no', 'INCR n', 'CONFIG SET appendonly yes', 'INCR n')
  await waitFor(server, 'aof_rewrite_in_progress:0')
  await server.run('INCR n')
  await server.kill9()
  const second = await startMillrace(t, { dir: server.dir })
  t.deepEqual(await second.run('GET n', 'GET a'), ['$1\r\n6', '$1\r\n1'])
  await second.terminate()
  if (hasRedis()) t.true(checkAof(server.dir).ok)
})

test('a damaged dump file: no start, exit code 1, and the error names the byte', async (t) => {
  const server = await startMillrace(t, { args: ['--appendonly', 'no'] })
  await server.run('SET a 1', 'SAVE')
  await server.terminate()
  const file = path.join(server.dir, 'dump.rdb')
  rmSync(file)
  writeFileSync(file, 'REDIS0010\xfa')
  await t.throwsAsync(server.start())
  t.is(await server.ended, 1)
  t.regex(server.output, /RDB_DAMAGED.*dump\.rdb at byte \d+/)
})
