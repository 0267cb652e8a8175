// Replies of SAVE, BGSAVE, BGREWRITEAOF and their like that redis-server gives alike, also while one of them runs (each
// key is made to take some time).
import { mkdirSync, rmdirSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { requireRedis, startMillrace, startRedis } from '../../process.ts'
import type { RespClient } from '../../resp-client.ts'
import { decode, show } from '../../resp-value.ts'
import { until } from '../../until.ts'
import { wordsOf } from '../commands/same-replies.ts'

/** One of the two servers, and what it answered. */
class Lane {
  readonly dir: string
  readonly heard: string[]
  private readonly client: RespClient

  constructor(client: RespClient, dir: string) {
    this.client = client
    this.dir = dir
    this.heard = []
  }

  async say(...script: readonly string[]): Promise<void> {
    for (const line of script) this.heard.push(`${line}: ${show(decode(await this.client.call(...wordsOf(line))))}`)
  }

  /** Waits until INFO persistence says so. */
  reaches(line: string): Promise<void> {
    return until(line, async () => (await this.client.text('INFO', 'persistence')).includes(`\r\n${line}\r\n`))
  }

  async sayFields(...names: readonly string[]): Promise<void> {
    const text = await this.client.text('INFO', 'persistence')
    for (const name of names) this.heard.push(`${name}:${new RegExp(`\r\n${name}:([^\r]*)`).exec(text)?.[1]}`)
  }
}

/** Plays on both, each as fast as it goes there: what runs for some time on one must not wait for the other. */
async function alike(t: ExecutionContext, args: readonly string[], play: (lane: Lane) => Promise<void>): Promise<void> {
  const options = { args: ['--enable-debug-command', 'yes', ...args] }
  const lanes = await Promise.all([startMillrace, startRedis].map(async (start) => {
    const server = await start(t, options)
    const client = await server.connect()
    t.teardown(() => client.destroy())
    return new Lane(client, server.dir)
  }))
  await Promise.all(lanes.map((lane) => play(lane)))
  t.deepEqual(lanes[0]!.heard, lanes[1]!.heard)
}

test('without a log: what runs, what is refused, what is scheduled', async (t) => {
  if (!requireRedis(t)) return
  await alike(t, ['--appendonly', 'no'], async (lane) => {
    await lane.say(
      'SAVE', 'SAVE x', 'BGSAVE NOPE', 'BGSAVE SCHEDULE x', 'BGREWRITEAOF x', 'LASTSAVE x', 'SET a 1', 'SET b 2',
      'CONFIG SET rdb-key-save-delay 1500000', 'BGSAVE', 'BGSAVE', 'BGSAVE SCHEDULE', 'SAVE', 'SET c 3', 'BGREWRITEAOF',
      'BGREWRITEAOF', 'SHUTDOWN ABORT',
    )
    await lane.reaches('rdb_bgsave_in_progress:0')
    await lane.reaches('aof_rewrite_in_progress:1')
    await lane.sayFields('rdb_changes_since_last_save', 'rdb_saves', 'rdb_last_bgsave_status', 'aof_rewrite_scheduled', 'aof_enabled')
    await lane.say('BGREWRITEAOF', 'BGSAVE', 'BGSAVE SCHEDULE')
    await lane.reaches('aof_rewrite_in_progress:0')
    await lane.reaches('rdb_bgsave_in_progress:1')
    await lane.say('CONFIG SET rdb-key-save-delay 0')
  })
})

test('within transactions and scripts', async (t) => {
  if (!requireRedis(t)) return
  await alike(t, ['--appendonly', 'no'], async (lane) => {
    await lane.say(
      'SET a 1', 'MULTI', 'SAVE', 'CONFIG SET rdb-key-save-delay 1500000', 'BGSAVE', 'EXEC',
      'MULTI', 'BGSAVE', 'BGREWRITEAOF', 'BGSAVE SCHEDULE', 'EXEC',
      'EVAL return\\sredis.pcall("BGSAVE")["err"]:sub(1,40) 0', 'EVAL return\\sredis.pcall("SAVE")["err"]:sub(1,40) 0',
    )
    await lane.reaches('rdb_bgsave_in_progress:0')
    await lane.reaches('aof_rewrite_scheduled:0')
  })
})

test('a dump file that cannot be written: err, MISCONF while rules ask for it, and all is well after the next success', async (t) => {
  if (!requireRedis(t)) return
  await alike(t, ['--appendonly', 'no'], async (lane) => {
    mkdirSync(path.join(lane.dir, 'dump.rdb'))
    await lane.say('SET a 1', 'SAVE', 'SET a 2', 'BGSAVE')
    await lane.reaches('rdb_bgsave_in_progress:0')
    await lane.reaches('rdb_last_bgsave_status:err')
    await lane.say('SET a 3', 'CONFIG SET save 3600\\s1', 'SET a 4', 'PING', 'GET a', 'DEL a',
      'MULTI', 'GET a', 'SET a 5', 'EXEC', 'CONFIG SET stop-writes-on-bgsave-error no', 'SET a 6', 'PING',
      'CONFIG SET stop-writes-on-bgsave-error yes', 'PING')
    rmdirSync(path.join(lane.dir, 'dump.rdb'))
    await lane.say('BGSAVE')
    await lane.reaches('rdb_last_bgsave_status:ok')
    await lane.say('SET a 7', 'PING')
  })
})

test('DEBUG RELOAD and its options', async (t) => {
  if (!requireRedis(t)) return
  for (const appendonly of ['no', 'yes']) {
    await alike(t, ['--appendonly', appendonly], (lane) => lane.say(
      'SET a 1', 'RPUSH l 1 2 3', 'SELECT 3', 'SADD s x y', 'DEBUG RELOAD', 'DBSIZE', 'SCARD s', 'SET b 1',
      'DEBUG RELOAD NOSAVE', 'DBSIZE', 'GET b', 'SET b 2', 'DEBUG RELOAD NOSAVE NOFLUSH MERGE', 'GET b', 'DBSIZE', 'SELECT 0',
      'GET a', 'LRANGE l 0 -1', 'DEBUG RELOAD NOPE', 'DEBUG RELOAD MERGE', 'GET a', 'DBSIZE',
    ))
  }
})
