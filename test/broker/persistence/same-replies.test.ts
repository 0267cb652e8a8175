// Replies of SAVE, BGSAVE, BGREWRITEAOF and their like that redis-server gives alike, also while one of them runs (each
// key is made to take some time).
import { mkdirSync, rmdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { decode, show } from '../../resp-value.ts'
import { wordsOf } from '../commands/same-replies.ts'

type Pair = { ours: RespClient, theirs: RespClient, dirs: readonly [string, string] }

async function pair(t: ExecutionContext, args: readonly string[]): Promise<Pair> {
  const options = { args: ['--enable-debug-command', 'yes', ...args] }
  const [a, b] = await Promise.all([startMillrace(t, options), startRedis(t, options)])
  const [ours, theirs] = await Promise.all([a.connect(), b.connect()])
  t.teardown(() => {
    ours.destroy()
    theirs.destroy()
  })
  return { ours, theirs, dirs: [a.dir, b.dir] }
}

async function alike(t: ExecutionContext, { ours, theirs }: Pair, script: readonly string[]): Promise<void> {
  for (const line of script) {
    const [a, b] = await Promise.all([ours, theirs].map(async (client) => show(decode(await client.call(...wordsOf(line))))))
    t.is(a, b, line)
  }
}

/** Waits until INFO persistence of both says so. */
async function both(t: ExecutionContext, { ours, theirs }: Pair, line: string): Promise<void> {
  for (const client of [ours, theirs]) {
    for (const until = Date.now() + 20_000; !(await client.text('INFO', 'persistence')).includes(`\r\n${line}\r\n`);) {
      if (Date.now() > until) return t.fail(`never ${line}: ${await client.text('INFO', 'persistence')}`)
      await sleep(20)
    }
  }
}

async function fields({ ours, theirs }: Pair, names: readonly string[]): Promise<string[][]> {
  return Promise.all([ours, theirs].map(async (client) => {
    const text = await client.text('INFO', 'persistence')
    return names.map((name) => `${name}:${new RegExp(`\r\n${name}:([^\r]*)`).exec(text)?.[1]}`)
  }))
}

test('without a log: what runs, what is refused, what is scheduled', async (t) => {
  if (!requireRedis(t)) return
  const servers = await pair(t, ['--appendonly', 'no'])
  await alike(t, servers, [
    'SAVE', 'SAVE x', 'BGSAVE NOPE', 'BGSAVE SCHEDULE x', 'BGREWRITEAOF x', 'LASTSAVE x', 'SET a 1', 'SET b 2',
    'CONFIG SET rdb-key-save-delay 1500000', 'BGSAVE', 'BGSAVE', 'BGSAVE SCHEDULE', 'SAVE', 'SET c 3', 'BGREWRITEAOF',
    'BGREWRITEAOF', 'SHUTDOWN ABORT',
  ])
  await both(t, servers, 'rdb_bgsave_in_progress:0')
  await both(t, servers, 'aof_rewrite_in_progress:1')
  const [a, b] = await fields(servers, [
    'rdb_changes_since_last_save', 'rdb_saves', 'rdb_last_bgsave_status', 'aof_rewrite_scheduled', 'aof_enabled',
  ])
  t.deepEqual(a, b)
  await alike(t, servers, ['BGREWRITEAOF', 'BGSAVE', 'BGSAVE SCHEDULE'])
  await both(t, servers, 'aof_rewrite_in_progress:0')
  await both(t, servers, 'rdb_bgsave_in_progress:1')
  await alike(t, servers, ['CONFIG SET rdb-key-save-delay 0'])
})

test('within transactions and scripts', async (t) => {
  if (!requireRedis(t)) return
  const servers = await pair(t, ['--appendonly', 'no'])
  await alike(t, servers, [
    'MULTI', 'SAVE', 'BGSAVE', 'EXEC', 'MULTI', 'BGSAVE', 'BGREWRITEAOF', 'BGSAVE SCHEDULE', 'EXEC',
    'EVAL return\\sredis.pcall("BGSAVE")["err"]:sub(1,40) 0', 'EVAL return\\sredis.pcall("SAVE")["err"]:sub(1,40) 0',
  ])
  await both(t, servers, 'rdb_bgsave_in_progress:0')
  await both(t, servers, 'aof_rewrite_scheduled:0')
})

test('a dump file that cannot be written: err, MISCONF while rules ask for it, and all is well after the next success', async (t) => {
  if (!requireRedis(t)) return
  const servers = await pair(t, ['--appendonly', 'no'])
  for (const dir of servers.dirs) mkdirSync(path.join(dir, 'dump.rdb'))
  await alike(t, servers, ['SET a 1', 'SAVE', 'SET a 2', 'BGSAVE'])
  await both(t, servers, 'rdb_bgsave_in_progress:0')
  await both(t, servers, 'rdb_last_bgsave_status:err')
  await alike(t, servers, ['SET a 3', 'CONFIG SET save 3600\\s1', 'SET a 4', 'PING', 'GET a', 'DEL a',
    'MULTI', 'GET a', 'SET a 5', 'EXEC', 'CONFIG SET stop-writes-on-bgsave-error no', 'SET a 6', 'PING',
    'CONFIG SET stop-writes-on-bgsave-error yes', 'PING'])
  for (const dir of servers.dirs) rmdirSync(path.join(dir, 'dump.rdb'))
  await alike(t, servers, ['BGSAVE'])
  await both(t, servers, 'rdb_last_bgsave_status:ok')
  await alike(t, servers, ['SET a 7', 'PING'])
})

test('DEBUG RELOAD and its options', async (t) => {
  if (!requireRedis(t)) return
  for (const appendonly of ['no', 'yes']) {
    const servers = await pair(t, ['--appendonly', appendonly])
    await alike(t, servers, [
      'SET a 1', 'RPUSH l 1 2 3', 'SELECT 3', 'SADD s x y', 'DEBUG RELOAD', 'DBSIZE', 'SCARD s', 'SET b 1',
      'DEBUG RELOAD NOSAVE', 'DBSIZE', 'GET b', 'SET b 2', 'DEBUG RELOAD NOSAVE NOFLUSH MERGE', 'GET b', 'DBSIZE', 'SELECT 0',
      'GET a', 'LRANGE l 0 -1', 'DEBUG RELOAD NOPE', 'DEBUG RELOAD MERGE', 'GET a', 'DBSIZE',
    ])
  }
})
